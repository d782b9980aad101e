import { describe, expect, test } from 'vitest';
import { BITE, DEAD_TICKS, SLASH } from '../../src/game/abilities.ts';
import { hurt, mayHurt } from '../../src/game/damage.ts';
import { creatureOf, LOOT, PLAYER, WOLF } from '../../src/game/kinds.ts';
import { type Arena, addCreature, addPlayer, createArena, toldOf } from './arena.ts';

function kill(arena: Arena, killer: number, victim: number): void {
  arena.columns.health[victim] = 1;
  hurt(arena.sim, killer, arena.columns.kind[killer]!, SLASH, victim);
}

test('who may hurt whom', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const [a, b, c] = [addPlayer(arena, 0, 0), addPlayer(arena, 0, 0), addPlayer(arena, 0, 0)];
  const [wolf, mate] = [addCreature(arena, WOLF, 0, 0), addCreature(arena, WOLF, 0, 0)];
  columns.party[a] = 7;
  columns.party[b] = 7;
  const may = (source: number, target: number) =>
    mayHurt(sim, source, columns.kind[source]!, columns.party[source]!, target);
  expect([may(a, a), may(a, b), may(a, c), may(c, a), may(a, wolf), may(wolf, a), may(wolf, mate)]).toEqual([
    false,
    false,
    true,
    true,
    true,
    true,
    false,
  ]);
  columns.health[c] = 0;
  expect([may(a, c), may(a, sim.spawn(LOOT)), may(a, 60)]).toEqual([false, false, false]);
});

describe('death', () => {
  test('is counted for both, told to who sees it, and leaves a fifth of the gold', () => {
    const arena = createArena();
    const { columns, sim } = arena;
    const killer = addPlayer(arena, 0, 0, 'Alice');
    const victim = addPlayer(arena, 9000, 0, 'Bob');
    columns.gold[victim] = 23;
    kill(arena, killer, victim);
    expect([columns.kills[killer], columns.deaths[killer], columns.kills[victim], columns.deaths[victim]]).toEqual([
      1, 0, 0, 1,
    ]);
    expect(columns.deadUntil[victim]).toBe(sim.tick + DEAD_TICKS);
    expect(toldOf(arena, 'killed')).toEqual([
      { target: sim.handle(victim), name: 'Bob', by: 'Alice', byKind: PLAYER, ability: SLASH },
    ]);
    const loot = columns.kind.indexOf(LOOT);
    expect([columns.gold[victim], columns.amount[loot], columns.positionX[loot]]).toEqual([19, 4, 9000 * 128]);
    hurt(sim, killer, PLAYER, SLASH, victim);
    expect([columns.kills[killer], columns.deaths[victim]]).toEqual([1, 1]);
  });

  test('by a creature counts for the dead alone', () => {
    const arena = createArena();
    const victim = addPlayer(arena, 0, 0);
    const wolf = addCreature(arena, WOLF, 0, 0);
    arena.columns.health[victim] = 1;
    hurt(arena.sim, wolf, WOLF, BITE, victim);
    expect([arena.columns.deaths[victim], arena.columns.kills[wolf]]).toEqual([1, 0]);
    expect(toldOf(arena, 'killed')[0]).toMatchObject({ by: '', byKind: WOLF });
  });

  test('of a creature leaves gold within its bounds, sometimes a potion, and no kill', () => {
    const arena = createArena(undefined, 400);
    const killer = addPlayer(arena, 0, 0);
    const { goldLeast, goldMost, potionPercent } = creatureOf(WOLF);
    const variants = [0, 0, 0, 0];
    for (let each = 0; each < 100; each++) kill(arena, killer, addCreature(arena, WOLF, 50_000, 0));
    for (const [slot, kind] of arena.columns.kind.entries()) {
      if (kind !== LOOT) continue;
      const variant = arena.columns.variant[slot]!;
      variants[variant]!++;
      if (variant !== 1) continue;
      expect(arena.columns.amount[slot]).toBeGreaterThanOrEqual(goldLeast);
      expect(arena.columns.amount[slot]).toBeLessThanOrEqual(goldMost);
    }
    expect(variants[1]).toBe(100);
    expect(Math.abs(variants[2]! + variants[3]! - potionPercent)).toBeLessThan(15);
    expect(arena.columns.kills[killer]).toBe(0);
  });

  test('in a full zone drops nothing, and nothing is lost', () => {
    const arena = createArena(undefined, 2);
    const killer = addPlayer(arena, 0, 0);
    const victim = addPlayer(arena, 0, 0);
    arena.columns.gold[victim] = 100;
    kill(arena, killer, victim);
    expect(arena.columns.gold[victim]).toBe(100);
  });
});
