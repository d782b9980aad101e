// Sees in columns and events what happened in the fight, and notes what is to be drawn and heard of it: blows, shots,
// strikes, hits, heals, deaths. Browser main thread; draws nothing itself.

import type { EntityView } from '../client/interpolation.ts';
import { ABILITIES, BITE, MEND, METEOR, SLASH, SMASH } from '../game/abilities.ts';
import { ITEMS } from '../game/items.ts';
import { AREA, FIGHTER_LAST, LOOT_GOLD, LOOT_HEALTH, LOOT_MANA, PROJECTILE } from '../game/kinds.ts';
import { addFloat, addMark, type Fight, isAlive, isOwnHandle, viewOf } from './darkages-fight.ts';

/** Beyond this, something that was seen before is old. */
const FRESH_TICKS = 30;
const OWN = -1;

type Values = Readonly<Record<string, number | string>>;

/** Once a frame, after the client was brought up to date. */
export function watchFight(fight: Fight, nowMs: number): void {
  const { own, interpolation } = fight.client;
  const { acted, alive } = fight;
  watchFighter(fight, OWN, own.x, own.z, own.facing, own.columns, nowMs);
  for (const view of interpolation.views.values()) {
    if (view.kind <= FIGHTER_LAST) {
      watchFighter(fight, view.slot, view.x, view.z, view.facing, view.columns, nowMs);
    } else if (view.kind === AREA) watchArea(fight, view, nowMs);
    else if (view.kind === PROJECTILE && !acted.has(view.slot)) {
      acted.set(view.slot, 0);
      fight.heard('bolt', view.x, view.z);
    }
  }
  for (const slot of acted.keys()) {
    if (slot === OWN || interpolation.views.has(slot)) continue;
    acted.delete(slot);
    alive.delete(slot);
    fight.flashes.delete(slot);
  }
}

function watchFighter(
  fight: Fight,
  slot: number,
  x: number,
  z: number,
  facing: number,
  columns: Readonly<Record<string, number>>,
  nowMs: number,
): void {
  const actedTick = columns.actedTick ?? 0;
  const before = fight.acted.get(slot);
  if (before !== actedTick) {
    fight.acted.set(slot, actedTick);
    const isFresh = before !== undefined && fight.client.sync.tick - actedTick < FRESH_TICKS * 2;
    if (isFresh) showAct(fight, slot, x, z, facing, columns.actedAbility ?? 0, actedTick, nowMs);
  }
  const isUp = isAlive(columns);
  const wasUp = fight.alive.get(slot);
  if (wasUp === isUp) return;
  fight.alive.set(slot, isUp);
  if (wasUp === undefined) return;
  addMark(fight, isUp ? 'rise' : 'fall', x, z, 0, 1400, nowMs, slot);
  fight.heard(isUp ? 'rise' : slot === OWN ? 'death' : 'fall', x, z);
  if (!isUp && slot === OWN) fight.held.length = 0;
}

function showAct(
  fight: Fight,
  slot: number,
  x: number,
  z: number,
  facing: number,
  ability: number,
  actedTick: number,
  nowMs: number,
): void {
  if (ability === SLASH || ability === BITE || ability === SMASH) {
    if (slot === OWN && Math.abs(actedTick - fight.swungTick) < FRESH_TICKS) return;
    addMark(fight, 'swing', x, z, facing, ABILITIES[ability]!.rangeMm, nowMs, slot);
    fight.heard(ability === BITE ? 'bite' : ability === SMASH ? 'smash' : 'swing', x, z);
  } else if (ability === MEND) addMark(fight, 'heal', x, z, 0, 1200, nowMs, slot);
  else if (ability === METEOR) fight.heard('call', x, z);
}

/** Strikes once the own time reaches it: what the player could still have left by then. */
function watchArea(fight: Fight, view: EntityView, nowMs: number): void {
  const { acted, client } = fight;
  const until = view.columns.castUntil ?? 0;
  if (acted.get(view.slot) === until || client.sync.tick < until) return;
  acted.set(view.slot, until);
  addMark(fight, 'impact', view.x, view.z, 0, ABILITIES[view.columns.castAbility ?? METEOR]!.radiusMm, nowMs, -2);
  fight.heard('impact', view.x, view.z);
}

export function noteHit(fight: Fight, values: Values, nowMs: number): void {
  const { own } = fight.client;
  const amount = Number(values.amount);
  const isOwn = isOwnHandle(fight, Number(values.target));
  const view = isOwn ? undefined : viewOf(fight, Number(values.target));
  if (!isOwn && view === undefined) return;
  const x = view?.x ?? own.x;
  const z = view?.z ?? own.z;
  const isTaken = isOwn;
  if (amount === 0) {
    addFloat(fight, x, z, 'shielded', 'quiet', nowMs);
    fight.heard('shield', x, z);
    return;
  }
  addFloat(fight, x, z, String(amount), isTaken ? 'taken' : 'dealt', nowMs);
  fight.flashes.set(view?.slot ?? OWN, nowMs);
  addMark(fight, 'spark', x, z, 0, 500 + amount * 18, nowMs, -2);
  fight.heard(isTaken ? 'hurt' : 'hit', x, z);
  if (!isTaken) return;
  fight.hurtMs = nowMs;
  fight.hurtAmount = amount;
}

export function noteHeal(fight: Fight, values: Values, nowMs: number): void {
  const isOwn = isOwnHandle(fight, Number(values.target));
  const view = isOwn ? undefined : viewOf(fight, Number(values.target));
  if (!isOwn && view === undefined) return;
  const { own } = fight.client;
  addFloat(fight, view?.x ?? own.x, view?.z ?? own.z, `+${values.amount}`, 'healed', nowMs);
  addMark(fight, 'heal', view?.x ?? own.x, view?.z ?? own.z, 0, 1200, nowMs, view?.slot ?? OWN);
  fight.heard('heal', view?.x ?? own.x, view?.z ?? own.z);
}

export function noteLoot(fight: Fight, values: Values, nowMs: number): void {
  const { own } = fight.client;
  const variant = Number(values.variant);
  const label = ITEMS[variant - 1]?.label ?? 'loot';
  const what = variant === LOOT_HEALTH ? 'health' : variant === LOOT_MANA ? 'mana' : label;
  addFloat(fight, own.x, own.z, `+${values.amount} ${what}`, variant === LOOT_GOLD ? 'gold' : 'quiet', nowMs);
  fight.heard(variant === LOOT_HEALTH || variant === LOOT_MANA ? 'potion' : 'coin', own.x, own.z);
}
