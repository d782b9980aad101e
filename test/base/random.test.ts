import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom, nextRandom, RANDOM_WORDS, seedRandom, stirRandom } from '../../src/base/random.ts';

/** sfc32 as its author writes it, in arithmetic that cannot overflow by accident. */
function nextNaive(state: bigint[]): bigint {
  const mask = 0xffff_ffffn;
  const [a, b, c, counter] = state as [bigint, bigint, bigint, bigint];
  const result = (a + b + counter) & mask;
  state[0] = b ^ (b >> 9n);
  state[1] = (c + (c << 3n)) & mask;
  state[2] = ((((c << 21n) | (c >> 11n)) & mask) + result) & mask;
  state[3] = (counter + 1n) & mask;
  return result;
}

test('the generator is sfc32, whatever its state', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff_ffff), { minLength: 4, maxLength: 4 }), fc.nat(3), (words, offset) => {
      const state = new Int32Array(RANDOM_WORDS + offset);
      state.set(words, offset);
      const naive = words.map(BigInt);
      for (let round = 0; round < 50; round++) expect(nextRandom(state, offset)).toBe(Number(nextNaive(naive)));
      expect([...state.subarray(offset)].map((word) => word >>> 0)).toEqual(naive.map(Number));
    }),
  );
});

test('a seed gives the same values for ever: recordings and worlds depend on it', () => {
  const random = createRandom(42);
  expect([random.u32(), random.u32(), random.u32()]).toMatchInlineSnapshot(`
    [
      2310516092,
      3218512665,
      2576739408,
    ]
  `);
});

test('a state that was saved goes on where it was', () => {
  const state = new Int32Array(RANDOM_WORDS);
  seedRandom(state, 0, 7);
  nextRandom(state, 0);
  const saved = state.slice();
  expect(nextRandom(state, 0)).toBe(nextRandom(saved, 0));
});

test('neighbouring seeds give different streams', () => {
  const firsts = new Set(Array.from({ length: 10_000 }, (_, seed) => createRandom(seed - 5000).u32()));
  expect(firsts.size).toBeGreaterThan(9_990);
});

test('below stays below, fraction stays under 1, and both are spread evenly', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 4096 }), (seed, limit) => {
      const random = createRandom(seed);
      for (let round = 0; round < 50; round++) {
        const value = random.below(limit);
        expect(Number.isInteger(value) && value >= 0 && value < limit).toBe(true);
        const fraction = random.fraction();
        expect(fraction >= 0 && fraction < 1).toBe(true);
      }
    }),
  );
  const random = createRandom(1);
  const counts = new Uint32Array(7);
  for (let round = 0; round < 70_000; round++) counts[random.below(7)]!++;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
});

test('a secret changes all that follows, by each of its bits; the same one gives the same', () => {
  const drawn = (secret: Uint32Array): string => {
    const state = new Int32Array(RANDOM_WORDS);
    seedRandom(state, 0, 1);
    stirRandom(state, 0, secret);
    return [...Array(4)].map(() => nextRandom(state, 0)).join();
  };
  const seen = new Set<string>();
  for (let bit = 0; bit < 32 * RANDOM_WORDS; bit++) {
    const secret = new Uint32Array(RANDOM_WORDS);
    secret[bit >> 5] = 1 << (bit & 31);
    expect(drawn(secret)).toBe(drawn(secret.slice()));
    seen.add(drawn(secret));
  }
  expect(seen.size).toBe(32 * RANDOM_WORDS);
});
