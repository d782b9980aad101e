// Whether a viewer sees somebody past what the map puts in between. Edge threads; one an edge, shared by its clients.
// Who is seen is lost only when two looks in a row find the way blocked, so that a corner does not flicker. What a look
// found is remembered in the viewer, beside the rest that it knows of the entity.

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

/** Whether something hides one place (mm) from the other. */
export function isHidden(sight: Sight, fromX: number, fromZ: number, x: number, z: number): boolean {
  sight.looks++;
  return sight.isBlocked(fromX, fromZ, x, z);
}

/** Looks from the first place (mm) at an entity at the second: whether the viewer sees it. Does not allocate. */
export function isInSight(
  sight: Sight,
  viewer: Viewer,
  fromX: number,
  fromZ: number,
  slot: number,
  generation: number,
  x: number,
  z: number,
): boolean {
  const isBlocked = isHidden(sight, fromX, fromZ, x, z);
  const index = viewer.indexOf[slot]! - 1;
  if (index < 0 || viewer.states[index] !== SEEN || viewer.generations[index] !== generation) return !isBlocked;
  const wasBlocked = viewer.blocked[index] === 1;
  viewer.blocked[index] = Number(isBlocked);
  return !(isBlocked && wasBlocked);
}
