// A hash table from keys of a few words (an address, a client's id, a token's tag) to a small number, in typed arrays:
// a Map would need a string or an object for each packet's address. Open addressing, at most half full; entries behind
// a removed one move up, so that nothing is left over by those who come and go. Edge threads.
//
// The hash is HalfSipHash-1-3 under a secret seed, so that nobody can choose addresses that collide. It was one
// multiplication a word before: that passes a difference in the top bits on as it is, whatever the seed, and the next
// word of a chosen address took it back (test '1,024 chosen addresses …').

import { assert } from '../base/assert.ts';
import type { Aead } from './aead.ts';
import { readWord } from './u64.ts';

const EMPTY = -1;

export interface KeyTable {
  /** Words of a key. */
  readonly width: number;
  readonly capacity: number;
  /** The hash's key. */
  readonly seedLow: number;
  readonly seedHigh: number;
  readonly keys: Uint32Array;
  /** ≥ 0, or EMPTY. */
  readonly values: Int32Array;
  readonly mask: number;
  count: number;
}

/** 53 random bits: as many as a number has. */
export function drawSeed(aead: Aead): number {
  const bytes = new Uint8Array(8);
  aead.randomize(bytes);
  return (readWord(bytes, 4) >>> 11) * 0x1_0000_0000 + readWord(bytes, 0);
}

/** @param seed of `drawSeed`; the tables of one owner may share it. */
export function createKeyTable(width: number, capacity: number, seed: number): KeyTable {
  assert(width > 0 && capacity > 0, 'a table has room for something');
  let places = 4;
  while (places < capacity * 2) places *= 2;
  return {
    width,
    capacity,
    seedLow: seed | 0,
    seedHigh: Math.floor(seed / 0x1_0000_0000) | 0,
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

/** A round for each word, one for the length, and three to end with. */
function hashOf({ seedLow, seedHigh, width, mask }: KeyTable, words: Uint32Array, at: number): number {
  let v0 = seedLow;
  let v1 = seedHigh;
  let v2 = seedLow ^ 0x6c79_6765;
  let v3 = seedHigh ^ 0x7465_6462;
  for (let round = 0; round < width + 4; round++) {
    const word = round < width ? words[at + round]! : round === width ? width << 26 : 0;
    if (round === width + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) & mask;
}
