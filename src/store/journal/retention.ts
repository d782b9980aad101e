// Which files may go. A segment may once all its commits have been applied to the store and each of its zones has two
// verified keyframes that are newer than all it says of the zone: should the newest be damaged, the one before still has
// its ticks. Oldest first, since what is left has to be without a hole. Store thread; pure.

import type { JournalRecord } from './records.ts';

/** A zone at the end of a tick. */
export interface ZonePlace {
  readonly zoneId: number;
  readonly zoneEpoch: number;
  readonly tick: number;
}

export interface KeyframeFile extends ZonePlace {
  readonly name: string;
}

export interface Retention {
  /** The one before gets nothing more. */
  beginSegment(name: string, first: number): void;
  /** In the newest segment. */
  noteRecord(record: JournalRecord): void;
  /** @param isVerified it was read and is whole. */
  noteKeyframe(file: KeyframeFile, isVerified: boolean): void;
  /** All commits up to this group are in the store. */
  noteApplied(sequence: number): void;
  /** It isn't run any more, and nobody wants it back. */
  dropZone(zoneId: number): void;
  /** All that get nothing more, oldest first. */
  finishedSegments(): string[];
  /** What may go now, oldest first; asked for again until it is said to be gone. */
  dueSegments(): string[];
  dueKeyframes(): string[];
  forget(name: string): void;
}

interface KeptSegment {
  readonly name: string;
  readonly first: number;
  /** The last of each zone. */
  readonly places: Map<number, ZonePlace>;
}

interface KeptKeyframe {
  readonly file: KeyframeFile;
  readonly isVerified: boolean;
}

const VERIFIED_MIN = 2;

/** Negative when a is before b; of one zone. */
export function comparePlaces(a: ZonePlace, b: ZonePlace): number {
  return a.zoneEpoch - b.zoneEpoch || a.tick - b.tick;
}

export function createRetention(): Retention {
  let segments: KeptSegment[] = [];
  let keyframes: KeptKeyframe[] = [];
  const dropped = new Set<number>();
  let applied = 0;

  /** The older of the newest two that are verified. */
  const findSafe = (zoneId: number): ZonePlace | undefined =>
    keyframes
      .filter(({ file, isVerified }) => isVerified && file.zoneId === zoneId)
      .sort((a, b) => comparePlaces(b.file, a.file))[VERIFIED_MIN - 1]?.file;

  const isCovered = (place: ZonePlace): boolean => {
    if (dropped.has(place.zoneId)) return true;
    const safe = findSafe(place.zoneId);
    return safe !== undefined && comparePlaces(place, safe) <= 0;
  };

  return {
    beginSegment: (name, first) => void segments.push({ name, first, places: new Map() }),
    noteRecord(record) {
      if (record.kind === 'closed' || record.kind === 'keyframe') return;
      const places = segments.at(-1)?.places;
      const known = places?.get(record.zoneId);
      if (known !== undefined && comparePlaces(known, record) > 0) return;
      const { zoneId, zoneEpoch, tick } = record;
      places?.set(zoneId, { zoneId, zoneEpoch, tick });
      if (record.kind === 'tick') dropped.delete(zoneId);
    },
    noteKeyframe(file, isVerified) {
      keyframes = keyframes.filter((kept) => kept.file.name !== file.name);
      keyframes.push({ file, isVerified });
    },
    noteApplied(sequence) {
      applied = Math.max(applied, sequence);
    },
    dropZone: (zoneId) => void dropped.add(zoneId),
    finishedSegments: () => segments.slice(0, -1).map(({ name }) => name),
    dueSegments() {
      const due: string[] = [];
      for (let index = 0; index + 1 < segments.length; index++) {
        const { name, places } = segments[index]!;
        const isApplied = segments[index + 1]!.first - 1 <= applied;
        if (!isApplied || ![...places.values()].every(isCovered)) break;
        due.push(name);
      }
      return due;
    },
    dueKeyframes() {
      return keyframes
        .filter(({ file }) => {
          if (dropped.has(file.zoneId)) return true;
          const safe = findSafe(file.zoneId);
          return safe !== undefined && comparePlaces(file, safe) < 0;
        })
        .map(({ file }) => file.name);
    },
    forget(name) {
      segments = segments.filter((segment) => segment.name !== name);
      keyframes = keyframes.filter(({ file }) => file.name !== name);
    },
  };
}
