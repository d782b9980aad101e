import { expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import { createLossMeter, createStats, noteLoss, noteRoundTrip } from '../../../src/transport/channels/stats.ts';

test('round trips are smoothed, and jitter is their distance from that', () => {
  const stats = createStats();
  expect(stats.rttMs).toBe(-1);
  for (let round = 0; round < 200; round++) noteRoundTrip(stats, 80);
  expect(stats.rttMs).toBeCloseTo(80);
  expect(stats.jitterMs).toBeCloseTo(0);
  for (let round = 0; round < 200; round++) noteRoundTrip(stats, round % 2 === 0 ? 60 : 100);
  expect(Math.abs(stats.rttMs - 80)).toBeLessThan(5);
  expect(Math.abs(stats.jitterMs - 20)).toBeLessThan(3);
});

test('loss is that of the last packets, and little is known from few', () => {
  const meter = createLossMeter();
  expect(noteLoss(meter, 0, 15)).toBe(0);
  const random = createRandom(3);
  let share = 0;
  for (let packet = 0; packet < 2000; packet++)
    share = random.fraction() < 0.2 ? noteLoss(meter, 0, 1) : noteLoss(meter, 1, 0);
  expect(Math.abs(share - 0.2)).toBeLessThan(0.08);
  for (let packet = 0; packet < 2000; packet++) share = noteLoss(meter, 1, 0);
  expect(share).toBeLessThan(0.001);
});

test('a jump of thousands of lost packets is forgotten as soon as one of hundreds', () => {
  const meter = createLossMeter();
  expect(noteLoss(meter, 0, 32_000)).toBe(1);
  let share = 1;
  for (let packet = 0; packet < 1000; packet++) share = noteLoss(meter, 1, 0);
  expect(share).toBeLessThan(0.05);
});
