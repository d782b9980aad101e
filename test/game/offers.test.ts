import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { GOLD, ITEM_COUNT_MAX, ITEM_LAST, ITEMS } from '../../src/game/items.ts';
import { clearOffered, offered, printOffered, readOffered, setOffered } from '../../src/game/offers.ts';
import { addPlayer, createArena } from './arena.ts';

test('what is offered is found again, whatever else is', () => {
  const arena = createArena();
  const random = createRandom(3);
  const slots = [addPlayer(arena, 0, 0), addPlayer(arena, 0, 0)];
  const model = slots.map(() => ITEMS.map(() => 0));
  for (let round = 0; round < 5000; round++) {
    const which = random.below(2);
    const item = random.below(ITEM_LAST + 1);
    const count = item === GOLD ? random.below(0x8000_0000) : random.below(ITEM_COUNT_MAX + 1);
    setOffered(arena.sim, slots[which]!, item, count);
    model[which]![item] = count;
    for (const [index, slot] of slots.entries()) {
      expect([...readOffered(arena.sim, slot)]).toEqual(model[index]);
      expect(offered(arena.sim, slot, item)).toBe(model[index]![item]);
    }
  }
  clearOffered(arena.sim, slots[0]!);
  expect([printOffered(arena.sim, slots[0]!), printOffered(arena.sim, slots[1]!) === '']).toEqual(['', false]);
});

test('printed: items that are given, in order, and the longest fits the event', () => {
  const arena = createArena();
  const slot = addPlayer(arena, 0, 0);
  setOffered(arena.sim, slot, 10, 3);
  setOffered(arena.sim, slot, GOLD, 15);
  expect(printOffered(arena.sim, slot)).toBe('0:15,10:3');
  for (let item = 1; item <= ITEM_LAST; item++) setOffered(arena.sim, slot, item, ITEM_COUNT_MAX);
  setOffered(arena.sim, slot, GOLD, 0x7fff_ffff);
  expect(printOffered(arena.sim, slot).length).toBeLessThanOrEqual(ITEMS.length * 14);
});
