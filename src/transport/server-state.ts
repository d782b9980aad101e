// What a netcode server holds, and how a packet leaves it. Edge threads; no socket, no clock. Everything is made at the
// start and bounded: slots, handshakes, used tokens. server.ts has what happens to packets of clients, admission.ts how
// an address becomes one.
//
// Nonces. Keys come with the token, and nothing keeps a token from being shown to an earlier start of this server, or to
// another one that it names. So no count begins at a number that another start begins at: what is sent before a slot is
// taken (challenges, denials) is counted from 2⁶³ plus 62 random bits, and what is sent to a slot from 62 random bits of
// its own. Others begin at 2⁶³ and at 0 each time, and repeat nonces then; to their clients any beginning is as good.

import { assert } from '../base/assert.ts';
import { ADDRESS_WORDS, type Address } from './address.ts';
import type { Aead } from './aead.ts';
import { TOKEN_ID, writeBoundPacket } from './bound-packet.ts';
import { KEEP, LEAVE } from './control.ts';
import { COUNT, type Counts, createCounts } from './counts.ts';
import { createHandshakes, type Handshakes } from './handshakes.ts';
import type { KeyExchange } from './key-exchange.ts';
import { NO_PAIR } from './key-sets.ts';
import { drawSeed } from './key-table.ts';
import {
  BOUND_CONTROL,
  BOUND_PAYLOAD,
  CHALLENGE,
  KEEP_ALIVE,
  KEY_BYTES,
  NONCE_BYTES,
  PACKET_BYTES_MAX,
  PACKET_TYPES,
  PAYLOAD,
} from './layout.ts';
import { nextPlace, type Outbox, putPacket } from './outbox.ts';
import { createPacketCodec, type PacketCodec, writePacket } from './packet.ts';
import { createRekeys, type Rekeys, releaseRekey } from './rekey-state.ts';
import { createSlots, releaseSlot, type Slots } from './slots.ts';
import { assertServerStep, CONFIRMED, STRANGER, UNCONFIRMED } from './states.ts';
import { createTokenOpener, type TokenOpener } from './token.ts';
import { increment, readWord, writeBigInt } from './u64.ts';
import { createUsedTokens, TAG_WORDS, type UsedTokens } from './used-tokens.ts';

export interface ServerOptions {
  readonly aead: Aead;
  /** Shared with whoever issues the tokens. */
  readonly key: Uint8Array;
  readonly protocolId: bigint;
  /** Under which tokens name this server. */
  readonly addresses: readonly Address[];
  /** Slots; the next client is denied. */
  readonly clientsMax: number;
  /** Challenges that wait for a response; the oldest makes room. */
  readonly handshakesMax: number;
  /** Used tokens that are remembered; the oldest makes room. */
  readonly tokensMax: number;
  /** A token that expires later than this from now is none of ours. */
  readonly tokenLifetimeSMax: number;
  /**
   * Seconds since 1970: a token that does not expire after this is refused. With the start plus the lifetime of tokens
   * none is taken that an earlier start may have seen, whose used tokens are forgotten. 0 takes them.
   */
  readonly expiresAfterS: number;
  readonly outbox: Outbox;
  /** For clients whose token says so: renews keys, lets addresses change. Left out: nothing beyond the standard. */
  readonly keyExchange?: KeyExchange;
}

/** Kinds of `Happened`. */
export const CLIENT_CONNECTED = 1;
export const CLIENT_DISCONNECTED = 2;
export const CLIENT_TIMED_OUT = 3;

/** What became of clients, in order. Whoever calls the server looks after each call and sets `count` to 0. */
export interface Happened {
  readonly kinds: Uint8Array;
  readonly slots: Int32Array;
  count: number;
}

export interface Server {
  readonly options: ServerOptions;
  readonly codec: PacketCodec;
  readonly opener: TokenOpener;
  /** What makes `nowMs` milliseconds since 1970, by which tokens expire; as `updateServer` was told last. */
  unixOffsetMs: number;
  readonly slots: Slots;
  readonly rekeys: Rekeys | undefined;
  readonly handshakes: Handshakes;
  readonly usedTokens: UsedTokens;
  readonly counts: Counts;
  readonly happened: Happened;
  /** What the newest packet held, when `receiveFromClient` says so; until the next call. */
  readonly payload: Uint8Array;
  payloadBytes: number;
  readonly challengeKey: Uint8Array;
  /** Low word, high word; of challenge tokens, under their own key, so from 0. */
  readonly challengeSequence: Uint32Array;
  /** The same, of what is sent before a slot is taken. */
  readonly earlySequence: Uint32Array;
  /** Of the token at hand. */
  readonly tag: Uint32Array;
  /** What a challenge is bound to: address and token, so that it is worth nothing anywhere else. */
  readonly binding: Uint32Array;
  readonly bindingBytes: Uint8Array;
  /** What is about to be sealed, and the nonce of a challenge token. */
  readonly text: Uint8Array;
  readonly nonce: Uint8Array;
}

/** High words that leave the top bit to what is sent before a slot is taken, and never run over. */
const RANDOM_HIGH = 0x3fff_ffff;
const EARLY_HIGH = 0x8000_0000;

export function createServer(options: ServerOptions): Server {
  const { aead, key, protocolId, clientsMax, handshakesMax, tokensMax, keyExchange } = options;
  assert(options.addresses.length > 0, 'a server knows its addresses');
  assert(tokensMax >= clientsMax, 'the tokens of all that are connected are remembered');
  const protocolBytes = new Uint8Array(8);
  writeBigInt(protocolBytes, 0, protocolId);
  const challengeKey = new Uint8Array(KEY_BYTES);
  aead.randomize(challengeKey);
  const earlySequence = new Uint32Array(2);
  drawSequence(aead, earlySequence, 0);
  earlySequence[1]! |= EARLY_HIGH;
  const hashSeed = drawSeed(aead);
  const binding = new Uint32Array(ADDRESS_WORDS + TAG_WORDS);
  return {
    options,
    codec: createPacketCodec(aead, protocolBytes),
    opener: createTokenOpener(aead, key, protocolId),
    unixOffsetMs: 0,
    slots: createSlots(clientsMax, hashSeed),
    rekeys: keyExchange && createRekeys(aead, keyExchange, clientsMax, protocolBytes, hashSeed),
    handshakes: createHandshakes(handshakesMax, hashSeed),
    usedTokens: createUsedTokens(tokensMax, hashSeed),
    counts: createCounts(),
    happened: { kinds: new Uint8Array(clientsMax + 1), slots: new Int32Array(clientsMax + 1), count: 0 },
    payload: new Uint8Array(PACKET_BYTES_MAX),
    payloadBytes: 0,
    challengeKey,
    challengeSequence: new Uint32Array(2),
    earlySequence,
    tag: new Uint32Array(TAG_WORDS),
    binding,
    bindingBytes: new Uint8Array(binding.buffer),
    text: new Uint8Array(PACKET_TYPES[CHALLENGE]!.bytesMax),
    nonce: new Uint8Array(NONCE_BYTES),
  };
}

/** 62 random bits: a beginning that no other start has. */
export function drawSequence(aead: Aead, words: Uint32Array, at: number): void {
  const bytes = new Uint8Array(8);
  aead.randomize(bytes);
  words[at] = readWord(bytes, 0);
  words[at + 1] = readWord(bytes, 4) & RANDOM_HIGH;
}

/** The packet moves its count and is forgotten. */
export function drop(server: Server, reason: number): -1 {
  server.counts[reason]!++;
  return -1;
}

export function note(server: Server, kind: number, slot: number): void {
  const { happened } = server;
  assert(happened.count < happened.kinds.length, 'what happened is looked at after each call');
  happened.kinds[happened.count] = kind;
  happened.slots[happened.count++] = slot;
}

/** Nothing is left of who had the slot. */
export function release(server: Server, slot: number): void {
  assertServerStep(server.slots.states[slot]!, STRANGER);
  releaseSlot(server.slots, slot);
  if (server.rekeys !== undefined) releaseRekey(server.rekeys, slot);
}

/** An authentic packet shows that the client knows that it is connected. */
export function confirmSlot(server: Server, slot: number): void {
  const { states } = server.slots;
  if (states[slot] !== UNCONFIRMED) return;
  assertServerStep(UNCONFIRMED, CONFIRMED);
  states[slot] = CONFIRMED;
}

const KEEP_MESSAGE = Uint8Array.of(KEEP);
const LEAVE_MESSAGE = Uint8Array.of(LEAVE);

/** A packet to a client with a slot: KEEP_ALIVE, PAYLOAD or DISCONNECT, under whatever keys it has now. */
export function sendToSlot(
  server: Server,
  nowMs: number,
  slot: number,
  type: number,
  data: Uint8Array,
  from: number,
  end: number,
): void {
  const { addresses, serverKeys, sequences, sentMs } = server.slots;
  const at = slot * ADDRESS_WORDS;
  sentMs[slot] = nowMs;
  if (server.rekeys === undefined || server.rekeys.keySets.current[slot] === NO_PAIR) {
    sendPacket(server, type, serverKeys[slot]!, sequences, slot * 2, data, from, end, addresses, at);
  } else if (type === PAYLOAD) {
    sendBound(server, slot, BOUND_PAYLOAD, data, from, end, addresses, at);
  } else {
    const message = type === KEEP_ALIVE ? KEEP_MESSAGE : LEAVE_MESSAGE;
    sendBound(server, slot, BOUND_CONTROL, message, 0, message.length, addresses, at);
  }
}

/** A packet beyond the standard, under the keys that the slot has now, to `address[at …]`; returns its length. */
export function sendBound(
  server: Server,
  slot: number,
  type: number,
  data: Uint8Array,
  from: number,
  end: number,
  address: Uint32Array,
  at: number,
): number {
  const { slots } = server;
  const { codec, keySets } = server.rekeys!;
  const { outbox } = server.options;
  const pair = keySets.current[slot]!;
  const isToken = pair === NO_PAIR;
  const sequences = isToken ? slots.sequences : keySets.sequences;
  const sequenceAt = (isToken ? slot : pair) * 2;
  const low = sequences[sequenceAt]!;
  const high = sequences[sequenceAt + 1]!;
  increment(sequences, sequenceAt);
  const id = isToken ? TOKEN_ID : keySets.ids[pair]!;
  const key = isToken ? slots.serverKeys[slot]! : keySets.serverKeys[pair]!;
  const place = nextPlace(outbox);
  const length = writeBoundPacket(codec, type, id, key, low, high, data, from, end, outbox.bytes, place);
  finishPacket(server, length, address, at);
  return length;
}

/** A packet to an address without a slot. */
export function sendEarly(
  server: Server,
  type: number,
  key: Uint8Array,
  data: Uint8Array,
  end: number,
  address: Uint32Array,
  at: number,
): void {
  sendPacket(server, type, key, server.earlySequence, 0, data, 0, end, address, at);
}

function sendPacket(
  server: Server,
  type: number,
  key: Uint8Array,
  sequences: Uint32Array,
  sequenceAt: number,
  data: Uint8Array,
  from: number,
  end: number,
  address: Uint32Array,
  at: number,
): void {
  const { codec } = server;
  const { outbox } = server.options;
  const low = sequences[sequenceAt]!;
  const high = sequences[sequenceAt + 1]!;
  increment(sequences, sequenceAt);
  const place = nextPlace(outbox);
  const length = writePacket(codec, type, key, low, high, data, from, end, outbox.bytes, place);
  finishPacket(server, length, address, at);
}

/** Leaves from where its receiver sent to: an address without a slot has sent the packet at hand. */
function finishPacket({ options, counts, slots }: Server, length: number, address: Uint32Array, at: number): void {
  const isSlot = address === slots.addresses;
  putPacket(options.outbox, length, address, at, isSlot ? slots.locals : slots.localAtHand, isSlot ? at : 0);
  counts[COUNT.packetsOut]!++;
  counts[COUNT.bytesOut]! += length;
}
