// The state of a zone: one stretch of int32 words in a caller's buffer, usually shared memory. A header, then one
// Int32Array a column. All there is to know about a zone between two ticks lies in it, but for inputs that wait for
// their tick (pending-inputs.ts); so copying, hashing and restoring it is a walk over words.
// Written by the zone thread alone. Others read the history (history.ts), never this.
//
//   words: [0] tick  [1] slots in use  [2] entities alive  [3…6] random  [7…8] texts to all  [9…15] zero | column 0 | column 1 | …

import { assert } from '../base/assert.ts';
import { nextRandom, RANDOM_WORDS, seedRandom, stirRandom } from '../base/random.ts';
import type { ColumnSpecs, EngineColumns } from './columns.ts';

const HEADER_WORDS = 16;
const TICK = 0;
const SLOT_COUNT = 1;
const ALIVE_COUNT = 2;
const RANDOM = 3;
/** Places in `words` of what texts to the whole zone cost those who hear them, and as of which tick. The guard's. */
export const ZONE_HEARD_COST = 7;
export const ZONE_HEARD_TICK = 8;

assert(RANDOM + RANDOM_WORDS <= ZONE_HEARD_COST, 'the generator fits its place in the header');

export interface World {
  readonly capacity: number;
  /** The whole state. */
  readonly words: Int32Array;
  readonly columns: EngineColumns & Readonly<Record<string, Int32Array>>;
  readonly columnList: readonly Int32Array[];
  /** No free slot is below it. Derived: a pure function of which slots are free, so not part of the state. */
  freeHint: number;
  /** No slot from it on was ever taken: all its columns are zero. Derived from the generations. */
  slotsEver: number;
}

export function worldBytes(specs: ColumnSpecs, capacity: number): number {
  return (HEADER_WORDS + Object.keys(specs).length * capacity) * 4;
}

/** A view of `buffer` as a world; what lies there already is kept. */
export function createWorld(
  specs: ColumnSpecs,
  capacity: number,
  buffer: ArrayBufferLike = new ArrayBuffer(worldBytes(specs, capacity)),
): World {
  assert(buffer.byteLength >= worldBytes(specs, capacity), 'the buffer holds the world');
  assert(capacity >= 1 && capacity <= 65_536, 'a slot is 16 bits');
  const columns: Record<string, Int32Array> = {};
  let offset = HEADER_WORDS * 4;
  for (const name of Object.keys(specs)) {
    columns[name] = new Int32Array(buffer, offset, capacity);
    offset += capacity * 4;
  }
  return {
    capacity,
    words: new Int32Array(buffer, 0, offset / 4),
    columns: columns as World['columns'],
    columnList: Object.values(columns),
    freeHint: 0,
    slotsEver: countSlotsEver((columns as World['columns']).generation),
  };
}

/** A slot that was taken once has a generation for ever. */
function countSlotsEver(generations: Int32Array): number {
  let slot = generations.length;
  while (slot > 0 && generations[slot - 1] === 0) slot--;
  return slot;
}

/**
 * Empties the world; generations are kept, so that a handle from before stays dead.
 * @param secret RANDOM_WORDS of them: the seed makes the map and is told to clients, what falls by chance is not theirs to
 * compute. Without it the same seed gives the same chances.
 */
export function resetWorld(world: World, seed: number, secret?: Uint32Array): void {
  const generations = world.columns.generation.slice();
  world.words.fill(0);
  world.columns.generation.set(generations);
  world.freeHint = 0;
  seedRandom(world.words, RANDOM, seed);
  if (secret !== undefined) stirRandom(world.words, RANDOM, secret);
}

/** Copies a state of the same layout in. */
export function restoreWorld(world: World, words: Int32Array): void {
  assert(words.length === world.words.length, 'the saved state has this world’s layout');
  world.words.set(words);
  world.freeHint = 0;
  world.slotsEver = countSlotsEver(world.columns.generation);
}

export function worldTick(world: World): number {
  return world.words[TICK]!;
}

export function advanceTick(world: World): number {
  // 414 days at 60 Hz: beyond it ticks would turn negative, on the wire and in the rings.
  assert(world.words[TICK]! < 0x7fff_ffff, 'a zone is started afresh before its ticks run out');
  return ++world.words[TICK]!;
}

export function setWorldTick(world: World, tick: number): void {
  world.words[TICK] = tick;
}

export function slotCount(world: World): number {
  return world.words[SLOT_COUNT]!;
}

export function aliveCount(world: World): number {
  return world.words[ALIVE_COUNT]!;
}

export function worldRandom(world: World): number {
  return nextRandom(world.words, RANDOM);
}

/**
 * Takes the lowest free slot and zeroes its columns; −1 when there is none. Lowest first keeps the slots dense and
 * makes the choice a function of the state, not of the order in which slots were freed.
 */
export function spawnEntity(world: World, kind: number): number {
  assert(kind >= 1 && kind <= 255, 'a kind is from 1 to 255');
  const kinds = world.columns.kind;
  let slot = world.freeHint;
  while (slot < world.capacity && kinds[slot] !== 0) slot++;
  world.freeHint = slot;
  if (slot === world.capacity) return -1;
  const generation = (world.columns.generation[slot]! + 1) & 0x7fff || 1;
  for (let index = 0; index < world.columnList.length; index++) world.columnList[index]![slot] = 0;
  world.columns.generation[slot] = generation;
  kinds[slot] = kind;
  world.freeHint = slot + 1;
  if (slot >= world.slotsEver) world.slotsEver = slot + 1;
  world.words[ALIVE_COUNT]!++;
  if (slot >= world.words[SLOT_COUNT]!) world.words[SLOT_COUNT] = slot + 1;
  return slot;
}

export function despawnEntity(world: World, slot: number): void {
  const kinds = world.columns.kind;
  assert(kinds[slot] !== 0, 'a despawned entity is alive');
  const generation = world.columns.generation[slot]!;
  for (let index = 0; index < world.columnList.length; index++) world.columnList[index]![slot] = 0;
  world.columns.generation[slot] = generation;
  world.words[ALIVE_COUNT]!--;
  if (slot < world.freeHint) world.freeHint = slot;
  let count = world.words[SLOT_COUNT]!;
  while (count > 0 && kinds[count - 1] === 0) count--;
  world.words[SLOT_COUNT] = count;
}

/** Id of the player whose entity it is; 0 = nobody's. */
export function playerIdOf(world: World, slot: number): number {
  return world.columns.playerHigh[slot]! * 0x1_0000_0000 + (world.columns.playerLow[slot]! >>> 0);
}

/** 31 bits: generation (15) and slot (16). Never 0, since generations of the living start at 1. */
export function entityHandle(world: World, slot: number): number {
  return (world.columns.generation[slot]! << 16) | slot;
}

/** Slot of a living entity, or −1 for a handle that is dead, recycled or nonsense. */
export function findSlot(world: World, handle: number): number {
  const slot = handle & 0xffff;
  if (slot >= world.capacity || world.columns.kind[slot] === 0) return -1;
  return world.columns.generation[slot] === handle >>> 16 ? slot : -1;
}
