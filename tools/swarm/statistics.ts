// Distributions of measured values that stay small however long a run is, and that can be added up over processes:
// buckets a thousandth wide, so a quantile is off by at most that; count, sum, least and most are exact. Pure.

export interface Distribution {
  /** How many values fell into each bucket. */
  readonly buckets: Uint32Array;
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** Null without values: zeros would look like a very good result. */
export interface Summary {
  readonly mean: number | null;
  readonly median: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** What is below counts as this: nothing measured here has a meaning there. */
const LEAST = 0.001;
const WIDTH = Math.log(1.001);
/** A thousand million and more is in the last. */
const BUCKETS = Math.ceil(Math.log(1e9 / LEAST) / WIDTH) + 1;

export function createDistribution(): Distribution {
  return {
    buckets: new Uint32Array(BUCKETS),
    count: 0,
    sum: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  };
}

/** @param value 0 or more. */
export function addValue(distribution: Distribution, value: number): void {
  const { buckets } = distribution;
  const bucket = value <= LEAST ? 0 : Math.min(Math.ceil(Math.log(value / LEAST) / WIDTH), BUCKETS - 1);
  buckets[bucket]!++;
  distribution.count++;
  distribution.sum += value;
  if (value < distribution.min) distribution.min = value;
  if (value > distribution.max) distribution.max = value;
}

export function mergeDistribution(target: Distribution, source: Distribution): void {
  for (let bucket = 0; bucket < BUCKETS; bucket++) target.buckets[bucket]! += source.buckets[bucket]!;
  target.count += source.count;
  target.sum += source.sum;
  target.min = Math.min(target.min, source.min);
  target.max = Math.max(target.max, source.max);
}

/** The least value that a share of all values does not exceed (nearest rank), within a thousandth; null without values. */
export function quantile(distribution: Distribution, share: number): number | null {
  const { buckets, count, min, max } = distribution;
  if (count === 0) return null;
  const rank = Math.max(1, Math.ceil(share * count));
  let seen = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    seen += buckets[bucket]!;
    if (seen < rank) continue;
    const middle = bucket === 0 ? 0 : LEAST * Math.exp((bucket - 0.5) * WIDTH);
    return Math.max(min, Math.min(middle, max));
  }
  return max;
}

export function summarise(distribution: Distribution): Summary {
  const { count, sum } = distribution;
  return {
    mean: count === 0 ? null : round(sum / count),
    median: round(quantile(distribution, 0.5)),
    p95: round(quantile(distribution, 0.95)),
    p99: round(quantile(distribution, 0.99)),
  };
}

/** Of values that are all kept: the one that so great a share of them is sorted before; NaN without values. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** To a thousandth: more digits would say more than was measured. */
export function round(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}
