// Channels of one connection over authenticated datagrams: packets of at most 1,200 bytes in and out, messages out and
// in. Any thread; no socket, no clock. Nothing is allocated for a packet: the caller's buffers are written to and read
// from in place, only large or early reliable bytes are copied, into buffers that are bounded and kept.
//
// Out: beginPacket → writeMessage (unreliable and sequenced, as often as they fit) → endPacket, which adds what is due of
//      the reliable stream; again while `isPacketDue`. sendReliable only queues.
// In:  receivePacket → nextMessage until false → nextOutcome until −1.
//
// The packets have come through the secure transport, so they are the peer's; the peer may be hostile all the same. A
// packet is checked whole before any of it is used: dropped, it has done nothing and is not acknowledged.

import { assert } from '../../base/assert.ts';
import { Reader, Writer } from '../../base/bytes.ts';
import { PACKET_BYTES_MAX } from '../../base/limits.ts';
import {
  checkAcks,
  checkSequence,
  createReceivedPackets,
  createSentPackets,
  fillAcks,
  noteReceived,
  noteSent,
  numberOf,
  oweAck,
  type ReceivedPackets,
  type SentPackets,
  takeAcks,
  takeOutcome,
} from './acks.ts';
import {
  createSendBudget,
  mayWriteMessage,
  mayWriteSegment,
  refillBudget,
  type SendBudget,
  spend,
  type TokenBucket,
} from './budget.ts';
import type { Direction } from './directions.ts';
import {
  BROKEN,
  checkMessages,
  createPacketHeader,
  HEADER_BYTES,
  MESSAGE_BYTES_MAX,
  MESSAGE_HEAD_BYTES,
  type PacketHeader,
  RELIABLE,
  readHeader,
  SEQUENCED,
  TAKEN,
  UNRELIABLE,
  writeHeader,
} from './packet.ts';
import { createReliableReceiver, findMessage, type ReliableReceiver, takeSegment } from './reliable-receiver.ts';
import {
  createReliableSender,
  isSegmentDue,
  nextSegment,
  queueMessage,
  type ReliableSender,
  writeSegment,
} from './reliable-sender.ts';
import { type ConnectionStats, createStats } from './stats.ts';

/** Wait before a segment leaves again: round trip, four times its jitter, and what the peer may wait and be late. */
const RETRY_SLACK_MS = 50;
const RETRY_MS_MAX = 3_000;
/** Round trip before one is known. */
const RTT_MS_FIRST = 250;

const NOTHING = new Uint8Array(0);

/** A thread reads one packet at a time, and writes one: what that takes is everybody's, and stays in the cache. */
const header: PacketHeader = createPacketHeader();
const reader = new Reader(NOTHING);
const writer = new Writer(NOTHING);

export interface Channels {
  readonly stats: ConnectionStats;
  readonly budget: SendBudget;
  readonly sender: ReliableSender;
  readonly receiver: ReliableReceiver;
  readonly sent: SentPackets;
  readonly received: ReceivedPackets;
  /** Where the packet being written began; −1 between packets. */
  packetStart: number;
  /** The segments in it, as bits from the oldest that was not acknowledged on. */
  segmentsLow: number;
  segmentsHigh: number;
  /** Whether a packet has messages that were not read. */
  isReading: boolean;
  /** The number of the packet being read, and of the newest one that held a sequenced message. */
  packet: number;
  sequencedPacket: number;
  /** What `nextMessage` found: `bytes[from, end)` is valid until its next call, and while the packet's buffer is. */
  kind: number;
  bytes: Uint8Array;
  from: number;
  end: number;
}

/** @param node the bucket that all connections of this edge share. */
export function createChannels(
  out: Direction,
  into: Direction,
  node: TokenBucket | undefined,
  nowMs: number,
): Channels {
  return {
    stats: createStats(),
    budget: createSendBudget(out.bytesPerSecond, out.bytesBurst, node, nowMs),
    sender: createReliableSender(out.segments, out.messageBytesMax, out.queueBytesMax),
    receiver: createReliableReceiver(into.segments, into.messageBytesMax),
    sent: createSentPackets(),
    received: createReceivedPackets(),
    packetStart: -1,
    segmentsLow: 0,
    segmentsHigh: 0,
    isReading: false,
    packet: 0,
    sequencedPacket: -1,
    kind: UNRELIABLE,
    bytes: NOTHING,
    from: 0,
    end: 0,
  };
}

// --- out

/** Queues a copy; false when there is no room for it, or it is too long (counted): the caller decides what that means. */
export function sendReliable(channels: Channels, source: Uint8Array, from: number, end: number): boolean {
  if (queueMessage(channels.sender, source, from, end)) return true;
  channels.stats.reliableRefused++;
  return false;
}

/** Whether there is something to send besides unreliable messages: an acknowledgement, or a reliable segment. */
export function isPacketDue(channels: Channels, nowMs: number): boolean {
  if (channels.received.ackDueMs <= nowMs) return true;
  if (!isSegmentDue(channels.sender, nowMs, retryMs(channels.stats))) return false;
  refillBudget(channels.budget, nowMs);
  return mayWriteSegment(channels.budget);
}

/** Begins a packet in the caller's buffer, which has room for the longest one from `start` on. */
export function beginPacket(channels: Channels, target: Uint8Array, start: number, nowMs: number): void {
  assert(channels.packetStart === -1, 'the packet before was ended');
  assert(start >= 0 && start + PACKET_BYTES_MAX <= target.length, 'the buffer has room for a packet');
  channels.packetStart = start;
  writer.reset(target, start + HEADER_BYTES, start + PACKET_BYTES_MAX);
  refillBudget(channels.budget, nowMs);
}

/** How long a message may be that is written next; 0 when the budget is used up (counted). */
export function messageRoom(channels: Channels): number {
  if (!mayWriteMessage(channels.budget)) {
    channels.stats.messagesRefused++;
    return 0;
  }
  return Math.max(0, writer.end - writer.offset - MESSAGE_HEAD_BYTES);
}

/** Puts an unreliable or sequenced message into the packet; false when budget or packet have no room (counted). */
export function writeMessage(
  channels: Channels,
  kind: typeof UNRELIABLE | typeof SEQUENCED,
  source: Uint8Array,
  from: number,
  end: number,
): boolean {
  const length = end - from;
  assert(channels.packetStart !== -1 && length > 0, 'a message has bytes, and a packet to be in');
  if (writer.offset + MESSAGE_HEAD_BYTES + length > writer.end || !mayWriteMessage(channels.budget)) {
    channels.stats.messagesRefused++;
    return false;
  }
  writer.u16((length << 2) | kind);
  writer.raw(source, from, end);
  spend(channels.budget, length, false);
  return true;
}

/**
 * The same for a message of so many bytes that is in its place already: the first of the packet, MESSAGE_AT bytes behind
 * the packet's start.
 */
export function placeMessage(channels: Channels, kind: typeof UNRELIABLE | typeof SEQUENCED, length: number): boolean {
  assert(writer.offset === channels.packetStart + HEADER_BYTES && length > 0, 'it is the first message of a packet');
  if (length > MESSAGE_BYTES_MAX || !mayWriteMessage(channels.budget)) {
    channels.stats.messagesRefused++;
    return false;
  }
  writer.u16((length << 2) | kind);
  writer.offset += length;
  spend(channels.budget, length, false);
  return true;
}

/**
 * Adds what is due of the reliable stream and ends the packet. Returns where it ends; its start when there was nothing to
 * say, and then there is no packet.
 */
export function endPacket(channels: Channels, nowMs: number): number {
  const { stats, sent } = channels;
  const start = channels.packetStart;
  assert(start !== -1, 'a packet was begun');
  channels.packetStart = -1;
  const base = channels.sender.oldest;
  writeSegments(channels, nowMs);
  const { offset } = writer;
  if (offset === start + HEADER_BYTES && channels.received.ackDueMs > nowMs) return start;
  header.sequence = sent.count & 0xffff;
  fillAcks(channels.received, header, nowMs);
  writer.reset(writer.bytes, start);
  writeHeader(header, writer);
  noteSent(sent, stats, nowMs, base, channels.segmentsLow, channels.segmentsHigh);
  stats.packetsOut++;
  stats.bytesOut += offset - start;
  return offset;
}

function writeSegments(channels: Channels, nowMs: number): void {
  const { sender, budget, stats } = channels;
  channels.segmentsLow = 0;
  channels.segmentsHigh = 0;
  if (sender.head === sender.tail) return;
  const waitMs = retryMs(stats);
  let known = sender.count;
  let next = 0;
  while (mayWriteSegment(budget)) {
    const index = nextSegment(sender, nowMs, waitMs, writer.end - writer.offset, next);
    if (index < 0) return;
    if (index < known) stats.segmentsResent++;
    known = sender.count;
    stats.segmentsOut++;
    if (index < 32) channels.segmentsLow |= 1 << index;
    else channels.segmentsHigh |= 1 << (index - 32);
    spend(budget, writeSegment(sender, index, writer, nowMs), true);
    next = index + 1;
  }
}

/**
 * Deliberate: it doesn't grow with each repetition, as TCP's does. What a dead line would get is bounded by the budget
 * and ends with the connection, and on a bad one a wait that doubles is what players notice.
 */
function retryMs(stats: ConnectionStats): number {
  const rttMs = stats.rttMs < 0 ? RTT_MS_FIRST : stats.rttMs;
  return Math.min(RETRY_MS_MAX, rttMs + 4 * stats.jitterMs + RETRY_SLACK_MS);
}

// --- in

/**
 * From the wire: the payload of a datagram that was authenticated, at `bytes[from, end)`. TAKEN, or why it was dropped
 * (counted). All its messages must be read with `nextMessage` before the next packet, of whomever.
 */
export function receivePacket(channels: Channels, bytes: Uint8Array, from: number, end: number, nowMs: number): number {
  const { stats } = channels;
  assert(!channels.isReading || channels.receiver.isBroken, 'the messages of the packet before were read');
  reader.reset(bytes, from, end);
  const code = checkPacket(channels);
  if (code !== TAKEN) {
    stats.dropped[-code]!++;
    reader.fail();
    return code;
  }
  const { received } = channels;
  stats.packetsIn++;
  stats.bytesIn += end - from;
  channels.packet = numberOf(received, header.sequence);
  noteReceived(received, stats, channels.packet, nowMs);
  takeAcks(channels.sent, channels.sender, stats, header, nowMs);
  if (reader.remaining > 0) oweAck(received, nowMs, header.hasSegments);
  channels.isReading = reader.remaining > 0;
  return TAKEN;
}

/** All checks, in order of cost. The reader is at the first message again afterwards. */
function checkPacket(channels: Channels): number {
  const { receiver } = channels;
  if (receiver.isBroken) return BROKEN;
  const headerCode = readHeader(header, reader);
  if (headerCode !== TAKEN) return headerCode;
  const sequenceCode = checkSequence(channels.received, header.sequence);
  if (sequenceCode !== TAKEN) return sequenceCode;
  const ackCode = checkAcks(channels.sent, header);
  if (ackCode !== TAKEN) return ackCode;
  const { bytes, offset, end } = reader;
  const code = checkMessages(header, reader, receiver.expected, receiver.window);
  reader.reset(bytes, offset, end);
  return code;
}

/** Whether the peer sent what no honest one does, so that nothing more can be taken: the connection has to end. */
export function isBroken(channels: Channels): boolean {
  return channels.receiver.isBroken;
}

/** The next message that came, in `kind`, `bytes`, `from` and `end`; false when there is none. */
export function nextMessage(channels: Channels): boolean {
  const { receiver, stats } = channels;
  for (;;) {
    if (receiver.hasMore && findMessage(receiver)) {
      return giveMessage(channels, RELIABLE, receiver.message, receiver.messageFrom, receiver.messageEnd);
    }
    if (receiver.isBroken || reader.remaining === 0) {
      channels.isReading = false;
      return false;
    }
    const head = reader.u16();
    const kind = head & 3;
    const id = kind === RELIABLE ? reader.u16() : 0;
    const from = reader.offset;
    const end = from + (head >> 2);
    reader.offset = end;
    if (kind === RELIABLE) {
      if (!takeSegment(receiver, id, reader.bytes, from, end)) stats.segmentsRepeated++;
    } else if (kind === UNRELIABLE || channels.packet >= channels.sequencedPacket) {
      if (kind === SEQUENCED) channels.sequencedPacket = channels.packet;
      return giveMessage(channels, kind, reader.bytes, from, end);
    } else stats.sequencedLate++;
  }
}

function giveMessage(channels: Channels, kind: number, bytes: Uint8Array, from: number, end: number): true {
  channels.kind = kind;
  channels.bytes = bytes;
  channels.from = from;
  channels.end = end;
  return true;
}

/**
 * What became of a packet that was sent: its sequence, plus 65,536 when it arrived; −1 when there is nothing to tell.
 * Each packet is told once. Who doesn't ask loses the oldest.
 */
export function nextOutcome(channels: Channels): number {
  return takeOutcome(channels.sent);
}

/** Bytes held for reliable messages, both ways: what is bounded per connection besides its fixed size. */
export function heldBytes(channels: Channels): number {
  const { sender, receiver } = channels;
  return sender.queue.length + receiver.held.length + receiver.assembly.length;
}
