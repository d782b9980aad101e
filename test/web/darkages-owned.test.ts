import { expect, test } from 'vitest';
import {
  describeOver,
  describePlaces,
  describeThings,
  listOwned,
  readThings,
  readTrade,
} from '../../src/web/darkages-owned.ts';

test('what is owned, without gold, and what of it is worn', () => {
  const columns = { gold: 9, healthPotion: 21, dagger: 2, wolfPelt: 0, weapon: 3, armour: 0 };
  expect(listOwned(columns)).toEqual([
    { item: 1, label: 'health potion', count: 21, isWorn: false },
    { item: 3, label: 'dagger', count: 2, isWorn: true },
  ]);
  expect(describePlaces(columns)).toBe('4 of 20 places');
  expect(listOwned({})).toEqual([]);
});

test('things in words, also those of a newer server', () => {
  expect(describeThings(readThings('0:15,8:2,99:1'))).toBe('15 gold, 2 × wolf pelt, 1 × item 99');
  expect(describeThings(readThings(''))).toBe('nothing');
});

test('a trade as it was told, and why there is none', () => {
  const told = { with: 'ann', revision: 4, gives: '0:1', gets: '', confirmed: 1, otherConfirmed: 0, over: '' };
  expect(readTrade(told)).toEqual({
    with: 'ann',
    revision: 4,
    gives: new Map([[0, 1]]),
    gets: new Map(),
    hasConfirmed: true,
    otherConfirmed: false,
  });
  expect(readTrade({ ...told, over: 'left' })).toBeUndefined();
  expect([describeOver('left'), describeOver('no_such_code')]).toEqual([
    'No trade: the other one is gone.',
    'No trade: no such code.',
  ]);
});
