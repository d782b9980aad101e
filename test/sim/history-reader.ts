// The reading thread of history.test.ts: reads frames, mostly those about to be overwritten, as fast as it can, and
// checks each frame that it believed. Every number of such a frame must be the one its tick says.

import { workerData } from 'node:worker_threads';
import { HISTORY_FRAMES } from '../../src/base/limits.ts';
import { createRandom } from '../../src/base/random.ts';
import {
  CHANGED_TICK,
  createHistory,
  frameOffset,
  frameSlotCount,
  isFrameHeld,
  newestTick,
  ROWS,
} from '../../src/sim/history.ts';
import { BELIEVED, REFUSED, rowsOfTick, STOP, slotsOfTick, TORN, testRows } from './history-model.ts';

const { buffer, counts, capacity } = workerData as { buffer: SharedArrayBuffer; counts: Int32Array; capacity: number };
const history = createHistory(testRows, capacity, buffer);
const copy = new Int32Array(capacity * history.stride);
const random = createRandom(7);

/** Whether the copied frame is the one published as `tick`, whole. */
function isTorn(tick: number, slots: number): boolean {
  if (slots !== slotsOfTick(tick, capacity)) return true;
  const value = rowsOfTick(tick);
  for (let slot = 0; slot < slots; slot++) {
    const at = slot * history.stride;
    if (copy[at + CHANGED_TICK] !== tick) return true;
    for (let row = 0; row < testRows.length; row++) if (copy[at + ROWS + row] !== value) return true;
  }
  return false;
}

while (Atomics.load(counts, STOP) === 0) {
  const newest = newestTick(history);
  // Three of four times one of the two oldest frames.
  const age = random.below(4) === 0 ? random.below(HISTORY_FRAMES) : HISTORY_FRAMES - 3 + random.below(2);
  const tick = newest - age;
  if (!isFrameHeld(history, tick)) continue;
  const slots = frameSlotCount(history, tick);
  const from = frameOffset(history, tick);
  for (let index = 0; index < slots * history.stride; index++) copy[index] = history.records[from + index]!;
  if (!isFrameHeld(history, tick)) Atomics.add(counts, REFUSED, 1);
  else Atomics.add(counts, isTorn(tick, slots) ? TORN : BELIEVED, 1);
}
