// A zone without rules for snapshot tests: a world of probe columns whose entities spawn, despawn, stand still for
// seconds, walk, teleport and take extreme values, all drawn from a seed; with everything an edge has beside it.

import { createCounters } from '../../src/base/counters.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import type { ColumnType } from '../../src/sim/columns.ts';
import { createGrid, type Grid } from '../../src/sim/grid.ts';
import {
  createHistory,
  frameOffset,
  frameSlotCount,
  GENERATION,
  type History,
  historyBytes,
  KIND,
  publishFrame,
  ROWS,
} from '../../src/sim/history.ts';
import { advanceTick, createWorld, despawnEntity, resetWorld, spawnEntity, type World } from '../../src/sim/world.ts';
import { createEntityEncoder, type EntityEncoder } from '../../src/snapshot/entity-encoder.ts';
import { createInterest } from '../../src/snapshot/interest.ts';
import { createPacker, type Packer } from '../../src/snapshot/packer.ts';
import { PROBE_COLUMNS, PROBE_ROWS } from '../wire/probe-schema.ts';

export const NAME_BYTES = 9;

export interface RandomZone {
  readonly random: Random;
  readonly world: World;
  readonly history: History;
  readonly names: Uint8Array;
  readonly encoder: EntityEncoder;
  readonly grid: Grid;
  readonly packer: Packer;
  readonly radiusMm: number;
  /** Half of the square in which entities appear and walk. */
  readonly halfMm: number;
  readonly players: readonly number[];
  /** By slot: what the entity does until `untilTick`. */
  readonly moods: Int32Array;
  readonly untilTick: Int32Array;
}

export interface RandomZoneOptions {
  readonly seed: number;
  readonly capacity: number;
  readonly players: number;
  readonly entities: number;
  readonly radiusMm: number;
  readonly halfMm: number;
}

/** Moods: stands still, walks, walks while all its values change. */
const STILL = 0;
const WILD = 2;
const MOOD_COUNT = 3;

export function createRandomZone(options: RandomZoneOptions): RandomZone {
  const { capacity, radiusMm, halfMm } = options;
  const world = createWorld(PROBE_COLUMNS, capacity);
  resetWorld(world, options.seed);
  const history = createHistory(PROBE_ROWS, capacity, new SharedArrayBuffer(historyBytes(PROBE_ROWS, capacity)));
  const names = new Uint8Array(capacity * NAME_BYTES);
  const encoder = createEntityEncoder(history, names, NAME_BYTES);
  const grid = createGrid(history, Math.ceil(radiusMm * 1.1));
  const players: number[] = [];
  const zone: RandomZone = {
    random: createRandom(options.seed),
    world,
    history,
    names,
    encoder,
    grid,
    packer: createPacker(encoder, createInterest(grid, radiusMm, undefined), createCounters('edge')),
    radiusMm,
    halfMm,
    players,
    moods: new Int32Array(capacity),
    untilTick: new Int32Array(capacity),
  };
  for (let count = 0; count < options.players; count++) players.push(spawnRandom(zone, 1));
  for (let count = 0; count < options.entities; count++) spawnRandom(zone, 2 + zone.random.below(254));
  return zone;
}

function placeMm({ random, halfMm }: RandomZone): number {
  return (random.below(2 * halfMm + 1) - halfMm) << 7;
}

export function spawnRandom(zone: RandomZone, kind: number): number {
  const { world, random, names } = zone;
  const slot = spawnEntity(world, kind);
  if (slot < 0) return slot;
  const { columns } = world;
  columns.positionX[slot] = placeMm(zone) + random.below(128);
  columns.positionZ[slot] = placeMm(zone) + random.below(128);
  zone.untilTick[slot] = 0;
  const length = kind === 1 ? 3 + random.below(NAME_BYTES - 3) : 0;
  names[slot * NAME_BYTES] = length;
  for (let index = 1; index <= length; index++) names[slot * NAME_BYTES + index] = 97 + random.below(26);
  return slot;
}

const RANGES: Readonly<Record<ColumnType, readonly [number, number]>> = {
  u8: [0, 0xff],
  u16: [0, 0xffff],
  i16: [-0x8000, 0x7fff],
  u31: [0, 0x7fff_ffff],
  i32: [-0x8000_0000, 0x7fff_ffff],
};

/** A value of a column's range: an end, near an end, or anything. */
export function randomValue(random: Random, type: ColumnType): number {
  const [min, max] = RANGES[type];
  const choice = random.below(6);
  if (choice === 0) return min;
  if (choice === 1) return max;
  if (choice === 2) return Math.max(min, Math.min(max, random.below(3) - 1));
  return min + random.below(max - min + 1);
}

const OWN_COLUMNS = ['level', 'heading', 'heat', 'score', 'depth', 'cargo', 'secret', 'mood', 'debt'] as const;
const ENGINE_VALUES = ['facing', 'velocityX', 'velocityY', 'velocityZ', 'positionY'] as const;

export function setRandomColumns(zone: RandomZone, slot: number): void {
  const { random, world } = zone;
  for (const name of [...OWN_COLUMNS, ...ENGINE_VALUES]) {
    if (random.below(3) > 0) continue;
    world.columns[name]![slot] = randomValue(random, PROBE_COLUMNS[name].type);
  }
}

function moveEntity(zone: RandomZone, slot: number, tick: number): void {
  const { random, world, moods, untilTick } = zone;
  const { positionX, positionZ } = world.columns;
  if (untilTick[slot]! <= tick) {
    moods[slot] = random.below(MOOD_COUNT);
    // Longer than a baseline lives, now and then.
    untilTick[slot] = tick + 1 + random.below(random.below(4) === 0 ? 300 : 40);
    if (random.below(10) === 0) {
      positionX[slot] = random.below(4) === 0 ? 1_280_000_000 : placeMm(zone);
      positionZ[slot] = random.below(4) === 0 ? -1_280_000_000 : placeMm(zone);
    }
  }
  if (moods[slot] === STILL) return;
  if (moods[slot] === WILD) setRandomColumns(zone, slot);
  // A speed that crosses what a player sees in a second or so.
  const direction = slot & 3;
  const step = (zone.radiusMm >> 5) * 128 + random.below(128);
  const column = direction < 2 ? positionX : positionZ;
  const next = column[slot]! + (((tick >> 6) + direction) % 2 === 0 ? step : -step);
  column[slot] = Math.abs(next) >> 7 > zone.halfMm ? placeMm(zone) : next;
}

/** One tick of random life, published. Players never die. */
export function liveTick(zone: RandomZone): number {
  const { world, random, players } = zone;
  const tick = advanceTick(world);
  const count = world.capacity;
  for (let slot = 0; slot < count; slot++) {
    if (world.columns.kind[slot] === 0) {
      if (random.below(40) === 0) spawnRandom(zone, 2 + random.below(254));
    } else if (!players.includes(slot) && random.below(200) === 0) {
      despawnEntity(world, slot);
      // Taken again at once, half of the time: clients must notice by the generation alone.
      if (random.below(2) === 0) spawnRandom(zone, 2 + random.below(254));
    } else moveEntity(zone, slot, tick);
  }
  publishFrame(zone.history, world);
  return tick;
}

/** One tick in which nothing happens. */
export function restTick(zone: RandomZone): number {
  const tick = advanceTick(zone.world);
  publishFrame(zone.history, zone.world);
  return tick;
}

export interface Truth {
  readonly kind: number;
  readonly generation: number;
  readonly name: string;
  readonly values: readonly number[];
}

/** An entity as the history of `tick` has it, without what `isOwner` may not know. */
export function readTruth(zone: RandomZone, tick: number, slot: number, isOwner: boolean): Truth {
  const { history, names } = zone;
  const { records, stride, rows } = history;
  const at = frameOffset(history, tick) + slot * stride;
  const length = names[slot * NAME_BYTES]!;
  const from = slot * NAME_BYTES + 1;
  return {
    kind: records[at + KIND]!,
    generation: records[at + GENERATION]!,
    name: String.fromCharCode(...names.subarray(from, from + length)),
    values: rows.map((row, index) => (row.ownerOnly && !isOwner ? 0 : records[at + ROWS + index]!)),
  };
}

export function isAlive(zone: RandomZone, tick: number, slot: number): boolean {
  const { history } = zone;
  if (slot >= frameSlotCount(history, tick)) return false;
  return history.records[frameOffset(history, tick) + slot * history.stride + KIND] !== 0;
}
