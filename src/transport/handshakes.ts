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
  /** When it was challenged last. */
  readonly sentMs: Float64Array;
  readonly expireMs: Float64Array;
  /** Those that are open, as a list from the oldest to the newest: a ring through `capacity`, which is none. */
  readonly newer: Int32Array;
  readonly older: Int32Array;
}

export function createHandshakes(capacity: number, seed: number): Handshakes {
  const keys = (): Uint8Array[] => {
    const all = new Uint8Array(capacity * KEY_BYTES);
    return Array.from({ length: capacity }, (_, index) => all.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES));
  };
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
    sentMs: new Float64Array(capacity),
    expireMs: new Float64Array(capacity),
    newer: new Int32Array(capacity + 1).fill(capacity),
    older: new Int32Array(capacity + 1).fill(capacity),
  };
}

/** The handshake of an address, or −1. */
export function findHandshake(handshakes: Handshakes, address: Uint32Array, at: number): number {
  return findKey(handshakes.byAddress, address, at);
}

/** A place for a handshake with an address that has none; one that is evicted is closed by the caller first. */
export function openHandshake(
  handshakes: Handshakes,
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
  link(handshakes, index);
  return index;
}

/** At the end of the list. */
function link({ newer, older, capacity }: Handshakes, index: number): void {
  const before = older[capacity]!;
  older[index] = before;
  newer[index] = capacity;
  newer[before] = index;
  older[capacity] = index;
}

export function closeHandshake(handshakes: Handshakes, index: number): void {
  removeKey(handshakes.byAddress, handshakes.addresses, index * ADDRESS_WORDS);
  const { newer, older } = handshakes;
  newer[older[index]!] = newer[index]!;
  older[newer[index]!] = older[index]!;
  handshakes.isOpen[index] = 0;
  handshakes.free[handshakes.freeCount++] = index;
}

/** Of a full table. */
export function oldestHandshake({ newer, capacity }: Handshakes): number {
  return newer[capacity]!;
}
