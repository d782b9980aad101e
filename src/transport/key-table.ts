// A hash table from keys of a few words (an address, a client's id, a token's tag) to a small number, in typed arrays:
// a Map would need a string or an object for each packet's address. Open addressing, at most half full; entries behind
// a removed one move up, so that nothing is left over by those who come and go. The seed is secret, so that nobody can
// choose addresses that collide. Edge threads.

import { assert } from '../base/assert.ts';

const EMPTY = -1;

export interface KeyTable {
  /** Words of a key. */
  readonly width: number;
  readonly capacity: number;
  readonly seed: number;
  readonly keys: Uint32Array;
  /** ≥ 0, or EMPTY. */
  readonly values: Int32Array;
  readonly mask: number;
  count: number;
}

/** @param seed 32 random bits. */
export function createKeyTable(width: number, capacity: number, seed: number): KeyTable {
  assert(width > 0 && capacity > 0, 'a table has room for something');
  let places = 4;
  while (places < capacity * 2) places *= 2;
  return {
    width,
    capacity,
    seed: seed | 0,
    keys: new Uint32Array(places * width),
    values: new Int32Array(places).fill(EMPTY),
    mask: places - 1,
    count: 0,
  };
}

/** The number kept under the key `words[at, at + width)`, or −1. */
export function findKey(table: KeyTable, words: Uint32Array, at: number): number {
  return table.values[placeOf(table, words, at)]!;
}

/** Keeps a number ≥ 0 under a key, which may have one already. */
export function putKey(table: KeyTable, words: Uint32Array, at: number, value: number): void {
  const place = placeOf(table, words, at);
  if (table.values[place] === EMPTY) {
    assert(table.count < table.capacity, 'whoever fills a table keeps within its capacity');
    table.count++;
    for (let word = 0; word < table.width; word++) table.keys[place * table.width + word] = words[at + word]!;
  }
  table.values[place] = value;
}

export function removeKey(table: KeyTable, words: Uint32Array, at: number): void {
  const { keys, values, width, mask } = table;
  let hole = placeOf(table, words, at);
  if (values[hole] === EMPTY) return;
  table.count--;
  for (let place = (hole + 1) & mask; values[place] !== EMPTY; place = (place + 1) & mask) {
    // It may move up unless its own place lies behind the hole.
    const home = hashOf(table, keys, place * width);
    if (((place - home) & mask) < ((place - hole) & mask)) continue;
    values[hole] = values[place]!;
    for (let word = 0; word < width; word++) keys[hole * width + word] = keys[place * width + word]!;
    hole = place;
  }
  values[hole] = EMPTY;
}

/** Where the key is, or the empty place where it would be put. */
function placeOf(table: KeyTable, words: Uint32Array, at: number): number {
  const { keys, values, width, mask } = table;
  let place = hashOf(table, words, at);
  while (values[place] !== EMPTY) {
    let word = 0;
    while (word < width && keys[place * width + word] === words[at + word]) word++;
    if (word === width) return place;
    place = (place + 1) & mask;
  }
  return place;
}

function hashOf(table: KeyTable, words: Uint32Array, at: number): number {
  let hash = table.seed;
  for (let word = 0; word < table.width; word++) {
    hash = Math.imul(hash ^ words[at + word]!, 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return (Math.imul(hash, 0x85eb_ca6b) >>> 7) & table.mask;
}
