import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TICK_HZ } from '../../src/base/limits.ts';
import {
  LOWER_RATE,
  loadIntervalTicks,
  loadPacePercent,
  loadStep,
  OVERLOAD_STEPS,
  PACE_PERCENT_MIN,
  PACE_PERCENT_STEP,
  packLoad,
  TIME_DILATION,
} from '../../src/base/overload-steps.ts';

test('a step and a pace go into one word and come out; no load at all is 0, as in memory nobody wrote to', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 100 }), (step, pacePercent) => {
      const word = Int32Array.of(packLoad(step, pacePercent))[0]!;
      expect([loadStep(word), loadPacePercent(word)]).toEqual([step, pacePercent]);
    }),
  );
  expect(packLoad(0, 100)).toBe(0);
});

test('the ladder, from the bottom to the top: each step sends no more than the one before', () => {
  expect(OVERLOAD_STEPS.map(({ name }) => name)).toEqual(['none', 'less_detail', 'lower_rate', 'time_dilation']);
  for (let step = 1; step < OVERLOAD_STEPS.length; step++) {
    const { intervalTicks, seenMax } = OVERLOAD_STEPS[step]!;
    expect(intervalTicks).toBeGreaterThanOrEqual(OVERLOAD_STEPS[step - 1]!.intervalTicks);
    expect(seenMax).toBeLessThanOrEqual(OVERLOAD_STEPS[step - 1]!.seenMax);
  }
});

test('at whatever pace nobody gets more snapshots a second than at half the rate, nor fewer than two', () => {
  for (let pacePercent = PACE_PERCENT_MIN; pacePercent < 100; pacePercent += PACE_PERCENT_STEP) {
    const perSecond = (TICK_HZ * pacePercent) / 100 / loadIntervalTicks(packLoad(TIME_DILATION, pacePercent));
    expect(perSecond).toBeLessThanOrEqual(TICK_HZ / OVERLOAD_STEPS[LOWER_RATE]!.intervalTicks);
    expect(perSecond).toBeGreaterThanOrEqual(2);
  }
});
