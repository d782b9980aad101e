// What one edge may send of its node's bandwidth: as large a share as it has clients. Edge threads; pure, time is handed
// in. The edges of a node know of each other only how many clients each has, words in shared memory of which each writes
// its own.
//
// Deliberate: no bucket that all edges take from. Whoever came first after each refill would get most of it, and a crowd in
// one zone would lower the rate in all. What the clients of one zone leave is not lent to another.

import { createTokenBucket, refillBucket, type TokenBucket } from './budget.ts';

/** What may leave at once: as much as in so long, but always a packet. */
const BURST_S = 0.1;
const BURST_BYTES_MIN = 1_500;

export interface NodeShare {
  /** Of the node. */
  readonly bytesPerSecond: number;
  /** By edge. */
  readonly clients: Uint32Array;
  readonly edge: number;
  /** Bytes of packets as they are on the line. */
  readonly bucket: TokenBucket;
}

/** @param clients a word for each edge of the node */
export function createNodeShare(
  bytesPerSecond: number,
  clients: SharedArrayBuffer,
  edge: number,
  nowMs: number,
): NodeShare {
  const share = { bytesPerSecond, clients: new Uint32Array(clients), edge, bucket: createTokenBucket(0, 0, nowMs) };
  updateNodeShare(share, 0, nowMs);
  share.bucket.bytes = share.bucket.bytesBurst;
  return share;
}

/** This edge has so many clients now. An edge without any keeps the share of one: it answers who comes. */
export function updateNodeShare(
  { bytesPerSecond, clients, edge, bucket }: NodeShare,
  count: number,
  nowMs: number,
): void {
  refillBucket(bucket, nowMs);
  Atomics.store(clients, edge, count);
  const own = Math.max(1, count);
  let all = own;
  for (let other = 0; other < clients.length; other++) if (other !== edge) all += Atomics.load(clients, other);
  bucket.bytesPerSecond = (bytesPerSecond * own) / all;
  bucket.bytesBurst = Math.max(BURST_BYTES_MIN, bucket.bytesPerSecond * BURST_S);
}
