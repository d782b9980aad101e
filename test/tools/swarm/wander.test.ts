import { expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import type { Intent } from '../../../src/client/state.ts';
import { game } from '../../../src/game/game.ts';
import type { AnyGame } from '../../../src/sim/game.ts';
import { createWander, updateWander } from '../../../tools/swarm/wander.ts';

const withInput: AnyGame = {
  ...game,
  inputNames: ['throttle'],
  inputs: { throttle: { field: 16, type: 'int', min: -3, max: 5 } },
};

/** What a bot of this seed wants, tick by tick over a minute. */
function intents(seed: number) {
  const wander = createWander(withInput, createRandom(seed), 1);
  const intent: Intent = { moveX: 0, moveZ: 0, aim: 0, buttons: 0, inputs: {} };
  return Array.from({ length: 3600 }, (_, tick) => {
    updateWander(wander, (tick * 1000) / 60, wander.homeX, wander.homeZ, intent);
    return { ...intent, inputs: { ...intent.inputs }, isIdle: wander.isIdle };
  });
}

test('the same seed wants the same', () => {
  expect(intents(4)).toEqual(intents(4));
  expect(intents(4)).not.toEqual(intents(5));
});

test('it goes many ways, sprints, stands still now and then, and turns no faster than a person would', () => {
  const all = intents(11);
  const ways = new Set(all.map(({ moveX, moveZ }) => `${moveX} ${moveZ}`));
  expect(ways.size).toBeGreaterThan(15);
  expect(all.some(({ buttons }) => buttons === 1)).toBe(true);
  const idle = all.filter(({ isIdle }) => isIdle);
  expect(idle.length).toBeGreaterThan(0);
  expect(idle.length).toBeLessThan(all.length / 2);
  for (const { moveX, moveZ, isIdle, aim, inputs } of all) {
    expect(Math.hypot(moveX, moveZ)).toBeLessThan(128);
    expect(moveX === 0 && moveZ === 0).toBe(isIdle);
    expect(aim).toBeGreaterThanOrEqual(0);
    expect(aim).toBeLessThan(65_536);
    expect(inputs.throttle).toBeGreaterThanOrEqual(-3);
    expect(inputs.throttle).toBeLessThanOrEqual(5);
  }
  for (let tick = 1; tick < all.length; tick++) {
    const turned = ((all[tick]!.aim - all[tick - 1]!.aim + 98_304) % 65_536) - 32_768;
    expect(Math.abs(turned)).toBeLessThan(300);
  }
});

test('places are apart so that about 50 others are in sight, and within the world', () => {
  const { interestRadiusMm, worldHalfMm } = game.limits;
  const homes = Array.from({ length: 200 }, (_, index) => createWander(game, createRandom(index), 200));
  const seen = homes.map(
    (one) =>
      homes.filter((other) => Math.hypot(one.homeX - other.homeX, one.homeZ - other.homeZ) < interestRadiusMm).length -
      1,
  );
  // Fewer at the edge of the square.
  expect(seen.reduce((sum, count) => sum + count, 0) / 200).toBeGreaterThan(25);
  expect(Math.max(...seen)).toBeLessThan(80);
  for (let index = 0; index < 100; index++) {
    const { homeX, homeZ } = createWander(game, createRandom(index), 20_000);
    expect(Math.max(Math.abs(homeX), Math.abs(homeZ))).toBeLessThan(worldHalfMm);
  }
});

test('away from its place a bot gets there', () => {
  const wander = createWander(game, createRandom(2), 200);
  const intent: Intent = { moveX: 0, moveZ: 0, aim: 0, buttons: 0, inputs: {} };
  let x = wander.homeX + 100_000;
  let z = wander.homeZ - 40_000;
  for (let tick = 0; tick < 60 * 60; tick++) {
    updateWander(wander, (tick * 1000) / 60, x, z, intent);
    x += intent.moveX;
    z += intent.moveZ;
  }
  expect(Math.hypot(x - wander.homeX, z - wander.homeZ)).toBeLessThan(50_000);
});

test('a crowd lives where all of it stays within the distance asked for, however many they are', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const { homeX, homeZ } = createWander(game, createRandom(seed), 5_000, 50_000);
    expect(Math.hypot(homeX, homeZ), `seed ${seed}`).toBeLessThanOrEqual(35_000);
  }
});
