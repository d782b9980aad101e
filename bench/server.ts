// A real server as a process of its own, for benches and tests: its own temporary data folder, free ports, and nothing
// of it is left when it was stopped. Its log is kept to be shown when something goes wrong.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface ServerOptions {
  readonly args?: readonly string[];
  /** Core to run on, where the system can say so. */
  readonly core?: number;
}

export interface ServerProcess {
  /** Of its HTTP. */
  readonly url: string;
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
  if (url !== undefined) return { url, process: child, output: () => output, stop };
  await stop();
  throw new Error(`the server did not come up:\n${output}`);
}

/** A process of this Node; its output is piped. On one core if the system has taskset. */
export function spawnNode(args: readonly string[], core?: number): ChildProcess {
  const command = [process.execPath, ...args];
  if (core !== undefined && hasTaskset()) command.unshift('taskset', '-c', String(core));
  return spawn(command[0]!, command.slice(1), {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

function hasTaskset(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'taskset')));
}

export interface RunOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the bots to their end. `onStart` gets the process, to signal it. */
export async function runBots(
  args: readonly string[],
  core?: number,
  onStart: (child: ChildProcess) => void = () => {},
): Promise<RunOutcome> {
  const child = spawnNode([join(ROOT, 'tools', 'swarm', 'main.ts'), ...args], core);
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

/** The values of `/metrics`, by name with labels as they are printed. */
export async function readMetrics(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    values.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return values;
}

/** User and system time of all threads of a process, in microseconds; undefined where the system doesn't tell. */
export function processCpuMicros(pid: number): number | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  // Behind the name, which may hold anything: state is the first field, utime the 12th; in hundredths of a second.
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
