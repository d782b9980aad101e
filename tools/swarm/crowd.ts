// What the bots of one process know of who is where, for those that read only their own entity. Each notes itself, as
// the server says it; bots that read all note creatures and other players they see. So a light bot fights whom it
// would see, by places that are as old as a snapshot; those of creatures are up to a fifth of a second old. Who was not
// noted for a while is gone. Bots process; pure.

import { FIGHTER_LAST, PLAYER } from '../../src/game/kinds.ts';
import type { Seen } from './fighter.ts';

/** Further away is nobody whom a bot goes for (fighter.ts): cells of that size, and those around, hold all. */
const CELL_MM = 32_000;
/** Cells in a row: worlds are far smaller than that. */
const CELLS = 4096;
const SORT_MS = 250;
const GONE_MS = 1_000;

export interface Sighting extends Seen {
  kind: number;
  name: string;
  x: number;
  z: number;
  health: number;
  party: number;
  isShielded: boolean;
  notedMs: number;
  /** It is one of the bots here that note themselves: their own word counts. */
  isOwn: boolean;
}

export interface Crowd {
  readonly byHandle: Map<number, Sighting>;
  /** Sorted a few times a second: from then on in which cell each is. */
  readonly cells: Map<number, Sighting[]>;
  sortedMs: number;
  nowMs: number;
  /** Whether there are light bots to tell. */
  readonly isHeard: boolean;
  /** What `sightingsNear` found; until the next call. */
  readonly near: Sighting[];
}

export function createCrowd(isHeard: boolean): Crowd {
  return { byHandle: new Map(), cells: new Map(), sortedMs: Number.NEGATIVE_INFINITY, nowMs: 0, isHeard, near: [] };
}

/** Where to note what is known of it; the caller fills it in. */
export function sightingOf(crowd: Crowd, handle: number): Sighting {
  let sighting = crowd.byHandle.get(handle);
  if (sighting === undefined) {
    sighting = {
      handle,
      kind: PLAYER,
      name: '',
      x: 0,
      z: 0,
      health: 0,
      party: 0,
      isShielded: false,
      notedMs: crowd.nowMs,
      isOwn: false,
    };
    crowd.byHandle.set(handle, sighting);
  }
  return sighting;
}

/** A bot that reads all tells of those in its sight. */
export function noteSeen(crowd: Crowd, seen: Seen): void {
  if (seen.kind > FIGHTER_LAST) return;
  const sighting = sightingOf(crowd, seen.handle);
  if (sighting.isOwn) return;
  const { kind, name, x, z, health, party, isShielded } = seen;
  Object.assign(sighting, { kind, name, x, z, health, party, isShielded, notedMs: crowd.nowMs });
}

/** Time passes: forgets who is gone, and sorts the others. */
export function updateCrowd(crowd: Crowd, nowMs: number): void {
  crowd.nowMs = nowMs;
  if (nowMs - crowd.sortedMs < SORT_MS) return;
  crowd.sortedMs = nowMs;
  for (const cell of crowd.cells.values()) cell.length = 0;
  for (const [handle, sighting] of crowd.byHandle) {
    if (isGone(crowd, sighting)) {
      crowd.byHandle.delete(handle);
      continue;
    }
    const key = cellAt(sighting.x) * CELLS + cellAt(sighting.z);
    const cell = crowd.cells.get(key);
    if (cell === undefined) crowd.cells.set(key, [sighting]);
    else cell.push(sighting);
  }
}

function isGone({ nowMs }: Crowd, { notedMs }: Sighting): boolean {
  return nowMs - notedMs > GONE_MS;
}

function cellAt(mm: number): number {
  return Math.floor(mm / CELL_MM) + CELLS / 2;
}

/** All but `handle` that may be within a bot's reach of a place, as they were sorted last. */
export function sightingsNear(crowd: Crowd, handle: number, x: number, z: number): readonly Sighting[] {
  const { near, cells } = crowd;
  near.length = 0;
  for (let cellX = cellAt(x) - 1; cellX <= cellAt(x) + 1; cellX++) {
    for (let cellZ = cellAt(z) - 1; cellZ <= cellAt(z) + 1; cellZ++) {
      const cell = cells.get(cellX * CELLS + cellZ);
      if (cell === undefined) continue;
      for (const sighting of cell) if (sighting.handle !== handle) near.push(sighting);
    }
  }
  return near;
}

export function findSighting(crowd: Crowd, handle: number): Sighting | undefined {
  const sighting = crowd.byHandle.get(handle);
  return sighting === undefined || isGone(crowd, sighting) ? undefined : sighting;
}
