// How a player moves: walking, sprinting, turning, sliding along boxes. One function that the server runs for everyone
// and each client for its own character, with the same bits: it reads and writes only what the owner's client has
// (position, facing, velocity, the input in force) and the map. After Quake's bg_pmove.

import { TICK_HZ } from '../base/limits.ts';
import { isqrt, type Simulation } from '../sim/game.ts';
import { type FieldMap, findFreeSpot, isFreeSpot, pushFree, type Spot } from './map.ts';

/** Bits of the `buttons` column. */
export const BUTTON_SPRINT = 1;

export const WALK_CM_PER_S = 500;
export const SPRINT_CM_PER_S = 750;
/** 720°/s in 65536ths of a turn. */
export const TURN_PER_S = 131_072;
/** Rounded down: a character never turns faster than the limit, over any number of ticks. */
export const TURN_PER_TICK = Math.floor(TURN_PER_S / TICK_HZ);

/** Longest move vector. A longer one is cut to it, whatever the sender says. */
const MOVE_MAX = 127;
/** cm/s to 1/128 mm a tick: 10 · 128 / 60 = 64 / 3. */
const STEP_NUMERATOR = 64;
const STEP_DIVISOR = 3;

type MovementSimulation = Simulation<Record<never, never>, FieldMap>;

const spot: Spot = { x: 0, z: 0 };

/** Runs on every entity that has a kind: all of them are players so far. */
export function runMovement(sim: MovementSimulation): void {
  const { kind, positionX, positionZ, facing, velocityX, velocityZ, moveX, moveZ, aim, buttons } = sim.columns;
  const { map } = sim;
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (kind[slot] === 0) continue;
    facing[slot] = turnTowards(facing[slot]!, aim[slot]!);
    const x = moveX[slot]!;
    const z = moveZ[slot]!;
    if (x === 0 && z === 0) {
      velocityX[slot] = 0;
      velocityZ[slot] = 0;
      continue;
    }
    const speed = (buttons[slot]! & BUTTON_SPRINT) !== 0 ? SPRINT_CM_PER_S : WALK_CM_PER_S;
    const length = moveLength(x, z);
    const wantedX = Math.trunc((x * speed * 256) / length);
    const wantedZ = Math.trunc((z * speed * 256) / length);
    velocityX[slot] = wantedX;
    velocityZ[slot] = wantedZ;
    spot.x = positionX[slot]!;
    spot.z = positionZ[slot]!;
    slide(map, spot, stepOf(wantedX), stepOf(wantedZ));
    positionX[slot] = spot.x;
    positionZ[slot] = spot.z;
  }
}

/** The next facing on the shortest way to `aim`; half a turn goes the negative way. */
export function turnTowards(facing: number, aim: number): number {
  const difference = ((aim - facing) << 16) >> 16;
  if (difference > TURN_PER_TICK) return (facing + TURN_PER_TICK) & 0xffff;
  if (difference < -TURN_PER_TICK) return (facing - TURN_PER_TICK) & 0xffff;
  return aim & 0xffff;
}

/** What a move vector is divided by, in 256ths: 127, or its own length rounded up when that is more. */
function moveLength(x: number, z: number): number {
  const squared = x * x + z * z;
  return squared <= MOVE_MAX * MOVE_MAX ? MOVE_MAX * 256 : isqrt(squared * 65_536 - 1) + 1;
}

/**
 * Way of one tick at a velocity, cm/s to 1/128 mm. Towards zero: the same way back as forth, and never faster than
 * the velocity says.
 */
export function stepOf(velocity: number): number {
  return Math.trunc((velocity * STEP_NUMERATOR) / STEP_DIVISOR);
}

/**
 * Moves a player by a step and out of what it then overlaps, which slides it along walls and round corners. A step is
 * under a third of the radius, so the push goes back to the side it came from and no box is passed through.
 * A push round a corner can lengthen the way by a hundredth: then a step shorter by a 32nd is tried, so that nobody
 * gets ahead by hugging corners. What fits nowhere stays where it is.
 */
function slide(map: FieldMap, at: Spot, stepX: number, stepZ: number): void {
  const { x, z } = at;
  if (trySlide(map, at, x, z, stepX, stepZ, stepX, stepZ)) return;
  if (trySlide(map, at, x, z, shorter(stepX), shorter(stepZ), stepX, stepZ)) return;
  if (trySlide(map, at, x, z, stepX, 0, stepX, stepZ)) return;
  if (trySlide(map, at, x, z, 0, stepZ, stepX, stepZ)) return;
  at.x = x;
  at.z = z;
  if (!isFreeSpot(map, x, z)) findFreeSpot(map, at);
}

/** By a 32nd, towards zero. Shifts, since a division puts its fraction on the heap where it isn't optimised away. */
function shorter(step: number): number {
  return step < 0 ? step + (-step >> 5) : step - (step >> 5);
}

/** Whether (x + tryX, z + tryZ), pushed free, is no further away than the step allows; then it lies in `at`. */
function trySlide(
  map: FieldMap,
  at: Spot,
  x: number,
  z: number,
  tryX: number,
  tryZ: number,
  stepX: number,
  stepZ: number,
): boolean {
  at.x = x + tryX;
  at.z = z + tryZ;
  if (!pushFree(map, at)) return false;
  const movedX = at.x - x;
  const movedZ = at.z - z;
  return movedX * movedX + movedZ * movedZ <= stepX * stepX + stepZ * stepZ;
}
