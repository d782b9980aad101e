// What history.test.ts and its reading thread agree on: the columns, and what a frame of a tick looks like when its
// only purpose is to show whether it is whole.

import { createRows } from '../../src/sim/columns.ts';

export const testSpecs = {
  kind: { type: 'u8', seenBy: 'nobody' },
  generation: { type: 'u16', seenBy: 'nobody' },
  inputTick: { type: 'u31', seenBy: 'nobody' },
  inputLead: { type: 'i16', seenBy: 'nobody' },
  a: { type: 'i32', seenBy: 'everyone', field: 16 },
  b: { type: 'i32', seenBy: 'everyone', field: 17 },
  c: { type: 'i32', seenBy: 'owner', field: 18 },
} as const;

export const testRows = createRows(testSpecs);

/** Places in the words that both threads count in. */
export const STOP = 0;
export const BELIEVED = 1;
export const REFUSED = 2;
export const TORN = 3;

export function rowsOfTick(tick: number): number {
  return Math.imul(tick, 0x9e3779b1);
}

export function slotsOfTick(tick: number, capacity: number): number {
  return (tick % capacity) + 1;
}
