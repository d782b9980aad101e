import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogLimit } from '../../src/observe/log-limit.ts';

test('five lines of a cause at once, then one in ten seconds that says how many there were', () => {
  const limit = createLogLimit();
  const taken = (count: number, nowMs: number) => Array.from({ length: count }, () => limit.take('disk', nowMs));
  expect(taken(7, 0)).toEqual([0, 0, 0, 0, 0, undefined, undefined]);
  expect(taken(2, 9_999)).toEqual([undefined, undefined]);
  expect(taken(2, 10_000)).toEqual([4, undefined]);
  expect(taken(7, 10_000_000)).toEqual([1, 0, 0, 0, 0, undefined, undefined]);
});

test('one cause takes nothing from another, and many are not kept for ever', () => {
  const limit = createLogLimit();
  for (let line = 0; line < 10; line++) limit.take('disk', 0);
  expect(limit.take('zone 1', 0)).toBe(0);
  for (let cause = 0; cause < 300; cause++) limit.take(`other ${cause}`, 0);
  expect(limit.take('disk', 0)).toBe(0);
});

test('no line is both left out and told, and none is forgotten', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 200 }), (gapsMs) => {
      const limit = createLogLimit();
      let nowMs = 0;
      let waiting = 0;
      let told = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        const leftOut = limit.take('cause', nowMs);
        if (leftOut === undefined) waiting++;
        else {
          expect(leftOut).toBe(waiting);
          waiting = 0;
          told++;
        }
      }
      expect(told).toBeLessThanOrEqual(5 + nowMs / 10_000);
    }),
  );
});
