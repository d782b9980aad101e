// The workload of bench/peers as a game module of ours: an open field, players that walk, nothing else. (Our own game
// has walls, creatures and combat, which the others here have not.) Server and bots load it by ./games/*.ts.

import { defineGame, isqrt, POSITION_SHIFT, type Simulation } from '../../src/sim/game.ts';
import { BUTTON_RUN, createField, createWalker, type Variant } from './workload.ts';

const MOVE_MAX = 127;
/** 5 and 7.5 m/s, in 1/128 mm a tick. */
const WALK_STEP = Math.trunc((5_000 << POSITION_SHIFT) / 60);
const RUN_STEP = Math.trunc((7_500 << POSITION_SHIFT) / 60);
const MM_PER_CM = 10;

const columns = {
  state: { type: 'u8', seenBy: 'everyone', field: 16, comment: '0 stands, 1 walks, 2 runs' },
} as const;

type FieldSimulation = Simulation<typeof columns, null>;

/** Clients predict with it. */
function move(sim: FieldSimulation, edge: number): void {
  const { kind, positionX, positionZ, velocityX, velocityZ, facing, aim, moveX, moveZ, buttons, state } = sim.columns;
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (kind[slot] === 0) continue;
    const x = moveX[slot]!;
    const z = moveZ[slot]!;
    const isRunning = (buttons[slot]! & BUTTON_RUN) !== 0;
    const step = isRunning ? RUN_STEP : WALK_STEP;
    const squared = x * x + z * z;
    const length = squared <= MOVE_MAX * MOVE_MAX ? MOVE_MAX : isqrt(squared) + 1;
    const stepX = Math.trunc((x * step) / length);
    const stepZ = Math.trunc((z * step) / length);
    positionX[slot] = Math.max(-edge, Math.min(positionX[slot]! + stepX, edge));
    positionZ[slot] = Math.max(-edge, Math.min(positionZ[slot]! + stepZ, edge));
    // A tick's way in 1/128 mm × 60 is 3/64 of it in cm/s.
    velocityX[slot] = Math.trunc((stepX * 3) / 64);
    velocityZ[slot] = Math.trunc((stepZ * 3) / 64);
    facing[slot] = aim[slot]!;
    state[slot] = x === 0 && z === 0 ? 0 : isRunning ? 2 : 1;
  }
}

export function createFieldGame(variant: Variant, players: number, seed: number) {
  const field = createField(variant, players, seed);
  const { halfCm, radiusCm } = field;
  const halfMm = halfCm * MM_PER_CM;
  const edge = halfMm << POSITION_SHIFT;
  const units = (cm: number): number => Math.round(cm * MM_PER_CM) << POSITION_SHIFT;
  return defineGame<typeof columns, null>({
    name: 'peers-field',
    version: 1,
    kinds: { player: 1 },
    columns,
    limits: {
      speedMmPerS: 7_500,
      turnPerS: 131_072,
      worldHalfMm: halfMm,
      interestRadiusMm: radiusCm * MM_PER_CM,
    },
    createMap: () => null,
    systems: [{ name: 'move', predicted: true, run: (sim) => move(sim, edge) }],
    // Bots join one after the other and nothing else is there: the slot is the bot's number, but for a few.
    join(sim, slot) {
      const { x, z } = createWalker(field, slot);
      sim.columns.positionX[slot] = units(x);
      sim.columns.positionZ[slot] = units(z);
    },
    view: { kinds: { player: { colour: '#5aa05a', radiusMm: 400 } }, help: 'WASD to walk, Shift to run' },
  });
}
