// The connected clients of a server, a column for each thing that is known of them. Edge threads. All memory is made at
// the start; at the bound a client is denied. A player may have several, of connections that it has given up: who plays
// by which is for whoever is above.

import { ADDRESS_WORDS, type Address, copyAddress } from './address.ts';
import { createKeyTable, type KeyTable, putKey, removeKey } from './key-table.ts';
import { KEY_BYTES, USER_DATA_BYTES } from './layout.ts';
import { createReplayWindows, type ReplayWindows, resetReplayWindow } from './replay-window.ts';
import { STRANGER } from './states.ts';

export interface Slots {
  readonly capacity: number;
  readonly byAddress: KeyTable;
  readonly free: Int32Array;
  freeCount: number;
  /** STRANGER: the slot is free. */
  readonly states: Uint8Array;
  /** ADDRESS_WORDS each. */
  readonly addresses: Uint32Array;
  /** Our own ones, which the clients asked, in the same places; zeros: the system chooses. */
  readonly locals: Uint32Array;
  /** Where the packet at hand came to. Whoever has the socket says so, if it is one that knows. */
  readonly localAtHand: Address;
  /** Low word, high word. */
  readonly clientIds: Uint32Array;
  /** What clients seal with, and what the server does. */
  readonly clientKeys: readonly Uint8Array[];
  readonly serverKeys: readonly Uint8Array[];
  readonly userData: readonly Uint8Array[];
  readonly windows: ReplayWindows;
  /** Sequence number of the next packet to the client: low word, high word. */
  readonly sequences: Uint32Array;
  /** Silence after which a client is gone; Infinity: never. */
  readonly timeoutMs: Float64Array;
  /** Of the token. */
  readonly features: Uint32Array;
  readonly heardMs: Float64Array;
  readonly sentMs: Float64Array;
}

export function createSlots(capacity: number, seed: number): Slots {
  // One buffer for all of a kind: an array of its own costs several times what is in it.
  const bytes = (length: number): Uint8Array[] => {
    const all = new Uint8Array(capacity * length);
    return Array.from({ length: capacity }, (_, slot) => all.subarray(slot * length, (slot + 1) * length));
  };
  return {
    capacity,
    byAddress: createKeyTable(ADDRESS_WORDS, capacity, seed),
    free: Int32Array.from({ length: capacity }, (_, index) => capacity - 1 - index),
    freeCount: capacity,
    states: new Uint8Array(capacity),
    addresses: new Uint32Array(capacity * ADDRESS_WORDS),
    locals: new Uint32Array(capacity * ADDRESS_WORDS),
    localAtHand: new Uint32Array(ADDRESS_WORDS),
    clientIds: new Uint32Array(capacity * 2),
    clientKeys: bytes(KEY_BYTES),
    serverKeys: bytes(KEY_BYTES),
    userData: bytes(USER_DATA_BYTES),
    windows: createReplayWindows(capacity),
    sequences: new Uint32Array(capacity * 2),
    timeoutMs: new Float64Array(capacity),
    features: new Uint32Array(capacity),
    heardMs: new Float64Array(capacity),
    sentMs: new Float64Array(capacity),
  };
}

/** Takes a free slot for the client that sent the packet at hand; its keys, user data and state are the caller's to fill in. */
export function takeSlot(
  slots: Slots,
  nowMs: number,
  address: Uint32Array,
  at: number,
  clientIdLow: number,
  clientIdHigh: number,
): number {
  const slot = slots.free[--slots.freeCount]!;
  copyAddress(address, at, slots.addresses, slot * ADDRESS_WORDS);
  copyAddress(slots.localAtHand, 0, slots.locals, slot * ADDRESS_WORDS);
  slots.clientIds[slot * 2] = clientIdLow;
  slots.clientIds[slot * 2 + 1] = clientIdHigh;
  putKey(slots.byAddress, address, at, slot);
  resetReplayWindow(slots.windows, slot);
  slots.heardMs[slot] = nowMs;
  slots.sentMs[slot] = nowMs;
  return slot;
}

/** Whoever has the slot has another address from now on, that of the packet at hand. */
export function moveSlot(slots: Slots, slot: number, address: Uint32Array, at: number): void {
  removeKey(slots.byAddress, slots.addresses, slot * ADDRESS_WORDS);
  copyAddress(address, at, slots.addresses, slot * ADDRESS_WORDS);
  copyAddress(slots.localAtHand, 0, slots.locals, slot * ADDRESS_WORDS);
  putKey(slots.byAddress, address, at, slot);
}

/** Its address, client id and user data stay readable until it is taken again; its keys do not. */
export function releaseSlot(slots: Slots, slot: number): void {
  removeKey(slots.byAddress, slots.addresses, slot * ADDRESS_WORDS);
  slots.clientKeys[slot]!.fill(0);
  slots.serverKeys[slot]!.fill(0);
  slots.states[slot] = STRANGER;
  slots.free[slots.freeCount++] = slot;
}
