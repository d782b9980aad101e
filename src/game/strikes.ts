// Abilities taking effect: a blow in a cone, a projectile let go, a strike announced on the ground, a wound closed.
// Blows are judged where the attacker saw its targets (lag compensation); a strike is announced long enough ahead that
// everyone sees it in time, so it is judged in the present.

import { POSITION_SHIFT } from '../sim/game.ts';
import { ABILITIES, type Ability, REASONS } from './abilities.ts';
import { findPlace, isInCone, shotAngle } from './aim.ts';
import { columnsOf, type DarkAges, readyTicksOf } from './columns.ts';
import { breakCast, hurt, mayHurt } from './damage.ts';
import { tellStruck } from './events.ts';
import { AREA, FIGHTERS } from './kinds.ts';
import type { Spot } from './map.ts';
import { findNear, found } from './nearby.ts';
import { launch } from './projectiles.ts';
import { blocksWay } from './sight.ts';

/** An area stays so long after its strike, for clients to draw. */
const AREA_AFTER_TICKS = 30;
const RADIUS_MAX_MM = 800;
/** Way that a fighter makes at most in a tick. */
const WAY_MAX = 130 << POSITION_SHIFT;

const past = new Int32Array(3);
const spot: Spot = { x: 0, z: 0 };

/** Everything was checked, and the cast is over; who struck in the same tick may have killed the caster. In a zone without room for it nothing is paid. */
export function takeEffect(sim: DarkAges, slot: number, ability: Ability): void {
  if (!act(sim, slot, ability)) {
    breakCast(sim, slot, ability.id, REASONS.crowded);
    return;
  }
  const columns = columnsOf(sim);
  columns.mana[slot] = Math.max(0, columns.mana[slot]! - ability.mana);
  columns.actedAbility[slot] = ability.id;
  columns.actedTick[slot] = sim.tick;
  readyTicksOf(columns, ability.id)[slot] = sim.tick + ability.cooldownTicks;
}

/** False when it needs a free slot and gets none. */
function act(sim: DarkAges, slot: number, ability: Ability): boolean {
  switch (ability.kind) {
    case 'melee':
      strikeCone(sim, slot, ability);
      return true;
    case 'projectile':
      return launch(sim, slot, ability, shotAngle(sim, slot));
    case 'area':
      return announceArea(sim, slot, ability);
    case 'heal':
      heal(sim, slot, ability);
      return true;
  }
}

function strikeCone(sim: DarkAges, slot: number, ability: Ability): void {
  const { kind, party, positionX, positionZ } = columnsOf(sim);
  const x = positionX[slot]!;
  const z = positionZ[slot]!;
  const rewind = sim.rewindTicks(slot);
  const near = findNear(sim, x, z, ((ability.rangeMm + RADIUS_MAX_MM) << POSITION_SHIFT) + rewind * WAY_MAX);
  for (let index = 0; index < near; index++) {
    const target = found[index]!;
    if (!mayHurt(sim, slot, kind[slot]!, party[slot]!, target)) continue;
    if (!sim.positionAt(target, rewind, past)) continue;
    const dx = past[0]! - x;
    const dz = past[2]! - z;
    const range = (ability.rangeMm + FIGHTERS[kind[target]!]!.radiusMm) << POSITION_SHIFT;
    if (dx * dx + dz * dz > range * range || !isInCone(sim, slot, ability, dx, dz)) continue;
    if (blocksWay(sim.map, x, z, past[0]!, past[2]!)) continue;
    hurt(sim, slot, kind[slot]!, ability.id, target);
  }
}

function announceArea(sim: DarkAges, slot: number, ability: Ability): boolean {
  const area = sim.spawn(AREA);
  if (area < 0) return false;
  const columns = columnsOf(sim);
  findPlace(sim, slot, spot);
  columns.positionX[area] = spot.x;
  columns.positionZ[area] = spot.z;
  columns.castAbility[area] = ability.id;
  columns.castUntil[area] = sim.tick + ability.delayTicks;
  columns.endTick[area] = sim.tick + ability.delayTicks + AREA_AFTER_TICKS;
  columns.owner[area] = sim.handle(slot);
  columns.ownerKind[area] = columns.kind[slot]!;
  columns.ownerParty[area] = columns.party[slot]!;
  return true;
}

/** Areas whose moment has come strike; those that are over go. */
export function runAreas(sim: DarkAges): void {
  const { kind, castUntil, endTick } = columnsOf(sim);
  const count = sim.slotCount;
  for (let slot = 0; slot < count; slot++) {
    if (kind[slot] !== AREA) continue;
    if (sim.tick === castUntil[slot]) strikeArea(sim, slot);
    if (sim.tick >= endTick[slot]!) sim.despawn(slot);
  }
}

function strikeArea(sim: DarkAges, slot: number): void {
  const { kind, positionX, positionZ, castAbility, owner, ownerKind, ownerParty } = columnsOf(sim);
  const { id, radiusMm } = ABILITIES[castAbility[slot]!]!;
  const x = positionX[slot]!;
  const z = positionZ[slot]!;
  const source = sim.find(owner[slot]!);
  const near = findNear(sim, x, z, (radiusMm + RADIUS_MAX_MM) << POSITION_SHIFT);
  for (let index = 0; index < near; index++) {
    const target = found[index]!;
    if (!mayHurt(sim, source, ownerKind[slot]!, ownerParty[slot]!, target)) continue;
    const dx = positionX[target]! - x;
    const dz = positionZ[target]! - z;
    const reach = (radiusMm + FIGHTERS[kind[target]!]!.radiusMm) << POSITION_SHIFT;
    if (dx * dx + dz * dz > reach * reach) continue;
    // An area is shown to who sees its centre: who can't, was not warned.
    if (blocksWay(sim.map, x, z, positionX[target]!, positionZ[target]!)) continue;
    hurt(sim, source, ownerKind[slot]!, id, target);
  }
}

/** The caster when it is for nobody else. */
function heal(sim: DarkAges, slot: number, ability: Ability): void {
  const { kind, health, castTarget } = columnsOf(sim);
  const target = castTarget[slot] === 0 ? slot : sim.find(castTarget[slot]!);
  const given = Math.min(ability.amount, FIGHTERS[kind[target]!]!.healthMax - health[target]!);
  health[target]! += given;
  tellStruck(sim, 'healed', slot, target, ability.id, given);
}
