// What lies on the ground: it is dropped, waits for half a minute, and belongs to who comes near first; of several in the
// same tick, to whom the index of fighters finds first (nearby.ts). A potion is left to who lacks something.

import { TICK_HZ } from '../base/limits.ts';
import { POSITION_SHIFT } from '../sim/game.ts';
import { HEALTH_MAX, MANA_MAX } from './abilities.ts';
import { COUNT_MAX, columnsOf, type DarkAges } from './columns.ts';
import { tellLooted, tellStruck } from './events.ts';
import { LOOT, LOOT_GOLD, LOOT_HEALTH, LOOT_MANA, PLAYER } from './kinds.ts';
import { findNear, found } from './nearby.ts';
import { putOnFreeSpot } from './place.ts';

export const LOOT_TICKS = 30 * TICK_HZ;
const REACH = 1200 << POSITION_SHIFT;
const POTION_HEALTH = 30;
const POTION_MANA = 40;

/** Beside the boxes. False when the zone has no free slot. */
export function dropLoot(sim: DarkAges, x: number, z: number, variant: number, amount: number): boolean {
  const slot = sim.spawn(LOOT);
  if (slot < 0) return false;
  const columns = columnsOf(sim);
  putOnFreeSpot(sim, slot, x, z);
  columns.variant[slot] = variant;
  columns.amount[slot] = amount;
  columns.endTick[slot] = sim.tick + LOOT_TICKS;
  return true;
}

export function runLoot(sim: DarkAges): void {
  const { kind, health, endTick, positionX, positionZ } = columnsOf(sim);
  const count = sim.slotCount;
  for (let slot = 0; slot < count; slot++) {
    if (kind[slot] !== LOOT) continue;
    const near = findNear(sim, positionX[slot]!, positionZ[slot]!, REACH);
    let taker = -1;
    for (let index = 0; index < near && taker < 0; index++) {
      const other = found[index]!;
      if (kind[other] === PLAYER && health[other]! > 0 && amountFor(sim, slot, other) > 0) taker = other;
    }
    if (taker >= 0) takeLoot(sim, slot, taker);
    if (taker >= 0 || sim.tick >= endTick[slot]!) sim.despawn(slot);
  }
}

/** What the player in `taker` would get of it. */
function amountFor(sim: DarkAges, slot: number, taker: number): number {
  const { variant, amount, health, mana } = columnsOf(sim);
  switch (variant[slot]) {
    case LOOT_HEALTH:
      return Math.min(POTION_HEALTH, HEALTH_MAX - health[taker]!);
    case LOOT_MANA:
      return Math.min(POTION_MANA, MANA_MAX - mana[taker]!);
    default:
      return amount[slot]!;
  }
}

function takeLoot(sim: DarkAges, slot: number, taker: number): void {
  const { variant, gold, health, mana } = columnsOf(sim);
  const what = variant[slot]!;
  const given = amountFor(sim, slot, taker);
  if (what === LOOT_GOLD) {
    gold[taker] = Math.min(gold[taker]! + given, COUNT_MAX);
  } else if (what === LOOT_HEALTH) {
    health[taker]! += given;
    tellStruck(sim, 'healed', -1, taker, 0, given);
  } else {
    mana[taker]! += given;
  }
  tellLooted(sim, taker, what, given);
}
