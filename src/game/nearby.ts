// Who is near a point: an index of all living fighters by cells of the map, made anew each tick after everyone has
// moved, and the one query that the rules ask. Derived from the columns, so no part of the state. Zone thread.
// One for the process: whoever asks has had it built for its own zone in the same tick. A query's answer lies in
// `found` until the next query. Does not allocate, but when a larger map comes.

import { assert } from '../base/assert.ts';
import { ENTITIES_MAX } from '../base/limits.ts';
import type { DarkAges } from './columns.ts';
import { FIGHTER_LAST } from './kinds.ts';
import { cellOf } from './map.ts';

const cells = new Int32Array(ENTITIES_MAX);
const slots = new Int32Array(ENTITIES_MAX);
const placeX = new Int32Array(ENTITIES_MAX);
const placeZ = new Int32Array(ENTITIES_MAX);
/** Fighters of cell c are `slots[starts[c] … starts[c + 1])`. */
let starts = new Int32Array(1);

/** Slots that the last query found: by rows of cells, then by cells, then by number. */
export const found = new Int32Array(ENTITIES_MAX);

/** Counting sort in two passes. */
export function indexFighters({ columns, map, slotCount }: DarkAges): void {
  const { kind, health, positionX, positionZ } = columns;
  const { half, cellsPerSide } = map;
  const cellCount = cellsPerSide * cellsPerSide;
  assert(slotCount <= ENTITIES_MAX, 'a zone holds no more entities than the index');
  if (starts.length < cellCount + 1) starts = new Int32Array(cellCount + 1);
  starts.fill(0, 0, cellCount + 1);
  for (let slot = 0; slot < slotCount; slot++) {
    if (kind[slot] === 0 || kind[slot]! > FIGHTER_LAST || health[slot] === 0) {
      cells[slot] = -1;
      continue;
    }
    const cell =
      cellOf(half, cellsPerSide, positionZ[slot]!) * cellsPerSide + cellOf(half, cellsPerSide, positionX[slot]!);
    cells[slot] = cell;
    starts[cell + 1]!++;
  }
  for (let cell = 0; cell < cellCount; cell++) starts[cell + 1]! += starts[cell]!;
  // Placing moves each start to the end of its cell; shifting them back by one restores the table.
  for (let slot = 0; slot < slotCount; slot++) {
    const cell = cells[slot]!;
    if (cell < 0) continue;
    const place = starts[cell]!++;
    slots[place] = slot;
    placeX[place] = positionX[slot]!;
    placeZ[place] = positionZ[slot]!;
  }
  starts.copyWithin(1, 0, cellCount);
  starts[0] = 0;
}

/** How many fighters lie within `radius` of the point; who, is in `found`. They were alive when the tick began. */
export function findNear({ map }: DarkAges, x: number, z: number, radius: number): number {
  const { half, cellsPerSide } = map;
  const firstX = cellOf(half, cellsPerSide, x - radius);
  const lastX = cellOf(half, cellsPerSide, x + radius);
  const lastZ = cellOf(half, cellsPerSide, z + radius);
  const reach = radius * radius;
  let count = 0;
  for (let row = cellOf(half, cellsPerSide, z - radius); row <= lastZ; row++) {
    const end = starts[row * cellsPerSide + lastX + 1]!;
    for (let place = starts[row * cellsPerSide + firstX]!; place < end; place++) {
      const dx = placeX[place]! - x;
      const dz = placeZ[place]! - z;
      if (dx * dx + dz * dz <= reach) found[count++] = slots[place]!;
    }
  }
  return count;
}
