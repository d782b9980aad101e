// The keys that connections have agreed on beyond those of their tokens: two pairs for each slot, of which one seals and
// the other is either new and not used yet or old and about to be forgotten. Columns, made at the start. Edge threads.
// Pair p belongs to slot p >> 1; the client names it by a random id, whatever address it has.

import type { Aead } from './aead.ts';
import { TOKEN_ID } from './bound-packet.ts';
import { createKeyTable, findKey, type KeyTable, putKey, removeKey } from './key-table.ts';
import { KEY_BYTES } from './layout.ts';
import { createReplayWindows, type ReplayWindows, resetReplayWindow } from './replay-window.ts';
import { readWord } from './u64.ts';

/** Of `current`: the token's keys are the only ones. */
export const NO_PAIR = -1;

export interface KeySets {
  readonly byId: KeyTable;
  /** By pair; TOKEN_ID: there is none. */
  readonly ids: Uint32Array;
  readonly clientKeys: readonly Uint8Array[];
  readonly serverKeys: readonly Uint8Array[];
  readonly windows: ReplayWindows;
  /** Sequence number of the next packet to the client: low word, high word. New keys, so from 0. */
  readonly sequences: Uint32Array;
  /** By slot: the pair that the server seals with, or NO_PAIR. */
  readonly current: Int32Array;
}

export function createKeySets(capacity: number, seed: number): KeySets {
  const pairs = capacity * 2;
  // One buffer for all of a kind: an array of its own costs four times what is in it.
  const keyBytes = new Uint8Array(pairs * 2 * KEY_BYTES);
  const keyAt = (index: number): Uint8Array => keyBytes.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES);
  return {
    byId: createKeyTable(1, pairs, seed),
    ids: new Uint32Array(pairs),
    clientKeys: Array.from({ length: pairs }, (_, pair) => keyAt(pair * 2)),
    serverKeys: Array.from({ length: pairs }, (_, pair) => keyAt(pair * 2 + 1)),
    windows: createReplayWindows(pairs),
    sequences: new Uint32Array(pairs * 2),
    current: new Int32Array(capacity).fill(NO_PAIR),
  };
}

/** The pair of a slot that is not the current one. */
export function otherPair({ current }: KeySets, slot: number): number {
  return current[slot] === slot * 2 ? slot * 2 + 1 : slot * 2;
}

/** Gives a free pair an id that no other has; its keys are the caller's to fill in. */
export function openPair(sets: KeySets, aead: Aead, pair: number): void {
  const { byId, ids, windows, sequences } = sets;
  const bytes = new Uint8Array(4);
  do {
    aead.randomize(bytes);
    ids[pair] = readWord(bytes, 0);
  } while (ids[pair] === TOKEN_ID || findKey(byId, ids, pair) >= 0);
  putKey(byId, ids, pair, pair);
  resetReplayWindow(windows, pair);
  sequences.fill(0, pair * 2, pair * 2 + 2);
}

/** Its keys are wiped and its id means nothing any more. */
export function closePair(sets: KeySets, pair: number): void {
  if (sets.ids[pair] === TOKEN_ID) return;
  removeKey(sets.byId, sets.ids, pair);
  sets.ids[pair] = TOKEN_ID;
  sets.clientKeys[pair]!.fill(0);
  sets.serverKeys[pair]!.fill(0);
}

/** Nothing is left of the slot's. */
export function releaseKeySets(sets: KeySets, slot: number): void {
  closePair(sets, slot * 2);
  closePair(sets, slot * 2 + 1);
  sets.current[slot] = NO_PAIR;
}
