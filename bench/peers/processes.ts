// A run of one of the others: its server as a process on core 1, its clients as another on core 0, each asked by a line
// for what happened since the last one.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { findOnPath } from '../server.ts';
import type { ClientsMark } from './clients.ts';
import type { ServerMark } from './host.ts';
import { prepareNengi } from './node14.ts';
import type { Outcome, Peer } from './outcome.ts';
import type { Variant } from './workload.ts';

export interface Run {
  readonly peer: Peer;
  readonly variant: Variant;
  readonly players: number;
  readonly seconds: number;
  readonly seed: number;
  /** Until all play and code is optimised. */
  readonly settleSeconds: number;
}

/** Like an HTTP response: nobody waits for ever. */
const ANSWER_MS_MAX = 60_000;
const CLIENTS_CORE = 0;
export const SERVER_CORE = 1;

interface Program {
  readonly pid: number;
  /** The next line that it prints, read as JSON. */
  read<T>(): Promise<T>;
  mark<T>(): Promise<T>;
  stop(): Promise<void>;
}

/** An outcome, or one sentence of why this machine has none. */
export async function runPeer(run: Run): Promise<Outcome | string> {
  const command = await findServer(run.peer);
  if (typeof command === 'string') return command;
  const { peer, variant, players, seed, seconds, settleSeconds } = run;
  const field = [variant, String(players), String(seed)];
  const server = startProgram([...command.slice(0, 2), ...field, ...command.slice(2)], SERVER_CORE);
  let clients: Program | undefined;
  try {
    const { url } = await server.read<{ url: string }>();
    clients = startProgram(
      [process.execPath, join(import.meta.dirname, 'clients.ts'), peer, ...field, url],
      CLIENTS_CORE,
    );
    await clients.read<{ connected: number }>();
    await sleep(settleSeconds * 1000);
    await Promise.all([server.mark(), clients.mark()]);
    const waitedBeforeMs = readWaitedMs(server.pid);
    await sleep(seconds * 1000);
    const waitedMs = readWaitedMs(server.pid) - waitedBeforeMs;
    const [of, seen] = await Promise.all([server.mark<ServerMark>(), clients.mark<ClientsMark>()]);
    if (of.players !== players) throw new Error(`${peer} has ${of.players} players instead of ${players}`);
    return {
      peer,
      variant,
      players,
      seed,
      seconds: of.seconds,
      cpuMicrosPerPlayer: of.cpuMicros / players / of.seconds,
      ticksPerSecond: of.ticks / of.seconds,
      tickMsP50: of.tickMsP50,
      tickMsP99: of.tickMsP99,
      tickCpuMsP99: of.tickCpuMsP99,
      snapshotsPerSecondMin: seen.snapshotsPerSecondMin,
      entitiesPerSnapshot: of.entities / of.snapshots,
      inputsPerSecond: of.inputs / players / of.seconds,
      bytesDownPerPlayer: seen.bytesDownPerPlayer,
      bytesUpPerPlayer: seen.bytesUpPerPlayer,
      scheduleErrorMsP99: seen.scheduleErrorMsP99,
      waitedMsPerSecond: waitedMs / of.seconds,
    };
  } finally {
    await clients?.stop();
    await server.stop();
  }
}

/** Milliseconds that a process's main thread was ready to run and its core was not free; 0 where only Linux tells. */
function readWaitedMs(pid: number): number {
  const file = `/proc/${pid}/schedstat`;
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[1]) / 1e6 : 0;
}

/** Program, file, then arguments after the field's. */
async function findServer(peer: Peer): Promise<readonly string[] | string> {
  const serverFile = (name: string): string => join(import.meta.dirname, 'servers', name);
  if (peer === 'nengi') return prepareNengi();
  if (peer === 'colyseus') return [process.execPath, serverFile('colyseus.ts')];
  return [process.execPath, serverFile('ws.ts'), peer.slice('ws-'.length)];
}

function startProgram(command: readonly string[], core: number): Program {
  const pinned = availableParallelism() > 1 && findOnPath(['taskset']) !== undefined;
  const [program, ...args] = pinned ? ['taskset', '-c', String(core), ...command] : command;
  const child = spawn(program!, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => process.off('exit', kill));
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdin.on('error', () => {}); // It ended: `read` says so.
  const read = createReader(child, ended, () => `${command.slice(1).join(' ')} ended or is silent\n${errors}`);
  return {
    pid: child.pid!,
    read,
    mark<T>() {
      child.stdin.write('mark\n');
      return read<T>();
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Lines that aren't JSON are what a library prints. */
function createReader(child: ChildProcess, ended: Promise<void>, describe: () => string) {
  const lines: string[] = [];
  let wake = (): void => {};
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (!line.startsWith('{')) return;
    lines.push(line);
    wake();
  });
  return async <T>(): Promise<T> => {
    if (lines.length === 0) {
      const arrived = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([arrived, ended, sleep(ANSWER_MS_MAX, undefined, { ref: false })]);
    }
    const line = lines.shift();
    if (line === undefined) throw new Error(describe());
    return JSON.parse(line) as T;
  };
}
