// A client of netcode 1.02: one token, the servers it names one after the other until one lets it in, sealed packets
// both ways. Clients, bots; no socket, no clock: `(nowMs, address, bytes)` come in, packets go to the outbox. Time is any
// milliseconds that never go back. What came in is answered at once when it changes the state; ten times a second is
// only for sending again.
//
// Nonces: packets are counted from 0 and the count is never set back, whichever server they go to, since the key is the
// token's; so a client is used once, and needs a new token to connect again. Keys that take the token's place
// (client-keys.ts) have counts of their own.

import { assert } from '../base/assert.ts';
import { isSameAddress } from './address.ts';
import type { Aead } from './aead.ts';
import { isBoundPrefix } from './bound-packet.ts';
import {
  announceMove,
  createClientRekey,
  takeBoundFromServer,
  takeControlFromServer,
  updateRekey,
} from './client-keys.ts';
import { type Client, drop, finish, isForgotten, sendSealed, serverAddress } from './client-state.ts';
import { ACCEPTED, COUNT, createCounts } from './counts.ts';
import type { KeyExchange } from './key-exchange.ts';
import {
  BOUND_PAYLOAD,
  CHALLENGE,
  DENIED,
  DISCONNECT,
  DISCONNECT_PACKETS,
  KEEP_ALIVE,
  keepAliveMs,
  PACKET_BYTES_MAX,
  PACKET_TYPES,
  PAYLOAD,
  PAYLOAD_BYTES_MAX,
  REQUEST,
  REQUEST_BYTES,
  RESEND_MS,
  RESPONSE,
  timeoutMsOf,
  VERSION,
} from './layout.ts';
import { nextPlace, type Outbox } from './outbox.ts';
import { createPacketCodec, FROM_SERVER, openPacket, readPrefix } from './packet.ts';
import { createReplayWindows, markReceived, wasReceived } from './replay-window.ts';
import {
  assertClientStep,
  CONNECTED,
  DISCONNECTED,
  INVALID_TOKEN,
  REQUEST_TIMED_OUT,
  RESPONSE_TIMED_OUT,
  SENDING_REQUEST,
  SENDING_RESPONSE,
  TIMED_OUT,
  TOKEN_EXPIRED,
  WAS_DENIED,
} from './states.ts';
import { type PublicToken, readPublicToken } from './token.ts';
import { readWord } from './u64.ts';

const RESPONSE_BYTES = PACKET_TYPES[RESPONSE]!.bytesMax;
const NOTHING = new Uint8Array(8);
/** A thread reads one packet at a time: what it holds is everybody's, and stays in the cache. */
const payload = new Uint8Array(PACKET_BYTES_MAX);

/**
 * Begins to connect: the first request is in the outbox, unless `tokenBytes` is no token (INVALID_TOKEN).
 * @param keyExchange renews keys and lets the address change, if the token says that the server can
 */
export function createClient(
  aead: Aead,
  tokenBytes: Uint8Array,
  outbox: Outbox,
  nowMs: number,
  keyExchange?: KeyExchange,
): Client {
  const token = readPublicToken(tokenBytes);
  const window = createReplayWindows();
  const sequence = new Uint32Array(2);
  const client: Client = {
    outbox,
    codec: createPacketCodec(aead, token?.protocolId ?? new Uint8Array(8)),
    counts: createCounts(),
    token,
    request: token === undefined ? NOTHING : writeRequest(token),
    response: new Uint8Array(RESPONSE_BYTES),
    window,
    sequence,
    rekey: createClientRekey(aead, token, keyExchange, { window, sequence }),
    timeoutMs: timeoutMsOf(token?.timeoutS ?? 0),
    startedMs: nowMs,
    state: DISCONNECTED,
    serverIndex: 0,
    heardMs: nowMs,
    sentMs: nowMs,
    slot: 0,
    slotsMax: 0,
    payload,
  };
  if (token === undefined) {
    step(client, INVALID_TOKEN);
  } else {
    step(client, SENDING_REQUEST);
    sendRequest(client, nowMs);
  }
  return client;
}

/** The same bytes each time: 0 · VERSION · protocol id · expiry · nonce · sealed private token. */
function writeRequest(token: PublicToken): Uint8Array {
  const request = new Uint8Array(REQUEST_BYTES);
  let offset = 1;
  for (const part of [VERSION, token.protocolId, token.expiry, token.nonce, token.sealed]) {
    request.set(part, offset);
    offset += part.length;
  }
  request[0] = REQUEST;
  return request;
}

function step(client: Client, state: number): void {
  assertClientStep(client.state, state);
  client.state = state;
}

// --- from the server

/**
 * From the wire: `bytes[from, end)` came from `address[at …]`. Answers how many bytes of payload are now in
 * `client.payload`, or −1 when it was anything else; what changed is in `client.state`.
 */
export function receiveFromServer(
  client: Client,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { codec, counts, window, token } = client;
  counts[COUNT.packetsIn]!++;
  counts[COUNT.bytesIn]! += end - from;
  if (client.rekey !== undefined && isBoundPrefix(bytes[from]!)) {
    return receiveBound(client, nowMs, address, at, bytes, from, end);
  }
  const reason = readPrefix(codec, bytes, from, end, FROM_SERVER);
  if (reason !== ACCEPTED) return drop(client, reason);
  const { type, sequenceLow, sequenceHigh } = codec;
  if (token === undefined || !isSameAddress(serverAddress(client), 0, address, at)) {
    return drop(client, COUNT.dropStranger);
  }
  if (!isExpected(client.state, type)) return drop(client, COUNT.dropState);
  if (isForgotten(client.rekey)) return drop(client, COUNT.dropForgotten);
  const { onlyOnce } = PACKET_TYPES[type]!;
  if (onlyOnce && wasReceived(window, sequenceLow, sequenceHigh)) return drop(client, COUNT.dropReplayed);
  const length = openPacket(codec, token.serverKey, bytes, from, end, client.payload);
  if (length < 0) return drop(client, COUNT.dropForged);
  if (onlyOnce) markReceived(window, sequenceLow, sequenceHigh);
  client.heardMs = nowMs;
  return takeData(client, nowMs, length);
}

/** From the wire: a packet beyond the standard, which a client without `rekey` drops for its type. */
function receiveBound(
  client: Client,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  if (!isSameAddress(serverAddress(client), 0, address, at)) return drop(client, COUNT.dropStranger);
  if (client.state !== CONNECTED) return drop(client, COUNT.dropState);
  const length = takeBoundFromServer(client, nowMs, bytes, from, end);
  if (length < 0 || client.rekey!.codec.type === BOUND_PAYLOAD) return length;
  if (takeControlFromServer(client, nowMs, length)) {
    step(client, DISCONNECTED);
    client.counts[COUNT.disconnects]!++;
  }
  return -1;
}

/** What a server may say to a client in a state. */
function isExpected(state: number, type: number): boolean {
  if (type === CHALLENGE) return state === SENDING_REQUEST;
  if (type === DENIED) return state === SENDING_REQUEST || state === SENDING_RESPONSE;
  if (type === KEEP_ALIVE) return state === SENDING_RESPONSE || state === CONNECTED;
  return state === CONNECTED;
}

/** An authentic packet that is expected. */
function takeData(client: Client, nowMs: number, length: number): number {
  const { payload, counts } = client;
  switch (client.codec.type) {
    case PAYLOAD:
      return length;
    case CHALLENGE:
      client.response.set(payload.subarray(0, RESPONSE_BYTES));
      step(client, SENDING_RESPONSE);
      counts[COUNT.challenges]!++;
      sendResponse(client, nowMs);
      return -1;
    case DENIED:
      counts[COUNT.denials]!++;
      tryNextServer(client, nowMs, WAS_DENIED);
      return -1;
    case KEEP_ALIVE:
      if (client.state === SENDING_RESPONSE) enter(client, nowMs);
      return -1;
    default:
      step(client, DISCONNECTED);
      counts[COUNT.disconnects]!++;
      return -1;
  }
}

/** The keep-alive that says where; the answer confirms the connection, so that the server need not say it again. */
function enter(client: Client, nowMs: number): void {
  client.slot = readWord(client.payload, 0);
  client.slotsMax = readWord(client.payload, 4);
  step(client, CONNECTED);
  client.counts[COUNT.connects]!++;
  sendKeepAlive(client, nowMs);
}

/** From the beginning with the next server of the token; `failure` when there is none. */
function tryNextServer(client: Client, nowMs: number, failure: number): void {
  if (client.serverIndex + 1 >= client.token!.addresses.length) {
    step(client, failure);
    return;
  }
  client.serverIndex++;
  client.heardMs = nowMs;
  step(client, SENDING_REQUEST);
  sendRequest(client, nowMs);
}

// --- to the server

/** Sends `data[from, end)`, 1 to 1,200 bytes; only when CONNECTED. */
export function sendToServer(client: Client, nowMs: number, data: Uint8Array, from: number, end: number): void {
  assert(client.state === CONNECTED, 'payloads are sent when connected');
  assert(end > from && end - from <= PAYLOAD_BYTES_MAX, 'a payload has 1 to 1,200 bytes');
  sendSealed(client, nowMs, PAYLOAD, data, from, end);
}

/** Ends the connection, or the attempt; a server that may have let the client in hears of it. */
export function leaveServer(client: Client, nowMs: number): void {
  if (client.state <= DISCONNECTED) return;
  if (client.state !== SENDING_REQUEST) {
    for (let count = 0; count < DISCONNECT_PACKETS; count++) sendSealed(client, nowMs, DISCONNECT, NOTHING, 0, 0);
  }
  step(client, DISCONNECTED);
}

/** See `announceMove` of client-keys.ts; only when CONNECTED. */
export function moveClient(client: Client, nowMs: number): boolean {
  return client.state === CONNECTED && announceMove(client, nowMs);
}

/** Timeouts, and what is sent again; to be called some ten times a second or more often. */
export function updateClient(client: Client, nowMs: number): void {
  const { state, token } = client;
  if (state <= DISCONNECTED || token === undefined) return;
  const isSilent = nowMs - client.heardMs > client.timeoutMs;
  const unsentMs = nowMs - client.sentMs;
  if (state === CONNECTED) {
    if (isSilent) {
      step(client, TIMED_OUT);
      client.counts[COUNT.timeouts]!++;
      return;
    }
    if (client.rekey !== undefined) updateRekey(client, nowMs);
    if (unsentMs >= keepAliveMs(client.timeoutMs)) sendKeepAlive(client, nowMs);
  } else if (nowMs - client.startedMs >= (token.expiresS - token.createdS) * 1000) {
    // Counted from the start, not by the clock: a client's may be wrong.
    step(client, TOKEN_EXPIRED);
  } else if (isSilent) {
    client.counts[COUNT.timeouts]!++;
    tryNextServer(client, nowMs, state === SENDING_REQUEST ? REQUEST_TIMED_OUT : RESPONSE_TIMED_OUT);
  } else if (unsentMs >= RESEND_MS) {
    if (state === SENDING_REQUEST) sendRequest(client, nowMs);
    else sendResponse(client, nowMs);
  }
}

function sendRequest(client: Client, nowMs: number): void {
  const { outbox, request } = client;
  outbox.bytes.set(request, nextPlace(outbox));
  finish(client, nowMs, request.length);
}

function sendResponse(client: Client, nowMs: number): void {
  sendSealed(client, nowMs, RESPONSE, client.response, 0, RESPONSE_BYTES);
}

/** What it says is for the other direction; here it is zeros. */
function sendKeepAlive(client: Client, nowMs: number): void {
  sendSealed(client, nowMs, KEEP_ALIVE, NOTHING, 0, 8);
}
