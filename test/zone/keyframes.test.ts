import { expect, test } from 'vitest';
import { advanceTick, createWorld, resetWorld, spawnEntity, worldBytes, worldTick } from '../../src/sim/world.ts';
import { createKeyframes, loadKeyframe, resetKeyframes, writeKeyframe } from '../../src/zone/keyframes.ts';
import { testGame } from './harness.ts';

function make() {
  const world = createWorld(testGame.allColumns, 8);
  resetWorld(world, 1);
  const half = Math.ceil((worldBytes(testGame.allColumns, 8) + 8) / 8) * 8;
  const buffer = new SharedArrayBuffer(2 * half);
  return { world, buffer, keyframes: createKeyframes(buffer, world) };
}

test('fresh memory holds no keyframe', () => {
  const { world, keyframes } = make();
  expect(loadKeyframe(keyframes, world)).toBe(false);
});

test('the newest whole keyframe is loaded, the one being written never', () => {
  const { world, buffer, keyframes } = make();
  for (let tick = 1; tick <= 5; tick++) {
    advanceTick(world);
    if (tick === 4) spawnEntity(world, 1);
    writeKeyframe(keyframes, world);
  }
  const found = createWorld(testGame.allColumns, 8);
  expect(loadKeyframe(createKeyframes(buffer, found), found)).toBe(true);
  expect([...found.words]).toEqual([...world.words]);
  // The thread dies while it writes tick 5 again over the half of tick 5: tick 4 is what is left.
  Atomics.store(keyframes.stamps, keyframes.stampAt[1]!, -1);
  expect(loadKeyframe(keyframes, found)).toBe(true);
  expect(worldTick(found)).toBe(4);
  resetKeyframes(keyframes);
  expect(loadKeyframe(keyframes, found)).toBe(false);
});
