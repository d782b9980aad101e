// The state at the end of the last whole tick, kept twice in shared memory, written in turn: whenever the zone thread
// dies, one of them is complete, and the next thread goes on from it. Zone thread writes; the one after it reads.
// What no entity ever lay in is zero and copied once: a zone with room for thousands costs what is in it.
//
//   half: i32 tick, −1 while it is written | i32 zero | words of the world

import { assert } from '../base/assert.ts';
import { restoreWorld, type World, worldTick } from '../sim/world.ts';

/** A run of words, here and in the world it is copied from. */
interface Block {
  /** The first slot that lies in it. */
  readonly firstSlot: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
}

interface Half {
  readonly words: Int32Array;
  /** Of the words before the columns, then of each column, `BLOCK_SLOTS` a block, lowest slots first. */
  readonly blocks: readonly Block[];
  /** Whether this thread has copied it whole: before, anything may lie there. */
  isWhole: boolean;
}

export interface Keyframes {
  readonly stamps: Int32Array;
  readonly stampAt: readonly [number, number];
  readonly halves: readonly [Half, Half];
}

/** Of a column, in one copy: few calls, and little that isn't in use. */
const BLOCK_SLOTS = 512;

export function createKeyframes(buffer: SharedArrayBuffer, world: World): Keyframes {
  const half = buffer.byteLength / 2;
  assert(half % 8 === 0 && half >= world.words.byteLength + 8, 'the buffer holds two keyframes');
  return {
    stamps: new Int32Array(buffer),
    stampAt: [0, half / 4],
    halves: [createHalf(buffer, 8, world), createHalf(buffer, half + 8, world)],
  };
}

function createHalf(buffer: SharedArrayBuffer, offset: number, world: World): Half {
  const words = new Int32Array(buffer, offset, world.words.length);
  const blocks: Block[] = [];
  const add = (firstSlot: number, from: number, end: number): void =>
    void blocks.push({ firstSlot, from: world.words.subarray(from, end), to: words.subarray(from, end) });
  const [firstColumn] = world.columnList;
  add(-1, 0, (firstColumn!.byteOffset - world.words.byteOffset) / 4);
  for (let slot = 0; slot < world.capacity; slot += BLOCK_SLOTS) {
    const slots = Math.min(BLOCK_SLOTS, world.capacity - slot);
    for (const column of world.columnList) {
      const at = (column.byteOffset - world.words.byteOffset) / 4 + slot;
      add(slot, at, at + slots);
    }
  }
  return { words, blocks, isWhole: false };
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
  copyWorld(keyframes.halves[which]!, world);
  Atomics.store(keyframes.stamps, at, tick);
}

function copyWorld(half: Half, world: World): void {
  if (!half.isWhole) {
    half.words.set(world.words);
    half.isWhole = true;
    return;
  }
  const { blocks } = half;
  for (let index = 0; index < blocks.length && blocks[index]!.firstSlot < world.slotsEver; index++) {
    blocks[index]!.to.set(blocks[index]!.from);
  }
}

/** Puts the newest complete keyframe into the world; false when there is none. */
export function loadKeyframe(keyframes: Keyframes, world: World): boolean {
  const ticks = keyframes.stampAt.map((at) => Atomics.load(keyframes.stamps, at));
  const which = ticks[0]! > ticks[1]! ? 0 : 1;
  // Shared memory starts as zeros: a stamp of 0 is no keyframe, since the first tick is 1.
  if (ticks[which]! <= 0) return false;
  restoreWorld(world, keyframes.halves[which]!.words);
  // The other half may be newer, and hold more than this world ever had.
  for (const half of keyframes.halves) half.isWhole = false;
  return true;
}
