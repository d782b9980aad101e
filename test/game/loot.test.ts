import { expect, test } from 'vitest';
import { BITE } from '../../src/game/abilities.ts';
import { hurt } from '../../src/game/damage.ts';
import { GOLD, ITEMS, PLACES, SWORD, WOLF_PELT } from '../../src/game/items.ts';
import { LOOT, LOOT_GOLD, LOOT_HEALTH, LOOT_MANA, WOLF } from '../../src/game/kinds.ts';
import { dropLoot, LOOT_TICKS } from '../../src/game/loot.ts';
import { buildFieldMap, isFreeSpot } from '../../src/game/map.ts';
import { addCreature, addPlayer, createArena, give, put, step, toldOf } from './arena.ts';

test('belongs to who walks over it first; creatures and the dead take nothing', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const slot = addPlayer(arena, 30_000, 0);
  const dead = addPlayer(arena, 0, 0);
  columns.health[dead] = 0;
  columns.deadUntil[dead] = 1_000_000;
  addCreature(arena, WOLF, 0, 0);
  expect(dropLoot(sim, 0, 0, LOOT_GOLD, 17)).toBeGreaterThan(0);
  step(arena, 5);
  const loot = columns.kind.indexOf(LOOT);
  expect([columns.variant[loot], columns.gold[dead]]).toEqual([LOOT_GOLD, 0]);
  put(arena, slot, 1300, 0);
  step(arena);
  expect(columns.kind[loot]).toBe(LOOT);
  put(arena, slot, 1100, 0);
  step(arena);
  expect([columns.kind[loot], columns.gold[slot]]).toEqual([0, 17]);
  expect(toldOf(arena, 'looted')).toEqual([{ variant: LOOT_GOLD, amount: 17 }]);
});

test('potions give up to what is missing; gold stops at what a column holds', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const slot = addPlayer(arena, 0, 0);
  columns.combatTick[slot] = sim.tick + 1000;
  columns.health[slot] = 80;
  columns.mana[slot] = 10;
  columns.gold[slot] = 0x7fff_fff0;
  dropLoot(sim, 0, 0, LOOT_HEALTH, 0);
  dropLoot(sim, 0, 0, LOOT_MANA, 0);
  dropLoot(sim, 0, 0, LOOT_GOLD, 100);
  step(arena);
  expect([columns.health[slot], columns.gold[slot]]).toEqual([100, 0x7fff_ffff]);
  expect(columns.mana[slot]).toBeGreaterThanOrEqual(50);
  expect(toldOf(arena, 'looted').map(({ amount }) => amount)).toEqual([20, 40, 15]);
});

test('a potion that would give nothing stays, for who comes by and lacks something', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const [whole, hurt] = [addPlayer(arena, 0, 0), addPlayer(arena, 30_000, 0)];
  dropLoot(sim, 0, 0, LOOT_HEALTH, 0);
  dropLoot(sim, 0, 0, LOOT_MANA, 0);
  step(arena, 30);
  expect([...columns.kind].filter((kind) => kind === LOOT).length).toBe(2);
  expect(toldOf(arena, 'looted')).toEqual([]);
  columns.health[hurt] = 50;
  put(arena, hurt, 0, 0);
  step(arena);
  expect(toldOf(arena, 'looted')).toEqual([{ variant: LOOT_HEALTH, amount: 30 }]);
  columns.mana[whole] = 90;
  step(arena);
  expect(toldOf(arena, 'looted').at(-1)).toEqual({ variant: LOOT_MANA, amount: 10 });
  expect(columns.kind.indexOf(LOOT)).toBe(-1);
});

test('lies for half a minute, beside boxes, and not at all in a full zone', () => {
  const map = buildFieldMap([10_000, 10_000, 14_000, 14_000], 50_000);
  const arena = createArena(map, 2);
  const { columns, sim } = arena;
  addPlayer(arena, -20_000, 0);
  expect(dropLoot(sim, 12_000 * 128, 12_000 * 128, LOOT_GOLD, 1)).toBe(1);
  expect(isFreeSpot(map, columns.positionX[1]!, columns.positionZ[1]!)).toBe(true);
  expect(dropLoot(sim, 0, 0, LOOT_GOLD, 1)).toBe(-1);
  step(arena, LOOT_TICKS - 1);
  expect(columns.kind[1]).toBe(LOOT);
  step(arena);
  expect(columns.kind[1]).toBe(0);
});

test('an item is left to who has room for it, a stack in part to who has room for a part', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const [full, free] = [addPlayer(arena, 0, 0), addPlayer(arena, 30_000, 0)];
  give(arena, full, SWORD, PLACES - 1);
  give(arena, full, WOLF_PELT, ITEMS[WOLF_PELT]!.stack - 1);
  dropLoot(sim, 0, 0, WOLF_PELT + 1, 2);
  dropLoot(sim, 0, 0, SWORD + 1, 1);
  step(arena);
  expect(toldOf(arena, 'looted')).toEqual([{ variant: WOLF_PELT + 1, amount: 1 }]);
  expect([columns.wolfPelt[full], columns.sword[full]]).toEqual([20, 19]);
  step(arena, 5);
  expect([...columns.kind].filter((kind) => kind === LOOT).length).toBe(1);
  put(arena, free, 0, 0);
  step(arena);
  expect([columns.sword[free], columns.kind.indexOf(LOOT)]).toEqual([1, -1]);
});

test('while nothing can be promised, loot stays where it is, but for potions; and nobody loses gold by dying', () => {
  const arena = createArena();
  const { columns, sim, commits } = arena;
  const slot = addPlayer(arena, 0, 0);
  give(arena, slot, GOLD, 100);
  columns.health[slot] = 20;
  commits.isOpen = false;
  for (const variant of [LOOT_GOLD, LOOT_HEALTH]) dropLoot(sim, 0, 0, variant, 9);
  step(arena, 3);
  expect([columns.gold[slot], columns.health[slot]]).toEqual([100, 50]);
  expect([...columns.kind].filter((kind) => kind === LOOT).length).toBe(1);
  columns.health[slot] = 1;
  hurt(sim, -1, WOLF, BITE, slot);
  expect([columns.health[slot], columns.gold[slot]]).toEqual([0, 100]);
  expect([...columns.kind].filter((kind) => kind === LOOT).length).toBe(1);
  commits.isOpen = true;
  columns.health[slot] = 50;
  step(arena);
  expect([columns.gold[slot], columns.kind.indexOf(LOOT)]).toEqual([109, -1]);
});
