import { expect, test } from 'vitest';
import { WOLF } from '../../src/game/kinds.ts';
import { MOOD_FIGHT, MOOD_HOME, MOOD_RETURN, provoke } from '../../src/game/pack.ts';
import { addCreature, addPlayer, createArena } from './arena.ts';

test('its camp comes with it: who does not fight, is alive and near, and not behind a shield on its way home', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const slot = addPlayer(arena, 0, 0);
  const first = addCreature(arena, WOLF, 0, 0, 3);
  const mates = [1, 2, 3, 4, 4].map((each) => addCreature(arena, WOLF, each * 5000, 0, 3));
  const far = addCreature(arena, WOLF, 26_000, 0, 3);
  const other = addCreature(arena, WOLF, 1000, 0, 4);
  for (const mate of [mates[0]!, mates[4]!]) columns.mood[mate] = MOOD_RETURN;
  columns.shieldUntil[mates[0]!] = sim.tick + 1;
  columns.health[mates[1]!] = 0;
  provoke(sim, first, slot);
  expect([first, ...mates, far, other].map((each) => columns.mood[each])).toEqual([
    MOOD_FIGHT,
    MOOD_RETURN,
    MOOD_HOME,
    MOOD_FIGHT,
    MOOD_FIGHT,
    MOOD_FIGHT,
    MOOD_HOME,
    MOOD_HOME,
  ]);
  expect(sim.find(columns.prey[mates[3]!]!)).toBe(slot);
});

test('a lone one fights alone; one that fights already keeps its prey', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const [a, b] = [addPlayer(arena, 0, 0), addPlayer(arena, 0, 0)];
  const [lone, mate] = [addCreature(arena, WOLF, 0, 0), addCreature(arena, WOLF, 0, 0)];
  provoke(sim, lone, a);
  provoke(sim, lone, b);
  expect([sim.find(columns.prey[lone]!), columns.mood[mate]]).toEqual([a, MOOD_HOME]);
});
