// Whether a tall box stands between two points: for what clients are sent, for abilities and for projectiles. Exact in
// whole millimetres and the same both ways round; touching a box doesn't block. Edge threads and zone; does not allocate.
//
// It walks the map's cells row by row along the segment, a millimetre wide of it on both sides, and tests each tall box
// listed there: which boxes are tested may vary with rounding, what a test says doesn't.

import { POSITION_SHIFT } from '../sim/game.ts';
import type { FieldMap } from './map.ts';

/** Side of a cell: the map's 2²⁰ units, in mm two to the power of this. */
const CELL_SHIFT = 20 - POSITION_SHIFT;

/** Points in whole mm, anywhere within 1,000 km. */
export function blocksSight(map: FieldMap, fromX: number, fromZ: number, toX: number, toZ: number): boolean {
  return fromZ <= toZ ? isCrossed(map, fromX, fromZ, toX, toZ) : isCrossed(map, toX, toZ, fromX, fromZ);
}

/** The same for positions in 1/128 mm. */
export function blocksWay(map: FieldMap, fromX: number, fromZ: number, toX: number, toZ: number): boolean {
  const shift = POSITION_SHIFT;
  return blocksSight(map, fromX >> shift, fromZ >> shift, toX >> shift, toZ >> shift);
}

/** With z0 ≤ z1. */
function isCrossed(map: FieldMap, x0: number, z0: number, x1: number, z1: number): boolean {
  const { cellsPerSide, tallStarts } = map;
  const halfMm = map.half >> POSITION_SHIFT;
  const dx = x1 - x0;
  const dz = z1 - z0;
  const slope = dx / dz;
  const lastRow = rowOf(halfMm, cellsPerSide, z1);
  let atX = x0;
  for (let row = rowOf(halfMm, cellsPerSide, z0); row <= lastRow; row++) {
    const endZ = ((row + 1) << CELL_SHIFT) - halfMm;
    const nextX = row === lastRow ? x1 : (x0 + slope * (endZ - z0)) | 0;
    const firstCell = row * cellsPerSide + rowOf(halfMm, cellsPerSide, Math.min(atX, nextX) - 1);
    const lastCell = row * cellsPerSide + rowOf(halfMm, cellsPerSide, Math.max(atX, nextX) + 1);
    // The lists of neighbouring cells lie behind each other.
    const end = tallStarts[lastCell + 1]!;
    for (let index = tallStarts[firstCell]!; index < end; index++) {
      if (crossesBox(map.tallMm, map.tallCells[index]!, x0, z0, x1, z1, dx, dz)) return true;
    }
    atX = nextX;
  }
  return false;
}

/** Row or column of cells; what lies outside counts to the outermost. */
function rowOf(halfMm: number, cellsPerSide: number, atMm: number): number {
  const row = (atMm + halfMm) >> CELL_SHIFT;
  return row < 0 ? 0 : row >= cellsPerSide ? cellsPerSide - 1 : row;
}

/**
 * Whether the segment has a point inside the box: their extents overlap, and the box has corners on both sides of the
 * segment's line.
 */
function crossesBox(
  boxes: Int32Array,
  box: number,
  x0: number,
  z0: number,
  x1: number,
  z1: number,
  dx: number,
  dz: number,
): boolean {
  const left = boxes[box]!;
  const near = boxes[box + 1]!;
  const right = boxes[box + 2]!;
  const far = boxes[box + 3]!;
  if (z1 <= near || z0 >= far) return false;
  if (dx >= 0 ? x1 <= left || x0 >= right : x0 <= left || x1 >= right) return false;
  // dz is not negative: these two corners lie farthest to both sides of the line.
  const toLeft = dz * (left - x0);
  const toRight = dz * (right - x0);
  const most = dx * ((dx >= 0 ? far : near) - z0) - toLeft;
  const least = dx * ((dx >= 0 ? near : far) - z0) - toRight;
  return most > 0 && least < 0;
}
