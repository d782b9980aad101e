// The three tokens of netcode 1.02, into and out of a caller's bytes. Edge threads open private tokens and seal
// challenges; whoever issues tokens (POST /v1/session, tools) mints them; clients read public ones.
//
//   private, 1,008 bytes before sealing: client id u64 · timeout s i32 (negative: none) · addresses u32, 1 … 32 ·
//     addresses · client→server key · server→client key · user data 256 · zeros · features u32 (ours; others: zeros)
//     sealed by the key of issuer and servers, a random nonce of 24 bytes, bound to VERSION · protocol id · expiry
//   public, 2,048 bytes: VERSION · protocol id u64 · created s u64 · expires s u64 · nonce 24 · sealed private 1,024 ·
//     timeout s i32 · addresses u32 · addresses · client→server key · server→client key · zeros · features u32
//   challenge, 284 bytes before sealing: client id u64 · user data 256 · zeros
//     sealed by a key of this start of the server, nonce = its own sequence number

import { assert } from '../base/assert.ts';
import { Reader, Writer } from '../base/bytes.ts';
import { ADDRESS_WORDS, type Address, readAddress, writeAddress } from './address.ts';
import type { Aead } from './aead.ts';
import {
  KEY_BYTES,
  LONG_NONCE_BYTES,
  PRIVATE_TOKEN_BYTES,
  PUBLIC_TOKEN_BYTES,
  TAG_BYTES,
  TOKEN_ADDRESSES_MAX,
  USER_DATA_BYTES,
  VERSION,
} from './layout.ts';
import { readRounded, readWord, writeBigInt, writeNumber, writeWord } from './u64.ts';

/** What a private token says. One is filled again and again: its arrays stay. */
export interface PrivateToken {
  /** Low word, high word. */
  readonly clientId: Uint32Array;
  timeoutS: number;
  addressCount: number;
  /** ADDRESS_WORDS each. */
  readonly addresses: Uint32Array;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly userData: Uint8Array;
  /** Bits: what goes beyond the standard on this connection, if both sides can. */
  features: number;
}

/** Keys are renewed and the address may change: types 8 and 9 (bound-packet.ts). */
export const FEATURE_REKEY = 1;

export function createPrivateToken(): PrivateToken {
  return {
    clientId: new Uint32Array(2),
    timeoutS: 0,
    addressCount: 0,
    addresses: new Uint32Array(TOKEN_ADDRESSES_MAX * ADDRESS_WORDS),
    clientKey: new Uint8Array(KEY_BYTES),
    serverKey: new Uint8Array(KEY_BYTES),
    userData: new Uint8Array(USER_DATA_BYTES),
    features: 0,
  };
}

const PRIVATE_TEXT_BYTES = PRIVATE_TOKEN_BYTES - TAG_BYTES;
/** In the last word of either token, where every other implementation writes zeros and none looks. */
const FEATURES_AT = PRIVATE_TEXT_BYTES - 4;
const PUBLIC_FEATURES_AT = PUBLIC_TOKEN_BYTES - 4;

/** Opens sealed private tokens of one protocol; holds what that needs. */
export interface TokenOpener {
  readonly aead: Aead;
  readonly key: Uint8Array;
  /** VERSION · protocol id · expiry: the first part stays, the expiry is that of the token at hand. */
  readonly additional: Uint8Array;
  readonly nonce: Uint8Array;
  readonly text: Uint8Array;
  readonly reader: Reader;
  readonly token: PrivateToken;
}

export function createTokenOpener(aead: Aead, key: Uint8Array, protocolId: bigint): TokenOpener {
  assert(key.length === KEY_BYTES, 'the key of tokens has 32 bytes');
  return {
    aead,
    key,
    additional: tokenAdditional(protocolId),
    nonce: new Uint8Array(LONG_NONCE_BYTES),
    text: new Uint8Array(PRIVATE_TEXT_BYTES),
    reader: new Reader(),
    token: createPrivateToken(),
  };
}

const EXPIRY_AT = VERSION.length + 8;

function tokenAdditional(protocolId: bigint): Uint8Array {
  const additional = new Uint8Array(EXPIRY_AT + 8);
  additional.set(VERSION);
  writeBigInt(additional, VERSION.length, protocolId);
  return additional;
}

export const OPENED = 0;
export const FORGED = 1;
export const MALFORMED = 2;

/**
 * From the wire: `bytes[expiryAt …]` are the expiry, `bytes[nonceAt …]` the nonce and right behind it the sealed token.
 * Fills `opener.token` when it answers OPENED. Does not allocate.
 */
export function openPrivateToken(opener: TokenOpener, bytes: Uint8Array, expiryAt: number, nonceAt: number): number {
  const { aead, key, additional, nonce, text } = opener;
  for (let index = 0; index < 8; index++) additional[EXPIRY_AT + index] = bytes[expiryAt + index]!;
  for (let index = 0; index < LONG_NONCE_BYTES; index++) nonce[index] = bytes[nonceAt + index]!;
  const from = nonceAt + LONG_NONCE_BYTES;
  if (!aead.open(key, nonce, additional, bytes, from, from + PRIVATE_TOKEN_BYTES, text, 0)) return FORGED;
  opener.reader.reset(text);
  opener.token.features = readWord(text, FEATURES_AT);
  return readPrivateToken(opener.reader, opener.token) ? OPENED : MALFORMED;
}

/** False when it is not well-formed; the token then holds anything. */
export function readPrivateToken(reader: Reader, token: PrivateToken): boolean {
  token.clientId[0] = reader.u32();
  token.clientId[1] = reader.u32();
  token.timeoutS = reader.i32();
  token.addressCount = readAddresses(reader, token.addresses);
  readRaw(reader, token.clientKey);
  readRaw(reader, token.serverKey);
  readRaw(reader, token.userData);
  return token.addressCount > 0 && !reader.failed;
}

/** How many there are, 0 when they are not well-formed. */
function readAddresses(reader: Reader, addresses: Uint32Array): number {
  const count = reader.u32();
  if (count > TOKEN_ADDRESSES_MAX) return 0;
  for (let index = 0; index < count; index++) {
    if (!readAddress(reader, addresses, index * ADDRESS_WORDS)) return 0;
  }
  return count;
}

function readRaw(reader: Reader, target: Uint8Array): void {
  for (let index = 0; index < target.length; index++) target[index] = reader.u8();
}

// --- minting

export interface TokenTerms {
  readonly protocolId: bigint;
  readonly clientId: bigint;
  /** Seconds since 1970. */
  readonly createdS: number;
  readonly expiresS: number;
  /** Silence after which either side gives up; negative: never, for development. */
  readonly timeoutS: number;
  /** The servers that take it, in the order in which a client tries them. */
  readonly addresses: readonly Address[];
  /** At most 256 bytes that the server gets to see, and the client not. */
  readonly userData?: Uint8Array;
  /** None if left out: to the byte what every implementation mints. */
  readonly features?: number;
}

/** A public token, to be given to its client over TLS. Both keys are drawn here. Allocates. */
export function mintToken(aead: Aead, key: Uint8Array, terms: TokenTerms): Uint8Array {
  const { addresses, userData = new Uint8Array(0), features = 0 } = terms;
  assert(addresses.length > 0 && addresses.length <= TOKEN_ADDRESSES_MAX, 'a token names 1 to 32 servers');
  assert(userData.length <= USER_DATA_BYTES, 'user data has at most 256 bytes');
  const keys = new Uint8Array(2 * KEY_BYTES);
  const nonce = new Uint8Array(LONG_NONCE_BYTES);
  aead.randomize(keys);
  aead.randomize(nonce);

  const text = new Uint8Array(PRIVATE_TEXT_BYTES);
  const inner = new Writer(text);
  inner.raw(bytesOf(terms.clientId));
  writeTerms(inner, terms, keys);
  inner.raw(userData);
  writeWord(text, FEATURES_AT, features);
  const additional = tokenAdditional(terms.protocolId);
  writeNumber(additional, EXPIRY_AT, terms.expiresS);
  const sealed = new Uint8Array(PRIVATE_TOKEN_BYTES);
  aead.seal(key, nonce, additional, text, 0, text.length, sealed, 0);

  const token = new Uint8Array(PUBLIC_TOKEN_BYTES);
  const outer = new Writer(token);
  outer.raw(VERSION);
  outer.raw(bytesOf(terms.protocolId));
  outer.u53(terms.createdS);
  outer.u53(terms.expiresS);
  outer.raw(nonce);
  outer.raw(sealed);
  writeTerms(outer, terms, keys);
  writeWord(token, PUBLIC_FEATURES_AT, features);
  return token;
}

/** What both tokens have in common. */
function writeTerms(writer: Writer, terms: TokenTerms, keys: Uint8Array): void {
  writer.u32(terms.timeoutS);
  writer.u32(terms.addresses.length);
  for (const address of terms.addresses) writeAddress(writer, address, 0);
  writer.raw(keys);
}

function bytesOf(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  writeBigInt(bytes, 0, value);
  return bytes;
}

// --- the client's side

export interface PublicToken {
  /** Eight bytes, as they are sent and bound. */
  readonly protocolId: Uint8Array;
  readonly createdS: number;
  readonly expiresS: number;
  /** Expiry, nonce and sealed private token: what a request repeats. */
  readonly expiry: Uint8Array;
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
  readonly timeoutS: number;
  readonly addresses: readonly Address[];
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly features: number;
}

/** Undefined when it is no token of this version, or says what cannot be. Allocates. */
export function readPublicToken(bytes: Uint8Array): PublicToken | undefined {
  if (bytes.length !== PUBLIC_TOKEN_BYTES) return undefined;
  const reader = new Reader(bytes);
  if (!VERSION.every((byte) => reader.u8() === byte)) return undefined;
  const take = (length: number): Uint8Array => {
    const target = new Uint8Array(length);
    readRaw(reader, target);
    return target;
  };
  const protocolId = take(8);
  const createdS = readRounded(take(8), 0);
  const expiry = take(8);
  const expiresS = readRounded(expiry, 0);
  const nonce = take(LONG_NONCE_BYTES);
  const sealed = take(PRIVATE_TOKEN_BYTES);
  const timeoutS = reader.i32();
  const words = new Uint32Array(TOKEN_ADDRESSES_MAX * ADDRESS_WORDS);
  const count = readAddresses(reader, words);
  const clientKey = take(KEY_BYTES);
  const serverKey = take(KEY_BYTES);
  if (reader.failed || count === 0 || createdS > expiresS) return undefined;
  const addresses = Array.from({ length: count }, (_, index) =>
    words.slice(index * ADDRESS_WORDS, (index + 1) * ADDRESS_WORDS),
  );
  const features = readWord(bytes, PUBLIC_FEATURES_AT);
  return { protocolId, createdS, expiresS, expiry, nonce, sealed, timeoutS, addresses, clientKey, serverKey, features };
}
