// A guest: a client that asks the rendezvous point for its host and punches towards it, from the socket by which it then
// connects. Clients, bots; no socket, no clock: `(nowMs, address, bytes)` come in, packets go to the outbox. Nothing has
// to wait for it: a client begins to connect at once, and its requests get through when the path is open. What the point
// and the host can make it send is bounded: so many asks and punches, and then no more.

import { ADDRESS_WORDS, type Address, copyAddress, isSameAddress } from '../address.ts';
import type { Aead } from '../aead.ts';
import { KEY_BYTES } from '../layout.ts';
import type { Outbox } from '../outbox.ts';
import { nextPlace, putPacket } from '../outbox.ts';
import { type Asking, createAsking, mayAskAgain, openAnswer } from './asking.ts';
import { RENDEZVOUS_COUNT as COUNT, TAKEN } from './counts.ts';
import {
  ASK,
  ASK_BODY_BYTES,
  ASK_MS,
  ECHO_BYTES,
  FROM_GUEST,
  FROM_HOST,
  GIVE_UP_MS,
  INTRODUCED,
  PUNCH,
  PUNCH_BODY_BYTES,
  PUNCH_MS,
  PUNCHES_MAX,
  packetBytes,
  REQUEST_BYTES,
  TICKET_BYTES,
  UNKNOWN_HOST,
} from './layout.ts';
import { openBody, readInvitation, sealBody, sendBody } from './messages.ts';
import { ASKING, assertGuestStep, INVALID_INVITATION, NO_HOST, OPEN, PUNCHING, UNREACHED } from './states.ts';

export interface Guest {
  readonly asking: Asking;
  readonly ticket: Uint8Array;
  /** Of the host, once it is PUNCHING or OPEN. */
  readonly hostAddress: Address;
  /** One of states.ts; negative: failed, and why. */
  state: number;
  readonly startedMs: number;
  punchedMs: number;
  punches: number;
}

/** Begins to ask: the first packet is in the outbox, unless `invitationBytes` is none (INVALID_INVITATION). */
export function createGuest(aead: Aead, invitationBytes: Uint8Array, outbox: Outbox, nowMs: number): Guest {
  const invitation = readInvitation(invitationBytes);
  const { point, key, ticket } = invitation ?? {
    point: new Uint32Array(ADDRESS_WORDS),
    key: new Uint8Array(KEY_BYTES),
    ticket: new Uint8Array(TICKET_BYTES),
  };
  const guest: Guest = {
    asking: createAsking(aead, outbox, point, key),
    ticket,
    hostAddress: new Uint32Array(ADDRESS_WORDS),
    state: ASKING,
    startedMs: nowMs,
    punchedMs: Number.NEGATIVE_INFINITY,
    punches: 0,
  };
  if (invitation === undefined) step(guest, INVALID_INVITATION);
  else ask(guest, nowMs);
  return guest;
}

function step(guest: Guest, state: number): void {
  assertGuestStep(guest.state, state);
  guest.state = state;
}

const isUnderWay = ({ state }: Guest): boolean => state === ASKING || state === PUNCHING;

/** What is sent again, and giving up; to be called ten times a second or more often. */
export function updateGuest(guest: Guest, nowMs: number): void {
  if (!isUnderWay(guest)) return;
  if (nowMs - guest.startedMs >= GIVE_UP_MS) {
    step(guest, UNREACHED);
    return;
  }
  // Also while it punches: the host may not have heard of it.
  if (nowMs - guest.asking.askedMs >= ASK_MS) ask(guest, nowMs);
  if (guest.state === PUNCHING && nowMs - guest.punchedMs >= PUNCH_MS) punch(guest, nowMs);
}

function ask({ asking, ticket }: Guest, nowMs: number): void {
  const { sealer, outbox, counts, echo, cookie, key, point } = asking;
  sealer.body.fill(0, 0, ASK_BODY_BYTES);
  sealer.body.set(echo);
  sealer.body.set(cookie, ECHO_BYTES);
  const place = nextPlace(outbox);
  outbox.bytes[place] = ASK;
  outbox.bytes.set(ticket, place + 1);
  sealBody(sealer, key, ASK, FROM_GUEST, ASK_BODY_BYTES, outbox.bytes, place + 1 + TICKET_BYTES);
  putPacket(outbox, REQUEST_BYTES, point, 0);
  asking.askedMs = nowMs;
  counts[COUNT.packetsOut]!++;
  counts[COUNT.bytesOut]! += REQUEST_BYTES;
}

function punch(guest: Guest, nowMs: number): void {
  if (guest.punches >= PUNCHES_MAX) return;
  const { sealer, outbox, counts, key } = guest.asking;
  sealer.body[0] = guest.state === OPEN ? 1 : 0;
  guest.punchedMs = nowMs;
  guest.punches++;
  counts[COUNT.punches]!++;
  counts[COUNT.packetsOut]!++;
  counts[COUNT.bytesOut]! += sendBody(sealer, outbox, key, PUNCH, FROM_GUEST, PUNCH_BODY_BYTES, guest.hostAddress, 0);
}

/** From the wire: `bytes[from, end)`, which `isRendezvous`, came from `address[at …]`. */
export function receiveAsGuest(
  guest: Guest,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): void {
  const { counts } = guest.asking;
  counts[COUNT.packetsIn]!++;
  counts[COUNT.bytesIn]! += end - from;
  const refusal = takePacket(guest, nowMs, address, at, bytes, from, end);
  if (refusal !== TAKEN) counts[refusal]!++;
}

/** TAKEN, or the count of why it is dropped; as the functions it calls. */
function takePacket(
  guest: Guest,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { asking } = guest;
  if (bytes[from] === PUNCH) return takePunch(guest, nowMs, address, at, bytes, from, end);
  if (bytes[from] !== ASK) return COUNT.dropType;
  if (!isUnderWay(guest)) return COUNT.dropStale;
  const refusal = openAnswer(asking, ASK, address, at, bytes, from, end);
  if (refusal !== TAKEN) return refusal;
  if (mayAskAgain(asking, nowMs)) ask(guest, nowMs);
  else if (asking.status === UNKNOWN_HOST) step(guest, NO_HOST);
  else if (asking.status === INTRODUCED) takeIntroduction(guest, nowMs);
  return TAKEN;
}

function takeIntroduction(guest: Guest, nowMs: number): void {
  copyAddress(guest.asking.told, 0, guest.hostAddress, 0);
  if (guest.state === PUNCHING) return;
  step(guest, PUNCHING);
  guest.asking.counts[COUNT.introductions]!++;
  punch(guest, nowMs);
}

function takePunch(
  guest: Guest,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { asking, hostAddress } = guest;
  if (end - from !== packetBytes(PUNCH_BODY_BYTES)) return COUNT.dropSize;
  if (guest.state !== PUNCHING && guest.state !== OPEN) return COUNT.dropStranger;
  if (!isSameAddress(address, at, hostAddress, 0)) return COUNT.dropStranger;
  if (!openBody(asking.sealer, asking.key, PUNCH, FROM_HOST, bytes, from + 1, end)) {
    return COUNT.dropForged;
  }
  if (guest.state === PUNCHING) {
    step(guest, OPEN);
    asking.counts[COUNT.opened]!++;
  }
  // The host sends on until it hears that it was heard.
  punch(guest, nowMs);
  return TAKEN;
}
