// Bits of a word. Any thread, pure.

/** The place of the lowest bit that is set, 0 … 31; the word is not 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
