// All small spoilings of known bytes, one after the other: cut at each byte, each bit flipped, one's beginning before
// another's end. mutate.ts makes those that nobody thought of.

import type { Random } from '../../src/base/random.ts';

const SPLICES_EACH = 16;

/** The bytes of a case stand until the next one. */
export function* spoiltCases(seeds: readonly Uint8Array[], random: Random): Generator<Uint8Array> {
  for (const seed of seeds) {
    for (let length = 0; length < seed.length; length++) yield seed.slice(0, length);
    const bytes = seed.slice();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      yield bytes;
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  }
  for (const head of seeds) {
    for (const tail of seeds) {
      for (let count = 0; count < SPLICES_EACH; count++) {
        const end = random.below(head.length + 1);
        const from = random.below(tail.length + 1);
        yield Uint8Array.from([...head.subarray(0, end), ...tail.subarray(from)]);
      }
    }
  }
}
