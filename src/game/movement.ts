// How fighters move: walking, sprinting, jumping, turning, sliding along boxes. One function that the server runs for
// everyone, creatures included, and each client for its own character, with the same bits: it reads and writes only
// what the owner's client has (position, facing, velocity, health, stamina, the input in force) and the map.
// After Quake's bg_pmove.

import { TICK_HZ } from '../base/limits.ts';
import { isqrt } from '../sim/game.ts';
import { STAMINA_MAX } from './abilities.ts';
import type { DarkAges } from './columns.ts';
import { FIGHTER_LAST, FIGHTERS, PLAYER } from './kinds.ts';
import { type FieldMap, findFreeSpot, groundAt, isFreeSpot, LOW_TOP, pushFree, type Spot } from './map.ts';

/** Bits of the `buttons` column. */
export const BUTTON_SPRINT = 1;
export const BUTTON_JUMP = 2;

export const WALK_CM_PER_S = FIGHTERS[PLAYER]!.walkCmPerS;
export const SPRINT_CM_PER_S = FIGHTERS[PLAYER]!.sprintCmPerS;
/** Of STAMINA_MAX: a second of sprinting costs a quarter of it, which takes two seconds to come back. */
export const SPRINT_STAMINA = 4;
export const JUMP_STAMINA = 80;
export const STAMINA_PER_TICK = 2;
/** Rises 1.2 m in a third of a second. */
export const JUMP_CM_PER_S = 700;
const GRAVITY_CM_PER_S = 33;
const FALL_CM_PER_S_MAX = 2000;
/** 720°/s in 65536ths of a turn. */
export const TURN_PER_S = 131_072;
/** Rounded down: a character never turns faster than the limit, over any number of ticks. */
export const TURN_PER_TICK = Math.floor(TURN_PER_S / TICK_HZ);

/** Longest move vector. A longer one is cut to it, whatever the sender says. */
const MOVE_MAX = 127;
/** cm/s to 1/128 mm a tick: 10 · 128 / 60 = 64 / 3. */
const STEP_NUMERATOR = 64;
const STEP_DIVISOR = 3;

const spot: Spot = { x: 0, z: 0 };

/** The dead fall to the ground and do nothing else. */
export function runMovement(sim: DarkAges): void {
  const { kind, positionX, positionY, positionZ, facing, velocityX, velocityY, velocityZ } = sim.columns;
  const { moveX, moveZ, aim, health } = sim.columns;
  const { map } = sim;
  const count = sim.slotCount;
  for (let slot = 0; slot < count; slot++) {
    if (kind[slot] === 0 || kind[slot]! > FIGHTER_LAST) continue;
    let x = 0;
    let z = 0;
    let speed = 0;
    if (health[slot]! > 0) {
      facing[slot] = turnTowards(facing[slot]!, aim[slot]!);
      x = moveX[slot]!;
      z = moveZ[slot]!;
      speed = takeStamina(sim, slot, x !== 0 || z !== 0);
    }
    if (x === 0 && z === 0) {
      velocityX[slot] = 0;
      velocityZ[slot] = 0;
    } else {
      const length = moveLength(x, z);
      // Towards zero. Not Math.trunc: its −0 would be an object on the heap on its way to another function.
      const wantedX = ((x * speed * 256) / length) | 0;
      const wantedZ = ((z * speed * 256) / length) | 0;
      velocityX[slot] = wantedX;
      velocityZ[slot] = wantedZ;
      spot.x = positionX[slot]!;
      spot.z = positionZ[slot]!;
      slide(map, spot, stepOf(wantedX), stepOf(wantedZ), positionY[slot]! >= LOW_TOP);
      positionX[slot] = spot.x;
      positionZ[slot] = spot.z;
    }
    if (positionY[slot] !== 0 || velocityY[slot] !== 0) fall(sim, slot);
  }
}

/** Pays for sprinting and for the beginning of a jump, or rests. Returns the speed, cm/s. */
function takeStamina(sim: DarkAges, slot: number, isMoving: boolean): number {
  const { kind, buttons, stamina, velocityY } = sim.columns;
  const pressed = buttons[slot]!;
  const { walkCmPerS, sprintCmPerS } = FIGHTERS[kind[slot]!]!;
  const sprints = isMoving && (pressed & BUTTON_SPRINT) !== 0;
  if (kind[slot] !== PLAYER) return sprints ? sprintCmPerS : walkCmPerS;
  let left = stamina[slot]!;
  if ((pressed & BUTTON_JUMP) !== 0 && left >= JUMP_STAMINA && isOnGround(sim, slot)) {
    velocityY[slot] = JUMP_CM_PER_S;
    left -= JUMP_STAMINA;
  }
  let speed = walkCmPerS;
  if (!sprints) left = Math.min(left + STAMINA_PER_TICK, STAMINA_MAX);
  else if (left >= SPRINT_STAMINA) {
    left -= SPRINT_STAMINA;
    speed = sprintCmPerS;
  }
  stamina[slot] = left;
  return speed;
}

function isOnGround({ columns, map }: DarkAges, slot: number): boolean {
  const { positionX, positionY, positionZ, velocityY } = columns;
  if (velocityY[slot] !== 0) return false;
  return positionY[slot] === 0 || positionY[slot] === groundAt(map, positionX[slot]!, positionZ[slot]!);
}

/**
 * One tick of flying, falling or standing on a low box. Whoever is below the top of low boxes overlaps none of them,
 * since feet were blocked: so the ground is theirs only from the top on.
 */
function fall({ columns, map }: DarkAges, slot: number): void {
  const { positionX, positionY, positionZ, velocityY } = columns;
  const before = positionY[slot]!;
  const ground = before >= LOW_TOP ? groundAt(map, positionX[slot]!, positionZ[slot]!) : 0;
  const velocity = velocityY[slot]!;
  const y = before + stepOf(velocity);
  if (velocity <= 0 && y <= ground) {
    positionY[slot] = ground;
    velocityY[slot] = 0;
  } else {
    positionY[slot] = y;
    velocityY[slot] = Math.max(velocity - GRAVITY_CM_PER_S, -FALL_CM_PER_S_MAX);
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
  return ((velocity * STEP_NUMERATOR) / STEP_DIVISOR) | 0;
}

/**
 * Moves a player by a step and out of what it then overlaps, which slides it along walls and round corners. A step is
 * under a third of the radius, so the push goes back to the side it came from and no box is passed through.
 * A push round a corner can lengthen the way by a hundredth: then a step shorter by a 32nd is tried, so that nobody
 * gets ahead by hugging corners. What fits nowhere stays where it is.
 */
function slide(map: FieldMap, at: Spot, stepX: number, stepZ: number, overLow: boolean): void {
  const { x, z } = at;
  if (trySlide(map, at, x, z, stepX, stepZ, stepX, stepZ, overLow)) return;
  if (trySlide(map, at, x, z, shorter(stepX), shorter(stepZ), stepX, stepZ, overLow)) return;
  if (trySlide(map, at, x, z, stepX, 0, stepX, stepZ, overLow)) return;
  if (trySlide(map, at, x, z, 0, stepZ, stepX, stepZ, overLow)) return;
  at.x = x;
  at.z = z;
  if (!isFreeSpot(map, x, z, overLow)) findFreeSpot(map, at, overLow);
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
  overLow: boolean,
): boolean {
  at.x = x + tryX;
  at.z = z + tryZ;
  if (!pushFree(map, at, overLow)) return false;
  const movedX = at.x - x;
  const movedZ = at.z - z;
  return movedX * movedX + movedZ * movedZ <= stepX * stepX + stepZ * stepZ;
}
