// Whether a viewer sees somebody past what the map puts in between. Edge threads; one an edge, shared by its clients.
// Who is seen is looked at 5 times a second and lost only when two looks in a row find the way blocked, so that a corner
// does not flicker; who is hidden is looked at each time, so that nobody who steps out appears late. What a look found
// is remembered in the viewer, beside the rest that it knows of the entity: nothing else of its is further away.

import { SIGHT_INTERVAL_TICKS } from '../base/limits.ts';
import { SEEN, type Viewer } from './viewer.ts';

export interface Sight {
  /** The game's own test, in mm; the same both ways round. */
  readonly isBlocked: (fromX: number, fromZ: number, toX: number, toZ: number) => boolean;
  /** Looks so far, for the bench. */
  looks: number;
}

export function createSight(isBlocked: Sight['isBlocked']): Sight {
  return { isBlocked, looks: 0 };
}

/** Whether the viewer, from the first place (mm), sees the entity at the second at `tick`. Does not allocate. */
export function isInSight(
  sight: Sight,
  viewer: Viewer,
  tick: number,
  fromX: number,
  fromZ: number,
  slot: number,
  generation: number,
  x: number,
  z: number,
): boolean {
  const index = viewer.indexOf[slot]! - 1;
  const isSeen = index >= 0 && viewer.states[index] === SEEN && viewer.generations[index] === generation;
  if (isSeen && tick - viewer.lookTicks[index]! < SIGHT_INTERVAL_TICKS) return true;
  sight.looks++;
  const isBlocked = sight.isBlocked(fromX, fromZ, x, z);
  if (!isSeen) return !isBlocked;
  viewer.lookTicks[index] = tick;
  const wasBlocked = viewer.blocked[index] !== 0;
  viewer.blocked[index] = Number(isBlocked);
  return !(isBlocked && wasBlocked);
}
