// What all servers of bench/peers do alike, so that only how they do it differs: N players walk in an open field, 60
// inputs a second up, 20 snapshots a second down, 60 ticks a second. Pure; the servers, their clients and the runner
// share it, and it is bundled for Node 14 too (nengi), so nothing here is younger than that.

import { createRandom, type Random } from '../../src/base/random.ts';

export const TICK_HZ = 60;
export const TICK_MS = 1000 / TICK_HZ;
export const SNAPSHOT_HZ = 20;
export const TICKS_PER_SNAPSHOT = TICK_HZ / SNAPSHOT_HZ;

/** `near`: each sees about 50 others, those within 50 m. `all`: everyone sees everyone. */
export const VARIANTS = ['near', 'all'] as const;
export type Variant = (typeof VARIANTS)[number];

const VISIBLE = 50;
const NEAR_RADIUS_CM = 5_000;
const ALL_RADIUS_CM = 10_000;
/** Small enough that its corners see each other. */
const ALL_HALF_CM = 3_000;
/** Players stay about places in this share of the field (tools/swarm/wander.ts). */
const PLACES_SHARE = 0.9;
/** Positions go over the wire as centimetres in 16 bits, wherever a peer lets us choose. */
export const HALF_CM_MAX = 32_767;

const WALK_CM_PER_S = 500;
const RUN_CM_PER_S = 750;
const MOVE_MAX = 127;
export const BUTTON_RUN = 1;

export interface Field {
  readonly variant: Variant;
  readonly players: number;
  readonly seed: number;
  /** Positions stay within ± this. */
  readonly halfCm: number;
  readonly radiusCm: number;
}

export function createField(variant: Variant, players: number, seed: number): Field {
  const radiusCm = variant === 'near' ? NEAR_RADIUS_CM : ALL_RADIUS_CM;
  const placesCm = variant === 'near' ? findSideCm(players, radiusCm) / 2 : ALL_HALF_CM;
  const halfCm = Math.ceil(placesCm / PLACES_SHARE);
  if (halfCm > HALF_CM_MAX) throw new Error(`a field for ${players} players is wider than 16 bits of centimetres`);
  return { variant, players, seed, halfCm, radiusCm };
}

/** Side of the square in which so many see 50 others on an average, those at its edges too, who see fewer. */
function findSideCm(players: number, radiusCm: number): number {
  // The share of pairs of points in a square of side 1 that are nearer than a, up to 1, is πa² − 8a³/3 + a⁴/2. It grows.
  const seen = (a: number): number => (players - 1) * (Math.PI * a ** 2 - (8 / 3) * a ** 3 + a ** 4 / 2);
  let low = 0;
  let high = 1;
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (seen(middle) < VISIBLE) low = middle;
    else high = middle;
  }
  return radiusCm / high;
}

/** What a client sends 60 times a second. */
export interface Input {
  moveX: number;
  moveZ: number;
  /** 65,536ths of a turn. */
  aim: number;
  buttons: number;
}

/** What others see of a player; positions in centimetres, not rounded. */
export interface Walker {
  x: number;
  z: number;
  aim: number;
  /** 0 stands, 1 walks, 2 runs. */
  state: number;
}

/** Whims of the player of this number: those of our bot of the same number (tools/swarm), so that all walk alike. */
export function createWhims({ seed }: Field, index: number): Random {
  return createRandom(((Math.imul(seed, 0x9e37_79b1) + index) >>> 0) ^ 0x5bd1_e995);
}

/**
 * The player as it appears: at the place that its whims will choose to be about (tools/swarm/wander.ts). From anywhere
 * else all would first run across the middle, and be a crowd there.
 */
export function createWalker(field: Field, index: number): Walker {
  const random = createWhims(field, index);
  const place = (): number => (random.fraction() * 2 - 1) * field.halfCm * PLACES_SHARE;
  return { x: place(), z: place(), aim: 0, state: 0 };
}

/** One tick of one player. */
export function walk(walker: Walker, input: Input, halfCm: number): void {
  const { moveX, moveZ } = input;
  const length = Math.max(MOVE_MAX, Math.sqrt(moveX * moveX + moveZ * moveZ));
  const isRunning = (input.buttons & BUTTON_RUN) !== 0;
  const stepCm = (isRunning ? RUN_CM_PER_S : WALK_CM_PER_S) / TICK_HZ / length;
  walker.x = Math.max(-halfCm, Math.min(walker.x + moveX * stepCm, halfCm));
  walker.z = Math.max(-halfCm, Math.min(walker.z + moveZ * stepCm, halfCm));
  walker.aim = input.aim & 0xffff;
  walker.state = moveX === 0 && moveZ === 0 ? 0 : isRunning ? 2 : 1;
}

/** Who is near: a grid of cells as wide as one sees, filled anew once a tick. */
export interface Grid<T extends Walker> {
  fill(walkers: Iterable<T>): void;
  /** All within the radius, oneself too. */
  visit(from: Walker, run: (other: T) => void): void;
}

export function createGrid<T extends Walker>({ halfCm, radiusCm }: Field): Grid<T> {
  const side = Math.ceil((2 * halfCm) / radiusCm) + 1;
  const cells: T[][] = Array.from({ length: side * side }, () => []);
  const cellOf = (position: number): number => Math.floor((position + halfCm) / radiusCm);
  return {
    fill(walkers) {
      for (const cell of cells) cell.length = 0;
      for (const walker of walkers) cells[cellOf(walker.z) * side + cellOf(walker.x)]!.push(walker);
    },
    visit(from, run) {
      const cellX = cellOf(from.x);
      const cellZ = cellOf(from.z);
      for (let z = Math.max(0, cellZ - 1); z <= Math.min(cellZ + 1, side - 1); z++) {
        for (let x = Math.max(0, cellX - 1); x <= Math.min(cellX + 1, side - 1); x++) {
          for (const other of cells[z * side + x]!) {
            const dx = other.x - from.x;
            const dz = other.z - from.z;
            if (dx * dx + dz * dz <= radiusCm * radiusCm) run(other);
          }
        }
      }
    },
  };
}
