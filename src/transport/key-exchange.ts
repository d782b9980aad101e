// Agreeing on new keys, as a port: X25519 and ML-KEM-768 together, so that who breaks one of them has nothing. Any
// thread; implemented by io/key-exchange-node.ts. What becomes keys is here, as proto/STANDARD.md has it:
//
//   offer: X25519 key 32 · ML-KEM encapsulation key 1,184      answer: X25519 key 32 · ML-KEM ciphertext 1,088
//   keys = HKDF-SHA-256(secret: X25519 32 · ML-KEM 32, salt: the keys until now, client→server · server→client,
//     info: LABEL · SHA-256(offer · connection id u32 · answer)), 64 bytes: client→server · server→client
//
// The salt makes new keys of old: an exchange that someone else took part in is worth nothing without them.

import { KEY_BYTES } from './layout.ts';
import { writeWord } from './u64.ts';

export const OFFER_BYTES = 32 + 1184;
export const ANSWER_BYTES = 32 + 1088;
export const SECRET_BYTES = 64;
export const LABEL: Uint8Array = new TextEncoder().encode('DARKAGES RE-KEY 1\0');

export interface KeyExchange {
  /** The client's half, with private keys of its own each time. */
  createOffer(): KeyOffer;
  /** The server's. Undefined when the offer has no keys in it. */
  answerOffer(offer: Uint8Array): KeyAnswer | undefined;
  /** HKDF-SHA-256 with `label · SHA-256(transcript)` as info: 64 bytes. */
  derive(secret: Uint8Array, salt: Uint8Array, label: Uint8Array, transcript: Uint8Array): Uint8Array;
}

export interface KeyOffer {
  readonly bytes: Uint8Array;
  /** The secret, SECRET_BYTES; undefined when the answer is none. */
  finish(answer: Uint8Array): Uint8Array | undefined;
}

export interface KeyAnswer {
  readonly bytes: Uint8Array;
  /** SECRET_BYTES. */
  readonly secret: Uint8Array;
}

/** One pair of keys that shall be replaced, and what was said to that end. */
export interface Exchanged {
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly offer: Uint8Array;
  readonly id: number;
  readonly answer: Uint8Array;
  /** Wiped when the keys are made. */
  readonly secret: Uint8Array;
}

/** Writes the new keys to `clientKey` and `serverKey`. Allocates: once in minutes a connection. */
export function deriveKeys(
  exchange: KeyExchange,
  exchanged: Exchanged,
  clientKey: Uint8Array,
  serverKey: Uint8Array,
): void {
  const { offer, id, answer, secret } = exchanged;
  const salt = new Uint8Array(2 * KEY_BYTES);
  salt.set(exchanged.clientKey);
  salt.set(exchanged.serverKey, KEY_BYTES);
  const transcript = new Uint8Array(OFFER_BYTES + 4 + ANSWER_BYTES);
  transcript.set(offer);
  writeWord(transcript, OFFER_BYTES, id);
  transcript.set(answer, OFFER_BYTES + 4);
  const keys = exchange.derive(secret, salt, LABEL, transcript);
  clientKey.set(keys.subarray(0, KEY_BYTES));
  serverKey.set(keys.subarray(KEY_BYTES));
  for (const bytes of [keys, salt, secret]) bytes.fill(0);
}
