import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import {
  blockLayout,
  createCounterBuffer,
  createCounters,
  HISTOGRAMS,
  histogramOffset,
} from '../../src/base/counters.ts';
import { watchCollections } from '../../src/io/thread-stats.ts';

test('a blocked event loop shows in the shared block', async () => {
  const loopDelay = createCounterBuffer('loop');
  const { words } = createCounters('loop', loopDelay);
  const [placed] = blockLayout('loop').summaries;
  /** Sum and count, then the quantiles, in microseconds: the last is the largest delay. */
  const read = () => words.slice(placed!.offset, placed!.offset + 5);
  const file = new URL('./fixtures/thread.ts', import.meta.url);
  const worker = new Worker(file, { workerData: { behaviour: 'good', loopDelay } });
  const deadlineMs = performance.now() + 10_000;
  while (read()[4]! < 200_000 && performance.now() < deadlineMs) {
    worker.postMessage({ type: 'block' });
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  await worker.terminate();
  const [sumUs, count, p50Us, p99Us, maxUs] = read();
  expect(maxUs).toBeGreaterThan(200_000);
  expect([p50Us! <= p99Us!, p99Us! <= maxUs!, sumUs! >= maxUs! - p50Us!]).toEqual([true, true, true]);
  expect(count).toBeGreaterThan(0);
});

/** Collections and pauses that a thread's block holds. */
function readCollections(buffer: SharedArrayBuffer) {
  const { words, index } = createCounters('thread', buffer);
  const at = histogramOffset('thread', 'gcPause');
  const buckets = HISTOGRAMS.thread.gcPause.boundsS.length + 1;
  const inBuckets = words.slice(at + 2, at + 2 + buckets).reduce((sum, count) => sum + count, 0);
  return {
    young: words[index.collectionsYoung]!,
    old: words[index.collectionsOld]!,
    pausedUs: words[at]!,
    pauses: words[at + 1]!,
    inBuckets,
  };
}

/** What lives for a moment, and what stays. */
function makeGarbage(bytes: number): object[] {
  const kept: object[] = [];
  for (let made = 0; made < bytes; made += 100) {
    const one = { made, again: [made, made] };
    if (made % 4_000 === 0) kept.push(one);
  }
  return kept;
}

test('a thread that never turns to its event loop counts its collections all the same', () => {
  const buffer = createCounterBuffer('thread');
  const count = watchCollections(buffer);
  count();
  const before = readCollections(buffer);
  // More than the young generation can hold.
  expect(makeGarbage(200_000_000).length).toBeGreaterThan(0);
  expect(readCollections(buffer)).toEqual(before);
  count();
  const after = readCollections(buffer);
  expect(after.young).toBeGreaterThan(before.young);
  expect(after.pausedUs).toBeGreaterThan(before.pausedUs);
  expect(after.pauses).toBeGreaterThanOrEqual(after.young + after.old);
  expect(after.inBuckets).toBe(after.pauses);
});

test('the collections of a thread with an event loop show in the shared block', async () => {
  const counters = createCounterBuffer('thread');
  const file = new URL('./fixtures/thread.ts', import.meta.url);
  const worker = new Worker(file, { workerData: { behaviour: 'good', counters } });
  const deadlineMs = performance.now() + 20_000;
  while (readCollections(counters).young === 0 && performance.now() < deadlineMs) {
    worker.postMessage({ type: 'litter' });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await worker.terminate();
  expect(readCollections(counters).young).toBeGreaterThan(0);
});
