// What a player gives in a trade: gold in a column of its own, items ten bits each in four more, so that a trade is in
// columns whole. Cold.

import { assert } from '../base/assert.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { GOLD, ITEM_COUNT_MAX, KINDS_OF_THING } from './items.ts';

const BITS = 10;
const PER_COLUMN = 3;

assert(KINDS_OF_THING - 1 <= 4 * PER_COLUMN, 'every item has its bits');

function columnFor(sim: DarkAges, item: number): Int32Array {
  const { tradeItems1, tradeItems2, tradeItems3, tradeItems4 } = columnsOf(sim);
  const columns = [tradeItems1, tradeItems2, tradeItems3, tradeItems4];
  return columns[Math.floor((item - 1) / PER_COLUMN)]!;
}

function shiftFor(item: number): number {
  return ((item - 1) % PER_COLUMN) * BITS;
}

export function offered(sim: DarkAges, slot: number, item: number): number {
  if (item === GOLD) return sim.columns.tradeGold[slot]!;
  return (columnFor(sim, item)[slot]! >> shiftFor(item)) & ITEM_COUNT_MAX;
}

export function setOffered(sim: DarkAges, slot: number, item: number, count: number): void {
  if (item === GOLD) {
    sim.columns.tradeGold[slot] = count;
    return;
  }
  const column = columnFor(sim, item);
  const shift = shiftFor(item);
  column[slot] = (column[slot]! & ~(ITEM_COUNT_MAX << shift)) | (count << shift);
}

export function clearOffered(sim: DarkAges, slot: number): void {
  for (let item = GOLD; item < KINDS_OF_THING; item++) setOffered(sim, slot, item, 0);
}

/** By item, gold first. */
export function readOffered(sim: DarkAges, slot: number): Int32Array {
  return Int32Array.from({ length: KINDS_OF_THING }, (_, item) => offered(sim, slot, item));
}

/** "item:count" with commas between, as clients get it. */
export function printOffered(sim: DarkAges, slot: number): string {
  const parts: string[] = [];
  for (const [item, count] of readOffered(sim, slot).entries()) if (count > 0) parts.push(`${item}:${count}`);
  return parts.join(',');
}
