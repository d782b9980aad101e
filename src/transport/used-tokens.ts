// Which tokens were shown to this server, and from where: a token works from one address, and connects once. Edge
// threads. A token is known by its tag. At the bound the oldest makes room (counted): what is forgotten before it
// expires could be shown from another address, where it helps only who has its keys.

import { ADDRESS_WORDS, copyAddress, isSameAddress } from './address.ts';
import { createKeyTable, findKey, type KeyTable, putKey, removeKey } from './key-table.ts';
import { TAG_BYTES } from './layout.ts';
import { readWord } from './u64.ts';

export const TAG_WORDS = TAG_BYTES / 4;

export const UNUSED = 0;
export const USED_HERE = 1;
export const USED_ELSEWHERE = 2;
/** It was connected with: its keys must not be used again. */
export const SPENT = 3;

export interface UsedTokens {
  readonly capacity: number;
  readonly byTag: KeyTable;
  readonly tags: Uint32Array;
  readonly addresses: Uint32Array;
  readonly spent: Uint8Array;
  readonly expireMs: Float64Array;
  /** Where the next one goes: the oldest is there. */
  next: number;
}

export function createUsedTokens(capacity: number, seed: number): UsedTokens {
  return {
    capacity,
    byTag: createKeyTable(TAG_WORDS, capacity, seed),
    tags: new Uint32Array(capacity * TAG_WORDS),
    addresses: new Uint32Array(capacity * ADDRESS_WORDS),
    spent: new Uint8Array(capacity),
    expireMs: new Float64Array(capacity),
    next: 0,
  };
}

/** The tag that ends `bytes[…, end)`, as words. */
export function readTag(bytes: Uint8Array, end: number, tag: Uint32Array): void {
  for (let word = 0; word < TAG_WORDS; word++) tag[word] = readWord(bytes, end - TAG_BYTES + word * 4);
}

/** What is known of a token that is shown from `address[at …]`. */
export function judgeToken(tokens: UsedTokens, tag: Uint32Array, address: Uint32Array, at: number): number {
  const entry = findKey(tokens.byTag, tag, 0);
  if (entry < 0) return UNUSED;
  if (!isSameAddress(tokens.addresses, entry * ADDRESS_WORDS, address, at)) return USED_ELSEWHERE;
  return tokens.spent[entry] === 1 ? SPENT : USED_HERE;
}

/** Keeps a token that was UNUSED; true when one that had not expired made room. */
export function rememberToken(
  tokens: UsedTokens,
  nowMs: number,
  tag: Uint32Array,
  address: Uint32Array,
  at: number,
  expireMs: number,
): boolean {
  const entry = tokens.next;
  const wasEvicted = tokens.expireMs[entry]! > nowMs;
  if (findKey(tokens.byTag, tokens.tags, entry * TAG_WORDS) === entry) {
    removeKey(tokens.byTag, tokens.tags, entry * TAG_WORDS);
  }
  for (let word = 0; word < TAG_WORDS; word++) tokens.tags[entry * TAG_WORDS + word] = tag[word]!;
  copyAddress(address, at, tokens.addresses, entry * ADDRESS_WORDS);
  tokens.spent[entry] = 0;
  tokens.expireMs[entry] = expireMs;
  putKey(tokens.byTag, tag, 0, entry);
  tokens.next = (entry + 1) % tokens.capacity;
  return wasEvicted;
}

/** The token of the tag `tags[at …]` was connected with. */
export function spendToken(tokens: UsedTokens, tags: Uint32Array, at: number): void {
  const entry = findKey(tokens.byTag, tags, at);
  if (entry >= 0) tokens.spent[entry] = 1;
}
