// What a player carries: how much room it takes, what of it is worn, and drinking potions. What changes hands does so by
// `sim.transfer` alone. Cold but for `roomFor`, which runs for who stands by loot; does not allocate.

import { assert } from '../base/assert.ts';
import { TICK_HZ } from '../base/limits.ts';
import { HEALTH_MAX, MANA_MAX } from './abilities.ts';
import { COUNT_MAX, columnsOf, type DarkAges } from './columns.ts';
import { tellStruck } from './events.ts';
import { GOLD, HEALTH_POTION, ITEM_LAST, ITEMS, PLACES } from './items.ts';

/** Where potions go that were drunk. */
export const USED = 'used';
/** What everyone begins with, and from where. */
export const PURSE = 'purse';
export const PURSE_GOLD = 40;

const POTION_TICKS = 5 * TICK_HZ;

/** The column that counts an item, or gold. */
function columnOf(sim: DarkAges, item: number): Int32Array {
  return sim.columns[ITEMS[item]!.asset];
}

export function held(sim: DarkAges, slot: number, item: number): number {
  return columnOf(sim, item)[slot]!;
}

/** What was checked before: within a request it can't fail. */
export function move(sim: DarkAges, item: number, amount: number, from: number | string, to: number | string): void {
  const isMoved = sim.transfer(ITEMS[item]!.asset, amount, from, to);
  assert(isMoved, 'what is there, and has room, can be moved');
}

function placesFor(item: number, count: number): number {
  return Math.ceil(count / ITEMS[item]!.stack);
}

export function placesUsed(sim: DarkAges, slot: number): number {
  let places = 0;
  for (let item = GOLD + 1; item <= ITEM_LAST; item++) places += placesFor(item, held(sim, slot, item));
  return places;
}

/** How many more of it the player can carry. */
export function roomFor(sim: DarkAges, slot: number, item: number): number {
  const own = held(sim, slot, item);
  if (item === GOLD) return COUNT_MAX - own;
  const free = PLACES - placesUsed(sim, slot) + placesFor(item, own);
  return Math.max(0, free * ITEMS[item]!.stack - own);
}

/** Whether what is left after giving and getting fits; by item, gold first. */
export function fits(sim: DarkAges, slot: number, gets: Int32Array, gives: Int32Array): boolean {
  let places = 0;
  for (let item = GOLD; item <= ITEM_LAST; item++) {
    const count = held(sim, slot, item) - gives[item]! + gets[item]!;
    if (count > COUNT_MAX) return false;
    if (item !== GOLD) places += placesFor(item, count);
  }
  return places <= PLACES;
}

/** Nobody wears what it has given away. */
export function dropWorn(sim: DarkAges, slot: number): void {
  const { weapon, armour } = columnsOf(sim);
  if (weapon[slot] !== 0 && held(sim, slot, weapon[slot]!) === 0) weapon[slot] = 0;
  if (armour[slot] !== 0 && held(sim, slot, armour[slot]!) === 0) armour[slot] = 0;
}

/** Who never had anything gets something to begin with. */
export function givePurse(sim: DarkAges, slot: number): void {
  const { gold, ledgerSeq } = sim.columns;
  if (gold[slot] === 0 && ledgerSeq[slot] === 0) sim.transfer('gold', PURSE_GOLD, PURSE, slot);
}

/** The item is a weapon or an armour; what was worn in its place goes back into the inventory, where it always was. */
export function equip(sim: DarkAges, slot: number, item: number): string {
  if (held(sim, slot, item) === 0) return 'none_held';
  wornColumn(sim, item)[slot] = item;
  return '';
}

export function unequip(sim: DarkAges, slot: number, item: number): string {
  const worn = wornColumn(sim, item);
  if (worn[slot] !== item) return 'not_worn';
  worn[slot] = 0;
  return '';
}

function wornColumn(sim: DarkAges, item: number): Int32Array {
  return ITEMS[item]!.kind === 'weapon' ? sim.columns.weapon : sim.columns.armour;
}

/** Drinks a potion. */
export function drink(sim: DarkAges, slot: number, item: number): string {
  const { health, mana, potionTick } = columnsOf(sim);
  if (health[slot] === 0) return 'dead';
  if (held(sim, slot, item) === 0) return 'none_held';
  if (sim.tick < potionTick[slot]!) return 'too_soon';
  const { amount } = ITEMS[item]!;
  const given =
    item === HEALTH_POTION ? Math.min(amount, HEALTH_MAX - health[slot]!) : Math.min(amount, MANA_MAX - mana[slot]!);
  if (given <= 0) return 'no_need';
  move(sim, item, 1, slot, USED);
  potionTick[slot] = sim.tick + POTION_TICKS;
  if (item === HEALTH_POTION) {
    health[slot]! += given;
    tellStruck(sim, 'healed', -1, slot, 0, given);
  } else mana[slot]! += given;
  return '';
}
