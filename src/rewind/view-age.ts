// How far back a player's hits are judged: the age of what it saw when it decided, as its inputs say, clamped and
// smoothed so that nobody steers it. Zone thread; part of the simulation, so integers only.
//
// A client shows others from snapshots it has acknowledged, a little in the past; so the age it claims must lie near the
// age of its acknowledgement. What is left after clamping moves by a sixteenth of a tick a tick: a player who delays
// packets or claims another age for one shot changes nothing about that shot, and one who claims a wrong age all the
// time aims at what it does not see. Method: Bernier 2001, "Latency Compensating Methods in Client/Server In-game
// Protocol Design and Optimization", with the view tick sent by the client instead of estimated.

import { REWIND_TICKS_MAX } from '../base/limits.ts';
import type { World } from '../sim/world.ts';

/** Fractions of a tick in `rewindTicks`. */
export const REWIND_SCALE = 16;
/** Ticks that a client may show others ahead of its newest snapshot, by extrapolating. */
const AHEAD_TICKS_MAX = 8;
/** Ticks that a client may show others behind its newest snapshot: interpolation and what jitter adds. */
const BEHIND_TICKS_MAX = 18;

/**
 * The view age that is believed, from 1 on, given the age of the newest snapshot the same input acknowledges. Without an
 * acknowledgement (0) nothing is believed: 0.
 */
export function clampViewAge(viewAge: number, ackAge: number): number {
  if (ackAge === 0) return 0;
  const least = Math.max(1, ackAge - AHEAD_TICKS_MAX);
  return Math.min(Math.max(viewAge, least), ackAge + BEHIND_TICKS_MAX);
}

/** After the inputs of `tick` are in force: moves each player's rewind towards the age it claims; the first one sets it. */
export function trackRewind(world: World, slotCount: number, tick: number): void {
  const { client, inputTick, viewAge, rewindTicks } = world.columns;
  for (let slot = 0; slot < slotCount; slot++) {
    if (client[slot] === 0 || inputTick[slot] !== tick || viewAge[slot] === 0) continue;
    const wanted = 1 + Math.min(viewAge[slot]!, REWIND_TICKS_MAX) * REWIND_SCALE;
    const known = rewindTicks[slot]!;
    if (known === 0) rewindTicks[slot] = wanted;
    else if (wanted > known) rewindTicks[slot] = known + 1;
    else if (wanted < known) rewindTicks[slot] = known - 1;
  }
}

/** Whole ticks, rounded, 0 … REWIND_TICKS_MAX. */
export function rewindOf(world: World, slot: number): number {
  return (Math.max(0, world.columns.rewindTicks[slot]! - 1) + REWIND_SCALE / 2) >> 4;
}
