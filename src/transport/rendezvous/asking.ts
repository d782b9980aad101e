// What a host and a guest do alike: ask the point again and again until it answers, prove their address with the cookie
// it gives, and believe only answers to what was asked last. Edge threads, clients.

import { ADDRESS_WORDS, type Address, isSameAddress } from '../address.ts';
import type { Aead } from '../aead.ts';
import type { Outbox } from '../outbox.ts';
import { RENDEZVOUS_COUNT as COUNT, createRendezvousCounts, type RendezvousCounts, TAKEN } from './counts.ts';
import {
  ADDRESS_BYTES,
  ANSWER_BODY_BYTES,
  ASK_MS,
  CHALLENGED,
  COOKIE_BYTES,
  ECHO_BYTES,
  FROM_POINT,
  packetBytes,
} from './layout.ts';
import { createSealer, openBody, readWords, type Sealer } from './messages.ts';

export interface Asking {
  readonly aead: Aead;
  readonly sealer: Sealer;
  readonly outbox: Outbox;
  readonly counts: RendezvousCounts;
  readonly point: Address;
  /** Shared with the point. */
  readonly key: Uint8Array;
  readonly echo: Uint8Array;
  /** As the point gave it last; zeros at first. */
  readonly cookie: Uint8Array;
  /** What the newest answer said, and of which address. */
  status: number;
  readonly told: Address;
  askedMs: number;
  challengedMs: number;
}

export function createAsking(aead: Aead, outbox: Outbox, point: Address, key: Uint8Array): Asking {
  const echo = new Uint8Array(ECHO_BYTES);
  aead.randomize(echo);
  return {
    aead,
    sealer: createSealer(aead),
    outbox,
    counts: createRendezvousCounts(),
    point,
    key,
    echo,
    cookie: new Uint8Array(COOKIE_BYTES),
    status: CHALLENGED,
    told: new Uint32Array(ADDRESS_WORDS),
    askedMs: Number.NEGATIVE_INFINITY,
    challengedMs: Number.NEGATIVE_INFINITY,
  };
}

/** From the wire: TAKEN when `asking.status` and `asking.told` now are what it says; else the count of why it is dropped. */
export function openAnswer(
  asking: Asking,
  type: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { sealer, counts, point, key, echo, cookie, told } = asking;
  if (end - from !== packetBytes(ANSWER_BODY_BYTES)) return COUNT.dropSize;
  if (!isSameAddress(address, at, point, 0)) return COUNT.dropStranger;
  if (!openBody(sealer, key, type, FROM_POINT, bytes, from + 1, end)) return COUNT.dropForged;
  const { body } = sealer;
  for (let index = 0; index < ECHO_BYTES; index++) if (body[index] !== echo[index]) return COUNT.dropStale;
  const cookieAt = ECHO_BYTES + 1 + ADDRESS_BYTES;
  for (let index = 0; index < COOKIE_BYTES; index++) cookie[index] = body[cookieAt + index]!;
  readWords(body, ECHO_BYTES + 1, told, 0);
  asking.status = body[ECHO_BYTES]!;
  if (asking.status === CHALLENGED) counts[COUNT.challenges]!++;
  return TAKEN;
}

/** Whether the point wants its cookie back, now: one that takes none of its own must not be asked as fast as it answers. */
export function mayAskAgain(asking: Asking, nowMs: number): boolean {
  if (asking.status !== CHALLENGED || nowMs - asking.challengedMs < ASK_MS) return false;
  asking.challengedMs = nowMs;
  return true;
}
