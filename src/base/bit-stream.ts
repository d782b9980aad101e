// Bits in a caller's buffer, the least significant first: bit i of a stream is bit i % 8 of its byte i / 8, and a number's
// lowest bit comes first. For what is packed tighter than bytes (`changes` of a snapshot). Any thread, no I/O; neither
// allocates after creation. The writer trusts its caller; the reader never throws: past the end it sets `failed` and
// yields zeros, like the Reader of bytes.ts.

export class BitWriter {
  private view: DataView;
  private offset = 0;
  /** Bits not yet in the buffer, and how many. */
  private word = 0;
  private filled = 0;
  private start = 0;

  constructor(view: DataView) {
    this.view = view;
  }

  /** Begins a stream at a byte. */
  reset(offset: number): void {
    this.offset = offset;
    this.start = offset;
    this.word = 0;
    this.filled = 0;
  }

  /** Appends the `count` low bits of `value`, 1 … 32; those above **must** be 0. */
  put(value: number, count: number): void {
    const before = this.filled;
    const word = this.word | (value << before);
    const filled = before + count;
    if (filled < 32) {
      this.word = word;
      this.filled = filled;
      return;
    }
    // A DataView writes a word anywhere in one instruction: where a stream begins in a message is any byte.
    this.view.setInt32(this.offset, word, true);
    this.offset += 4;
    this.filled = filled - 32;
    // Where nothing is left `before` may be 0, and a shift by 32 is none.
    this.word = filled === 32 ? 0 : value >>> (32 - before);
  }

  get bitLength(): number {
    return (this.offset - this.start) * 8 + this.filled;
  }

  /** Puts the rest into the buffer, as a whole word: up to four bytes behind the end are 0 after it. Returns the end. */
  finish(): number {
    this.view.setInt32(this.offset, this.word, true);
    return this.offset + ((this.filled + 7) >>> 3);
  }
}

export class BitReader {
  failed = false;
  private bytes: Uint8Array = new Uint8Array(0);
  /** In bits; the buffers are far below 2²⁸ bytes. */
  private position = 0;
  private end = 0;

  /** Points the reader at `bytes[offset, end)`; the buffer stays the caller's. */
  reset(bytes: Uint8Array, offset: number, end: number): void {
    this.bytes = bytes;
    this.position = offset * 8;
    this.end = end * 8;
    this.failed = false;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** The next `count` bits as u32, 1 … 32. */
  take(count: number): number {
    if (count > this.end - this.position) {
      this.failed = true;
      this.position = this.end;
      return 0;
    }
    const { bytes, position } = this;
    let at = position >>> 3;
    let value = bytes[at]! >>> (position & 7);
    for (let have = 8 - (position & 7); have < count; have += 8) value |= bytes[++at]! << have;
    this.position = position + count;
    return (value << (32 - count)) >>> (32 - count);
  }

  /** A zigzag number of so many bits. */
  takeZigzag(count: number): number {
    const value = this.take(count);
    return (value >>> 1) ^ -(value & 1);
  }
}
