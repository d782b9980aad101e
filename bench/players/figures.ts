// What a run comes to: figures from two readings of a server and the bots' report. Pure.

import { TICK_HZ } from '../../src/base/limits.ts';
import { game } from '../../src/game/game.ts';
import { bucketQuantile } from '../../src/observe/metrics-text.ts';
import { historyBytes } from '../../src/sim/history.ts';
import { worldBytes } from '../../src/sim/world.ts';
import { NAME_BYTES } from '../../src/zone/buffers.ts';
import { type Outcome, sumOf } from './play.ts';
import { threadsBetween } from './process-stats.ts';

export interface Collections {
  readonly young: number;
  readonly old: number;
  readonly pausedMs: number;
  /** The longest pause was no longer; 0: there was none. */
  readonly pauseMsAtMost: number;
}

type Values = ReadonlyMap<string, number>;

const MICROS = 1e6;
const MIB = 2 ** 20;

export type Figures = ReturnType<typeof readFigures>;

export function readFigures(outcome: Outcome) {
  const { load, before, after, report, joined } = outcome;
  const from = before.metrics.values;
  const to = after.metrics.values;
  const seconds = (after.metrics.atMs - before.metrics.atMs) / 1000;
  const grown = (name: string): number => sumOf(to, `darkages_${name}`) - sumOf(from, `darkages_${name}`);
  const tickMs = (histogram: string, share: number): number =>
    round(bucketQuantile(from, to, `darkages_${histogram}`, share) * 1000);
  const deltas = grown('snapshot_changes_total');
  return {
    players: load.players,
    joined,
    lossPercent: load.lossPercent,
    seconds: round(seconds),
    ticksPerSecond: round(slowestZone(from, to) / seconds),
    tickCpuMsP99: tickMs('tick_cpu_seconds', 0.99),
    tickMsP50: tickMs('tick_duration_seconds', 0.5),
    tickMsP99: tickMs('tick_duration_seconds', 0.99),
    tickMsP999: tickMs('tick_duration_seconds', 0.999),
    lateTicks: grown('late_ticks_total'),
    missedTicks: grown('missed_ticks_total'),
    snapshotsPerSecondMin: report.snapshotsPerSecond.min ?? 0,
    snapshotsPerSecondMean: report.snapshotsPerSecond.mean ?? 0,
    ...readCpu(outcome),
    bytesDownPerPlayer: report.bytesDownPerSecond.mean ?? Number.NaN,
    bytesDownPerPlayerP99: report.bytesDownPerSecond.p99 ?? Number.NaN,
    bytesUpPerPlayer: report.bytesUpPerSecond.mean ?? Number.NaN,
    bytesPerEntity: round(grown('snapshot_change_bytes_total') / deltas),
    entitiesPerSnapshot: round(deltas / grown('snapshots_total')),
    roundTripMsP99: report.roundTripMs.p99,
    correctionsShare: round(report.corrections / report.snapshots),
    collections: readCollections(from, to),
    memory: readMemory(outcome),
    lost: readLosses(outcome, grown),
    bots: {
      failed: report.failed,
      failures: report.failures,
      reconnects: report.reconnects,
      scheduleErrorMsMean: report.scheduleErrorMs.mean,
      scheduleErrorMsP99: report.scheduleErrorMs.p99,
      turnsSkippedShare: round(report.turnsSkipped / (load.players * TICK_HZ * report.durationS), 1e5),
      cpuMicrosPerPlayer: perPlayer(sumCpu(threadsBetween(before.botThreads, after.botThreads)), outcome),
    },
    watched: outcome.watched ?? null,
  };
}

/** Ticks that the slowest zone ran. */
function slowestZone(from: Values, to: Values): number {
  const ticks = [...to].filter(([key]) => key.startsWith('darkages_ticks_total'));
  return Math.min(...ticks.map(([key, value]) => value - (from.get(key) ?? 0)));
}

/** µs a second for each player, all threads of the process together and by the name of the thread. */
function readCpu(outcome: Outcome) {
  const { before, after } = outcome;
  const threads = threadsBetween(before.threads, after.threads);
  const isKnown = Object.keys(threads).length > 0;
  const metric = 'darkages_process_cpu_seconds_total';
  const ofProcess = (sumOf(after.metrics.values, metric) - sumOf(before.metrics.values, metric)) * MICROS;
  const total = isKnown ? sumCpu(threads) : ofProcess;
  const byThread: Record<string, number> = {};
  const waitedMs: Record<string, number> = {};
  for (const [name, { cpuUs, waitUs }] of Object.entries(threads)) {
    byThread[name] = perPlayer(cpuUs, outcome);
    waitedMs[name] = round(waitUs / 1000);
  }
  return {
    serverCpuMicrosPerPlayer: perPlayer(total, outcome),
    serverCores: round(total / MICROS / secondsOf(outcome)),
    serverCpuMicrosPerPlayerByThread: byThread,
    /** Ready to run while the core was not free. */
    serverWaitedMsByThread: waitedMs,
  };
}

function secondsOf({ before, after }: Outcome): number {
  return (after.atMs - before.atMs) / 1000;
}

function perPlayer(micros: number, outcome: Outcome): number {
  return round(micros / secondsOf(outcome) / outcome.load.players);
}

function sumCpu(threads: Readonly<Record<string, { readonly cpuUs: number }>>): number {
  return Object.values(threads).reduce((sum, { cpuUs }) => sum + cpuUs, 0);
}

/** By thread of the server; the main thread's are not among them. */
export function readCollections(from: Values, to: Values): Record<string, Collections> {
  const found: Record<string, Collections> = {};
  for (const key of to.keys()) {
    const thread = /^darkages_thread_gc_pause_seconds_count\{thread="([^"]+)"/.exec(key)?.[1];
    if (thread === undefined) continue;
    const grown = (name: string, labels = ''): number => {
      let sum = 0;
      for (const [other, value] of to) {
        const isOne = other.startsWith(`darkages_thread_${name}{thread="${thread}"`) && other.includes(labels);
        if (isOne) sum += value - (from.get(other) ?? 0);
      }
      return sum;
    };
    const pausedMs = round(grown('gc_pause_seconds_sum') * 1000);
    const boundMs = longestPauseMs(from, to, `darkages_thread_gc_pause_seconds_bucket{thread="${thread}"`);
    found[thread] = {
      young: grown('gc_total', 'generation="young"'),
      old: grown('gc_total', 'generation="old"'),
      pausedMs,
      // Beyond the last bucket: no pause is longer than all of them.
      pauseMsAtMost: Math.min(boundMs, pausedMs),
    };
  }
  return found;
}

/** The bound of the least bucket that all pauses between the two readings are within. */
function longestPauseMs(from: Values, to: Values, prefix: string): number {
  const buckets: [le: number, count: number][] = [];
  for (const [key, value] of to) {
    const le = key.startsWith(prefix) ? /le="([^"]+)"/.exec(key)?.[1] : undefined;
    if (le !== undefined)
      buckets.push([le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), value - (from.get(key) ?? 0)]);
  }
  const all = Math.max(0, ...buckets.map(([, count]) => count));
  if (all === 0) return 0;
  return Math.min(...buckets.filter(([, count]) => count === all).map(([le]) => le)) * 1000;
}

/**
 * What a player costs beyond the shared world: with all in, against the empty server, without what each of them takes of
 * the zone's columns, keyframes, names and history. Heaps that have grown meanwhile are in it.
 */
function readMemory({ before, after, emptyRss, load }: Outcome) {
  const metric = 'darkages_process_resident_memory_bytes';
  const start = before.metrics.values.get(metric) ?? Number.NaN;
  const end = after.metrics.values.get(metric) ?? Number.NaN;
  const ofSlot = (bytes: (capacity: number) => number): number => bytes(1) - bytes(0);
  const shared =
    ofSlot((capacity) => historyBytes(game.rows, capacity)) +
    3 * ofSlot((capacity) => worldBytes(game.allColumns, capacity)) +
    NAME_BYTES;
  return {
    emptyMiB: round(emptyRss / MIB),
    startMiB: round(start / MIB),
    endMiB: round(end / MIB),
    growthMiB: round((end - start) / MIB),
    sharedKiBPerPlayer: round(shared / 1024),
    kiBPerPlayer: round(((start - emptyRss) / load.players - shared) / 1024),
  };
}

/** Where packets, frames and inputs were lost, each a count over the time measured. */
function readLosses({ before, after, report }: Outcome, grown: (name: string) => number) {
  const byLabel = (name: string): Record<string, number> => {
    const found: Record<string, number> = {};
    for (const [key, value] of after.metrics.values) {
      const label = key.startsWith(`darkages_${name}{`) ? /(?:reason|rule)="([^"]+)"/.exec(key)?.[1] : undefined;
      const count = value - (before.metrics.values.get(key) ?? 0);
      if (label !== undefined && count > 0) found[label] = (found[label] ?? 0) + count;
    }
    return found;
  };
  const sockets: Record<string, number> = {};
  for (const key of after.metrics.values.keys()) {
    const name = /^darkages_udp_socket_(\w+)_total\{/.exec(key)?.[1];
    if (name !== undefined && name !== 'received' && name !== 'sent') sockets[name] = grown(`udp_socket_${name}_total`);
  }
  return {
    serverSockets: sockets,
    serverPackets: byLabel('udp_packets_dropped_total'),
    botSockets: after.botDrops - before.botDrops,
    lineUpPercent: report.lossUpPercent.mean,
    lineDownPercent: report.lossDownPercent.mean,
    clientFrames: byLabel('client_frames_dropped_total'),
    inputs: byLabel('inputs_dropped_total'),
    inputsStarved: grown('inputs_starved_total'),
    outputRingFull: grown('zone_output_dropped_total'),
    saveRingFull: grown('save_dropped_total'),
    snapshotsSkipped: grown('snapshots_skipped_total'),
    edgeFramesSkipped: grown('frames_skipped_total'),
    historyOverrun: grown('history_overrun_total'),
    fullStates: byLabel('snapshot_full_total'),
  };
}

function round(value: number, parts = 1000): number {
  return Math.round(value * parts) / parts;
}
