import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addValue,
  createDistribution,
  type Distribution,
  mergeDistribution,
  quantile,
  quantileOf,
  summarise,
} from '../../../tools/swarm/statistics.ts';

function distributionOf(values: readonly number[]): Distribution {
  const distribution = createDistribution();
  for (const value of values) addValue(distribution, value);
  return distribution;
}

const values = fc.array(fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.integer({ min: 0, max: 50 })), {
  minLength: 1,
  maxLength: 200,
});

test('quantiles are within a thousandth of those of the sorted values, mean and extremes exact', () => {
  fc.assert(
    fc.property(values, fc.constantFrom(0, 0.01, 0.5, 0.95, 0.99, 1), (list, share) => {
      const distribution = distributionOf(list);
      const sorted = [...list].sort((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
      expect(Math.abs(quantile(distribution, share)! - exact)).toBeLessThanOrEqual(exact * 0.001 + 0.001);
      expect(distribution.sum).toBeCloseTo(
        list.reduce((sum, value) => sum + value, 0),
        6,
      );
      expect([distribution.min, distribution.max]).toEqual([sorted[0], sorted.at(-1)]);
    }),
  );
});

test('a quantile of values that are kept is one of them, with that share of all before it, however they are sorted', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => (index * 37) % 100);
  expect([0, 0.5, 0.99, 1].map((share) => quantileOf(hundred, share))).toEqual([0, 50, 99, 99]);
  expect(hundred.slice(0, 3)).toEqual([0, 37, 74]);
  expect([quantileOf([7], 0.5), quantileOf([], 0.5)]).toEqual([7, Number.NaN]);
});

test('adding up two distributions is the same as one of all values', () => {
  fc.assert(
    fc.property(values, values, (one, other) => {
      const merged = distributionOf(one);
      mergeDistribution(merged, distributionOf(other));
      const whole = distributionOf([...one, ...other]);
      expect(merged.buckets).toEqual(whole.buckets);
      expect(merged.count).toBe(whole.count);
      expect(summarise(merged).p99).toBe(summarise(whole).p99);
    }),
  );
});

test('values that are all the same come back as they were; no values are null, not zero', () => {
  expect(summarise(distributionOf([20, 20, 20]))).toEqual({ mean: 20, median: 20, p95: 20, p99: 20 });
  expect(summarise(distributionOf([0, 0]))).toEqual({ mean: 0, median: 0, p95: 0, p99: 0 });
  expect(summarise(createDistribution())).toEqual({ mean: null, median: null, p95: null, p99: null });
});

test('a distribution stays small however many values it takes', () => {
  const distribution = createDistribution();
  for (let value = 0; value < 100_000; value++) addValue(distribution, value / 7);
  expect(distribution.count).toBe(100_000);
});
