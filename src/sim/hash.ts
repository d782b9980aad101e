// The 64-bit state hash, two u32 lanes: equal on server, in a browser and in a replay when the states are equal.
// Not cryptographic. Each lane is murmur3's 32-bit mixing (Austin Appleby, public domain) with its own constants.

export interface StateHash {
  low: number;
  high: number;
}

/** Continues `hash` over `words`; start from {low: 0, high: 0}. Does not allocate. */
export function hashWords(hash: StateHash, words: Int32Array): void {
  let low = hash.low;
  let high = hash.high;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    let a = Math.imul(word, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    low ^= Math.imul(a, 0x1b873593);
    low = (low << 13) | (low >>> 19);
    low = (Math.imul(low, 5) + 0xe6546b64) | 0;
    let b = Math.imul(word ^ index, 0x85ebca6b);
    b = (b << 16) | (b >>> 16);
    high ^= Math.imul(b, 0xc2b2ae35);
    high = (high << 17) | (high >>> 15);
    high = (Math.imul(high, 5) + 0x38495ab5) | 0;
  }
  hash.low = low >>> 0;
  hash.high = high >>> 0;
}

/** 16 hexadecimal digits. */
export function hashText(hash: StateHash): string {
  return hash.high.toString(16).padStart(8, '0') + hash.low.toString(16).padStart(8, '0');
}
