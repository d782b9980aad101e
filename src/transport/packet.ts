// Sealed packets of netcode 1.02, types 1 … 6, into and out of a caller's bytes. Edge threads, clients.
//
//   u8 prefix: (bytes of the sequence number << 4) | type · sequence number in its 1–8 significant bytes, low byte first ·
//   sealed data · 16 bytes of tag.    Bound to VERSION · protocol id · prefix; nonce: 4 zero bytes · sequence number u64
//
// Reading is in order of cost, and each fact is checked once: first the prefix (`readPrefix`), then the caller looks up
// the key and the window of the address, then the packet is opened (`openPacket`), and only then may anything change.
// Nothing allocates.

import type { Aead } from './aead.ts';
import { ACCEPTED, COUNT } from './counts.ts';
import { NONCE_BYTES, PACKET_BYTES_MAX, PACKET_BYTES_MIN, PACKET_TYPES, TAG_BYTES, VERSION } from './layout.ts';
import { writeWord } from './u64.ts';

export const FROM_CLIENT = 1;
export const FROM_SERVER = 2;

export interface PacketCodec {
  readonly aead: Aead;
  /** VERSION · protocol id · prefix of the packet at hand. */
  readonly additional: Uint8Array;
  readonly nonce: Uint8Array;
  /** What `readPrefix` found. */
  type: number;
  sequenceLow: number;
  sequenceHigh: number;
  /** Where the sealed data begins. */
  dataFrom: number;
}

const PREFIX_AT = VERSION.length + 8;
const TYPES = PACKET_TYPES.length;
const DIRECTIONS = Uint8Array.from(
  PACKET_TYPES,
  ({ fromClient, fromServer }) => (fromClient ? FROM_CLIENT : 0) | (fromServer ? FROM_SERVER : 0),
);
const DATA_MIN = Int32Array.from(PACKET_TYPES, ({ bytesMin }) => bytesMin);
const DATA_MAX = Int32Array.from(PACKET_TYPES, ({ bytesMax }) => bytesMax);

/** @param protocolId eight bytes, low byte first. */
export function createPacketCodec(aead: Aead, protocolId: Uint8Array): PacketCodec {
  const additional = new Uint8Array(PREFIX_AT + 1);
  additional.set(VERSION);
  additional.set(protocolId, VERSION.length);
  return {
    aead,
    additional,
    nonce: new Uint8Array(NONCE_BYTES),
    type: 0,
    sequenceLow: 0,
    sequenceHigh: 0,
    dataFrom: 0,
  };
}

/** Writes a packet with `data[from, end)` at `target[at …]`, PACKET_BYTES_MAX at most; returns its length. */
export function writePacket(
  codec: PacketCodec,
  type: number,
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
  bind(codec, prefix, low, high);
  codec.aead.seal(key, codec.nonce, codec.additional, data, from, end, target, offset);
  return offset - at + (end - from) + TAG_BYTES;
}

/** 1 … 4 */
export function significantBytes(word: number): number {
  if (word < 0x100) return 1;
  if (word < 0x1_0000) return 2;
  return word < 0x100_0000 ? 3 : 4;
}

function bind(codec: PacketCodec, prefix: number, low: number, high: number): void {
  codec.additional[PREFIX_AT] = prefix;
  writeWord(codec.nonce, 4, low);
  writeWord(codec.nonce, 8, high);
}

/**
 * From the wire: what can be told of `bytes[from, end)` without a key. ACCEPTED, or the count of why it is dropped.
 * Deliberate: the length of the data, which other implementations look at last, is known from here; so junk of a wrong
 * length costs no opening.
 */
export function readPrefix(codec: PacketCodec, bytes: Uint8Array, from: number, end: number, sender: number): number {
  const length = end - from;
  if (length < PACKET_BYTES_MIN || length > PACKET_BYTES_MAX) return COUNT.dropSize;
  const prefix = bytes[from]!;
  const type = prefix & 15;
  if (type >= TYPES || (DIRECTIONS[type]! & sender) === 0) return COUNT.dropType;
  const sequenceBytes = prefix >>> 4;
  if (sequenceBytes < 1 || sequenceBytes > 8) return COUNT.dropSequence;
  const dataBytes = length - 1 - sequenceBytes - TAG_BYTES;
  if (dataBytes < DATA_MIN[type]! || dataBytes > DATA_MAX[type]!) return COUNT.dropLength;
  codec.type = type;
  readSequence(codec, bytes, from + 1, sequenceBytes);
  codec.dataFrom = from + 1 + sequenceBytes;
  return ACCEPTED;
}

/** What both forms of packets are read into. */
export interface SequenceRead {
  sequenceLow: number;
  sequenceHigh: number;
}

export function readSequence(codec: SequenceRead, bytes: Uint8Array, at: number, count: number): void {
  let low = 0;
  let high = 0;
  for (let index = 0; index < count; index++) {
    if (index < 4) low |= bytes[at + index]! << (index * 8);
    else high |= bytes[at + index]! << ((index - 4) * 8);
  }
  codec.sequenceLow = low >>> 0;
  codec.sequenceHigh = high >>> 0;
}

/**
 * Opens the packet at `bytes[start, end)` whose prefix was read, into `target[0 …]`: the bytes of its data, or −1 when
 * it is forged.
 */
export function openPacket(
  codec: PacketCodec,
  key: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  const { aead, dataFrom } = codec;
  bind(codec, bytes[start]!, codec.sequenceLow, codec.sequenceHigh);
  if (!aead.open(key, codec.nonce, codec.additional, bytes, dataFrom, end, target, 0)) return -1;
  return end - dataFrom - TAG_BYTES;
}
