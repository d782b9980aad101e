import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TICK_MS } from '../../src/base/limits.ts';
import { createTickWait } from '../../src/io/tick-wait.ts';

const WAIT_MS_MAX = 100;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A zone that publishes at these times, and whether the wait has ended. */
function waitFor(words: Int32Array, atMs: readonly number[]) {
  for (const ms of atMs) setTimeout(() => words[0]!++, ms);
  const wait = createTickWait(words, 0, () => performance.now());
  const ends: number[] = [];
  const follow = async (): Promise<void> => {
    for (let seen = words[0]!; ; seen = words[0]!) {
      await wait.next(seen, WAIT_MS_MAX);
      ends.push(performance.now());
    }
  };
  void follow();
  return { wait, ends };
}

test('each tick of a zone that keeps its time is found within a millisecond or so, with two looks', async () => {
  const load = vi.spyOn(Atomics, 'load');
  const ticks = Array.from({ length: 60 }, (_, tick) => Math.round((tick + 1) * TICK_MS));
  const { ends } = waitFor(new Int32Array(1), ticks);
  await vi.advanceTimersByTimeAsync(1_005);
  expect(ends).toHaveLength(60);
  for (const [tick, atMs] of ends.entries()) {
    expect(atMs - ticks[tick]!).toBeGreaterThanOrEqual(0);
    expect(atMs - ticks[tick]!).toBeLessThanOrEqual(2);
  }
  // One of them before it begins to wait.
  expect(load.mock.calls.length / 60).toBeLessThan(4);
  load.mockRestore();
});

test('after one round that took too long the next ticks are found in time again', async () => {
  const words = new Int32Array(1);
  const ticks = Array.from({ length: 30 }, (_, tick) => Math.round((tick + 1) * TICK_MS));
  for (const ms of ticks) setTimeout(() => words[0]!++, ms);
  const wait = createTickWait(words, 0, () => performance.now());
  const found: number[] = [];
  const follow = async (): Promise<void> => {
    for (let round = 0; ; round++) {
      await wait.next(words[0]!, WAIT_MS_MAX);
      found[words[0]! - 1] ??= performance.now();
      // It serves for longer than a tick, once.
      if (round === 10) await new Promise((resolve) => setTimeout(resolve, 30));
    }
  };
  void follow();
  await vi.advanceTimersByTimeAsync(505);
  for (let tick = 15; tick < 30; tick++) expect(found[tick]! - ticks[tick]!, `tick ${tick}`).toBeLessThanOrEqual(2);
});

test('a zone that is late is looked for more rarely, and one that says nothing not for ever', async () => {
  const load = vi.spyOn(Atomics, 'load');
  const { ends } = waitFor(new Int32Array(1), [180]);
  await vi.advanceTimersByTimeAsync(WAIT_MS_MAX + 10);
  expect(ends).toHaveLength(1);
  expect(ends[0]).toBeLessThan(WAIT_MS_MAX + 5);
  expect(load.mock.calls.length).toBeLessThan(45);
  await vi.advanceTimersByTimeAsync(180 - WAIT_MS_MAX - 10 + 4);
  expect(ends).toHaveLength(2);
  expect(ends[1]).toBeLessThanOrEqual(184);
  load.mockRestore();
});

test('a zone that is ahead is followed at once, but only after a turn of the event loop', async () => {
  const words = Int32Array.of(7);
  const wait = createTickWait(words, 0, () => performance.now());
  let isDone = false;
  void wait.next(6, WAIT_MS_MAX).then(() => {
    isDone = true;
  });
  await Promise.resolve();
  expect(isDone).toBe(false);
  await vi.advanceTimersByTimeAsync(0);
  expect([isDone, performance.now()]).toEqual([true, 0]);
});
