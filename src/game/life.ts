// Coming to life, staying alive: what players begin with, health and mana that come back, the dead who return.

import { assert } from '../base/assert.ts';
import { LINGER_TICKS, TICK_HZ } from '../base/limits.ts';
import { POSITION_SHIFT } from '../sim/game.ts';
import { ABILITIES, DEAD_TICKS, HEALTH_MAX, MANA_MAX, SHIELD_TICKS, STAMINA_MAX } from './abilities.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { dropWorn, givePurse } from './inventory.ts';
import { FIGHTER_LAST, FIGHTERS, PLAYER } from './kinds.ts';
import { LOW_TOP, SPAWN_HALF_MM, type Spot } from './map.ts';
import { findNear, found, indexFighters } from './nearby.ts';
import { MOOD_HOME } from './pack.ts';
import { putOnFreeSpot } from './place.ts';
import { countDeadMoving } from './refusals.ts';

/** Health comes back to who gave and took no hit for so long. */
const REST_TICKS = 5 * TICK_HZ;
/** A point of health, a point of mana every so many ticks: 4 a second. */
const REGAIN_TICKS = 15;
/** Places that are looked at for who comes; the one furthest from enemies is taken. */
const PLACES = 6;
const LOOK_MM = 25_000;

const SPAWN_SPAN_MM = 2 * SPAWN_HALF_MM + 1;

const spawn: Spot = { x: 0, z: 0 };

for (const { name, castTicks, cooldownTicks } of ABILITIES) {
  assert(castTicks + cooldownTicks <= LINGER_TICKS, `who leaves and comes back has waited for ${name}`);
}

/**
 * A new player appears near the centre, away from the others, shielded; one that returns stands where it left, or beside what is there now, as it
 * was saved: leaving refills nothing. It lingered for long enough that cooldowns are over and stamina is back.
 */
export function join(sim: DarkAges, slot: number, isNew: boolean): void {
  const columns = columnsOf(sim);
  const { positionX, positionY, positionZ, facing, aim, health } = columns;
  columns.stamina[slot] = STAMINA_MAX;
  columns.combatTick[slot] = sim.tick;
  givePurse(sim, slot);
  dropWorn(sim, slot);
  if (isNew) {
    health[slot] = HEALTH_MAX;
    columns.mana[slot] = MANA_MAX;
    columns.shieldUntil[slot] = sim.tick + SHIELD_TICKS;
    // Deliberate: made here too, as a zone that was resumed in between has none yet, and has to do the same.
    indexFighters(sim);
    chooseSpawn(sim, slot);
    positionX[slot] = spawn.x;
    positionZ[slot] = spawn.z;
    facing[slot] = sim.random() & 0xffff;
  } else if (health[slot] === 0) {
    // It may have died in its last moment: it waits from now on.
    columns.deadUntil[slot] = sim.tick + DEAD_TICKS;
  }
  health[slot] = Math.min(health[slot]!, HEALTH_MAX);
  columns.mana[slot] = Math.min(columns.mana[slot]!, MANA_MAX);
  const overLow = positionY[slot]! >= LOW_TOP;
  moveTo(sim, slot, positionX[slot]!, positionZ[slot]!, overLow);
  aim[slot] = facing[slot]!;
}

/** Onto a free spot there, without making way. */
function moveTo(sim: DarkAges, slot: number, x: number, z: number, overLow: boolean): void {
  const columns = columnsOf(sim);
  putOnFreeSpot(sim, slot, x, z, overLow);
  columns.velocityX[slot] = 0;
  columns.velocityY[slot] = 0;
  columns.velocityZ[slot] = 0;
  columns.countedX[slot] = columns.positionX[slot]!;
  columns.countedZ[slot] = columns.positionZ[slot]!;
}

function randomSpawn(sim: DarkAges): number {
  return ((sim.random() % SPAWN_SPAN_MM) - SPAWN_HALF_MM) << POSITION_SHIFT;
}

export function runLife(sim: DarkAges): void {
  const { kind, health, mana, combatTick, deadUntil, wantsRespawn } = columnsOf(sim);
  const { tick } = sim;
  const count = sim.slotCount;
  for (let slot = 0; slot < count; slot++) {
    const each = kind[slot]!;
    if (each === 0 || each > FIGHTER_LAST) continue;
    if (health[slot] === 0) {
      countDeadMoving(sim, slot);
      if (tick < deadUntil[slot]! && wantsRespawn[slot] === 0) continue;
      if (each === PLAYER) respawnPlayer(sim, slot);
      else respawnCreature(sim, slot);
      continue;
    }
    if ((tick + slot) % REGAIN_TICKS !== 0) continue;
    if (each === PLAYER && mana[slot]! < MANA_MAX) mana[slot]!++;
    if (tick - combatTick[slot]! >= REST_TICKS && health[slot]! < FIGHTERS[each]!.healthMax) health[slot]!++;
  }
}

/** Puts into `spawn` where the player in `slot` appears: of some places the one with most room about it. */
function chooseSpawn(sim: DarkAges, slot: number): void {
  let bestRoom = -1;
  for (let place = 0; place < PLACES; place++) {
    const x = randomSpawn(sim);
    const z = randomSpawn(sim);
    const room = roomAt(sim, slot, x, z);
    if (room <= bestRoom) continue;
    bestRoom = room;
    spawn.x = x;
    spawn.z = z;
  }
}

function respawnPlayer(sim: DarkAges, slot: number): void {
  const columns = columnsOf(sim);
  chooseSpawn(sim, slot);
  columns.health[slot] = HEALTH_MAX;
  columns.mana[slot] = MANA_MAX;
  columns.stamina[slot] = STAMINA_MAX;
  columns.wantsRespawn[slot] = 0;
  columns.shieldUntil[slot] = sim.tick + SHIELD_TICKS;
  moveTo(sim, slot, spawn.x, spawn.z, false);
}

/** Square of the distance to the nearest living enemy, mm, at most that of LOOK_MM. */
function roomAt(sim: DarkAges, slot: number, x: number, z: number): number {
  const { party, positionX, positionZ } = columnsOf(sim);
  const near = findNear(sim, x, z, LOOK_MM << POSITION_SHIFT);
  let room = LOOK_MM * LOOK_MM;
  for (let index = 0; index < near; index++) {
    const other = found[index]!;
    if (other === slot || (party[slot] !== 0 && party[other] === party[slot])) continue;
    const dx = (positionX[other]! - x) >> POSITION_SHIFT;
    const dz = (positionZ[other]! - z) >> POSITION_SHIFT;
    room = Math.min(room, dx * dx + dz * dz);
  }
  return room;
}

function respawnCreature(sim: DarkAges, slot: number): void {
  const columns = columnsOf(sim);
  columns.health[slot] = FIGHTERS[columns.kind[slot]!]!.healthMax;
  columns.mood[slot] = MOOD_HOME;
  columns.moodTick[slot] = sim.tick;
  columns.prey[slot] = 0;
  moveTo(sim, slot, columns.homeX[slot]!, columns.homeZ[slot]!, false);
  columns.goalX[slot] = columns.positionX[slot]!;
  columns.goalZ[slot] = columns.positionZ[slot]!;
}
