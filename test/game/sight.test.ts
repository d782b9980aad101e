import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildFieldMap, createFieldMap, type FieldMap } from '../../src/game/map.ts';
import { blocksSight, blocksWay } from '../../src/game/sight.ts';

/** Clips the segment to each tall box with fractions of whole numbers: blocked when something inside is left. */
function blocksNaive({ tallMm }: FieldMap, x0: number, z0: number, x1: number, z1: number): boolean {
  for (let box = 0; box < tallMm.length; box += 4) {
    const inside =
      x0 === x1 && z0 === z1
        ? false
        : isInside(x0, z0, x1, z1, tallMm[box]!, tallMm[box + 1]!, tallMm[box + 2]!, tallMm[box + 3]!);
    if (inside) return true;
  }
  return false;
}

/** Whether a part of the segment, of a length, lies strictly inside: Liang and Barsky, in exact fractions. */
function isInside(
  x0: number,
  z0: number,
  x1: number,
  z1: number,
  left: number,
  near: number,
  right: number,
  far: number,
): boolean {
  let from: [bigint, bigint] = [0n, 1n];
  let to: [bigint, bigint] = [1n, 1n];
  for (const [start, way, least, most] of [
    [x0, x1 - x0, left, right],
    [z0, z1 - z0, near, far],
  ] as const) {
    if (way === 0) {
      if (start <= least || start >= most) return false;
      continue;
    }
    const size = BigInt(Math.abs(way));
    const enter = BigInt(way > 0 ? least - start : start - most);
    const leave = BigInt(way > 0 ? most - start : start - least);
    if (enter * from[1] > from[0] * size) from = [enter, size];
    if (leave * to[1] < to[0] * size) to = [leave, size];
  }
  return from[0] * to[1] < to[0] * from[1];
}

const boxes = fc.array(
  fc.record({
    x: fc.integer({ min: -30_000, max: 29_000 }),
    z: fc.integer({ min: -30_000, max: 29_000 }),
    width: fc.integer({ min: 1, max: 20_000 }),
    depth: fc.integer({ min: 1, max: 20_000 }),
    tall: fc.integer({ min: 0, max: 1 }),
  }),
  { maxLength: 14 },
);
const field = boxes
  .map((all) => all.filter(({ x, z, width, depth }) => x > 400 || z > 400 || x + width < -400 || z + depth < -400))
  .map((all) =>
    buildFieldMap(
      all.flatMap(({ x, z, width, depth }) => [x, z, x + width, z + depth]),
      50_000,
      all.map(({ tall }) => tall),
    ),
  );
// Also points on edges and corners, and beyond the field.
const at = fc.oneof(
  fc.integer({ min: -52_000, max: 52_000 }),
  fc.integer({ min: -7, max: 7 }).map((cell) => cell * 8192),
);

test('a tall box blocks exactly what goes through its inside, the same both ways round; low ones nothing', () => {
  fc.assert(
    fc.property(field, fc.array(fc.tuple(at, at, at, at), { maxLength: 60 }), (map, segments) => {
      for (const [x0, z0, x1, z1] of segments) {
        const blocked = blocksSight(map, x0, z0, x1, z1);
        expect(blocked).toBe(blocksNaive(map, x0, z0, x1, z1));
        expect(blocksSight(map, x1, z1, x0, z0)).toBe(blocked);
      }
    }),
    { numRuns: 300 },
  );
});

test('segments along edges and through corners touch, which does not block', () => {
  const map = buildFieldMap([2000, 2000, 4000, 6000, 10_000, -3000, 12_000, 3000], 50_000, [1, 0]);
  expect(blocksSight(map, 2000, 0, 2000, 9000)).toBe(false);
  expect(blocksSight(map, 0, 4000, 4000, 0)).toBe(false);
  expect(blocksSight(map, 1000, 3000, 3000, 1000)).toBe(false);
  expect(blocksSight(map, 1000, 3001, 3001, 1000)).toBe(true);
  expect(blocksSight(map, 3000, 0, 3000, 9000)).toBe(true);
  expect(blocksSight(map, 3000, 0, 3000, 2000)).toBe(false);
  expect(blocksSight(map, 8000, 0, 14_000, 0)).toBe(false);
  expect(blocksWay(map, 3000 * 128, 0, 3000 * 128 + 127, 9000 * 128)).toBe(true);
});

test('the shipped field has tall and low boxes, and a look from end to end is like looking at every box', () => {
  const map = createFieldMap(3);
  const tall = map.tall.reduce((sum, each) => sum + each, 0);
  expect(tall).toBeGreaterThan(100);
  expect(map.tall.length - tall).toBeGreaterThan(60);
  const end = fc.integer({ min: -200_000, max: 200_000 });
  fc.assert(
    fc.property(end, end, end, end, fc.boolean(), (x0, z0, x1, z1, isShort) => {
      const [toX, toZ] = isShort ? [x0 + (x1 >> 3), z0 + (z1 >> 3)] : [x1, z1];
      expect(blocksSight(map, x0, z0, toX, toZ)).toBe(blocksNaive(map, x0, z0, toX, toZ));
    }),
    { numRuns: 400 },
  );
});
