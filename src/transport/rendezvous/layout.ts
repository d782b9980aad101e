// Rendezvous in numbers: a host (an edge behind a NAT) is known to a rendezvous point, guests (clients) ask the point for
// it, the point tells each the other's public address, and both send punches until one comes through. Edge threads,
// clients, the point. proto/STANDARD.md, section 16, says what is on the wire.
//
//   u8 type, 12–15 · in an ask the ticket · nonce 24 · sealed body · tag 16
//
// Sealed with XChaCha20-Poly1305 under random nonces: nobody has to remember across a restart which were used. What is
// sealed is bound to LABEL · type · sender, so that nothing passes for what another one says.

import { ADDRESS_WORDS } from '../address.ts';
import { KEY_BYTES, LONG_NONCE_BYTES, TAG_BYTES } from '../layout.ts';

export const LABEL: Uint8Array = new TextEncoder().encode('DARKAGES RENDEZVOUS 1\0');

/** Host → point, 512 bytes; and its answer. */
export const REGISTER = 12;
/** Guest → point, 512 bytes; and its answer. */
export const ASK = 13;
/** Point → host. */
export const INTRODUCE = 14;
/** Host ↔ guest. */
export const PUNCH = 15;

/** Of tickets and cookies, which are sealed as well and are no packets of their own. */
export const TICKET = 0;

export const FROM_POINT = 1;
export const FROM_HOST = 2;
export const FROM_GUEST = 3;
export const FROM_ISSUER = 4;

/** What an answer says. */
export const CHALLENGED = 0;
export const REGISTERED = 1;
export const INTRODUCED = 2;
export const UNKNOWN_HOST = 3;

export const SEAL_BYTES = LONG_NONCE_BYTES + TAG_BYTES;
export const ADDRESS_BYTES = ADDRESS_WORDS * 4;
export const HOST_ID_BYTES = 8;
/** Random bytes of who asks, which the answer repeats: an old answer is none. */
export const ECHO_BYTES = 8;

/** Host id · expiry, seconds since 1970, u64 · key. */
export const TICKET_TEXT_BYTES = HOST_ID_BYTES + 8 + KEY_BYTES;
export const TICKET_BYTES = TICKET_TEXT_BYTES + SEAL_BYTES;
/** What a client is given over TLS: address of the point · key · ticket. */
export const INVITATION_BYTES = ADDRESS_BYTES + KEY_BYTES + TICKET_BYTES;
/** A time, f64, sealed. */
export const COOKIE_BYTES = 8 + SEAL_BYTES;

/** Of what asks: so long that the answer is less than 0.31 of it. */
export const REQUEST_BYTES = 512;
/** Echo · host id · cookie · zeros. */
export const REGISTER_BODY_BYTES = REQUEST_BYTES - 1 - SEAL_BYTES;
/** Echo · cookie · zeros. */
export const ASK_BODY_BYTES = REQUEST_BYTES - 1 - TICKET_BYTES - SEAL_BYTES;
/** Echo · u8 status · address · cookie. */
export const ANSWER_BODY_BYTES = ECHO_BYTES + 1 + ADDRESS_BYTES + COOKIE_BYTES;
/** Echo of the host's registration · the guest's address · id of the meeting, the ticket's tag · key of the punches. */
export const INTRODUCE_BODY_BYTES = ECHO_BYTES + ADDRESS_BYTES + TAG_BYTES + KEY_BYTES;
/** u8: 1 when the sender has heard the other. */
export const PUNCH_BODY_BYTES = 1;

export const packetBytes = (bodyBytes: number): number => 1 + bodyBytes + SEAL_BYTES;

/** A ticket is for the connection that follows. */
export const TICKET_LIFETIME_S = 60;
/** How long an address is taken for proven. */
export const COOKIE_MS = 30_000;
/** Registrations, which also keep the host's NAT open: most forget a flow after 30 s. */
export const REGISTER_MS = 10_000;
/** Of a host: the point forgets it; of a point: the host has no public address any more. */
export const SILENCE_MS = 35_000;
/** What asks is repeated so often until it is answered. */
export const ASK_MS = 500;
/** Introductions by one ticket, and the time between two. */
export const INTRODUCTIONS_MAX = 8;
export const INTRODUCTION_MS = 250;
/** Punches of one side for one ticket, and the time between two. */
export const PUNCHES_MAX = 20;
export const PUNCH_MS = 100;
/** A guest that has heard nothing from its host until then gives up. */
export const GIVE_UP_MS = 5_000;
/** How long a host remembers a meeting: longer than an introduction can come again. */
export const MEETING_MS = 30_000;

/** Guests that a host punches to at a time, and those of one guest host among them. */
export const MEETINGS_MAX = 1024;
export const MEETINGS_PER_GUEST_HOST_MAX = 64;

/** Whether a packet is one of these, by its first byte: netcode's have at least one byte of sequence number. */
export function isRendezvous(first: number | undefined): boolean {
  return first !== undefined && first >= REGISTER && first <= PUNCH;
}
