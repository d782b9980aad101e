// One run: a server on a core of its own, bots on another, both as processes. What the server counts is read from
// /metrics, and from /proc what its threads cost, before and after the time that is measured; what players see comes from
// the bots' report of the same time, and from watchers.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../../src/base/assert.ts';
import type { Report } from '../../tools/swarm/report.ts';
import {
  type Metrics,
  type RunOutcome,
  readMetrics,
  runBots,
  runNode,
  type ServerProcess,
  startServer,
} from '../server.ts';
import type { Load } from './options.ts';
import { processTree, readSocketDrops, readThreads, type Threads } from './process-stats.ts';
import type { Watched } from './watch-ages.ts';

/** Of server and bots, at one time. */
export interface Reading {
  readonly metrics: Metrics;
  readonly threads: Threads;
  readonly botThreads: Threads;
  /** Packets that the bots' sockets had no room for. */
  readonly botDrops: number;
  readonly atMs: number;
}

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}

export interface Outcome {
  readonly load: Load;
  readonly machine: Machine;
  /** Of the machine over the last minute, at the start and at the end. */
  readonly loadAverage: readonly [number, number];
  /** Of the server with nobody in it, bytes. */
  readonly emptyRss: number;
  /** Players that were in when measuring began. */
  readonly joined: number;
  readonly before: Reading;
  readonly after: Reading;
  readonly report: Report;
  readonly watched: Watched | undefined;
}

const BOTS_CORE = 0;
const SERVER_CORE = 1;
/** The bots play until they are told to stop. */
const BOTS_S_MAX = 7_200;
/** To join, on a machine that is busy with something else. */
const JOIN_S_MAX = 30;
/** The server is looked at empty after as long as bots have to settle, at most this. */
const EMPTY_S_MAX = 2;
const POLL_MS = 250;
const WATCH = join(import.meta.dirname, 'watch.ts');

export function describeMachine(): Machine {
  return {
    cores: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    system: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

/** A program that runs beside the server. */
interface Companion {
  readonly ended: Promise<RunOutcome>;
  readonly process: ChildProcess;
}

export async function play(load: Load): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-players-'));
  const loadBefore = loadavg()[0]!;
  const server = await startServer({ args: serverFlags(load), core: SERVER_CORE });
  const companions: Companion[] = [];
  try {
    await sleep(Math.min(EMPTY_S_MAX, load.settleS) * 1000);
    const emptyRss = (await readMetrics(server.url)).values.get('darkages_process_resident_memory_bytes') ?? 0;
    const reportFile = join(folder, 'report.json');
    const bots = startCompanion((onStart) => runBots(botFlags(server.url, load, reportFile), BOTS_CORE, onStart));
    companions.push(bots);
    const joined = await Promise.race([waitUntilIn(server.url, load), endedEarly(bots)]);
    const watchers = load.watchers === 0 ? undefined : startWatchers(server.url, load);
    if (watchers !== undefined) companions.push(watchers);
    const early = companions.map(endedEarly);
    if (watchers !== undefined) await Promise.race([once(watchers.process.stdout!, 'data'), ...early]);
    await Promise.race([sleep(load.settleS * 1000), ...early]);
    for (const { process } of companions) process.kill('SIGUSR2');
    const before = await read(server, bots);
    await Promise.race([sleep(load.seconds * 1000), ...early]);
    const after = await read(server, bots);
    for (const { process } of companions) process.kill('SIGINT');
    const { code, stdout, stderr } = await bots.ended;
    // 1: some of the bots failed, which the report says.
    if (code !== 0 && code !== 1) throw new Error(`the bots ended with code ${code}:\n${stdout}${stderr}`);
    return {
      load,
      machine: describeMachine(),
      loadAverage: [loadBefore, loadavg()[0]!],
      emptyRss,
      joined,
      before,
      after,
      report: JSON.parse(readFileSync(reportFile, 'utf8')) as Report,
      watched: watchers && readWatched(await watchers.ended),
    };
  } finally {
    for (const { process } of companions) process.kill('SIGINT');
    await Promise.all(companions.map(({ ended }) => ended));
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

function serverFlags({ seed, serverFlags: further }: Load): string[] {
  return ['--seed', String(seed), '--sessions-per-minute', '100000', '--players-per-address', '5000', ...further];
}

function botFlags(url: string, load: Load, report: string): string[] {
  const flags: Record<string, string | number> = {
    url,
    bots: load.players,
    'ramp-up': (load.players * load.rampUpMsEach) / 1000,
    duration: BOTS_S_MAX,
    seed: load.seed,
    report,
    transport: load.transport,
    light: load.lightPercent,
    within: load.withinM,
    'packet-loss': load.lossPercent,
    processes: load.botProcesses,
  };
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return load.isPeaceful ? [...words, '--peaceful'] : words;
}

function startWatchers(url: string, load: Load): Companion {
  const flags = [url, load.transport, load.watchers, load.seed].map(String);
  return startCompanion((onStart) => runNode([WATCH, ...flags], BOTS_CORE, onStart));
}

function startCompanion(run: (onStart: (child: ChildProcess) => void) => Promise<RunOutcome>): Companion {
  let child: ChildProcess | undefined;
  const ended = run((started) => {
    child = started;
  });
  assert(child !== undefined, 'a program is started before it is waited for');
  return { ended, process: child };
}

async function endedEarly({ ended }: Companion): Promise<never> {
  const { code, stdout, stderr } = await ended;
  throw new Error(`bots ended too early, with code ${code}:\n${stdout}${stderr}`);
}

/** Once all bots are in, or no more of them come: how many there are. */
async function waitUntilIn(url: string, { players, rampUpMsEach }: Load): Promise<number> {
  const deadlineMs = performance.now() + players * rampUpMsEach + JOIN_S_MAX * 1000;
  for (;;) {
    const joined = sumOf((await readMetrics(url)).values, 'darkages_players');
    if (joined >= players || performance.now() > deadlineMs) return joined;
    await sleep(POLL_MS);
  }
}

async function read(server: ServerProcess, bots: Companion): Promise<Reading> {
  const metrics = await readMetrics(server.url);
  const pids = processTree(bots.process.pid!);
  return {
    metrics,
    threads: readThreads(server.process.pid!),
    botThreads: new Map(pids.flatMap((pid) => [...readThreads(pid)])),
    botDrops: pids.reduce((sum, pid) => sum + readSocketDrops(pid), 0),
    atMs: performance.now(),
  };
}

function readWatched({ code, stdout, stderr }: RunOutcome): Watched {
  if (code !== 0) throw new Error(`the watchers ended with code ${code}:\n${stdout}${stderr}`);
  return JSON.parse(stdout.slice(stdout.indexOf('{'))) as Watched;
}

/** Over all labels. */
export function sumOf(values: ReadonlyMap<string, number>, name: string): number {
  let total = 0;
  for (const [key, value] of values) if (key === name || key.startsWith(`${name}{`)) total += value;
  return total;
}
