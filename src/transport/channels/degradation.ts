// How often one client gets a snapshot, and how large, when bandwidth is short: its own or the node's. Edge threads;
// pure, driven by `now` and what the buckets say. The rate goes first, 20 → 10 → 5 a second; only then are snapshots cut,
// which leaves entities out. Each level costs half of the one before.
//
// Up again goes who would have room for twice as much, for a while; whoever had to come down soon after waits twice as
// long the next time. After the two modes of Glenn Fiedler, "Reliability and Congestion Avoidance over UDP".
// Deliberate: loss and round trip are no pressure. Radio loses what it loses at any rate, and a client that gets half
// its snapshots needs the other half all the more.

import { SNAPSHOT_BYTES_MAX, SNAPSHOT_INTERVAL_TICKS } from '../../base/limits.ts';
import { observeBucket, type TokenBucket } from './budget.ts';

export interface SnapshotPlan {
  readonly intervalTicks: number;
  readonly bytesMax: number;
}

export const SNAPSHOT_PLANS: readonly SnapshotPlan[] = [
  { intervalTicks: SNAPSHOT_INTERVAL_TICKS, bytesMax: SNAPSHOT_BYTES_MAX },
  { intervalTicks: 2 * SNAPSHOT_INTERVAL_TICKS, bytesMax: SNAPSHOT_BYTES_MAX },
  { intervalTicks: 4 * SNAPSHOT_INTERVAL_TICKS, bytesMax: SNAPSHOT_BYTES_MAX },
  { intervalTicks: 4 * SNAPSHOT_INTERVAL_TICKS, bytesMax: SNAPSHOT_BYTES_MAX / 2 },
];
const LEVEL_MAX = SNAPSHOT_PLANS.length - 1;
/** How much more the level above may cost. */
const LEVEL_FACTOR = 2;

/** Buckets are looked at so often; twice short in a row is short: one burst is none. */
export const PERIOD_MS = 500;
const SHORT_PERIODS = 2;
const WAIT_MS_MIN = 1_000;
const WAIT_MS_MAX = 64_000;
/** Down again so soon after going up: the wait doubles. For so long at the full rate: it halves. */
const RELAPSE_MS = 10_000;

export interface Degradation {
  level: number;
  decidedMs: number;
  shortPeriods: number;
  /** Since when there would have been room for more. */
  roomSinceMs: number;
  /** When it last went up, and when the wait last changed. */
  raisedMs: number;
  waitChangedMs: number;
  waitMs: number;
}

export function createDegradation(nowMs: number): Degradation {
  return {
    level: 0,
    decidedMs: nowMs,
    shortPeriods: 0,
    roomSinceMs: nowMs,
    raisedMs: -Infinity,
    waitChangedMs: nowMs,
    waitMs: WAIT_MS_MIN,
  };
}

/** What a client may get now. */
export function snapshotPlan(state: Degradation): SnapshotPlan {
  return SNAPSHOT_PLANS[state.level]!;
}

/** Time passes; the buckets are those its messages are charged to. As often as one likes. */
export function updateDegradation(
  state: Degradation,
  own: TokenBucket,
  node: TokenBucket | undefined,
  nowMs: number,
): void {
  if (nowMs - state.decidedMs < PERIOD_MS) return;
  state.decidedMs = nowMs;
  observeBucket(own, nowMs, PERIOD_MS);
  if (node !== undefined) observeBucket(node, nowMs, PERIOD_MS);
  const isShort = own.isShort || (node?.isShort ?? false);
  decideLevel(state, isShort, Math.max(own.usedShare, node?.usedShare ?? 0), nowMs);
}

/**
 * One decision, from what the last period was like.
 * @param usedShare of what is allowed, 1 being all of it; the larger of client and node.
 */
export function decideLevel(state: Degradation, isShort: boolean, usedShare: number, nowMs: number): void {
  state.shortPeriods = isShort ? state.shortPeriods + 1 : 0;
  if (isShort || usedShare * LEVEL_FACTOR > 1) state.roomSinceMs = nowMs;
  if (state.shortPeriods >= SHORT_PERIODS) lower(state, nowMs);
  else if (state.level > 0 && nowMs - state.roomSinceMs >= state.waitMs) raise(state, nowMs);
  if (state.level > 0) state.waitChangedMs = nowMs;
  else if (nowMs - state.waitChangedMs >= RELAPSE_MS) changeWait(state, state.waitMs / 2, nowMs);
}

function lower(state: Degradation, nowMs: number): void {
  if (nowMs - state.raisedMs < RELAPSE_MS) changeWait(state, state.waitMs * 2, nowMs);
  state.raisedMs = -Infinity;
  state.level = Math.min(LEVEL_MAX, state.level + 1);
  state.shortPeriods = 0;
}

function raise(state: Degradation, nowMs: number): void {
  state.level--;
  state.raisedMs = nowMs;
  state.roomSinceMs = nowMs;
}

function changeWait(state: Degradation, waitMs: number, nowMs: number): void {
  state.waitMs = Math.min(WAIT_MS_MAX, Math.max(WAIT_MS_MIN, waitMs));
  state.waitChangedMs = nowMs;
}
