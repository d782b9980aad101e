import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createManualClock } from '../../src/base/clock.ts';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { createStoreTrouble, describeStoreTrouble, type StoreTroubleOptions } from '../../src/io/store-trouble.ts';
import { RETRY_BUDGET_DEFAULTS } from '../../src/store/retry-budget.ts';

class Down extends Error {}
class No extends Error {}

function start(options: StoreTroubleOptions = {}) {
  const block = createCounterBuffer('store');
  const { words, index } = createCounters('store', block);
  const clock = createManualClock();
  const said: string[] = [];
  const trouble = createStoreTrouble({
    ...{ clock, random: () => 0.5, counters: block, ...options },
    onBreaker: (backend, state) => said.push(`${backend} ${state}`),
  });
  let isDown = false;
  let probes = 0;
  trouble.redis.attach({
    isTrouble: (error) => error instanceof Down,
    async probe() {
      probes++;
      if (isDown) throw new Down('down');
    },
  });
  return {
    ...{ trouble, said, block },
    probes: () => probes,
    setDown(to: boolean) {
      isDown = to;
    },
    word: (name: keyof typeof index) => words[index[name]]!,
    async pass(ms: number) {
      clock.advance(ms);
      await vi.advanceTimersByTimeAsync(ms);
    },
    fail: (times: number, error: Error = new Down('down')) =>
      Promise.allSettled(Array.from({ length: times }, () => trouble.redis.call(10, () => Promise.reject(error)))),
  };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('store trouble', () => {
  test('a backend that fails is not asked, is probed after thirty seconds, and two probes that work close the breaker', async () => {
    const { trouble, said, block, word, pass, fail, probes, setDown } = start();
    setDown(true);
    await fail(5);
    expect([word('redisBreaker'), word('redisOpened'), said]).toEqual([2, 1, ['Redis open']]);
    expect(describeStoreTrouble(block)).toEqual(['Redis fails: its circuit breaker is open']);
    const work = vi.fn(async () => 1);
    await expect(trouble.redis.call(10, work)).rejects.toMatchObject({ code: 'DARKAGES_STORE_UNAVAILABLE' });
    expect([work.mock.calls.length, word('redisRejected'), word('scyllaRejected')]).toEqual([0, 1, 0]);
    expect(await trouble.scylla.call(10, work)).toBe(1);
    await pass(29_999);
    expect(probes()).toBe(0);
    await pass(1);
    expect([probes(), word('redisBreaker'), word('redisOpened')]).toEqual([1, 2, 2]);
    setDown(false);
    await pass(30_000);
    expect([probes(), word('redisBreaker'), word('redisOpened')]).toEqual([3, 0, 2]);
    expect(said).toEqual(['Redis open', 'Redis closed']);
    expect(describeStoreTrouble(block)).toEqual([]);
    expect(await trouble.redis.call(10, work)).toBe(1);
  });

  test('a "no" of the store is an answer, and opens nothing', async () => {
    const { word, pass, fail } = start();
    await fail(100, new No('fenced'));
    expect(word('redisBreaker')).toBe(0);
    await fail(5);
    expect(word('redisBreaker')).toBe(2);
    await pass(29_999);
    await fail(3, new No('fenced'));
    expect(word('redisRejected')).toBe(3);
  });

  test('what is under way is accounted for until it has ended, well or not', async () => {
    const { trouble, block, word } = start({ pauseBytes: 100, resumeBytes: 80 });
    const ends: (() => void)[] = [];
    const calls = [60, 40].map((bytes) =>
      trouble.scylla.call(bytes, () => new Promise<void>((resolve) => ends.push(resolve))),
    );
    expect([word('unprocessedBytes'), word('paused'), word('pauses')]).toEqual([100, 1, 1]);
    expect(describeStoreTrouble(block)).toEqual(['too much waits for the store']);
    ends[1]!();
    await calls[1];
    expect([word('unprocessedBytes'), word('paused'), trouble.backPressure.isPaused()]).toEqual([60, 0, false]);
    ends[0]!();
    await calls[0];
    await expect(trouble.scylla.call(30, () => Promise.reject(new Down('down')))).rejects.toThrow('down');
    expect([word('unprocessedBytes'), word('pauses')]).toEqual([0, 1]);
  });

  test('retries are counted, earned by calls, and wait longest when there are none left', async () => {
    const { trouble, word } = start({ retries: { ...RETRY_BUDGET_DEFAULTS, savedMax: 2, perSecond: 0 } });
    const { retries } = trouble;
    expect([retries.patientPauseMs(1), retries.patientPauseMs(2), retries.patientPauseMs(1)]).toEqual([150, 300, 3750]);
    expect([word('retries'), word('retriesRefused')]).toEqual([2, 1]);
    retries.countCalls(10);
    expect([retries.take(), retries.take()]).toEqual([true, false]);
    let isOver = false;
    const pause = retries.pause(1).then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(149);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await pause;
  });

  test('a thread that takes the place of one that died begins closed, and its counters go on', async () => {
    const { block, fail, word } = start();
    await fail(5);
    const second = createStoreTrouble({ counters: block });
    expect([word('redisBreaker'), word('redisOpened')]).toEqual([0, 1]);
    for (const error of Array.from({ length: 5 }, () => new Down('down'))) {
      await expect(second.redis.call(0, () => Promise.reject(error))).rejects.toBe(error);
    }
    expect([word('redisBreaker'), word('redisOpened')]).toEqual([2, 2]);
    second.redis.close();
  });

  test('after close nothing is probed', async () => {
    const { trouble, fail, pass, probes } = start();
    await fail(5);
    trouble.redis.close();
    await pass(100_000);
    expect(probes()).toBe(0);
  });
});
