// A real server as a process of its own, for benches and tests: its own temporary data folder, free ports, and nothing
// of it is left when it was stopped. Its log is kept to be shown when something goes wrong.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type MetricValues, parseMetrics } from '../src/observe/metrics-text.ts';

export interface ServerOptions {
  readonly args?: readonly string[];
  /** Core to run on, where the system can say so. */
  readonly core?: number;
}

export interface ServerProcess {
  /** Of its HTTP. */
  readonly url: string;
  /** Its data folder. */
  readonly data: string;
  readonly process: ChildProcess;
  output(): string;
  /** Asks it to end, insists after a while; the exit code, null when it had to be killed. */
  stop(): Promise<number | null>;
}

const ROOT = join(import.meta.dirname, '..');
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;

/** Rejects with what the server printed when it doesn't come up. */
export async function startServer({ args = [], core }: ServerOptions = {}): Promise<ServerProcess> {
  const data = mkdtempSync(join(tmpdir(), 'darkages-server-'));
  const flags = ['--http-port', '0', '--port', '0', '--data', data, '--log-level', 'warn'];
  const child = spawnNode([join(ROOT, 'workers', 'node.ts'), ...flags, ...args], core);
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    const code = await ended;
    clearTimeout(insist);
    rmSync(data, { recursive: true, force: true });
    return code;
  };
  const { promise: up, resolve: isUp } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => isUp(undefined), START_MS_MAX);
  void ended.then(() => isUp(undefined));
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const match = /^ +metrics +(http:\S+)\/metrics$/m.exec(output);
      if (match !== null && /^ +data /m.test(output)) isUp(match[1]);
    });
  }
  const url = await up;
  clearTimeout(timer);
  if (url !== undefined) return { url, data, process: child, output: () => output, stop };
  await stop();
  throw new Error(`the server did not come up:\n${output}`);
}

/** A process of this Node; its output is piped. On one core if there are several and the system has taskset. */
export function spawnNode(args: readonly string[], core?: number): ChildProcess {
  const command = [process.execPath, ...args];
  if (core !== undefined && availableParallelism() > 1 && hasTaskset()) command.unshift('taskset', '-c', String(core));
  const child = spawn(command[0]!, command.slice(1), {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  // Whatever ends this process, that one doesn't outlive it.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  return child;
}

function hasTaskset(): boolean {
  return findOnPath(['taskset']) !== undefined;
}

/** Where the first of these programs that this machine has lies. */
export function findOnPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

export interface RunOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of this Node to its end. `onStart` gets the process, to signal it. */
export async function runNode(
  args: readonly string[],
  core?: number,
  onStart: (child: ChildProcess) => void = () => {},
): Promise<RunOutcome> {
  const child = spawnNode(args, core);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  onStart(child);
  return { code: await ended, stdout, stderr };
}

export function runBots(
  args: readonly string[],
  core?: number,
  onStart?: (child: ChildProcess) => void,
): Promise<RunOutcome> {
  return runNode([join(ROOT, 'tools', 'swarm', 'main.ts'), ...args], core, onStart);
}

/** Bots that play until `stop`, or as long as their flags say. It rejects when they ended otherwise than well or badly played. */
export function startBots(args: readonly string[], core?: number): { stop(): Promise<RunOutcome> } {
  let interrupt = (): void => {};
  const playing = runBots(args, core, (child) => {
    interrupt = () => void child.kill('SIGINT');
  });
  return {
    async stop() {
      interrupt();
      const outcome = await playing;
      // 1: some did not fare well.
      if (outcome.code === 0 || outcome.code === 1) return outcome;
      throw new Error(`the bots ended with ${outcome.code}: ${outcome.stderr}`);
    },
  };
}

export interface Metrics {
  readonly values: MetricValues;
  /** When they were read, as near as a client can tell. */
  readonly atMs: number;
}

export async function readMetrics(url: string): Promise<Metrics> {
  const askedMs = performance.now();
  const text = await (await fetch(`${url}/metrics`)).text();
  const atMs = (askedMs + performance.now()) / 2;
  return { values: parseMetrics(text), atMs };
}

/** Milliseconds that a thread was ready to run and its core was not free, since it started; 0 where only Linux tells. */
export function threadWaitMs(pid: number, threadName: string): number {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return 0;
  for (const task of readdirSync(tasks)) {
    if (readFileSync(join(tasks, task, 'comm'), 'utf8').trim() !== threadName) continue;
    return Number(readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ')[1]) / 1e6;
  }
  return 0;
}
