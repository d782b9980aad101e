import { expect, test } from 'vitest';
import { type Battle, createBattle, wish } from '../../bench/game/battle.ts';
import { createRandom } from '../../src/base/random.ts';
import { HEALTH_MAX, MANA_MAX, STAMINA_MAX } from '../../src/game/abilities.ts';
import { game } from '../../src/game/game.ts';
import { FIGHTER_LAST, FIGHTERS } from '../../src/game/kinds.ts';
import { isFreeSpot, LOW_TOP } from '../../src/game/map.ts';
import { indexFighters } from '../../src/game/nearby.ts';
import type { ColumnSpecs } from '../../src/sim/columns.ts';
import { hashText, hashWords } from '../../src/sim/hash.ts';
import { publishFrame } from '../../src/sim/history.ts';
import { stepSimulation } from '../../src/sim/simulation.ts';
import { advanceTick, slotCount } from '../../src/sim/world.ts';
import { drawValues } from './arena.ts';

const PLAYERS = 120;
const CREATURES = 60;
const TICKS = 3000;
const RANGES = {
  u8: [0, 255],
  u16: [0, 65_535],
  i16: [-32_768, 32_767],
  u31: [0, 2 ** 31 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
};

function tick(battle: Battle): void {
  // Wishes ask who is near, and by now the index is the other battle's.
  indexFighters(battle.sim);
  wish(battle);
  advanceTick(battle.world);
  stepSimulation(game, battle.sim);
  publishFrame(battle.history, battle.world);
}

function hashOf(battle: Battle): string {
  const hash = { low: 0, high: 0 };
  hashWords(hash, battle.world.words);
  return hashText(hash);
}

/** Requests of all sorts, from anybody. */
function request(battle: Battle, random: ReturnType<typeof createRandom>): void {
  const names = Object.keys(game.requests!);
  const slot = battle.firstPlayer + random.below(PLAYERS);
  const { run, fields } = game.requests![names[random.below(names.length)]!]!;
  run(battle.sim, slot, drawValues(fields, random, ['x']));
}

function checkColumns({ world, sim }: Battle): void {
  const { kind, health, mana, stamina, positionX, positionY, positionZ } = sim.columns;
  for (const [name, { type }] of Object.entries(game.allColumns as ColumnSpecs)) {
    const [least, most] = RANGES[type] as [number, number];
    const column = world.columns[name]!;
    for (let slot = 0; slot < slotCount(world); slot++) {
      const value = column[slot]!;
      if (value < least || value > most) throw new Error(`${name} of slot ${slot} is ${value}`);
    }
  }
  for (let slot = 0; slot < slotCount(world); slot++) {
    if (kind[slot] === 0 || kind[slot]! > FIGHTER_LAST) continue;
    expect(health[slot]).toBeLessThanOrEqual(Math.max(HEALTH_MAX, FIGHTERS[kind[slot]!]!.healthMax));
    expect(mana[slot]).toBeLessThanOrEqual(MANA_MAX);
    expect(stamina[slot]).toBeLessThanOrEqual(STAMINA_MAX);
    const overLow = positionY[slot]! >= LOW_TOP;
    if (!isFreeSpot(sim.map, positionX[slot]!, positionZ[slot]!, overLow)) throw new Error(`slot ${slot} is in a box`);
  }
}

test('the same start and the same play give the same state, and everything stays in its range', () => {
  const seed = 4242;
  const hashes: string[][] = [[], []];
  const battles = [createBattle(PLAYERS, CREATURES, 40_000, seed), createBattle(PLAYERS, CREATURES, 40_000, seed)];
  const random = battles.map(() => createRandom(seed + 1));
  // In turn, so that nothing kept outside the columns by one helps or hinders the other.
  for (let run = 0; run < TICKS; run++) {
    for (const [index, battle] of battles.entries()) {
      if (run % 3 === 0) request(battle, random[index]!);
      tick(battle);
      if (run % 50 === 0) {
        hashes[index]!.push(hashOf(battle));
        if (index === 0) checkColumns(battle);
      }
    }
  }
  expect(hashes[0]).toEqual(hashes[1]);
  expect(new Set(hashes[0]).size).toBe(TICKS / 50);
  const { kills, deaths, gold } = battles[0]!.sim.columns;
  const sum = (column: Int32Array): number => column.reduce((total, each) => total + each, 0);
  // It was a fight: people killed each other, creatures killed some, gold was picked up.
  expect(sum(kills)).toBeGreaterThan(20);
  expect(sum(deaths)).toBeGreaterThan(sum(kills));
  expect(sum(gold)).toBeGreaterThan(20);
  expect(battles[0]!.told).toBeGreaterThan(1000);
});
