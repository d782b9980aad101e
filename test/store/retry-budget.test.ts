import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRetryBudget, RETRY_BUDGET_DEFAULTS } from '../../src/store/retry-budget.ts';

describe('retry budget', () => {
  test('is what was saved, a share of the calls, and some each second', () => {
    const budget = createRetryBudget({ ...RETRY_BUDGET_DEFAULTS, savedMax: 2, share: 0.1, perSecond: 5 });
    const takeAll = (now: number) => {
      let taken = 0;
      while (budget.take(now)) taken++;
      return taken;
    };
    expect(takeAll(0)).toBe(2);
    budget.countCalls(10);
    expect(takeAll(0)).toBe(1);
    expect(takeAll(200)).toBe(1);
    budget.countCalls(10_000);
    expect(takeAll(60_000)).toBe(2);
    expect([budget.takenTotal(), budget.refusedTotal()]).toEqual([6, 4]);
  });

  test('never more retries than what was saved, the share and the seconds allow', () => {
    const event = fc.record({ waitMs: fc.nat(500), calls: fc.nat(20), tries: fc.nat(30) });
    const property = fc.property(fc.array(event), (events) => {
      const budget = createRetryBudget();
      const { savedMax, share, perSecond } = RETRY_BUDGET_DEFAULTS;
      let [now, calls, taken] = [0, 0, 0];
      for (const { waitMs, calls: more, tries } of events) {
        now += waitMs;
        calls += more;
        budget.countCalls(more);
        for (let attempt = 0; attempt < tries; attempt++) if (budget.take(now)) taken++;
        expect(taken).toBeLessThanOrEqual(savedMax + calls * share + (now / 1000) * perSecond + 1e-6);
      }
      expect(budget.takenTotal()).toBe(taken);
    });
    fc.assert(property);
  });

  test('pauses double up to the longest, at least half of each is certain, and chance has the rest', () => {
    const budget = createRetryBudget({ ...RETRY_BUDGET_DEFAULTS, pauseMs: 100, pauseMsMax: 1_000 });
    const pauses = (fraction: number) => [1, 2, 3, 4, 5, 400].map((failures) => budget.pauseMs(failures, fraction));
    expect(pauses(1)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(pauses(0)).toEqual([50, 100, 200, 400, 500, 500]);
    expect([budget.longestPauseMs(0), budget.longestPauseMs(0.5)]).toEqual([500, 750]);
  });
});
