// The ladder that a zone climbs when it has more to do than time for it: what each step is called and what clients get
// on it. The zone decides which step it stands on (src/zone/overload.ts), its edges send accordingly, clients are told.
// Any thread.

import { SNAPSHOT_INTERVAL_TICKS, VISIBLE_MAX } from './limits.ts';

export interface OverloadStep {
  /** As in metrics and in client code. */
  readonly name: 'none' | 'less_detail' | 'lower_rate' | 'time_dilation';
  /** A client gets no snapshot sooner than so many ticks after the one before. */
  readonly intervalTicks: number;
  /** A client sees at most so many others, the nearest. */
  readonly seenMax: number;
}

/** A party, and those with whom one fights: of 50 in sight it saves a fifth of the work and two fifths of the bytes. */
const SEEN_LESS = 32;

/** Its place is its number on the wire: steps are only ever added at the end. */
export const OVERLOAD_STEPS: readonly OverloadStep[] = [
  { name: 'none', intervalTicks: SNAPSHOT_INTERVAL_TICKS, seenMax: VISIBLE_MAX },
  { name: 'less_detail', intervalTicks: SNAPSHOT_INTERVAL_TICKS, seenMax: SEEN_LESS },
  { name: 'lower_rate', intervalTicks: 2 * SNAPSHOT_INTERVAL_TICKS, seenMax: SEEN_LESS },
  { name: 'time_dilation', intervalTicks: 2 * SNAPSHOT_INTERVAL_TICKS, seenMax: SEEN_LESS },
];
export const LESS_DETAIL = 1;
export const LOWER_RATE = 2;
export const TIME_DILATION = 3;

/** How fast the game's time runs, in percent: at least so fast, and in such steps. */
export const PACE_PERCENT_MIN = 10;
export const PACE_PERCENT_STEP = 5;

/** The zone's state in one word of shared memory; 0 is step 0 at full pace. */
export function packLoad(step: number, pacePercent: number): number {
  return step | ((100 - pacePercent) << 8);
}

export function loadStep(word: number): number {
  return word & 0xff;
}

export function loadPacePercent(word: number): number {
  return 100 - (word >> 8);
}

/** What holds on its step; of a newer zone there may be steps above, which are taken for the highest that is known. */
export function loadPlan(word: number): OverloadStep {
  return OVERLOAD_STEPS[Math.min(loadStep(word), OVERLOAD_STEPS.length - 1)]!;
}

/**
 * Ticks between two snapshots. Where ticks are half as many or fewer the usual interval is no more a second than half the
 * rate is at full pace, and a longer one would leave clients without any for too long.
 */
export function loadIntervalTicks(word: number): number {
  return 2 * loadPacePercent(word) <= 100 ? SNAPSHOT_INTERVAL_TICKS : loadPlan(word).intervalTicks;
}
