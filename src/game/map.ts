// The field: a square with axis-aligned boxes that nobody walks through, made from a seed, and the question "is there
// room for a player here?". Low boxes can be jumped onto, tall ones also block sight (sight.ts). It says too where
// creatures camp. Pure and integer: server, browser and replay make the same map from the same seed.
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

/** Height of a low box: feet at or above it are over it. */
const LOW_TOP_MM = 900;
export const LOW_TOP = LOW_TOP_MM << POSITION_SHIFT;

const BOX_COUNT = 320;
const WALL_TALL_PERCENT = 80;
const BLOCK_TALL_PERCENT = 40;
/** Camps of creatures: the odd ones anywhere, the even ones not too far out, none where players appear. */
const CAMP_COUNT = 18;
const CAMP_FAR_MM = 180_000;
const CAMP_NEAR_MM = 100_000;
const CAMP_CLEAR_MM = SPAWN_HALF_MM + 22_000;
const CAMP_GAP_MM = 30_000;
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
  /** For each box 1 when it is tall, 0 when it is low. */
  readonly tall: Uint8Array;
  /** The tall boxes once more, in mm, and which of them lie in each cell, for sight. */
  readonly tallMm: Int32Array;
  readonly tallStarts: Int32Array;
  readonly tallCells: Int32Array;
  /** x, z of the middle of each camp of creatures. */
  readonly camps: Int32Array;
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
  const tall: number[] = [];
  // Most places are taken only late, so the tries never run out; the bound keeps an unlucky seed from looping.
  for (let tries = 0; tries < BOX_COUNT * 20 && tall.length < BOX_COUNT; tries++) addBox(boxesMm, tall, random);
  const campsMm: number[] = [];
  for (let tries = 0; tries < CAMP_COUNT * 50 && campsMm.length < CAMP_COUNT * 2; tries++) addCamp(campsMm, random);
  return buildFieldMap(boxesMm, WORLD_HALF_MM, tall, campsMm);
}

/** A camp may lie on boxes: its creatures are put beside them. */
function addCamp(campsMm: number[], random: Random): void {
  const reach = campsMm.length % 4 === 0 ? CAMP_NEAR_MM : CAMP_FAR_MM;
  const x = random.below(2 * reach + 1) - reach;
  const z = random.below(2 * reach + 1) - reach;
  if (Math.max(Math.abs(x), Math.abs(z)) < CAMP_CLEAR_MM) return;
  for (let camp = 0; camp < campsMm.length; camp += 2) {
    if (Math.max(Math.abs(campsMm[camp]! - x), Math.abs(campsMm[camp + 1]! - z)) < CAMP_GAP_MM) return;
  }
  campsMm.push(x, z);
}

/** Half of the boxes are walls, long and thin, the others blocks. */
function addBox(boxesMm: number[], tall: number[], random: Random): void {
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
  tall.push(random.below(100) < (isWall ? WALL_TALL_PERCENT : BLOCK_TALL_PERCENT) ? 1 : 0);
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

/**
 * @param boxesMm x0, z0, x1, z1 for each box; they may overlap. The centre of the field must stay free.
 * @param tall 1 for each box that is tall, 0 for a low one; without it all are tall.
 */
export function buildFieldMap(
  boxesMm: ArrayLike<number>,
  worldHalfMm: number,
  tall?: ArrayLike<number>,
  campsMm: ArrayLike<number> = [],
): FieldMap {
  assert(worldHalfMm > PLAYER_RADIUS_MM && worldHalfMm <= 4_000_000, 'the side of a field in units fits 31 bits');
  assert(boxesMm.length % 4 === 0, 'a box is four numbers');
  const half = worldHalfMm << POSITION_SHIFT;
  const boxes = Int32Array.from(boxesMm, (mm) => mm << POSITION_SHIFT);
  const isTall = tall === undefined ? new Uint8Array(boxes.length / 4).fill(1) : Uint8Array.from(tall);
  assert(isTall.length * 4 === boxes.length, 'each box is tall or low');
  const tallMm: number[] = [];
  for (let box = 0; box < boxes.length; box += 4) {
    assert(boxes[box]! < boxes[box + 2]! && boxes[box + 1]! < boxes[box + 3]!, 'a box has a size');
    if (isTall[box >> 2] === 1) for (let edge = 0; edge < 4; edge++) tallMm.push(boxesMm[box + edge]!);
  }
  const cellsPerSide = ((2 * half) >> CELL_SHIFT) + 1;
  const feet = listCells(half, cellsPerSide, boxes, PLAYER_RADIUS);
  const sight = listCells(
    half,
    cellsPerSide,
    Int32Array.from(tallMm, (mm) => mm << POSITION_SHIFT),
    0,
  );
  const map: FieldMap = {
    half,
    boxes,
    cellsPerSide,
    cellStarts: feet.starts,
    cellBoxes: feet.boxes,
    tall: isTall,
    tallMm: Int32Array.from(tallMm),
    tallStarts: sight.starts,
    tallCells: sight.boxes,
    camps: Int32Array.from(campsMm, (mm) => mm << POSITION_SHIFT),
  };
  assert(isFreeSpot(map, 0, 0), 'the centre of the field is free');
  return map;
}

/** Which boxes, made wider by `margin` on all sides, lie in each cell. */
function listCells(
  half: number,
  cellsPerSide: number,
  boxes: Int32Array,
  margin: number,
): { starts: Int32Array; boxes: Int32Array } {
  const cells: number[][] = Array.from({ length: cellsPerSide * cellsPerSide }, () => []);
  for (let box = 0; box < boxes.length; box += 4) {
    const cellX1 = cellOf(half, cellsPerSide, boxes[box + 2]! + margin);
    const cellZ1 = cellOf(half, cellsPerSide, boxes[box + 3]! + margin);
    for (let cellZ = cellOf(half, cellsPerSide, boxes[box + 1]! - margin); cellZ <= cellZ1; cellZ++) {
      for (let cellX = cellOf(half, cellsPerSide, boxes[box]! - margin); cellX <= cellX1; cellX++) {
        cells[cellZ * cellsPerSide + cellX]!.push(box);
      }
    }
  }
  const starts = new Int32Array(cells.length + 1);
  for (const [index, cell] of cells.entries()) starts[index + 1] = starts[index]! + cell.length;
  return { starts, boxes: Int32Array.from(cells.flat()) };
}

/** Row or column of a coordinate's cell; what lies outside counts to the outermost. */
export function cellOf(half: number, cellsPerSide: number, at: number): number {
  if (at <= -half) return 0;
  if (at >= half) return cellsPerSide - 1;
  return (at + half) >> CELL_SHIFT;
}

/**
 * True when a player there is within the field and overlaps no box; touching one is free. For feet that are `overLow`
 * only tall boxes count. Does not allocate.
 */
export function isFreeSpot(map: FieldMap, x: number, z: number, overLow = false): boolean {
  const { boxes, tall, cellsPerSide, cellStarts, cellBoxes } = map;
  const limit = map.half - PLAYER_RADIUS;
  if (x < -limit || x > limit || z < -limit || z > limit) return false;
  const cell = cellOf(map.half, cellsPerSide, z) * cellsPerSide + cellOf(map.half, cellsPerSide, x);
  const end = cellStarts[cell + 1]!;
  for (let index = cellStarts[cell]!; index < end; index++) {
    const box = cellBoxes[index]!;
    if (overLow && tall[box >> 2] === 0) continue;
    if (overlapsBox(boxes, box, x, z)) return false;
  }
  return true;
}

function overlapsBox(boxes: Int32Array, box: number, x: number, z: number): boolean {
  const dx = x - clamp(x, boxes[box]!, boxes[box + 2]!);
  const dz = z - clamp(z, boxes[box + 1]!, boxes[box + 3]!);
  return dx * dx + dz * dz < RADIUS_SQUARED;
}

/** Height of what a player at this spot stands on, if its feet are high enough: a low box, or the ground. */
export function groundAt(map: FieldMap, x: number, z: number): number {
  const { boxes, tall, cellsPerSide, cellStarts, cellBoxes } = map;
  const cell = cellOf(map.half, cellsPerSide, z) * cellsPerSide + cellOf(map.half, cellsPerSide, x);
  const end = cellStarts[cell + 1]!;
  for (let index = cellStarts[cell]!; index < end; index++) {
    const box = cellBoxes[index]!;
    if (tall[box >> 2] === 0 && overlapsBox(boxes, box, x, z)) return LOW_TOP;
  }
  return 0;
}

/**
 * Moves the spot into the field and out of the boxes it overlaps, the short way. False when that leads nowhere in a
 * few pushes, as between two boxes that stand closer than a player is wide. Does not allocate.
 */
export function pushFree(map: FieldMap, spot: Spot, overLow = false): boolean {
  const { tall, cellsPerSide, cellStarts, cellBoxes } = map;
  const limit = map.half - PLAYER_RADIUS;
  for (let pass = 0; pass < PUSH_PASSES; pass++) {
    spot.x = clamp(spot.x, -limit, limit);
    spot.z = clamp(spot.z, -limit, limit);
    const cell = cellOf(map.half, cellsPerSide, spot.z) * cellsPerSide + cellOf(map.half, cellsPerSide, spot.x);
    const end = cellStarts[cell + 1]!;
    let isPushed = false;
    for (let index = cellStarts[cell]!; index < end; index++) {
      const box = cellBoxes[index]!;
      if (overLow && tall[box >> 2] === 0) continue;
      if (pushOutOfBox(map.boxes, box, spot)) isPushed = true;
    }
    if (!isPushed) return true;
  }
  return isFreeSpot(map, spot.x, spot.z, overLow);
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
  const scaled = Math.ceil((Math.abs(offset) * PLAYER_RADIUS) / distance) | 0;
  return offset < 0 ? -scaled : scaled;
}

/** The nearest free spot that a search outwards in squares finds; the centre of the field if there were none. */
export function findFreeSpot(map: FieldMap, spot: Spot, overLow = false): void {
  if (pushFree(map, spot, overLow)) return;
  const { x, z } = spot;
  const step = PLAYER_RADIUS;
  const rings = Math.ceil((2 * map.half) / step);
  for (let ring = 1; ring <= rings; ring++) {
    for (let along = -ring; along < ring; along++) {
      if (takeSpot(map, spot, x + along * step, z - ring * step, overLow)) return;
      if (takeSpot(map, spot, x + ring * step, z + along * step, overLow)) return;
      if (takeSpot(map, spot, x - along * step, z + ring * step, overLow)) return;
      if (takeSpot(map, spot, x - ring * step, z - along * step, overLow)) return;
    }
  }
  spot.x = 0;
  spot.z = 0;
}

function takeSpot(map: FieldMap, spot: Spot, x: number, z: number, overLow: boolean): boolean {
  if (!isFreeSpot(map, x, z, overLow)) return false;
  spot.x = x;
  spot.z = z;
  return true;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
