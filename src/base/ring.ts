// Framed single-producer single-consumer ring between two threads, on a SharedArrayBuffer. Wait-free: nobody blocks.
// Messages are all-or-nothing and contiguous; a message that would cross the end is preceded by a skip mark, so a
// reader reads it in place. A full ring returns false and counts the drop: the policy at the bound is `drop-newest`,
// and what that means for the message is the caller's to decide.
// After the model of ringbuf.js (copy first, then publish the index).
//
//   words:  [0] written  [1] read  [2] dropped  (u32 byte positions that wrap; capacity is a power of two)
//   data:   u32 length | bytes | padding to 4 …      length 0xFFFFFFFF = skip to the start of the buffer

import { assert } from './assert.ts';

const HEADER_BYTES = 64;
const WRITTEN = 0;
const READ = 8;
const DROPPED = 4;
const SKIP = 0xffff_ffff;

export interface RingWriter {
  /** Copies `source[from, end)` in; false when there is no room (counted). Does not allocate. */
  push(source: Uint8Array, from: number, end: number): boolean;
}

export interface RingReader {
  /** The message that `next` found lies at `bytes[offset, end)`, valid until the next call of `next`. */
  readonly bytes: Uint8Array;
  offset: number;
  end: number;
  /** Frees the message before and finds the next one; false when the ring is empty. Does not allocate. */
  next(): boolean;
}

/** @param capacityBytes a power of two; the largest message is a quarter of it. */
export function createRingBuffer(capacityBytes: number): SharedArrayBuffer {
  assert(capacityBytes >= 64 && (capacityBytes & (capacityBytes - 1)) === 0, 'ring capacity is a power of two');
  return new SharedArrayBuffer(HEADER_BYTES + capacityBytes);
}

export function createRingWriter(buffer: SharedArrayBuffer): RingWriter {
  const capacity = buffer.byteLength - HEADER_BYTES;
  const words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  const lengths = new Uint32Array(buffer, HEADER_BYTES);
  const bytes = new Uint8Array(buffer, HEADER_BYTES);
  const mask = capacity - 1;
  return {
    push(source, from, end) {
      const length = end - from;
      const need = 4 + ((length + 3) & ~3);
      assert(length >= 0 && need <= capacity >>> 2, 'a message fits a quarter of its ring');
      let written = words[WRITTEN]!;
      const free = capacity - ((written - Atomics.load(words, READ)) >>> 0);
      const untilEnd = capacity - (written & mask);
      const skip = untilEnd < need ? untilEnd : 0;
      if (skip + need > free) {
        Atomics.add(words, DROPPED, 1);
        return false;
      }
      if (skip > 0) {
        lengths[(written & mask) >>> 2] = SKIP;
        written = (written + skip) | 0;
      }
      const start = written & mask;
      lengths[start >>> 2] = length;
      let target = start + 4;
      for (let index = from; index < end; index++) bytes[target++] = source[index]!;
      Atomics.store(words, WRITTEN, (written + need) | 0);
      return true;
    },
  };
}

export function createRingReader(buffer: SharedArrayBuffer): RingReader {
  const capacity = buffer.byteLength - HEADER_BYTES;
  const words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  const lengths = new Uint32Array(buffer, HEADER_BYTES);
  const mask = capacity - 1;
  let held = 0;
  const reader: RingReader = {
    bytes: new Uint8Array(buffer, HEADER_BYTES),
    offset: 0,
    end: 0,
    next() {
      let read = words[READ]!;
      if (held > 0) {
        read = (read + held) | 0;
        held = 0;
        Atomics.store(words, READ, read);
      }
      if (Atomics.load(words, WRITTEN) === read) return false;
      if (lengths[(read & mask) >>> 2] === SKIP) {
        read = (read + capacity - (read & mask)) | 0;
        Atomics.store(words, READ, read);
      }
      const start = read & mask;
      const length = lengths[start >>> 2]!;
      reader.offset = start + 4;
      reader.end = start + 4 + length;
      held = 4 + ((length + 3) & ~3);
      return true;
    },
  };
  return reader;
}

/** Messages dropped since the ring was made, 0 … 2³²−1, wrapping. For the scraper. */
export function readRingDropped(buffer: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(buffer, 0, HEADER_BYTES / 4), DROPPED) >>> 0;
}
