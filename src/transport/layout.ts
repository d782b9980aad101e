// netcode 1.02 in numbers: sizes of tokens and packets, and the table of packet types. Edge threads, clients, tools.
// The standard is public (mas-bandwidth/netcode, STANDARD.md); proto/STANDARD.md says what we add to it.

/** What a request and everything that is sealed begins with or is bound to. */
export const VERSION: Uint8Array = new TextEncoder().encode('NETCODE 1.02\0');

export const KEY_BYTES = 32;
export const TAG_BYTES = 16;
export const NONCE_BYTES = 12;
/** The nonce of XChaCha20-Poly1305, long enough to be drawn at random. */
export const LONG_NONCE_BYTES = 24;

export const USER_DATA_BYTES = 256;
export const PRIVATE_TOKEN_BYTES = 1024;
export const PUBLIC_TOKEN_BYTES = 2048;
export const CHALLENGE_TOKEN_BYTES = 300;
/** Servers that a token can name. */
export const TOKEN_ADDRESSES_MAX = 32;

export const REQUEST = 0;
export const DENIED = 1;
export const CHALLENGE = 2;
export const RESPONSE = 3;
export const KEEP_ALIVE = 4;
export const PAYLOAD = 5;
export const DISCONNECT = 6;
/** Ours, beyond the standard, for connections whose token says so: bound-packet.ts. */
export const BOUND_PAYLOAD = 8;
export const BOUND_CONTROL = 9;

export const REQUEST_BYTES = 1 + VERSION.length + 8 + 8 + LONG_NONCE_BYTES + PRIVATE_TOKEN_BYTES;
export const PAYLOAD_BYTES_MAX = 1200;
/** A payload with the longest sequence number. Nothing longer is sent or looked at. */
export const PACKET_BYTES_MAX = 1 + 8 + PAYLOAD_BYTES_MAX + TAG_BYTES;
/** Prefix, one byte of sequence, tag. */
export const PACKET_BYTES_MIN = 1 + 1 + TAG_BYTES;

/** Requests, responses and the keep-alives to who hasn't confirmed are sent again so often: 10 times a second. */
export const RESEND_MS = 100;
/** Disconnects at once, since nobody answers one. */
export const DISCONNECT_PACKETS = 10;

/**
 * How often a keep-alive goes to a confirmed peer that gets nothing else: ten in its timeout, at most one a second.
 * Deliberate: 10 a second, as others have it, are 100,000 packets a second for 10,000 connections that do nothing.
 */
export function keepAliveMs(timeoutMs: number): number {
  return Math.max(RESEND_MS, Math.min(1000, timeoutMs / 10));
}

/** Of a token: negative or zero means that silence ends nothing. */
export function timeoutMsOf(timeoutS: number): number {
  return timeoutS > 0 ? timeoutS * 1000 : Number.POSITIVE_INFINITY;
}

export interface PacketType {
  readonly name: string;
  readonly fromClient: boolean;
  readonly fromServer: boolean;
  /** Refused when its sequence number came before. */
  readonly onlyOnce: boolean;
  /** Bytes before sealing. */
  readonly bytesMin: number;
  readonly bytesMax: number;
}

const CHALLENGE_BYTES = 8 + CHALLENGE_TOKEN_BYTES;

/**
 * By number, 0 … 6. A request is read by itself and never sealed, so it counts as from nobody here. Numbers 8–15 are
 * room for what goes beyond the standard, which other implementations drop: re-keying and moves (bound-packet.ts),
 * rendezvous.
 */
export const PACKET_TYPES: readonly PacketType[] = [
  row('request', '', false, 0, 0),
  row('denied', 'server', false, 0, 0),
  row('challenge', 'server', false, CHALLENGE_BYTES, CHALLENGE_BYTES),
  row('response', 'client', false, CHALLENGE_BYTES, CHALLENGE_BYTES),
  row('keep-alive', 'both', true, 8, 8),
  row('payload', 'both', true, 1, PAYLOAD_BYTES_MAX),
  row('disconnect', 'both', true, 0, 0),
];

function row(name: string, from: string, onlyOnce: boolean, bytesMin: number, bytesMax: number): PacketType {
  const fromBoth = from === 'both';
  return {
    name,
    fromClient: fromBoth || from === 'client',
    fromServer: fromBoth || from === 'server',
    onlyOnce,
    bytesMin,
    bytesMax,
  };
}
