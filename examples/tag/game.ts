// Tag: one player is "it" and passes that on by touch. A whole game in one file, against the engine's seam alone; it
// shows each part of it once. Run it:  npm start -- --game examples/tag/game.ts     docs/your-own-game.md explains it.

import { defineGame, isqrt, POSITION_SHIFT, type Simulation } from '../../src/sim/game.ts';

const HALF_MM = 30_000;
const RADIUS_MM = 500;
const MOVE_MAX = 127;
/** Whoever was tagged cannot be tagged back at once, and may not tag on before. */
const IMMUNE_TICKS = 90;
const TAUNT_TICKS = 120;
/** Positions are in 1/128 mm: 6 m/s is 100 mm a tick, whoever is "it" runs at 6.6 m/s. */
const RUN_STEP = 100 << POSITION_SHIFT;
const CHASE_STEP = 110 << POSITION_SHIFT;
const EDGE = (HALF_MM - RADIUS_MM) << POSITION_SHIFT;
const TOUCH = (2 * RADIUS_MM) << POSITION_SHIFT;

const columns = {
  it: { type: 'u8', seenBy: 'everyone', field: 16, comment: '1 = has to catch the others' },
  immuneTicks: { type: 'u16', seenBy: 'nobody', comment: 'ticks until the player can be tagged or tag' },
  tauntTicks: { type: 'u16', seenBy: 'nobody', comment: 'ticks until the player may taunt again' },
  tags: { type: 'u31', seenBy: 'owner', field: 17, saved: true, comment: 'players tagged so far' },
} as const;

type Tag = Simulation<typeof columns, null>;

const HANDLE = { type: 'int', min: 0, max: 0x7fff_ffff } as const;

/** Clients run this too, so it uses only what a player's own client knows: no random, no hidden columns, no others. */
function run(sim: Tag): void {
  const { kind, positionX, positionZ, velocityX, velocityZ, facing, aim, moveX, moveZ, it } = sim.columns;
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (kind[slot] === 0) continue;
    const x = moveX[slot]!;
    const z = moveZ[slot]!;
    const squared = x * x + z * z;
    const length = squared <= MOVE_MAX * MOVE_MAX ? MOVE_MAX : isqrt(squared) + 1;
    const step = it[slot] === 1 ? CHASE_STEP : RUN_STEP;
    const stepX = Math.trunc((x * step) / length);
    const stepZ = Math.trunc((z * step) / length);
    positionX[slot] = clamp(positionX[slot]! + stepX);
    positionZ[slot] = clamp(positionZ[slot]! + stepZ);
    velocityX[slot] = Math.trunc((stepX * 3) / 64);
    velocityZ[slot] = Math.trunc((stepZ * 3) / 64);
    const turn = ((aim[slot]! - facing[slot]!) << 16) >> 16;
    facing[slot] = (facing[slot]! + Math.max(-2184, Math.min(turn, 2184))) & 0xffff;
  }
}

function clamp(position: number): number {
  return Math.max(-EDGE, Math.min(position, EDGE));
}

function touch(sim: Tag): void {
  const { kind, positionX, positionZ, it, immuneTicks, tauntTicks } = sim.columns;
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (immuneTicks[slot]! > 0) immuneTicks[slot]!--;
    if (tauntTicks[slot]! > 0) tauntTicks[slot]!--;
  }
  const by = findIt(sim);
  if (by < 0 || immuneTicks[by]! > 0) return;
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (kind[slot] === 0 || slot === by || immuneTicks[slot]! > 0) continue;
    const dx = positionX[slot]! - positionX[by]!;
    const dz = positionZ[slot]! - positionZ[by]!;
    if (dx * dx + dz * dz > TOUCH * TOUCH) continue;
    sim.columns.tags[by]!++;
    it[by] = 0;
    it[slot] = 1;
    immuneTicks[by] = IMMUNE_TICKS;
    immuneTicks[slot] = IMMUNE_TICKS;
    sim.emit('tagged', -1, { by: sim.handle(by), whom: sim.handle(slot) });
    return;
  }
}

function findIt(sim: Tag): number {
  const { kind, it } = sim.columns;
  for (let slot = 0; slot < sim.slotCount; slot++) if (kind[slot] !== 0 && it[slot] === 1) return slot;
  return -1;
}

function join(sim: Tag, slot: number, isNew: boolean): void {
  const { positionX, positionZ, it } = sim.columns;
  if (isNew) {
    positionX[slot] = clamp(((sim.random() % (2 * HALF_MM)) - HALF_MM) << POSITION_SHIFT);
    positionZ[slot] = clamp(((sim.random() % (2 * HALF_MM)) - HALF_MM) << POSITION_SHIFT);
  }
  if (findIt(sim) < 0) it[slot] = 1;
}

/** Whoever is "it" and leaves hands it on to one of those who stay. */
function leave(sim: Tag, leaving: number): void {
  const { kind, it, immuneTicks } = sim.columns;
  if (it[leaving] === 0) return;
  it[leaving] = 0;
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (kind[slot] === 0 || slot === leaving) continue;
    it[slot] = 1;
    immuneTicks[slot] = IMMUNE_TICKS;
    sim.emit('tagged', -1, { by: sim.handle(leaving), whom: sim.handle(slot) });
    return;
  }
}

export const game = defineGame<typeof columns, null>({
  name: 'tag',
  version: 1,
  kinds: { player: 1 },
  columns,
  limits: { speedMmPerS: 6600, turnPerS: 131_072, worldHalfMm: HALF_MM, interestRadiusMm: 60_000 },
  createMap: () => null,
  systems: [
    { name: 'run', predicted: true, run },
    { name: 'touch', run: touch },
  ],
  requests: {
    taunt: {
      field: 16,
      fields: { how: { field: 1, type: 'int', min: 0, max: 3, comment: 'which of the four gestures' } },
      run(sim, slot, values) {
        if (sim.columns.it[slot] === 1) return 'you_are_it';
        if (sim.columns.tauntTicks[slot]! > 0) return 'too_soon';
        sim.columns.tauntTicks[slot] = TAUNT_TICKS;
        sim.emit('taunted', -1, { by: sim.handle(slot), how: values.how! });
        return '';
      },
    },
  },
  events: {
    tagged: { field: 16, fields: { by: { field: 1, ...HANDLE }, whom: { field: 2, ...HANDLE } } },
    taunted: { field: 17, fields: { by: { field: 1, ...HANDLE }, how: { field: 2, type: 'int', min: 0, max: 3 } } },
  },
  join,
  leave,
  view: {
    kinds: { player: { colour: '#5aa05a', radiusMm: RADIUS_MM } },
    help: 'WASD to run. Red is it: keep away, or touch someone if it is you',
    tint: ({ it }) => (it === 1 ? '#d04040' : undefined),
  },
});
