import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isqrt, vectorLength } from '../../src/sim/integer.ts';

test('isqrt is the floor of the square root, exactly', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const root = BigInt(isqrt(Math.abs(value)));
      const square = BigInt(Math.abs(value));
      expect(root * root <= square && (root + 1n) * (root + 1n) > square).toBe(true);
    }),
  );
});

test('isqrt around perfect squares', () => {
  for (const root of [0, 1, 2, 3, 255, 46_340, 46_341, 65_535, 65_536, 94_906_265]) {
    expect(isqrt(root * root)).toBe(root);
    if (root > 0) expect(isqrt(root * root - 1)).toBe(root - 1);
    if (root > 1) expect(isqrt(root * root + 1)).toBe(root);
  }
});

test('a vector is as long as the root of its squares says', () => {
  const part = fc.integer({ min: -(2 ** 25), max: 2 ** 25 });
  fc.assert(
    fc.property(part, part, (x, z) => {
      expect(vectorLength(x, z)).toBe(isqrt(x * x + z * z));
    }),
  );
  expect(vectorLength(-3, 4)).toBe(5);
  expect(vectorLength(0, 0)).toBe(0);
  expect(vectorLength(67_108_864, 0)).toBe(67_108_864);
});
