// Packets beyond the standard, types 8 and 9: bound to a connection, not to an address. Edge threads, clients. Payloads
// have a type of their own, so that none has to be copied behind a byte that says what it is.
//
//   u8 prefix: (bytes of the sequence number << 4) | type · sequence number in its 1–8 significant bytes, low byte first ·
//   u32 connection id · sealed data · 16 bytes of tag.
//   Bound to VERSION · protocol id · prefix · connection id; nonce: 4 zero bytes · sequence number u64
//
// A connection id names a pair of keys: each re-key brings a new one (so there is no bit for a phase), and 0 stands for
// the token's. Read in the same order as others: what can be told without a key, then the key, then the seal.

import type { Aead } from './aead.ts';
import { ACCEPTED, COUNT } from './counts.ts';
import {
  BOUND_CONTROL,
  BOUND_PAYLOAD,
  NONCE_BYTES,
  PACKET_BYTES_MAX,
  PACKET_BYTES_MIN,
  PAYLOAD_BYTES_MAX,
  TAG_BYTES,
  VERSION,
} from './layout.ts';
import { readSequence, significantBytes } from './packet.ts';
import { readWord, writeWord } from './u64.ts';

export const ID_BYTES = 4;
/** The id of the keys that came with the token, which are found by address. */
export const TOKEN_ID = 0;

const PREFIX_AT = VERSION.length + 8;
const ID_AT = PREFIX_AT + 1;

export interface BoundCodec {
  readonly aead: Aead;
  /** VERSION · protocol id · prefix and connection id of the packet at hand. */
  readonly additional: Uint8Array;
  readonly nonce: Uint8Array;
  /** What `readBoundPrefix` found. */
  type: number;
  sequenceLow: number;
  sequenceHigh: number;
  /** One word, as key tables want it. */
  readonly id: Uint32Array;
  /** Where the sealed data begins. */
  dataFrom: number;
}

/** @param protocolId eight bytes, low byte first. */
export function createBoundCodec(aead: Aead, protocolId: Uint8Array): BoundCodec {
  const additional = new Uint8Array(ID_AT + ID_BYTES);
  additional.set(VERSION);
  additional.set(protocolId, VERSION.length);
  return {
    aead,
    additional,
    nonce: new Uint8Array(NONCE_BYTES),
    type: 0,
    sequenceLow: 0,
    sequenceHigh: 0,
    id: new Uint32Array(1),
    dataFrom: 0,
  };
}

/** Whether a first byte is that of a packet of this form. */
export function isBoundPrefix(prefix: number): boolean {
  return (prefix & 15) === BOUND_PAYLOAD || (prefix & 15) === BOUND_CONTROL;
}

/** Writes a packet with `data[from, end)` at `target[at …]`; returns its length. */
export function writeBoundPacket(
  codec: BoundCodec,
  type: number,
  id: number,
  key: Uint8Array,
  low: number,
  high: number,
  data: Uint8Array,
  from: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  const sequenceBytes = high > 0 ? 4 + significantBytes(high) : significantBytes(low);
  const prefix = (sequenceBytes << 4) | type;
  let offset = at;
  target[offset++] = prefix;
  for (let index = 0; index < sequenceBytes; index++) {
    target[offset++] = (index < 4 ? low : high) >>> ((index & 3) * 8);
  }
  writeWord(target, offset, id);
  offset += ID_BYTES;
  bind(codec, prefix, id, low, high);
  codec.aead.seal(key, codec.nonce, codec.additional, data, from, end, target, offset);
  return offset - at + (end - from) + TAG_BYTES;
}

function bind(codec: BoundCodec, prefix: number, id: number, low: number, high: number): void {
  codec.additional[PREFIX_AT] = prefix;
  writeWord(codec.additional, ID_AT, id);
  writeWord(codec.nonce, 4, low);
  writeWord(codec.nonce, 8, high);
}

/** From the wire: what can be told of `bytes[from, end)` without a key. ACCEPTED, or the count of why it is dropped. */
export function readBoundPrefix(codec: BoundCodec, bytes: Uint8Array, from: number, end: number): number {
  const length = end - from;
  if (length < PACKET_BYTES_MIN || length > PACKET_BYTES_MAX) return COUNT.dropSize;
  const prefix = bytes[from]!;
  const sequenceBytes = prefix >>> 4;
  if (sequenceBytes < 1 || sequenceBytes > 8) return COUNT.dropSequence;
  const dataBytes = length - 1 - sequenceBytes - ID_BYTES - TAG_BYTES;
  if (dataBytes < 1 || dataBytes > PAYLOAD_BYTES_MAX) return COUNT.dropLength;
  codec.type = prefix & 15;
  readSequence(codec, bytes, from + 1, sequenceBytes);
  codec.id[0] = readWord(bytes, from + 1 + sequenceBytes);
  codec.dataFrom = from + 1 + sequenceBytes + ID_BYTES;
  return ACCEPTED;
}

/** Opens the packet at `bytes[start, end)` whose prefix was read: the bytes of its data, or −1 when it is forged. */
export function openBoundPacket(
  codec: BoundCodec,
  key: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  const { aead, dataFrom } = codec;
  bind(codec, bytes[start]!, codec.id[0]!, codec.sequenceLow, codec.sequenceHigh);
  if (!aead.open(key, codec.nonce, codec.additional, bytes, dataFrom, end, target, 0)) return -1;
  return end - dataFrom - TAG_BYTES;
}
