// Things that fly straight until they meet an enemy, something tall, or the end of their range.
//
// Lag compensation: who lets one go saw the others some ticks ago and aimed at where they would be from there. So the
// projectile is flown through PICTURE_AGE_TICKS at once, each step against where everybody was at that time, and is in
// the present from then on. Deliberate: not rewound for its whole flight. Then who steps aside on seeing it coming would
// still be hit; so, what anybody sees of a projectile and of its targets are of the same tick.
// Deliberate too: the same ticks for everybody, not the age that the shooter's inputs say, as blows have it. Each tick
// of the past is one in which nobody can dodge any more, so whoever claimed an older picture than it had would hit more.
// Whose picture is older than that, on a long line, has to lead by the difference.

import { cosineOf, POSITION_SHIFT, sineOf, TRIG_ONE, vectorLength } from '../sim/game.ts';
import { ABILITIES, type Ability } from './abilities.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { hurt, mayHurt } from './damage.ts';
import { FIGHTERS, PROJECTILE } from './kinds.ts';
import { stepOf } from './movement.ts';
import { findNear, found } from './nearby.ts';
import { blocksWay } from './sight.ts';

const LAUNCH_HEIGHT = 1200 << POSITION_SHIFT;
/** Age that the picture is taken to have by which a player aimed: what it has on a line without delay. */
export const PICTURE_AGE_TICKS = 11;
/** Widest fighter, and the way a fighter makes at most in a tick. */
const RADIUS_MAX = 800 << POSITION_SHIFT;
const WAY_MAX = 130 << POSITION_SHIFT;

const past = new Int32Array(3);

/** Lets a projectile go at `angle`. False when the zone has no room for it. */
export function launch(sim: DarkAges, slot: number, ability: Ability, angle: number): boolean {
  const projectile = sim.spawn(PROJECTILE);
  if (projectile < 0) return false;
  const columns = columnsOf(sim);
  const cosine = cosineOf(angle);
  const sine = sineOf(angle);
  const way = stepOf(ability.speedCmPerS);
  columns.positionX[projectile] = columns.positionX[slot]!;
  columns.positionY[projectile] = columns.positionY[slot]! + LAUNCH_HEIGHT;
  columns.positionZ[projectile] = columns.positionZ[slot]!;
  columns.facing[projectile] = angle & 0xffff;
  columns.velocityX[projectile] = ((ability.speedCmPerS * cosine) / TRIG_ONE) | 0;
  columns.velocityZ[projectile] = ((ability.speedCmPerS * sine) / TRIG_ONE) | 0;
  columns.stepX[projectile] = ((way * cosine) / TRIG_ONE) | 0;
  columns.stepZ[projectile] = ((way * sine) / TRIG_ONE) | 0;
  columns.castAbility[projectile] = ability.id;
  columns.owner[projectile] = sim.handle(slot);
  columns.ownerKind[projectile] = columns.kind[slot]!;
  columns.ownerParty[projectile] = columns.party[slot]!;
  const age = columns.client[slot] === 0 ? 0 : PICTURE_AGE_TICKS;
  const flight = Math.ceil((ability.rangeMm << POSITION_SHIFT) / way);
  columns.endTick[projectile] = sim.tick + flight - age;
  for (let back = age; back >= 1; back--) {
    if (!flyStep(sim, projectile, back)) {
      sim.despawn(projectile);
      break;
    }
  }
  return true;
}

export function runProjectiles(sim: DarkAges): void {
  const { kind, endTick } = columnsOf(sim);
  const count = sim.slotCount;
  for (let slot = 0; slot < count; slot++) {
    if (kind[slot] !== PROJECTILE) continue;
    if (sim.tick >= endTick[slot]! || !flyStep(sim, slot, 0)) sim.despawn(slot);
  }
}

/** One step, against where everyone was `back` ticks ago. False when it ends here. */
function flyStep(sim: DarkAges, slot: number, back: number): boolean {
  const { positionX, positionZ, stepX, stepZ, castAbility, owner, ownerKind } = columnsOf(sim);
  const x = positionX[slot]!;
  const z = positionZ[slot]!;
  const nextX = x + stepX[slot]!;
  const nextZ = z + stepZ[slot]!;
  const limit = sim.map.half;
  if (nextX <= -limit || nextX >= limit || nextZ <= -limit || nextZ >= limit) return false;
  const isBlocked = blocksWay(sim.map, x, z, nextX, nextZ);
  const target = findStruck(sim, slot, back, isBlocked);
  if (target >= 0) {
    hurt(sim, sim.find(owner[slot]!), ownerKind[slot]!, castAbility[slot]!, target);
    return false;
  }
  positionX[slot] = nextX;
  positionZ[slot] = nextZ;
  return !isBlocked;
}

/** The first enemy that the next step touches; −1 for none. */
function findStruck(sim: DarkAges, slot: number, back: number, isBlocked: boolean): number {
  const { kind, positionX, positionZ, stepX, stepZ, castAbility, owner, ownerKind, ownerParty } = columnsOf(sim);
  const x = positionX[slot]!;
  const z = positionZ[slot]!;
  const dx = stepX[slot]!;
  const dz = stepZ[slot]!;
  const squared = dx * dx + dz * dz;
  const length = vectorLength(dx, dz);
  const radius = ABILITIES[castAbility[slot]!]!.radiusMm << POSITION_SHIFT;
  const near = findNear(sim, x, z, length + radius + RADIUS_MAX + back * WAY_MAX);
  if (near === 0) return -1;
  // A shooter who is gone, like its handle, hits nobody by mistake: its slot may be somebody else's by now.
  const source = sim.find(owner[slot]!);
  let first = -1;
  let firstAlong = 0;
  for (let index = 0; index < near; index++) {
    const target = found[index]!;
    if (!mayHurt(sim, source, ownerKind[slot]!, ownerParty[slot]!, target)) continue;
    if (!sim.positionAt(target, back, past)) continue;
    const toX = past[0]! - x;
    const toZ = past[2]! - z;
    const reach = radius + (FIGHTERS[kind[target]!]!.radiusMm << POSITION_SHIFT);
    const along = toX * dx + toZ * dz;
    if (!touches(toX, toZ, dx, dz, along, squared, length, reach)) continue;
    if (first >= 0 && along >= firstAlong) continue;
    if (isBlocked && blocksWay(sim.map, x, z, past[0]!, past[2]!)) continue;
    first = target;
    firstAlong = along;
  }
  return first;
}

/** Whether the step (dx, dz) comes within `reach` of the point (toX, toZ) seen from its beginning. */
function touches(
  toX: number,
  toZ: number,
  dx: number,
  dz: number,
  along: number,
  squared: number,
  length: number,
  reach: number,
): boolean {
  if (along <= 0) return toX * toX + toZ * toZ <= reach * reach;
  if (along >= squared) return (toX - dx) * (toX - dx) + (toZ - dz) * (toZ - dz) <= reach * reach;
  return Math.abs(toX * dz - toZ * dx) <= reach * length;
}
