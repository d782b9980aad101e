import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { BITE, BOLT, SLASH } from '../../src/game/abilities.ts';
import { hurt } from '../../src/game/damage.ts';
import { game } from '../../src/game/game.ts';
import { fits, held, PURSE_GOLD, placesUsed, roomFor } from '../../src/game/inventory.ts';
import {
  ARROW_BUNDLE,
  CHAIN_ARMOUR,
  DAGGER,
  GOLD,
  GREATSWORD,
  HEALTH_POTION,
  ITEM_LAST,
  ITEMS,
  LEATHER_ARMOUR,
  MANA_POTION,
  PLACES,
  SWORD,
} from '../../src/game/items.ts';
import { PLAYER, WOLF } from '../../src/game/kinds.ts';
import { addPlayer, ask, createArena, give, step } from './arena.ts';

test('places: a stack of one kind takes one, and what fits is what leaves no more than twenty', () => {
  const random = createRandom(7);
  for (let run = 0; run < 300; run++) {
    const arena = createArena();
    const slot = addPlayer(arena, 0, 0);
    const counts = ITEMS.map(() => 0);
    for (let round = 0; round < 30; round++) {
      const item = 1 + random.below(ITEM_LAST);
      const count = 1 + random.below(30);
      counts[item]! += count;
      const places = counts.reduce(
        (sum, each, id) => (id === GOLD ? sum : sum + Math.ceil(each / ITEMS[id]!.stack)),
        0,
      );
      expect(roomFor(arena.sim, slot, item) >= count).toBe(places <= PLACES);
      const gets = new Int32Array(ITEMS.length);
      gets[item] = count;
      expect(fits(arena.sim, slot, gets, new Int32Array(ITEMS.length))).toBe(places <= PLACES);
      if (places <= PLACES) give(arena, slot, item, count);
      else counts[item]! -= count;
      if (places <= PLACES) expect(placesUsed(arena.sim, slot)).toBe(places);
    }
  }
});

test('gold takes no place, and stops at what a column holds', () => {
  const arena = createArena();
  const slot = addPlayer(arena, 0, 0);
  give(arena, slot, SWORD, PLACES);
  give(arena, slot, GOLD, 0x7fff_fff0);
  expect([placesUsed(arena.sim, slot), roomFor(arena.sim, slot, GOLD), roomFor(arena.sim, slot, DAGGER)]).toEqual([
    PLACES,
    15,
    0,
  ]);
});

test('use: a potion is drunk by who lives, has it, lacks something, and drank none just now', () => {
  const arena = createArena();
  const { columns } = arena;
  const slot = addPlayer(arena, 0, 0);
  columns.combatTick[slot] = 1_000_000;
  expect(ask(arena, slot, 'use', { item: HEALTH_POTION })).toBe('none_held');
  give(arena, slot, HEALTH_POTION, 3);
  give(arena, slot, MANA_POTION, 1);
  expect(ask(arena, slot, 'use', { item: HEALTH_POTION })).toBe('no_need');
  columns.health[slot] = 60;
  expect(ask(arena, slot, 'use', { item: HEALTH_POTION })).toBe('');
  expect([columns.health[slot], columns.healthPotion[slot]]).toEqual([90, 2]);
  expect(arena.told.map(({ event, values }) => [event, values.amount])).toEqual([['healed', 30]]);
  columns.mana[slot] = 95;
  expect(ask(arena, slot, 'use', { item: MANA_POTION })).toBe('too_soon');
  step(arena, 300);
  columns.mana[slot] = 95;
  expect(ask(arena, slot, 'use', { item: MANA_POTION })).toBe('');
  expect([columns.mana[slot], columns.manaPotion[slot]]).toEqual([100, 0]);
  columns.health[slot] = 0;
  expect(ask(arena, slot, 'use', { item: HEALTH_POTION })).toBe('dead');
  expect(columns.healthPotion[slot]).toBe(2);
});

test('equip: who has it wears it, one weapon and one armour; a slash takes more, any hit less, but at least one', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const [slot, other] = [addPlayer(arena, 0, 0), addPlayer(arena, 1000, 0)];
  expect(ask(arena, slot, 'equip', { item: SWORD })).toBe('none_held');
  for (const item of [SWORD, GREATSWORD, LEATHER_ARMOUR]) give(arena, slot, item, 1);
  for (const item of [SWORD, GREATSWORD, LEATHER_ARMOUR]) expect(ask(arena, slot, 'equip', { item })).toBe('');
  expect([columns.weapon[slot], columns.armour[slot]]).toEqual([GREATSWORD, LEATHER_ARMOUR]);
  expect(ask(arena, slot, 'unequip', { item: SWORD })).toBe('not_worn');
  const taken = (source: number, kind: number, ability: number, target: number): number => {
    columns.health[target] = 100;
    hurt(sim, source, kind, ability, target);
    return 100 - columns.health[target]!;
  };
  expect([taken(slot, PLAYER, SLASH, other), taken(slot, PLAYER, BOLT, other)]).toEqual([17, 20]);
  expect([taken(other, PLAYER, SLASH, slot), taken(-1, WOLF, BITE, slot)]).toEqual([13, 4]);
  expect(ask(arena, slot, 'unequip', { item: GREATSWORD })).toBe('');
  expect(ask(arena, slot, 'unequip', { item: LEATHER_ARMOUR })).toBe('');
  expect([taken(slot, PLAYER, SLASH, other), taken(other, PLAYER, SLASH, slot)]).toEqual([14, 14]);
});

test('a blow that a weapon makes harder breaks off no more casts than before', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const [slot, other] = [addPlayer(arena, 0, 0), addPlayer(arena, 1000, 0)];
  give(arena, slot, GREATSWORD, 1);
  ask(arena, slot, 'equip', { item: GREATSWORD });
  columns.castAbility[other] = BOLT;
  hurt(sim, slot, PLAYER, SLASH, other);
  expect([columns.castAbility[other], columns.health[other]]).toEqual([BOLT, 83]);
});

test('who never had anything begins with a purse; who had something, or enters again, does not', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const [fresh, poor, old] = [addPlayer(arena, 0, 0), addPlayer(arena, 0, 0), addPlayer(arena, 0, 0)];
  give(arena, poor, ARROW_BUNDLE, 1);
  columns.gold[old] = 7;
  columns.weapon[old] = DAGGER;
  columns.armour[old] = CHAIN_ARMOUR;
  for (let times = 0; times < 2; times++) for (const slot of [fresh, poor, old]) game.join!(sim, slot, times === 0);
  expect([fresh, poor, old].map((slot) => held(sim, slot, GOLD))).toEqual([PURSE_GOLD, 0, 7]);
  // Nobody wears what it hasn't got.
  expect([columns.weapon[old], columns.armour[old]]).toEqual([0, 0]);
});
