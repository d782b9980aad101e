// The receiving half of the reliable channel: puts segments in order and takes messages out of their stream. Any
// thread, pure. A segment that is next in order is read where it lies, in the packet; only one that came too early is
// copied, and so is a message that began in another segment.
//
// Bound: `window` segments of 1,024 bytes and one message of `messageBytesMax`, however hostile the peer. Both are
// allocated when first needed: an early segment, a message in pieces. What a message claims to be long costs nothing
// until its bytes come.

import { SEGMENT_BYTES_MAX } from '../../base/limits.ts';
import { sequenceAhead } from './sequence.ts';

const ASSEMBLY_BYTES_FIRST = 4096;
/** A larger buffer is given back after its message. */
const ASSEMBLY_BYTES_KEPT = 16_384;
const LENGTH_BITS_MAX = 21;

export interface ReliableReceiver {
  readonly window: number;
  readonly messageBytesMax: number;
  /** Id of the segment that is next in order. */
  expected: number;
  /** Segments that came early: their lengths, 0 for none, and their bytes. */
  readonly heldLengths: Uint16Array;
  held: Uint8Array;
  /** The segment being read: `source[at, end)`. */
  source: Uint8Array;
  at: number;
  end: number;
  /** The message being read: its length once `isLengthKnown`, and how much of it is in `assembly`. */
  isLengthKnown: boolean;
  lengthBits: number;
  length: number;
  filled: number;
  assembly: Uint8Array;
  /** The message that was found lies at `message[messageFrom, messageEnd)` until the next call. */
  message: Uint8Array;
  messageFrom: number;
  messageEnd: number;
  /** Whether `findMessage` may find something: most packets have no segment. */
  hasMore: boolean;
  isBroken: boolean;
}

const NOTHING = new Uint8Array(0);

export function createReliableReceiver(window: number, messageBytesMax: number): ReliableReceiver {
  return {
    window,
    messageBytesMax,
    expected: 0,
    heldLengths: new Uint16Array(window),
    held: NOTHING,
    source: NOTHING,
    at: 0,
    end: 0,
    isLengthKnown: false,
    lengthBits: 0,
    length: 0,
    filled: 0,
    assembly: NOTHING,
    message: NOTHING,
    messageFrom: 0,
    messageEnd: 0,
    hasMore: false,
    isBroken: false,
  };
}

/**
 * Takes a segment at `bytes[from, end)`, of a packet that passed `checkMessages`. The one before must have been read to
 * its end: `findMessage` has said that there is nothing more.
 * @returns false when it came before.
 */
export function takeSegment(
  receiver: ReliableReceiver,
  id: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): boolean {
  const ahead = sequenceAhead(id, receiver.expected);
  if (ahead < 0) return false;
  if (ahead === 0) {
    startSegment(receiver, bytes, from, end);
    return true;
  }
  const place = id & (receiver.window - 1);
  // The first to come is kept, whatever the second says.
  if (receiver.heldLengths[place] !== 0) return false;
  if (receiver.held.length === 0) receiver.held = new Uint8Array(receiver.window * SEGMENT_BYTES_MAX);
  receiver.heldLengths[place] = end - from;
  copy(bytes, from, end, receiver.held, place * SEGMENT_BYTES_MAX);
  return true;
}

function startSegment(receiver: ReliableReceiver, bytes: Uint8Array, from: number, end: number): void {
  receiver.heldLengths[receiver.expected & (receiver.window - 1)] = 0;
  receiver.expected = (receiver.expected + 1) & 0xffff;
  receiver.source = bytes;
  receiver.at = from;
  receiver.end = end;
  receiver.hasMore = true;
}

/** Finds the next whole message; false when all that came has been read, or the stream broke. */
export function findMessage(receiver: ReliableReceiver): boolean {
  if (receiver.filled === 0 && receiver.assembly.length > ASSEMBLY_BYTES_KEPT) receiver.assembly = NOTHING;
  while (!receiver.isBroken && (receiver.at < receiver.end || startHeldSegment(receiver))) {
    if (!receiver.isLengthKnown) {
      readLength(receiver);
      continue;
    }
    const { source, at, end, length, filled } = receiver;
    if (filled === 0 && end - at >= length) {
      receiver.at = at + length;
      endMessage(receiver, source, at);
      return true;
    }
    const taken = Math.min(end - at, length - filled);
    growAssembly(receiver, filled + taken);
    copy(source, at, at + taken, receiver.assembly, filled);
    receiver.at = at + taken;
    receiver.filled = filled + taken;
    if (receiver.filled < length) continue;
    endMessage(receiver, receiver.assembly, 0);
    return true;
  }
  receiver.hasMore = false;
  return false;
}

/** The segment that is next in order came early, and is next now. */
function startHeldSegment(receiver: ReliableReceiver): boolean {
  const place = receiver.expected & (receiver.window - 1);
  const length = receiver.heldLengths[place]!;
  if (length === 0) return false;
  const from = place * SEGMENT_BYTES_MAX;
  startSegment(receiver, receiver.held, from, from + length);
  return true;
}

/** From the wire: one more byte of a length, a varint in its shortest form. One no message can have breaks the stream. */
function readLength(receiver: ReliableReceiver): void {
  const byte = receiver.source[receiver.at++]!;
  receiver.length |= (byte & 0x7f) << receiver.lengthBits;
  receiver.lengthBits += 7;
  const isLast = byte < 0x80;
  if (
    receiver.length > receiver.messageBytesMax ||
    byte === 0 ||
    (!isLast && receiver.lengthBits === LENGTH_BITS_MAX)
  ) {
    receiver.isBroken = true;
  }
  receiver.isLengthKnown = isLast;
}

function endMessage(receiver: ReliableReceiver, bytes: Uint8Array, from: number): void {
  receiver.message = bytes;
  receiver.messageFrom = from;
  receiver.messageEnd = from + receiver.length;
  receiver.isLengthKnown = false;
  receiver.lengthBits = 0;
  receiver.length = 0;
  receiver.filled = 0;
}

function growAssembly(receiver: ReliableReceiver, needed: number): void {
  const old = receiver.assembly;
  if (needed <= old.length) return;
  let capacity = Math.max(ASSEMBLY_BYTES_FIRST, old.length);
  while (capacity < needed) capacity *= 2;
  receiver.assembly = new Uint8Array(Math.min(capacity, receiver.messageBytesMax));
  copy(old, 0, receiver.filled, receiver.assembly, 0);
}

function copy(source: Uint8Array, from: number, end: number, target: Uint8Array, to: number): void {
  let at = to;
  for (let index = from; index < end; index++) target[at++] = source[index]!;
}
