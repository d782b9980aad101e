import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import {
  advanceTick,
  createWorld,
  despawnEntity,
  resetWorld,
  slotCount,
  spawnEntity,
  worldBytes,
  worldTick,
} from '../../src/sim/world.ts';
import { createKeyframes, loadKeyframe, resetKeyframes, writeKeyframe } from '../../src/zone/keyframes.ts';
import { testGame } from './harness.ts';

function make(capacity = 8) {
  const world = createWorld(testGame.allColumns, capacity);
  resetWorld(world, 1);
  const half = Math.ceil((worldBytes(testGame.allColumns, capacity) + 8) / 8) * 8;
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

test('whatever comes and goes: a keyframe is the whole world, also in memory that was used before', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = createRandom(seed);
    const capacity = 1 + random.below(1_500);
    const { world, buffer } = make(capacity);
    if (random.below(2) === 0) new Int32Array(buffer).fill(-1);
    let keyframes = createKeyframes(buffer, world);
    resetKeyframes(keyframes);
    const found = createWorld(testGame.allColumns, capacity);
    for (let tick = 1; tick <= 30; tick++) {
      advanceTick(world);
      for (let count = random.below(200); count > 0; count--) {
        const slot = random.below(capacity);
        if (world.columns.kind[slot] !== 0) despawnEntity(world, slot);
        else spawnEntity(world, 1 + random.below(3));
      }
      const slots = slotCount(world);
      if (slots > 0) world.columnList.at(-1)![random.below(slots)] = tick;
      writeKeyframe(keyframes, world);
      expect(loadKeyframe(createKeyframes(buffer, found), found), `seed ${seed}, tick ${tick}`).toBe(true);
      expect(Buffer.compare(Buffer.from(found.words.buffer), Buffer.from(world.words.buffer)), `seed ${seed}`).toBe(0);
      if (random.below(10) > 0) continue;
      // The zone's thread dies: another one goes on from the newest, or from the one before it.
      if (tick > 1 && random.below(2) === 0)
        Atomics.store(keyframes.stamps, keyframes.stampAt[worldTick(world) & 1]!, -1);
      keyframes = createKeyframes(buffer, world);
      expect(loadKeyframe(keyframes, world)).toBe(true);
    }
  }
});
