import { expect, test } from 'vitest';
import { buildFieldMap, isFreeSpot, LOW_TOP } from '../../src/game/map.ts';
import { putOnFreeSpot } from '../../src/game/place.ts';
import { addPlayer, createArena } from './arena.ts';

const TALL_BOX = [10_000, 10_000, 14_000, 14_000];
const LOW_BOX = [-14_000, 10_000, -10_000, 14_000];
const map = buildFieldMap([...TALL_BOX, ...LOW_BOX], 50_000, [1, 0]);
const mm = (length: number): number => length * 128;

test('a free spot is taken as it is, beside a box what lies in it', () => {
  const arena = createArena(map);
  const { sim, columns } = arena;
  const slot = addPlayer(arena, 0, 0);
  columns.positionY[slot] = 99;
  putOnFreeSpot(sim, slot, mm(3000), mm(-2000));
  expect([columns.positionX[slot], columns.positionY[slot], columns.positionZ[slot]]).toEqual([mm(3000), 0, mm(-2000)]);
  for (const x of [12_000, -12_000]) {
    putOnFreeSpot(sim, slot, mm(x), mm(11_000));
    expect(isFreeSpot(map, columns.positionX[slot]!, columns.positionZ[slot]!)).toBe(true);
    expect(columns.positionY[slot]).toBe(0);
  }
});

test('over low boxes it stands on them, beside tall ones all the same', () => {
  const arena = createArena(map);
  const { sim, columns } = arena;
  const slot = addPlayer(arena, 0, 0);
  putOnFreeSpot(sim, slot, mm(-12_000), mm(12_000), true);
  const { positionX, positionY, positionZ } = columns;
  expect([positionX[slot], positionY[slot], positionZ[slot]]).toEqual([mm(-12_000), LOW_TOP, mm(12_000)]);
  putOnFreeSpot(sim, slot, mm(12_000), mm(12_000), true);
  expect(isFreeSpot(map, positionX[slot]!, positionZ[slot]!, true)).toBe(true);
  expect(positionY[slot]).toBe(0);
});
