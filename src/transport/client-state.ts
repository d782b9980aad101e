// What a netcode client holds, and how a packet leaves it. Clients, bots; no socket, no clock. client.ts has what happens
// on the way to a connection and in it, client-keys.ts what goes beyond the standard.

import type { Address } from './address.ts';
import { type BoundCodec, TOKEN_ID, writeBoundPacket } from './bound-packet.ts';
import { KEEP, LEAVE } from './control.ts';
import { COUNT, type Counts } from './counts.ts';
import type { KeyExchange, KeyOffer } from './key-exchange.ts';
import { BOUND_CONTROL, BOUND_PAYLOAD, KEEP_ALIVE, PAYLOAD } from './layout.ts';
import { nextPlace, type Outbox, putPacket } from './outbox.ts';
import { type PacketCodec, writePacket } from './packet.ts';
import type { ReplayWindows } from './replay-window.ts';
import type { PublicToken } from './token.ts';
import { increment } from './u64.ts';

export const KEEP_MESSAGE: Uint8Array = Uint8Array.of(KEEP);
const LEAVE_MESSAGE = Uint8Array.of(LEAVE);

export interface Client {
  readonly outbox: Outbox;
  readonly codec: PacketCodec;
  readonly counts: Counts;
  /** Undefined: what it was given was none, and the state says so. */
  readonly token: PublicToken | undefined;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  readonly window: ReplayWindows;
  /** Low word, high word of the next packet's sequence number. */
  readonly sequence: Uint32Array;
  /** What goes beyond the standard; `window` and `sequence` are those of the token's keys. */
  readonly rekey: ClientRekey | undefined;
  readonly timeoutMs: number;
  readonly startedMs: number;
  /** One of states.ts; negative: failed, and why. */
  state: number;
  /** Which of the token's servers it talks to. */
  serverIndex: number;
  /** When the talk with this server began, or the server was heard last. */
  heardMs: number;
  sentMs: number;
  /** Said by the server when it let the client in. */
  slot: number;
  slotsMax: number;
  /** What the newest packet held, when `receiveFromServer` says so; until its next call, for whichever client. */
  readonly payload: Uint8Array;
}

/** A pair of keys and what was sealed with it. */
export interface KeyPair {
  readonly id: number;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly window: ReplayWindows;
  /** Low word, high word of the next packet. */
  readonly sequence: Uint32Array;
}

export interface ClientRekey {
  readonly exchange: KeyExchange;
  readonly codec: BoundCodec;
  /** CONTENT, OFFERING or SWITCHING of states.ts. */
  state: number;
  /** What it seals with, and what is about to be wiped: of the server some may still come under it. */
  current: KeyPair;
  former: KeyPair | undefined;
  offer: KeyOffer | undefined;
  number: number;
  offeredMs: number;
  againMs: number;
  /** Around 1, drawn with the token: of many who were refused at once not all come again at once. */
  readonly spread: number;
  /** When the last exchange ended. −Infinity: never; the server's first packet under new keys, Infinity: not yet. */
  settledMs: number;
  switchedMs: number;
  probes: number;
  probedMs: number;
  readonly control: Uint8Array;
}

/** Whether the token's keys are wiped. */
export function isForgotten(rekey: ClientRekey | undefined): boolean {
  return rekey !== undefined && rekey.current.id !== TOKEN_ID && rekey.former?.id !== TOKEN_ID;
}

/** Whether it seals with others than the token's. */
export function hasNewKeys(rekey: ClientRekey | undefined): rekey is ClientRekey {
  return rekey !== undefined && rekey.current.id !== TOKEN_ID;
}

/** The server it talks to. */
export function serverAddress(client: Client): Address {
  return client.token!.addresses[client.serverIndex]!;
}

/** The packet moves its count and is forgotten. */
export function drop(client: Client, reason: number): -1 {
  client.counts[reason]!++;
  return -1;
}

/** KEEP_ALIVE, PAYLOAD, DISCONNECT or RESPONSE, under whatever keys there are now. */
export function sendSealed(
  client: Client,
  nowMs: number,
  type: number,
  data: Uint8Array,
  from: number,
  end: number,
): void {
  const { outbox, codec, sequence, rekey } = client;
  if (hasNewKeys(rekey)) {
    if (type === PAYLOAD) sendBound(client, nowMs, BOUND_PAYLOAD, data, from, end);
    else sendBound(client, nowMs, BOUND_CONTROL, type === KEEP_ALIVE ? KEEP_MESSAGE : LEAVE_MESSAGE, 0, 1);
    return;
  }
  const place = nextPlace(outbox);
  const low = sequence[0]!;
  const high = sequence[1]!;
  increment(sequence, 0);
  const key = client.token!.clientKey;
  finish(client, nowMs, writePacket(codec, type, key, low, high, data, from, end, outbox.bytes, place));
}

export function sendControl(client: Client, nowMs: number, message: Uint8Array, end: number): void {
  sendBound(client, nowMs, BOUND_CONTROL, message, 0, end);
}

function sendBound(client: Client, nowMs: number, type: number, data: Uint8Array, from: number, end: number): void {
  const { outbox } = client;
  const { codec, current } = client.rekey!;
  const { id, clientKey, sequence } = current;
  const place = nextPlace(outbox);
  const low = sequence[0]!;
  const high = sequence[1]!;
  increment(sequence, 0);
  const length = writeBoundPacket(codec, type, id, clientKey, low, high, data, from, end, outbox.bytes, place);
  finish(client, nowMs, length);
}

/** What was written to the outbox goes to the server. */
export function finish(client: Client, nowMs: number, length: number): void {
  putPacket(client.outbox, length, serverAddress(client), 0);
  client.sentMs = nowMs;
  client.counts[COUNT.packetsOut]!++;
  client.counts[COUNT.bytesOut]! += length;
}
