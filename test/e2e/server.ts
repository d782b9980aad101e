// A server as `npm start` runs it, launcher and node, for tests that kill one or the other and look at what is left.
// The data folder is the caller's, so that a second server can go on with it.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMetrics } from '../../bench/server.ts';

const LAUNCH = join(import.meta.dirname, '..', '..', 'workers', 'launch.js');
/** Longer than a circuit breaker stays open. */
const WAIT_MS_MAX = 45_000;

export interface LaunchedServer {
  readonly launcher: ChildProcess;
  /** Of its HTTP, and of its first zone: of the node that runs now. */
  url(): string;
  zoneUrl(): string;
  /** Process id of the node, the launcher's child. */
  nodePid(): number;
  /** How many nodes have come up so far. */
  starts(): number;
  /** Everything printed by both, and what of it went to stderr. */
  output(): string;
  errors(): string;
  /** Exit code of the launcher. */
  readonly ended: Promise<number | null>;
}

const running = new Set<LaunchedServer>();

/** Starts it and does not wait; for servers that are to refuse. */
export function launch(args: readonly string[], env: Readonly<Record<string, string>> = {}): LaunchedServer {
  const launcher = spawn(process.execPath, [LAUNCH, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  let output = '';
  let errors = '';
  launcher.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  launcher.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    errors += chunk.toString();
  });
  const newest = (pattern: RegExp) => [...output.matchAll(pattern)].at(-1)?.[1] ?? '';
  const server: LaunchedServer = {
    launcher,
    url: () => newest(/^ +metrics +(http:\S+)\/metrics$/gm),
    zoneUrl: () => newest(/^ +zone 1 +(ws:\S+)$/gm),
    nodePid: () => childrenOf(launcher.pid!)[0] ?? 0,
    starts: () => output.match(/^ +data /gm)?.length ?? 0,
    output: () => output,
    errors: () => errors,
    ended: new Promise((resolve) => launcher.once('close', resolve)),
  };
  running.add(server);
  void server.ended.then(() => running.delete(server));
  return server;
}

export async function startServer(
  data: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<LaunchedServer> {
  const server = launch(['--http-port', '0', '--port', '0', '--data', data, ...args], env);
  await untilUp(server, 1);
  return server;
}

/** Until the n-th node of a launcher is up and ready. */
export async function untilUp(server: LaunchedServer, starts: number): Promise<void> {
  await until(`a server that is up\n${server.output()}`, async () => {
    if (server.launcher.exitCode !== null) throw new Error(`the server ended:\n${server.output()}`);
    if (server.starts() < starts) return false;
    return (await fetch(`${server.url()}/readyz`).catch(() => undefined))?.status === 200;
  });
}

/** Ends what a test left, however it ended: launchers first, so that none starts a node again. */
export async function killServers(): Promise<void> {
  const pids = [...running].flatMap((server) => [server.launcher.pid!, ...childrenOf(server.launcher.pid!)]);
  for (const pid of pids) kill(pid, 'SIGKILL');
  await until('the processes are gone', () => pids.every((pid) => !isRunning(pid)));
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already: what was wanted.
  }
}

/** Not there, or dead and waiting to be collected. */
export function isRunning(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
}

function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number) : [];
}

export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}

export async function until(what: string, isTrue: () => boolean | Promise<boolean>, everyMs = 20): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`);
    await sleep(everyMs);
  }
}

/** Sum of all samples of a metric whose labels contain the text. */
export async function readMetric(server: LaunchedServer, name: string, labels = ''): Promise<number> {
  const { values } = await readMetrics(server.url());
  let sum = 0;
  for (const [sample, value] of values) {
    if ((sample === name || sample.startsWith(`${name}{`)) && sample.includes(labels)) sum += value;
  }
  return sum;
}
