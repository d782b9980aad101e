import { expect, test } from 'vitest';
import { THREAD_METRICS, threadLabels } from '../../src/io/thread-metrics.ts';
import { measureThisThread } from '../../src/io/thread-stats.ts';

test('each figure of a thread is one of its own, under its name', () => {
  const figures = { name: 'edge-1', labels: { zone_id: '1' }, ...{ heapUsedBytes: 1, heapTotalBytes: 2 } };
  const read = THREAD_METRICS.map((row) => row.read({ ...figures, externalBytes: 3, cpuS: 4 }));
  expect(read).toEqual([1, 2, 3, 4]);
  expect(threadLabels({ ...figures, externalBytes: 3, cpuS: 4 })).toEqual({ thread: 'edge-1', zone_id: '1' });
});

test('this thread is measured as the others are', () => {
  const { name, heapUsedBytes, heapTotalBytes, cpuS } = measureThisThread('main');
  expect(name).toBe('main');
  expect(heapUsedBytes).toBeGreaterThan(1_000_000);
  expect(heapTotalBytes).toBeGreaterThanOrEqual(heapUsedBytes);
  expect(cpuS).toBeGreaterThan(0);
});
