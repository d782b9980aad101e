// Sealing and opening of what is said at a rendezvous, and the tickets that let a guest ask for a host. Edge threads,
// clients, the point; whoever issues tickets.

import { assert } from '../../base/assert.ts';
import { ADDRESS_WORDS, type Address } from '../address.ts';
import type { Aead } from '../aead.ts';
import { KEY_BYTES, LONG_NONCE_BYTES } from '../layout.ts';
import type { Outbox } from '../outbox.ts';
import { nextPlace, putPacket } from '../outbox.ts';
import { readRounded, readWord, writeNumber, writeWord } from '../u64.ts';
import {
  ADDRESS_BYTES,
  FROM_ISSUER,
  HOST_ID_BYTES,
  INVITATION_BYTES,
  LABEL,
  REQUEST_BYTES,
  SEAL_BYTES,
  TICKET,
  TICKET_BYTES,
  TICKET_TEXT_BYTES,
} from './layout.ts';

export interface Sealer {
  readonly aead: Aead;
  /** LABEL · type · sender. */
  readonly additional: Uint8Array;
  readonly nonce: Uint8Array;
  /** A body that is about to be sealed, or was opened. */
  readonly body: Uint8Array;
}

export function createSealer(aead: Aead): Sealer {
  const additional = new Uint8Array(LABEL.length + 2);
  additional.set(LABEL);
  return { aead, additional, nonce: new Uint8Array(LONG_NONCE_BYTES), body: new Uint8Array(REQUEST_BYTES) };
}

function bind(sealer: Sealer, type: number, sender: number): void {
  sealer.additional[LABEL.length] = type;
  sealer.additional[LABEL.length + 1] = sender;
}

/** Seals `sealer.body[0, length)` into `target[at …]`, with its nonce in front; SEAL_BYTES more than the body. */
export function sealBody(
  sealer: Sealer,
  key: Uint8Array,
  type: number,
  sender: number,
  length: number,
  target: Uint8Array,
  at: number,
): void {
  const { aead, additional, nonce, body } = sealer;
  bind(sealer, type, sender);
  aead.randomize(nonce);
  target.set(nonce, at);
  aead.seal(key, nonce, additional, body, 0, length, target, at + LONG_NONCE_BYTES);
}

/** From the wire: opens nonce and sealed body at `bytes[from, end)` into `sealer.body`; false when it is forged. */
export function openBody(
  sealer: Sealer,
  key: Uint8Array,
  type: number,
  sender: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): boolean {
  const { aead, additional, nonce, body } = sealer;
  if (end - from < SEAL_BYTES || end - from > body.length) return false;
  bind(sealer, type, sender);
  for (let index = 0; index < LONG_NONCE_BYTES; index++) nonce[index] = bytes[from + index]!;
  return aead.open(key, nonce, additional, bytes, from + LONG_NONCE_BYTES, end, body, 0);
}

/** A packet with `sealer.body[0, length)` goes to `address[at …]`, from `local[localAt …]`; returns its length. */
export function sendBody(
  sealer: Sealer,
  outbox: Outbox,
  key: Uint8Array,
  type: number,
  sender: number,
  length: number,
  address: Uint32Array,
  at: number,
  local?: Uint32Array,
  localAt?: number,
): number {
  const place = nextPlace(outbox);
  outbox.bytes[place] = type;
  sealBody(sealer, key, type, sender, length, outbox.bytes, place + 1);
  putPacket(outbox, 1 + length + SEAL_BYTES, address, at, local, localAt);
  return 1 + length + SEAL_BYTES;
}

export function writeWords(target: Uint8Array, at: number, words: Uint32Array, from: number): void {
  for (let word = 0; word < ADDRESS_WORDS; word++) writeWord(target, at + word * 4, words[from + word]!);
}

export function readWords(source: Uint8Array, at: number, words: Uint32Array, to: number): void {
  for (let word = 0; word < ADDRESS_WORDS; word++) words[to + word] = readWord(source, at + word * 4);
}

// --- tickets

export interface InvitationTerms {
  /** Of the rendezvous point. */
  readonly point: Address;
  readonly hostId: Uint8Array;
  /** Seconds since 1970. */
  readonly expiresS: number;
}

/** What a client needs to ask for a host, to be given to it over TLS. Draws its key. Allocates. */
export function mintInvitation(aead: Aead, pointKey: Uint8Array, terms: InvitationTerms): Uint8Array {
  assert(terms.hostId.length === HOST_ID_BYTES, 'a host has an id of 8 bytes');
  const key = new Uint8Array(KEY_BYTES);
  aead.randomize(key);
  const sealer = createSealer(aead);
  sealer.body.set(terms.hostId);
  writeNumber(sealer.body, HOST_ID_BYTES, terms.expiresS);
  sealer.body.set(key, HOST_ID_BYTES + 8);
  const invitation = new Uint8Array(INVITATION_BYTES);
  writeWords(invitation, 0, terms.point, 0);
  invitation.set(key, ADDRESS_BYTES);
  sealBody(sealer, pointKey, TICKET, FROM_ISSUER, TICKET_TEXT_BYTES, invitation, ADDRESS_BYTES + KEY_BYTES);
  return invitation;
}

export interface Invitation {
  readonly point: Address;
  readonly key: Uint8Array;
  readonly ticket: Uint8Array;
}

/** Undefined when it can't be one. Allocates. */
export function readInvitation(bytes: Uint8Array): Invitation | undefined {
  if (bytes.length !== INVITATION_BYTES) return undefined;
  const point = new Uint32Array(ADDRESS_WORDS);
  readWords(bytes, 0, point, 0);
  if (point[ADDRESS_WORDS - 1]! === 0 || point[ADDRESS_WORDS - 1]! > 0xffff) return undefined;
  return {
    point,
    key: bytes.slice(ADDRESS_BYTES, ADDRESS_BYTES + KEY_BYTES),
    ticket: bytes.slice(ADDRESS_BYTES + KEY_BYTES),
  };
}

/** What a ticket says; one is filled again and again. */
export interface Ticket {
  /** Low word, high word. */
  readonly hostId: Uint32Array;
  expiresS: number;
  readonly key: Uint8Array;
}

export function createTicket(): Ticket {
  return { hostId: new Uint32Array(2), expiresS: 0, key: new Uint8Array(KEY_BYTES) };
}

/** From the wire: fills `ticket` from the one at `bytes[from …]`; false when it is forged. */
export function openTicket(
  sealer: Sealer,
  pointKey: Uint8Array,
  bytes: Uint8Array,
  from: number,
  ticket: Ticket,
): boolean {
  if (!openBody(sealer, pointKey, TICKET, FROM_ISSUER, bytes, from, from + TICKET_BYTES)) return false;
  const { body } = sealer;
  ticket.hostId[0] = readWord(body, 0);
  ticket.hostId[1] = readWord(body, 4);
  ticket.expiresS = readRounded(body, HOST_ID_BYTES);
  for (let index = 0; index < KEY_BYTES; index++) ticket.key[index] = body[HOST_ID_BYTES + 8 + index]!;
  return true;
}
