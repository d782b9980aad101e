import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BYTES_BURST_MAX,
  BYTES_PER_SECOND_MAX,
  FRAMES_BURST_MAX,
  FRAMES_PER_SECOND_MAX,
  REQUESTS_PER_SECOND_MAX,
} from '../../src/base/limits.ts';
import { createRateBudget, takeFrame, takeRequest } from '../../src/session/rate-budget.ts';

test('a burst is what the limits say, then nothing until time passes, then exactly what it brought', () => {
  const budget = createRateBudget(5000);
  for (let frame = 0; frame < FRAMES_BURST_MAX; frame++) expect(takeFrame(budget, 1, 5000)).toBe(true);
  expect(takeFrame(budget, 1, 5000)).toBe(false);
  const frameMs = 1000 / FRAMES_PER_SECOND_MAX;
  expect(takeFrame(budget, 1, 5000 + frameMs * 0.99)).toBe(false);
  expect(takeFrame(budget, 1, 5000 + frameMs * 1.01)).toBe(true);
  expect(takeFrame(budget, 1, 5000 + frameMs * 1.02)).toBe(false);
});

test('a refused frame takes nothing: bytes refused for their size leave room for a smaller frame', () => {
  const budget = createRateBudget(0);
  expect(takeFrame(budget, BYTES_BURST_MAX - 10, 0)).toBe(true);
  expect(takeFrame(budget, 11, 0)).toBe(false);
  expect(takeFrame(budget, 10, 0)).toBe(true);
  expect(takeFrame(budget, 1, 0)).toBe(false);
  expect(takeFrame(budget, 0, 0)).toBe(true);
});

test('silence fills it up to the burst and no further', () => {
  const budget = createRateBudget(0);
  expect(takeFrame(budget, 0, 3_600_000)).toBe(true);
  for (let frame = 1; frame < FRAMES_BURST_MAX; frame++) expect(takeFrame(budget, 0, 3_600_000)).toBe(true);
  expect(takeFrame(budget, 0, 3_600_000)).toBe(false);
});

test('requests have a budget of their own', () => {
  const budget = createRateBudget(0);
  for (let request = 0; request < REQUESTS_PER_SECOND_MAX; request++) expect(takeRequest(budget)).toBe(true);
  expect(takeRequest(budget)).toBe(false);
  expect(takeFrame(budget, 1, 0)).toBe(true);
  takeFrame(budget, 1, 1000 / REQUESTS_PER_SECOND_MAX + 1);
  expect([takeRequest(budget), takeRequest(budget)]).toEqual([true, false]);
});

test('whatever is sent, no window of time lets more through than burst and rate, and an honest rate is never refused', () => {
  const frame = fc.record({ gapMs: fc.nat(400), bytes: fc.nat(4096) });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 300 }), (frames) => {
      const budget = createRateBudget(0);
      const taken: { readonly atMs: number; readonly bytes: number }[] = [];
      let nowMs = 0;
      for (const { gapMs, bytes } of frames) {
        nowMs += gapMs / 50;
        if (takeFrame(budget, bytes, nowMs)) taken.push({ atMs: nowMs, bytes });
      }
      for (let first = 0; first < taken.length; first += 7) {
        let bytes = 0;
        for (let last = first; last < taken.length; last++) {
          const seconds = (taken[last]!.atMs - taken[first]!.atMs) / 1000;
          bytes += taken[last]!.bytes;
          expect(last - first + 1).toBeLessThanOrEqual(FRAMES_BURST_MAX + seconds * FRAMES_PER_SECOND_MAX + 1e-6);
          expect(bytes).toBeLessThanOrEqual(BYTES_BURST_MAX + seconds * BYTES_PER_SECOND_MAX + 1e-6);
        }
      }
    }),
    { numRuns: 40 },
  );
  const budget = createRateBudget(0);
  for (let tick = 0; tick < 6000; tick++) {
    for (let sent = 0; sent < 2; sent++) expect(takeFrame(budget, 100, (tick * 1000) / 60)).toBe(true);
  }
});
