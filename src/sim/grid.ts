// The interest grid: which entities are near a point, from one frame of history. Edge threads; rebuilt for each frame
// that is sent, in two passes (count, place). Cells are hashed into a fixed number of buckets, so that a world of
// 20 km costs no more than its entities; a bucket may hold entities of several cells, so callers check distances.
// Method: uniform grid in a hash table with counting sort (Teschner et al. 2003, "Optimized Spatial Hashing").

import { CHANGED_TICK, frameOffset, frameSlotCount, GENERATION, type History, KIND, ROWS } from './history.ts';

/** Entities that appeared lately are remembered, so many; a power of two. */
export const ARRIVALS = 1024;
/** Who is so much further between two frames did not walk there: it is gone and has appeared. */
export const MOVED_MM = 4_000;

export interface Grid {
  readonly cellMm: number;
  readonly bucketMask: number;
  /** Entities of bucket b are `slots[starts[b] … starts[b + 1])`. */
  readonly starts: Int32Array;
  readonly slots: Int32Array;
  /** Positions beside `slots`, so that a query reads memory in a row. */
  readonly x: Int32Array;
  readonly z: Int32Array;
  readonly buckets: Int32Array;
  /** By slot: its generation, 0 = nobody is there, and when it changed. Records lie far apart, these together. */
  readonly generations: Int32Array;
  readonly changedTicks: Int32Array;
  /** Slots of entities that were not there in the frame built before, or far away; a ring, and how many there have been. */
  readonly arrivals: Int32Array;
  arrivalCount: number;
  /** By slot: where it was in that frame, in mm. */
  readonly lastX: Int32Array;
  readonly lastZ: Int32Array;
  readonly rowX: number;
  readonly rowZ: number;
}

/** @param cellMm at least the radius of any query: a query reads 3 × 3 cells. */
export function createGrid(history: History, cellMm: number): Grid {
  const { capacity, rows } = history;
  let bucketCount = 64;
  while (bucketCount < capacity) bucketCount *= 2;
  return {
    cellMm,
    bucketMask: bucketCount - 1,
    starts: new Int32Array(bucketCount + 1),
    slots: new Int32Array(capacity),
    x: new Int32Array(capacity),
    z: new Int32Array(capacity),
    buckets: new Int32Array(capacity),
    generations: new Int32Array(capacity),
    changedTicks: new Int32Array(capacity),
    arrivals: new Int32Array(ARRIVALS),
    arrivalCount: 0,
    lastX: new Int32Array(capacity),
    lastZ: new Int32Array(capacity),
    rowX: ROWS + rows.findIndex((row) => row.name === 'position_x'),
    rowZ: ROWS + rows.findIndex((row) => row.name === 'position_z'),
  };
}

export function bucketOf(grid: Grid, cellX: number, cellZ: number): number {
  return (Math.imul(cellX, 73856093) ^ Math.imul(cellZ, 19349663)) & grid.bucketMask;
}

/** Does not allocate. */
export function buildGrid(grid: Grid, history: History, tick: number): void {
  const { starts, slots, buckets, generations, changedTicks, lastX, lastZ, x, z, rowX, rowZ, cellMm } = grid;
  const { records, stride } = history;
  const offset = frameOffset(history, tick);
  const count = frameSlotCount(history, tick);
  starts.fill(0);
  generations.fill(0, count);
  for (let slot = 0, at = offset; slot < count; slot++, at += stride) {
    if (records[at + KIND] === 0) {
      buckets[slot] = -1;
      generations[slot] = 0;
      continue;
    }
    const generation = records[at + GENERATION]!;
    const placeX = records[at + rowX]!;
    const placeZ = records[at + rowZ]!;
    const movedMm = Math.max(Math.abs(placeX - lastX[slot]!), Math.abs(placeZ - lastZ[slot]!));
    if (generations[slot] !== generation || movedMm > MOVED_MM) {
      grid.arrivals[grid.arrivalCount++ & (ARRIVALS - 1)] = slot;
    }
    lastX[slot] = placeX;
    lastZ[slot] = placeZ;
    generations[slot] = generation;
    changedTicks[slot] = records[at + CHANGED_TICK]!;
    const bucket = bucketOf(grid, Math.floor(placeX / cellMm), Math.floor(placeZ / cellMm));
    buckets[slot] = bucket;
    starts[bucket + 1]!++;
  }
  for (let bucket = 0; bucket <= grid.bucketMask; bucket++) starts[bucket + 1]! += starts[bucket]!;
  // Placing moves each start to the end of its bucket; shifting them back by one restores the table.
  for (let slot = 0; slot < count; slot++) {
    const bucket = buckets[slot]!;
    if (bucket < 0) continue;
    const place = starts[bucket]!++;
    slots[place] = slot;
    x[place] = lastX[slot]!;
    z[place] = lastZ[slot]!;
  }
  starts.copyWithin(1, 0, grid.bucketMask + 1);
  starts[0] = 0;
}
