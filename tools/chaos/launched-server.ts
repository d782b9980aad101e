// A server as `npm start` runs it, launcher and node, for what kills one or the other and looks at what is left: tests and
// `npm run chaos:kill`. The data folder is the caller's, so that a second server can go on with it.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LAUNCH = join(import.meta.dirname, '..', '..', 'workers', 'launch.js');
/** Longer than a circuit breaker stays open. */
const WAIT_MS_MAX = 45_000;

export interface LaunchedServer {
  readonly launcher: ChildProcess;
  /** Of its HTTP, and of its first zone: of the node that runs now. */
  url(): string;
  zoneUrl(): string;
  /** Process id of the node, the launcher's child; throws where none runs. */
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
    nodePid() {
      const [pid] = childrenOf(launcher.pid!);
      // A 0 in its place would be this process and all of its group to `kill`.
      if (pid === undefined) throw new Error('the launcher has no node running');
      return pid;
    },
    starts: () => output.match(/^ +data /gm)?.length ?? 0,
    output: () => output,
    errors: () => errors,
    ended: new Promise((resolve) => launcher.once('close', resolve)),
  };
  running.add(server);
  void server.ended.then(() => running.delete(server));
  return server;
}

/** Until the n-th node of a launcher is up and ready. */
export async function untilUp(server: LaunchedServer, starts: number): Promise<void> {
  await until(
    () => `a server that is up\n${server.output()}`,
    async () => {
      if (server.launcher.exitCode !== null) throw new Error(`the server ended:\n${server.output()}`);
      if (server.starts() < starts) return false;
      return (await fetch(`${server.url()}/readyz`).catch(() => undefined))?.status === 200;
    },
  );
}

/** Ends all that are left, however that came: launchers first, so that none starts a node again. */
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

/** @param what as it is said when it is not so in time */
export async function until(
  what: string | (() => string),
  isTrue: () => boolean | Promise<boolean>,
  everyMs = 20,
): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${typeof what === 'string' ? what : what()}`);
    await sleep(everyMs);
  }
}
