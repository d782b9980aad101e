// Appends groups: one write, one sync, and only then has it been said. Begins a new segment when one is full, and when a
// write or a sync has failed: what the system did with the pages of that file nobody knows, a second sync may well
// succeed without having written them. The header of the next segment says from which group on it goes on, so whatever
// stands in the failed one from there on is void. Store thread; pure, over a port.

import { assert } from '../../base/assert.ts';
import type { JournalFile, JournalFiles } from './files.ts';
import {
  BLOCK_BYTES,
  encodeSegmentHeader,
  GROUP_BODY_BYTES_MAX,
  GROUP_HEAD_BYTES,
  groupBytes,
  JOURNAL_VERSION,
  sealGroup,
  segmentName,
} from './format.ts';
import { encodeRecords, type JournalRecord } from './records.ts';

/** Where a journal goes on. */
export interface JournalPlace {
  /** Greater than that of any file there is. */
  readonly segment: number;
  /** Of the next group. */
  readonly sequence: number;
  /** Checksum of the group before it. */
  readonly previous: number;
}

export interface JournalWriterOptions {
  readonly files: JournalFiles;
  readonly nodeId: string;
  readonly next: JournalPlace;
  /** A group that doesn't fit any more begins a new segment. */
  readonly segmentBytes: number;
  /**
   * Zeros are written so far ahead: a sync of blocks that the file has already costs a third. 0: not at all. Nor for large
   * groups, of which writing everything twice costs more than that.
   */
  readonly preallocateBytes: number;
  wallMs(): number;
  /** A random u32. */
  drawSalt(): number;
  /** What each segment begins with, so that it can be read without those before. */
  opening(): readonly JournalRecord[];
  /** A segment was begun, if only to be given up at once; the one before gets nothing more. */
  onSegment(name: string, first: number): void;
}

export interface JournalWriter {
  /** Returns the group's sequence once it is on disk. Throws what the system says: then none of it is acknowledged. */
  append(records: readonly JournalRecord[]): number;
  /** Of the newest group. */
  checksum(): number;
  close(): void;
}

interface Segment {
  readonly file: JournalFile;
  readonly salt: number;
  /** Where the next group begins. */
  end: number;
  /** Up to where the file has blocks. */
  allocated: number;
}

const ZEROS = new Uint8Array(64 * BLOCK_BYTES);
const BUFFER_BYTES = 1 << 18;
const SMALL_GROUP_BYTES = 1 << 15;

export function createJournalWriter(options: JournalWriterOptions): JournalWriter {
  const { files } = options;
  let { segment: nextSegment, sequence, previous } = options.next;
  let current: Segment | undefined;
  let buffer = new Uint8Array(BUFFER_BYTES);

  /** Returns the bytes of the body, which lies in the buffer behind the place of its head. */
  const encode = (records: readonly JournalRecord[]): number => {
    const body = encodeRecords(records);
    assert(body.length <= GROUP_BODY_BYTES_MAX, 'a group is not larger than a group may be');
    const need = groupBytes(body.length);
    if (need > buffer.length) buffer = new Uint8Array(2 ** Math.ceil(Math.log2(need)));
    buffer.set(body, GROUP_HEAD_BYTES);
    return body.length;
  };

  const abandon = (file: JournalFile): void => {
    current = undefined;
    attempt(() => file.close());
  };

  /** A header and its name are on disk before the first group is written: a segment without one holds no group. */
  const begin = (): Segment => {
    const before = current;
    current = undefined;
    before?.file.close();
    const name = segmentName(nextSegment);
    const header = {
      version: JOURNAL_VERSION,
      salt: options.drawSalt() >>> 0,
      segment: nextSegment,
      first: sequence,
      previous,
      wallMs: options.wallMs(),
      nodeId: options.nodeId,
    };
    const bytes = encodeSegmentHeader(header, files.crc32);
    nextSegment++;
    const file = files.create(name);
    try {
      file.writeAt(0, bytes, 0, bytes.length);
      file.sync();
      files.syncFolder();
    } catch (error) {
      abandon(file);
      // One that stays has its place among the others, or those after it would be removed first and leave a hole.
      if (!attempt(() => files.remove(name))) options.onSegment(name, sequence);
      throw error;
    }
    options.onSegment(name, sequence);
    return { file, salt: header.salt, end: BLOCK_BYTES, allocated: BLOCK_BYTES };
  };

  const writeAhead = (segment: Segment, end: number): void => {
    if (end <= segment.allocated || options.preallocateBytes === 0 || end - segment.end > SMALL_GROUP_BYTES) return;
    segment.allocated = end + options.preallocateBytes;
    for (let offset = end; offset < segment.allocated; offset += ZEROS.length) {
      segment.file.writeAt(offset, ZEROS, 0, Math.min(ZEROS.length, segment.allocated - offset));
    }
  };

  return {
    append(records) {
      let bodyBytes = encode(records);
      if (current !== undefined && current.end > BLOCK_BYTES) {
        if (current.end + groupBytes(bodyBytes) > options.segmentBytes) current = begin();
      }
      current ??= begin();
      if (current.end === BLOCK_BYTES) bodyBytes = encode([...options.opening(), ...records]);
      const segment = current;
      const end = segment.end + groupBytes(bodyBytes);
      const checksum = sealGroup(buffer, bodyBytes, { sequence, salt: segment.salt, previous }, files.crc32);
      try {
        segment.file.writeAt(segment.end, buffer, 0, end - segment.end);
        // Deliberate: no room ahead is no failure, the group has its own. What failed otherwise, the sync will say.
        attempt(() => writeAhead(segment, end));
        segment.file.sync();
      } catch (error) {
        abandon(segment.file);
        throw error;
      }
      segment.end = end;
      previous = checksum;
      return sequence++;
    },
    checksum: () => previous,
    close() {
      current?.file.close();
      current = undefined;
    },
  };
}

/** For what is only tidied up, and for what has failed before: that is told already. Returns whether it worked. */
function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
