// A creature turns against somebody, and those of its camp who are at home and near with it.

import { POSITION_SHIFT } from '../sim/game.ts';
import { columnsOf, type DarkAges } from './columns.ts';

/** `mood` of a creature. */
export const MOOD_HOME = 0;
export const MOOD_FIGHT = 1;
export const MOOD_RETURN = 2;

const CALL = 25_000 << POSITION_SHIFT;

/** Does nothing to one that fights already or goes home. */
export function provoke(sim: DarkAges, slot: number, prey: number): void {
  const columns = columnsOf(sim);
  const { kind, health, mood, camp, positionX, positionZ } = columns;
  if (mood[slot] !== MOOD_HOME) return;
  turnAgainst(sim, slot, prey);
  if (camp[slot] === 0) return;
  const count = sim.slotCount;
  for (let mate = 0; mate < count; mate++) {
    if (kind[mate] === 0 || camp[mate] !== camp[slot] || mood[mate] !== MOOD_HOME || health[mate] === 0) continue;
    const dx = positionX[mate]! - positionX[slot]!;
    const dz = positionZ[mate]! - positionZ[slot]!;
    if (dx * dx + dz * dz <= CALL * CALL) turnAgainst(sim, mate, prey);
  }
}

function turnAgainst(sim: DarkAges, slot: number, prey: number): void {
  const columns = columnsOf(sim);
  columns.mood[slot] = MOOD_FIGHT;
  columns.moodTick[slot] = sim.tick;
  columns.prey[slot] = sim.handle(prey);
}
