// How an address becomes a client of the server: request → challenge → response → slot. Edge threads. Every refusal is
// silent but for a counter, except that a full server says so; checks are in order of cost, and until the response has
// come, which proves that who asks gets what is sent to its address, an answer is at most 0.31 times as long as what
// asked for it.
//
// Who is connected already and shows another token has given up the connection before, whatever its server knows of that:
// the goodbye was lost, or the program died. So it gets in at once. Where it comes from the same address the new
// connection takes the place of the old one; from another address both are there until the session layer, which knows
// who the player is, ends the older.

import { ADDRESS_WORDS, isSameAddress } from './address.ts';
import { COUNT } from './counts.ts';
import { closeHandshake, findHandshake, oldestHandshake, openHandshake } from './handshakes.ts';
import { findKey } from './key-table.ts';
import {
  CHALLENGE,
  CHALLENGE_TOKEN_BYTES,
  DENIED,
  KEEP_ALIVE,
  REQUEST_BYTES,
  TAG_BYTES,
  timeoutMsOf,
  USER_DATA_BYTES,
  VERSION,
} from './layout.ts';
import { openPacket } from './packet.ts';
import { takeLeave } from './server-bound.ts';
import { CLIENT_CONNECTED, drawSequence, drop, note, type Server, sendEarly, sendToSlot } from './server-state.ts';
import { takeSlot } from './slots.ts';
import { assertServerStep, CHALLENGED, STRANGER, UNCONFIRMED } from './states.ts';
import { FORGED, MALFORMED, openPrivateToken, type PrivateToken } from './token.ts';
import { increment, readRounded, readWord, writeWord } from './u64.ts';
import {
  judgeToken,
  readTag,
  rememberToken,
  SPENT,
  spendToken,
  TAG_WORDS,
  UNUSED,
  USED_ELSEWHERE,
  USED_HERE,
} from './used-tokens.ts';

const PROTOCOL_AT = 1 + VERSION.length;
const EXPIRY_AT = PROTOCOL_AT + 8;
const NONCE_AT = EXPIRY_AT + 8;
const SEQUENCE_BYTES = 8;
const CHALLENGE_TEXT_BYTES = CHALLENGE_TOKEN_BYTES - TAG_BYTES;
/** Clients ask ten times a second; what comes sooner is a copy. */
const CHALLENGE_INTERVAL_MS = 50;
const NOTHING = new Uint8Array(0);

/** From the wire: a packet whose first byte says that it is a request. */
export function takeRequest(
  server: Server,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): -1 {
  const refusal = judgeRequest(server, nowMs, address, at, bytes, from, end);
  if (refusal !== 0) return drop(server, refusal);
  const { slots, handshakes, usedTokens, tag, counts } = server;
  const { token } = server.opener;
  const expireMs = readRounded(bytes, from + EXPIRY_AT) * 1000 - server.unixOffsetMs;
  if (judgeToken(usedTokens, tag, address, at) === UNUSED) {
    if (rememberToken(usedTokens, nowMs, tag, address, at, expireMs)) counts[COUNT.tokensEvicted]!++;
  }
  const known = findHandshake(handshakes, address, at);
  if (slots.freeCount === 0 && findKey(slots.byAddress, address, at) < 0) {
    if (known >= 0) forgetHandshake(server, known);
    deny(server, token.serverKey, address, at);
    return -1;
  }
  const isAgain = known >= 0 && isSameTag(server, known);
  assertServerStep(known >= 0 ? CHALLENGED : STRANGER, CHALLENGED);
  if (known >= 0 && !isAgain) closeHandshake(handshakes, known);
  const index = isAgain ? known : beginHandshake(server, address, at);
  handshakes.expireMs[index] = Math.min(nowMs + timeoutMsOf(token.timeoutS), expireMs);
  handshakes.sentMs[index] = nowMs;
  challenge(server, token, index);
  return -1;
}

/** 0 when the token that `server.opener` then holds may connect; else the count of why not. */
function judgeRequest(
  server: Server,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { opener, tag } = server;
  if (end - from !== REQUEST_BYTES) return COUNT.requestSize;
  for (let index = 0; index < VERSION.length; index++) {
    if (bytes[from + 1 + index] !== VERSION[index]) return COUNT.requestVersion;
  }
  for (let index = 0; index < 8; index++) {
    if (bytes[from + PROTOCOL_AT + index] !== opener.additional[VERSION.length + index]) return COUNT.requestProtocol;
  }
  const expiresS = readRounded(bytes, from + EXPIRY_AT);
  const unixS = (nowMs + server.unixOffsetMs) / 1000;
  if (expiresS <= unixS) return COUNT.requestExpired;
  if (expiresS > unixS + server.options.tokenLifetimeSMax) return COUNT.requestFuture;
  if (expiresS <= server.options.expiresAfterS) return COUNT.requestEarlier;
  // Whether it was used is known by its tag alone, which costs less than opening it.
  readTag(bytes, end, tag);
  const use = judgeToken(server.usedTokens, tag, address, at);
  if (use === USED_ELSEWHERE) return COUNT.requestElsewhere;
  if (use === SPENT) return COUNT.requestSpent;
  if (use === USED_HERE && isAgainSoon(server, nowMs, address, at)) return COUNT.requestAgain;
  const opened = openPrivateToken(opener, bytes, from + EXPIRY_AT, from + NONCE_AT);
  if (opened === FORGED) return COUNT.requestForged;
  if (opened === MALFORMED) return COUNT.requestMalformed;
  return namesServer(server, opener.token) ? 0 : COUNT.requestOtherServer;
}

/** Of the same token, whose challenge is hardly on its way. */
function isAgainSoon(server: Server, nowMs: number, address: Uint32Array, at: number): boolean {
  const known = findHandshake(server.handshakes, address, at);
  return known >= 0 && isSameTag(server, known) && nowMs - server.handshakes.sentMs[known]! < CHALLENGE_INTERVAL_MS;
}

function namesServer(server: Server, token: PrivateToken): boolean {
  const { addresses } = server.options;
  for (let named = 0; named < token.addressCount; named++) {
    for (let own = 0; own < addresses.length; own++) {
      if (isSameAddress(token.addresses, named * ADDRESS_WORDS, addresses[own]!, 0)) return true;
    }
  }
  return false;
}

function isSameTag(server: Server, handshake: number): boolean {
  for (let word = 0; word < TAG_WORDS; word++) {
    if (server.handshakes.tags[handshake * TAG_WORDS + word] !== server.tag[word]) return false;
  }
  return true;
}

function beginHandshake(server: Server, address: Uint32Array, at: number): number {
  const { handshakes } = server;
  if (handshakes.freeCount === 0) {
    forgetHandshake(server, oldestHandshake(handshakes));
    server.counts[COUNT.handshakesEvicted]!++;
  }
  return openHandshake(handshakes, address, at, server.opener.token, server.tag);
}

/** The address is a stranger again. */
function forgetHandshake(server: Server, index: number): void {
  assertServerStep(CHALLENGED, STRANGER);
  closeHandshake(server.handshakes, index);
}

/** Into `server.bindingBytes`: without it a challenge that one address got would prove another. */
function bindTo(server: Server, handshake: number): void {
  const { binding, handshakes } = server;
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    binding[word] = handshakes.addresses[handshake * ADDRESS_WORDS + word]!;
  }
  for (let word = 0; word < TAG_WORDS; word++) {
    binding[ADDRESS_WORDS + word] = handshakes.tags[handshake * TAG_WORDS + word]!;
  }
}

function challenge(server: Server, token: PrivateToken, handshake: number): void {
  const { text, nonce, challengeKey, challengeSequence, counts, handshakes } = server;
  const { aead } = server.options;
  writeWord(text, 0, challengeSequence[0]!);
  writeWord(text, 4, challengeSequence[1]!);
  for (let index = 0; index < SEQUENCE_BYTES; index++) nonce[4 + index] = text[index]!;
  increment(challengeSequence, 0);
  const end = SEQUENCE_BYTES + CHALLENGE_TEXT_BYTES;
  writeWord(text, SEQUENCE_BYTES, token.clientId[0]!);
  writeWord(text, SEQUENCE_BYTES + 4, token.clientId[1]!);
  text.set(token.userData, SEQUENCE_BYTES + 8);
  text.fill(0, SEQUENCE_BYTES + 8 + USER_DATA_BYTES, end);
  bindTo(server, handshake);
  aead.seal(challengeKey, nonce, server.bindingBytes, text, SEQUENCE_BYTES, end, text, SEQUENCE_BYTES);
  const at = handshake * ADDRESS_WORDS;
  sendEarly(server, CHALLENGE, token.serverKey, text, end + TAG_BYTES, handshakes.addresses, at);
  counts[COUNT.challenges]!++;
}

function deny(server: Server, key: Uint8Array, address: Uint32Array, at: number): void {
  sendEarly(server, DENIED, key, NOTHING, 0, address, at);
  server.counts[COUNT.denials]!++;
}

/**
 * From the wire: a response, whose prefix `server.codec` has read.
 * @param held the slot that its address has, or −1
 */
export function takeResponse(
  server: Server,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
  held: number,
): -1 {
  const { handshakes, slots, codec, payload } = server;
  const index = findHandshake(handshakes, address, at);
  if (index < 0) return drop(server, held < 0 ? COUNT.dropStranger : COUNT.responseConnected);
  if (openPacket(codec, handshakes.clientKeys[index]!, bytes, from, end, payload) < 0) {
    return drop(server, COUNT.dropForged);
  }
  if (!openChallenge(server, index)) return drop(server, COUNT.responseForged);
  if (slots.freeCount === 0 && held < 0) {
    deny(server, handshakes.serverKeys[index]!, address, at);
    forgetHandshake(server, index);
    return -1;
  }
  if (held >= 0) takeLeave(server, held);
  connect(server, nowMs, index);
  return -1;
}

/** Opens the challenge in `server.payload` in its place; false when it is not what this client was given. */
function openChallenge(server: Server, handshake: number): boolean {
  const { payload, nonce, challengeKey, handshakes } = server;
  const { aead } = server.options;
  const end = SEQUENCE_BYTES + CHALLENGE_TOKEN_BYTES;
  for (let index = 0; index < SEQUENCE_BYTES; index++) nonce[4 + index] = payload[index]!;
  bindTo(server, handshake);
  if (!aead.open(challengeKey, nonce, server.bindingBytes, payload, SEQUENCE_BYTES, end, payload, 0)) return false;
  const { clientIds } = handshakes;
  return readWord(payload, 0) === clientIds[handshake * 2] && readWord(payload, 4) === clientIds[handshake * 2 + 1];
}

/** The handshake becomes a slot; the client's user data is in `server.payload`. */
function connect(server: Server, nowMs: number, index: number): void {
  const { handshakes, slots, payload, usedTokens, counts } = server;
  const { addresses, clientIds, clientKeys, serverKeys, tags, timeoutS, features } = handshakes;
  assertServerStep(CHALLENGED, UNCONFIRMED);
  const slot = takeSlot(
    slots,
    nowMs,
    addresses,
    index * ADDRESS_WORDS,
    clientIds[index * 2]!,
    clientIds[index * 2 + 1]!,
  );
  slots.clientKeys[slot]!.set(clientKeys[index]!);
  slots.serverKeys[slot]!.set(serverKeys[index]!);
  for (let byte = 0; byte < USER_DATA_BYTES; byte++) slots.userData[slot]![byte] = payload[8 + byte]!;
  slots.timeoutMs[slot] = timeoutMsOf(timeoutS[index]!);
  slots.features[slot] = features[index]!;
  slots.states[slot] = UNCONFIRMED;
  drawSequence(server.options.aead, slots.sequences, slot * 2);
  spendToken(usedTokens, tags, index * TAG_WORDS);
  closeHandshake(handshakes, index);
  note(server, CLIENT_CONNECTED, slot);
  counts[COUNT.connects]!++;
  sendKeepAlive(server, nowMs, slot);
}

export function sendKeepAlive(server: Server, nowMs: number, slot: number): void {
  writeWord(server.text, 0, slot);
  writeWord(server.text, 4, server.slots.capacity);
  sendToSlot(server, nowMs, slot, KEEP_ALIVE, server.text, 0, 8);
}

/** Forgets the handshakes whose response did not come in time. */
export function updateHandshakes(server: Server, nowMs: number): void {
  const { handshakes } = server;
  if (handshakes.freeCount === handshakes.capacity) return;
  for (let index = 0; index < handshakes.capacity; index++) {
    if (handshakes.isOpen[index] === 1 && handshakes.expireMs[index]! <= nowMs) forgetHandshake(server, index);
  }
}
