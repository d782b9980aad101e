// Puts what appears somewhere onto the field: beside the boxes that stand there, on the ground or on a low box.

import { columnsOf, type DarkAges } from './columns.ts';
import { findFreeSpot, groundAt, type Spot } from './map.ts';

const spot: Spot = { x: 0, z: 0 };

/** Onto the nearest free spot; `overLow` when low boxes are no obstacle, but what it stands on. Does not allocate. */
export function putOnFreeSpot(sim: DarkAges, slot: number, x: number, z: number, overLow = false): void {
  const { positionX, positionY, positionZ } = columnsOf(sim);
  spot.x = x;
  spot.z = z;
  findFreeSpot(sim.map, spot, overLow);
  positionX[slot] = spot.x;
  positionY[slot] = overLow ? groundAt(sim.map, spot.x, spot.z) : 0;
  positionZ[slot] = spot.z;
}
