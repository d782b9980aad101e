// What a zone tells one client, on its way out: all of one pass over the zone's messages goes in as few messages as may
// be, since each costs a frame, a send and, for the client, a wake-up. Events and responses are not mixed in one: which
// of them came first would be lost to a client that decodes the message whole. Edge threads.
//
//   message: (tag, length, ServerEvent | ServerResponse)…     at most TOLD_BYTES_MAX, or one part that is longer

import { Writer } from '../base/bytes.ts';
import { TOLD_BYTES_MAX } from '../base/limits.ts';
import { LENGTH_DELIMITED } from '../wire/codec.ts';

export interface Told {
  /** Made with the first part: most connections of a busy door never get one. */
  writer: Writer | undefined;
  /** Of ServerMessage: which kind of parts waits. */
  field: number;
}

/** Where it goes; a Link fits. The bytes are the caller's again after the call. */
interface ToldLink {
  send(bytes: Uint8Array, isReliable: boolean): void;
  sendWithin?(bytes: Uint8Array, from: number, end: number, isReliable: boolean): void;
}

/** Sends `bytes[from, end)`, without making an object for it where the carrier can do without. */
export function sendWithin(link: ToldLink, bytes: Uint8Array, from: number, end: number, isReliable: boolean): void {
  if (link.sendWithin === undefined) link.send(bytes.subarray(from, end), isReliable);
  else link.sendWithin(bytes, from, end, isReliable);
}

/** A tag below 16 and a length below 2^21. */
const PART_HEAD_BYTES_MAX = 4;

export function createTold(): Told {
  return { writer: undefined, field: 0 };
}

export function hasTold(told: Told): boolean {
  return told.writer !== undefined && told.writer.offset > 0;
}

/** `bytes[from, end)` is to be sent as a part of that field; it is copied. `sendTold` sends what waits. */
export function tell(told: Told, link: ToldLink, field: number, bytes: Uint8Array, from: number, end: number): void {
  const partBytes = end - from + PART_HEAD_BYTES_MAX;
  told.writer ??= new Writer(new Uint8Array(TOLD_BYTES_MAX));
  if (told.field !== field || told.writer.offset + partBytes > TOLD_BYTES_MAX) sendTold(told, link);
  told.field = field;
  if (partBytes <= TOLD_BYTES_MAX) {
    writePart(told.writer, field, bytes, from, end);
    return;
  }
  const long = new Writer(new Uint8Array(partBytes));
  writePart(long, field, bytes, from, end);
  sendWithin(link, long.bytes, 0, long.offset, true);
}

function writePart(writer: Writer, field: number, bytes: Uint8Array, from: number, end: number): void {
  writer.varint((field << 3) | LENGTH_DELIMITED);
  writer.varint(end - from);
  writer.raw(bytes, from, end);
}

/** Emptied before it is sent: a link that breaks by it closes its connection, which sends what waits. */
export function sendTold(told: Told, link: ToldLink): void {
  if (!hasTold(told)) return;
  const { bytes, offset } = told.writer!;
  told.writer!.reset();
  sendWithin(link, bytes, 0, offset, true);
}
