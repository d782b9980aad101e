// World history: the last 128 frames of a zone as clients may see them, in shared memory. The zone thread writes, edge
// threads read: delta baselines, interest, later lag compensation and the live map all come from here.
// A frame holds one record a slot, its numbers side by side: encoding one entity reads one cache line or two, and
// both the frame and its baseline have the same shape (docs/decisions/0004-history-rows.md).
//
//   header: [0] newest tick, −1 before the first  [1] epoch  [2] load (base/overload-steps.ts)  [3] since which tick  … | stamp a frame | slots in use a frame | records
//   record: kind | generation | changed tick | input tick | input lead | one word a row (columns.ts: createRows)
//
// One writer. A frame's stamp is −1 while it is written and its tick after; a reader compares the stamp before and
// after reading (`isFrameHeld`): a frame that was overwritten meanwhile is thrown away and counted, not used.

import { assert } from '../base/assert.ts';
import { HISTORY_FRAMES } from '../base/limits.ts';
import type { Row } from './columns.ts';
import { slotCount, type World, worldTick } from './world.ts';

const HEADER_WORDS = 16;
const NEWEST = 0;
const EPOCH = 1;
const LOAD = 2;
const LOAD_TICK = 3;

/** Words of a record before its rows. */
export const KIND = 0;
export const GENERATION = 1;
/** Tick at which something that everyone sees last changed, spawning included. */
export const CHANGED_TICK = 2;
export const INPUT_TICK = 3;
export const INPUT_LEAD = 4;
export const ROWS = 5;

export interface History {
  readonly capacity: number;
  readonly rows: readonly Row[];
  /** Words of a record. */
  readonly stride: number;
  readonly header: Int32Array;
  readonly stamps: Int32Array;
  readonly slotCounts: Int32Array;
  /** All records of all frames: `records[frameOffset(history, tick) + slot * stride + …]`. */
  readonly records: Int32Array;
}

function wordsBeforeRecords(): number {
  return HEADER_WORDS + 2 * HISTORY_FRAMES;
}

export function historyBytes(rows: readonly Row[], capacity: number): number {
  return (wordsBeforeRecords() + HISTORY_FRAMES * capacity * (ROWS + rows.length)) * 4;
}

/** A view of `buffer` as a history; both sides make their own. */
export function createHistory(rows: readonly Row[], capacity: number, buffer: ArrayBufferLike): History {
  assert(buffer.byteLength >= historyBytes(rows, capacity), 'the buffer holds the history');
  const stride = ROWS + rows.length;
  return {
    capacity,
    rows,
    stride,
    header: new Int32Array(buffer, 0, HEADER_WORDS),
    stamps: new Int32Array(buffer, HEADER_WORDS * 4, HISTORY_FRAMES),
    slotCounts: new Int32Array(buffer, (HEADER_WORDS + HISTORY_FRAMES) * 4, HISTORY_FRAMES),
    records: new Int32Array(buffer, wordsBeforeRecords() * 4, HISTORY_FRAMES * capacity * stride),
  };
}

/** Forgets all frames and names the epoch of the ones to come; readers see it and drop their baselines. */
export function resetHistory(history: History, epoch: number): void {
  Atomics.store(history.header, NEWEST, -1);
  for (let frame = 0; frame < HISTORY_FRAMES; frame++) Atomics.store(history.stamps, frame, -1);
  Atomics.store(history.header, EPOCH, epoch);
}

/** The records of a frame of before were put back, from oldest to newest; nobody reads yet. */
export function restoreFrame(history: History, tick: number, slots: number): void {
  history.slotCounts[tick % HISTORY_FRAMES] = slots;
  Atomics.store(history.stamps, tick % HISTORY_FRAMES, tick);
  Atomics.store(history.header, NEWEST, tick);
}

/** Newest tick published, −1 before the first. */
export function newestTick(history: History): number {
  return Atomics.load(history.header, NEWEST);
}

export function historyEpoch(history: History): number {
  return Atomics.load(history.header, EPOCH);
}

/** How busy the zone is, packed, and since which tick; readers see it with a later frame at the latest. */
export function publishLoad(history: History, load: number, tick: number): void {
  Atomics.store(history.header, LOAD_TICK, tick);
  Atomics.store(history.header, LOAD, load);
}

export function publishedLoad(history: History): number {
  return Atomics.load(history.header, LOAD);
}

export function publishedLoadTick(history: History): number {
  return Atomics.load(history.header, LOAD_TICK);
}

/** Index in `header` that changes with each frame: what a reader waits on. */
export const NEWEST_TICK_INDEX = NEWEST;

export function frameOffset(history: History, tick: number): number {
  return (tick % HISTORY_FRAMES) * history.capacity * history.stride;
}

/**
 * Whether the frame of `tick` is whole; asked after reading it, whether what was read is. The oldest frame counts as
 * gone one publication before it is overwritten: a processor that shows stores out of order (ARM) may show the first
 * words of the next frame before the stamp that forbids this one.
 */
export function isFrameHeld(history: History, tick: number): boolean {
  if (tick < 0 || Atomics.load(history.header, NEWEST) - tick >= HISTORY_FRAMES - 1) return false;
  return Atomics.load(history.stamps, tick % HISTORY_FRAMES) === tick;
}

export function frameSlotCount(history: History, tick: number): number {
  return history.slotCounts[tick % HISTORY_FRAMES]!;
}

/** Publishes the world as the frame of its tick; who waits for it looks by the clock (io/tick-wait.ts). Does not allocate. */
export function publishFrame(history: History, world: World): void {
  const tick = worldTick(world);
  const frame = tick % HISTORY_FRAMES;
  const count = slotCount(world);
  Atomics.store(history.stamps, frame, -1);
  const target = frameOffset(history, tick);
  const hasBefore = tick > 0 && isFrameHeld(history, tick - 1);
  const before = hasBefore ? frameOffset(history, tick - 1) : -1;
  const countBefore = hasBefore ? frameSlotCount(history, tick - 1) : 0;
  publishHeads(history, world, target, before, Math.min(count, countBefore), count, tick);
  for (let index = 0; index < history.rows.length; index++) {
    const row = history.rows[index]!;
    const column = world.columns[row.column]!;
    const at = ROWS + index;
    if (row.ownerOnly) publishOwnerRow(history, column, row.shift, row.mask, target + at, count);
    else publishRow(history, column, row.shift, row.mask, target, before < 0 ? target : before, at, count, tick);
  }
  history.slotCounts[frame] = count;
  Atomics.store(history.stamps, frame, tick);
  Atomics.store(history.header, NEWEST, tick);
}

function publishHeads(
  history: History,
  world: World,
  target: number,
  before: number,
  shared: number,
  count: number,
  tick: number,
): void {
  const { records, stride } = history;
  const { kind, generation, inputTick, inputLead } = world.columns;
  for (let slot = 0; slot < count; slot++) {
    const at = target + slot * stride;
    const was = before + slot * stride;
    const isSame =
      slot < shared && records[was + GENERATION] === generation[slot] && records[was + KIND] === kind[slot];
    records[at + KIND] = kind[slot]!;
    records[at + GENERATION] = generation[slot]!;
    records[at + CHANGED_TICK] = isSame ? records[was + CHANGED_TICK]! : tick;
    records[at + INPUT_TICK] = inputTick[slot]!;
    records[at + INPUT_LEAD] = inputLead[slot]!;
  }
}

/** Without a frame before, `before` is the target itself: the heads have marked everything as changed already. */
function publishRow(
  history: History,
  column: Int32Array,
  shift: number,
  mask: number,
  target: number,
  before: number,
  row: number,
  count: number,
  tick: number,
): void {
  const { records, stride } = history;
  let at = target;
  let was = before;
  for (let slot = 0; slot < count; slot++) {
    const value = (column[slot]! >> shift) & mask;
    if (records[was + row] !== value) records[at + CHANGED_TICK] = tick;
    records[at + row] = value;
    at += stride;
    was += stride;
  }
}

function publishOwnerRow(
  history: History,
  column: Int32Array,
  shift: number,
  mask: number,
  target: number,
  count: number,
): void {
  const { records, stride } = history;
  let at = target;
  for (let slot = 0; slot < count; slot++) {
    records[at] = (column[slot]! >> shift) & mask;
    at += stride;
  }
}
