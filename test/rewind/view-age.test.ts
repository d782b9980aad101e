import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REWIND_TICKS_MAX } from '../../src/base/limits.ts';
import { clampViewAge, REWIND_SCALE, rewindOf, trackRewind } from '../../src/rewind/view-age.ts';
import { ENGINE_COLUMNS } from '../../src/sim/columns.ts';
import { createWorld, resetWorld, slotCount, spawnEntity, type World } from '../../src/sim/world.ts';

function onePlayer(): World {
  const world = createWorld(ENGINE_COLUMNS, 2);
  resetWorld(world, 1);
  world.columns.client[spawnEntity(world, 1)] = 1;
  return world;
}

function run(world: World, tick: number, viewAge: number): void {
  world.columns.inputTick[0] = tick;
  world.columns.viewAge[0] = viewAge;
  trackRewind(world, slotCount(world), tick);
}

test('the age that is believed lies near that of the acknowledged snapshot, and is none without one', () => {
  fc.assert(
    fc.property(fc.nat({ max: 255 }), fc.nat({ max: 300 }), (viewAge, ackAge) => {
      const believed = clampViewAge(viewAge, ackAge);
      if (ackAge === 0) return believed === 0;
      const isNear = viewAge >= ackAge - 8 && viewAge <= ackAge + 18;
      const least = Math.max(1, ackAge - 8);
      return isNear ? believed === Math.max(1, viewAge) : believed === least || believed === ackAge + 18;
    }),
  );
});

test('the first input sets the rewind, at most 250 ms', () => {
  for (const [age, ticks] of [
    [6, 6],
    [15, 15],
    [16, REWIND_TICKS_MAX],
    [255, REWIND_TICKS_MAX],
  ] as const) {
    const world = onePlayer();
    run(world, 1, age);
    expect(rewindOf(world, 0)).toBe(ticks);
  }
});

test('a claim for one shot moves the judgement of that shot by nothing', () => {
  const world = onePlayer();
  for (let tick = 1; tick < 100; tick++) run(world, tick, 6);
  run(world, 100, 15);
  expect(rewindOf(world, 0)).toBe(6);
  run(world, 101, 1);
  expect(rewindOf(world, 0)).toBe(6);
});

test('no way down to the present and back is quicker than any other', () => {
  const world = onePlayer();
  run(world, 1, 6);
  for (let tick = 2; tick < 200; tick++) run(world, tick, 1);
  expect(rewindOf(world, 0)).toBe(1);
  run(world, 200, 15);
  expect(rewindOf(world, 0)).toBe(1);
});

test('an input that claims nothing leaves the rewind as it is, and does not set it', () => {
  const world = onePlayer();
  run(world, 1, 0);
  run(world, 2, 9);
  for (let tick = 3; tick < 300; tick++) run(world, tick, 0);
  expect(rewindOf(world, 0)).toBe(9);
});

test('a lasting change is followed at a sixteenth of a tick a tick, and a pause in the inputs changes nothing', () => {
  const world = onePlayer();
  run(world, 1, 4);
  for (let tick = 2; tick <= 1 + 8 * REWIND_SCALE; tick++) run(world, tick, 12);
  expect(rewindOf(world, 0)).toBe(12);
  world.columns.viewAge[0] = 0;
  trackRewind(world, slotCount(world), 5000);
  expect(rewindOf(world, 0)).toBe(12);
});
