import { expect, test } from 'vitest';
import { createMissedTicks } from '../../bench/missed-ticks.ts';
import { TICK_MS } from '../../src/base/limits.ts';

/** @param readings ticks missed and ticks' times waited, since the reading before */
function sumOf(...readings: readonly (readonly [missed: number, waitedTicks: number])[]) {
  const ticks = createMissedTicks();
  // What was before the first reading is nobody's.
  let [missed, waitedMs] = [7, 7_000];
  ticks.add({ missed, waitedMs });
  for (const [more, waitedTicks] of readings) {
    missed += more;
    // A little more than those, so that rounding does not decide.
    waitedMs += (waitedTicks + 0.01) * TICK_MS;
    ticks.add({ missed, waitedMs });
  }
  return ticks.sum();
}

test('a wait for a core excuses as many ticks missed in the same moments, and no others', () => {
  expect(sumOf()).toEqual({ missed: 0, forCores: 0 });
  expect(sumOf([0, 20])).toEqual({ missed: 0, forCores: 0 });
  expect(sumOf([3, 3])).toEqual({ missed: 0, forCores: 3 });
  expect(sumOf([3, 2])).toEqual({ missed: 1, forCores: 2 });
  expect(sumOf([1, 0])).toEqual({ missed: 1, forCores: 0 });
});

test('a wait counts until the next reading, once, and not before it was', () => {
  expect(sumOf([0, 4], [4, 0])).toEqual({ missed: 0, forCores: 4 });
  expect(sumOf([2, 4], [4, 0])).toEqual({ missed: 2, forCores: 4 });
  expect(sumOf([0, 4], [0, 0], [4, 0])).toEqual({ missed: 4, forCores: 0 });
  expect(sumOf([4, 0], [0, 4])).toEqual({ missed: 4, forCores: 0 });
  // A minute of small waits excuses none.
  expect(sumOf(...Array.from({ length: 200 }, () => [0, 0.4] as const), [5, 0])).toEqual({ missed: 5, forCores: 0 });
});
