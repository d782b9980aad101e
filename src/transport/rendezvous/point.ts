// The rendezvous point: knows hosts by their registrations, and introduces to them guests that show a ticket. Runs
// anywhere with a public address; no socket, no clock: `(nowMs, address, bytes)` come in, packets go to the outbox. Who
// has no key and no ticket gets no answer. Who has one gets a cookie first, sealed for its address, at most 0.31 times
// as long as what asked for it; only who brings the cookie back is told anything, or about. All memory is made at the
// start; nothing is kept for an address that has not proven itself.

import { ADDRESS_WORDS, type Address, copyAddress, isSameAddress } from '../address.ts';
import type { Aead } from '../aead.ts';
import { createKeyTable, drawSeed, findKey, type KeyTable, putKey, removeKey } from '../key-table.ts';
import { KEY_BYTES, LONG_NONCE_BYTES, TAG_BYTES } from '../layout.ts';
import type { Outbox } from '../outbox.ts';
import { readWord, writeWord } from '../u64.ts';
import { RENDEZVOUS_COUNT as COUNT, createRendezvousCounts, type RendezvousCounts, TAKEN } from './counts.ts';
import {
  ADDRESS_BYTES,
  ANSWER_BODY_BYTES,
  ASK,
  CHALLENGED,
  COOKIE_BYTES,
  COOKIE_MS,
  ECHO_BYTES,
  FROM_GUEST,
  FROM_HOST,
  FROM_POINT,
  HOST_ID_BYTES,
  INTRODUCE,
  INTRODUCE_BODY_BYTES,
  INTRODUCED,
  INTRODUCTION_MS,
  INTRODUCTIONS_MAX,
  LABEL,
  REGISTER,
  REGISTERED,
  REQUEST_BYTES,
  SILENCE_MS,
  TICKET_BYTES,
  TICKET_LIFETIME_S,
  UNKNOWN_HOST,
} from './layout.ts';
import {
  createSealer,
  createTicket,
  openBody,
  openTicket,
  type Sealer,
  sendBody,
  type Ticket,
  writeWords,
} from './messages.ts';

export interface PointOptions {
  readonly aead: Aead;
  /** Shared with hosts and with who issues tickets. */
  readonly key: Uint8Array;
  /** The next one is dropped. */
  readonly hostsMax: number;
  /** Tickets that are remembered; the oldest makes room. */
  readonly meetingsMax: number;
  readonly outbox: Outbox;
}

/** By which clocks of issuers may differ from ours. */
const CLOCK_SLACK_S = 5;
const TAG_WORDS = TAG_BYTES / 4;
const ECHO_WORDS = ECHO_BYTES / 4;

interface Hosts {
  readonly byId: KeyTable;
  readonly free: Int32Array;
  freeCount: number;
  /** 1: the row is a host. */
  readonly known: Uint8Array;
  readonly ids: Uint32Array;
  readonly addresses: Uint32Array;
  /** Our own ones, which they asked, in the same places; zeros: the system chooses. */
  readonly locals: Uint32Array;
  readonly echoes: Uint32Array;
  readonly heardMs: Float64Array;
  /** Of the cookie that its registration brought back: an older one is a replay. */
  readonly cookieMs: Float64Array;
}

/** Tickets whose guests have proven their address. */
interface Meetings {
  readonly byTag: KeyTable;
  readonly tags: Uint32Array;
  readonly addresses: Uint32Array;
  readonly introductions: Uint8Array;
  readonly introducedMs: Float64Array;
  readonly expireMs: Float64Array;
  /** Where the next one goes: the oldest is there. */
  next: number;
}

export interface Point {
  readonly options: PointOptions;
  readonly sealer: Sealer;
  readonly ticket: Ticket;
  readonly counts: RendezvousCounts;
  readonly hosts: Hosts;
  readonly meetings: Meetings;
  /** Of this start alone. */
  readonly cookieKey: Uint8Array;
  /** LABEL · type · address. */
  readonly cookieAdditional: Uint8Array;
  readonly cookieNonce: Uint8Array;
  readonly cookieTime: Float64Array;
  /** The bytes of `cookieTime`. */
  readonly cookieText: Uint8Array;
  /** What makes `nowMs` milliseconds since 1970; as `updatePoint` was told last. */
  unixOffsetMs: number;
  /** Where the packet at hand came to. Whoever has the socket says so, if it is one that knows. */
  readonly localAtHand: Address;
  /** Of the packet at hand: echo, id, tag. */
  readonly echo: Uint32Array;
  readonly id: Uint32Array;
  readonly tag: Uint32Array;
}

export function createPoint(options: PointOptions): Point {
  const { aead, hostsMax, meetingsMax } = options;
  const cookieKey = new Uint8Array(KEY_BYTES);
  aead.randomize(cookieKey);
  const seed = drawSeed(aead);
  const cookieAdditional = new Uint8Array(LABEL.length + 1 + ADDRESS_BYTES);
  cookieAdditional.set(LABEL);
  const cookieTime = new Float64Array(1);
  return {
    options,
    sealer: createSealer(aead),
    ticket: createTicket(),
    counts: createRendezvousCounts(),
    hosts: createHosts(hostsMax, seed),
    meetings: createMeetings(meetingsMax, seed),
    cookieKey,
    cookieAdditional,
    cookieNonce: new Uint8Array(LONG_NONCE_BYTES),
    cookieTime,
    cookieText: new Uint8Array(cookieTime.buffer),
    unixOffsetMs: 0,
    localAtHand: new Uint32Array(ADDRESS_WORDS),
    echo: new Uint32Array(ECHO_WORDS),
    id: new Uint32Array(2),
    tag: new Uint32Array(TAG_WORDS),
  };
}

function createHosts(capacity: number, seed: number): Hosts {
  return {
    byId: createKeyTable(2, capacity, seed),
    free: Int32Array.from({ length: capacity }, (_, index) => index),
    freeCount: capacity,
    known: new Uint8Array(capacity),
    ids: new Uint32Array(capacity * 2),
    addresses: new Uint32Array(capacity * ADDRESS_WORDS),
    locals: new Uint32Array(capacity * ADDRESS_WORDS),
    echoes: new Uint32Array(capacity * ECHO_WORDS),
    heardMs: new Float64Array(capacity),
    cookieMs: new Float64Array(capacity),
  };
}

function createMeetings(capacity: number, seed: number): Meetings {
  return {
    byTag: createKeyTable(TAG_WORDS, capacity, seed),
    tags: new Uint32Array(capacity * TAG_WORDS),
    addresses: new Uint32Array(capacity * ADDRESS_WORDS),
    introductions: new Uint8Array(capacity),
    introducedMs: new Float64Array(capacity),
    expireMs: new Float64Array(capacity),
    next: 0,
  };
}

/** From the wire: `bytes[from, end)` came from `address[at …]`. */
export function receiveAtPoint(
  point: Point,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): void {
  const { counts } = point;
  counts[COUNT.packetsIn]!++;
  counts[COUNT.bytesIn]! += end - from;
  const refusal = takePacket(point, nowMs, address, at, bytes, from, end);
  if (refusal !== TAKEN) counts[refusal]!++;
}

/** TAKEN, or the count of why it is dropped; as the functions it calls. */
function takePacket(
  point: Point,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const type = end > from ? bytes[from] : undefined;
  if (type !== REGISTER && type !== ASK) return COUNT.dropType;
  if (end - from !== REQUEST_BYTES) return COUNT.dropSize;
  if (type === REGISTER) return takeRegistration(point, nowMs, address, at, bytes, from, end);
  return takeAsk(point, nowMs, address, at, bytes, from, end);
}

// --- hosts

function takeRegistration(
  point: Point,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { sealer, options, counts, hosts, id } = point;
  if (!openBody(sealer, options.key, REGISTER, FROM_HOST, bytes, from + 1, end)) return COUNT.dropForged;
  const { body } = sealer;
  readEcho(point);
  id[0] = readWord(body, ECHO_BYTES);
  id[1] = readWord(body, ECHO_BYTES + 4);
  if (!isProven(point, nowMs, REGISTER, address, at, ECHO_BYTES + HOST_ID_BYTES)) {
    counts[COUNT.challenges]!++;
    answer(point, nowMs, REGISTER, options.key, CHALLENGED, address, at, address, at);
    return TAKEN;
  }
  const known = findKey(hosts.byId, id, 0);
  if (known < 0 && hosts.freeCount === 0) return COUNT.dropFull;
  // One that was played again would set back the host's address and its echo, and no introduction would reach it. The same
  // cookie is that of one that was sent again: its answer was lost.
  const cookieMs = point.cookieTime[0]!;
  if (known >= 0 && cookieMs < hosts.cookieMs[known]!) return COUNT.dropStale;
  const host = known < 0 ? addHost(hosts, id) : known;
  copyAddress(address, at, hosts.addresses, host * ADDRESS_WORDS);
  copyAddress(point.localAtHand, 0, hosts.locals, host * ADDRESS_WORDS);
  for (let word = 0; word < ECHO_WORDS; word++) hosts.echoes[host * ECHO_WORDS + word] = point.echo[word]!;
  hosts.heardMs[host] = nowMs;
  hosts.cookieMs[host] = cookieMs;
  counts[COUNT.registrations]!++;
  answer(point, nowMs, REGISTER, options.key, REGISTERED, address, at, address, at);
  return TAKEN;
}

function addHost(hosts: Hosts, id: Uint32Array): number {
  const host = hosts.free[--hosts.freeCount]!;
  hosts.known[host] = 1;
  hosts.ids[host * 2] = id[0]!;
  hosts.ids[host * 2 + 1] = id[1]!;
  putKey(hosts.byId, id, 0, host);
  return host;
}

/**
 * Forgets hosts that are silent; to be called about once a second.
 * @param unixMs milliseconds since 1970 as who issues tickets has them.
 */
export function updatePoint(point: Point, nowMs: number, unixMs = nowMs): void {
  point.unixOffsetMs = unixMs - nowMs;
  const { hosts, counts } = point;
  for (let host = 0; host < hosts.known.length; host++) {
    if (hosts.known[host] === 0 || nowMs - hosts.heardMs[host]! <= SILENCE_MS) continue;
    removeKey(hosts.byId, hosts.ids, host * 2);
    hosts.known[host] = 0;
    hosts.free[hosts.freeCount++] = host;
    counts[COUNT.hostsLost]!++;
  }
}

// --- guests

function takeAsk(
  point: Point,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const refusal = judgeAsk(point, nowMs, bytes, from, end);
  if (refusal !== TAKEN) return refusal;
  const { ticket, meetings, hosts, tag, counts } = point;
  const known = findKey(meetings.byTag, tag, 0);
  if (known >= 0 && !isSameAddress(meetings.addresses, known * ADDRESS_WORDS, address, at)) {
    return COUNT.dropTicketElsewhere;
  }
  readEcho(point);
  if (!isProven(point, nowMs, ASK, address, at, ECHO_BYTES)) {
    counts[COUNT.challenges]!++;
    answer(point, nowMs, ASK, ticket.key, CHALLENGED, address, at, address, at);
    return TAKEN;
  }
  const meeting = known >= 0 ? known : addMeeting(point, nowMs, address, at);
  if (nowMs - meetings.introducedMs[meeting]! < INTRODUCTION_MS) return COUNT.dropSoon;
  if (meetings.introductions[meeting]! >= INTRODUCTIONS_MAX) return COUNT.dropTicketSpent;
  meetings.introductions[meeting]!++;
  meetings.introducedMs[meeting] = nowMs;
  const host = findKey(hosts.byId, ticket.hostId, 0);
  if (host < 0) {
    counts[COUNT.unknownHosts]!++;
    answer(point, nowMs, ASK, ticket.key, UNKNOWN_HOST, address, at, address, at);
    return TAKEN;
  }
  counts[COUNT.introductions]!++;
  introduce(point, host, address, at);
  answer(point, nowMs, ASK, ticket.key, INTRODUCED, hosts.addresses, host * ADDRESS_WORDS, address, at);
  return TAKEN;
}

/** TAKEN when `point.ticket` then is a good one and what was asked is in `sealer.body`. */
function judgeAsk(point: Point, nowMs: number, bytes: Uint8Array, from: number, end: number): number {
  const { sealer, options, ticket, tag } = point;
  if (!openTicket(sealer, options.key, bytes, from + 1, ticket)) return COUNT.dropTicketForged;
  const unixS = (nowMs + point.unixOffsetMs) / 1000;
  if (ticket.expiresS <= unixS - CLOCK_SLACK_S) return COUNT.dropTicketExpired;
  if (ticket.expiresS > unixS + TICKET_LIFETIME_S + CLOCK_SLACK_S) return COUNT.dropTicketFuture;
  const bodyFrom = from + 1 + TICKET_BYTES;
  if (!openBody(sealer, ticket.key, ASK, FROM_GUEST, bytes, bodyFrom, end)) return COUNT.dropForged;
  for (let word = 0; word < TAG_WORDS; word++) tag[word] = readWord(bytes, bodyFrom - TAG_BYTES + word * 4);
  return TAKEN;
}

/** The ticket at hand is now this address's. */
function addMeeting(point: Point, nowMs: number, address: Uint32Array, at: number): number {
  const { meetings, tag, ticket, counts } = point;
  const meeting = meetings.next;
  meetings.next = (meeting + 1) % meetings.introductions.length;
  if (meetings.expireMs[meeting]! > nowMs) counts[COUNT.meetingsEvicted]!++;
  if (findKey(meetings.byTag, meetings.tags, meeting * TAG_WORDS) === meeting) {
    removeKey(meetings.byTag, meetings.tags, meeting * TAG_WORDS);
  }
  for (let word = 0; word < TAG_WORDS; word++) meetings.tags[meeting * TAG_WORDS + word] = tag[word]!;
  putKey(meetings.byTag, tag, 0, meeting);
  copyAddress(address, at, meetings.addresses, meeting * ADDRESS_WORDS);
  meetings.introductions[meeting] = 0;
  meetings.introducedMs[meeting] = Number.NEGATIVE_INFINITY;
  meetings.expireMs[meeting] = (ticket.expiresS + CLOCK_SLACK_S) * 1000 - point.unixOffsetMs;
  return meeting;
}

/** The host is told who comes, and by which key to know it. */
function introduce(point: Point, host: number, address: Uint32Array, at: number): void {
  const { sealer, hosts, tag, ticket, options } = point;
  const { body } = sealer;
  for (let word = 0; word < ECHO_WORDS; word++) writeWord(body, word * 4, hosts.echoes[host * ECHO_WORDS + word]!);
  writeWords(body, ECHO_BYTES, address, at);
  const tagAt = ECHO_BYTES + ADDRESS_BYTES;
  for (let word = 0; word < TAG_WORDS; word++) writeWord(body, tagAt + word * 4, tag[word]!);
  body.set(ticket.key, tagAt + TAG_BYTES);
  send(point, options.key, INTRODUCE, INTRODUCE_BODY_BYTES, hosts.addresses, host * ADDRESS_WORDS);
}

// --- answers

function readEcho({ sealer, echo }: Point): void {
  for (let word = 0; word < ECHO_WORDS; word++) echo[word] = readWord(sealer.body, word * 4);
}

/** Answers `address[at …]`, about `told[toldAt …]`, with a new cookie. */
function answer(
  point: Point,
  nowMs: number,
  type: number,
  key: Uint8Array,
  status: number,
  told: Uint32Array,
  toldAt: number,
  address: Uint32Array,
  at: number,
): void {
  const { sealer, echo } = point;
  const { body } = sealer;
  for (let word = 0; word < ECHO_WORDS; word++) writeWord(body, word * 4, echo[word]!);
  body[ECHO_BYTES] = status;
  writeWords(body, ECHO_BYTES + 1, told, toldAt);
  writeCookie(point, nowMs, type, address, at, ECHO_BYTES + 1 + ADDRESS_BYTES);
  send(point, key, type, ANSWER_BODY_BYTES, address, at);
}

/** From where its receiver sent to: one that is no host has sent the packet at hand. */
function send(
  { sealer, options, counts, hosts, localAtHand }: Point,
  key: Uint8Array,
  type: number,
  length: number,
  address: Uint32Array,
  at: number,
): void {
  const isHost = address === hosts.addresses;
  const local = isHost ? hosts.locals : localAtHand;
  const localAt = isHost ? at : 0;
  const { outbox } = options;
  counts[COUNT.packetsOut]!++;
  counts[COUNT.bytesOut]! += sendBody(sealer, outbox, key, type, FROM_POINT, length, address, at, local, localAt);
}

function bindCookie({ cookieAdditional }: Point, type: number, address: Uint32Array, at: number): void {
  cookieAdditional[LABEL.length] = type;
  writeWords(cookieAdditional, LABEL.length + 1, address, at);
}

/** Proof, for a while, that who has it gets what is sent to this address. */
function writeCookie(
  point: Point,
  nowMs: number,
  type: number,
  address: Uint32Array,
  at: number,
  bodyAt: number,
): void {
  const { sealer, cookieKey, cookieAdditional, cookieNonce, cookieTime, cookieText } = point;
  bindCookie(point, type, address, at);
  cookieTime[0] = nowMs;
  point.options.aead.randomize(cookieNonce);
  sealer.body.set(cookieNonce, bodyAt);
  const { aead } = point.options;
  aead.seal(cookieKey, cookieNonce, cookieAdditional, cookieText, 0, 8, sealer.body, bodyAt + LONG_NONCE_BYTES);
}

/** Whether the cookie at `sealer.body[bodyAt …]` is this address's, and fresh; `point.cookieTime` then is its time. */
function isProven(
  point: Point,
  nowMs: number,
  type: number,
  address: Uint32Array,
  at: number,
  bodyAt: number,
): boolean {
  const { sealer, cookieKey, cookieAdditional, cookieNonce, cookieTime, cookieText } = point;
  bindCookie(point, type, address, at);
  for (let index = 0; index < LONG_NONCE_BYTES; index++) cookieNonce[index] = sealer.body[bodyAt + index]!;
  const from = bodyAt + LONG_NONCE_BYTES;
  const { aead } = point.options;
  const end = bodyAt + COOKIE_BYTES;
  if (!aead.open(cookieKey, cookieNonce, cookieAdditional, sealer.body, from, end, cookieText, 0)) return false;
  return nowMs - cookieTime[0]! <= COOKIE_MS;
}
