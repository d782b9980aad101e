import { expect, test } from 'vitest';
import { ABILITIES } from '../../src/game/abilities.ts';
import { columns, columnsOf, inputs, readyTicksOf } from '../../src/game/columns.ts';
import { createArena } from './arena.ts';

test('field numbers go up without gaps, so that the next one is plain, and none is used twice', () => {
  const fields = Object.values(columns).flatMap((spec) => ('field' in spec ? [spec.field] : []));
  expect(fields).toEqual(fields.map((_, index) => 16 + index));
  expect(Object.values(inputs).map(({ field }) => field)).toEqual([16, 17, 18]);
});

test('each ability of a player has a cooldown of its own', () => {
  const { sim } = createArena();
  const own = [1, 2, 3, 4].map((id) => readyTicksOf(columnsOf(sim), ABILITIES[id]!.id));
  expect(own).toEqual([sim.columns.readyTick1, sim.columns.readyTick2, sim.columns.readyTick3, sim.columns.readyTick4]);
  expect(new Set(own).size).toBe(4);
  for (const name of Object.keys(inputs)) expect(name in columnsOf(sim)).toBe(true);
});
