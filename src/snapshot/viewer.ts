// What one client sees and what it has acknowledged: the visible set, a baseline per entity, the entities each recent
// snapshot carried. Who is in sight is interest.ts's. Edge threads; one viewer a client. Memory is bounded and taken at
// creation.
//
// An entity's life in here: seen (entered, sent until acknowledged, then deltas) → leaving (the slot is listed in each
// snapshot until one that listed it is acknowledged) → gone. A snapshot is named by its tick.

import { assert } from '../base/assert.ts';
import { VISIBLE_MAX } from '../base/limits.ts';
import { frameOffset, frameSlotCount, GENERATION, type History, KIND } from '../sim/history.ts';

/** Snapshots whose contents are remembered, by tick; a power of two. */
const SENT_TICKS = 128;
/** Entities in them all together, a power of two; older snapshots than fit are forgotten, so their acknowledgement is unknown. */
const SENT_RECORDS = 4096;
const SENT_MASK = SENT_RECORDS - 1;

/** A priority above all others, and the packer's number of ranks. */
export const PRIORITY_FIRST = 512;

export const SEEN = 1;
export const LEAVING = 2;

/** What came of an acknowledgement. */
export const ACK_NEW = 1;
export const ACK_KNOWN = 0;
export const ACK_UNKNOWN = -1;

export interface Viewer {
  /** The client's own entity: always seen, never budgeted away. */
  readonly slot: number;
  /** Of that entity: another one in its slot is not the client's. */
  readonly generation: number;
  /** Entity i is in slot `slots[i]`, i < count. Dense; removal moves the last one. */
  count: number;
  readonly slots: Int32Array;
  readonly generations: Int32Array;
  readonly states: Uint8Array;
  /**
   * Tick of the frame in which it entered or began to leave. What older snapshots said of it is no longer true, so
   * their acknowledgement says nothing of it: it may have left and entered again since. Held by the test
   * `leaves and comes back while acknowledgements are on their way`.
   */
  readonly since: Int32Array;
  /** Newest acknowledged tick whose snapshot carried it; −1 = none. */
  readonly acked: Int32Array;
  /** Newest tick whose snapshot carried it; −1 = none. */
  readonly sent: Int32Array;
  /** Grows while a change waits for room; the largest goes first. */
  readonly priorities: Int32Array;
  /** By how much it grows with each snapshot: more for who is near. */
  readonly gains: Uint8Array;
  readonly rounds: Int32Array;
  round: number;
  /** 1 when the last look found it hidden (sight.ts). */
  readonly blocked: Uint8Array;
  /** How many in reach the map hid when all that is near was looked at last. */
  hiddenCount: number;
  /** 1 + index by slot; 0 = not seen. */
  readonly indexOf: Uint8Array;
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
  readonly sentTicks: Int32Array;
  readonly sentFrom: Int32Array;
  readonly sentCounts: Int32Array;
  /** Records of sent snapshots, a ring: the slot, with the sign bit for a leave. */
  readonly records: Int32Array;
  /** Records written so far, modulo 2³² as an i32, like `sentFrom`: only differences count. */
  recordTop: number;
}

assert(VISIBLE_MAX <= 255, 'an index plus one fits a byte');

export function createViewer(capacity: number, slot: number, generation: number): Viewer {
  return {
    slot,
    generation,
    count: 0,
    slots: new Int32Array(VISIBLE_MAX),
    generations: new Int32Array(VISIBLE_MAX),
    states: new Uint8Array(VISIBLE_MAX),
    since: new Int32Array(VISIBLE_MAX),
    acked: new Int32Array(VISIBLE_MAX),
    sent: new Int32Array(VISIBLE_MAX),
    priorities: new Int32Array(VISIBLE_MAX),
    gains: new Uint8Array(VISIBLE_MAX),
    rounds: new Int32Array(VISIBLE_MAX),
    round: 0,
    blocked: new Uint8Array(VISIBLE_MAX),
    hiddenCount: 0,
    indexOf: new Uint8Array(capacity),
    ackedTick: -1,
    frameTick: -1,
    lookedTick: -1,
    lookedX: 0,
    lookedZ: 0,
    enterSquared: 0,
    arrivalCount: 0,
    voidedTick: -1,
    sentTicks: new Int32Array(SENT_TICKS).fill(-1),
    sentFrom: new Int32Array(SENT_TICKS),
    sentCounts: new Int32Array(SENT_TICKS),
    records: new Int32Array(SENT_RECORDS),
    recordTop: 0,
  };
}

/** Voids every baseline: the zone was resumed, and what was acknowledged may not be what it remembers. */
export function voidBaselines(viewer: Viewer): void {
  viewer.voidedTick = Math.max(viewer.voidedTick, viewer.frameTick);
  viewer.frameTick = -1;
  viewer.lookedTick = -1;
  viewer.ackedTick = -1;
  viewer.since.fill(-1, 0, viewer.count);
  viewer.acked.fill(-1, 0, viewer.count);
  viewer.sentTicks.fill(-1);
}

/** From the wire: `tick` is any number. Only snapshots that were sent and are still remembered count. */
export function acknowledge(viewer: Viewer, tick: number): number {
  if (tick <= viewer.voidedTick) return ACK_UNKNOWN;
  if (tick === viewer.ackedTick) return ACK_KNOWN;
  const place = tick & (SENT_TICKS - 1);
  if (viewer.sentTicks[place] !== tick) return ACK_UNKNOWN;
  const from = viewer.sentFrom[place]!;
  if (((viewer.recordTop - from) | 0) > SENT_RECORDS) return ACK_UNKNOWN;
  if (tick < viewer.ackedTick) return ACK_KNOWN;
  viewer.ackedTick = tick;
  const count = viewer.sentCounts[place]!;
  for (let index = 0; index < count; index++) {
    acknowledgeRecord(viewer, viewer.records[(from + index) & SENT_MASK]!, tick);
  }
  return ACK_NEW;
}

function acknowledgeRecord(viewer: Viewer, record: number, tick: number): void {
  const index = viewer.indexOf[record & 0xffff]! - 1;
  if (index < 0 || tick < viewer.since[index]!) return;
  // Sent since then, so it says what still holds: a leave of what is leaving, or a state of the very same entity.
  if (record < 0) removeEntry(viewer, index);
  else viewer.acked[index] = tick;
}

export function beginSent(viewer: Viewer, tick: number): void {
  const place = tick & (SENT_TICKS - 1);
  viewer.sentTicks[place] = tick;
  viewer.sentFrom[place] = viewer.recordTop;
  viewer.sentCounts[place] = 0;
}

/** Notes that the snapshot begun last carries the entity (or its leave). */
export function noteSent(viewer: Viewer, tick: number, index: number, isLeave: boolean): void {
  const slot = viewer.slots[index]!;
  viewer.records[viewer.recordTop & SENT_MASK] = isLeave ? slot | 0x8000_0000 : slot;
  viewer.recordTop = (viewer.recordTop + 1) | 0;
  viewer.sentCounts[tick & (SENT_TICKS - 1)]!++;
  viewer.sent[index] = tick;
  viewer.priorities[index] = 0;
}

function addEntry(viewer: Viewer, slot: number, generation: number): number {
  if (viewer.count === VISIBLE_MAX) return -1;
  const index = viewer.count++;
  viewer.slots[index] = slot;
  viewer.indexOf[slot] = index + 1;
  startEntry(viewer, index, generation);
  return index;
}

function startEntry(viewer: Viewer, index: number, generation: number): void {
  viewer.generations[index] = generation;
  viewer.states[index] = SEEN;
  viewer.since[index] = viewer.frameTick;
  viewer.acked[index] = -1;
  viewer.sent[index] = -1;
  viewer.priorities[index] = 0;
  viewer.blocked[index] = 0;
}

function removeEntry(viewer: Viewer, index: number): void {
  viewer.indexOf[viewer.slots[index]!] = 0;
  const last = --viewer.count;
  if (index === last) return;
  viewer.slots[index] = viewer.slots[last]!;
  viewer.generations[index] = viewer.generations[last]!;
  viewer.states[index] = viewer.states[last]!;
  viewer.since[index] = viewer.since[last]!;
  viewer.acked[index] = viewer.acked[last]!;
  viewer.sent[index] = viewer.sent[last]!;
  viewer.priorities[index] = viewer.priorities[last]!;
  viewer.gains[index] = viewer.gains[last]!;
  viewer.rounds[index] = viewer.rounds[last]!;
  viewer.blocked[index] = viewer.blocked[last]!;
  viewer.indexOf[viewer.slots[index]!] = index + 1;
}

/** Begins to say who is seen in the frame of `tick`: `markSeen` for each, then `endRound`. */
export function beginRound(viewer: Viewer, tick: number): void {
  viewer.round = (viewer.round + 1) | 0;
  viewer.frameTick = tick;
}

export function markSeen(viewer: Viewer, slot: number, generation: number, mayEnter: boolean, gain: number): void {
  let index = viewer.indexOf[slot]! - 1;
  if (index < 0) {
    if (!mayEnter) return;
    index = addEntry(viewer, slot, generation);
    if (index < 0) return;
  } else if (viewer.generations[index] !== generation || viewer.states[index] === LEAVING) {
    if (!mayEnter) return;
    const isAnother = viewer.generations[index] !== generation;
    startEntry(viewer, index, generation);
    // Until its client hears of this one it draws the one before.
    if (isAnother) viewer.priorities[index] = PRIORITY_FIRST;
  }
  viewer.rounds[index] = viewer.round;
  viewer.gains[index] = gain;
  viewer.priorities[index] = viewer.priorities[index]! + gain;
}

/** What was not said to be seen begins to leave. */
export function endRound(viewer: Viewer): void {
  const { rounds, states, round } = viewer;
  for (let index = 0; index < viewer.count; index++) {
    if (rounds[index] !== round && states[index] === SEEN) startLeaving(viewer, index);
  }
}

export function startLeaving(viewer: Viewer, index: number): void {
  viewer.states[index] = LEAVING;
  viewer.since[index] = viewer.frameTick;
}

/** Whether the client has the entity in `slot` in its world, or is about to. */
export function isSeen(viewer: Viewer, slot: number): boolean {
  const index = viewer.indexOf[slot]! - 1;
  return index >= 0 && viewer.states[index] === SEEN;
}

/** Whether the viewer's own entity is alive in the frame of `tick`, and not another one that took its slot. */
export function isOwnAlive(viewer: Viewer, history: History, tick: number): boolean {
  // Above the slots in use a frame still holds what stood there a lap of the ring ago.
  if (viewer.slot >= frameSlotCount(history, tick)) return false;
  const record = frameOffset(history, tick) + viewer.slot * history.stride;
  return history.records[record + KIND] !== 0 && history.records[record + GENERATION] === viewer.generation;
}
