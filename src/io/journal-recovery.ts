// What a journal's folder says of each zone when the server starts: its newest whole keyframe, and what happened since.
// Store thread, before anything else runs. Damaged keyframes are passed over, and named.

import { errorCode } from '../base/errors.ts';
import type { JournalFiles } from '../store/journal/files.ts';
import { keyframeOfName } from '../store/journal/keyframe-file.ts';
import type { JournalRecord, StartRecord, TickRecord } from '../store/journal/records.ts';
import { comparePlaces, type KeyframeFile, type ZonePlace } from '../store/journal/retention.ts';
import { type JournalScan, readGroups } from '../store/journal/scan.ts';
import { type KeyframeContent, readKeyframe } from './journal-jobs.ts';

export interface RecoveredKeyframe {
  readonly zoneEpoch: number;
  readonly tick: number;
  readonly bytes: Uint8Array;
}

export interface RecoveredZone {
  readonly zoneId: number;
  /** The newest. */
  readonly start: StartRecord;
  /** None: it begins where `start` says. */
  readonly keyframe: RecoveredKeyframe | undefined;
  /** The last tick that is there, that of the keyframe when nothing follows it. */
  readonly last: ZonePlace;
  /** False when ticks between the keyframe, or the start, and the first tick are missing: they can't be replayed. */
  readonly isWhole: boolean;
  /** What follows the keyframe, in order. Read it before the zone goes on. Throws what the disk says. */
  ticks(): Iterable<TickRecord>;
}

interface FoundKeyframe {
  readonly file: KeyframeFile;
  readonly content: KeyframeContent;
}

export interface Keyframes {
  /** The newest whole one of each zone. */
  readonly newest: ReadonlyMap<number, FoundKeyframe>;
  /** Newer than that, or the only ones, and damaged. */
  readonly damaged: readonly KeyframeFile[];
  /** Not looked into. */
  readonly older: readonly KeyframeFile[];
}

export function findKeyframes(files: JournalFiles): Keyframes {
  const newest = new Map<number, FoundKeyframe>();
  const damaged: KeyframeFile[] = [];
  const older: KeyframeFile[] = [];
  const all = files.list().flatMap((name) => keyframeOfName(name) ?? []);
  for (const file of all.sort((a, b) => comparePlaces(b, a))) {
    if (newest.has(file.zoneId)) {
      older.push(file);
      continue;
    }
    const content = readWhole(files, file);
    if (content === undefined) damaged.push(file);
    else newest.set(file.zoneId, { file, content });
  }
  return { newest, damaged, older };
}

/** A file that the disk can't read is as good as a damaged one. */
function readWhole(files: JournalFiles, file: KeyframeFile): KeyframeContent | undefined {
  try {
    return readKeyframe(files, file.name, file);
  } catch (error) {
    if (errorCode(error) === 'EIO') return undefined;
    throw error;
  }
}

interface ZoneNotes {
  start: StartRecord;
  /** From which it can be replayed: its keyframe, or the last start anew. */
  readonly base: ZonePlace;
  /** Undefined when a newer start has voided it. */
  keyframe: FoundKeyframe | undefined;
  /** Group of the first tick after it. */
  firstGroup: number | undefined;
  isWhole: boolean;
  last: ZonePlace;
}

export interface ZoneNoter {
  /** To be called with every record, in order. */
  note(record: JournalRecord, sequence: number): void;
  zones(files: JournalFiles, scan: JournalScan): Map<number, RecoveredZone>;
  /** The last record says that this was all. */
  isClosed(): boolean;
}

export function createZoneNoter(keyframes: Keyframes): ZoneNoter {
  const notes = new Map<number, ZoneNotes>();
  let isClosed = false;
  for (const [zoneId, keyframe] of keyframes.newest) {
    const { content, file } = keyframe;
    notes.set(zoneId, { start: content.start, base: file, keyframe, firstGroup: undefined, isWhole: true, last: file });
  }
  return {
    note(record, sequence) {
      isClosed = record.kind === 'closed';
      if (record.kind === 'start') noteStart(notes, record);
      if (record.kind === 'tick') noteTick(notes, record, sequence);
    },
    zones: (files, scan) =>
      new Map([...notes].map(([zoneId, zone]) => [zoneId, toRecovered(files, scan, zoneId, zone)])),
    isClosed: () => isClosed,
  };
}

function noteStart(notes: Map<number, ZoneNotes>, start: StartRecord): void {
  const zone = notes.get(start.zoneId);
  // Each segment says it again.
  if (zone !== undefined && start.zoneEpoch <= zone.start.zoneEpoch) return;
  if (zone !== undefined && start.tick > 0) zone.start = start;
  else {
    const base = toPlace(start);
    const isWhole = start.tick === 0;
    notes.set(start.zoneId, { start, base, keyframe: undefined, firstGroup: undefined, isWhole, last: base });
  }
}

function toPlace({ zoneId, zoneEpoch, tick }: ZonePlace): ZonePlace {
  return { zoneId, zoneEpoch, tick };
}

function noteTick(notes: Map<number, ZoneNotes>, record: TickRecord, sequence: number): void {
  const zone = notes.get(record.zoneId);
  if (zone === undefined || comparePlaces(record, zone.last) <= 0) return;
  if (zone.firstGroup === undefined) {
    zone.firstGroup = sequence;
    zone.isWhole = zone.isWhole && record.tick === zone.last.tick + 1;
  }
  // Not the record itself: its payload lies in the whole segment.
  zone.last = toPlace(record);
}

function toRecovered(files: JournalFiles, scan: JournalScan, zoneId: number, zone: ZoneNotes): RecoveredZone {
  const { start, base, keyframe, firstGroup, isWhole, last } = zone;
  return {
    zoneId,
    start,
    keyframe: keyframe && {
      zoneEpoch: keyframe.file.zoneEpoch,
      tick: keyframe.file.tick,
      bytes: keyframe.content.bytes,
    },
    last,
    isWhole,
    *ticks() {
      if (firstGroup === undefined) return;
      for (const { records } of readGroups(files, scan, firstGroup)) {
        for (const record of records) {
          if (record.kind === 'tick' && isAfter(record, zoneId, base)) yield record;
        }
      }
    },
  };
}

function isAfter(record: ZonePlace, zoneId: number, base: ZonePlace): boolean {
  return record.zoneId === zoneId && comparePlaces(record, base) > 0;
}
