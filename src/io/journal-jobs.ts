// What takes too long for the store thread: packing a finished segment or a keyframe, and reading what was written again
// before anything relies on it. Runs in the journal's pool (workers/journal-pool.ts), over the port, so that tests can
// cut the power in between. Also reads keyframes, on the store thread at start.

import { createHash } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import type { JournalFiles } from '../store/journal/files.ts';
import { PACKED_SUFFIX } from '../store/journal/format.ts';
import {
  decodeKeyframeHeader,
  encodeKeyframeHeader,
  KEYFRAME_HEADER_BYTES,
  KEYFRAME_VERSION,
  keyframeName,
} from '../store/journal/keyframe-file.ts';
import type { ZonePlace } from '../store/journal/retention.ts';

export interface PackedFile {
  readonly name: string;
  readonly bytes: number;
  readonly packedBytes: number;
  /** Of the content. */
  readonly sha256: Uint8Array;
}

export interface KeyframeJob extends ZonePlace {
  /** May lie in shared memory, and must not change meanwhile. */
  readonly bytes: Uint8Array;
}

export const TEMPORARY_SUFFIX = '.tmp';
/** Of zstd: the fastest that still finds what repeats; a zone's thread wants the core too. */
const LEVEL = 1;

/** The packed file takes the place of the plain one, which goes once the packed one was read again and is the same. */
export function packSegment(files: JournalFiles, name: string): PackedFile {
  const content = files.read(name);
  const packed = pack(content);
  const target = `${name}${PACKED_SUFFIX}`;
  const sha256 = hash(content);
  place(files, target, packed, (read) => isSame(files.unpack(read), sha256));
  files.remove(name);
  files.syncFolder();
  return { name: target, bytes: content.length, packedBytes: packed.length, sha256 };
}

export function writeKeyframe(files: JournalFiles, job: KeyframeJob): PackedFile {
  const { bytes } = job;
  const packed = pack(bytes);
  const sha256 = hash(bytes);
  const header = { ...job, contentBytes: bytes.length, packedBytes: packed.length, sha256 };
  const file = new Uint8Array(KEYFRAME_HEADER_BYTES + packed.length);
  file.set(encodeKeyframeHeader(header, files.crc32));
  file.set(packed, KEYFRAME_HEADER_BYTES);
  const name = keyframeName(job);
  place(files, name, file, (read) => {
    const content = readContent(files, read, job);
    return content !== undefined && isSame(content, sha256);
  });
  return { name, bytes: bytes.length, packedBytes: packed.length, sha256 };
}

/** The content of a keyframe's file, or undefined when it isn't whole, or not of that place. */
export function readKeyframe(files: JournalFiles, name: string, place: ZonePlace): Uint8Array | undefined {
  return readContent(files, files.read(name), place);
}

function readContent(files: JournalFiles, file: Uint8Array, place: ZonePlace): Uint8Array | undefined {
  const header = decodeKeyframeHeader(file, files.crc32);
  if (header === undefined || header.version !== KEYFRAME_VERSION) return undefined;
  const { zoneId, zoneEpoch, tick, packedBytes, contentBytes, sha256 } = header;
  if (zoneId !== place.zoneId || zoneEpoch !== place.zoneEpoch || tick !== place.tick) return undefined;
  if (file.length !== KEYFRAME_HEADER_BYTES + packedBytes) return undefined;
  try {
    const content = files.unpack(file.subarray(KEYFRAME_HEADER_BYTES));
    return content.length === contentBytes && isSame(content, sha256) ? content : undefined;
  } catch {
    // What can't be unpacked isn't whole: the caller takes the one before, and says so.
    return undefined;
  }
}

/** Under a name of its own until it is on disk and was read again. */
function place(files: JournalFiles, name: string, bytes: Uint8Array, isWhole: (read: Uint8Array) => boolean): void {
  const temporary = `${name}${TEMPORARY_SUFFIX}`;
  if (files.list().includes(temporary)) files.remove(temporary);
  const file = files.create(temporary);
  try {
    file.writeAt(0, bytes, 0, bytes.length);
    file.sync();
  } finally {
    file.close();
  }
  if (!isWhole(files.read(temporary))) throw new Error(`${temporary} isn’t what was written into it`);
  files.rename(temporary, name);
  files.syncFolder();
}

function pack(bytes: Uint8Array): Uint8Array {
  const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel } = constants;
  return zstdCompressSync(bytes, { params: { [ZSTD_c_checksumFlag]: 1, [ZSTD_c_compressionLevel]: LEVEL } });
}

function hash(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function isSame(bytes: Uint8Array, sha256: Uint8Array): boolean {
  return Buffer.compare(hash(bytes), sha256) === 0;
}
