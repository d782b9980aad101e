import { expect, test } from 'vitest';
import { SLASH } from '../../src/game/abilities.ts';
import { game } from '../../src/game/game.ts';
import { placesUsed } from '../../src/game/inventory.ts';
import { DAGGER, GOLD, HEALTH_POTION, ITEMS, PLACES, SWORD, TROLL_TOOTH } from '../../src/game/items.ts';
import { VENDOR } from '../../src/game/kinds.ts';
import { isAtVendor, VENDOR_REACH_MM, VENDORS_MM } from '../../src/game/vendor.ts';
import { addPlayer, ask, createArena, face, give, press, put, reasonsOf, step } from './arena.ts';

const [X, Z] = VENDORS_MM[0]!;

function enter() {
  const arena = createArena();
  const slot = addPlayer(arena, X, Z + VENDOR_REACH_MM - 1);
  return { arena, slot, columns: arena.columns };
}

test('reach: four metres from where one stands', () => {
  for (const [x, z] of VENDORS_MM) {
    expect([isAtVendor(x, z), isAtVendor(x + VENDOR_REACH_MM, z), isAtVendor(x, z - VENDOR_REACH_MM - 1)]).toEqual([
      true,
      true,
      false,
    ]);
  }
});

test('buy: for gold, within reach, alive, into free places', () => {
  const { arena, slot, columns } = enter();
  const potions = { item: HEALTH_POTION, count: 3 };
  give(arena, slot, GOLD, 29);
  expect(ask(arena, slot, 'buy', potions)).toBe('too_poor');
  give(arena, slot, GOLD, 10_000);
  expect(ask(arena, slot, 'buy', potions)).toBe('');
  expect([columns.gold[slot], columns.healthPotion[slot]]).toEqual([9999, 3]);
  give(arena, slot, DAGGER, PLACES - 2);
  expect(ask(arena, slot, 'buy', { item: SWORD, count: 2 })).toBe('no_room');
  expect(ask(arena, slot, 'buy', { item: SWORD, count: 1 })).toBe('');
  expect(placesUsed(arena.sim, slot)).toBe(PLACES);
  put(arena, slot, X + 4001, Z);
  expect(ask(arena, slot, 'buy', potions)).toBe('no_vendor');
  columns.health[slot] = 0;
  expect(ask(arena, slot, 'buy', potions)).toBe('dead');
});

test('sell: what one has, for less than it costs; what is worn is taken off with the last one', () => {
  const { arena, slot, columns } = enter();
  expect(ask(arena, slot, 'sell', { item: TROLL_TOOTH, count: 1 })).toBe('none_held');
  give(arena, slot, TROLL_TOOTH, 2);
  give(arena, slot, DAGGER, 2);
  ask(arena, slot, 'equip', { item: DAGGER });
  expect(ask(arena, slot, 'sell', { item: TROLL_TOOTH, count: 3 })).toBe('none_held');
  expect(ask(arena, slot, 'sell', { item: TROLL_TOOTH, count: 2 })).toBe('');
  for (const worn of [DAGGER, 0]) {
    expect(ask(arena, slot, 'sell', { item: DAGGER, count: 1 })).toBe('');
    expect(columns.weapon[slot]).toBe(worn);
  }
  expect(columns.gold[slot]).toBe(2 * ITEMS[TROLL_TOOTH]!.worth + 2 * ITEMS[DAGGER]!.worth);
  give(arena, slot, DAGGER, 1);
  give(arena, slot, GOLD, 0x7fff_fff0 - columns.gold[slot]!);
  expect(ask(arena, slot, 'sell', { item: DAGGER, count: 1 })).toBe('no_room');
  put(arena, slot, X, Z + 5000);
  expect(ask(arena, slot, 'sell', { item: DAGGER, count: 1 })).toBe('no_vendor');
  columns.health[slot] = 0;
  expect(ask(arena, slot, 'sell', { item: DAGGER, count: 1 })).toBe('dead');
});

test('nothing hurts a vendor, nor is it worth aiming at', () => {
  const arena = createArena();
  game.start!(arena.sim);
  const vendor = arena.columns.kind.indexOf(VENDOR);
  const slot = addPlayer(arena, X - 1000, Z);
  step(arena);
  face(arena, slot, 0);
  press(arena, slot, SLASH, vendor);
  expect(reasonsOf(arena, slot)).toEqual([6]);
  press(arena, slot, SLASH);
  expect(arena.columns.kind[vendor]).toBe(VENDOR);
});
