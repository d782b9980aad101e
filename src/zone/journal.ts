// The zone's end of the journal: each tick all that was taken and all that was promised becomes one record on the ring;
// what tells clients of promises is held back until the record is on disk. Zone thread. It never waits: while there
// is no room for a whole tick, or nothing to replay it from, nothing is promised, and the game goes on.
//
// After a tick that could not be recorded a keyframe is needed before promises may be made again, since a replay can't get
// across it. The same at the start.

import { assert } from '../base/assert.ts';
import { Writer } from '../base/bytes.ts';
import { HASH_INTERVAL_TICKS, KEYFRAME_INTERVAL_TICKS } from '../base/limits.ts';
import { createStagedRingWriter, type StagedRingWriter } from '../base/ring.ts';
import { beginCutRecord, beginTickRecord, endTaken, putHash, writeTaken } from '../store/tick-record.ts';
import {
  COMMITTED_TICK,
  IS_AWAITED,
  IS_PAUSED,
  JOURNAL_RING_BYTES,
  KEPT_TICK,
  KEYFRAME_BYTES,
  KEYFRAME_EPOCH,
  KEYFRAME_TICK,
  PUSHED_TICK,
  type ZoneJournalBuffers,
} from '../store/zone-journal.ts';

/** A record is a quarter of the ring at most, its length included. */
const TICK_BYTES_MAX = JOURNAL_RING_BYTES / 4 - 8;

interface Held {
  readonly tick: number;
  readonly client: number;
  readonly record: Uint8Array;
}

export interface ZoneJournal {
  /** Shared: store/zone-journal.ts says which is what. */
  readonly words: Int32Array;
  readonly ring: StagedRingWriter;
  readonly record: Writer;
  readonly keyframe: Writer;
  /** For clients, in order of their ticks. */
  readonly held: Held[];
  readonly epoch: number;
  /** The one that is being recorded. */
  tick: number;
  /** All ticks since this one are on the ring: a keyframe of it or later makes them worth something. */
  unbrokenSince: number;
  /** Tick of the next keyframe. */
  keyframeDue: number;
  isHashed: boolean;
  /** What a thread before knew beside the world is lost, and its clients are gone: no replay gets across the first tick. */
  isFirst: boolean;
}

/** @param tick of the world as it is */
export function createZoneJournal(buffers: ZoneJournalBuffers, epoch: number, tick: number): ZoneJournal {
  const words = new Int32Array(buffers.words);
  return {
    words,
    ring: createStagedRingWriter(buffers.ring),
    record: new Writer(new Uint8Array(TICK_BYTES_MAX)),
    keyframe: new Writer(new Uint8Array(buffers.keyframe)),
    held: [],
    epoch,
    tick,
    unbrokenSince: tick + 1,
    keyframeDue: tick + 1,
    isHashed: false,
    isFirst: true,
  };
}

/**
 * The thread before this one died after a tick was whole, and before it published the record of it: it counts. Of the
 * tick that it died in nothing does.
 */
export function adoptLeft(journal: ZoneJournal, tick: number): void {
  if (journal.words[PUSHED_TICK] === tick) journal.ring.publishLeft();
  else journal.words[PUSHED_TICK] = 0;
}

/** Begins the record of a tick; whether promises can be made in it. */
export function beginRecordOfTick(journal: ZoneJournal, tick: number): boolean {
  const { words, ring, record } = journal;
  const isOpen =
    ring.hasRoom(TICK_BYTES_MAX) && Atomics.load(words, KEPT_TICK) >= journal.unbrokenSince && words[IS_PAUSED] === 0;
  journal.tick = tick;
  journal.isHashed = tick % HASH_INTERVAL_TICKS === 0;
  beginTickRecord(record, tick, journal.epoch, isOpen, journal.isHashed);
  return isOpen;
}

export function recordTaken(journal: ZoneJournal, bytes: Uint8Array, from: number, end: number): void {
  writeTaken(journal.record, bytes, from, end);
}

/**
 * Room for it was asked for before anything was promised, so no promise gets lost here. Where more was taken than a
 * record holds, it has the promises alone. False where a replay can't get across this tick.
 */
export function pushRecord(
  journal: ZoneJournal,
  commits: Writer,
  hash: { readonly low: number; readonly high: number } | undefined,
): boolean {
  const { record, ring, words, tick, isFirst } = journal;
  endTaken(record);
  if (hash !== undefined) putHash(record, hash.low, hash.high);
  record.raw(commits.bytes, 0, commits.offset);
  const isWhole = !record.failed;
  if (isFirst || (!isWhole && commits.offset > 0)) {
    beginCutRecord(record, tick, journal.epoch);
    record.raw(commits.bytes, 0, commits.offset);
  }
  const isPushed = !record.failed && ring.push(record.bytes, 0, record.offset);
  assert(isPushed || commits.offset === 0, 'there was room for what was promised');
  if (isPushed) {
    words[PUSHED_TICK] = tick;
    journal.isFirst = false;
  }
  const isRecorded = isWhole && isPushed;
  if (isFirst || !isRecorded) breakReplay(journal, tick);
  return isRecorded;
}

/** No replay gets across that tick: until a keyframe of it or a later one is on disk nothing can be promised. */
function breakReplay(journal: ZoneJournal, tick: number): void {
  journal.unbrokenSince = tick;
  journal.keyframeDue = tick;
}

/** The reader may see it; and whether clients wait for that. */
export function publishRecord({ ring, held, words }: ZoneJournal): void {
  ring.publish();
  if (held.length > 0) Atomics.store(words, IS_AWAITED, 1);
}

/** Whether a keyframe is to be written at the end of this tick, and its place is free. */
export function isKeyframeDue({ words, keyframeDue }: ZoneJournal, tick: number): boolean {
  return tick >= keyframeDue && Atomics.load(words, KEYFRAME_TICK) === 0;
}

/** It lies in the shared memory, whole. */
export function handKeyframe(journal: ZoneJournal, tick: number): void {
  const { words, keyframe } = journal;
  words[KEYFRAME_BYTES] = keyframe.offset;
  words[KEYFRAME_EPOCH] = journal.epoch;
  Atomics.store(words, KEYFRAME_TICK, tick);
  journal.keyframeDue = tick + KEYFRAME_INTERVAL_TICKS;
}

/** Until all that the present tick promises is on disk. */
export function hold({ held, tick }: ZoneJournal, client: number, record: Uint8Array): void {
  held.push({ tick, client, record });
}

/** Drops what waits for a client: its number may be another one's soon. */
export function forgetHeld({ held }: ZoneJournal, isFor: (client: number) => boolean): void {
  for (let index = held.length - 1; index >= 0; index--) if (isFor(held[index]!.client)) held.splice(index, 1);
}

/** Hands over what is on disk by now, in order; false when nothing was. */
export function releaseHeld({ held, words }: ZoneJournal, send: (client: number, record: Uint8Array) => void): boolean {
  if (held.length === 0) return false;
  const committed = Atomics.load(words, COMMITTED_TICK);
  let count = 0;
  while (count < held.length && held[count]!.tick <= committed) count++;
  for (let index = 0; index < count; index++) send(held[index]!.client, held[index]!.record);
  held.splice(0, count);
  return count > 0;
}
