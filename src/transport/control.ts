// What is in a control packet (type 9 of bound-packet.ts): a byte that says which, then fields of fixed length, so that a
// length that is not exactly right is malformed. Edge threads, clients.
//
//   0 keep-alive     both     nothing
//   1 disconnect     both     nothing; sent ten times
//   2 offer          client   u8 part, 0 or 1 · u32 number of the exchange · that half of the offer, 608 bytes
//   3 answer         server   u32 number · u32 connection id of the new keys · answer, 1,120 bytes
//   4 probe          client   127 zeros: bytes, so that the server may answer an address that it doesn't know
//   5 path challenge server   8 random bytes
//   6 path response  client   the same 8 bytes

import { ANSWER_BYTES, OFFER_BYTES } from './key-exchange.ts';

export const KEEP = 0;
export const LEAVE = 1;
export const OFFER = 2;
export const ANSWER = 3;
export const PROBE = 4;
export const PATH_CHALLENGE = 5;
export const PATH_RESPONSE = 6;

export const OFFER_PARTS = 2;
export const OFFER_PART_BYTES = OFFER_BYTES / OFFER_PARTS;
/** Offsets in an offer's part and in an answer. */
export const OFFER_NUMBER_AT = 2;
export const OFFER_PART_AT = 6;
export const ANSWER_NUMBER_AT = 1;
export const ANSWER_ID_AT = 5;
export const ANSWER_AT = 9;
const PATH_BYTES = 8;

/** By kind; all of what is sealed. */
export const CONTROL_BYTES: readonly number[] = [
  1,
  1,
  OFFER_PART_AT + OFFER_PART_BYTES,
  ANSWER_AT + ANSWER_BYTES,
  128,
  1 + PATH_BYTES,
  1 + PATH_BYTES,
];

/** The kind of a control message of `length` bytes, or −1 when there is none of that kind and length. */
export function controlKind(message: Uint8Array, length: number): number {
  const kind = message[0]!;
  return CONTROL_BYTES[kind] === length ? kind : -1;
}
