// How busy it is, in both directions: the zone's word on it (base/overload-steps.ts), which an edge reads with each frame,
// keeps to and tells its clients; and how well the edge itself keeps up, which the zone reads. Edge threads; pure.

import type { Counters } from '../base/counters.ts';
import { SNAPSHOT_INTERVAL_TICKS } from '../base/limits.ts';
import { loadIntervalTicks, loadPacePercent, loadPlan, loadStep } from '../base/overload-steps.ts';
import { type History, publishedLoad, publishedLoadTick } from '../sim/history.ts';
import { encodeToBytes } from '../wire/codec.ts';
import type { Messages } from '../wire/schema.ts';

/** Ticks that one round of serving is taken to have been behind at most: a pause of the machine is none of the edge's. */
const BEHIND_TICKS_MAX = 6;
/** Rounds are smoothed over so many ticks, CPU time is looked at so often. */
const SMOOTH_TICKS = 30;
const CPU_PERIOD_MS = 250;
/** Who serves each frame in time keeps up, however busy it is. */
const BUSY_SHARE_MAX = 0.85;

/** What the zone said last. */
export interface ZoneLoad {
  word: number;
  tick: number;
  intervalTicks: number;
  seenMax: number;
}

export interface EdgeEffort {
  /** Ticks that a round of serving brings, smoothed: 1 for who serves each in time. */
  roundTicks: number;
  cpuMicros: number;
  busyShare: number;
  checkedMs: number;
}

export function createZoneLoad(): ZoneLoad {
  return { word: 0, tick: 0, intervalTicks: loadIntervalTicks(0), seenMax: loadPlan(0).seenMax };
}

export function createEdgeEffort(): EdgeEffort {
  return { roundTicks: 1, cpuMicros: 0, busyShare: 0, checkedMs: -Infinity };
}

/** Reads the zone's word; true when it is another one, which clients are to be told. */
export function takeZoneLoad(zoneLoad: ZoneLoad, history: History): boolean {
  const word = publishedLoad(history);
  const tick = publishedLoadTick(history);
  if (word === zoneLoad.word && (word === 0 || tick === zoneLoad.tick)) return false;
  zoneLoad.word = word;
  zoneLoad.tick = tick;
  zoneLoad.intervalTicks = loadIntervalTicks(word);
  zoneLoad.seenMax = loadPlan(word).seenMax;
  return true;
}

/** As a message for clients. */
export function encodeLoad(messages: Messages, { word, tick, intervalTicks }: ZoneLoad): Uint8Array {
  const load = {
    tick: Math.max(0, tick),
    pacePercent: loadPacePercent(word),
    step: loadStep(word),
    snapshotIntervalTicks: intervalTicks,
  };
  return encodeToBytes(messages.serverMessage, { load });
}

/** A round of serving begins that so many ticks waited for. */
export function noteRound(effort: EdgeEffort, ticks: number): void {
  const counted = Math.min(ticks, BEHIND_TICKS_MAX);
  effort.roundTicks += (counted - effort.roundTicks) * (counted / (SMOOTH_TICKS + counted));
}

/**
 * How near this edge is to not keeping up, 1 being there, goes to its counters, where the zone reads it: rounds that bring
 * a whole snapshot interval, so that each of them serves everybody; below that, how much of its thread's time it takes.
 * @param readCpuMicros how much the thread has taken so far; asked a few times a second
 */
export function updateEffort(
  effort: EdgeEffort,
  counters: Counters<'edge'>,
  readCpuMicros: () => number,
  nowMs: number,
): void {
  const elapsedMs = nowMs - effort.checkedMs;
  if (elapsedMs < CPU_PERIOD_MS) return;
  const cpuMicros = readCpuMicros();
  const busyShare = (cpuMicros - effort.cpuMicros) / 1000 / elapsedMs;
  effort.busyShare += (busyShare - effort.busyShare) / 2;
  effort.cpuMicros = cpuMicros;
  effort.checkedMs = nowMs;
  const behind = (effort.roundTicks - 1) / (SNAPSHOT_INTERVAL_TICKS - 1);
  const share = Math.max(behind, Math.min(effort.busyShare, BUSY_SHARE_MAX));
  counters.words[counters.index.loadPercent] = Math.max(0, Math.round(share * 100));
}
