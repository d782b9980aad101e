import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SIGHT_INTERVAL_TICKS } from '../../src/base/limits.ts';
import { createSight, isInSight, resetSight } from '../../src/snapshot/sight.ts';

/** A wall along z = 0 for x below 0: it hides whoever is on the other side. */
function wall(fromX: number, fromZ: number, toX: number, toZ: number): boolean {
  return fromX < 0 && toX < 0 && fromZ < 0 !== toZ < 0;
}

const point = fc.integer({ min: -5000, max: 5000 });

test('what the wall hides is hidden, the same both ways round', () => {
  fc.assert(
    fc.property(
      point,
      point,
      point,
      point,
      fc.nat({ max: 65_535 }),
      fc.nat({ max: 65_535 }),
      (xA, zA, xB, zB, a, b) => {
        fc.pre(a !== b);
        const sight = createSight(wall);
        const there = isInSight(sight, 100, a, 1, xA, zA, b, 1, xB, zB);
        expect(isInSight(sight, 100, b, 1, xB, zB, a, 1, xA, zA)).toBe(there);
        expect(there).toBe(!wall(xA, zA, xB, zB));
        expect(sight.looks).toBe(1);
      },
    ),
  );
});

test('a pair is looked at five times a second', () => {
  const sight = createSight(wall);
  for (let tick = 1; tick <= 600; tick++) isInSight(sight, tick, 1, 1, -10, 10, 2, 1, 10, -10);
  expect(sight.looks).toBe(600 / SIGHT_INTERVAL_TICKS);
});

test('who steps behind the wall is lost at the second look that finds it so, who comes out is seen at the next', () => {
  const sight = createSight(wall);
  const look = (tick: number, x: number) => isInSight(sight, tick, 1, 1, x, 10, 2, 1, x, -10);
  expect(look(1, 10)).toBe(true);
  expect(look(13, -10)).toBe(true);
  expect(look(25, -10)).toBe(false);
  expect(look(26, 10)).toBe(false);
  expect(look(37, 10)).toBe(true);
});

test('a slot that somebody else has now is looked at anew, hidden at once; so is everything in a new epoch', () => {
  const sight = createSight(wall);
  expect(isInSight(sight, 1, 1, 1, 10, 10, 2, 1, 10, -10)).toBe(true);
  expect(isInSight(sight, 2, 1, 1, -10, 10, 2, 2, -10, -10)).toBe(false);
  resetSight(sight);
  expect(isInSight(sight, 2, 1, 1, 10, 10, 2, 2, 10, -10)).toBe(true);
});
