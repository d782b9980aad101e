// Fields that are harder than the shipped one, for the tests of map and movement.

import fc from 'fast-check';
import { buildFieldMap } from '../../src/game/map.ts';

/** Boxes that may overlap and leave gaps too narrow for a player, on a small field, but not on its centre. */
export const crowdedMap = fc
  .array(
    fc.record({
      x: fc.integer({ min: -9000, max: 9000 }),
      z: fc.integer({ min: -9000, max: 9000 }),
      width: fc.integer({ min: 1, max: 5000 }),
      depth: fc.integer({ min: 1, max: 5000 }),
    }),
    { maxLength: 12 },
  )
  .map((boxes) => boxes.filter(({ x, z, width, depth }) => x > 400 || z > 400 || x + width < -400 || z + depth < -400))
  .map((boxes) =>
    buildFieldMap(
      boxes.flatMap(({ x, z, width, depth }) => [x, z, x + width, z + depth]),
      10_000,
    ),
  );
