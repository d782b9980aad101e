// The game that ships: darkages. So far players who walk, sprint and turn on a field of boxes, with health that nothing
// takes yet and a count of metres. A game module like anyone's (docs/your-own-game.md): zone thread, browser and bots.

import { defineGame, isqrt, POSITION_SHIFT } from '../sim/game.ts';
import { HEALTH_MAX } from './abilities.ts';
import { columns, type DarkAges, inputs } from './columns.ts';
import { events } from './events.ts';
import { KINDS } from './kinds.ts';
import {
  createFieldMap,
  type FieldMap,
  findFreeSpot,
  PLAYER_RADIUS_MM,
  SPAWN_HALF_MM,
  type Spot,
  WORLD_HALF_MM,
} from './map.ts';
import { runMovement, SPRINT_CM_PER_S, TURN_PER_S } from './movement.ts';
import { requests } from './requests.ts';

const UNITS_PER_M = 1000 << POSITION_SHIFT;

/** Not predicted: it needs to know where the player was, and nobody waits for it. */
function countWay(sim: DarkAges): void {
  const { kind, positionX, positionZ, countedX, countedZ, walkedM, walkedRest } = sim.columns;
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (kind[slot] === 0) continue;
    const x = positionX[slot]!;
    const z = positionZ[slot]!;
    const dx = x - countedX[slot]!;
    const dz = z - countedZ[slot]!;
    if (dx === 0 && dz === 0) continue;
    countedX[slot] = x;
    countedZ[slot] = z;
    let rest = walkedRest[slot]! + isqrt(dx * dx + dz * dz);
    if (rest >= UNITS_PER_M) {
      const metres = Math.floor(rest / UNITS_PER_M);
      rest -= metres * UNITS_PER_M;
      walkedM[slot] = Math.min(walkedM[slot]! + metres, 0x7fff_ffff);
    }
    walkedRest[slot] = rest;
  }
}

/** A new player appears near the centre; one that returns stands where it left, or beside what is there now. */
function join(sim: DarkAges, slot: number, isNew: boolean): void {
  const { positionX, positionZ, facing, aim, health, countedX, countedZ } = sim.columns;
  const spot: Spot = { x: positionX[slot]!, z: positionZ[slot]! };
  if (isNew) {
    health[slot] = HEALTH_MAX;
    spot.x = randomSpawn(sim);
    spot.z = randomSpawn(sim);
    facing[slot] = sim.random() & 0xffff;
  }
  findFreeSpot(sim.map, spot);
  positionX[slot] = spot.x;
  positionZ[slot] = spot.z;
  countedX[slot] = spot.x;
  countedZ[slot] = spot.z;
  aim[slot] = facing[slot]!;
}

function randomSpawn(sim: DarkAges): number {
  return ((sim.random() % (2 * SPAWN_HALF_MM + 1)) - SPAWN_HALF_MM) << POSITION_SHIFT;
}

export const game = defineGame<typeof columns, FieldMap>({
  name: 'darkages',
  version: 2,
  kinds: KINDS,
  columns,
  inputs,
  requests,
  events,
  limits: {
    speedMmPerS: SPRINT_CM_PER_S * 10,
    turnPerS: TURN_PER_S,
    worldHalfMm: WORLD_HALF_MM,
    interestRadiusMm: 50_000,
  },
  createMap: createFieldMap,
  systems: [
    { name: 'movement', predicted: true, run: runMovement },
    { name: 'countWay', run: countWay },
  ],
  join,
  view: {
    kinds: { player: { colour: '#4f8fd9', radiusMm: PLAYER_RADIUS_MM } },
    help: 'WASD to walk, Shift to sprint, mouse to look around',
    map: (map) => ({ boxesMm: map.boxes.map((units) => units >> POSITION_SHIFT) }),
  },
});
