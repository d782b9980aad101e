import { describe, expect, test } from 'vitest';
import {
  ABILITIES,
  BOLT,
  DEAD_TICKS,
  HEALTH_MAX,
  MANA_MAX,
  RESPAWN_TICKS,
  SHIELD_TICKS,
  SLASH,
} from '../../src/game/abilities.ts';
import { hurt } from '../../src/game/damage.ts';
import { game } from '../../src/game/game.ts';
import { PLAYER } from '../../src/game/kinds.ts';
import { SPAWN_HALF_MM } from '../../src/game/map.ts';
import { type Arena, addPlayer, createArena, press, put, step, toldOf } from './arena.ts';

function kill(arena: Arena, killer: number, victim: number): void {
  arena.columns.health[victim] = 1;
  hurt(arena.sim, killer, arena.columns.kind[killer]!, SLASH, victim);
}

function ask(arena: Arena, slot: number): string {
  return game.requests!.respawn!.run(arena.sim, slot, {});
}

describe('coming back', () => {
  test('on request after 5 s, by itself after 15 s; in full health, shielded, away from enemies', () => {
    for (const asks of [true, false]) {
      const arena = createArena();
      const { columns, sim } = arena;
      const killer = addPlayer(arena, 5000, 5000);
      const victim = addPlayer(arena, 6000, 5000);
      expect(ask(arena, victim)).toBe('not_dead');
      kill(arena, killer, victim);
      step(arena, RESPAWN_TICKS - 1);
      expect(ask(arena, victim)).toBe('too_soon');
      step(arena);
      if (asks) expect(ask(arena, victim)).toBe('');
      let ticks = 0;
      for (; columns.health[victim] === 0; ticks++) step(arena);
      expect(ticks).toBe(asks ? 1 : DEAD_TICKS - RESPAWN_TICKS);
      expect([columns.health[victim], columns.mana[victim], columns.stamina[victim]]).toEqual([HEALTH_MAX, 100, 1000]);
      expect(columns.shieldUntil[victim]).toBe(sim.tick + SHIELD_TICKS);
      const [x, z] = [columns.positionX[victim]! / 128, columns.positionZ[victim]! / 128];
      expect(Math.max(Math.abs(x), Math.abs(z))).toBeLessThanOrEqual(SPAWN_HALF_MM);
      expect(Math.hypot(x - 5000, z - 5000)).toBeGreaterThan(10_000);
      expect(columns.walkedM[victim]).toBe(0);
      step(arena);
      expect(columns.walkedM[victim]).toBe(0);
    }
  });

  test('nothing hurts while the shield lasts; it ends with the first attack', () => {
    const arena = createArena();
    const { columns, sim } = arena;
    const slot = addPlayer(arena, 0, 0);
    const other = addPlayer(arena, 1500, 0);
    columns.shieldUntil[slot] = sim.tick + SHIELD_TICKS;
    hurt(sim, other, PLAYER, BOLT, slot);
    expect([columns.health[slot], toldOf(arena, 'hit')[0]!.amount]).toEqual([100, 0]);
    columns.health[slot] = 50;
    press(arena, slot, 4);
    step(arena, 70);
    expect(columns.shieldUntil[slot]).toBeGreaterThan(sim.tick);
    press(arena, slot, SLASH);
    expect(columns.shieldUntil[slot]).toBeLessThanOrEqual(sim.tick);
    const before = columns.health[slot]!;
    hurt(sim, other, PLAYER, BOLT, slot);
    expect(columns.health[slot]).toBe(before - ABILITIES[BOLT]!.amount);
  });

  test('who joins anew is whole and shielded near the centre; who returns is as it was saved, where it was', () => {
    const arena = createArena();
    const { columns, sim } = arena;
    const [fresh, back] = [addPlayer(arena, 150_000, 0), addPlayer(arena, 150_000, 150_000)];
    for (const slot of [fresh, back]) {
      columns.health[slot] = 14;
      columns.mana[slot] = 3;
      game.join!(sim, slot, slot === fresh);
    }
    expect([fresh, back].map((slot) => [columns.health[slot], columns.mana[slot], columns.shieldUntil[slot]])).toEqual([
      [HEALTH_MAX, MANA_MAX, sim.tick + SHIELD_TICKS],
      [14, 3, 0],
    ]);
    expect(Math.abs(columns.positionX[fresh]!)).toBeLessThanOrEqual(SPAWN_HALF_MM * 128);
    expect(columns.positionX[back]).toBe(150_000 * 128);
    // And it is not out of a fight either.
    step(arena, 290);
    expect([columns.health[back], columns.mana[back]]).toEqual([14, expect.closeTo(3 + 19, -0.5)]);
  });

  test('who left dead returns dead and waits anew: leaving is no way back to life', () => {
    const arena = createArena();
    const { columns } = arena;
    const slot = addPlayer(arena, 150_000, 150_000);
    columns.health[slot] = 0;
    game.join!(arena.sim, slot, false);
    step(arena);
    expect([columns.health[slot], ask(arena, slot)]).toEqual([0, 'too_soon']);
    step(arena, RESPAWN_TICKS);
    expect(ask(arena, slot)).toBe('');
    step(arena);
    expect(columns.health[slot]).toBe(HEALTH_MAX);
  });
});

describe('the place', () => {
  test('is anywhere near the centre, each part of it as often', () => {
    const arena = createArena();
    const { columns } = arena;
    const slot = addPlayer(arena, 0, 0);
    const tenths = { positionX: Array(10).fill(0), positionZ: Array(10).fill(0) };
    for (let round = 0; round < 4000; round++) {
      columns.health[slot] = 0;
      columns.deadUntil[slot] = 0;
      step(arena);
      for (const [name, counts] of Object.entries(tenths)) {
        const mm = columns[name as keyof typeof tenths][slot]! / 128 + SPAWN_HALF_MM;
        counts[Math.min(9, Math.floor((10 * mm) / (2 * SPAWN_HALF_MM)))]++;
      }
    }
    // 400 each, give or take five times 19.
    for (const count of Object.values(tenths).flat()) expect(Math.abs(count - 400)).toBeLessThan(95);
  });

  test('of a new player is away from who is there, in a zone that was just resumed as well', () => {
    const places = [true, false].map((isResumed) => {
      const arena = createArena();
      const { columns } = arena;
      const crowd = Array.from({ length: 20 }, (_, index) => addPlayer(arena, -25_000 + 1000 * index, -10_000));
      // The index is of this zone in its last tick, or of another one.
      step(isResumed ? createArena() : arena);
      let nearest = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 30; round++) {
        const slot = addPlayer(arena, 150_000, 0);
        game.join!(arena.sim, slot, true);
        for (const other of crowd) {
          const dx = columns.positionX[slot]! - columns.positionX[other]!;
          const dz = columns.positionZ[slot]! - columns.positionZ[other]!;
          nearest = Math.min(nearest, Math.hypot(dx, dz) / 128);
        }
        arena.sim.despawn(slot);
      }
      return nearest;
    });
    expect(places[0]).toBeGreaterThan(10_000);
    expect(places[1]).toBe(places[0]);
  });
});

test('health comes back out of a fight, 4 a second after 5 s; mana always; the dead get nothing', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const slot = addPlayer(arena, 0, 0);
  const other = addPlayer(arena, 9000, 0);
  hurt(sim, other, PLAYER, SLASH, slot);
  columns.mana[slot] = 0;
  const hurtTo = columns.health[slot]!;
  step(arena, 299);
  expect([columns.health[slot], columns.mana[slot]]).toEqual([hurtTo, expect.closeTo(20, -0.5)]);
  step(arena, 60);
  expect(columns.health[slot]).toBeGreaterThanOrEqual(hurtTo + 3);
  step(arena, 600);
  expect(columns.health[slot]).toBe(HEALTH_MAX);
  put(arena, slot, 0, 0);
  kill(arena, other, slot);
  columns.mana[slot] = 5;
  step(arena, 300);
  expect([columns.health[slot], columns.mana[slot]]).toEqual([0, 5]);
});
