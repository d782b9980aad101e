// How much one connection may send, and all of an edge (node-share.ts): token buckets. Any thread; pure, time is handed in. A bucket may be overdrawn by one message and is then closed until it is paid: so what leaves in any time t
// is at most rate · t + burst + one message, and a large message needs no bucket of its size.
//
// Reliable messages have half the rate to themselves and get what others leave; unreliable ones get the rest. So neither
// starves the other: half a second of chat doesn't stop snapshots, and snapshots at their limit don't stop chat.

export interface TokenBucket {
  bytesPerSecond: number;
  bytesBurst: number;
  /** Below zero: overdrawn. */
  bytes: number;
  updatedMs: number;
  /** Spent, and messages refused, since `observedMs`. */
  spent: number;
  refused: number;
  observedMs: number;
  /** The same of the period before that: share of what the rate allows, and whether something was refused. */
  usedShare: number;
  isShort: boolean;
}

export function createTokenBucket(bytesPerSecond: number, bytesBurst: number, nowMs: number): TokenBucket {
  return {
    bytesPerSecond,
    bytesBurst,
    bytes: bytesBurst,
    updatedMs: nowMs,
    spent: 0,
    refused: 0,
    observedMs: nowMs,
    usedShare: 0,
    isShort: false,
  };
}

export function refillBucket(bucket: TokenBucket, nowMs: number): void {
  const elapsedMs = nowMs - bucket.updatedMs;
  if (elapsedMs <= 0) return;
  bucket.updatedMs = nowMs;
  bucket.bytes = Math.min(bucket.bytesBurst, bucket.bytes + (elapsedMs * bucket.bytesPerSecond) / 1000);
}

/** Ends a period of at least `periodMs`, so that `usedShare` and `isShort` tell of it. */
export function observeBucket(bucket: TokenBucket, nowMs: number, periodMs: number): void {
  const elapsedMs = nowMs - bucket.observedMs;
  if (elapsedMs < periodMs) return;
  bucket.usedShare = (bucket.spent * 1000) / (elapsedMs * bucket.bytesPerSecond);
  bucket.isShort = bucket.refused > 0;
  bucket.observedMs = nowMs;
  bucket.spent = 0;
  bucket.refused = 0;
}

/** So many bytes have left, whether it had them or not. */
export function chargeBucket(bucket: TokenBucket, bytes: number): void {
  bucket.bytes -= bytes;
  bucket.spent += bytes;
}

export interface SendBudget {
  readonly own: TokenBucket;
  readonly reliable: TokenBucket;
  /** Of all connections of this edge; whoever sends their packets charges it, headers and all. */
  readonly node: TokenBucket | undefined;
}

export function createSendBudget(
  bytesPerSecond: number,
  bytesBurst: number,
  node: TokenBucket | undefined,
  nowMs: number,
): SendBudget {
  return {
    own: createTokenBucket(bytesPerSecond, bytesBurst, nowMs),
    reliable: createTokenBucket(bytesPerSecond / 2, bytesBurst / 2, nowMs),
    node,
  };
}

export function refillBudget(budget: SendBudget, nowMs: number): void {
  refillBucket(budget.own, nowMs);
  refillBucket(budget.reliable, nowMs);
  if (budget.node !== undefined) refillBucket(budget.node, nowMs);
}

/** Whether an unreliable message may leave; a refusal is noted by the bucket that is empty. */
export function mayWriteMessage(budget: SendBudget): boolean {
  const { own, node } = budget;
  if (own.bytes <= 0) {
    own.refused++;
    return false;
  }
  if (node === undefined || node.bytes > 0) return true;
  node.refused++;
  return false;
}

/**
 * Whether a segment of the reliable stream may leave.
 * Deliberate: the node's bucket is not asked. What is said once must arrive; the snapshots of all, which are most of
 * the bytes, make room for it.
 */
export function mayWriteSegment(budget: SendBudget): boolean {
  return budget.reliable.bytes > 0 || budget.own.bytes >= budget.own.bytesBurst / 2;
}

export function spend(budget: SendBudget, bytes: number, isReliable: boolean): void {
  chargeBucket(budget.own, bytes);
  if (isReliable) {
    chargeBucket(budget.reliable, bytes);
    // What it got beyond its half, while nobody else sent, is no debt.
    budget.reliable.bytes = Math.max(budget.reliable.bytes, -budget.reliable.bytesBurst);
  }
}
