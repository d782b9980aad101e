// What takes too long for the store thread: packing a finished segment or a keyframe, and reading what was written again
// before anything relies on it. Runs in the journal's pool (workers/journal-pool.ts), over the port, so that tests can
// cut the power in between. Also reads keyframes, on the store thread at start; and copies the log of the embedded store.

import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
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
import { decodeRecords, encodeRecords, type StartRecord } from '../store/journal/records.ts';
import { comparePlaces, type ZonePlace } from '../store/journal/retention.ts';

export interface PackedFile {
  readonly name: string;
  readonly bytes: number;
  readonly packedBytes: number;
  /** Of the content. */
  readonly sha256: Uint8Array;
}

export interface KeyframeJob extends ZonePlace {
  readonly start: StartRecord;
  /** May lie in shared memory, and must not change meanwhile. */
  readonly bytes: Uint8Array;
}

export interface KeyframeContent {
  readonly start: StartRecord;
  readonly bytes: Uint8Array;
}

export const TEMPORARY_SUFFIX = '.tmp';
/** Of zstd: the fastest that still finds what repeats; a zone's thread wants the core too. */
const LEVEL = 1;
/** The writer goes on meanwhile: each round has less to do than the one before. */
const CHECKPOINT_ROUNDS = 2;

/** The packed file takes the place of the plain one, which goes once the packed one was read again and is the same. */
export function packSegment(files: JournalFiles, name: string): PackedFile {
  const content = files.read(name);
  const packed = pack(content);
  const target = `${name}${PACKED_SUFFIX}`;
  const sha256 = hash(content);
  place(files, target, packed, (read) => isEqual(hash(unpack(files, read) ?? read), sha256));
  files.remove(name);
  files.syncFolder();
  return { name: target, bytes: content.length, packedBytes: packed.length, sha256 };
}

/** Copies the log of a database into its file: all that was in it when this began, and most of what came since. */
export function checkpoint(file: string): void {
  const database = new DatabaseSync(file);
  try {
    for (let round = 0; round < CHECKPOINT_ROUNDS; round++) {
      const { log, checkpointed } = database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get() as Record<string, number>;
      if (log === checkpointed) return;
    }
  } finally {
    database.close();
  }
}

export function writeKeyframe(files: JournalFiles, job: KeyframeJob): PackedFile {
  const start = encodeRecords([job.start]);
  const content = new Uint8Array(start.length + job.bytes.length);
  content.set(start);
  content.set(job.bytes, start.length);
  const packed = pack(content);
  const sha256 = hash(content);
  const lengths = { contentBytes: content.length, startBytes: start.length, packedBytes: packed.length };
  const file = new Uint8Array(KEYFRAME_HEADER_BYTES + packed.length);
  file.set(encodeKeyframeHeader({ ...job, ...lengths, sha256 }, files.crc32));
  file.set(packed, KEYFRAME_HEADER_BYTES);
  const name = keyframeName(job);
  // What is read must have the hash of what was written, not only the hash that it says itself.
  place(files, name, file, (read) => {
    const header = decodeKeyframeHeader(read, files.crc32);
    return header !== undefined && isEqual(header.sha256, sha256) && readContent(files, read, job) !== undefined;
  });
  return { name, bytes: content.length, packedBytes: packed.length, sha256 };
}

/** What a keyframe's file holds, or undefined when it isn't whole, or not of that place. */
export function readKeyframe(files: JournalFiles, name: string, place: ZonePlace): KeyframeContent | undefined {
  return readContent(files, files.read(name), place);
}

function readContent(files: JournalFiles, file: Uint8Array, place: ZonePlace): KeyframeContent | undefined {
  const header = decodeKeyframeHeader(file, files.crc32);
  if (header === undefined || header.version !== KEYFRAME_VERSION) return undefined;
  if (header.zoneId !== place.zoneId || comparePlaces(header, place) !== 0) return undefined;
  if (file.length !== KEYFRAME_HEADER_BYTES + header.packedBytes) return undefined;
  const content = unpack(files, file.subarray(KEYFRAME_HEADER_BYTES));
  if (content === undefined || content.length !== header.contentBytes) return undefined;
  if (!isEqual(hash(content), header.sha256)) return undefined;
  const [start] = decodeRecords(content.subarray(0, header.startBytes)) ?? [];
  return start?.kind === 'start' ? { start, bytes: content.subarray(header.startBytes) } : undefined;
}

function unpack(files: JournalFiles, packed: Uint8Array): Uint8Array | undefined {
  try {
    return files.unpack(packed);
  } catch {
    // Not whole: the caller takes another one, and says so.
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

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
