// Seeded generator whose state is four 32-bit words in a caller's Int32Array, so that it can live inside a world's
// state: hashed, saved and restored with it. Integers only, the same on every machine.
// Algorithm: sfc32 (Chris Doty-Humphrey, PractRand "Small Fast Counting" generator, 32-bit variant).

/** Words of state that a generator takes. */
export const RANDOM_WORDS = 4;

export function seedRandom(state: Int32Array, offset: number, seed: number): void {
  state[offset] = seed | 0;
  state[offset + 1] = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  state[offset + 2] = Math.imul(seed ^ 0x7f4a7c15, 0xc2b2ae35);
  state[offset + 3] = 1;
  for (let round = 0; round < 12; round++) nextRandom(state, offset);
}

/** Makes what follows depend on words that nobody else knows: a seed of 32 bits is found by trying. */
export function stirRandom(state: Int32Array, offset: number, secret: Uint32Array): void {
  for (let word = 0; word < RANDOM_WORDS; word++) state[offset + word]! ^= secret[word]!;
  for (let round = 0; round < 12; round++) nextRandom(state, offset);
}

/** The next value, 0 … 2³²−1. */
export function nextRandom(state: Int32Array, offset: number): number {
  const a = state[offset]!;
  const b = state[offset + 1]!;
  const c = state[offset + 2]!;
  const counter = state[offset + 3]!;
  const result = (a + b + counter) | 0;
  state[offset + 3] = counter + 1;
  state[offset] = b ^ (b >>> 9);
  state[offset + 1] = c + (c << 3);
  state[offset + 2] = ((c << 21) | (c >>> 11)) + result;
  return result >>> 0;
}

/** A generator of its own, for tools and tests. */
export interface Random {
  /** 0 … 2³²−1 */
  u32(): number;
  /** 0 … limit−1; limit at most 2³². Bias below 2⁻²⁰ for limits under 4,096, which is all it is used for. */
  below(limit: number): number;
  /** [0, 1) with 32 bits. */
  fraction(): number;
}

export function createRandom(seed: number): Random {
  const state = new Int32Array(RANDOM_WORDS);
  seedRandom(state, 0, seed);
  return {
    u32: () => nextRandom(state, 0),
    below: (limit) => Math.floor((nextRandom(state, 0) / 0x1_0000_0000) * limit),
    fraction: () => nextRandom(state, 0) / 0x1_0000_0000,
  };
}
