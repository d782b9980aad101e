// A host: an edge that may stand behind a NAT. It registers with the rendezvous point, learns by that under which address
// the world sees it, and punches towards guests that the point introduces, so that its NAT lets their connection in.
// Edge threads; no socket, no clock: `(nowMs, address, bytes)` come in from the edge's own socket, packets go to its
// outbox. Whom it may be made to send to is bounded: at most PUNCHES_MAX small packets for a ticket, to an address that
// the point has proven, and nothing is answered to anybody else.

import { assert } from '../../base/assert.ts';
import { ADDRESS_WORDS, type Address, copyAddress, isSameAddress } from '../address.ts';
import type { Aead } from '../aead.ts';
import { drawSeed } from '../key-table.ts';
import { KEY_BYTES, TAG_BYTES } from '../layout.ts';
import type { Outbox } from '../outbox.ts';
import { readWord } from '../u64.ts';
import { type Asking, createAsking, mayAskAgain, openAnswer } from './asking.ts';
import { RENDEZVOUS_COUNT as COUNT, TAKEN } from './counts.ts';
import {
  ADDRESS_BYTES,
  ASK_MS,
  ECHO_BYTES,
  FROM_GUEST,
  FROM_HOST,
  FROM_POINT,
  HOST_ID_BYTES,
  INTRODUCE,
  INTRODUCE_BODY_BYTES,
  PUNCH,
  PUNCH_BODY_BYTES,
  PUNCH_MS,
  PUNCHES_MAX,
  packetBytes,
  REGISTER,
  REGISTER_BODY_BYTES,
  REGISTER_MS,
  REGISTERED,
  SILENCE_MS,
} from './layout.ts';
import {
  beginMeeting,
  createMeetings,
  findByAddress,
  findByTag,
  findPlace,
  type Meetings,
  NO_PLACE,
  SHARE_TAKEN,
  TAG_WORDS,
} from './meetings.ts';
import { openBody, readWords, sendBody } from './messages.ts';

export interface HostOptions {
  readonly aead: Aead;
  /** Shared with the point. */
  readonly key: Uint8Array;
  readonly point: Address;
  /** 8 bytes, by which tickets name it. */
  readonly hostId: Uint8Array;
  /** Guests that are punched to at a time; the next one is dropped. The same for those of one guest host. */
  readonly meetingsMax: number;
  readonly meetingsPerGuestHostMax: number;
  readonly outbox: Outbox;
}

export interface Host {
  readonly options: HostOptions;
  readonly asking: Asking;
  /** Of the registration before the one at hand: introductions that cross with it still count. */
  readonly echoBefore: Uint8Array;
  readonly meetings: Meetings;
  /** Of the introduction at hand: whom it is about, and its ticket. */
  readonly guest: Address;
  readonly tag: Uint32Array;
  /** Where the world sees this host, while `isRegistered`. */
  readonly publicAddress: Address;
  isRegistered: boolean;
  registeredMs: number;
}

/** Begins to register: the first packet is in the outbox. */
export function createHost(options: HostOptions, nowMs: number): Host {
  const { aead, outbox, point, key, hostId, meetingsMax, meetingsPerGuestHostMax } = options;
  assert(hostId.length === HOST_ID_BYTES, 'a host has an id of 8 bytes');
  const host: Host = {
    options,
    asking: createAsking(aead, outbox, point, key),
    echoBefore: new Uint8Array(ECHO_BYTES),
    meetings: createMeetings(meetingsMax, meetingsPerGuestHostMax, drawSeed(aead)),
    guest: new Uint32Array(ADDRESS_WORDS),
    tag: new Uint32Array(TAG_WORDS),
    publicAddress: new Uint32Array(ADDRESS_WORDS),
    isRegistered: false,
    registeredMs: Number.NEGATIVE_INFINITY,
  };
  register(host, nowMs);
  return host;
}

// --- registration

function register({ options, asking }: Host, nowMs: number): void {
  const { sealer, outbox, counts, echo, cookie, point } = asking;
  sealer.body.fill(0, 0, REGISTER_BODY_BYTES);
  sealer.body.set(echo);
  sealer.body.set(options.hostId, ECHO_BYTES);
  sealer.body.set(cookie, ECHO_BYTES + HOST_ID_BYTES);
  asking.askedMs = nowMs;
  counts[COUNT.packetsOut]!++;
  counts[COUNT.bytesOut]! += sendBody(sealer, outbox, options.key, REGISTER, FROM_HOST, REGISTER_BODY_BYTES, point, 0);
}

function takeRegisterAnswer(
  host: Host,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { asking, echoBefore, publicAddress, options } = host;
  const refusal = openAnswer(asking, REGISTER, address, at, bytes, from, end);
  if (refusal !== TAKEN) return refusal;
  if (mayAskAgain(asking, nowMs)) register(host, nowMs);
  if (asking.status !== REGISTERED) return TAKEN;
  copyAddress(asking.told, 0, publicAddress, 0);
  host.isRegistered = true;
  host.registeredMs = nowMs;
  asking.counts[COUNT.registrations]!++;
  echoBefore.set(asking.echo);
  options.aead.randomize(asking.echo);
  return TAKEN;
}

/** Registrations, punches; to be called ten times a second or more often. */
export function updateHost(host: Host, nowMs: number): void {
  const { asking, meetings } = host;
  const silenceMs = nowMs - host.registeredMs;
  if (host.isRegistered && silenceMs > SILENCE_MS) {
    host.isRegistered = false;
    asking.counts[COUNT.hostsLost]!++;
  }
  if (silenceMs >= REGISTER_MS && nowMs - asking.askedMs >= ASK_MS) register(host, nowMs);
  for (let meeting = 0; meeting < meetings.capacity; meeting++) {
    if (meetings.isOver[meeting] === 0 && nowMs - meetings.punchedMs[meeting]! >= PUNCH_MS) punch(host, nowMs, meeting);
  }
}

// --- from the point, and from guests

/** From the wire: `bytes[from, end)`, which `isRendezvous`, came from `address[at …]`. */
export function receiveAsHost(
  host: Host,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): void {
  const { asking } = host;
  const { counts } = asking;
  counts[COUNT.packetsIn]!++;
  counts[COUNT.bytesIn]! += end - from;
  const refusal = takePacket(host, nowMs, address, at, bytes, from, end);
  if (refusal !== TAKEN) counts[refusal]!++;
}

/** TAKEN, or the count of why it is dropped; as the functions it calls. */
function takePacket(
  host: Host,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  switch (bytes[from]) {
    case REGISTER:
      return takeRegisterAnswer(host, nowMs, address, at, bytes, from, end);
    case INTRODUCE:
      return takeIntroduction(host, nowMs, address, at, bytes, from, end);
    case PUNCH:
      return takePunch(host, nowMs, address, at, bytes, from, end);
    default:
      return COUNT.dropType;
  }
}

function takeIntroduction(
  host: Host,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { asking, meetings, options, guest, tag } = host;
  const { body } = asking.sealer;
  if (end - from !== packetBytes(INTRODUCE_BODY_BYTES)) return COUNT.dropSize;
  if (!isSameAddress(address, at, asking.point, 0)) return COUNT.dropStranger;
  if (!openBody(asking.sealer, options.key, INTRODUCE, FROM_POINT, bytes, from + 1, end)) {
    return COUNT.dropForged;
  }
  if (!isEcho(body, asking.echo) && !isEcho(body, host.echoBefore)) return COUNT.dropStale;
  readWords(body, ECHO_BYTES, guest, 0);
  for (let word = 0; word < TAG_WORDS; word++) tag[word] = readWord(body, TAG_AT + word * 4);
  // A guest that asks again is introduced again: its punches are counted on.
  if (findByTag(meetings, nowMs, tag) >= 0) return TAKEN;
  const meeting = findPlace(meetings, guest);
  if (meeting === SHARE_TAKEN) return COUNT.dropShare;
  if (meeting === NO_PLACE) return COUNT.dropFull;
  beginMeeting(meetings, nowMs, meeting, guest, tag);
  const key = meetings.keys[meeting]!;
  for (let index = 0; index < KEY_BYTES; index++) key[index] = body[KEY_AT + index]!;
  asking.counts[COUNT.introductions]!++;
  punch(host, nowMs, meeting);
  return TAKEN;
}

const TAG_AT = ECHO_BYTES + ADDRESS_BYTES;
const KEY_AT = TAG_AT + TAG_BYTES;

function isEcho(body: Uint8Array, echo: Uint8Array): boolean {
  return echo.every((byte, index) => body[index] === byte);
}

/** Says that it is there, and whether it has heard the guest; the last one for this guest ends the meeting. */
function punch({ asking, meetings }: Host, nowMs: number, meeting: number): void {
  const { sealer, outbox, counts } = asking;
  const { keys, addresses, hasHeard, punches, punchedMs, isOver } = meetings;
  sealer.body[0] = hasHeard[meeting]!;
  punchedMs[meeting] = nowMs;
  punches[meeting]!++;
  isOver[meeting] = punches[meeting]! >= PUNCHES_MAX ? 1 : 0;
  counts[COUNT.punches]!++;
  counts[COUNT.packetsOut]!++;
  const key = keys[meeting]!;
  const at = meeting * ADDRESS_WORDS;
  counts[COUNT.bytesOut]! += sendBody(sealer, outbox, key, PUNCH, FROM_HOST, PUNCH_BODY_BYTES, addresses, at);
}

function takePunch(
  host: Host,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { asking, meetings } = host;
  if (end - from !== packetBytes(PUNCH_BODY_BYTES)) return COUNT.dropSize;
  const meeting = findByAddress(meetings, nowMs, address, at);
  if (meeting < 0) return COUNT.dropStranger;
  if (!openBody(asking.sealer, meetings.keys[meeting]!, PUNCH, FROM_GUEST, bytes, from + 1, end)) {
    return COUNT.dropForged;
  }
  if (meetings.hasHeard[meeting] === 0) asking.counts[COUNT.opened]!++;
  // The next punch tells the guest; when that has heard us too, none is needed.
  meetings.hasHeard[meeting] = 1;
  if (asking.sealer.body[0] === 1) meetings.isOver[meeting] = 1;
  return TAKEN;
}
