// What a run of bench/peers comes to, when that is enough for 60 Hz, and the table of several runs. Pure.

import type { Variant } from './workload.ts';

export const PEERS = ['darkages-udp', 'darkages-ws', 'colyseus', 'nengi', 'ws-json', 'ws-binary'] as const;
export type Peer = (typeof PEERS)[number];

export interface Outcome {
  readonly peer: Peer;
  readonly variant: Variant;
  readonly players: number;
  readonly seed: number;
  readonly seconds: number;
  /** Of the server's process, per player and second. */
  readonly cpuMicrosPerPlayer: number;
  readonly ticksPerSecond: number;
  readonly tickMsP50: number;
  readonly tickMsP99: number;
  readonly tickCpuMsP99: number;
  /** Of the client that got the fewest. */
  readonly snapshotsPerSecondMin: number;
  readonly entitiesPerSnapshot: number;
  /** Of each player, as they reached the simulation. */
  readonly inputsPerSecond: number;
  /** Payload a second, without what carries it. */
  readonly bytesDownPerPlayer: number;
  readonly bytesUpPerPlayer: number;
  /** How late the clients sent what was due. */
  readonly scheduleErrorMsP99: number;
  /** How long the thread that ticks was ready to run and its core not free: much of it, and times on the clock are others'. */
  readonly waitedMsPerSecond: number;
}

const TICKS_PER_SECOND_MIN = 59.5;
const TICK_MS_MAX = 16.7;
const SNAPSHOTS_PER_SECOND_MIN = 19;
/** Beyond it the clients' core was the limit, and a failure says nothing of the server. */
const SCHEDULE_ERROR_MS_MAX = 16.7;

/** Why the server did not hold 60 Hz with so many players; undefined when it did. */
export function findShortfall(outcome: Outcome): string | undefined {
  const { ticksPerSecond, tickMsP99, snapshotsPerSecondMin } = outcome;
  if (ticksPerSecond < TICKS_PER_SECOND_MIN) return `${ticksPerSecond.toFixed(1)} ticks/s`;
  if (tickMsP99 >= TICK_MS_MAX) return `tick p99 ${tickMsP99.toFixed(1)} ms`;
  if (snapshotsPerSecondMin < SNAPSHOTS_PER_SECOND_MIN) return `${snapshotsPerSecondMin.toFixed(1)} snapshots/s`;
  return undefined;
}

export function wereClientsTheLimit({ scheduleErrorMsP99 }: Outcome): boolean {
  return scheduleErrorMsP99 > SCHEDULE_ERROR_MS_MAX;
}

const COLUMNS: readonly (readonly [string, keyof Outcome, number])[] = [
  ['µs/player·s', 'cpuMicrosPerPlayer', 0],
  ['ticks/s', 'ticksPerSecond', 1],
  ['tick p50 ms', 'tickMsP50', 2],
  ['tick p99 ms', 'tickMsP99', 2],
  ['tick CPU p99 ms', 'tickCpuMsP99', 2],
  ['snapshots/s min', 'snapshotsPerSecondMin', 1],
  ['inputs/s', 'inputsPerSecond', 1],
  ['others each', 'entitiesPerSnapshot', 1],
  ['down B/s', 'bytesDownPerPlayer', 0],
  ['up B/s', 'bytesUpPerPlayer', 0],
  ['clients late p99 ms', 'scheduleErrorMsP99', 1],
  ['waited ms/s', 'waitedMsPerSecond', 0],
];

/** A row for each peer, variant and number of players: medians over the rounds, and of the CPU time its range. */
export function formatTable(outcomes: readonly Outcome[]): string {
  const groups = Map.groupBy(outcomes, ({ peer, variant, players }) => `${peer} ${variant} ${players}`);
  const rows = [['server', 'sees', 'players', 'rounds', ...COLUMNS.map(([name]) => name)]];
  for (const runs of groups.values()) {
    const { peer, variant, players } = runs[0]!;
    const cells = COLUMNS.map(([, key, digits]) => {
      const values = runs.map((run) => Number(run[key])).sort((a, b) => a - b);
      const median = values[values.length >> 1]!.toFixed(digits);
      return key === 'cpuMicrosPerPlayer' && values.length > 1
        ? `${median} (${values[0]!.toFixed(digits)}–${values.at(-1)!.toFixed(digits)})`
        : median;
    });
    rows.push([peer, variant, String(players), String(runs.length), ...cells]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}
