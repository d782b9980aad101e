import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CATCH_UP_MS_MAX, TICK_MS } from '../../src/base/limits.ts';
import { beginTick, createFixedStep, setPace, untilDue } from '../../src/sim/fixed-step.ts';

/** Runs whatever is due at each moment and returns how many ticks ran. */
function runDue(step: ReturnType<typeof createFixedStep>, nowMs: number): number {
  let ran = 0;
  while (untilDue(step, nowMs) <= 0) {
    beginTick(step, nowMs);
    ran++;
  }
  return ran;
}

test('ticks run and ticks missed add up to the time that passed, and no loop catches up on more than the cap', () => {
  const waits = fc.array(
    fc.oneof(fc.double({ min: 0, max: 40, noNaN: true }), fc.double({ min: 0, max: 900, noNaN: true })),
    {
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(waits, fc.double({ min: 0, max: 1e6, noNaN: true }), (list, startMs) => {
      const step = createFixedStep(startMs);
      let nowMs = startMs;
      let ran = 0;
      for (const wait of list) {
        nowMs += wait;
        const now = runDue(step, nowMs);
        expect(now).toBeLessThanOrEqual(Math.floor(CATCH_UP_MS_MAX / TICK_MS) + 1);
        ran += now;
        expect(untilDue(step, nowMs)).toBeGreaterThan(0);
        expect(untilDue(step, nowMs)).toBeLessThanOrEqual(TICK_MS + 1e-6);
      }
      // Naive: deadlines stand every TICK_MS after the start; each passed one was run or dropped.
      expect(Math.abs(ran + step.missed - (nowMs - startMs) / TICK_MS)).toBeLessThanOrEqual(1.001);
    }),
  );
});

test('one late tick by case', () => {
  const cases = [
    { lateMs: 0, late: 0, missed: 0, ran: 1 },
    { lateMs: 16, late: 0, missed: 0, ran: 1 },
    { lateMs: 17, late: 1, missed: 0, ran: 2 },
    { lateMs: 99, late: 5, missed: 0, ran: 6 },
    { lateMs: 990, late: 5, missed: 54, ran: 6 },
  ];
  for (const { lateMs, late, missed, ran } of cases) {
    const step = createFixedStep(0);
    expect(runDue(step, step.dueMs + lateMs)).toBe(ran);
    expect({ late: step.late, missed: step.missed }).toEqual({ late, missed });
  }
});

test('at any pace: ticks, missed ones and those left out add up to those of full pace; none is missed by a change', () => {
  const moves = fc.array(fc.tuple(fc.integer({ min: 10, max: 100 }), fc.integer({ min: 1, max: 200 })), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(moves, (list) => {
      const step = createFixedStep(0);
      let ran = 0;
      let nowMs = 0;
      let dilatedBefore = 0;
      for (const [pacePercent, ticks] of list) {
        for (let count = 0; count < ticks; count++) {
          nowMs = Math.max(nowMs, step.dueMs);
          expect(beginTick(step, nowMs)).toBeLessThan(1e-6);
          ran++;
          expect(step.dilated).toBeGreaterThanOrEqual(dilatedBefore);
          dilatedBefore = step.dilated;
        }
        setPace(step, pacePercent);
        expect(step.dueMs - nowMs).toBeCloseTo((TICK_MS * 100) / pacePercent, 6);
      }
      expect(step.missed).toBe(0);
      expect(ran + step.dilated).toBeCloseTo(nowMs / TICK_MS, 4);
    }),
  );
});

test('a slow pace has as much time to catch up as a fast one, in milliseconds', () => {
  const step = createFixedStep(0);
  beginTick(step, TICK_MS);
  setPace(step, 25);
  const ran = runDue(step, step.dueMs + 990);
  // 990 ms late is 14 ticks of four intervals each beyond the cap; the rest of one is caught up with.
  expect([ran, step.missed]).toEqual([1, 14]);
});
