// What creatures do: stand and wander about their camp, notice players, fight together, and go home when they were led
// too far. They press the same buttons as players do (moveX, moveZ, aim, buttons, ability, target), and movement and
// casting do the rest; so a creature is a player with simpler wishes.

import { TICK_HZ } from '../base/limits.ts';
import { angleOf, cosineOf, POSITION_SHIFT, sineOf, TRIG_ONE, vectorLength } from '../sim/game.ts';
import { ABILITIES } from './abilities.ts';
import { columnsOf, type DarkAges, readyTicksOf } from './columns.ts';
import { ARCHER, type Creature, creatureOf, FIGHTER_LAST, FIGHTERS, PLAYER, TROLL, WOLF } from './kinds.ts';
import { isFreeSpot } from './map.ts';
import { BUTTON_SPRINT } from './movement.ts';
import { findNear, found } from './nearby.ts';
import { MOOD_FIGHT, MOOD_HOME, MOOD_RETURN, provoke, turnAgainst } from './pack.ts';
import { putOnFreeSpot } from './place.ts';
import { blocksWay } from './sight.ts';

const mm = (length: number): number => length << POSITION_SHIFT;

/** What lives in a camp, camp by camp in turn. */
const CAMP_PACKS: readonly (readonly number[])[] = [
  [WOLF, WOLF, WOLF, WOLF],
  [ARCHER, ARCHER, ARCHER],
  [TROLL, WOLF, WOLF],
];
/** Creatures of a zone at most. */
export const CREATURE_COUNT = 60;

/** Ticks between two looks around, each creature at its own time. */
const LOOK_TICKS = 12;
const CAMP_RADIUS_MM = 5000;
const ARRIVED = mm(700);
const REST_TICKS_LEAST = 2 * TICK_HZ;
const REST_TICKS_SPAN = 4 * TICK_HZ;
/** Further from home than this it turns back, and nobody further from it is pursued anew. */
const LEASH = mm(38_000);
/** So is one that can't get at its prey for so long, on top of a box, say. */
const VAIN_TICKS = 8 * TICK_HZ;
/** One that goes home is there by then, one way or the other. */
const RETURN_TICKS = 12 * TICK_HZ;
const HEAL_PER_TICK = 1;
/** Prey is surrounded: everyone goes for a point of its own around it. */
const SURROUND = mm(1000);
const SLOT_TURN = 40_503;
/** How far ahead the way is looked at, and which way round it goes when it isn't free. */
const AHEAD = mm(900);
const DETOUR_TURN = 8192;
const DETOURS = 4;
/** It begins a blow when it faces its prey by so much. */
const FACING_TURN = 6000;
const MOVE = 127;

/** Puts the creatures into an empty zone. */
export function spawnCreatures(sim: DarkAges): void {
  const { camps } = sim.map;
  let left = CREATURE_COUNT;
  for (let camp = 0; camp * 2 < camps.length; camp++) {
    for (const kind of CAMP_PACKS[camp % CAMP_PACKS.length]!) {
      if (left-- <= 0) return;
      const x = camps[camp * 2]! + randomOffset(sim);
      const z = camps[camp * 2 + 1]! + randomOffset(sim);
      if (spawnCreature(sim, kind, camp + 1, x, z) < 0) return;
    }
  }
}

/** @param camp its pack, from 1; 0 = it is alone. Returns its slot, −1 when the zone is full. */
export function spawnCreature(sim: DarkAges, kind: number, camp: number, x: number, z: number): number {
  const slot = sim.spawn(kind);
  if (slot < 0) return slot;
  const columns = columnsOf(sim);
  putOnFreeSpot(sim, slot, x, z);
  columns.homeX[slot] = columns.positionX[slot]!;
  columns.homeZ[slot] = columns.positionZ[slot]!;
  columns.goalX[slot] = columns.positionX[slot]!;
  columns.goalZ[slot] = columns.positionZ[slot]!;
  columns.camp[slot] = camp;
  columns.health[slot] = FIGHTERS[kind]!.healthMax;
  columns.facing[slot] = sim.random() & 0xffff;
  columns.aim[slot] = columns.facing[slot]!;
  return slot;
}

function randomOffset(sim: DarkAges): number {
  return mm((sim.random() % (2 * CAMP_RADIUS_MM + 1)) - CAMP_RADIUS_MM);
}

/** Decides on the wishes that movement and casting of the next tick find. */
export function runCreatures(sim: DarkAges): void {
  const { kind, health, mood, moveX, moveZ, buttons, ability } = columnsOf(sim);
  const count = sim.slotCount;
  for (let slot = 0; slot < count; slot++) {
    if (kind[slot]! <= PLAYER || kind[slot]! > FIGHTER_LAST || health[slot] === 0) continue;
    moveX[slot] = 0;
    moveZ[slot] = 0;
    buttons[slot] = 0;
    ability[slot] = 0;
    if (mood[slot] === MOOD_HOME) stayHome(sim, slot);
    else if (mood[slot] === MOOD_FIGHT) fight(sim, slot);
    else returnHome(sim, slot);
  }
}

function stayHome(sim: DarkAges, slot: number): void {
  const { goalX, goalZ, homeX, homeZ, positionX, positionZ, moodTick } = columnsOf(sim);
  if (notices(sim, slot) || sim.tick < moodTick[slot]!) return;
  const dx = goalX[slot]! - positionX[slot]!;
  const dz = goalZ[slot]! - positionZ[slot]!;
  // A goal that can't be reached is given up when its time is over, together with one that was.
  const isLate = sim.tick > moodTick[slot]! + REST_TICKS_SPAN;
  if (dx * dx + dz * dz > ARRIVED * ARRIVED && !isLate) {
    walk(sim, slot, angleOf(dx, dz), 0);
    return;
  }
  moodTick[slot] = sim.tick + REST_TICKS_LEAST + (sim.random() % REST_TICKS_SPAN);
  goalX[slot] = homeX[slot]! + randomOffset(sim);
  goalZ[slot] = homeZ[slot]! + randomOffset(sim);
}

/** Looks around now and then; true when it has found somebody to fight. */
function notices(sim: DarkAges, slot: number): boolean {
  if ((sim.tick + slot) % LOOK_TICKS !== 0) return false;
  const prey = findPrey(sim, slot);
  if (prey >= 0) provoke(sim, slot, prey);
  return prey >= 0;
}

/** The nearest player in sight; −1 for none. */
function findPrey(sim: DarkAges, slot: number): number {
  const { kind, health, shieldUntil, positionX, positionZ } = columnsOf(sim);
  const x = positionX[slot]!;
  const z = positionZ[slot]!;
  const near = findNear(sim, x, z, mm(creatureOf(kind[slot]!).noticeMm));
  let best = -1;
  let bestSquared = 0;
  for (let index = 0; index < near; index++) {
    const other = found[index]!;
    if (kind[other] !== PLAYER || health[other] === 0 || shieldUntil[other]! > sim.tick) continue;
    const dx = positionX[other]! - x;
    const dz = positionZ[other]! - z;
    const squared = dx * dx + dz * dz;
    if (best >= 0 && squared >= bestSquared) continue;
    if (blocksWay(sim.map, x, z, positionX[other]!, positionZ[other]!)) continue;
    best = other;
    bestSquared = squared;
  }
  return best;
}

function fight(sim: DarkAges, slot: number): void {
  const columns = columnsOf(sim);
  const { kind, positionX, positionZ, homeX, homeZ, moodTick } = columns;
  const { facing, aim, ability, castAbility } = columns;
  const farX = positionX[slot]! - homeX[slot]!;
  const farZ = positionZ[slot]! - homeZ[slot]!;
  if (farX * farX + farZ * farZ > LEASH * LEASH || sim.tick - moodTick[slot]! > VAIN_TICKS) {
    turnHome(sim, slot, RETURN_TICKS);
    return;
  }
  const other = choosePrey(sim, slot);
  if (other < 0) {
    turnHome(sim, slot, 0);
    return;
  }
  const creature = creatureOf(kind[slot]!);
  const { isMobile, rangeMm } = ABILITIES[creature.ability]!;
  const dx = positionX[other]! - positionX[slot]!;
  const dz = positionZ[other]! - positionZ[slot]!;
  const distance = vectorLength(dx, dz);
  const isCasting = castAbility[slot] !== 0;
  // A blow that is coming down doesn't follow who steps aside; an arrow is aimed until it is let go.
  if (!isCasting || ABILITIES[creature.ability]!.kind === 'projectile') aim[slot] = angleOf(dx, dz);
  const canHit =
    distance <= mm(rangeMm) &&
    !blocksWay(sim.map, positionX[slot]!, positionZ[slot]!, positionX[other]!, positionZ[other]!);
  if (canHit) moodTick[slot] = sim.tick;
  if (isCasting && !isMobile) return;
  if (!isCasting && canHit && isReady(sim, slot, creature) && isFacing(facing[slot]!, aim[slot]!)) {
    ability[slot] = creature.ability;
    if (!isMobile) return;
  }
  approach(sim, slot, creature, dx, dz, distance, canHit);
}

/** Its prey; when that is dead or gone, who else has hurt it last, or who is near. −1 for nobody. */
function choosePrey(sim: DarkAges, slot: number): number {
  const { kind, health, prey, striker } = columnsOf(sim);
  const own = sim.find(prey[slot]!);
  if (own >= 0 && kind[own] === PLAYER && health[own]! > 0) return own;
  const other = sim.find(striker[slot]!);
  const next = other >= 0 && canPursue(sim, slot, other) ? other : findPrey(sim, slot);
  if (next >= 0) turnAgainst(sim, slot, next);
  return next;
}

/** It may have died and come back far away since it struck. */
function canPursue(sim: DarkAges, slot: number, other: number): boolean {
  const { kind, health, shieldUntil, positionX, positionZ } = columnsOf(sim);
  if (kind[other] !== PLAYER || health[other] === 0 || shieldUntil[other]! > sim.tick) return false;
  const dx = positionX[other]! - positionX[slot]!;
  const dz = positionZ[other]! - positionZ[slot]!;
  return dx * dx + dz * dz <= LEASH * LEASH;
}

function isReady(sim: DarkAges, slot: number, { ability }: Creature): boolean {
  return readyTicksOf(columnsOf(sim), ability)[slot]! <= sim.tick;
}

function isFacing(facing: number, aim: number): boolean {
  return Math.abs(((aim - facing) << 16) >> 16) <= FACING_TURN;
}

/** Towards the prey, or away from it, or neither. `canHit`: it is within range and sight. */
function approach(
  sim: DarkAges,
  slot: number,
  { stopMm, shyMm }: Creature,
  dx: number,
  dz: number,
  distance: number,
  canHit: boolean,
): void {
  if (distance < mm(shyMm)) {
    walk(sim, slot, angleOf(-dx, -dz), BUTTON_SPRINT);
    return;
  }
  if (distance <= mm(stopMm) && canHit) return;
  const around = slot * SLOT_TURN;
  const goalX = dx + (((SURROUND * cosineOf(around)) / TRIG_ONE) | 0);
  const goalZ = dz + (((SURROUND * sineOf(around)) / TRIG_ONE) | 0);
  walk(sim, slot, angleOf(goalX, goalZ), BUTTON_SPRINT);
}

/** @param shieldTicks 0 when it only has nobody to fight any more: then it is as before, and may be provoked */
function turnHome(sim: DarkAges, slot: number, shieldTicks: number): void {
  const { mood, moodTick, prey, shieldUntil } = columnsOf(sim);
  mood[slot] = MOOD_RETURN;
  moodTick[slot] = sim.tick + RETURN_TICKS;
  shieldUntil[slot] = sim.tick + shieldTicks;
  prey[slot] = 0;
}

function returnHome(sim: DarkAges, slot: number): void {
  const columns = columnsOf(sim);
  const { kind, health, mood, moodTick, shieldUntil, positionX, positionZ, homeX, homeZ, goalX, goalZ } = columns;
  if (shieldUntil[slot]! > sim.tick) {
    health[slot] = Math.min(health[slot]! + HEAL_PER_TICK, FIGHTERS[kind[slot]!]!.healthMax);
  } else if (notices(sim, slot)) return;
  const dx = homeX[slot]! - positionX[slot]!;
  const dz = homeZ[slot]! - positionZ[slot]!;
  const isLate = sim.tick >= moodTick[slot]!;
  if (dx * dx + dz * dz > ARRIVED * ARRIVED && !isLate) {
    walk(sim, slot, angleOf(dx, dz), BUTTON_SPRINT);
    return;
  }
  if (isLate) {
    // It found no way round what stands there.
    positionX[slot] = homeX[slot]!;
    positionZ[slot] = homeZ[slot]!;
  }
  mood[slot] = MOOD_HOME;
  moodTick[slot] = sim.tick;
  shieldUntil[slot] = sim.tick;
  goalX[slot] = homeX[slot]!;
  goalZ[slot] = homeZ[slot]!;
}

/** Wishes to go that way, or round what stands there: always round the same side, so that it gets past. */
function walk(sim: DarkAges, slot: number, angle: number, pressed: number): void {
  const { moveX, moveZ, buttons, aim, mood, positionX, positionZ } = columnsOf(sim);
  const side = (slot & 1) === 0 ? DETOUR_TURN : -DETOUR_TURN;
  let chosen = angle;
  for (let turn = 0; turn < DETOURS; turn++) {
    const tried = angle + turn * side;
    const x = positionX[slot]! + (((AHEAD * cosineOf(tried)) / TRIG_ONE) | 0);
    const z = positionZ[slot]! + (((AHEAD * sineOf(tried)) / TRIG_ONE) | 0);
    if (!isFreeSpot(sim.map, x, z)) continue;
    chosen = tried;
    break;
  }
  moveX[slot] = ((MOVE * cosineOf(chosen)) / TRIG_ONE) | 0;
  moveZ[slot] = ((MOVE * sineOf(chosen)) / TRIG_ONE) | 0;
  buttons[slot] = pressed;
  if (mood[slot] !== MOOD_FIGHT) aim[slot] = chosen & 0xffff;
}
