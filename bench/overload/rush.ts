// A zone that is full with so many players, and as many more come: what a bench and a test look at together. A real
// server runs burning-game.ts, bots of two swarms play over WebSocket, which loses nothing, so that inputs can be counted at
// both ends; the second swarm leaves again. What happens is read from /metrics.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../../tools/swarm/report.ts';
import { readMetrics, type ServerProcess, startBots, startServer, threadWaitMs } from '../server.ts';
import { type Standstill, watchStandstill } from '../standstill.ts';
import { CAPACITY_VARIABLE } from './burning-game.ts';

export interface Rush {
  /** Players that the zone has time for. */
  readonly capacity: number;
  readonly staying: number;
  readonly coming: number;
  readonly rampUpS: number;
  readonly seed: number;
  readonly flags?: readonly string[];
  readonly serverCore?: number;
  readonly botsCore?: number;
}

/** What the server says of itself at one moment. Counters are since its start. */
export interface Reading {
  readonly atMs: number;
  readonly connections: number;
  readonly step: number;
  readonly pacePercent: number;
  /** How often a step was come to, and how often the pace changed. */
  readonly transitions: number;
  readonly paceChanges: number;
  readonly ticks: number;
  readonly missed: number;
  readonly dilated: number;
  readonly inputs: number;
  readonly inputsRepeated: number;
  /** By reason. */
  readonly inputsDropped: Readonly<Record<string, number>>;
  readonly framesDropped: number;
  readonly closed: number;
  /**
   * How long the zone's thread was ready to run and its core was not free, what others on this machine took, and how long
   * all of it stood still.
   */
  readonly zoneWaitedMs: number;
}

export interface Stage {
  readonly server: ServerProcess;
  read(): Promise<Reading>;
  /** Reads until that is so; rejects after so long, with the last reading. */
  until(what: string, seconds: number, isTrue: (reading: Reading) => boolean): Promise<Reading>;
  /** Bots that play until they are told to stop. */
  play(bots: number, rampUpS: number): Swarm;
  close(): Promise<void>;
}

export interface Swarm {
  stop(): Promise<Report>;
}

const READ_MS = 100;
const BOTS_S_MAX = 600;

export async function openStage({ capacity, seed, flags = [], serverCore, botsCore }: Rush): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-rush-'));
  process.env[CAPACITY_VARIABLE] = String(capacity);
  const server = await startServer({
    args: [
      '--game',
      join(import.meta.dirname, 'burning-game.ts'),
      '--seed',
      String(seed),
      '--sessions-per-minute',
      '100000',
    ],
    ...(serverCore !== undefined && { core: serverCore }),
  });
  const swarms = new Set<Swarm>();
  const stood = watchStandstill();
  const read = (): Promise<Reading> => readServer(server, stood);
  const stage: Stage = {
    server,
    read,
    async until(what, seconds, isTrue) {
      const deadlineMs = performance.now() + seconds * 1000;
      for (;;) {
        const reading = await read();
        if (isTrue(reading)) return reading;
        if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}; ${JSON.stringify(reading)}`);
        await sleep(READ_MS);
      }
    },
    play(bots, rampUpS) {
      const report = join(folder, `${swarms.size}.json`);
      const values = {
        url: server.url,
        bots,
        'ramp-up': rampUpS,
        duration: BOTS_S_MAX,
        seed: seed + swarms.size,
        report,
      };
      const args = [...Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]), ...flags];
      const swarm = startSwarm(args, report, botsCore);
      swarms.add(swarm);
      return swarm;
    },
    async close() {
      stood.stop();
      await Promise.allSettled([...swarms].map((swarm) => swarm.stop()));
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
  return stage;
}

function startSwarm(args: readonly string[], reportFile: string, core: number | undefined): Swarm {
  const bots = startBots(args, core);
  return {
    async stop() {
      await bots.stop();
      return JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
    },
  };
}

async function readServer(server: ServerProcess, stood: Standstill): Promise<Reading> {
  const { values, atMs } = await readMetrics(server.url);
  const sum = (name: string): number => {
    let total = 0;
    for (const [key, value] of values)
      if (key === `darkages_${name}` || key.startsWith(`darkages_${name}{`)) total += value;
    return total;
  };
  const inputsDropped: Record<string, number> = {};
  for (const [key, value] of values) {
    const reason = /^darkages_inputs_dropped_total\{.*reason="(\w+)"/.exec(key)?.[1];
    if (reason !== undefined && value > 0) inputsDropped[reason] = value;
  }
  return {
    atMs,
    connections: sum('connections'),
    step: sum('overload_step'),
    pacePercent: sum('time_pace_percent'),
    transitions: sum('overload_transitions_total'),
    paceChanges: sum('pace_changes_total'),
    ticks: sum('ticks_total'),
    missed: sum('missed_ticks_total'),
    dilated: sum('dilated_ticks_total'),
    inputs: sum('inputs_total'),
    inputsRepeated: sum('inputs_repeated_total'),
    inputsDropped,
    framesDropped: sum('client_frames_dropped_total'),
    closed: sum('connections_closed_total'),
    zoneWaitedMs: threadWaitMs(server.process.pid!, 'zone-1') + stood.ms(),
  };
}

/** Inputs that the bots sent and the server neither took nor counted as dropped; only once all bots have left. */
export function inputsUnnamed(reports: readonly Report[], reading: Reading): number {
  const sent = reports.reduce((total, { inputsSent }) => total + inputsSent, 0);
  const dropped = Object.values(reading.inputsDropped).reduce((total, count) => total + count, 0);
  return sent - reading.inputs - reading.inputsRepeated - dropped - reading.framesDropped;
}

/** Waits until step and pace have been the same for so long; the readings at the beginning and the end of that. */
export async function untilSteady(
  stage: Stage,
  steadyS: number,
  withinS: number,
): Promise<readonly [Reading, Reading]> {
  let first = await stage.read();
  const last = await stage.until(`nothing changes for ${steadyS} s`, withinS, (reading) => {
    if (reading.transitions !== first.transitions || reading.paceChanges !== first.paceChanges) first = reading;
    return reading.atMs - first.atMs >= steadyS * 1000;
  });
  return [first, last];
}
