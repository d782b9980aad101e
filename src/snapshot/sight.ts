// Who can see whom past what the map puts in between. Edge threads; one an edge, shared by its clients. A pair is
// looked at 5 times a second at most and remembered, the same both ways round; once seen, it is lost only when two looks
// in a row find it blocked, so that a corner does not flicker.

import { SIGHT_INTERVAL_TICKS } from '../base/limits.ts';

/** Pairs remembered; a power of two. A pair that finds its place taken is looked at anew. */
const PAIRS = 1 << 17;
/** Looks that found it blocked: none, one (still seen), two (hidden). */
const HIDDEN = 2;

export interface Sight {
  /** The game's own test, in mm. */
  readonly isBlocked: (fromX: number, fromZ: number, toX: number, toZ: number) => boolean;
  /** Four words a pair, so that one look-up reads one cache line: slots, generations, tick of the look, blocked looks. */
  readonly pairs: Int32Array;
  /** Looks so far, for the counters. */
  looks: number;
}

export function createSight(isBlocked: Sight['isBlocked']): Sight {
  return {
    isBlocked,
    pairs: new Int32Array(PAIRS * 4).fill(-1),
    looks: 0,
  };
}

/** For a new epoch, in which ticks may come again. */
export function resetSight(sight: Sight): void {
  sight.pairs.fill(-1);
}

/** Whether two entities at these places (mm) see each other at `tick`. Does not allocate. */
export function isInSight(
  sight: Sight,
  tick: number,
  slotA: number,
  generationA: number,
  xA: number,
  zA: number,
  slotB: number,
  generationB: number,
  xB: number,
  zB: number,
): boolean {
  const isOrdered = slotA < slotB;
  const pair = isOrdered ? (slotA << 16) | slotB : (slotB << 16) | slotA;
  const generations = isOrdered ? (generationA << 16) | generationB : (generationB << 16) | generationA;
  const at = ((Math.imul(pair, 0x9e37_79b1) >>> 15) & (PAIRS - 1)) << 2;
  const { pairs } = sight;
  const isKnown = pairs[at] === pair && pairs[at + 1] === generations;
  const age = tick - pairs[at + 2]!;
  if (isKnown && age < SIGHT_INTERVAL_TICKS) return pairs[at + 3]! < HIDDEN;
  sight.looks++;
  const blocked = isOrdered ? sight.isBlocked(xA, zA, xB, zB) : sight.isBlocked(xB, zB, xA, zA);
  // What was seen a moment ago stays seen for one more look; what was not is hidden at once.
  const wasSeen = isKnown && age <= 2 * SIGHT_INTERVAL_TICKS && pairs[at + 3] === 0;
  pairs[at] = pair;
  pairs[at + 1] = generations;
  pairs[at + 2] = tick;
  pairs[at + 3] = blocked ? (wasSeen ? 1 : HIDDEN) : 0;
  return pairs[at + 3]! < HIDDEN;
}
