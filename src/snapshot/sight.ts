// Whether a viewer sees somebody past what the map puts in between. Edge threads; one an edge, shared by its clients.
// Who is seen is lost only when two looks in a row find the way blocked, so that a corner does not flicker. What a look
// found is remembered in the viewer, beside the rest that it knows of the entity.

import { ENTRY_WORDS, GENERATION, HIDDEN, LOOK, SEEN, STATE, type Viewer } from './viewer.ts';

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

/**
 * Looks from the first place (mm) at an entity at the second: whether the viewer sees it. Does not allocate.
 * @param index its entry in the viewer, −1 where it has none
 */
export function isInSight(
  sight: Sight,
  { entries }: Viewer,
  index: number,
  generation: number,
  fromX: number,
  fromZ: number,
  x: number,
  z: number,
): boolean {
  const isBlocked = isHidden(sight, fromX, fromZ, x, z);
  if (index < 0) return !isBlocked;
  const at = index * ENTRY_WORDS;
  if (entries[at + STATE] !== SEEN || entries[at + GENERATION] !== generation) return !isBlocked;
  const look = entries[at + LOOK]!;
  entries[at + LOOK] = isBlocked ? look | HIDDEN : look & ~HIDDEN;
  return !(isBlocked && (look & HIDDEN) !== 0);
}
