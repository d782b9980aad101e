import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashText, hashWords } from '../../src/sim/hash.ts';

function hashOf(...parts: readonly number[][]): string {
  const hash = { low: 0, high: 0 };
  for (const part of parts) hashWords(hash, Int32Array.from(part));
  return hashText(hash);
}

const words = fc.array(fc.integer(), { minLength: 1, maxLength: 200 });

test('any single changed bit changes both lanes', () => {
  fc.assert(
    fc.property(words, fc.nat(), fc.nat({ max: 31 }), (list, at, bit) => {
      const changed = [...list];
      changed[at % list.length]! ^= 1 << bit;
      const before = hashOf(list);
      const after = hashOf(changed);
      expect(after.slice(0, 8)).not.toBe(before.slice(0, 8));
      expect(after.slice(8)).not.toBe(before.slice(8));
    }),
  );
});

test('order and length matter, the parts before count', () => {
  expect(hashOf([1, 2])).not.toBe(hashOf([2, 1]));
  expect(hashOf([0])).not.toBe(hashOf([0, 0]));
  expect(hashOf([])).toBe('0000000000000000');
  expect(hashOf([7], [8])).not.toBe(hashOf([8]));
  expect(hashOf([1, -1, 2147483647])).toMatch(/^[0-9a-f]{16}$/);
});

test('the hash of known words stays what it was: recorded replays depend on it', () => {
  expect(hashOf([1, 2, 3, -4, 2147483647, -2147483648])).toBe('f48a70c8937d1123');
});
