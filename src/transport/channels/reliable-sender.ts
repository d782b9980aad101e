// The sending half of the reliable channel. Messages become one stream of bytes, each behind its length; the stream is
// cut into segments when there is room for one in a packet, and a segment stays as it was cut: it leaves again, whole,
// until a packet that carried it is acknowledged. So large messages need no fragments of their own, small ones share a
// segment, and nothing can overlap. Any thread; pure, time is handed in.
//
//   stream:    … acknowledged | tail: segments, oldest first | cut: not in a segment yet | head
//   segments:  ids oldest … oldest + count − 1, at most `window` of them
//
// The queue grows by doubling to its bound and is let go when a large one has emptied; else nothing is allocated.

import { assert } from '../../base/assert.ts';
import type { Writer } from '../../base/bytes.ts';
import { SEGMENT_BYTES_MAX } from '../../base/limits.ts';
import { RELIABLE, SEGMENT_HEAD_BYTES } from './packet.ts';
import { sequenceAhead } from './sequence.ts';

const QUEUE_BYTES_FIRST = 512;
/** A larger queue is given back when it is empty. */
const QUEUE_BYTES_KEPT = 16_384;
/** What room is left in a packet is used for a piece of a long message only from here on: pieces are few. */
const SEGMENT_BYTES_LEAST = 256;

export interface ReliableSender {
  readonly window: number;
  readonly messageBytesMax: number;
  readonly queueBytesMax: number;
  queue: Uint8Array;
  tail: number;
  cut: number;
  head: number;
  /** Id of the oldest segment that is not acknowledged, 16 bits. */
  oldest: number;
  count: number;
  readonly starts: Float64Array;
  readonly lengths: Uint16Array;
  /** When it last left. */
  readonly sentMs: Float64Array;
  readonly isAcked: Uint8Array;
}

export function createReliableSender(window: number, messageBytesMax: number, queueBytesMax: number): ReliableSender {
  // One buffer for all columns, as in acks.ts.
  const buffer = new ArrayBuffer(window * 19);
  return {
    window,
    messageBytesMax,
    queueBytesMax,
    queue: new Uint8Array(0),
    tail: 0,
    cut: 0,
    head: 0,
    oldest: 0,
    count: 0,
    starts: new Float64Array(buffer, 0, window),
    sentMs: new Float64Array(buffer, window * 8, window),
    lengths: new Uint16Array(buffer, window * 16, window),
    isAcked: new Uint8Array(buffer, window * 18, window),
  };
}

/** Bytes that are not acknowledged, lengths included. */
export function backlogBytes(sender: ReliableSender): number {
  return sender.head - sender.tail;
}

/** Puts a copy into the stream; false when the queue has no room for it, or it is longer than a message may be. */
export function queueMessage(sender: ReliableSender, source: Uint8Array, from: number, end: number): boolean {
  const length = end - from;
  assert(length > 0, 'a message has at least one byte');
  if (length > sender.messageBytesMax) return false;
  const needed = sender.head - sender.tail + 3 + length;
  if (needed > sender.queueBytesMax) return false;
  if (needed > sender.queue.length) growQueue(sender, needed);
  putLength(sender, length);
  const { queue } = sender;
  const mask = queue.length - 1;
  let at = sender.head;
  for (let index = from; index < end; index++) queue[at++ & mask] = source[index]!;
  sender.head = at;
  return true;
}

/** A varint of up to three bytes: messages are shorter than 2²¹. */
function putLength(sender: ReliableSender, length: number): void {
  const { queue } = sender;
  const mask = queue.length - 1;
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) queue[sender.head++ & mask] = (rest & 0x7f) | 0x80;
  queue[sender.head++ & mask] = rest;
}

function growQueue(sender: ReliableSender, needed: number): void {
  let capacity = Math.max(QUEUE_BYTES_FIRST, sender.queue.length);
  while (capacity < needed) capacity *= 2;
  const old = sender.queue;
  const queue = new Uint8Array(Math.min(capacity, sender.queueBytesMax));
  for (let at = sender.tail; at < sender.head; at++) queue[at & (queue.length - 1)] = old[at & (old.length - 1)]!;
  sender.queue = queue;
}

/** Whether a segment would leave if there were a packet for it. */
export function isSegmentDue(sender: ReliableSender, nowMs: number, retryMs: number): boolean {
  if (sender.head === sender.tail) return false;
  if (sender.head > sender.cut && sender.count < sender.window) return true;
  for (let index = 0; index < sender.count; index++) if (mustRepeat(sender, index, nowMs, retryMs)) return true;
  return false;
}

function mustRepeat(sender: ReliableSender, index: number, nowMs: number, retryMs: number): boolean {
  const place = (sender.oldest + index) & (sender.window - 1);
  return sender.isAcked[place] === 0 && nowMs - sender.sentMs[place]! >= retryMs;
}

/**
 * Finds a segment that is due and fits `room`, header included, cutting a new one if none has to be repeated.
 * @param from as many of the oldest were looked at already.
 * @returns how far from the oldest it is; −1 for none.
 */
export function nextSegment(
  sender: ReliableSender,
  nowMs: number,
  retryMs: number,
  room: number,
  from: number,
): number {
  for (let index = from; index < sender.count; index++) {
    if (!mustRepeat(sender, index, nowMs, retryMs)) continue;
    const length = sender.lengths[(sender.oldest + index) & (sender.window - 1)]!;
    if (length + SEGMENT_HEAD_BYTES <= room) return index;
  }
  return cutSegment(sender, room) ? sender.count - 1 : -1;
}

function cutSegment(sender: ReliableSender, room: number): boolean {
  const waiting = sender.head - sender.cut;
  const length = Math.min(waiting, SEGMENT_BYTES_MAX, room - SEGMENT_HEAD_BYTES);
  if (sender.count === sender.window || length < Math.min(waiting, SEGMENT_BYTES_LEAST) || length <= 0) return false;
  const place = (sender.oldest + sender.count) & (sender.window - 1);
  sender.starts[place] = sender.cut;
  sender.lengths[place] = length;
  sender.isAcked[place] = 0;
  sender.cut += length;
  sender.count++;
  return true;
}

/** Writes the segment that `nextSegment` found; returns the bytes of the stream in it. */
export function writeSegment(sender: ReliableSender, index: number, writer: Writer, nowMs: number): number {
  const place = (sender.oldest + index) & (sender.window - 1);
  const length = sender.lengths[place]!;
  writer.u16((length << 2) | RELIABLE);
  writer.u16(sender.oldest + index);
  const { queue } = sender;
  const mask = queue.length - 1;
  const start = sender.starts[place]!;
  for (let at = start; at < start + length; at++) writer.u8(queue[at & mask]!);
  sender.sentMs[place] = nowMs;
  return length;
}

/** A packet that carried these segments arrived. Those that were known to have arrived are passed over. */
export function ackSegments(sender: ReliableSender, base: number, low: number, high: number): void {
  if ((low | high) === 0) return;
  const behind = sequenceAhead(sender.oldest, base);
  for (let index = 0; index < sender.count; index++) {
    const bit = index + behind;
    if (bit >= 64) break;
    if (((bit < 32 ? low : high) & (1 << (bit & 31))) === 0) continue;
    sender.isAcked[(sender.oldest + index) & (sender.window - 1)] = 1;
  }
  dropAcked(sender);
}

function dropAcked(sender: ReliableSender): void {
  while (sender.count > 0) {
    const place = sender.oldest & (sender.window - 1);
    if (sender.isAcked[place] === 0) break;
    sender.tail = sender.starts[place]! + sender.lengths[place]!;
    sender.oldest = (sender.oldest + 1) & 0xffff;
    sender.count--;
  }
  if (sender.tail === sender.head && sender.queue.length > QUEUE_BYTES_KEPT) sender.queue = new Uint8Array(0);
}
