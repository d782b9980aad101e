// What a server holds of connections that renew their keys and may move: columns beside slots.ts, made at the start if
// the server was given a key exchange. Edge threads. server-keys.ts has the exchange, server-paths.ts the moves.

import { ADDRESS_WORDS } from './address.ts';
import type { Aead } from './aead.ts';
import { type BoundCodec, createBoundCodec } from './bound-packet.ts';
import { type KeyExchange, OFFER_BYTES } from './key-exchange.ts';
import { createKeySets, type KeySets, releaseKeySets } from './key-sets.ts';
import { PROVEN, SETTLED } from './states.ts';

/** An offer this soon after the last one was answered is dropped: honest clients make one in two minutes. */
export const REKEY_MS_MIN = 10_000;
/** Old keys are kept so long after new ones were used first: what was on the way still opens. */
export const FADE_MS = 3_000;
/** Answers a second on one edge, and at once; an offer beyond it is dropped and comes again. */
export const ANSWERS_PER_SECOND = 200;
export const ANSWERS_BURST = 8;

export interface Rekeys {
  readonly exchange: KeyExchange;
  readonly codec: BoundCodec;
  readonly keySets: KeySets;
  /** By slot from here on. SETTLED … FADING of states.ts. */
  readonly states: Uint8Array;
  /** Of the newest offer. */
  readonly numbers: Uint32Array;
  /** Bits: which parts of it came. */
  readonly parts: Uint8Array;
  /** The offer until it is answered, then the control message that answers it. */
  readonly texts: readonly Uint8Array[];
  /** When the last offer was answered, when its answer was sent last, when its keys were used first. */
  readonly answeredMs: Float64Array;
  readonly sentMs: Float64Array;
  readonly switchedMs: Float64Array;
  /** 1: the token's keys are wiped. */
  readonly hasForgotten: Uint8Array;
  readonly paths: Paths;
  /** What may be answered at once, as of `refilledMs`. */
  answers: number;
  refilledMs: number;
  /** Control messages that are about to be sealed, answers left out. */
  readonly control: Uint8Array;
}

/** The addresses that connections may be moving to; one each. */
export interface Paths {
  /** PROVEN or DOUBTED of states.ts. */
  readonly states: Uint8Array;
  /** ADDRESS_WORDS each. */
  readonly addresses: Uint32Array;
  /** Two words each. */
  readonly challenges: Uint32Array;
  readonly bytesIn: Float64Array;
  readonly bytesOut: Float64Array;
  /** When the connection's last challenge was sent, to whichever address. */
  readonly sentMs: Float64Array;
}

/** @param protocolId eight bytes, low byte first. */
export function createRekeys(
  aead: Aead,
  exchange: KeyExchange,
  capacity: number,
  protocolId: Uint8Array,
  seed: number,
): Rekeys {
  const textBytes = new Uint8Array(capacity * OFFER_BYTES);
  return {
    exchange,
    codec: createBoundCodec(aead, protocolId),
    keySets: createKeySets(capacity, seed),
    states: new Uint8Array(capacity),
    numbers: new Uint32Array(capacity),
    parts: new Uint8Array(capacity),
    texts: Array.from({ length: capacity }, (_, slot) =>
      textBytes.subarray(slot * OFFER_BYTES, (slot + 1) * OFFER_BYTES),
    ),
    answeredMs: new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY),
    sentMs: new Float64Array(capacity),
    switchedMs: new Float64Array(capacity),
    hasForgotten: new Uint8Array(capacity),
    paths: {
      states: new Uint8Array(capacity),
      addresses: new Uint32Array(capacity * ADDRESS_WORDS),
      challenges: new Uint32Array(capacity * 2),
      bytesIn: new Float64Array(capacity),
      bytesOut: new Float64Array(capacity),
      sentMs: new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY),
    },
    answers: ANSWERS_BURST,
    refilledMs: 0,
    control: new Uint8Array(16),
  };
}

/** A slot is free again. */
export function releaseRekey(rekeys: Rekeys, slot: number): void {
  releaseKeySets(rekeys.keySets, slot);
  rekeys.states[slot] = SETTLED;
  rekeys.numbers[slot] = 0;
  rekeys.parts[slot] = 0;
  rekeys.answeredMs[slot] = Number.NEGATIVE_INFINITY;
  rekeys.hasForgotten[slot] = 0;
  rekeys.paths.states[slot] = PROVEN;
  rekeys.paths.sentMs[slot] = Number.NEGATIVE_INFINITY;
}
