// Who is at an edge's door: sockets that hold no player yet, from when they are accepted until their token was good or
// they are gone. They are counted apart from players, in total and by address: who has no token takes no player's
// place, and one host takes only its share of the door. Edge threads; pure.

import { STRANGERS_MAX, STRANGERS_PER_ADDRESS_MAX } from '../base/limits.ts';

export interface Strangers {
  total: number;
  /** Addresses with nobody at the door are not in it. */
  readonly byAddress: Map<string, number>;
}

export interface Stranger {
  readonly address: string;
  /** Whether it is still counted. */
  isAtDoor: boolean;
}

export function createStrangers(): Strangers {
  return { total: 0, byAddress: new Map() };
}

/** @param address what counts as one host: an IPv4 address, the /64 of an IPv6 one. */
export function meetStranger(strangers: Strangers, address: string): Stranger | 'door_full' | 'address' {
  const held = strangers.byAddress.get(address) ?? 0;
  if (held >= STRANGERS_PER_ADDRESS_MAX) return 'address';
  if (strangers.total >= STRANGERS_MAX) return 'door_full';
  strangers.total++;
  strangers.byAddress.set(address, held + 1);
  return { address, isAtDoor: true };
}

/** It came in, or its socket is gone; once of the two counts. */
export function releaseStranger(strangers: Strangers, stranger: Stranger): void {
  if (!stranger.isAtDoor) return;
  stranger.isAtDoor = false;
  strangers.total--;
  const held = strangers.byAddress.get(stranger.address)! - 1;
  if (held === 0) strangers.byAddress.delete(stranger.address);
  else strangers.byAddress.set(stranger.address, held);
}
