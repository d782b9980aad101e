// What one client sees and what it has acknowledged: the visible set with hysteresis, a baseline per entity, the
// entities each recent snapshot carried. Edge threads; one viewer a client. Memory is bounded and taken at creation.
//
// An entity's life in here: seen (entered, sent until acknowledged, then deltas) → leaving (the slot is listed in each
// snapshot until one that listed it is acknowledged) → gone. A snapshot is named by its tick.

import { assert } from '../base/assert.ts';
import { VISIBLE_MAX } from '../base/limits.ts';
import { bucketOf, type Grid } from '../sim/grid.ts';
import { frameOffset, frameSlotCount, GENERATION, type History, KIND } from '../sim/history.ts';
import { isInSight, type Sight } from './sight.ts';

/** Snapshots whose contents are remembered, by tick; a power of two. */
const SENT_TICKS = 128;
/** Entities in them all together; older snapshots than fit are forgotten, so their acknowledgement is unknown. */
const SENT_RECORDS = 4096;

/** What decides who enters a client's view. */
export interface Interest {
  readonly grid: Grid;
  readonly radiusMm: number;
  /** Undefined where nothing blocks sight. */
  readonly sight: Sight | undefined;
}

export const SEEN = 1;
export const LEAVING = 2;

/** What came of an acknowledgement. */
export const ACK_NEW = 1;
export const ACK_KNOWN = 0;
export const ACK_UNKNOWN = -1;

export interface Viewer {
  /** The client's own entity: always seen, never budgeted away. */
  readonly slot: number;
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
  readonly rounds: Int32Array;
  round: number;
  /** 1 + index by slot; 0 = not seen. */
  readonly indexOf: Uint8Array;
  /** Newest snapshot acknowledged; −1 = none. */
  ackedTick: number;
  /** Tick of the frame that interest was last computed for. */
  frameTick: number;
  /** Newest tick sent before the baselines were voided: up to it, ticks name snapshots of two timelines. */
  voidedTick: number;
  readonly sentTicks: Int32Array;
  readonly sentFrom: Int32Array;
  readonly sentCounts: Int32Array;
  /** Records of sent snapshots: the slot, with the sign bit for a leave. */
  readonly records: Int32Array;
  recordTop: number;
}

assert(VISIBLE_MAX <= 255, 'an index plus one fits a byte');

export function createViewer(capacity: number, slot: number): Viewer {
  return {
    slot,
    count: 0,
    slots: new Int32Array(VISIBLE_MAX),
    generations: new Int32Array(VISIBLE_MAX),
    states: new Uint8Array(VISIBLE_MAX),
    since: new Int32Array(VISIBLE_MAX),
    acked: new Int32Array(VISIBLE_MAX),
    sent: new Int32Array(VISIBLE_MAX),
    priorities: new Int32Array(VISIBLE_MAX),
    rounds: new Int32Array(VISIBLE_MAX),
    round: 0,
    indexOf: new Uint8Array(capacity),
    ackedTick: -1,
    frameTick: -1,
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
  if (viewer.recordTop - from > SENT_RECORDS) return ACK_UNKNOWN;
  if (tick < viewer.ackedTick) return ACK_KNOWN;
  viewer.ackedTick = tick;
  const end = from + viewer.sentCounts[place]!;
  for (let record = from; record < end; record++)
    acknowledgeRecord(viewer, viewer.records[record % SENT_RECORDS]!, tick);
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
  viewer.records[viewer.recordTop++ % SENT_RECORDS] = isLeave ? slot | 0x8000_0000 : slot;
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
  viewer.rounds[index] = viewer.rounds[last]!;
  viewer.indexOf[viewer.slots[index]!] = index + 1;
}

/**
 * Brings the visible set up to the frame of `tick`: enters what is within `radiusMm`, keeps what is within a tenth
 * more, turns the rest to leaving. Nearness raises an entity's priority. What the map hides isn't seen. Does not allocate.
 */
export function updateInterest(viewer: Viewer, history: History, interest: Interest, tick: number): void {
  const { grid, radiusMm, sight } = interest;
  const { records, stride } = history;
  const offset = frameOffset(history, tick);
  const own = offset + viewer.slot * stride;
  const round = ++viewer.round;
  viewer.frameTick = tick;
  markSeen(viewer, viewer.slot, records[own + GENERATION]!, true, 0);
  const ownGeneration = records[own + GENERATION]!;
  const ownX = records[own + grid.rowX]!;
  const ownZ = records[own + grid.rowZ]!;
  const enter = radiusMm * radiusMm;
  const keep = enter * 1.21;
  const toPriority = 16 / keep;
  const { cellMm, starts, slots, x, z } = grid;
  const cellX = Math.floor(ownX / cellMm);
  const cellZ = Math.floor(ownZ / cellMm);
  for (let row = cellZ - 1; row <= cellZ + 1; row++) {
    for (let column = cellX - 1; column <= cellX + 1; column++) {
      const bucket = bucketOf(grid, column, row);
      const end = starts[bucket + 1]!;
      for (let place = starts[bucket]!; place < end; place++) {
        const dx = x[place]! - ownX;
        const dz = z[place]! - ownZ;
        const distance = dx * dx + dz * dz;
        if (distance > keep) continue;
        const slot = slots[place]!;
        const generation = records[offset + slot * stride + GENERATION]!;
        if (
          sight !== undefined &&
          slot !== viewer.slot &&
          !isInSight(sight, tick, viewer.slot, ownGeneration, ownX, ownZ, slot, generation, x[place]!, z[place]!)
        ) {
          continue;
        }
        markSeen(viewer, slot, generation, distance <= enter, 17 - ((distance * toPriority) | 0));
      }
    }
  }
  for (let index = 0; index < viewer.count; index++) {
    if (viewer.rounds[index] === round || viewer.states[index] !== SEEN) continue;
    viewer.states[index] = LEAVING;
    viewer.since[index] = tick;
  }
}

function markSeen(viewer: Viewer, slot: number, generation: number, mayEnter: boolean, priority: number): void {
  let index = viewer.indexOf[slot]! - 1;
  if (index < 0) {
    if (!mayEnter) return;
    index = addEntry(viewer, slot, generation);
    if (index < 0) return;
  } else if (viewer.rounds[index] === viewer.round) {
    return; // two cells of the query share a bucket
  } else if (viewer.generations[index] !== generation || viewer.states[index] === LEAVING) {
    if (!mayEnter) return;
    startEntry(viewer, index, generation);
  }
  viewer.rounds[index] = viewer.round;
  viewer.priorities[index] = viewer.priorities[index]! + priority;
}

/** Whether the client has the entity in `slot` in its world, or is about to. */
export function isSeen(viewer: Viewer, slot: number): boolean {
  const index = viewer.indexOf[slot]! - 1;
  return index >= 0 && viewer.states[index] === SEEN;
}

/** Whether the viewer's own entity is alive in the frame of `tick`. */
export function isOwnAlive(viewer: Viewer, history: History, tick: number): boolean {
  // Above the slots in use a frame still holds what stood there a lap of the ring ago.
  if (viewer.slot >= frameSlotCount(history, tick)) return false;
  return history.records[frameOffset(history, tick) + viewer.slot * history.stride + KIND] !== 0;
}
