// What one client sees and what it has acknowledged: the visible set, a baseline per entity, the entities each recent
// snapshot carried. Who is in sight is interest.ts's. Edge threads; one viewer a client. Memory is bounded and taken at
// creation.
//
// An entity's life in here: seen (entered, sent until acknowledged, then deltas) → leaving (the slot is listed in each
// snapshot until one that listed it is acknowledged) → gone. A snapshot is named by its tick.
//
// A thousand viewers don't fit the processor's cache, so what a snapshot costs is how many lines of it are fetched: an
// entry is half a line, keeps its place while the client knows the entity, and what was sent is remembered by places,
// two bytes each (docs/decisions/0014-hot-path.md).

import { assert } from '../base/assert.ts';
import { VISIBLE_MAX } from '../base/limits.ts';
import { GENERATION as FRAME_GENERATION, frameOffset, frameSlotCount, type History, KIND } from '../sim/history.ts';

/** Snapshots whose contents are remembered, by tick; a power of two. */
const SENT_TICKS = 128;
/** Words of what is remembered of one: its tick, where its records begin, how many. */
const SENT_WORDS = 3;
/** Entities in them all together, a power of two; older snapshots than fit are forgotten, so their acknowledgement is unknown. */
const SENT_RECORDS = 8192;
const SENT_MASK = SENT_RECORDS - 1;

/** Of a line of the processor's cache. */
const LINE_WORDS = 16;

/** A priority above all others, and the packer's number of ranks. */
export const PRIORITY_FIRST = 512;

/** Words of an entry, and what they are. */
export const ENTRY_WORDS = 8;
export const SLOT = 0;
export const GENERATION = 1;
/** GONE, SEEN or LEAVING. */
export const STATE = 2;
/**
 * Tick of the frame in which it entered or began to leave. What older snapshots said of it is no longer true, so
 * their acknowledgement says nothing of it: it may have left and entered again since, or somebody else has its place.
 * Held by the test `leaves and comes back while acknowledgements are on their way`.
 */
const SINCE = 3;
/** Newest acknowledged tick whose snapshot carried it; −1 = none. */
export const ACKED = 4;
/** 1 when a snapshot has carried it, or its leave where it is leaving. */
export const WAS_SENT = 5;
/** Grows while a change waits for room; the largest goes first. */
export const PRIORITY = 6;
/** By how much it grows with each snapshot: more for who is near. And HIDDEN, when the last look found it so (sight.ts). */
export const LOOK = 7;
export const HIDDEN = 0x100;
const GAIN_MASK = 0xff;

export const GONE = 0;
export const SEEN = 1;
export const LEAVING = 2;

/** What came of an acknowledgement. */
export const ACK_NEW = 1;
export const ACK_KNOWN = 0;
export const ACK_UNKNOWN = -1;

/** Who sees whom: a bit for each viewer of an edge in the row of each slot. */
export interface Watchers {
  readonly bits: Int32Array;
  /** Words of a row. */
  readonly stride: number;
}

export interface Viewer {
  /** The client's own entity: always seen, never budgeted away, the first entry. */
  readonly slot: number;
  /** Of that entity: another one in its slot is not the client's. */
  readonly generation: number;
  readonly watchers: Watchers;
  /** Its bit there. */
  readonly id: number;
  /** Entries are at `entries[index * ENTRY_WORDS …]`, index < end; some of them may be GONE. */
  readonly entries: Int32Array;
  end: number;
  /** How many of them are not. */
  count: number;
  /** How many in reach the map hid when all that is near was looked at last. */
  hiddenCount: number;
  /** Newest snapshot acknowledged; −1 = none. */
  ackedTick: number;
  /** Tick of the frame that the visible set was last brought up to. */
  frameTick: number;
  /** The same, when all that is near was looked at; −1 = not yet in this epoch. */
  lookedTick: number;
  /** From where, in mm; and within which distance, in mm², somebody could enter. */
  lookedX: number;
  lookedZ: number;
  enterSquared: number;
  /** Of the grid's arrivals so many are known. */
  arrivalCount: number;
  /** Newest tick sent before the baselines were voided: up to it, ticks name snapshots of two timelines. */
  voidedTick: number;
  /** SENT_WORDS for each tick remembered. */
  readonly sent: Int32Array;
  /** Entries in the snapshots sent, a ring. */
  readonly records: Uint16Array;
  /** Records written so far, modulo 2³² as an i32, like where those of a snapshot begin: only differences count. */
  recordTop: number;
}

assert(VISIBLE_MAX <= 0xffff, 'an index, and an index plus one, fit 16 bits');
assert(SENT_RECORDS >= 14 * VISIBLE_MAX, 'what was sent is remembered for a round trip of 0.7 s, whatever it carried');

/** @param viewersMax ids of viewers are below it. */
export function createWatchers(capacity: number, viewersMax: number): Watchers {
  const stride = Math.ceil(viewersMax / 32);
  return { bits: new Int32Array(capacity * stride), stride };
}

/** @param id its own among those that share the watchers. */
export function createViewer(watchers: Watchers, id: number, slot: number, generation: number): Viewer {
  assert(id < watchers.stride * 32, 'there is a bit for the viewer');
  // One buffer: three of their own would be three more pages to find.
  const entryBytes = VISIBLE_MAX * ENTRY_WORDS * 4;
  const sentBytes = SENT_TICKS * SENT_WORDS * 4;
  const buffer = new ArrayBuffer(entryBytes + sentBytes + SENT_RECORDS * 2);
  const viewer: Viewer = {
    slot,
    generation,
    watchers,
    id,
    entries: new Int32Array(buffer, 0, VISIBLE_MAX * ENTRY_WORDS),
    end: 0,
    count: 0,
    hiddenCount: 0,
    ackedTick: -1,
    frameTick: -1,
    lookedTick: -1,
    lookedX: 0,
    lookedZ: 0,
    enterSquared: 0,
    arrivalCount: 0,
    voidedTick: -1,
    sent: new Int32Array(buffer, entryBytes, SENT_TICKS * SENT_WORDS).fill(-1),
    records: new Uint16Array(buffer, entryBytes + sentBytes, SENT_RECORDS),
    recordTop: 0,
  };
  enterView(viewer, slot, generation);
  return viewer;
}

/** The client is gone: it watches nobody any more. */
export function closeViewer(viewer: Viewer): void {
  for (let index = 0; index < viewer.end; index++) setWatching(viewer, viewer.entries[index * ENTRY_WORDS]!, false);
}

/** Reads a word of each line that its snapshot of `tick` reads, so that they are fetched; returns their sum (session/prefetch.ts). */
export function prefetchViewer({ entries, end, sent, records, recordTop }: Viewer, tick: number): number {
  let sum = sent[placeOf(tick)]! + records[recordTop & SENT_MASK]! + records[(recordTop + end) & SENT_MASK]!;
  for (let at = 0; at < end * ENTRY_WORDS; at += LINE_WORDS) sum += entries[at]!;
  return sum;
}

/** Whether a snapshot was made for it. */
export function wasServed({ recordTop }: Viewer): boolean {
  return recordTop !== 0;
}

/** Voids every baseline: the zone was resumed, and what was acknowledged may not be what it remembers. */
export function voidBaselines(viewer: Viewer): void {
  const { entries } = viewer;
  viewer.voidedTick = Math.max(viewer.voidedTick, viewer.frameTick);
  viewer.frameTick = -1;
  viewer.lookedTick = -1;
  viewer.ackedTick = -1;
  for (let at = 0; at < viewer.end * ENTRY_WORDS; at += ENTRY_WORDS) {
    entries[at + SINCE] = -1;
    entries[at + ACKED] = -1;
  }
  viewer.sent.fill(-1);
}

function placeOf(tick: number): number {
  return (tick & (SENT_TICKS - 1)) * SENT_WORDS;
}

/** From the wire: `tick` is any number. Only snapshots that were sent and are still remembered count. */
export function acknowledge(viewer: Viewer, tick: number): number {
  if (tick === viewer.ackedTick) return tick < 0 ? ACK_UNKNOWN : ACK_KNOWN;
  if (tick <= viewer.voidedTick) return ACK_UNKNOWN;
  const { sent } = viewer;
  const place = placeOf(tick);
  if (sent[place] !== tick) return ACK_UNKNOWN;
  const from = sent[place + 1]!;
  if (((viewer.recordTop - from) | 0) > SENT_RECORDS) return ACK_UNKNOWN;
  if (tick < viewer.ackedTick) return ACK_KNOWN;
  viewer.ackedTick = tick;
  takeRecords(viewer, tick, from, sent[place + 2]!);
  return ACK_NEW;
}

/** What was sent since the entry is as it is says what still holds: a leave of what is leaving, or a state of what is seen. */
function takeRecords(viewer: Viewer, tick: number, from: number, count: number): void {
  const { entries, records } = viewer;
  for (let index = 0; index < count; index++) {
    const entry = records[(from + index) & SENT_MASK]!;
    const at = entry * ENTRY_WORDS;
    if (tick < entries[at + SINCE]!) continue;
    if (entries[at + STATE] === SEEN) entries[at + ACKED] = tick;
    else if (entries[at + STATE] === LEAVING) removeEntry(viewer, entry);
  }
}

export function beginSent(viewer: Viewer, tick: number): void {
  const place = placeOf(tick);
  viewer.sent[place] = tick;
  viewer.sent[place + 1] = viewer.recordTop;
  viewer.sent[place + 2] = 0;
}

/** The snapshot begun last is not sent after all: nobody can acknowledge it. */
export function dropSent(viewer: Viewer, tick: number): void {
  viewer.sent[placeOf(tick)] = -1;
}

/** Notes that the snapshot begun last carries the entity, or its leave where it is leaving. */
export function noteSent(viewer: Viewer, tick: number, index: number): void {
  const at = index * ENTRY_WORDS;
  viewer.records[viewer.recordTop & SENT_MASK] = index;
  viewer.recordTop = (viewer.recordTop + 1) | 0;
  viewer.sent[placeOf(tick) + 2]!++;
  viewer.entries[at + WAS_SENT] = 1;
  viewer.entries[at + PRIORITY] = 0;
}

/** The entry of the entity in `slot`, or −1. */
export function findEntry(viewer: Viewer, slot: number): number {
  const { entries, end } = viewer;
  for (let index = 0; index < end; index++) {
    const at = index * ENTRY_WORDS;
    if (entries[at] === slot && entries[at + STATE] !== GONE) return index;
  }
  return -1;
}

/** A new entry for an entity that has none; −1 when the viewer holds no more. */
export function enterView(viewer: Viewer, slot: number, generation: number): number {
  if (viewer.count === VISIBLE_MAX) return -1;
  const index = freeEntry(viewer);
  viewer.count++;
  viewer.entries[index * ENTRY_WORDS + SLOT] = slot;
  startEntry(viewer, index, generation);
  return index;
}

function freeEntry(viewer: Viewer): number {
  if (viewer.count === viewer.end) return viewer.end++;
  for (let index = 0; ; index++) if (viewer.entries[index * ENTRY_WORDS + STATE] === GONE) return index;
}

/** The entity of an entry enters anew: it had begun to leave, or another one has its slot. */
export function startEntry(viewer: Viewer, index: number, generation: number): void {
  const { entries } = viewer;
  const at = index * ENTRY_WORDS;
  entries[at + GENERATION] = generation;
  entries[at + STATE] = SEEN;
  entries[at + SINCE] = viewer.frameTick;
  entries[at + ACKED] = -1;
  entries[at + WAS_SENT] = 0;
  entries[at + PRIORITY] = 0;
  entries[at + LOOK] = 0;
  setWatching(viewer, entries[at]!, true);
}

export function startLeaving(viewer: Viewer, index: number): void {
  const at = index * ENTRY_WORDS;
  viewer.entries[at + STATE] = LEAVING;
  viewer.entries[at + WAS_SENT] = 0;
  viewer.entries[at + SINCE] = viewer.frameTick;
  setWatching(viewer, viewer.entries[at]!, false);
}

function removeEntry(viewer: Viewer, index: number): void {
  viewer.entries[index * ENTRY_WORDS + STATE] = GONE;
  viewer.count--;
  if (index === viewer.end - 1) viewer.end--;
}

function setWatching({ watchers, id }: Viewer, slot: number, isWatching: boolean): void {
  const word = slot * watchers.stride + (id >>> 5);
  if (isWatching) watchers.bits[word]! |= 1 << (id & 31);
  else watchers.bits[word]! &= ~(1 << (id & 31));
}

/** By how much its priority grows from now on. */
export function setGain({ entries }: Viewer, index: number, gain: number): void {
  const at = index * ENTRY_WORDS + LOOK;
  entries[at] = (entries[at]! & ~GAIN_MASK) | gain;
}

export function gainOf(look: number): number {
  return look & GAIN_MASK;
}

/** Whether the client has the entity in `slot` in its world, or is about to. */
export function isSeen({ watchers, id }: Viewer, slot: number): boolean {
  return (watchers.bits[slot * watchers.stride + (id >>> 5)]! & (1 << (id & 31))) !== 0;
}

/** Whether the viewer's own entity is alive in the frame of `tick`, and not another one that took its slot. */
export function isOwnAlive(viewer: Viewer, history: History, tick: number): boolean {
  // Above the slots in use a frame still holds what stood there a lap of the ring ago.
  if (viewer.slot >= frameSlotCount(history, tick)) return false;
  const record = frameOffset(history, tick) + viewer.slot * history.stride;
  return history.records[record + KIND] !== 0 && history.records[record + FRAME_GENERATION] === viewer.generation;
}
