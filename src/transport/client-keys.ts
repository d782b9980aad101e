// New keys for a connection, at the client: an offer soon after it is connected and then every two minutes, in two parts
// that are repeated until the answer comes; and what a move to another address needs of it. Clients, bots. A server that
// knows nothing of this drops the offers, which get rare, and everything else goes on as the standard has it.
//
// Nonces: new keys count from 0, and old ones are never sealed with again once the answer is here.

import type { Aead } from './aead.ts';
import { createBoundCodec, openBoundPacket, readBoundPrefix, TOKEN_ID } from './bound-packet.ts';
import {
  type Client,
  type ClientRekey,
  drop,
  hasNewKeys,
  KEEP_MESSAGE,
  type KeyPair,
  sendControl,
} from './client-state.ts';
import {
  ANSWER,
  ANSWER_AT,
  ANSWER_ID_AT,
  ANSWER_NUMBER_AT,
  CONTROL_BYTES,
  controlKind,
  KEEP,
  LEAVE,
  OFFER,
  OFFER_NUMBER_AT,
  OFFER_PART_AT,
  OFFER_PART_BYTES,
  OFFER_PARTS,
  PATH_CHALLENGE,
  PATH_RESPONSE,
  PROBE,
} from './control.ts';
import { ACCEPTED, COUNT } from './counts.ts';
import { deriveKeys, type KeyExchange } from './key-exchange.ts';
import { KEY_BYTES } from './layout.ts';
import { createReplayWindows, markReceived, wasReceived } from './replay-window.ts';
import { assertOfferStep, CONTENT, OFFERING, SWITCHING } from './states.ts';
import { FEATURE_REKEY, type PublicToken } from './token.ts';
import { readWord, writeWord } from './u64.ts';

export const REKEY_MS = 120_000;
/** Packets either way under one pair of keys. */
export const REKEY_PACKETS = 2 ** 20;
/** As the server: what is on the way still opens. */
const FADE_MS = 3_000;
/** An offer is repeated after so long, then after twice that, up to the second; to who never answered one, the third. */
const OFFER_AGAIN_MS = 250;
const OFFER_AGAIN_MS_MAX = 2_000;
const FIRST_OFFER_AGAIN_MS_MAX = 30_000;
/** Probes from a new address, in case some are lost. */
const PROBES = 8;
const PROBE_AGAIN_MS = 250;

/** Undefined when the token or the program knows nothing of it. */
export function createClientRekey(
  aead: Aead,
  token: PublicToken | undefined,
  exchange: KeyExchange | undefined,
  tokenPair: Pick<KeyPair, 'window' | 'sequence'>,
): ClientRekey | undefined {
  if (token === undefined || exchange === undefined || (token.features & FEATURE_REKEY) === 0) return undefined;
  const { clientKey, serverKey, nonce } = token;
  return {
    exchange,
    codec: createBoundCodec(aead, token.protocolId),
    state: CONTENT,
    current: { id: TOKEN_ID, clientKey, serverKey, ...tokenPair },
    former: undefined,
    offer: undefined,
    number: 0,
    offeredMs: 0,
    againMs: 0,
    // Whoever watches the line can measure it, so it is of what they see anyway, and of no key.
    spread: 0.75 + nonce[0]! / 512,
    settledMs: Number.NEGATIVE_INFINITY,
    switchedMs: Number.POSITIVE_INFINITY,
    probes: 0,
    probedMs: 0,
    control: new Uint8Array(Math.max(CONTROL_BYTES[OFFER]!, CONTROL_BYTES[PROBE]!)),
  };
}

function step(rekey: ClientRekey, state: number): void {
  assertOfferStep(rekey.state, state);
  rekey.state = state;
}

// --- time passes

/** While it is connected: begins, repeats, wipes. */
export function updateRekey(client: Client, nowMs: number): void {
  const rekey = client.rekey!;
  if (rekey.state === OFFERING) {
    if (nowMs - rekey.offeredMs >= rekey.againMs) sendOffer(client, nowMs);
  } else if (rekey.state === SWITCHING) {
    if (nowMs - rekey.switchedMs >= FADE_MS) settle(rekey, nowMs);
  } else if (nowMs - rekey.settledMs >= REKEY_MS || isUsedUp(rekey.current)) {
    step(rekey, OFFERING);
    rekey.offer = rekey.exchange.createOffer();
    rekey.number++;
    rekey.againMs = 0;
    sendOffer(client, nowMs);
  }
  if (rekey.probes > 0 && nowMs - rekey.probedMs >= PROBE_AGAIN_MS) sendProbe(client, nowMs);
}

/** The token's are replaced at once; a server counts them from anywhere. */
function isUsedUp({ id, sequence, window }: KeyPair): boolean {
  return id !== TOKEN_ID && Math.max(sequence[0]!, window[0]!) >= REKEY_PACKETS;
}

function sendOffer(client: Client, nowMs: number): void {
  const rekey = client.rekey!;
  const { control, offer } = rekey;
  rekey.offeredMs = nowMs;
  const againMsMax = hasNewKeys(rekey) ? OFFER_AGAIN_MS_MAX : FIRST_OFFER_AGAIN_MS_MAX;
  rekey.againMs = rekey.againMs === 0 ? OFFER_AGAIN_MS * rekey.spread : Math.min(rekey.againMs * 2, againMsMax);
  control[0] = OFFER;
  writeWord(control, OFFER_NUMBER_AT, rekey.number);
  for (let part = 0; part < OFFER_PARTS; part++) {
    control[1] = part;
    control.set(offer!.bytes.subarray(part * OFFER_PART_BYTES, (part + 1) * OFFER_PART_BYTES), OFFER_PART_AT);
    sendControl(client, nowMs, control, CONTROL_BYTES[OFFER]!);
  }
}

function settle(rekey: ClientRekey, nowMs: number): void {
  step(rekey, CONTENT);
  rekey.settledMs = nowMs;
  if (rekey.former === undefined) return;
  rekey.former.clientKey.fill(0);
  rekey.former.serverKey.fill(0);
  rekey.former = undefined;
}

// --- from the server

/** From the wire: a packet of types 8 and 9 from the server's address; how many bytes are in `client.payload`, or −1. */
export function takeBoundFromServer(
  client: Client,
  nowMs: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const rekey = client.rekey!;
  const { codec, current, former } = rekey;
  const reason = readBoundPrefix(codec, bytes, from, end);
  if (reason !== ACCEPTED) return drop(client, reason);
  const id = codec.id[0];
  const pair = id === current.id ? current : id === former?.id ? former : undefined;
  if (pair === undefined) return drop(client, COUNT.dropForgotten);
  const { sequenceLow, sequenceHigh } = codec;
  if (wasReceived(pair.window, sequenceLow, sequenceHigh)) return drop(client, COUNT.dropReplayed);
  const length = openBoundPacket(codec, pair.serverKey, bytes, from, end, client.payload);
  if (length < 0) return drop(client, COUNT.dropForged);
  markReceived(pair.window, sequenceLow, sequenceHigh);
  client.heardMs = nowMs;
  if (pair === current && rekey.state === SWITCHING) rekey.switchedMs = Math.min(rekey.switchedMs, nowMs);
  return length;
}

/** An authentic control message, in `client.payload`; true when the server has ended the connection. */
export function takeControlFromServer(client: Client, nowMs: number, length: number): boolean {
  const { payload } = client;
  switch (controlKind(payload, length)) {
    case KEEP:
      return false;
    case LEAVE:
      return true;
    case ANSWER:
      takeAnswer(client, nowMs);
      return false;
    case PATH_CHALLENGE:
      client.rekey!.probes = 0;
      payload[0] = PATH_RESPONSE;
      sendControl(client, nowMs, payload, CONTROL_BYTES[PATH_RESPONSE]!);
      return false;
    default:
      drop(client, COUNT.controlMalformed);
      return false;
  }
}

/** From here on everything is sealed with the new keys, and the first packet tells the server so. */
function takeAnswer(client: Client, nowMs: number): void {
  const { payload } = client;
  const rekey = client.rekey!;
  const { offer, current, exchange } = rekey;
  if (rekey.state !== OFFERING || readWord(payload, ANSWER_NUMBER_AT) !== rekey.number) {
    drop(client, COUNT.answerUnasked);
    return;
  }
  const id = readWord(payload, ANSWER_ID_AT);
  const answer = payload.slice(ANSWER_AT, CONTROL_BYTES[ANSWER]);
  const secret = id === TOKEN_ID || id === current.id ? undefined : offer!.finish(answer);
  rekey.offer = undefined;
  if (secret === undefined) {
    drop(client, COUNT.answerRefused);
    settle(rekey, nowMs);
    return;
  }
  const pair = createPair(id);
  const { clientKey, serverKey } = current;
  const exchanged = { clientKey, serverKey, offer: offer!.bytes, id, answer, secret };
  deriveKeys(exchange, exchanged, pair.clientKey, pair.serverKey);
  step(rekey, SWITCHING);
  rekey.former = current;
  rekey.current = pair;
  rekey.switchedMs = Number.POSITIVE_INFINITY;
  client.counts[COUNT.rekeys]!++;
  sendControl(client, nowMs, KEEP_MESSAGE, KEEP_MESSAGE.length);
}

function createPair(id: number): KeyPair {
  return {
    id,
    clientKey: new Uint8Array(KEY_BYTES),
    serverKey: new Uint8Array(KEY_BYTES),
    window: createReplayWindows(),
    sequence: new Uint32Array(2),
  };
}

// --- moving

/**
 * The client's packets leave from another address now: says so, with bytes enough that the server may answer there, until
 * it does. False: the connection has no keys of its own yet, so the server knows it by its address alone.
 */
export function announceMove(client: Client, nowMs: number): boolean {
  if (!hasNewKeys(client.rekey)) return false;
  client.rekey.probes = PROBES;
  sendProbe(client, nowMs);
  return true;
}

function sendProbe(client: Client, nowMs: number): void {
  const rekey = client.rekey!;
  rekey.probes--;
  rekey.probedMs = nowMs;
  rekey.control.fill(0);
  rekey.control[0] = PROBE;
  sendControl(client, nowMs, rekey.control, CONTROL_BYTES[PROBE]!);
}
