// What a hit does: who may hurt whom, hit points, broken casts, death and what the dead leave behind.

import { POSITION_SHIFT } from '../sim/game.ts';
import { ABILITIES, DEAD_TICKS, INTERRUPTED_TICKS, INTERRUPTING_AMOUNT, REASONS } from './abilities.ts';
import { COUNT_MAX, columnsOf, type DarkAges, readyTicksOf } from './columns.ts';
import { tellKilled, tellStruck } from './events.ts';
import { ITEMS, WEAPON_ABILITY } from './items.ts';
import { creatureOf, FIGHTER_LAST, LOOT_GOLD, LOOT_HEALTH, LOOT_MANA, PLAYER } from './kinds.ts';
import { dropLoot, GROUND } from './loot.ts';
import { noteHurt } from './pack.ts';
import { truceOf } from './party.ts';
import { refuse } from './refusals.ts';

/** A player who dies leaves one coin in so many. */
const GOLD_SHARE = 5;

/**
 * Creatures hurt players alone; players hurt whatever fights, but not themselves and not who they have a truce with.
 * @param sourceParty its party when it let go what strikes, for when it is gone (`source` −1)
 */
export function mayHurt(
  sim: DarkAges,
  source: number,
  sourceKind: number,
  sourceParty: number,
  target: number,
): boolean {
  const { kind, health } = columnsOf(sim);
  const targetKind = kind[target]!;
  if (target === source || targetKind === 0 || targetKind > FIGHTER_LAST || health[target] === 0) return false;
  if (sourceKind !== PLAYER) return targetKind === PLAYER;
  if (targetKind !== PLAYER) return true;
  const truce = source < 0 ? sourceParty : truceOf(sim, source);
  return truce === 0 || truceOf(sim, target) !== truce;
}

/** @param source slot of who hit, or −1 when it is gone */
export function hurt(sim: DarkAges, source: number, sourceKind: number, ability: number, target: number): void {
  const { health, shieldUntil, combatTick, castAbility, kind } = columnsOf(sim);
  const { tick } = sim;
  if (health[target] === 0) return;
  combatTick[target] = tick;
  if (source >= 0) combatTick[source] = tick;
  if (shieldUntil[target]! > tick) {
    tellStruck(sim, 'hit', source, target, ability, 0);
    return;
  }
  const { amount } = ABILITIES[ability]!;
  const taken = Math.min(hitPoints(sim, source, ability, target), health[target]!);
  health[target]! -= taken;
  tellStruck(sim, 'hit', source, target, ability, taken);
  if (health[target] === 0) {
    die(sim, source, sourceKind, ability, target);
    return;
  }
  const casting = castAbility[target]!;
  if (amount >= INTERRUPTING_AMOUNT && casting !== 0) breakCast(sim, target, casting, REASONS.hit);
  if (kind[target] !== PLAYER && source >= 0 && sourceKind === PLAYER) noteHurt(sim, target, source, taken);
}

/** What the hit takes, by weapon and armour. What breaks a cast off goes by the ability alone. */
function hitPoints(sim: DarkAges, source: number, ability: number, target: number): number {
  const { weapon, armour } = columnsOf(sim);
  const more = source >= 0 && ability === WEAPON_ABILITY ? ITEMS[weapon[source]!]!.amount : 0;
  return Math.max(1, ABILITIES[ability]!.amount + more - ITEMS[armour[target]!]!.amount);
}

/** The cast comes to nothing; no mana is taken, the ability is back in half a second. */
export function breakCast(sim: DarkAges, slot: number, ability: number, reason: number): void {
  const columns = columnsOf(sim);
  columns.castAbility[slot] = 0;
  readyTicksOf(columns, ability)[slot] = sim.tick + INTERRUPTED_TICKS;
  refuse(sim, slot, ability, reason);
}

function die(sim: DarkAges, source: number, sourceKind: number, ability: number, target: number): void {
  const columns = columnsOf(sim);
  const { kind, castAbility, deadUntil, wantsRespawn, kills, deaths, ability: wanted } = columns;
  const isPlayer = kind[target] === PLAYER;
  const ticks = isPlayer ? DEAD_TICKS : creatureOf(kind[target]!).respawnTicks;
  castAbility[target] = 0;
  deadUntil[target] = sim.tick + ticks;
  if (isPlayer) {
    wantsRespawn[target] = 0;
    deaths[target] = Math.min(deaths[target]! + 1, COUNT_MAX);
    if (source >= 0 && sourceKind === PLAYER) kills[source] = Math.min(kills[source]! + 1, COUNT_MAX);
    leaveGold(sim, target);
  } else {
    wanted[target] = 0;
    leaveSpoils(sim, target);
  }
  tellKilled(sim, target, source, sourceKind, ability);
}

function leaveGold(sim: DarkAges, slot: number): void {
  const { gold, positionX, positionZ } = columnsOf(sim);
  const share = Math.floor(gold[slot]! / GOLD_SHARE);
  if (share === 0) return;
  // Where there is no free slot, or nothing can be promised, nothing is dropped, and nothing lost.
  const loot = dropLoot(sim, positionX[slot]!, positionZ[slot]!, LOOT_GOLD, share);
  if (loot >= 0 && !sim.transfer('gold', share, slot, GROUND)) sim.despawn(loot);
}

/** What creatures leave belonged to nobody: it is moved when somebody picks it up. */
function leaveSpoils(sim: DarkAges, slot: number): void {
  const { kind, positionX, positionZ } = columnsOf(sim);
  const { goldLeast, goldMost, potionPercent, spoil, spoilPercent } = creatureOf(kind[slot]!);
  const x = positionX[slot]!;
  const z = positionZ[slot]!;
  dropLoot(sim, x, z, LOOT_GOLD, goldLeast + (sim.random() % (goldMost - goldLeast + 1)));
  const aside = 700 << POSITION_SHIFT;
  if (sim.random() % 100 < spoilPercent) dropLoot(sim, x - aside, z, spoil + 1, 1);
  if (sim.random() % 100 >= potionPercent) return;
  dropLoot(sim, x + aside, z, sim.random() % 2 === 0 ? LOOT_HEALTH : LOOT_MANA, 0);
}
