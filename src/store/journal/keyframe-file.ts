// The header of a keyframe's file, in front of its content, which is packed. Store thread and its pool; pure.
//
//   8 "DARKKEYF" | u32 version | u32 zone | u64 epoch of the zone | u64 tick | u64 content bytes | u64 packed bytes
//   | 32 SHA-256 of the content | u32 start bytes | 8 zeros | u32 CRC-32 of these 92 bytes | packed content
//
// The content begins with the zone's start record, as in a group: a keyframe is of use without a journal, too.

import { Reader, Writer } from '../../base/bytes.ts';
import type { Crc32 } from './format.ts';
import type { KeyframeFile, ZonePlace } from './retention.ts';

export interface KeyframeHeader extends ZonePlace {
  readonly version: number;
  readonly contentBytes: number;
  /** Of the content, the first. */
  readonly startBytes: number;
  readonly packedBytes: number;
  readonly sha256: Uint8Array;
}

export const KEYFRAME_VERSION = 1;
export const KEYFRAME_HEADER_BYTES = 96;
const MAGIC = new TextEncoder().encode('DARKKEYF');
const SHA256_BYTES = 32;

export function keyframeName({ zoneId, zoneEpoch, tick }: ZonePlace): string {
  return `zone-${zoneId}-${zoneEpoch}-${tick}.keyframe`;
}

export function keyframeOfName(name: string): KeyframeFile | undefined {
  const match = /^zone-(\d+)-(\d+)-(\d+)\.keyframe$/.exec(name);
  if (match === null) return undefined;
  return { name, zoneId: Number(match[1]), zoneEpoch: Number(match[2]), tick: Number(match[3]) };
}

export function encodeKeyframeHeader(header: Omit<KeyframeHeader, 'version'>, crc32: Crc32): Uint8Array {
  const bytes = new Uint8Array(KEYFRAME_HEADER_BYTES);
  const writer = new Writer(bytes);
  writer.raw(MAGIC);
  writer.u32(KEYFRAME_VERSION);
  writer.u32(header.zoneId);
  writer.u53(header.zoneEpoch);
  writer.u53(header.tick);
  writer.u53(header.contentBytes);
  writer.u53(header.packedBytes);
  writer.raw(header.sha256);
  writer.u32(header.startBytes);
  writer.offset = KEYFRAME_HEADER_BYTES - 4;
  writer.u32(crc32(bytes.subarray(0, KEYFRAME_HEADER_BYTES - 4), 0));
  return bytes;
}

/** Undefined when it isn't whole. */
export function decodeKeyframeHeader(bytes: Uint8Array, crc32: Crc32): KeyframeHeader | undefined {
  if (bytes.length < KEYFRAME_HEADER_BYTES || MAGIC.some((byte, index) => bytes[index] !== byte)) return undefined;
  const reader = new Reader(bytes);
  reader.offset = KEYFRAME_HEADER_BYTES - 4;
  if (reader.u32() !== crc32(bytes.subarray(0, KEYFRAME_HEADER_BYTES - 4), 0)) return undefined;
  reader.offset = MAGIC.length;
  const version = reader.u32();
  const zoneId = reader.u32();
  const zoneEpoch = reader.u53();
  const tick = reader.u53();
  const contentBytes = reader.u53();
  const packedBytes = reader.u53();
  const sha256 = bytes.slice(reader.offset, reader.offset + SHA256_BYTES);
  reader.skip(SHA256_BYTES);
  const startBytes = reader.u32();
  if (reader.failed || startBytes > contentBytes) return undefined;
  return { version, zoneId, zoneEpoch, tick, contentBytes, startBytes, packedBytes, sha256 };
}
