// Inputs that wait for the tick they are meant for: per slot a ring of 32, indexed by tick. Zone thread. Part of the
// state a replay needs, so it is hashed with the world; lost without harm when a zone is restarted, as if the packets
// had been lost.

import { INPUT_REPEAT_TICKS_MAX, PENDING_INPUTS } from '../base/limits.ts';
import { slotCount, type World } from './world.ts';

const MASK = PENDING_INPUTS - 1;
const AIM_TARGET = 2;

export interface PendingInputs {
  readonly words: Int32Array;
  /** The tick each place holds an input for; 0 = empty. */
  readonly ticks: Int32Array;
  /** Newest tick heard of, by slot; 0 = none yet. */
  readonly newest: Int32Array;
  /** moveX, moveZ, aim, buttons, then the game's own: an array each, by place. */
  readonly values: readonly Int32Array[];
  /** The columns the values go to. */
  readonly targets: readonly Int32Array[];
}

/** Why an input isn't taken. */
export const INPUT_TAKEN = 0;
export const INPUT_STALE = -1;
export const INPUT_EARLY = -2;
export const INPUT_DUPLICATE = -3;

export function createPendingInputs(world: World, gameInputs: readonly string[]): PendingInputs {
  const { columns, capacity } = world;
  const targets = [
    columns.moveX,
    columns.moveZ,
    columns.aim,
    columns.buttons,
    columns.viewAge,
    ...gameInputs.map((name) => columns[name]!),
  ];
  const places = capacity * PENDING_INPUTS;
  const words = new Int32Array(places * (1 + targets.length) + capacity);
  return {
    words,
    ticks: words.subarray(0, places),
    newest: words.subarray(places, places + capacity),
    values: targets.map((_, index) => words.subarray(places * (1 + index) + capacity, places * (2 + index) + capacity)),
    targets,
  };
}

/**
 * Whether an input for `tick` may still be stored when `nextTick` is the next to be run. One that is too late is
 * noted as heard of all the same: its client is then told by how much (`inputLead`), not just that nothing came.
 */
export function checkInputTick(pending: PendingInputs, slot: number, tick: number, nextTick: number): number {
  if (tick < nextTick) {
    if (tick > pending.newest[slot]!) pending.newest[slot] = tick;
    return INPUT_STALE;
  }
  if (tick >= nextTick + PENDING_INPUTS) return INPUT_EARLY;
  return pending.ticks[slot * PENDING_INPUTS + (tick & MASK)] === tick ? INPUT_DUPLICATE : INPUT_TAKEN;
}

/** Stores an input that `checkInputTick` took: `values[offset …]` in the order of `targets`. */
export function storeInput(
  pending: PendingInputs,
  slot: number,
  tick: number,
  values: Int32Array,
  offset: number,
): void {
  const place = slot * PENDING_INPUTS + (tick & MASK);
  pending.ticks[place] = tick;
  for (let index = 0; index < pending.values.length; index++) pending.values[index]![place] = values[offset + index]!;
  if (tick > pending.newest[slot]!) pending.newest[slot] = tick;
}

export function clearInputs(pending: PendingInputs, slot: number): void {
  pending.ticks.fill(0, slot * PENDING_INPUTS, (slot + 1) * PENDING_INPUTS);
  pending.newest[slot] = 0;
}

/** Nothing is pressed any more; where the player looks stays. */
export function standStill(pending: PendingInputs, slot: number): void {
  const { targets } = pending;
  for (let index = 0; index < targets.length; index++) if (index !== AIM_TARGET) targets[index]![slot] = 0;
}

/**
 * Puts each player's input for `tick` in force. Without one the last is repeated for a quarter of a second, then the
 * player stands still. Returns how many players had none.
 */
export function applyInputs(pending: PendingInputs, world: World, tick: number): number {
  const { client, inputTick, inputLead } = world.columns;
  const count = slotCount(world);
  let starved = 0;
  for (let slot = 0; slot < count; slot++) {
    if (client[slot] === 0) continue;
    const newest = pending.newest[slot]!;
    if (newest === 0) continue;
    const place = slot * PENDING_INPUTS + (tick & MASK);
    const lead = Math.max(-PENDING_INPUTS, newest - tick);
    if (pending.ticks[place] === tick) {
      const before = inputTick[slot]!;
      pending.ticks[place] = 0;
      // The first input, or the first after a pause: what was known of the lead is old.
      if (before === 0 || tick - before > INPUT_REPEAT_TICKS_MAX) inputLead[slot] = lead;
      inputTick[slot] = tick;
      for (let index = 0; index < pending.targets.length; index++) {
        pending.targets[index]![slot] = pending.values[index]![place]!;
      }
    } else {
      starved++;
      if (tick - inputTick[slot]! > INPUT_REPEAT_TICKS_MAX) standStill(pending, slot);
    }
    trackLead(inputLead, slot, lead, tick);
  }
  return starved;
}

/** Recent minimum: falls at once, rises by one every 16 ticks. */
function trackLead(inputLead: Int32Array, slot: number, lead: number, tick: number): void {
  const known = inputLead[slot]!;
  if (lead < known) inputLead[slot] = lead;
  else if (lead > known && (tick + slot) % 16 === 0) inputLead[slot] = known + 1;
}
