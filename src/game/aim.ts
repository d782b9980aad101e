// Where a fighter's ability points: the cone of a melee attack, the way of a projectile, the place of an area. Pure
// questions, asked when an ability is begun and again when it takes effect. Does not allocate.

import { cosineOf, POSITION_SHIFT, sineOf, TRIG_ONE, vectorLength } from '../sim/game.ts';
import type { Ability } from './abilities.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import type { Spot } from './map.ts';

const UNITS_PER_CM = 10 << POSITION_SHIFT;
/** Nearer than this everything is in front. */
const EMBRACE = 600 << POSITION_SHIFT;
/** A projectile flies along `aim` when the fighter faces that way by this much, an eighth of a turn. */
const AIM_TURN_MAX = 8192;

/** Whether something at (dx, dz) from the fighter is within the cone of a melee ability around where it faces. */
export function isInCone(sim: DarkAges, slot: number, ability: Ability, dx: number, dz: number): boolean {
  const squared = dx * dx + dz * dz;
  if (squared <= EMBRACE * EMBRACE) return true;
  const facing = sim.columns.facing[slot]!;
  const along = dx * cosineOf(facing) + dz * sineOf(facing);
  return along >= cosineOf(ability.coneTurn) * vectorLength(dx, dz);
}

export function shotAngle(sim: DarkAges, slot: number): number {
  const { facing, aim } = sim.columns;
  const behind = ((aim[slot]! - facing[slot]!) << 16) >> 16;
  return Math.abs(behind) <= AIM_TURN_MAX ? aim[slot]! & 0xffff : facing[slot]!;
}

/** How far an area is to be, 1/128 mm. */
export function reachOf(sim: DarkAges, slot: number): number {
  return columnsOf(sim).reach[slot]! * UNITS_PER_CM;
}

/** Where an area is to be: `reach` along `aim`, within the field. */
export function findPlace(sim: DarkAges, slot: number, out: Spot): void {
  const { positionX, positionZ, aim } = sim.columns;
  const units = reachOf(sim, slot);
  const limit = sim.map.half;
  const x = positionX[slot]! + (((units * cosineOf(aim[slot]!)) / TRIG_ONE) | 0);
  const z = positionZ[slot]! + (((units * sineOf(aim[slot]!)) / TRIG_ONE) | 0);
  out.x = Math.max(-limit, Math.min(x, limit));
  out.z = Math.max(-limit, Math.min(z, limit));
}
