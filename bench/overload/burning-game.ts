// The game that ships with a module that burns CPU for each connected player, so that a zone is full with as few of them
// as a test wants: `BURN_CAPACITY` in the environment says with how many. What is burnt is CPU time by the thread's own
// clock, so the machine's speed makes no difference. Zone thread of benches and tests; on the wire it is the shipped game.

import { TICK_MS } from '../../src/base/limits.ts';
import { game as shipped } from '../../src/game/game.ts';
import { defineGame, type Simulation } from '../../src/sim/game.ts';

export const CAPACITY_VARIABLE = 'BURN_CAPACITY';
const CAPACITY_DEFAULT = 200;
/** Of a tick, burnt for as many players as there is capacity for: with the game itself and, on one core, their edge the core is full. */
const SHARE_AT_CAPACITY = 0.6;
/** Between two looks at the clock, some microseconds of work. */
const ROUNDS = 4_000;

let scratch = 1;

function burn({ columns, slotCount }: Simulation): void {
  const { client } = columns;
  let players = 0;
  for (let slot = 0; slot < slotCount; slot++) if (client![slot] !== 0) players++;
  const capacity = Number(process.env[CAPACITY_VARIABLE] ?? CAPACITY_DEFAULT);
  const untilMicros = cpuMicros() + (players / capacity) * SHARE_AT_CAPACITY * TICK_MS * 1000;
  while (cpuMicros() < untilMicros)
    for (let round = 0; round < ROUNDS; round++) scratch = Math.imul(scratch, 48_271) ^ round;
}

function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

export const game = defineGame({ ...shipped, systems: [...shipped.systems, { name: 'burn', run: burn }] });
