// Checks an input against what the zone knows, before it is simulated. Zone thread. Decides and counts, never
// disconnects: what can be corrected is corrected, the server's state wins, and a player with a bad line only ever
// has inputs ignored. Sizes, types and ranges were checked by the edge (session/edge.ts), in order of cost.
//
//   rule          what                                             response
//   tick window   an input for a tick that ran, or > 32 ahead       dropped (sim/pending-inputs.ts)
//   time_warp     an input further ahead than any line, and any    dropped, counted, scored (score.ts)
//                 slowed time of ours, explains
//   sequence      a second input for one tick                       dropped, the first stands
//   move_length   a move vector longer than 127                     shortened to 127
//   facing_rate   aim that turns faster than the game allows        counted; aim may jump, the game's step turns
//                 one that jumps most of the time                   scored
//   bounds        a claimed position outside the world              counted, claim ignored
//   speed         claimed positions further apart than the limit    counted, claim ignored
//   position      a claimed position away from the zone's own       counted; the snapshot corrects the client
//
// What it remembers is not part of the zone's state: it moves counters, never the simulation.

import type { Counters } from '../base/counters.ts';
import { TICK_HZ, TIME_WARP_TICKS } from '../base/limits.ts';
import type { GameLimits } from '../sim/game.ts';
import { isqrt } from '../sim/integer.ts';
import type { World } from '../sim/world.ts';
import { INPUT_TICK_WORD, INPUT_VALUES_WORD, type InputLayout } from '../wire/client-frame.ts';
import { addPoints, createSuspicion, SCORED, type Suspicion } from './score.ts';

const MOVE_MAX = 127;
/** Rounding of an honest client: (90, 90) is 127.3 long. */
const MOVE_SLACK = 1.5;
/** Share above the game's speed that claims may show, for rounding and corrections: a tenth. */
const SPEED_SLACK = 1.1;
/** A claim this far from the zone's own position is a misprediction worth counting. */
const POSITION_SLACK_MM = 2000;
/** Claims are compared over at least this long; a shorter window would judge a single correction. */
const SPEED_WINDOW_TICKS = 30;
const POSITION_UNITS_PER_MM = 128;
/** From one tick to the next a quarter of a turn. A hand does it now and then, and so does the page for a finger. */
const AIM_JUMP = 16_384;
/** Turns of the aim that are judged together: five seconds of them. */
const AIM_WINDOW = 5 * TICK_HZ;

export interface InputGuard {
  readonly layout: InputLayout;
  readonly limits: GameLimits;
  readonly counters: Counters<'zone'>;
  readonly suspicion: Suspicion;
  readonly turnPerTick: number;
  /** By slot: aim of the newest input and its tick; the claim that waits for its tick; the last one judged for speed. */
  readonly aim: Int32Array;
  readonly aimTick: Int32Array;
  /** Turns of the window that is being counted, and how many of them were jumps. */
  readonly aimTurns: Int32Array;
  readonly aimJumps: Int32Array;
  readonly claimTick: Int32Array;
  /** When an input from another time was scored last. */
  readonly warpTick: Int32Array;
  readonly claim: Int32Array;
  readonly judgedTick: Int32Array;
  readonly judged: Int32Array;
}

export function createInputGuard(
  capacity: number,
  layout: InputLayout,
  limits: GameLimits,
  counters: Counters<'zone'>,
): InputGuard {
  return {
    layout,
    limits,
    counters,
    suspicion: createSuspicion(capacity, counters),
    turnPerTick: Math.ceil(limits.turnPerS / TICK_HZ),
    aim: new Int32Array(capacity),
    aimTick: new Int32Array(capacity),
    aimTurns: new Int32Array(capacity),
    aimJumps: new Int32Array(capacity),
    claimTick: new Int32Array(capacity),
    warpTick: new Int32Array(capacity),
    claim: new Int32Array(capacity * 3),
    judgedTick: new Int32Array(capacity),
    judged: new Int32Array(capacity * 3),
  };
}

/** Forgets what is known of a slot: somebody else has it now. */
export function resetGuardSlot(guard: InputGuard, slot: number): void {
  guard.aimTick[slot] = 0;
  guard.aimTurns[slot] = 0;
  guard.aimJumps[slot] = 0;
  guard.claimTick[slot] = 0;
  guard.judgedTick[slot] = 0;
}

/** An input that was dropped for being early; `nextTick` is the next to be run. */
export function checkEarly(guard: InputGuard, slot: number, tick: number, nextTick: number): void {
  const { words, index } = guard.counters;
  // A client that doesn't follow the pongs is ahead by all the ticks that the zone left out: that is no warp of its own.
  if (tick - nextTick <= TIME_WARP_TICKS + words[index.dilatedTicks]! + words[index.missedTicks]!) return;
  words[index.guardTimeWarp]!++;
  // Once a tick, however many came: packets repeat inputs, and a clock that jumped has time to be repaired.
  if (guard.warpTick[slot] === nextTick) return;
  guard.warpTick[slot] = nextTick;
  addPoints(guard.suspicion, slot, SCORED.time_warp, nextTick);
}

/** Checks one input in place, correcting what can be corrected. Its tick was accepted already. Does not allocate. */
export function checkInput(guard: InputGuard, slot: number, words: Int32Array): void {
  const tick = words[INPUT_TICK_WORD]!;
  checkMove(guard, slot, words, tick);
  checkFacing(guard, slot, words, tick);
  if (words[guard.layout.claimWord] !== 0 && guard.claimTick[slot] === 0) keepClaim(guard, slot, words, tick);
}

function checkMove(guard: InputGuard, slot: number, words: Int32Array, tick: number): void {
  const x = words[INPUT_VALUES_WORD]!;
  const z = words[INPUT_VALUES_WORD + 1]!;
  const square = x * x + z * z;
  if (square <= (MOVE_MAX + MOVE_SLACK) * (MOVE_MAX + MOVE_SLACK)) return;
  const length = isqrt(square);
  words[INPUT_VALUES_WORD] = Math.trunc((x * MOVE_MAX) / length);
  words[INPUT_VALUES_WORD + 1] = Math.trunc((z * MOVE_MAX) / length);
  guard.counters.words[guard.counters.index.guardMove]!++;
  addPoints(guard.suspicion, slot, SCORED.move_length, tick);
}

function checkFacing(guard: InputGuard, slot: number, words: Int32Array, tick: number): void {
  const aim = words[INPUT_VALUES_WORD + 2]!;
  const ticks = tick - guard.aimTick[slot]!;
  if (ticks <= 0) return; // an older input that arrived late: judged against nothing
  if (guard.aimTick[slot] !== 0) {
    const turned = Math.abs(((aim - guard.aim[slot]!) << 16) >> 16);
    if (turned > guard.turnPerTick * ticks) guard.counters.words[guard.counters.index.guardFacing]!++;
    if (ticks === 1) judgeTurn(guard, slot, turned, tick);
  }
  guard.aim[slot] = aim;
  guard.aimTick[slot] = tick;
}

/** One jump says nothing, and most of five seconds of them that no hand is at work. */
function judgeTurn(guard: InputGuard, slot: number, turned: number, tick: number): void {
  const { aimTurns, aimJumps } = guard;
  if (turned > AIM_JUMP) aimJumps[slot]!++;
  if (++aimTurns[slot]! < AIM_WINDOW) return;
  if (2 * aimJumps[slot]! > AIM_WINDOW) addPoints(guard.suspicion, slot, SCORED.facing_rate, tick);
  aimTurns[slot] = 0;
  aimJumps[slot] = 0;
}

/** One claim waits at a time; those that come meanwhile are not looked at. */
function keepClaim(guard: InputGuard, slot: number, words: Int32Array, tick: number): void {
  const { claim, limits, counters } = guard;
  let isInside = true;
  for (let axis = 0; axis < 3; axis++) {
    const value = words[guard.layout.claimWord + 1 + axis]!;
    if (Math.abs(value) > limits.worldHalfMm) isInside = false;
    claim[slot * 3 + axis] = value;
  }
  if (isInside) {
    guard.claimTick[slot] = tick;
    return;
  }
  counters.words[counters.index.guardBounds]!++;
  addPoints(guard.suspicion, slot, SCORED.bounds, tick);
}

/** Before the step of `tick`: judges the claims that say where their client was at the end of the tick before. */
export function judgeClaims(guard: InputGuard, world: World, tick: number, slotCount: number): void {
  const { claimTick } = guard;
  for (let slot = 0; slot < slotCount; slot++) {
    if (claimTick[slot] === 0 || claimTick[slot]! > tick) continue;
    if (claimTick[slot] === tick) judgeClaim(guard, world, slot, tick);
    claimTick[slot] = 0;
  }
}

function judgeClaim(guard: InputGuard, world: World, slot: number, tick: number): void {
  const { claim, judged, judgedTick, counters, limits } = guard;
  const { positionX, positionY, positionZ } = world.columns;
  const at = slot * 3;
  const dx = claim[at]! - positionX[slot]! / POSITION_UNITS_PER_MM;
  const dy = claim[at + 1]! - positionY[slot]! / POSITION_UNITS_PER_MM;
  const dz = claim[at + 2]! - positionZ[slot]! / POSITION_UNITS_PER_MM;
  if (dx * dx + dy * dy + dz * dz > POSITION_SLACK_MM * POSITION_SLACK_MM) {
    counters.words[counters.index.guardPosition]!++;
  }
  const ticks = tick - judgedTick[slot]!;
  if (judgedTick[slot] !== 0 && ticks < SPEED_WINDOW_TICKS) return;
  if (judgedTick[slot] !== 0 && ticks <= 4 * SPEED_WINDOW_TICKS) {
    const way = Math.hypot(
      claim[at]! - judged[at]!,
      claim[at + 1]! - judged[at + 1]!,
      claim[at + 2]! - judged[at + 2]!,
    );
    const allowed = (limits.speedMmPerS * SPEED_SLACK * ticks) / TICK_HZ + POSITION_SLACK_MM;
    if (way > allowed) counters.words[counters.index.guardSpeed]!++;
  }
  judgedTick[slot] = tick;
  for (let axis = 0; axis < 3; axis++) judged[at + axis] = claim[at + axis]!;
}
