import { expect, test } from 'vitest';
import { SLASH } from '../../src/game/abilities.ts';
import { tellKilled, tellLooted, tellRefused, tellStruck } from '../../src/game/events.ts';
import { PLAYER, WOLF } from '../../src/game/kinds.ts';
import { addCreature, addPlayer, createArena, step } from './arena.ts';

test('a hit is told to both sides, each once, and only to who has a client', () => {
  const arena = createArena();
  const [a, b] = [addPlayer(arena, 0, 0), addPlayer(arena, 0, 9000)];
  const wolf = addCreature(arena, WOLF, 50_000, 0);
  const lingering = addPlayer(arena, 0, 0);
  arena.columns.client[lingering] = 0;
  const tellsTo = (source: number, target: number): number[] => {
    arena.told.length = 0;
    tellStruck(arena.sim, 'hit', source, target, SLASH, 3);
    return arena.told.map(({ to }) => to);
  };
  expect(tellsTo(a, b)).toEqual([b, a]);
  expect(arena.told[0]!.values).toEqual({
    target: arena.sim.handle(b),
    by: arena.sim.handle(a),
    ability: SLASH,
    amount: 3,
  });
  expect(tellsTo(a, a)).toEqual([a]);
  expect(tellsTo(wolf, a)).toEqual([a]);
  expect(tellsTo(a, wolf)).toEqual([a]);
  expect(tellsTo(-1, a)).toEqual([a]);
  expect(arena.told[0]!.values.by).toBe(0);
  expect(tellsTo(wolf, lingering)).toEqual([]);
});

test('refusals: not to creatures, and at most one in six ticks', () => {
  const arena = createArena();
  const slot = addPlayer(arena, 0, 0);
  const wolf = addCreature(arena, WOLF, 50_000, 0);
  tellRefused(arena.sim, wolf, 5, 3);
  tellRefused(arena.sim, slot, 1, 3);
  tellRefused(arena.sim, slot, 2, 4);
  step(arena, 6);
  tellRefused(arena.sim, slot, 2, 4);
  expect(arena.told.map(({ to, values }) => [to, values.ability, values.reason])).toEqual([
    [slot, 1, 3],
    [slot, 2, 4],
  ]);
});

test('who killed whom is told by names to who sees the dead, without a handle of the killer', () => {
  const arena = createArena();
  const [a, b] = [addPlayer(arena, 0, 0, 'ann'), addPlayer(arena, 0, 0, 'bob')];
  tellKilled(arena.sim, b, a, PLAYER, SLASH);
  tellKilled(arena.sim, b, -1, PLAYER, SLASH);
  tellLooted(arena.sim, a, 1, 5);
  expect(arena.told).toMatchObject([
    { to: b, isNear: true, values: { target: arena.sim.handle(b), name: 'bob', by: 'ann', byKind: PLAYER } },
    { to: b, isNear: true, values: { by: '' } },
    { to: a, isNear: false, values: { variant: 1, amount: 5 } },
  ]);
});
