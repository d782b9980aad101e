// Whether zones and edges wait for each other: strace looks at a server of four zones with two edges of each kind, all of
// them with players, and says how often and how long their threads waited in the kernel for somebody else (futex-waits.ts).
// A tick and a packet need nobody; what is left are locks of the engine (V8's list of all who wait by Atomics.wait, Node's
// queues of tasks) that are found held. docs/decisions/0013-scale-out.md says which ones, and what was done about them.
// The server has all cores, since on one nobody runs beside who holds a lock. Under strace each such call takes some ten
// times as long and locks are held longer: the figures are above those of a server alone.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Figure } from '../bench.ts';
import { findOnPath, readMetrics, runBots, startServer } from '../server.ts';
import { readFutexWaits } from './futex-waits.ts';

const ZONES = 4;
const EDGES = 2;
const FULL = { bots: 200, settleS: 12, seconds: 10 };
const SMALL = { bots: 16, settleS: 1, seconds: 2 };
const BOTS_S_MAX = 120;
const JOIN_S_MAX = 30;
/** Of threads that a tick or a packet goes through. */
const IN_PATH = /^(?:zone|edge|udp-edge)-/;

const FIGURES = ['threads', 'waitsPerSecondEach', 'waitMicrosPerSecondEach', 'waitMicrosPerSecondWorst'] as const;

export const bench: Bench = {
  figures: FIGURES.map((name) => `scale.locks.${name}`),
  needs: () => (findOnPath(['strace']) === undefined ? 'strace' : undefined),
  async run(seed, isSmall) {
    const load = isSmall ? SMALL : FULL;
    const { names, trace } = await watch(load, seed);
    return readFigures(trace, names, load.seconds, seed);
  },
};

function readFigures(trace: string, names: ReadonlyMap<number, string>, seconds: number, seed: number): Figure[] {
  const threads = [...names].flatMap(([thread, name]) => (IN_PATH.test(name) ? [thread] : []));
  const waits = readFutexWaits(trace).filter(({ thread }) => threads.includes(thread));
  const waitedS = threads.map((thread) =>
    waits.reduce((sum, wait) => (wait.thread === thread ? sum + wait.seconds : sum), 0),
  );
  const checksum = `${waits.length} waits`;
  const figure = (name: (typeof FIGURES)[number], value: number, unit: string): Figure => ({
    figure: `scale.locks.${name}`,
    ...{ value, unit, seed, checksum },
  });
  const allS = waitedS.reduce((sum, one) => sum + one, 0);
  return [
    figure('threads', threads.length, ''),
    figure('waitsPerSecondEach', waits.length / threads.length / seconds, '1/s'),
    figure('waitMicrosPerSecondEach', (allS * 1e6) / threads.length / seconds, 'µs'),
    figure('waitMicrosPerSecondWorst', (Math.max(...waitedS) * 1e6) / seconds, 'µs'),
  ];
}

interface Watched {
  /** Of threads, by their number in the system. */
  readonly names: ReadonlyMap<number, string>;
  readonly trace: string;
}

async function watch({ bots, settleS, seconds }: typeof FULL, seed: number): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-locks-'));
  const flags = { zones: ZONES, edges: EDGES, seed, 'sessions-per-minute': 1_000_000 };
  const server = await startServer({
    args: Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`]),
  });
  const stops: (() => void)[] = [];
  const runHalf = (transport: string) => {
    const half = {
      url: server.url,
      bots: bots / 2,
      'ramp-up': bots / 50,
      duration: BOTS_S_MAX,
      seed,
      transport,
      light: 90,
    };
    const args = ['--peaceful', ...Object.entries(half).flatMap(([name, value]) => [`--${name}`, String(value)])];
    return runBots(args, undefined, (child) => stops.push(() => void child.kill('SIGINT')));
  };
  let playing: Promise<unknown> = Promise.resolve();
  try {
    playing = Promise.all([runHalf('udp'), runHalf('ws')]);
    await untilIn(server.url, bots);
    await sleep(settleS * 1_000);
    const pid = server.process.pid!;
    const names = readThreadNames(pid);
    return { names, trace: await traceFutexes(pid, join(folder, 'trace'), seconds) };
  } finally {
    for (const stop of stops) stop();
    await playing;
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

async function untilIn(url: string, bots: number): Promise<void> {
  const deadline = performance.now() + (bots / 50 + JOIN_S_MAX) * 1_000;
  const players = async (): Promise<number> => {
    const { values } = await readMetrics(url);
    return [...values].reduce((sum, [key, value]) => (key.startsWith('darkages_players{') ? sum + value : sum), 0);
  };
  while ((await players()) < bots) {
    if (performance.now() > deadline) throw new Error(`not all of ${bots} bots are in their zones`);
    await sleep(250);
  }
}

function readThreadNames(pid: number): ReadonlyMap<number, string> {
  const tasks = `/proc/${pid}/task`;
  return new Map(readdirSync(tasks).map((id) => [Number(id), readFileSync(join(tasks, id, 'comm'), 'utf8').trim()]));
}

async function traceFutexes(pid: number, file: string, seconds: number): Promise<string> {
  const args = ['-f', '-qq', '-T', '-e', 'trace=futex', '-e', 'signal=none', '-o', file, '-p', String(pid)];
  const strace: ChildProcess = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  strace.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = once(strace, 'close');
  await Promise.race([sleep(seconds * 1_000), ended]);
  if (strace.exitCode !== null) throw new Error(`strace could not look at the server: ${errors}`);
  strace.kill('SIGINT');
  await ended;
  return readFileSync(file, 'utf8');
}
