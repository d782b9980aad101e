import { expect, test } from 'vitest';
import { createManualClock } from '../../src/base/clock.ts';
import { createRecent } from '../../src/io/recent.ts';

test('who asks at once or soon after gets the same answer, later another one, each key its own', async () => {
  const clock = createManualClock();
  const recent = createRecent<number>(1_000, clock.now);
  let made = 0;
  const ask = (key = 'a') => recent(key, async () => ++made);
  expect(await Promise.all([ask(), ask(), ask('b')])).toEqual([1, 1, 2]);
  clock.advance(999);
  expect(await ask()).toBe(1);
  clock.advance(1);
  expect(await ask()).toBe(3);
});

test('a failure is not kept', async () => {
  const recent = createRecent<number>(1_000, () => 0);
  await expect(recent('a', async () => Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(await recent('a', async () => 1)).toBe(1);
});
