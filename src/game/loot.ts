// What lies on the ground: it is dropped, waits for half a minute, and belongs to who comes near first; of several in the
// same tick, to whom the index of fighters finds first (nearby.ts). A potion is drunk on the spot, and left to who lacks
// something; anything else is left to who has room for it. Gold and items are moved when they are picked up: what players
// lost was on the account `ground` since, what creatures leave comes out of nowhere but that account.

import { TICK_HZ } from '../base/limits.ts';
import { POSITION_SHIFT } from '../sim/game.ts';
import { HEALTH_MAX, MANA_MAX } from './abilities.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { tellLooted, tellStruck } from './events.ts';
import { roomFor } from './inventory.ts';
import { HEALTH_POTION, ITEMS, MANA_POTION } from './items.ts';
import { LOOT, LOOT_HEALTH, LOOT_MANA, PLAYER } from './kinds.ts';
import { findNear, found } from './nearby.ts';
import { putOnFreeSpot } from './place.ts';

export const LOOT_TICKS = 30 * TICK_HZ;
export const GROUND = 'ground';
const REACH = 1200 << POSITION_SHIFT;

/** Beside the boxes. Its slot, or −1 when the zone has none free. */
export function dropLoot(sim: DarkAges, x: number, z: number, variant: number, amount: number): number {
  const slot = sim.spawn(LOOT);
  if (slot < 0) return -1;
  const columns = columnsOf(sim);
  putOnFreeSpot(sim, slot, x, z);
  columns.variant[slot] = variant;
  columns.amount[slot] = amount;
  columns.endTick[slot] = sim.tick + LOOT_TICKS;
  return slot;
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
    const isTaken = taker >= 0 && takeLoot(sim, slot, taker);
    if (isTaken || sim.tick >= endTick[slot]!) sim.despawn(slot);
  }
}

/** What the player in `taker` would get of it. */
function amountFor(sim: DarkAges, slot: number, taker: number): number {
  const { variant, amount, health, mana } = columnsOf(sim);
  switch (variant[slot]) {
    case LOOT_HEALTH:
      return Math.min(ITEMS[HEALTH_POTION]!.amount, HEALTH_MAX - health[taker]!);
    case LOOT_MANA:
      return Math.min(ITEMS[MANA_POTION]!.amount, MANA_MAX - mana[taker]!);
    default:
      return amount[slot] === 0 ? 0 : Math.min(amount[slot]!, roomFor(sim, taker, variant[slot]! - 1));
  }
}

/** False when nothing can be promised at the moment: it stays where it is. */
function takeLoot(sim: DarkAges, slot: number, taker: number): boolean {
  const { variant, health, mana } = columnsOf(sim);
  const what = variant[slot]!;
  const given = amountFor(sim, slot, taker);
  if (what === LOOT_HEALTH) {
    health[taker]! += given;
    tellStruck(sim, 'healed', -1, taker, 0, given);
  } else if (what === LOOT_MANA) mana[taker]! += given;
  else if (!sim.transfer(ITEMS[what - 1]!.asset, given, GROUND, taker)) return false;
  tellLooted(sim, taker, what, given);
  return true;
}
