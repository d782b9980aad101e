// Vendors: where they stand, and what they buy and sell at fixed prices (items.ts). A vendor has all it sells and all the
// gold it needs: its account is `vendor`, which may go below zero. Cold.

import { POSITION_SHIFT } from '../sim/game.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { dropWorn, held, move, roomFor } from './inventory.ts';
import { GOLD, ITEMS } from './items.ts';
import { VENDOR } from './kinds.ts';
import { putOnFreeSpot } from './place.ts';

export const VENDOR_ACCOUNT = 'vendor';
/** x, z of each, near where players appear: no box stands there. */
export const VENDORS_MM: readonly (readonly [number, number])[] = [
  [-14_000, 0],
  [14_000, 0],
];
export const VENDOR_REACH_MM = 4000;

/** Once, in an empty zone. */
export function spawnVendors(sim: DarkAges): void {
  for (const [x, z] of VENDORS_MM) {
    const slot = sim.spawn(VENDOR);
    if (slot >= 0) putOnFreeSpot(sim, slot, x << POSITION_SHIFT, z << POSITION_SHIFT);
  }
}

/** Whether a place in mm is near enough to one of them. */
export function isAtVendor(xMm: number, zMm: number): boolean {
  for (const [x, z] of VENDORS_MM) {
    if ((x - xMm) * (x - xMm) + (z - zMm) * (z - zMm) <= VENDOR_REACH_MM * VENDOR_REACH_MM) return true;
  }
  return false;
}

/** '' or why the player in `slot` can't do business. */
function checkCustomer(sim: DarkAges, slot: number): string {
  const { health, positionX, positionZ } = columnsOf(sim);
  if (health[slot] === 0) return 'dead';
  return isAtVendor(positionX[slot]! >> POSITION_SHIFT, positionZ[slot]! >> POSITION_SHIFT) ? '' : 'no_vendor';
}

export function buy(sim: DarkAges, slot: number, item: number, count: number): string {
  const wrong = checkCustomer(sim, slot);
  if (wrong !== '') return wrong;
  const cost = ITEMS[item]!.price * count;
  if (held(sim, slot, GOLD) < cost) return 'too_poor';
  if (roomFor(sim, slot, item) < count) return 'no_room';
  move(sim, GOLD, cost, slot, VENDOR_ACCOUNT);
  move(sim, item, count, VENDOR_ACCOUNT, slot);
  return '';
}

export function sell(sim: DarkAges, slot: number, item: number, count: number): string {
  const wrong = checkCustomer(sim, slot);
  if (wrong !== '') return wrong;
  const paid = ITEMS[item]!.worth * count;
  if (held(sim, slot, item) < count) return 'none_held';
  if (roomFor(sim, slot, GOLD) < paid) return 'no_room';
  move(sim, item, count, slot, VENDOR_ACCOUNT);
  move(sim, GOLD, paid, VENDOR_ACCOUNT, slot);
  dropWorn(sim, slot);
  return '';
}
