// Whom a creature turns against, and with it those of its camp who are near and do not fight: who came too near, who hurt
// it, and in a fight who hurts it much more than its prey does.

import { POSITION_SHIFT } from '../sim/game.ts';
import { columnsOf, type DarkAges } from './columns.ts';

/** `mood` of a creature. */
export const MOOD_HOME = 0;
export const MOOD_FIGHT = 1;
export const MOOD_RETURN = 2;

const CALL = 25_000 << POSITION_SHIFT;
/** It leaves its prey once others have hurt it by so much, and half as much again as the prey has. */
const ATTENTION_LEAST = 20;

/** Does nothing to one that fights already or goes home behind a shield. */
export function provoke(sim: DarkAges, slot: number, prey: number): void {
  const columns = columnsOf(sim);
  const { kind, health, camp, positionX, positionZ } = columns;
  if (!canBeProvoked(sim, slot)) return;
  turnAgainst(sim, slot, prey);
  if (camp[slot] === 0) return;
  const count = sim.slotCount;
  for (let mate = 0; mate < count; mate++) {
    if (kind[mate] === 0 || camp[mate] !== camp[slot] || health[mate] === 0 || !canBeProvoked(sim, mate)) continue;
    const dx = positionX[mate]! - positionX[slot]!;
    const dz = positionZ[mate]! - positionZ[slot]!;
    if (dx * dx + dz * dz <= CALL * CALL) turnAgainst(sim, mate, prey);
  }
}

function canBeProvoked(sim: DarkAges, slot: number): boolean {
  const { mood, shieldUntil } = columnsOf(sim);
  return mood[slot] !== MOOD_FIGHT && shieldUntil[slot]! <= sim.tick;
}

/**
 * The player in `source` has hurt it. Sums, not the last blow, so that two who strike in turn don't turn it to and fro: each
 * change takes half as much again as the one before. What others did is one sum, and goes to the account of who did it last.
 */
export function noteHurt(sim: DarkAges, slot: number, source: number, amount: number): void {
  provoke(sim, slot, source);
  const { prey, preyHurt, striker, othersHurt } = columnsOf(sim);
  const handle = sim.handle(source);
  if (prey[slot] === handle) {
    preyHurt[slot]! += amount;
    return;
  }
  const others = othersHurt[slot]! + amount;
  const own = preyHurt[slot]!;
  striker[slot] = handle;
  othersHurt[slot] = others;
  if (others < ATTENTION_LEAST || others * 2 <= own * 3) return;
  // Deliberate: `moodTick` stays. Two beyond its reach, who draw it in turn, are given up like one.
  striker[slot] = prey[slot]!;
  prey[slot] = handle;
  preyHurt[slot] = others;
  othersHurt[slot] = own;
}

/** A fight of its own begins, or goes on against somebody else. */
export function turnAgainst(sim: DarkAges, slot: number, prey: number): void {
  const columns = columnsOf(sim);
  columns.mood[slot] = MOOD_FIGHT;
  columns.moodTick[slot] = sim.tick;
  columns.prey[slot] = sim.handle(prey);
  columns.preyHurt[slot] = 0;
  columns.striker[slot] = 0;
  columns.othersHurt[slot] = 0;
}
