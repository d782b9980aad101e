import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sequenceAhead } from '../../../src/transport/channels/sequence.ts';

test.each([
  [0, 0, 0],
  [1, 0, 1],
  [0, 65_535, 1],
  [65_535, 0, -1],
  [32_767, 0, 32_767],
  [32_768, 0, -32_768],
  [5, 65_530, 11],
])('%i is ahead of %i by %i', (a, b, ahead) => {
  expect(sequenceAhead(a, b)).toBe(ahead);
});

test('of two plain numbers less than half the circle apart it says the distance, however often they wrapped', () => {
  const number = fc.nat(1e9);
  fc.assert(
    fc.property(number, fc.integer({ min: -32_768, max: 32_767 }), (from, ahead) => {
      expect(sequenceAhead((from + ahead) & 0xffff, from & 0xffff)).toBe(ahead);
      // Numbers that were not cut yet, too: packets are counted from −1, before the first.
      expect(sequenceAhead(from + ahead, from)).toBe(ahead);
    }),
    { seed: 1 },
  );
});
