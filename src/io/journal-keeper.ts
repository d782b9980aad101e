// The journal as the store thread uses it: opened once, with what it says of each zone; then records go in, in groups with
// one sync each, and are acknowledged by their position; files that nobody needs any more go, others are packed. Nothing
// in it waits but for the disk. A disk that is full or fails is tried again with the same records, in a new segment.

import { randomInt } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { errorCode, ServerError } from '../base/errors.ts';
import type { JournalFiles } from '../store/journal/files.ts';
import { type JournalMark, PACKED_SUFFIX, segmentName } from '../store/journal/format.ts';
import type { JournalRecord, KeyframeRecord, StartRecord, TickRecord } from '../store/journal/records.ts';
import { comparePlaces, createRetention, type Retention, type ZonePlace } from '../store/journal/retention.ts';
import {
  type JournalScan,
  mendTail,
  readGroups,
  readGroupsOf,
  refuseDamage,
  scanJournal,
} from '../store/journal/scan.ts';
import { createJournalWriter, type JournalPlace } from '../store/journal/writer.ts';
import { TEMPORARY_SUFFIX } from './journal-jobs.ts';
import type { JournalPool } from './journal-pool.ts';
import { createZoneNoter, findKeyframes, type RecoveredZone } from './journal-recovery.ts';

export interface JournalOptions {
  readonly files: JournalFiles;
  readonly pool: Omit<JournalPool, 'checkpoint'>;
  /** Kept over restarts; in each segment's header. */
  readonly nodeId: string;
  /** Steady milliseconds. */
  now(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Of what goes on without: a keyframe or a packing that failed, a damaged keyframe that was passed over. */
  readonly onTrouble: (error: unknown) => void;
  readonly segmentBytes?: number;
  readonly preallocateBytes?: number;
  readonly packAfterMs?: number;
}

export interface CommittedTick {
  /** For `noteApplied`, once all of this position are in the store. */
  readonly position: number;
  /** Of its group. */
  readonly checksum: number;
  readonly record: TickRecord;
  /** Of the run of the zone that it is of. */
  readonly start: StartRecord;
}

/** What was done since it was opened; and, of the last two, what there is. */
export interface JournalCounts {
  groups: number;
  records: number;
  payloadBytes: number;
  failures: number;
  keyframes: number;
  keyframesFailed: number;
  keyframesDamaged: number;
  segmentsPacked: number;
  segmentsRemoved: number;
  segments: number;
  /** Records that wait for the disk, and since when the oldest of them does; undefined when there is none. */
  pending: number;
  pendingSinceMs: number | undefined;
}

export interface Journal {
  /** By zone. Delete what has been read: keyframes are large. */
  readonly recovered: Map<number, RecoveredZone>;
  /** Whoever wrote it last ended in order: there is nothing to go on from. */
  readonly isClosed: boolean;
  readonly counts: Readonly<JournalCounts>;
  /** Of the newest group on disk. */
  readonly position: number;
  /** By which the store says how far it has applied it. */
  readonly mark: JournalMark;
  /**
   * All that was kept from before this start and comes after the mark, in order: whether it was applied, the store knows.
   * A mark of something that this journal has not got, such as one of another disk, or of before a repair, counts for nothing.
   */
  commitsToApply(mark?: JournalMark): Iterable<CommittedTick>;
  /**
   * Takes the records on, whose payloads must not change until it has returned a position: then all there is is on disk.
   * Undefined: the disk failed a moment ago, and is not tried yet. Throws ServerError DARKAGES_JOURNAL_FAILED for each
   * attempt that fails. In both cases the records are kept: call again, with those that have come since or with none.
   */
  append(records: readonly JournalRecord[]): number | undefined;
  noteApplied(position: number): void;
  /**
   * Writes the state at the end of a tick that has been appended. Resolves to whether it is on disk and whole; false, too,
   * while another of that zone is being written. The bytes must not change until then.
   */
  writeKeyframe(zoneId: number, zoneEpoch: number, tick: number, bytes: Uint8Array): Promise<boolean>;
  /** The zone isn't run any more: what there is of it may go. */
  dropZone(zoneId: number): void;
  /** Removes and packs, one file a call. Call now and then. */
  update(): void;
  /** Waits for the pool's jobs; says that there is nothing to go on from. Throws when the disk fails: then records are lost. */
  close(isAll: boolean): Promise<void>;
}

const SEGMENT_BYTES = 64 << 20;
const PREALLOCATE_BYTES = 1 << 20;
/** More begin another group. */
const GROUP_PAYLOAD_BYTES = 8 << 20;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 2_000;
/** After a removal or a packing that failed. */
const TIDY_RETRY_MS = 10_000;
/** After its end: most segments are removed sooner, two keyframes later, and what packing them takes would be for nothing. */
const PACK_AFTER_MS = 60_000;
const SALTS = 2 ** 32;

/**
 * Throws ServerError DARKAGES_JOURNAL_DAMAGED, DARKAGES_JOURNAL_NEWER or DARKAGES_JOURNAL_FAILED. The folder must be
 * locked.
 */
export function openJournal(options: JournalOptions): Journal {
  try {
    return recover(options);
  } catch (error) {
    throw toFailure(options.files, 'opened', error);
  }
}

function recover(options: JournalOptions): Journal {
  const { files } = options;
  for (const name of files.list()) if (name.endsWith(TEMPORARY_SUFFIX)) files.remove(name);
  const keyframes = findKeyframes(files);
  const noter = createZoneNoter(keyframes);
  const retention = createRetention();
  const scan = scanJournal(files, {
    onSegment: ({ segment, first }) => retention.beginSegment(segmentName(segment), first),
    onGroup({ sequence, records }) {
      for (const record of records) {
        noter.note(record, sequence);
        retention.noteRecord(record);
      }
    },
  });
  refuseDamage(files, scan);
  mendTail(files, scan);
  // Begun, and no more: not even a header is in them.
  const used = new Set(scan.segments.map(({ name }) => name));
  for (const name of scan.names) if (!used.has(name)) files.remove(name);
  for (const { file } of keyframes.newest.values()) retention.noteKeyframe(file, true);
  for (const file of [...keyframes.damaged, ...keyframes.older]) retention.noteKeyframe(file, false);
  for (const { name } of keyframes.damaged) {
    options.onTrouble(new Error(`The keyframe ${files.folder}/${name} is damaged: the one before it is taken.`));
  }
  return createJournal(options, {
    scan,
    retention,
    zones: noter.zones(files, scan),
    isClosed: noter.isClosed(),
    damaged: keyframes.damaged.length,
  });
}

interface Recovered {
  readonly scan: JournalScan;
  readonly retention: Retention;
  readonly zones: Map<number, RecoveredZone>;
  readonly isClosed: boolean;
  /** Keyframes. */
  readonly damaged: number;
}

function createJournal(options: JournalOptions, { scan, retention, zones, isClosed, damaged }: Recovered): Journal {
  const { files, pool } = options;
  const counts = createCounts();
  counts.keyframesDamaged = damaged;
  counts.segments = scan.segments.length;
  const appender = createAppender(options, scan.next, zones, retention, counts);
  const { starts } = appender;
  const tidier = createTidier(options, scan, retention, counts);
  const writing = new Map<number, Promise<boolean>>();

  const writeKeyframe = async (place: ZonePlace, start: StartRecord, bytes: Uint8Array): Promise<boolean> => {
    try {
      const { name, sha256 } = await pool.writeKeyframe({ ...place, start, bytes });
      retention.noteKeyframe({ ...place, name }, true);
      appender.addLater({ kind: 'keyframe', ...place, file: name, sha256 });
      counts.keyframes++;
      return true;
    } catch (error) {
      counts.keyframesFailed++;
      options.onTrouble(error);
      return false;
    } finally {
      writing.delete(place.zoneId);
    }
  };

  return {
    recovered: zones,
    isClosed,
    counts,
    get position() {
      return appender.position();
    },
    get mark() {
      return appender.mark();
    },
    *commitsToApply(mark) {
      const marked = mark && readGroupsOf(files, scan, mark);
      const after = marked === undefined ? 0 : mark!.sequence;
      // Each segment says them again.
      const known = new Map<number, StartRecord>();
      for (const { sequence, checksum, records } of marked ?? readGroups(files, scan, 0)) {
        for (const record of records) {
          if (record.kind === 'start') known.set(record.zoneId, record);
          if (record.kind !== 'tick' || !record.hasCommits || sequence <= after) continue;
          const start = known.get(record.zoneId);
          assert(start !== undefined, 'a zone begins before it ticks');
          yield { position: sequence, checksum, record, start };
        }
      }
    },
    append: appender.append,
    noteApplied: retention.noteApplied,
    async writeKeyframe(zoneId, zoneEpoch, tick, bytes) {
      const start = starts.get(zoneId);
      assert(start !== undefined, 'a zone has begun before it has a keyframe');
      const place = { zoneId, zoneEpoch, tick };
      // One that is ahead of the journal would hold what nobody has promised.
      assert(appender.hasAppended(place), 'a keyframe is of a tick that is on disk');
      if (writing.has(zoneId)) return false;
      const done = writeKeyframe(place, start, bytes);
      writing.set(zoneId, done);
      return done;
    },
    dropZone(zoneId) {
      starts.delete(zoneId);
      zones.delete(zoneId);
      retention.dropZone(zoneId);
    },
    update: tidier.update,
    async close(isAll) {
      await Promise.all([...writing.values(), tidier.packing()]);
      appender.close(isAll);
    },
  };
}

function createCounts(): JournalCounts {
  return {
    groups: 0,
    records: 0,
    payloadBytes: 0,
    failures: 0,
    keyframes: 0,
    keyframesFailed: 0,
    keyframesDamaged: 0,
    segmentsPacked: 0,
    segmentsRemoved: 0,
    segments: 0,
    pending: 0,
    pendingSinceMs: undefined,
  };
}

interface Appender {
  /** The newest of each zone. */
  readonly starts: Map<number, StartRecord>;
  append(records: readonly JournalRecord[]): number | undefined;
  /** With the next records that come. */
  addLater(record: KeyframeRecord): void;
  hasAppended(place: ZonePlace): boolean;
  position(): number;
  mark(): JournalMark;
  close(isAll: boolean): void;
}

/** Keeps what a failing disk didn't take, and tries it again, less and less often. */
function createAppender(
  options: JournalOptions,
  next: JournalPlace,
  zones: ReadonlyMap<number, RecoveredZone>,
  retention: Retention,
  counts: JournalCounts,
): Appender {
  const { files } = options;
  const starts = new Map([...zones].map(([zoneId, { start }]) => [zoneId, start]));
  const lastPlaces = new Map([...zones].map(([zoneId, { last }]) => [zoneId, last]));
  let pending: JournalRecord[] = [];
  let position = next.sequence - 1;
  let retryMs = RETRY_MS_MIN;
  let retryAt = Number.NEGATIVE_INFINITY;
  const writer = createJournalWriter({
    files,
    next,
    nodeId: options.nodeId,
    segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
    preallocateBytes: options.preallocateBytes ?? PREALLOCATE_BYTES,
    wallMs: options.wallMs,
    drawSalt: () => randomInt(SALTS),
    opening: () => [...starts.values()],
    onSegment(name, first) {
      retention.beginSegment(name, first);
      for (const start of starts.values()) retention.noteRecord(start);
      counts.segments++;
    },
  });

  const noteWritten = (record: JournalRecord): void => {
    retention.noteRecord(record);
    counts.records++;
    if (record.kind === 'start') starts.set(record.zoneId, record);
    if (record.kind === 'tick') counts.payloadBytes += record.payload.length;
    if (record.kind === 'keyframe' || record.kind === 'closed') return;
    const { zoneId, zoneEpoch, tick } = record;
    lastPlaces.set(zoneId, { zoneId, zoneEpoch, tick });
  };

  const writePending = (): void => {
    while (pending.length > 0) {
      const count = countForGroup(pending);
      const records = pending.slice(0, count);
      position = writer.append(records);
      counts.groups++;
      for (const record of records) noteWritten(record);
      pending = pending.slice(count);
    }
  };

  const append = (records: readonly JournalRecord[]): number | undefined => {
    for (const record of records) pending.push(record);
    const now = options.now();
    if (pending.length > 0) counts.pendingSinceMs ??= now;
    if (pending.length > 0 && now < retryAt) {
      counts.pending = pending.length;
      return undefined;
    }
    try {
      writePending();
      retryMs = RETRY_MS_MIN;
      retryAt = Number.NEGATIVE_INFINITY;
      return position;
    } catch (error) {
      counts.failures++;
      retryAt = now + retryMs;
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      throw toFailure(files, 'written', error);
    } finally {
      counts.pending = pending.length;
      if (pending.length === 0) counts.pendingSinceMs = undefined;
    }
  };

  return {
    starts,
    append,
    addLater: (record) => void pending.push(record),
    hasAppended(place) {
      const last = lastPlaces.get(place.zoneId);
      return last !== undefined && comparePlaces(place, last) <= 0;
    },
    position: () => position,
    mark: () => ({ sequence: position, checksum: writer.checksum() }),
    close(isAll) {
      retryAt = Number.NEGATIVE_INFINITY;
      append(isAll ? [{ kind: 'closed' }] : []);
      writer.close();
    },
  };
}

/** How many of them make the next group: at least one. */
function countForGroup(records: readonly JournalRecord[]): number {
  let bytes = 0;
  for (const [index, record] of records.entries()) {
    if (record.kind === 'tick') bytes += record.payload.length;
    if (bytes > GROUP_PAYLOAD_BYTES) return Math.max(index, 1);
  }
  return records.length;
}

interface Tidier {
  update(): void;
  /** Resolves when no segment is being packed. */
  packing(): Promise<void>;
}

/** One file a call: an unlink of many MiB takes its time. */
function createTidier(options: JournalOptions, scan: JournalScan, retention: Retention, counts: JournalCounts): Tidier {
  const { files, pool, packAfterMs = PACK_AFTER_MS } = options;
  /** When each was found to be at its end. */
  const finishedAt = new Map<string, number>();
  /** Plain names of those that are packed, or can't be. */
  const packed = new Set(scan.segments.filter(({ name }) => name.endsWith(PACKED_SUFFIX)).map(toPlain));
  let packing: { readonly name: string; readonly done: Promise<void> } | undefined;
  let retryAt = Number.NEGATIVE_INFINITY;

  const remove = (name: string): void => {
    const there = files.list();
    for (const candidate of [name, `${name}${PACKED_SUFFIX}`]) if (there.includes(candidate)) files.remove(candidate);
    // Before the next one goes: what a power cut leaves has to be without a hole.
    files.syncFolder();
    retention.forget(name);
    packed.delete(name);
    finishedAt.delete(name);
  };

  const removeDue = (): boolean => {
    const [segment] = retention.dueSegments();
    if (segment !== undefined) {
      if (segment === packing?.name) return false;
      remove(segment);
      counts.segments--;
      counts.segmentsRemoved++;
      return true;
    }
    const [keyframe] = retention.dueKeyframes();
    if (keyframe !== undefined) remove(keyframe);
    return keyframe !== undefined;
  };

  const pack = async (name: string): Promise<void> => {
    try {
      await pool.packSegment(name);
      packed.add(name);
      counts.segmentsPacked++;
    } catch (error) {
      retryAt = options.now() + TIDY_RETRY_MS;
      options.onTrouble(error);
    } finally {
      packing = undefined;
    }
  };

  /** The oldest that has been at its end for long enough. */
  const findToPack = (now: number): string | undefined => {
    const waiting = retention.finishedSegments().filter((name) => !packed.has(name));
    for (const name of waiting) if (!finishedAt.has(name)) finishedAt.set(name, now);
    return waiting.find((name) => now - finishedAt.get(name)! >= packAfterMs);
  };

  return {
    update() {
      const now = options.now();
      if (now < retryAt) return;
      try {
        if (removeDue() || packing !== undefined) return;
      } catch (error) {
        retryAt = now + TIDY_RETRY_MS;
        options.onTrouble(error);
        return;
      }
      const name = findToPack(now);
      if (name !== undefined) packing = { name, done: pack(name) };
    },
    packing: async () => packing?.done,
  };
}

function toPlain({ name }: { readonly name: string }): string {
  return name.slice(0, -PACKED_SUFFIX.length);
}

/** What the system says becomes a sentence; our own errors and mistakes stay what they are. */
function toFailure(files: JournalFiles, what: 'opened' | 'written', cause: unknown): unknown {
  const code = errorCode(cause);
  if (code === undefined || code.startsWith('DARKAGES_')) return cause;
  const instead =
    code === 'ENOSPC'
      ? 'make room on its disk, and it goes on by itself'
      : 'see to its disk and its permissions; nothing that was acknowledged is lost';
  const sentence = `The journal ${files.folder} can’t be ${what} (${code}): ${instead}.`;
  return new ServerError('DARKAGES_JOURNAL_FAILED', sentence, { cause });
}
