// Whom an edge's sockets belong to. Who is at its door: sockets that hold no player yet, from when they are accepted
// until their token was good or they are gone; counted apart from players, in total and by address: who has no token
// takes no player's place, and one host takes only its share of the door. And how many players an address has: one host
// opens as many sessions as it likes, but doesn't fill a zone. Edge threads; pure.

import { PLAYERS_PER_ADDRESS_DEFAULT, STRANGERS_MAX, STRANGERS_PER_ADDRESS_MAX } from '../base/limits.ts';

export interface Strangers {
  total: number;
  /** Addresses with nobody at the door are not in it. */
  readonly byAddress: Map<string, number>;
  /** The same for those who have a player. */
  readonly playersByAddress: Map<string, number>;
}

export interface Stranger {
  readonly address: string;
  /** It comes from this machine itself. */
  readonly isLoopback: boolean;
  /** Whether it is still counted. */
  isAtDoor: boolean;
  isPlayer: boolean;
  /** Its socket is. */
  isGone: boolean;
}

export function createStrangers(): Strangers {
  return { total: 0, byAddress: new Map(), playersByAddress: new Map() };
}

/** @param address what counts as one host: an IPv4 address, the /64 of an IPv6 one. */
export function meetStranger(
  strangers: Strangers,
  address: string,
  isLoopback = false,
): Stranger | 'door_full' | 'address' {
  const held = strangers.byAddress.get(address) ?? 0;
  if (held >= STRANGERS_PER_ADDRESS_MAX) return 'address';
  if (strangers.total >= STRANGERS_MAX) return 'door_full';
  strangers.total++;
  strangers.byAddress.set(address, held + 1);
  return { address, isLoopback, isAtDoor: true, isPlayer: false, isGone: false };
}

/**
 * Its token is good: it takes a player's place, until its socket is gone; false when its address has as many as it may.
 * @param perAddress 0: no limit; undefined: the usual one, which bots of this machine are exempt from.
 */
export function seatPlayer(strangers: Strangers, stranger: Stranger, perAddress: number | undefined): boolean {
  if (stranger.isGone || stranger.isPlayer) return !stranger.isGone;
  const held = strangers.playersByAddress.get(stranger.address) ?? 0;
  const max = perAddress ?? (stranger.isLoopback ? 0 : PLAYERS_PER_ADDRESS_DEFAULT);
  if (max > 0 && held >= max) return false;
  stranger.isPlayer = true;
  strangers.playersByAddress.set(stranger.address, held + 1);
  return true;
}

/** It came in, or its socket is gone; once of the two counts. */
export function leaveDoor(strangers: Strangers, stranger: Stranger): void {
  if (!stranger.isAtDoor) return;
  stranger.isAtDoor = false;
  strangers.total--;
  countDown(strangers.byAddress, stranger.address);
}

/** Its socket is gone. */
export function releaseStranger(strangers: Strangers, stranger: Stranger): void {
  leaveDoor(strangers, stranger);
  stranger.isGone = true;
  if (!stranger.isPlayer) return;
  stranger.isPlayer = false;
  countDown(strangers.playersByAddress, stranger.address);
}

function countDown(counts: Map<string, number>, address: string): void {
  const held = counts.get(address)! - 1;
  if (held === 0) counts.delete(address);
  else counts.set(address, held);
}
