// The guests that were introduced to a host: whom it punches to, and whom it has punched to, so that the same introduction
// again brings no more. Edge threads. All memory is made at the start. What is over makes room first, the oldest before
// others; while all are open the next guest is dropped, and one guest host has a share of them alone, so that it can't keep
// others out. A meeting is open for PUNCHES_MAX · PUNCH_MS, two seconds, at most.

import { ADDRESS_WORDS, copyAddress, isSameHost } from '../address.ts';
import { createKeyTable, findKey, type KeyTable, putKey, removeKey } from '../key-table.ts';
import { KEY_BYTES, TAG_BYTES } from '../layout.ts';
import { MEETING_MS } from './layout.ts';

export const TAG_WORDS = TAG_BYTES / 4;

export interface Meetings {
  readonly capacity: number;
  /** Of those that are open, for one guest host. */
  readonly shareMax: number;
  readonly byTag: KeyTable;
  /** The newest of each address: one client speaks from there at a time. */
  readonly byAddress: KeyTable;
  /** By place from here on; TAG_WORDS each. */
  readonly tags: Uint32Array;
  /** ADDRESS_WORDS each. */
  readonly addresses: Uint32Array;
  readonly keys: readonly Uint8Array[];
  readonly startedMs: Float64Array;
  readonly punchedMs: Float64Array;
  readonly punches: Uint8Array;
  /** 1: the guest was heard. */
  readonly hasHeard: Uint8Array;
  /** 1: nothing is sent any more; as a place is that was never taken. */
  readonly isOver: Uint8Array;
}

export function createMeetings(capacity: number, shareMax: number, seed: number): Meetings {
  const keyBytes = new Uint8Array(capacity * KEY_BYTES);
  return {
    capacity,
    shareMax,
    byTag: createKeyTable(TAG_WORDS, capacity, seed),
    byAddress: createKeyTable(ADDRESS_WORDS, capacity, seed),
    tags: new Uint32Array(capacity * TAG_WORDS),
    addresses: new Uint32Array(capacity * ADDRESS_WORDS),
    keys: Array.from({ length: capacity }, (_, place) => keyBytes.subarray(place * KEY_BYTES, (place + 1) * KEY_BYTES)),
    startedMs: new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY),
    punchedMs: new Float64Array(capacity),
    punches: new Uint8Array(capacity),
    hasHeard: new Uint8Array(capacity),
    isOver: new Uint8Array(capacity).fill(1),
  };
}

/** The one of a ticket, while it is remembered; else −1. */
export function findByTag(meetings: Meetings, nowMs: number, tag: Uint32Array): number {
  return remembered(meetings, nowMs, findKey(meetings.byTag, tag, 0));
}

/** The newest with whoever is at this address, while it is remembered; else −1. */
export function findByAddress(meetings: Meetings, nowMs: number, address: Uint32Array, at: number): number {
  return remembered(meetings, nowMs, findKey(meetings.byAddress, address, at));
}

function remembered({ startedMs }: Meetings, nowMs: number, place: number): number {
  return place >= 0 && nowMs - startedMs[place]! < MEETING_MS ? place : -1;
}

export const NO_PLACE = -1;
export const SHARE_TAKEN = -2;

/**
 * A place for one with whoever is at this address, or why there is none.
 * Deliberate: a linear scan, since only introductions by our own point get so far.
 */
export function findPlace(
  { capacity, shareMax, addresses, isOver, startedMs }: Meetings,
  address: Uint32Array,
): number {
  let oldest = NO_PLACE;
  let share = 0;
  for (let place = 0; place < capacity; place++) {
    if (isOver[place] === 0) {
      if (isSameHost(addresses, place * ADDRESS_WORDS, address, 0)) share++;
    } else if (oldest === NO_PLACE || startedMs[place]! < startedMs[oldest]!) {
      oldest = place;
    }
  }
  return share >= shareMax ? SHARE_TAKEN : oldest;
}

/** In a place of `findPlace`; the key is the caller's to fill in. One before it with the same address is over. */
export function beginMeeting(
  meetings: Meetings,
  nowMs: number,
  place: number,
  address: Uint32Array,
  tag: Uint32Array,
): void {
  const { byTag, byAddress, tags, addresses } = meetings;
  if (findKey(byTag, tags, place * TAG_WORDS) === place) removeKey(byTag, tags, place * TAG_WORDS);
  if (findKey(byAddress, addresses, place * ADDRESS_WORDS) === place) {
    removeKey(byAddress, addresses, place * ADDRESS_WORDS);
  }
  const before = findKey(byAddress, address, 0);
  if (before >= 0) meetings.isOver[before] = 1;
  tags.set(tag, place * TAG_WORDS);
  copyAddress(address, 0, addresses, place * ADDRESS_WORDS);
  putKey(byTag, tag, 0, place);
  putKey(byAddress, address, 0, place);
  meetings.startedMs[place] = nowMs;
  meetings.punches[place] = 0;
  meetings.hasHeard[place] = 0;
  meetings.isOver[place] = 0;
}
