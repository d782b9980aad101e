// The state at the end of the last whole tick, kept twice in shared memory, written in turn: whenever the zone thread
// dies, one of them is complete, and the next thread goes on from it. Zone thread writes; the one after it reads.
//
//   half: i32 tick, −1 while it is written | i32 zero | words of the world

import { assert } from '../base/assert.ts';
import { restoreWorld, type World, worldTick } from '../sim/world.ts';

export interface Keyframes {
  readonly stamps: Int32Array;
  readonly stampAt: readonly [number, number];
  readonly halves: readonly [Int32Array, Int32Array];
}

export function createKeyframes(buffer: SharedArrayBuffer, world: World): Keyframes {
  const half = buffer.byteLength / 2;
  assert(half % 8 === 0 && half >= world.words.byteLength + 8, 'the buffer holds two keyframes');
  return {
    stamps: new Int32Array(buffer),
    stampAt: [0, half / 4],
    halves: [new Int32Array(buffer, 8, world.words.length), new Int32Array(buffer, half + 8, world.words.length)],
  };
}

/** Voids both: for a zone that starts anew in memory that was used before. */
export function resetKeyframes(keyframes: Keyframes): void {
  for (const at of keyframes.stampAt) Atomics.store(keyframes.stamps, at, -1);
}

/** Does not allocate. */
export function writeKeyframe(keyframes: Keyframes, world: World): void {
  const tick = worldTick(world);
  const which = tick & 1;
  const at = keyframes.stampAt[which]!;
  Atomics.store(keyframes.stamps, at, -1);
  keyframes.halves[which]!.set(world.words);
  Atomics.store(keyframes.stamps, at, tick);
}

/** Puts the newest complete keyframe into the world; false when there is none. */
export function loadKeyframe(keyframes: Keyframes, world: World): boolean {
  const ticks = keyframes.stampAt.map((at) => Atomics.load(keyframes.stamps, at));
  const which = ticks[0]! > ticks[1]! ? 0 : 1;
  // Shared memory starts as zeros: a stamp of 0 is no keyframe, since the first tick is 1.
  if (ticks[which]! <= 0) return false;
  restoreWorld(world, keyframes.halves[which]!);
  return true;
}
