// What every server of bench/peers has around it: flags, a tick 60 times a second, and marks. A line on stdin is a mark:
// the server answers with what happened since the one before, as a line of JSON. Its process does nothing else for the
// bench. Bundled for Node 14 too (nengi).

import { performance } from 'node:perf_hooks';
import { createField, type Field, TICK_MS, VARIANTS } from './workload.ts';

/** What is later than this is dropped, so that a server which cannot keep up doesn't only catch up. */
const BEHIND_MS_MAX = 100;

/** What a server says at a mark, of the time since the mark before. */
export interface ServerMark {
  readonly seconds: number;
  /** User and system time of the whole process, all threads, from the operating system. */
  readonly cpuMicros: number;
  readonly players: number;
  readonly ticks: number;
  /** Wall time of a tick: its step, and the snapshots that are sent with it. */
  readonly tickMsP50: number;
  readonly tickMsP99: number;
  /** The same as CPU time of the process: what others do on the core isn't in it. */
  readonly tickCpuMsP99: number;
  readonly snapshots: number;
  /** Others' states in those snapshots. */
  readonly entities: number;
  readonly inputs: number;
}

export interface Host {
  readonly field: Field;
  readonly counts: { players: number; snapshots: number; entities: number; inputs: number };
  /** Does a part of a tick's work and adds it to that tick, which the last part ends. */
  time(isLast: boolean, work: () => void): void;
  /** Runs it 60 times a second from now on. For servers that have no clock of their own. */
  runTicks(tick: (number: number) => void): void;
  /** Clients may come: there. */
  ready(url: string): void;
}

export function createHost(): Host {
  const [variant, players, seed] = process.argv.slice(2);
  const known = VARIANTS.find((name) => name === variant);
  if (known === undefined) throw new Error(`the first argument must be one of ${VARIANTS.join(', ')}`);
  const field = createField(known, Number(players), Number(seed));
  const counts = { players: 0, snapshots: 0, entities: 0, inputs: 0 };
  let tickMs: number[] = [];
  let tickCpuMs: number[] = [];
  let partsMs = 0;
  let partsCpuMs = 0;
  const time = (isLast: boolean, work: () => void): void => {
    const startMs = performance.now();
    const startCpuMicros = cpuMicros();
    work();
    partsMs += performance.now() - startMs;
    partsCpuMs += (cpuMicros() - startCpuMicros) / 1000;
    if (!isLast) return;
    tickMs.push(partsMs);
    tickCpuMs.push(partsCpuMs);
    partsMs = 0;
    partsCpuMs = 0;
  };
  let markMs = performance.now();
  let markCpuMicros = cpuMicros();

  const mark = (): void => {
    const nowMs = performance.now();
    const nowCpuMicros = cpuMicros();
    const answer: ServerMark = {
      ...counts,
      seconds: (nowMs - markMs) / 1000,
      cpuMicros: nowCpuMicros - markCpuMicros,
      ticks: tickMs.length,
      tickMsP50: quantile(tickMs, 0.5),
      tickMsP99: quantile(tickMs, 0.99),
      tickCpuMsP99: quantile(tickCpuMs, 0.99),
    };
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    tickMs = [];
    tickCpuMs = [];
    counts.snapshots = 0;
    counts.entities = 0;
    counts.inputs = 0;
    // The answer itself is not the next one's.
    markMs = performance.now();
    markCpuMicros = cpuMicros();
  };
  process.stdin.on('data', mark);
  // Whoever asked is gone.
  process.stdin.on('end', () => process.exit());

  return {
    field,
    counts,
    time,
    runTicks: (tick) => runTicks((number) => time(true, () => tick(number))),
    ready: (url) => void process.stdout.write(`${JSON.stringify({ url })}\n`),
  };
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function quantile(values: number[], share: number): number {
  values.sort((a, b) => a - b);
  return values[Math.floor(values.length * share)] ?? 0;
}

function runTicks(tick: (number: number) => void): void {
  let number = 0;
  let dueMs = performance.now();
  const turn = (): void => {
    const startMs = performance.now();
    // A timer may be early by a fraction of its grain.
    if (startMs >= dueMs) {
      if (startMs - dueMs > BEHIND_MS_MAX) dueMs = startMs;
      tick(number++);
      dueMs += TICK_MS;
    }
    wait(performance.now());
  };
  const wait = (nowMs: number): void => {
    // A timer's grain is a millisecond, so a tick is up to one late; what is due already lets sockets be read first.
    if (dueMs <= nowMs) setImmediate(turn);
    else setTimeout(turn, Math.ceil(dueMs - nowMs));
  };
  turn();
}
