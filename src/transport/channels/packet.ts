// One packet of the channels, which is the payload of one datagram, and the check of one that came. Any thread, pure;
// nothing here allocates or remembers anything.
//
//   offset 0  sequence   u16   of this packet
//          2  newest     u16   highest sequence received
//          4  bits       u32   bit i: newest − i was received. 0: nothing was yet, and newest and delay are 0
//          8  delay      u16   tenths of a millisecond since `newest` came; 65,535: that or longer
//         10  messages, each:  u16 length << 2 | kind · for a segment its id u16 · length bytes, at least one
//
// Layout and numbers are in proto/STANDARD.md too; test/transport/channels/standard.test.ts compares.

import type { Reader, Writer } from '../../base/bytes.ts';
import { PACKET_BYTES_MAX, SEGMENT_BYTES_MAX } from '../../base/limits.ts';
import { sequenceAhead } from './sequence.ts';

export const HEADER_BYTES = 10;
export const MESSAGE_HEAD_BYTES = 2;
export const SEGMENT_HEAD_BYTES = 4;
/** Where the first message's bytes begin in a packet. */
export const MESSAGE_AT = HEADER_BYTES + MESSAGE_HEAD_BYTES;
/** The longest message that needs no segments. */
export const MESSAGE_BYTES_MAX = PACKET_BYTES_MAX - HEADER_BYTES - MESSAGE_HEAD_BYTES;
export const DELAY_TENTHS_MAX = 0xffff;

/** Comes or doesn't, in any order. */
export const UNRELIABLE = 0;
/** Comes or doesn't, and never after one that was in a later packet. */
export const SEQUENCED = 1;
/** On the wire a piece of the reliable stream; to users a message of it, exactly once and in order. */
export const RELIABLE = 2;

/** What became of a packet that came. Below zero: dropped whole, and not acknowledged. */
export const TAKEN = 0;
export const BAD_SIZE = -1;
/** Came before. */
export const DUPLICATE = -2;
/** So old that it can't be acknowledged. */
export const STALE = -3;
/** Acknowledges what was never sent. */
export const BAD_ACK = -4;
/** Unknown kinds, lengths that don't fit. */
export const BAD_LAYOUT = -5;
/** A segment that an honest sender couldn't have sent yet. */
export const BAD_SEGMENT = -6;
/** The reliable stream held what no message can be: nothing is taken any more, the connection has to end. */
export const BROKEN = -7;

export interface PacketHeader {
  sequence: number;
  newest: number;
  /** As an int32. */
  bits: number;
  delayTenths: number;
  /** Not a field of its own: whether `checkMessages` saw a segment. */
  hasSegments: boolean;
}

export function createPacketHeader(): PacketHeader {
  return { sequence: 0, newest: 0, bits: 0, delayTenths: 0, hasSegments: false };
}

/** From the wire: any bytes. The reader stands at the first message afterwards. */
export function readHeader(header: PacketHeader, reader: Reader): typeof TAKEN | typeof BAD_SIZE | typeof BAD_LAYOUT {
  if (reader.remaining < HEADER_BYTES || reader.remaining > PACKET_BYTES_MAX) return BAD_SIZE;
  header.sequence = reader.u16();
  header.newest = reader.u16();
  header.bits = reader.i32();
  header.delayTenths = reader.u16();
  if (header.bits === 0) return header.newest === 0 && header.delayTenths === 0 ? TAKEN : BAD_LAYOUT;
  // What says that something was received says so of the newest.
  return (header.bits & 1) === 1 ? TAKEN : BAD_LAYOUT;
}

export function writeHeader(header: PacketHeader, writer: Writer): void {
  writer.u16(header.sequence);
  writer.u16(header.newest);
  writer.u32(header.bits);
  writer.u16(header.delayTenths);
}

/**
 * From the wire: checks all messages to the end of the reader, before the first of them is used.
 * @param expected the segment that is next in order; one that is `window` or more ahead can't have been sent yet.
 */
export function checkMessages(header: PacketHeader, reader: Reader, expected: number, window: number): number {
  header.hasSegments = false;
  while (reader.remaining > 0) {
    const head = reader.u16();
    const kind = head & 3;
    const length = head >> 2;
    if (kind > RELIABLE || length === 0) return BAD_LAYOUT;
    if (kind === RELIABLE) {
      if (length > SEGMENT_BYTES_MAX) return BAD_LAYOUT;
      header.hasSegments = true;
      const id = reader.u16();
      if (sequenceAhead(id, expected) >= window) return reader.failed ? BAD_LAYOUT : BAD_SEGMENT;
    }
    reader.skip(length);
  }
  return reader.failed ? BAD_LAYOUT : TAKEN;
}
