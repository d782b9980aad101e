// What both ends know of `changes`, the bit-packed field of a snapshot that carries the differences of all entities but
// the client's own (proto/STANDARD.md, section 7). Pure; any thread, server and client. The server's half is
// src/snapshot/entity-encoder.ts and packer.ts, the client's replicas.ts.
//
//   head    4 bits: width of a slot number less 1 | 12 bits: how many records
//   record  1 bit: does it name a baseline | 7 bits: its age, if so | slot | mask | a difference for each bit set in it
//   mask    4 bits for the next 4 rows | 1 bit: 4 more follow | …
//   difference  2 bits: class of its width | so many bits, zigzag

export const CHANGES_HEAD_BYTES = 2;
export const SLOT_WIDTH_BITS = 4;
export const COUNT_BITS = 12;
export const AGE_BITS = 7;
export const ROWS_A_GROUP = 4;
export const CLASS_BITS = 2;
const CLASSES = 1 << CLASS_BITS;

/**
 * Widths of a difference by class, for each row: a quarter, three eighths, half and the whole of what the row has. Walking
 * people differ by a quarter to a half of it, and fractions need no number that is a game's (docs/decisions/0015).
 */
export function createWidths(rows: readonly { readonly bits: number }[]): Uint8Array {
  const widths = new Uint8Array(rows.length * CLASSES);
  for (const [row, { bits }] of rows.entries()) {
    widths.set([Math.ceil(bits / 4), Math.ceil((3 * bits) / 8), Math.ceil(bits / 2), bits], row * CLASSES);
  }
  return widths;
}

/** Groups of a mask at most. */
export function groupCount(rows: number): number {
  return Math.ceil(rows / ROWS_A_GROUP);
}
