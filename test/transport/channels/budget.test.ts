import { expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import {
  chargeBucket,
  createSendBudget,
  createTokenBucket,
  mayWriteMessage,
  mayWriteSegment,
  observeBucket,
  refillBucket,
  refillBudget,
  type SendBudget,
  spend,
} from '../../../src/transport/channels/budget.ts';

const RATE = 20_000;
const BURST = 4_000;

/** One tick of someone who always wants to send `unreliable` bytes at once, and segments without end. */
function tick(
  budget: SendBudget,
  nowMs: number,
  unreliable: number,
  segment: number,
): { plain: number; reliable: number } {
  refillBudget(budget, nowMs);
  const sent = { plain: 0, reliable: 0 };
  const charge = (bytes: number): void => {
    if (budget.node !== undefined) chargeBucket(budget.node, bytes);
  };
  if (unreliable > 0 && mayWriteMessage(budget)) {
    spend(budget, unreliable, false);
    charge(unreliable);
    sent.plain += unreliable;
  }
  while (segment > 0 && mayWriteSegment(budget)) {
    spend(budget, segment, true);
    charge(segment);
    sent.reliable += segment;
  }
  return sent;
}

test('in any stretch of time no more leaves than rate, burst and one message of each kind', () => {
  const SEED = 9;
  const random = createRandom(SEED);
  for (let run = 0; run < 20; run++) {
    const budget = createSendBudget(RATE, BURST, undefined, 0);
    const sums: number[] = [0];
    const times: number[] = [0];
    let nowMs = 0;
    for (let step = 0; step < 400; step++) {
      nowMs += random.below(40);
      const { plain, reliable } = tick(budget, nowMs, random.below(1188), random.below(1025));
      sums.push(sums.at(-1)! + plain + reliable);
      times.push(nowMs);
    }
    for (let from = 0; from < sums.length; from += 5) {
      for (let to = from + 1; to < sums.length; to++) {
        const allowed = ((times[to]! - times[from + 1]!) * RATE) / 1000 + BURST + BURST / 2 + 1188 + 2 * 1024;
        if (sums[to]! - sums[from]! > allowed) throw new Error(`SEED=${SEED} run ${run}: ${from} … ${to}`);
      }
    }
  }
});

test.each<[string, number, number, number, number]>([
  ['only unreliable ones: all of the rate', 1000, 0, 1, 0],
  ['only reliable ones: all of the rate', 0, 1024, 0, 1],
  ['both without end: half each', 1000, 1024, 0.5, 0.5],
])('%s', (_, unreliable, segment, plainShare, reliableShare) => {
  const budget = createSendBudget(RATE, BURST, undefined, 0);
  let plain = 0;
  let reliable = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 1000 / 60) {
    const sent = tick(budget, nowMs, unreliable, segment);
    plain += sent.plain;
    reliable += sent.reliable;
  }
  const all = RATE * 60;
  expect(Math.abs(plain / all - plainShare)).toBeLessThan(0.02);
  expect(Math.abs(reliable / all - reliableShare)).toBeLessThan(0.02);
});

test('reliable messages that had the line for themselves owe nothing when snapshots begin', () => {
  const budget = createSendBudget(RATE, BURST, undefined, 0);
  let nowMs = 0;
  for (; nowMs < 60_000; nowMs += 1000 / 60) tick(budget, nowMs, 0, 1024);
  let reliable = 0;
  for (let end = nowMs + 2_000; nowMs < end; nowMs += 1000 / 60) reliable += tick(budget, nowMs, 1000, 1024).reliable;
  expect(reliable).toBeGreaterThan(RATE * 0.7);
});

test('an empty node refuses unreliable messages of all, and notes it itself; segments go on', () => {
  const node = createTokenBucket(30_000, 6_000, 0);
  const one = createSendBudget(RATE, BURST, node, 0);
  const other = createSendBudget(RATE, BURST, node, 0);
  let plain = 0;
  let reliable = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 50) {
    for (const budget of [one, other]) {
      const sent = tick(budget, nowMs, 1000, budget === one ? 100 : 0);
      plain += sent.plain;
      reliable += sent.reliable;
    }
  }
  expect(Math.abs((plain + reliable) / (30_000 * 60) - 1)).toBeLessThan(0.02);
  expect(reliable).toBeGreaterThan((RATE / 2) * 59);
  observeBucket(node, 60_000, 500);
  observeBucket(other.own, 60_000, 500);
  expect([node.isShort, other.own.isShort]).toEqual([true, false]);
});

test('a period says what share of the rate was used, and lasts at least as long as asked', () => {
  const bucket = createTokenBucket(1000, 500, 0);
  const budget: SendBudget = { own: bucket, reliable: createTokenBucket(500, 250, 0), node: undefined };
  spend(budget, 400, false);
  observeBucket(bucket, 499, 500);
  expect(bucket.usedShare).toBe(0);
  observeBucket(bucket, 500, 500);
  expect([bucket.usedShare, bucket.isShort]).toEqual([0.8, false]);
  spend(budget, 400, false);
  expect(mayWriteMessage(budget)).toBe(false);
  observeBucket(bucket, 1000, 500);
  expect([bucket.usedShare, bucket.isShort]).toEqual([0.8, true]);
  observeBucket(bucket, 1500, 500);
  expect([bucket.usedShare, bucket.isShort]).toEqual([0, false]);
});

test('time that goes back fills and takes nothing', () => {
  const bucket = createTokenBucket(1000, 500, 1000);
  bucket.bytes = 0;
  refillBucket(bucket, 900);
  expect(bucket.bytes).toBe(0);
  refillBucket(bucket, 1100);
  expect(bucket.bytes).toBe(100);
});
