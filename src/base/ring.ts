// Framed single-producer single-consumer ring between two threads, on a SharedArrayBuffer. Wait-free: nobody blocks.
// Messages are all-or-nothing and contiguous; a message that would cross the end is preceded by a skip mark, so a
// reader reads it in place. A full ring returns false and counts the drop: the policy at the bound is `drop-newest`,
// and what that means for the message is the caller's to decide.
// After the model of ringbuf.js (copy first, then publish the index).
// Either end may hold back what it did: a staged writer's messages are seen, and a keeping reader's places are free,
// only once it says so. A thread that dies before it does has said and taken nothing (zone/zone.ts: a tick is whole).
//
//   words:  [0] written  [4] dropped  [8] read  [12] pushed, by a staged writer  (u32 byte positions that wrap; capacity is a power of two)
//   data:   u32 length | bytes | padding to 4 …      length 0xFFFFFFFF = skip to the start of the buffer

import { assert } from './assert.ts';

const HEADER_BYTES = 64;
const WRITTEN = 0;
const READ = 8;
const DROPPED = 4;
const PUSHED = 12;
const SKIP = 0xffff_ffff;
/** From here on a view, which allocates, is cheaper than a loop. */
const LONG_BYTES = 2_048;

export interface RingWriter {
  /** Copies `source[from, end)` in; false when there is no room (counted). Allocates for long ones alone. */
  push(source: Uint8Array, from: number, end: number): boolean;
}

export interface StagedRingWriter extends RingWriter {
  /** Lets the reader see everything pushed so far. */
  publish(): void;
  /** The same for what a writer before this one had pushed, and not published when its thread died. */
  publishLeft(): void;
  /** Whether a message of so many bytes fits now, wherever it would come to lie. */
  hasRoom(length: number): boolean;
}

export interface RingReader {
  /** The message that `next` found lies at `bytes[offset, end)`, valid until the next call of `next`. */
  readonly bytes: Uint8Array;
  offset: number;
  end: number;
  /** Frees the message before and finds the next one; false when the ring is empty. Does not allocate. */
  next(): boolean;
}

export interface KeepingRingReader extends RingReader {
  /** Frees every message that `next` has found so far. Until then another reader of this ring finds them again. */
  release(): void;
}

/** @param capacityBytes a power of two; the largest message is a quarter of it. */
export function createRingBuffer(capacityBytes: number): SharedArrayBuffer {
  assert(capacityBytes >= 64 && (capacityBytes & (capacityBytes - 1)) === 0, 'ring capacity is a power of two');
  return new SharedArrayBuffer(HEADER_BYTES + capacityBytes);
}

export function createRingWriter(buffer: SharedArrayBuffer): RingWriter {
  return createWriter(buffer, false);
}

export function createStagedRingWriter(buffer: SharedArrayBuffer): StagedRingWriter {
  return createWriter(buffer, true);
}

function createWriter(buffer: SharedArrayBuffer, isStaged: boolean): StagedRingWriter {
  const capacity = buffer.byteLength - HEADER_BYTES;
  const words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  const lengths = new Uint32Array(buffer, HEADER_BYTES);
  const bytes = new Uint8Array(buffer, HEADER_BYTES);
  const mask = capacity - 1;
  let written = words[WRITTEN]!;
  return {
    push(source, from, end) {
      const length = end - from;
      const need = 4 + ((length + 3) & ~3);
      assert(length >= 0 && need <= capacity >>> 2, 'a message fits a quarter of its ring');
      if (!isStaged) written = words[WRITTEN]!;
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
      if (length >= LONG_BYTES) bytes.set(source.subarray(from, end), target);
      else for (let index = from; index < end; index++) bytes[target++] = source[index]!;
      written = (written + need) | 0;
      if (isStaged) words[PUSHED] = written;
      else Atomics.store(words, WRITTEN, written);
      return true;
    },
    publish: () => void Atomics.store(words, WRITTEN, written),
    publishLeft() {
      written = words[PUSHED]!;
      Atomics.store(words, WRITTEN, written);
    },
    hasRoom(length) {
      const need = 4 + ((length + 3) & ~3);
      // What lies before the end of the buffer may have to be skipped.
      return capacity - ((written - Atomics.load(words, READ)) >>> 0) >= 2 * need;
    },
  };
}

export function createRingReader(buffer: SharedArrayBuffer): RingReader {
  return createReader(buffer, false);
}

export function createKeepingRingReader(buffer: SharedArrayBuffer): KeepingRingReader {
  return createReader(buffer, true);
}

function createReader(buffer: SharedArrayBuffer, isKeeping: boolean): KeepingRingReader {
  const capacity = buffer.byteLength - HEADER_BYTES;
  const words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  const lengths = new Uint32Array(buffer, HEADER_BYTES);
  const mask = capacity - 1;
  let read = words[READ]!;
  const reader: KeepingRingReader = {
    bytes: new Uint8Array(buffer, HEADER_BYTES),
    offset: 0,
    end: 0,
    next() {
      const isEmpty = Atomics.load(words, WRITTEN) === read;
      if (!isEmpty && lengths[(read & mask) >>> 2] === SKIP) read = (read + capacity - (read & mask)) | 0;
      if (!isKeeping) reader.release();
      if (isEmpty) return false;
      const start = read & mask;
      const length = lengths[start >>> 2]!;
      reader.offset = start + 4;
      reader.end = start + 4 + length;
      read = (read + 4 + ((length + 3) & ~3)) | 0;
      return true;
    },
    release: () => void Atomics.store(words, READ, read),
  };
  return reader;
}

/** Messages dropped since the ring was made, 0 … 2³²−1, wrapping. */
export function readRingDropped(buffer: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(buffer, 0, HEADER_BYTES / 4), DROPPED) >>> 0;
}
