// Addresses that showed a good token and were challenged, with the keys to read their response by. Edge threads. All
// that a stranger can fill is this table, with a token for each place; at the bound the oldest makes room (counted): its
// client's next request opens it anew, but a client that has its challenge already sends none, and has to begin again. An
// address has one handshake: a newer token takes the place of an older.

import { ADDRESS_WORDS, copyAddress } from './address.ts';
import { createKeyTable, findKey, type KeyTable, putKey, removeKey } from './key-table.ts';
import { KEY_BYTES } from './layout.ts';
import type { PrivateToken } from './token.ts';
import { TAG_WORDS } from './used-tokens.ts';

export interface Handshakes {
  readonly capacity: number;
  readonly byAddress: KeyTable;
  readonly free: Int32Array;
  freeCount: number;
  readonly isOpen: Uint8Array;
  readonly addresses: Uint32Array;
  readonly clientIds: Uint32Array;
  /** Of their tokens. */
  readonly tags: Uint32Array;
  readonly clientKeys: readonly Uint8Array[];
  readonly serverKeys: readonly Uint8Array[];
  readonly timeoutS: Int32Array;
  readonly features: Uint32Array;
  readonly openedMs: Float64Array;
  readonly expireMs: Float64Array;
}

export function createHandshakes(capacity: number, seed: number): Handshakes {
  const keys = (): Uint8Array[] => Array.from({ length: capacity }, () => new Uint8Array(KEY_BYTES));
  return {
    capacity,
    byAddress: createKeyTable(ADDRESS_WORDS, capacity, seed),
    free: Int32Array.from({ length: capacity }, (_, index) => capacity - 1 - index),
    freeCount: capacity,
    isOpen: new Uint8Array(capacity),
    addresses: new Uint32Array(capacity * ADDRESS_WORDS),
    clientIds: new Uint32Array(capacity * 2),
    tags: new Uint32Array(capacity * TAG_WORDS),
    clientKeys: keys(),
    serverKeys: keys(),
    timeoutS: new Int32Array(capacity),
    features: new Uint32Array(capacity),
    openedMs: new Float64Array(capacity),
    expireMs: new Float64Array(capacity),
  };
}

/** The handshake of an address, or −1. */
export function findHandshake(handshakes: Handshakes, address: Uint32Array, at: number): number {
  return findKey(handshakes.byAddress, address, at);
}

/** A place for a handshake with an address that has none; one that is evicted is closed by the caller first. */
export function openHandshake(
  handshakes: Handshakes,
  nowMs: number,
  address: Uint32Array,
  at: number,
  token: PrivateToken,
  tag: Uint32Array,
): number {
  const index = handshakes.free[--handshakes.freeCount]!;
  copyAddress(address, at, handshakes.addresses, index * ADDRESS_WORDS);
  putKey(handshakes.byAddress, address, at, index);
  handshakes.isOpen[index] = 1;
  handshakes.clientIds[index * 2] = token.clientId[0]!;
  handshakes.clientIds[index * 2 + 1] = token.clientId[1]!;
  handshakes.tags.set(tag, index * TAG_WORDS);
  handshakes.clientKeys[index]!.set(token.clientKey);
  handshakes.serverKeys[index]!.set(token.serverKey);
  handshakes.timeoutS[index] = token.timeoutS;
  handshakes.features[index] = token.features;
  handshakes.openedMs[index] = nowMs;
  return index;
}

export function closeHandshake(handshakes: Handshakes, index: number): void {
  removeKey(handshakes.byAddress, handshakes.addresses, index * ADDRESS_WORDS);
  handshakes.isOpen[index] = 0;
  handshakes.free[handshakes.freeCount++] = index;
}

/** Deliberate: a linear scan, since only tokens of ours get so far, and only while the table is full. */
export function oldestHandshake(handshakes: Handshakes): number {
  let oldest = 0;
  for (let index = 1; index < handshakes.capacity; index++) {
    if (handshakes.openedMs[index]! < handshakes.openedMs[oldest]!) oldest = index;
  }
  return oldest;
}
