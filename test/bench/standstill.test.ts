import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { undisturbed, watchStandstill } from '../../bench/standstill.ts';

/** Nothing runs in this process. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('standing still is told, each time, and at once', async () => {
  const stood = watchStandstill();
  await sleep(20);
  standStill(200);
  const onceMs = stood.ms();
  expect(onceMs).toBeGreaterThan(190);
  await sleep(20);
  standStill(200);
  await sleep(20);
  expect(stood.ms() - onceMs).toBeGreaterThan(190);
  stood.stop();
});

test('what was disturbed is measured again, twice at most, and the last one counts', async () => {
  let measures = 0;
  const measure = async (): Promise<number> => {
    standStill(100);
    return ++measures;
  };
  expect(await undisturbed(measure, 80)).toBe(3);
  expect(await undisturbed(measure, Number.POSITIVE_INFINITY)).toBe(4);
  // Another's failure is no reason to measure again.
  await expect(undisturbed(() => Promise.reject(new Error('it failed')), 0)).rejects.toThrow('it failed');
});
