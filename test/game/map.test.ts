import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  buildFieldMap,
  createFieldMap,
  type FieldMap,
  findFreeSpot,
  isFreeSpot,
  PLAYER_RADIUS,
  pushFree,
  SPAWN_HALF_MM,
  WORLD_HALF_MM,
} from '../../src/game/map.ts';
import { POSITION_SHIFT } from '../../src/sim/game.ts';
import { crowdedMap } from './crowded-map.ts';

/** Room for a player at (x, z), by looking at every box. */
function isFreeNaive({ half, boxes }: FieldMap, x: number, z: number): boolean {
  if (Math.max(Math.abs(x), Math.abs(z)) > half - PLAYER_RADIUS) return false;
  for (let box = 0; box < boxes.length; box += 4) {
    const dx = Math.max(boxes[box]! - x, 0, x - boxes[box + 2]!);
    const dz = Math.max(boxes[box + 1]! - z, 0, z - boxes[box + 3]!);
    if (dx * dx + dz * dz < PLAYER_RADIUS ** 2) return false;
  }
  return true;
}

const inField = fc.integer({ min: -10_100 << POSITION_SHIFT, max: 10_100 << POSITION_SHIFT });

test('room for a player is what looking at every box says, also on boxes that overlap', () => {
  fc.assert(
    fc.property(crowdedMap, fc.array(fc.tuple(inField, inField), { maxLength: 60 }), (map, spots) => {
      for (const [x, z] of spots) expect(isFreeSpot(map, x, z)).toBe(isFreeNaive(map, x, z));
    }),
  );
});

test('pushing free keeps its word; a free spot is always found, and a free one is left alone', () => {
  fc.assert(
    fc.property(crowdedMap, inField, inField, (map, x, z) => {
      const pushed = { x, z };
      expect(pushFree(map, pushed)).toBe(isFreeNaive(map, pushed.x, pushed.z));
      const found = { x, z };
      findFreeSpot(map, found);
      expect(isFreeNaive(map, found.x, found.z)).toBe(true);
      if (isFreeNaive(map, x, z)) expect(found).toEqual({ x, z });
    }),
    { numRuns: 300 },
  );
});

test('the shipped field: many boxes, the same for a seed, free where players appear, passages between all', () => {
  for (const seed of [1, 2, 3, 0xffff_ffff]) {
    const map = createFieldMap(seed);
    const { boxes } = map;
    expect(createFieldMap(seed)).toEqual(map);
    expect(boxes.length / 4).toBeGreaterThanOrEqual(250);
    for (let box = 0; box < boxes.length; box += 4) {
      const [x0, z0, x1, z1] = boxes.subarray(box, box + 4) as unknown as [number, number, number, number];
      expect(Math.max(-x0, -z0, x1, z1)).toBeLessThanOrEqual(WORLD_HALF_MM << POSITION_SHIFT);
      for (let other = 0; other < box; other += 4) {
        const dx = Math.max(boxes[other]! - x1, x0 - boxes[other + 2]!);
        const dz = Math.max(boxes[other + 1]! - z1, z0 - boxes[other + 3]!);
        if (Math.max(dx, dz) < 4 * PLAYER_RADIUS) throw new Error(`boxes ${other} and ${box} are too near`);
      }
    }
    for (let mm = -SPAWN_HALF_MM; mm <= SPAWN_HALF_MM; mm += 3000) {
      expect(isFreeSpot(map, mm << POSITION_SHIFT, -mm << POSITION_SHIFT)).toBe(true);
      expect(isFreeSpot(map, mm << POSITION_SHIFT, 0)).toBe(true);
    }
  }
  expect(createFieldMap(1).boxes).not.toEqual(createFieldMap(2).boxes);
});

test('a map that makes no sense is refused', () => {
  expect(() => buildFieldMap([-1000, -1000, 1000, 1000], 9000)).toThrow('centre');
  expect(() => buildFieldMap([5000, 5000, 5000, 6000], 9000)).toThrow('a box has a size');
  expect(() => buildFieldMap([1, 2, 3], 9000)).toThrow('four numbers');
  expect(() => buildFieldMap([], 5_000_000)).toThrow('31 bits');
});
