// On which step of the ladder (base/overload-steps.ts) a zone stands, from what its loop measures: what a tick costs and
// how well its edges keep up. Zone thread; pure, time is an argument. Up at once, one step at a time; down slowly, and
// only when what the step below would cost fits. Nothing here changes what a tick computes.
//
//   cost of a tick: from when it was due and the loop was free until it is done, so a core that isn't there when it is
//   needed counts as work does; smoothed twice, quickly for climbing and slowly for coming down
//   demand = cost / TICK_MS: above 1 the zone can't keep its full pace       share = demand · pace: of the time it has
//
// Edges have their own cores or share the zone's. One that falls behind takes the zone up to `lower_rate`, which halves
// what it sends; slowing the game's time for it would punish who waits for nothing.

import { TICK_MS } from '../base/limits.ts';
import { LOWER_RATE, PACE_PERCENT_MIN, PACE_PERCENT_STEP, TIME_DILATION } from '../base/overload-steps.ts';

/** Costs are smoothed over so long. */
const QUICK_MS = 250;
const SLOW_MS = 1_000;
/** One tick counts as at most so many intervals: a machine that stood still for a moment is no overload. */
const COST_INTERVALS_MAX = 4;
const PERIOD_MS = 50;

/** Above this share of the time there is it is too much; when it is for so long, up. */
const HOT_SHARE = 0.9;
const HOT_MS = 500;
/** The same when it is far too much: ticks are being lost. */
const SEVERE_SHARE = 1.2;
const SEVERE_MS = 200;
/** Share of the dilated interval that a tick shall take; and below which, at a faster pace, it may run faster. */
const TARGET_SHARE = 0.8;
const FASTER_SHARE = 0.74;
/** What a step is left for must fit into this. */
const FITS_SHARE = 0.8;
/** What an edge costs more on the step below: twice the snapshots, but as many inputs; and all that are in sight. */
const EDGE_FACTORS: readonly number[] = [1, 1.15, 1.35];
/** An edge may be busier: nothing but itself waits for it, and one that falls behind is seen at once. */
const EDGE_FITS_SHARE = 0.9;

/** Down (or faster) after there was room for so long. Up again within RELAPSE_MS: that was too early, and it doubles. */
const WAIT_MS_MIN = 1_200;
const WAIT_MS_MAX = 60_000;
const RELAPSE_MS = 10_000;
/** So little on the step below is no matter of noise: the load is gone, whatever happened before. */
const GONE_SHARE = 0.5;

export interface Overload {
  step: number;
  pacePercent: number;
  quickMs: number;
  slowMs: number;
  decidedMs: number;
  /** Since when it has been too much, and since when there has been room on the step below. */
  hotSinceMs: number;
  roomSinceMs: number;
  /** When it last came down, or ran faster. */
  relaxedMs: number;
  /** Since when it has stood at the bottom, or when the wait was last shortened there. */
  calmSinceMs: number;
  waitMs: number;
}

export function createOverload(nowMs: number): Overload {
  return {
    step: 0,
    pacePercent: 100,
    quickMs: 0,
    slowMs: 0,
    decidedMs: nowMs,
    hotSinceMs: nowMs,
    roomSinceMs: nowMs,
    relaxedMs: -Infinity,
    calmSinceMs: nowMs,
    waitMs: WAIT_MS_MIN,
  };
}

/** A tick was run that cost so much; the interval is the one there was for it. */
export function noteTickCost(overload: Overload, costMs: number, intervalMs: number): void {
  const counted = Math.min(costMs, COST_INTERVALS_MAX * intervalMs);
  overload.quickMs += (counted - overload.quickMs) * (intervalMs / (QUICK_MS + intervalMs));
  overload.slowMs += (counted - overload.slowMs) * (intervalMs / (SLOW_MS + intervalMs));
}

/**
 * Decides anew; as often as one likes. True when step or pace changed.
 * @param edgeShare how near the busiest edge is to not keeping up, 1 being there (session/load.ts)
 */
export function decideOverload(overload: Overload, edgeShare: number, nowMs: number): boolean {
  if (nowMs - overload.decidedMs < PERIOD_MS) return false;
  overload.decidedMs = nowMs;
  const demand = overload.quickMs / TICK_MS;
  const share = (demand * overload.pacePercent) / 100;
  if (isTooMuch(overload, share, edgeShare)) {
    overload.roomSinceMs = nowMs;
    if (nowMs - overload.hotSinceMs < (share > SEVERE_SHARE ? SEVERE_MS : HOT_MS)) return false;
    climb(overload, demand, nowMs);
    return true;
  }
  overload.hotSinceMs = nowMs;
  if (overload.step === 0) forgive(overload, nowMs);
  else overload.calmSinceMs = nowMs;
  return relax(overload, edgeShare, nowMs);
}

function isTooMuch({ step, pacePercent }: Overload, share: number, edgeShare: number): boolean {
  if (step < LOWER_RATE && edgeShare > HOT_SHARE) return true;
  // The slowest there is: what is still too much is dropped and counted (sim/fixed-step.ts).
  return share > HOT_SHARE && pacePercent > PACE_PERCENT_MIN;
}

/** Long enough at the bottom: what was learnt of waiting is forgotten, half by half. */
function forgive(overload: Overload, nowMs: number): void {
  if (nowMs - overload.calmSinceMs < RELAPSE_MS) return;
  overload.calmSinceMs = nowMs;
  overload.waitMs = Math.max(WAIT_MS_MIN, overload.waitMs / 2);
}

function climb(overload: Overload, demand: number, nowMs: number): void {
  if (nowMs - overload.relaxedMs < RELAPSE_MS) overload.waitMs = Math.min(WAIT_MS_MAX, overload.waitMs * 2);
  overload.relaxedMs = -Infinity;
  overload.hotSinceMs = nowMs;
  if (overload.step < TIME_DILATION) overload.step++;
  if (overload.step < TIME_DILATION) return;
  const least = overload.pacePercent - PACE_PERCENT_STEP;
  overload.pacePercent = Math.max(PACE_PERCENT_MIN, Math.min(least, paceFor(demand, TARGET_SHARE)));
}

/** The fastest pace at which so much demand takes at most that share of the time. */
function paceFor(demand: number, share: number): number {
  const percent = Math.floor((share * 100) / demand / PACE_PERCENT_STEP) * PACE_PERCENT_STEP;
  return Math.min(100, percent);
}

/** Down, or faster, when there has been room for it for long enough. */
function relax(overload: Overload, edgeShare: number, nowMs: number): boolean {
  const { step, pacePercent } = overload;
  if (step === 0) return false;
  // The larger of the two: neither a short pause nor what was a while ago is taken for the end of it.
  const demand = Math.max(overload.quickMs, overload.slowMs) / TICK_MS;
  const isDilated = step === TIME_DILATION;
  const pace = isDilated ? paceFor(demand, FASTER_SHARE) : 100;
  const edge = isDilated ? 0 : edgeShare * EDGE_FACTORS[step]!;
  const hasRoom = isDilated ? pace > pacePercent : demand <= FITS_SHARE && edge <= EDGE_FITS_SHARE;
  if (!hasRoom) {
    overload.roomSinceMs = nowMs;
    return false;
  }
  const isGone = demand <= GONE_SHARE && edge <= GONE_SHARE;
  if (nowMs - overload.roomSinceMs < (isGone ? WAIT_MS_MIN : overload.waitMs)) return false;
  overload.roomSinceMs = nowMs;
  overload.relaxedMs = nowMs;
  overload.pacePercent = pace;
  if (!isDilated || pace === 100) overload.step--;
  return true;
}
