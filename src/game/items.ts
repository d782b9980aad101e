// What there is to own: data alone, read by the rules, the page and bots. The number of an item is on the wire and never
// given to something else; its name is the column that counts how many of it a player has (an asset, see columns.ts).

import { assert } from '../base/assert.ts';
import { SLASH } from './abilities.ts';

export interface Item {
  /** 0 is gold, which takes no place and has no price. */
  readonly id: number;
  readonly asset: ItemAsset | 'gold';
  readonly label: string;
  readonly kind: 'coin' | 'potion' | 'weapon' | 'armour' | 'material';
  /** So many take one place of the inventory. */
  readonly stack: number;
  /** What a vendor asks for one, and gives for one. 0: it sells none. */
  readonly price: number;
  readonly worth: number;
  /** potion: points given. weapon: points that a slash takes more. armour: points that any hit takes less. */
  readonly amount: number;
}

export type ItemAsset =
  | 'healthPotion'
  | 'manaPotion'
  | 'dagger'
  | 'sword'
  | 'greatsword'
  | 'leatherArmour'
  | 'chainArmour'
  | 'wolfPelt'
  | 'arrowBundle'
  | 'trollTooth';

export const GOLD = 0;
export const HEALTH_POTION = 1;
export const MANA_POTION = 2;
export const DAGGER = 3;
export const SWORD = 4;
export const GREATSWORD = 5;
export const LEATHER_ARMOUR = 6;
export const CHAIN_ARMOUR = 7;
export const WOLF_PELT = 8;
export const ARROW_BUNDLE = 9;
export const TROLL_TOOTH = 10;

/** The first are potions, then come weapons and armour, then what is only worth something. */
export const POTION_LAST = MANA_POTION;
export const EQUIPMENT_FIRST = DAGGER;
export const EQUIPMENT_LAST = CHAIN_ARMOUR;
/** Items that a vendor sells are 1 up to this. */
export const SOLD_LAST = CHAIN_ARMOUR;
export const ITEM_LAST = TROLL_TOOTH;

const STACK = 20;

function item(
  id: number,
  asset: Item['asset'],
  kind: Item['kind'],
  label: string,
  price: number,
  worth: number,
  amount = 0,
): Item {
  return { id, asset, label, kind, price, worth, amount, stack: kind === 'weapon' || kind === 'armour' ? 1 : STACK };
}

/** By number. */
export const ITEMS: readonly Item[] = [
  item(GOLD, 'gold', 'coin', 'gold', 0, 0),
  item(HEALTH_POTION, 'healthPotion', 'potion', 'health potion', 10, 5, 30),
  item(MANA_POTION, 'manaPotion', 'potion', 'mana potion', 8, 4, 40),
  item(DAGGER, 'dagger', 'weapon', 'dagger', 40, 20, 1),
  item(SWORD, 'sword', 'weapon', 'sword', 120, 60, 2),
  item(GREATSWORD, 'greatsword', 'weapon', 'greatsword', 300, 150, 3),
  item(LEATHER_ARMOUR, 'leatherArmour', 'armour', 'leather armour', 60, 30, 1),
  item(CHAIN_ARMOUR, 'chainArmour', 'armour', 'chain armour', 200, 100, 2),
  item(WOLF_PELT, 'wolfPelt', 'material', 'wolf pelt', 0, 6),
  item(ARROW_BUNDLE, 'arrowBundle', 'material', 'arrow bundle', 0, 5),
  item(TROLL_TOOTH, 'trollTooth', 'material', 'troll tooth', 0, 20),
];

/** Of the inventory; gold takes none. */
export const PLACES = 20;
/** More of one kind than any inventory holds: counts fit ten bits. */
export const ITEM_COUNT_MAX = 1023;
/** How many kinds of thing a trade may be about: gold and every item. */
export const KINDS_OF_THING = ITEMS.length;

for (const [place, { id, price, worth, stack }] of ITEMS.entries()) {
  assert(id === place, 'an item is found by its number');
  assert(price === 0 || worth < price, 'nobody gets rich by buying and selling');
  assert(stack * PLACES <= ITEM_COUNT_MAX, 'what an inventory holds of a kind can be offered in one trade');
}

/** The ability that a weapon helps. */
export const WEAPON_ABILITY = SLASH;
