// Numbers of 64 bits in bytes and as two words of 32: a BigInt is garbage for each, a double ends at 2⁵³. BigInt only
// where a person or a tool gives one, once. Edge threads, clients, tools.

export function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}

/** Eight bytes as a double; above 2⁵³ not exact, but still above. */
export function readRounded(bytes: Uint8Array, at: number): number {
  return readWord(bytes, at + 4) * 0x1_0000_0000 + readWord(bytes, at);
}

/** A whole number from 0 to 2⁵³. */
export function writeNumber(bytes: Uint8Array, at: number, value: number): void {
  writeWord(bytes, at, value >>> 0);
  writeWord(bytes, at + 4, Math.floor(value / 0x1_0000_0000));
}

export function writeBigInt(bytes: Uint8Array, at: number, value: bigint): void {
  writeWord(bytes, at, Number(BigInt.asUintN(32, value)));
  writeWord(bytes, at + 4, Number(BigInt.asUintN(32, value >> 32n)));
}

/** Adds one to the number whose low word is at `words[at]` and whose high word is behind it. */
export function increment(words: Uint32Array, at: number): void {
  words[at]!++;
  if (words[at] === 0) words[at + 1]!++;
}
