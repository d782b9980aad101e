// The field: a square with axis-aligned boxes that nobody walks through, made from a seed, and the question "is there
// room for a player here?". Pure and integer: server, browser and replay make the same map from the same seed.
// Lengths are in position units, 1/128 mm, unless a name says mm.
//
// A uniform grid of 8.192 m cells lists for each cell the boxes that a player whose centre is in it could touch, so
// the answer takes one cell, mostly an empty one:  cellBoxes[cellStarts[cell] … cellStarts[cell + 1]) → boxes[…]

import { assert } from '../base/assert.ts';
import { createRandom, type Random } from '../base/random.ts';
import { POSITION_SHIFT, vectorLength } from '../sim/game.ts';

export const WORLD_HALF_MM = 200_000;
export const PLAYER_RADIUS_MM = 400;
export const PLAYER_RADIUS = PLAYER_RADIUS_MM << POSITION_SHIFT;
/** New players appear within ± this of the centre; no box comes nearer than `SPAWN_CLEAR_MM`. */
export const SPAWN_HALF_MM = 30_000;
const SPAWN_CLEAR_MM = SPAWN_HALF_MM + 4_000;

const BOX_COUNT = 320;
/** Boxes are at least this far from each other: two players pass between any two. */
const BOX_GAP_MM = 2_000;
const BOX_RASTER_MM = 250;
/** 2²⁰ units = 8,192 mm. */
const CELL_SHIFT = 20;
/** A spot between two boxes may need a push by each; whoever needs more is refused the spot. */
const PUSH_PASSES = 4;
const RADIUS_SQUARED = PLAYER_RADIUS * PLAYER_RADIUS;

export interface FieldMap {
  /** Half the side of the field. Cells are counted from the corner at −half, −half. */
  readonly half: number;
  /** x0, z0, x1, z1 for each box. */
  readonly boxes: Int32Array;
  readonly cellsPerSide: number;
  readonly cellStarts: Int32Array;
  /** Index of a box's x0 in `boxes`. */
  readonly cellBoxes: Int32Array;
}

/** A player's centre: the scratch object that the functions here work on. */
export interface Spot {
  x: number;
  z: number;
}

/** The field of a zone. The same boxes for the same seed. */
export function createFieldMap(seed: number): FieldMap {
  const random = createRandom(seed);
  const boxesMm: number[] = [];
  // Most places are taken only late, so the tries never run out; the bound keeps an unlucky seed from looping.
  for (let tries = 0; tries < BOX_COUNT * 20 && boxesMm.length < BOX_COUNT * 4; tries++) addBox(boxesMm, random);
  return buildFieldMap(boxesMm, WORLD_HALF_MM);
}

/** Half of the boxes are walls, long and thin, the others blocks. */
function addBox(boxesMm: number[], random: Random): void {
  const isWall = random.below(2) === 0;
  const long = (isWall ? 16 : 6) + random.below(isWall ? 40 : 22);
  const short = (isWall ? 4 : 6) + random.below(isWall ? 2 : 22);
  const alongX = random.below(2) === 0;
  const width = (alongX ? long : short) * BOX_RASTER_MM;
  const depth = (alongX ? short : long) * BOX_RASTER_MM;
  const x0 = randomEdge(random, width);
  const z0 = randomEdge(random, depth);
  const clear = SPAWN_CLEAR_MM;
  if (overlaps(x0, z0, x0 + width, z0 + depth, -clear, -clear, clear, clear)) return;
  for (let box = 0; box < boxesMm.length; box += 4) {
    const [otherX0, otherZ0, otherX1, otherZ1] = boxesMm.slice(box, box + 4) as [number, number, number, number];
    const isNear = overlaps(
      x0 - BOX_GAP_MM,
      z0 - BOX_GAP_MM,
      x0 + width + BOX_GAP_MM,
      z0 + depth + BOX_GAP_MM,
      otherX0,
      otherZ0,
      otherX1,
      otherZ1,
    );
    if (isNear) return;
  }
  boxesMm.push(x0, z0, x0 + width, z0 + depth);
}

/** Where a box of this size begins: within the field, and a passage away from its edge. */
function randomEdge(random: Random, sizeMm: number): number {
  const room = 2 * (WORLD_HALF_MM - BOX_GAP_MM) - sizeMm;
  return random.below(Math.floor(room / BOX_RASTER_MM) + 1) * BOX_RASTER_MM - (WORLD_HALF_MM - BOX_GAP_MM);
}

function overlaps(
  aX0: number,
  aZ0: number,
  aX1: number,
  aZ1: number,
  bX0: number,
  bZ0: number,
  bX1: number,
  bZ1: number,
): boolean {
  return aX0 < bX1 && bX0 < aX1 && aZ0 < bZ1 && bZ0 < aZ1;
}

/** @param boxesMm x0, z0, x1, z1 for each box; they may overlap. The centre of the field must stay free. */
export function buildFieldMap(boxesMm: ArrayLike<number>, worldHalfMm: number): FieldMap {
  assert(worldHalfMm > PLAYER_RADIUS_MM && worldHalfMm <= 4_000_000, 'the side of a field in units fits 31 bits');
  assert(boxesMm.length % 4 === 0, 'a box is four numbers');
  const half = worldHalfMm << POSITION_SHIFT;
  const boxes = Int32Array.from(boxesMm, (mm) => mm << POSITION_SHIFT);
  const cellsPerSide = ((2 * half) >> CELL_SHIFT) + 1;
  const cells: number[][] = Array.from({ length: cellsPerSide * cellsPerSide }, () => []);
  for (let box = 0; box < boxes.length; box += 4) {
    assert(boxes[box]! < boxes[box + 2]! && boxes[box + 1]! < boxes[box + 3]!, 'a box has a size');
    const cellX1 = cellOf(half, cellsPerSide, boxes[box + 2]! + PLAYER_RADIUS);
    const cellZ1 = cellOf(half, cellsPerSide, boxes[box + 3]! + PLAYER_RADIUS);
    for (let cellZ = cellOf(half, cellsPerSide, boxes[box + 1]! - PLAYER_RADIUS); cellZ <= cellZ1; cellZ++) {
      for (let cellX = cellOf(half, cellsPerSide, boxes[box]! - PLAYER_RADIUS); cellX <= cellX1; cellX++) {
        cells[cellZ * cellsPerSide + cellX]!.push(box);
      }
    }
  }
  const cellStarts = new Int32Array(cells.length + 1);
  for (const [index, cell] of cells.entries()) cellStarts[index + 1] = cellStarts[index]! + cell.length;
  const map = { half, boxes, cellsPerSide, cellStarts, cellBoxes: Int32Array.from(cells.flat()) };
  assert(isFreeSpot(map, 0, 0), 'the centre of the field is free');
  return map;
}

/** Row or column of a coordinate's cell; what lies outside counts to the outermost. */
function cellOf(half: number, cellsPerSide: number, at: number): number {
  if (at <= -half) return 0;
  if (at >= half) return cellsPerSide - 1;
  return (at + half) >> CELL_SHIFT;
}

/** True when a player there is within the field and overlaps no box; touching one is free. Does not allocate. */
export function isFreeSpot(map: FieldMap, x: number, z: number): boolean {
  const { boxes, cellsPerSide, cellStarts, cellBoxes } = map;
  const limit = map.half - PLAYER_RADIUS;
  if (x < -limit || x > limit || z < -limit || z > limit) return false;
  const cell = cellOf(map.half, cellsPerSide, z) * cellsPerSide + cellOf(map.half, cellsPerSide, x);
  const end = cellStarts[cell + 1]!;
  for (let index = cellStarts[cell]!; index < end; index++) {
    const box = cellBoxes[index]!;
    const dx = x - clamp(x, boxes[box]!, boxes[box + 2]!);
    const dz = z - clamp(z, boxes[box + 1]!, boxes[box + 3]!);
    if (dx * dx + dz * dz < RADIUS_SQUARED) return false;
  }
  return true;
}

/**
 * Moves the spot into the field and out of the boxes it overlaps, the short way. False when that leads nowhere in a
 * few pushes, as between two boxes that stand closer than a player is wide. Does not allocate.
 */
export function pushFree(map: FieldMap, spot: Spot): boolean {
  const { cellsPerSide, cellStarts, cellBoxes } = map;
  const limit = map.half - PLAYER_RADIUS;
  for (let pass = 0; pass < PUSH_PASSES; pass++) {
    spot.x = clamp(spot.x, -limit, limit);
    spot.z = clamp(spot.z, -limit, limit);
    const cell = cellOf(map.half, cellsPerSide, spot.z) * cellsPerSide + cellOf(map.half, cellsPerSide, spot.x);
    const end = cellStarts[cell + 1]!;
    let isPushed = false;
    for (let index = cellStarts[cell]!; index < end; index++) {
      if (pushOutOfBox(map.boxes, cellBoxes[index]!, spot)) isPushed = true;
    }
    if (!isPushed) return true;
  }
  return isFreeSpot(map, spot.x, spot.z);
}

/** Moves the spot to where it just touches the box; false when it didn't overlap it. */
function pushOutOfBox(boxes: Int32Array, box: number, spot: Spot): boolean {
  const { x, z } = spot;
  const x0 = boxes[box]!;
  const z0 = boxes[box + 1]!;
  const x1 = boxes[box + 2]!;
  const z1 = boxes[box + 3]!;
  const nearX = clamp(x, x0, x1);
  const nearZ = clamp(z, z0, z1);
  const dx = x - nearX;
  const dz = z - nearZ;
  const distanceSquared = dx * dx + dz * dz;
  if (distanceSquared >= RADIUS_SQUARED) return false;
  if (distanceSquared === 0) {
    // The centre itself is inside: through the nearest side.
    const outX = x - x0 < x1 - x ? x0 - PLAYER_RADIUS : x1 + PLAYER_RADIUS;
    const outZ = z - z0 < z1 - z ? z0 - PLAYER_RADIUS : z1 + PLAYER_RADIUS;
    if (Math.abs(outX - x) <= Math.abs(outZ - z)) spot.x = outX;
    else spot.z = outZ;
  } else if (dz === 0) {
    spot.x = dx > 0 ? x1 + PLAYER_RADIUS : x0 - PLAYER_RADIUS;
  } else if (dx === 0) {
    spot.z = dz > 0 ? z1 + PLAYER_RADIUS : z0 - PLAYER_RADIUS;
  } else {
    // At a corner: a distance rounded down and a push rounded up never leave it a unit too near.
    const distance = vectorLength(dx, dz);
    spot.x = nearX + scaleUp(dx, distance);
    spot.z = nearZ + scaleUp(dz, distance);
  }
  return true;
}

/** `offset · PLAYER_RADIUS / distance`, rounded away from zero. */
function scaleUp(offset: number, distance: number): number {
  const scaled = Math.ceil((Math.abs(offset) * PLAYER_RADIUS) / distance);
  return offset < 0 ? -scaled : scaled;
}

/** The nearest free spot that a search outwards in squares finds; the centre of the field if there were none. */
export function findFreeSpot(map: FieldMap, spot: Spot): void {
  if (pushFree(map, spot)) return;
  const { x, z } = spot;
  const step = PLAYER_RADIUS;
  const rings = Math.ceil((2 * map.half) / step);
  for (let ring = 1; ring <= rings; ring++) {
    for (let along = -ring; along < ring; along++) {
      if (takeSpot(map, spot, x + along * step, z - ring * step)) return;
      if (takeSpot(map, spot, x + ring * step, z + along * step)) return;
      if (takeSpot(map, spot, x - along * step, z + ring * step)) return;
      if (takeSpot(map, spot, x - ring * step, z - along * step)) return;
    }
  }
  spot.x = 0;
  spot.z = 0;
}

function takeSpot(map: FieldMap, spot: Spot, x: number, z: number): boolean {
  if (!isFreeSpot(map, x, z)) return false;
  spot.x = x;
  spot.z = z;
  return true;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
