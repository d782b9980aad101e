import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createLoopDelayBuffer, readLoopDelay } from '../../src/io/thread-stats.ts';

test('a blocked event loop shows in the shared block', async () => {
  const loopDelay = createLoopDelayBuffer();
  expect(readLoopDelay(loopDelay)).toEqual({ p50S: 0, p99S: 0, maxS: 0 });
  const file = new URL('./fixtures/thread.ts', import.meta.url);
  const worker = new Worker(file, { workerData: { behaviour: 'good', loopDelay } });
  const deadlineMs = performance.now() + 10_000;
  while (readLoopDelay(loopDelay).maxS < 0.2 && performance.now() < deadlineMs) {
    worker.postMessage({ type: 'block' });
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  await worker.terminate();
  expect(readLoopDelay(loopDelay).maxS).toBeGreaterThan(0.2);
});
