// Reading and writing bytes in a caller's buffer: little-endian integers and protobuf's varints. Any thread, no I/O.
// The Reader never throws: past the end, or on a malformed varint, it sets `failed`, yields zeros and stays failed;
// a parser checks once at the end and before any use of a value as a length, index or loop bound.
// The Writer never grows: past the end it sets `failed` and writes nothing more.
// Neither allocates after creation, but for `text` where it says so.

// Without ignoreBOM a text that begins with U+FEFF would come back without it (test/base/bytes.test.ts holds this).
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Of names, mostly: up to here plain characters cost a third of what the decoder takes for them. */
const SHORT_TEXT_BYTES = 64;
const utf8Encoder = new TextEncoder();

export class Reader {
  bytes: Uint8Array;
  offset = 0;
  end = 0;
  failed = false;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Points the reader at `bytes[offset, end)`; the buffer stays the caller's. */
  reset(bytes: Uint8Array, offset = 0, end = bytes.length): void {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
    this.failed = false;
  }

  fail(): 0 {
    this.failed = true;
    this.offset = this.end;
    return 0;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  u8(): number {
    if (this.offset >= this.end) return this.fail();
    return this.bytes[this.offset++]!;
  }

  u16(): number {
    if (this.offset + 2 > this.end) return this.fail();
    const { bytes, offset } = this;
    this.offset = offset + 2;
    return bytes[offset]! | (bytes[offset + 1]! << 8);
  }

  i32(): number {
    if (this.offset + 4 > this.end) return this.fail();
    const { bytes, offset } = this;
    this.offset = offset + 4;
    return bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24);
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  /** An integer up to 2⁵³ as two u32, low word first. */
  u53(): number {
    // Both words or none: half a value is not zero.
    if (this.offset + 8 > this.end) return this.fail();
    const low = this.u32();
    const high = this.u32();
    if (high > 0x1f_ffff) return this.fail();
    return high * 0x1_0000_0000 + low;
  }

  /**
   * A protobuf varint that must fit 32 bits: 0 … 2³²−1. Ten-byte encodings of negative int32 and overlong ones
   * (a last byte of zero, more than five bytes) fail: no field of ours needs them, so accepting them would only
   * give one value many spellings.
   */
  varint(): number {
    const { bytes, end } = this;
    let offset = this.offset;
    let value = 0;
    let shift = 0;
    for (;;) {
      if (offset >= end) return this.fail();
      const byte = bytes[offset++]!;
      if (shift === 28 && byte > 0x0f) return this.fail();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) return this.fail();
        this.offset = offset;
        return value >>> 0;
      }
      shift += 7;
    }
  }

  /** A zigzag varint: −2³¹ … 2³¹−1 (protobuf's sint32). */
  zigzag(): number {
    const value = this.varint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** UTF-8 of `length` bytes; invalid UTF-8 fails. Allocates. */
  text(length: number): string {
    if (length > this.remaining) {
      this.fail();
      return '';
    }
    const from = this.offset;
    this.offset = from + length;
    if (length <= SHORT_TEXT_BYTES && this.isAscii(from)) {
      return String.fromCharCode.apply(null, this.bytes.subarray(from, this.offset) as unknown as number[]);
    }
    try {
      return utf8Decoder.decode(this.bytes.slice(from, from + length));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.fail();
      return '';
    }
  }

  /** What was just passed. */
  private isAscii(from: number): boolean {
    const { bytes, offset } = this;
    for (let at = from; at < offset; at++) if (bytes[at]! > 0x7f) return false;
    return true;
  }

  skip(length: number): void {
    if (length > this.remaining) this.fail();
    else this.offset += length;
  }
}

export class Writer {
  bytes: Uint8Array;
  offset = 0;
  end = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  reset(bytes: Uint8Array = this.bytes, offset = 0, end = bytes.length): void {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
    this.failed = false;
  }

  /** True when `length` more bytes fit; else marks the writer failed. */
  has(length: number): boolean {
    if (this.offset + length <= this.end) return true;
    this.failed = true;
    this.end = this.offset;
    return false;
  }

  u8(value: number): void {
    if (this.has(1)) this.bytes[this.offset++] = value;
  }

  u16(value: number): void {
    if (!this.has(2)) return;
    this.bytes[this.offset++] = value;
    this.bytes[this.offset++] = value >>> 8;
  }

  u32(value: number): void {
    if (!this.has(4)) return;
    const { bytes, offset } = this;
    bytes[offset] = value;
    bytes[offset + 1] = value >>> 8;
    bytes[offset + 2] = value >>> 16;
    bytes[offset + 3] = value >>> 24;
    this.offset = offset + 4;
  }

  u53(value: number): void {
    this.u32(value >>> 0);
    this.u32(Math.floor(value / 0x1_0000_0000));
  }

  varint(value: number): void {
    let rest = value >>> 0;
    if (!this.has(varintBytes(rest))) return;
    while (rest > 0x7f) {
      this.bytes[this.offset++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.offset++] = rest;
  }

  zigzag(value: number): void {
    this.varint(zigzag(value));
  }

  raw(source: Uint8Array, from = 0, end = source.length): void {
    if (!this.has(end - from)) return;
    const { bytes } = this;
    let offset = this.offset;
    for (let index = from; index < end; index++) bytes[offset++] = source[index]!;
    this.offset = offset;
  }

  /** Starts a part that stands behind its varint length; what is written until `endPart(start)` belongs to it. */
  beginPart(): number {
    this.u8(0);
    return this.offset;
  }

  /** Puts the length in front of the part, moving it where one byte is too few. Parts nest. */
  endPart(start: number): void {
    const length = this.offset - start;
    const more = varintBytes(length) - 1;
    if (this.failed || !this.has(more)) return;
    if (more > 0) this.bytes.copyWithin(start + more, start, this.offset);
    this.offset = start - 1;
    this.varint(length);
    this.offset += length;
  }

  /** UTF-8 behind its varint length. Allocates for what is more than ASCII. */
  text(value: string): void {
    if (this.ascii(value)) return;
    const encoded = utf8Encoder.encode(value);
    this.varint(encoded.length);
    this.raw(encoded);
  }

  /** Names are told in every fight. Returns false, with nothing written, for what it is not meant for. */
  private ascii(value: string): boolean {
    const start = this.offset;
    this.varint(value.length);
    if (this.failed || !this.has(value.length)) return true;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) {
        this.offset = start;
        return false;
      }
      this.bytes[this.offset++] = code;
    }
    return true;
  }

  /** What was written since `from`, as a copy of its own. */
  copy(from = 0): Uint8Array {
    return this.bytes.slice(from, this.offset);
  }
}

/** Zigzag of an int32, as u32: 0, −1, 1, −2 … become 0, 1, 2, 3 … */
export function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

/** How many bytes a u32 takes as a varint: 1 … 5. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  return 5;
}
