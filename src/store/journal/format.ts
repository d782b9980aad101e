// The bytes of a segment: a header in a block of its own, then groups, each in whole blocks, then zeros. A block that was
// synced is never written again, so that no write that fails or tears can touch what was acknowledged. Little-endian.
// Pure; the CRC is handed in. docs/journal.md has the tables.
//
//   header   8 "DARKJRNL" | u32 version | u32 salt | u64 segment | u64 first group | u32 checksum of the group before
//            | u32 zero | u64 wall ms | 44 node id | u32 CRC-32 of these 92 bytes | zeros up to 4096
//   group    u32 "DGRP" | u32 body bytes | u64 sequence | u32 salt | u32 checksum of the group before
//            | u32 CRC-32 of these 24 bytes | u32 checksum: that CRC-32 gone on with over the body | body | zeros
//
// The salt is drawn for each segment: what players write into a tick can't look like a group.

import { assert } from '../../base/assert.ts';
import { Reader, Writer } from '../../base/bytes.ts';

export type Crc32 = (bytes: Uint8Array, start: number) => number;

export const JOURNAL_VERSION = 1;
/** A page of memory and, mostly, a sector of a disk. */
export const BLOCK_BYTES = 4096;
/** The largest body of a group. */
export const GROUP_BODY_BYTES_MAX = 64 << 20;

const HEADER_BYTES = 96;
const SEGMENT_MAGIC = new TextEncoder().encode('DARKJRNL');
const NODE_ID_BYTES = 44;
const GROUP_MAGIC = 0x50524744;
export const GROUP_HEAD_BYTES = 32;
const HEAD_CHECKED_BYTES = 24;

export interface SegmentHeader {
  readonly version: number;
  readonly salt: number;
  readonly segment: number;
  /** Sequence of the first group in it. */
  readonly first: number;
  /** Checksum of the group before that one. */
  readonly previous: number;
  readonly wallMs: number;
  readonly nodeId: string;
}

export interface GroupHead {
  readonly sequence: number;
  readonly salt: number;
  readonly previous: number;
  readonly checksum: number;
  readonly bodyFrom: number;
  readonly bodyEnd: number;
  /** Where the next group begins. */
  readonly end: number;
}

/** A group of a journal, known by its checksum: another journal has another one of that number. */
export interface JournalMark {
  readonly sequence: number;
  readonly checksum: number;
}

export function segmentName(segment: number): string {
  return `${String(segment).padStart(8, '0')}.journal`;
}

export const PACKED_SUFFIX = '.zst';

/** The number in a segment's name, packed or not; undefined when it is none. */
export function segmentOfName(name: string): number | undefined {
  const match = /^(\d{8,})\.journal(\.zst)?$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

export function inBlocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

export function encodeSegmentHeader(header: SegmentHeader, crc32: Crc32): Uint8Array {
  const bytes = new Uint8Array(BLOCK_BYTES);
  const writer = new Writer(bytes);
  const nodeId = new TextEncoder().encode(header.nodeId);
  assert(nodeId.length <= NODE_ID_BYTES, 'a node id fits its place');
  writer.raw(SEGMENT_MAGIC);
  writer.u32(header.version);
  writer.u32(header.salt);
  writer.u53(header.segment);
  writer.u53(header.first);
  writer.u32(header.previous);
  writer.u32(0);
  writer.u53(header.wallMs);
  writer.raw(nodeId);
  writer.offset = HEADER_BYTES - 4;
  writer.u32(crc32(bytes.subarray(0, HEADER_BYTES - 4), 0));
  return bytes;
}

/** Undefined when the bytes are no whole header. One of a newer version is given back as far as ours is in it. */
export function decodeSegmentHeader(bytes: Uint8Array, crc32: Crc32): SegmentHeader | undefined {
  if (bytes.length < HEADER_BYTES || SEGMENT_MAGIC.some((byte, index) => bytes[index] !== byte)) return undefined;
  const reader = new Reader(bytes);
  reader.offset = HEADER_BYTES - 4;
  if (reader.u32() !== crc32(bytes.subarray(0, HEADER_BYTES - 4), 0)) return undefined;
  reader.offset = SEGMENT_MAGIC.length;
  const version = reader.u32();
  const salt = reader.u32();
  const segment = reader.u53();
  const first = reader.u53();
  const previous = reader.u32();
  reader.skip(4);
  const wallMs = reader.u53();
  const nodeId = reader.text(NODE_ID_BYTES).replace(/\0+$/, '');
  return reader.failed ? undefined : { version, salt, segment, first, previous, wallMs, nodeId };
}

/** What a group of this body takes of a segment. */
export function groupBytes(bodyBytes: number): number {
  return inBlocks(GROUP_HEAD_BYTES + bodyBytes);
}

/**
 * Writes the head of a group in front of the body that lies at `bytes[32, 32 + bodyBytes)`, and the zeros behind it.
 * Returns the group's checksum.
 */
export function sealGroup(
  bytes: Uint8Array,
  bodyBytes: number,
  place: { readonly sequence: number; readonly salt: number; readonly previous: number },
  crc32: Crc32,
): number {
  const writer = new Writer(bytes);
  writer.u32(GROUP_MAGIC);
  writer.u32(bodyBytes);
  writer.u53(place.sequence);
  writer.u32(place.salt);
  writer.u32(place.previous);
  const headChecksum = crc32(bytes.subarray(0, HEAD_CHECKED_BYTES), 0);
  const bodyEnd = GROUP_HEAD_BYTES + bodyBytes;
  const checksum = crc32(bytes.subarray(GROUP_HEAD_BYTES, bodyEnd), headChecksum);
  writer.u32(headChecksum);
  writer.u32(checksum);
  bytes.fill(0, bodyEnd, groupBytes(bodyBytes));
  return checksum;
}

/** The whole group at `offset`, or undefined: every bit of head and body is checked. */
export function readGroup(bytes: Uint8Array, offset: number, crc32: Crc32): GroupHead | undefined {
  const reader = new Reader(bytes);
  reader.reset(bytes, offset, bytes.length);
  const magic = reader.u32();
  const bodyBytes = reader.u32();
  const sequence = reader.u53();
  const salt = reader.u32();
  const previous = reader.u32();
  const headChecksum = reader.u32();
  const checksum = reader.u32();
  if (reader.failed || magic !== GROUP_MAGIC || bodyBytes > reader.remaining) return undefined;
  if (crc32(bytes.subarray(offset, offset + HEAD_CHECKED_BYTES), 0) !== headChecksum) return undefined;
  const bodyFrom = offset + GROUP_HEAD_BYTES;
  const bodyEnd = bodyFrom + bodyBytes;
  if (crc32(bytes.subarray(bodyFrom, bodyEnd), headChecksum) !== checksum) return undefined;
  return { sequence, salt, previous, checksum, bodyFrom, bodyEnd, end: offset + groupBytes(bodyBytes) };
}

export function isZero(bytes: Uint8Array, from: number, end: number): boolean {
  for (let index = from; index < end; index++) if (bytes[index] !== 0) return false;
  return true;
}
