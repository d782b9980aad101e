// Using abilities, up to the moment they take effect: what was pressed, whether it may be begun, casts that go on and
// break off. Players and creatures alike; creatures press by writing the same columns (creatures.ts).
// The checks are in order of cost, and each has its reason, which the caster is told once a press.
// Who acts in a tick is found out for all before anybody strikes: of two who kill each other in the same tick both have
// struck, whoever has the lower slot. What heals does so before the blows.

import { ENTITIES_MAX } from '../base/limits.ts';
import { POSITION_SHIFT } from '../sim/game.ts';
import { ABILITIES, type Ability, INTEREST_RADIUS_MM, REASONS } from './abilities.ts';
import { findPlace, isInCone, reachOf } from './aim.ts';
import { columnsOf, type DarkAges, readyTicksOf } from './columns.ts';
import { breakCast, mayHurt } from './damage.ts';
import { FIGHTER_LAST, FIGHTERS, PLAYER } from './kinds.ts';
import type { Spot } from './map.ts';
import { refuse } from './refusals.ts';
import { blocksWay } from './sight.ts';
import { takeEffect } from './strikes.ts';

const INTEREST = INTEREST_RADIUS_MM << POSITION_SHIFT;

const past = new Int32Array(3);
const ownPast = new Int32Array(3);
const spot: Spot = { x: 0, z: 0 };

/** Who strikes in this tick, and with which ability: the first `strikeCount`. */
const strikers = new Int32Array(ENTITIES_MAX);
const strikeAbilities = new Uint8Array(ENTITIES_MAX);
let strikeCount = 0;

export function runCasting(sim: DarkAges): void {
  const { kind, health, ability, pressed, castAbility } = columnsOf(sim);
  const count = sim.slotCount;
  strikeCount = 0;
  for (let slot = 0; slot < count; slot++) {
    if (kind[slot] === 0 || kind[slot]! > FIGHTER_LAST) continue;
    const wanted = ability[slot]!;
    const isPress = wanted !== 0 && wanted !== pressed[slot];
    pressed[slot] = wanted;
    if (wanted === 0 && castAbility[slot] === 0) continue;
    if (health[slot] === 0) {
      if (isPress) refuse(sim, slot, wanted, REASONS.dead);
    } else if (castAbility[slot] !== 0) {
      if (isPress) refuse(sim, slot, wanted, REASONS.casting);
      continueCast(sim, slot);
    } else {
      beginCast(sim, slot, ABILITIES[wanted]!, isPress);
    }
  }
  for (let index = 0; index < strikeCount; index++) {
    takeEffect(sim, strikers[index]!, ABILITIES[strikeAbilities[index]!]!);
  }
}

function beginCast(sim: DarkAges, slot: number, ability: Ability, isPress: boolean): void {
  const { castAbility, castUntil, castTarget, target, shieldUntil } = columnsOf(sim);
  const reason = checkCast(sim, slot, ability, target[slot]!);
  if (reason !== 0) {
    if (isPress) refuse(sim, slot, ability.id, reason);
    return;
  }
  if (ability.kind !== 'heal' && shieldUntil[slot]! > sim.tick) shieldUntil[slot] = sim.tick;
  castTarget[slot] = target[slot]!;
  if (ability.castTicks === 0) {
    finishCast(sim, slot, ability);
    return;
  }
  castAbility[slot] = ability.id;
  castUntil[slot] = sim.tick + ability.castTicks;
}

function continueCast(sim: DarkAges, slot: number): void {
  const { castAbility, castUntil, castTarget } = columnsOf(sim);
  const ability = ABILITIES[castAbility[slot]!]!;
  if (!ability.isMobile && isMoving(sim, slot)) {
    breakCast(sim, slot, ability.id, REASONS.moved);
    return;
  }
  if (sim.tick < castUntil[slot]!) return;
  // Whom and where it was begun for may have gone meanwhile.
  const reason =
    ability.kind === 'heal' || ability.kind === 'area' ? checkTarget(sim, slot, ability, castTarget[slot]!) : 0;
  if (reason !== 0) breakCast(sim, slot, ability.id, reason);
  else finishCast(sim, slot, ability);
}

function finishCast(sim: DarkAges, slot: number, ability: Ability): void {
  // It can't be broken off any more, by who strikes in the same tick.
  sim.columns.castAbility[slot] = 0;
  if (ability.kind === 'heal') {
    takeEffect(sim, slot, ability);
    return;
  }
  strikers[strikeCount] = slot;
  strikeAbilities[strikeCount++] = ability.id;
}

/** By its own will; who falls off a box isn't. */
function isMoving(sim: DarkAges, slot: number): boolean {
  const { velocityX, velocityY, velocityZ } = sim.columns;
  return velocityX[slot] !== 0 || velocityZ[slot] !== 0 || velocityY[slot]! > 0;
}

/** 0 when the living fighter in `slot` may begin the ability now, else one of REASONS. */
function checkCast(sim: DarkAges, slot: number, ability: Ability, target: number): number {
  const columns = columnsOf(sim);
  if (readyTicksOf(columns, ability.id)[slot]! > sim.tick) return REASONS.cooldown;
  if (columns.mana[slot]! < ability.mana) return REASONS.mana;
  const reason = checkTarget(sim, slot, ability, target);
  if (reason !== 0) return reason;
  return !ability.isMobile && isMoving(sim, slot) ? REASONS.moved : 0;
}

function checkTarget(sim: DarkAges, slot: number, ability: Ability, target: number): number {
  if (ability.kind === 'area') return checkPlace(sim, slot, ability);
  if (target === 0 || target === sim.handle(slot)) {
    return target !== 0 && ability.kind !== 'heal' ? REASONS.badTarget : 0;
  }
  const other = sim.find(target);
  // What the caster does not see is answered like what is not there: who guesses handles learns nothing.
  if (other < 0 || !findSeen(sim, slot, other)) return REASONS.unknownTarget;
  const { kind, health, party, positionX, positionZ } = columnsOf(sim);
  if (kind[other]! > FIGHTER_LAST || health[other] === 0) return REASONS.badTarget;
  if (ability.kind === 'heal') {
    if (kind[other] !== PLAYER) return REASONS.badTarget;
    if (party[slot] === 0 || party[other] !== party[slot]) return REASONS.party;
  } else if (!mayHurt(sim, slot, kind[slot]!, party[slot]!, other)) {
    return kind[other] === PLAYER && kind[slot] === PLAYER ? REASONS.party : REASONS.badTarget;
  }
  const x = positionX[slot]!;
  const z = positionZ[slot]!;
  const dx = past[0]! - x;
  const dz = past[2]! - z;
  const edge = ability.kind === 'melee' ? FIGHTERS[kind[other]!]!.radiusMm : 0;
  const range = (ability.rangeMm + edge) << POSITION_SHIFT;
  if (dx * dx + dz * dz > range * range) return REASONS.range;
  if (blocksWay(sim.map, x, z, past[0]!, past[2]!)) return REASONS.sight;
  return ability.kind === 'melee' && !isInCone(sim, slot, ability, dx, dz) ? REASONS.facing : 0;
}

/**
 * Whether the caster saw the other one when it decided: near enough, and nothing tall between the two of them in the frame
 * that it looked at. Leaves in `past` where the other one was. Edges look 5 times a second, show a crowd's nearest only
 * (snapshot/interest.ts), so somebody in plain sight may be known here a moment before it is sent.
 */
function findSeen(sim: DarkAges, slot: number, other: number): boolean {
  const back = sim.rewindTicks(slot);
  if (!sim.positionAt(slot, back, ownPast) || !sim.positionAt(other, back, past)) return false;
  const dx = past[0]! - ownPast[0]!;
  const dz = past[2]! - ownPast[2]!;
  if (dx * dx + dz * dz > INTEREST * INTEREST) return false;
  return !blocksWay(sim.map, ownPast[0]!, ownPast[2]!, past[0]!, past[2]!);
}

function checkPlace(sim: DarkAges, slot: number, ability: Ability): number {
  const { positionX, positionZ } = sim.columns;
  if (reachOf(sim, slot) > ability.rangeMm << POSITION_SHIFT) return REASONS.range;
  findPlace(sim, slot, spot);
  return blocksWay(sim.map, positionX[slot]!, positionZ[slot]!, spot.x, spot.z) ? REASONS.sight : 0;
}
