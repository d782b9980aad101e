import { expect, test, vi } from 'vitest';
import { createCounterBuffer } from '../../src/base/counters.ts';
import { startThread, withTimeout } from '../../src/io/threads.ts';

const start = (behaviour: string, loopDelay?: SharedArrayBuffer) =>
  startThread({
    name: 'test-1',
    file: new URL('./fixtures/thread.ts', import.meta.url),
    workerData: { behaviour, loopDelay },
    labels: { zone_id: '1' },
  });

test('a thread comes up, is measured, and stops with its answer', async () => {
  const thread = await start('good', createCounterBuffer('loop'));
  expect(thread.upMessage).toEqual({ type: 'ready', port: 7 });
  const figures = await thread.figures();
  expect(figures).toMatchObject({ name: 'test-1', labels: { zone_id: '1' } });
  expect(figures?.heapUsedBytes).toBeGreaterThan(100_000);
  expect(figures?.cpuS).toBeGreaterThan(0);
  expect(await thread.stop({ type: 'stop' }, 'stopped', 2000)).toEqual({ type: 'stopped', unsaved: 3 });
  expect(await withTimeout(thread.died, 20)).toBeUndefined();
  expect(await thread.figures()).toBeUndefined();
});

test('a thread that fails at start is a ServerError with its own code and sentence', async () => {
  await expect(start('fail')).rejects.toMatchObject({
    code: 'DARKAGES_EDGE_PORT_IN_USE',
    message: 'Port 1 is in use.',
  });
  await expect(start('throw')).rejects.toMatchObject({
    code: 'DARKAGES_THREAD_DIED',
    message: 'The thread test-1 died at start: broken at start',
  });
  await expect(start('end')).rejects.toMatchObject({ code: 'DARKAGES_THREAD_DIED' });
});

test('a thread may take as long as it works, and be silent no longer than it may', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  /** @param waitsMs before each of its four messages, of which the third asks for a minute */
  const startAfter = (waitsMs: readonly number[]) => {
    const left = [...waitsMs];
    return startThread({
      name: 'test-1',
      file: new URL('./fixtures/thread.ts', import.meta.url),
      workerData: { behaviour: 'works' },
      onMessage: () => void vi.advanceTimersByTime(left.shift() ?? 0),
    });
  };
  try {
    const thread = await startAfter([19_000, 19_000, 19_000, 59_000]);
    thread.terminate('');
    for (const waitsMs of [[21_000], [19_000, 21_000], [19_000, 19_000, 19_000, 61_000]]) {
      await expect(startAfter(waitsMs), String(waitsMs)).rejects.toMatchObject({
        code: 'DARKAGES_THREAD_DIED',
        message: 'The thread test-1 did not start: it was silent for too long.',
      });
    }
  } finally {
    vi.useRealTimers();
  }
});

test('a thread is told what it begins with once that is known, and ended when it can’t be', async () => {
  const options = {
    name: 'test-1',
    file: new URL('./fixtures/thread.ts', import.meta.url),
    workerData: { behaviour: 'asks' },
  };
  const thread = await startThread({ ...options, firstMessage: Promise.resolve({ message: { epoch: 5 } }) });
  expect(thread.upMessage).toEqual({ type: 'ready', told: { epoch: 5 } });
  await thread.stop({ type: 'stop' }, 'stopped', 50);
  const late = Promise.withResolvers<{ message: unknown }>();
  const starting = startThread({ ...options, firstMessage: late.promise });
  late.reject(new Error('no store'));
  await expect(starting).rejects.toThrow('no store');
  await expect(
    startThread({ ...options, workerData: { behaviour: 'throw' }, firstMessage: new Promise(() => {}) }),
  ).rejects.toMatchObject({ code: 'DARKAGES_THREAD_DIED' });
});

test('a thread that dies says why', async () => {
  const thread = await start('good');
  thread.post({ type: 'throw' });
  expect(await thread.died).toBe('broken while running');
});

test('a thread that does not answer is terminated', async () => {
  const thread = await start('deaf');
  expect(await thread.stop({ type: 'stop' }, 'stopped', 50)).toBeUndefined();
});
