// How often, and after which pause, something that failed is tried again. What is tried again is load on top of load, just
// when a backend can bear it least: so retries are a share of the calls, and a few each second on top. Pauses double, and
// chance spreads them, so that those who failed together don't come back together. Store thread. Pure: time and chance are
// arguments.

import { assert } from '../base/assert.ts';

export interface RetryBudgetOptions {
  /** Retries that each first try earns. */
  readonly share: number;
  /** Earned by time alone. */
  readonly perSecond: number;
  /** Kept at most; what there is at the beginning. One broken connection fails all that was under way on it. */
  readonly savedMax: number;
  readonly pauseMs: number;
  readonly pauseMsMax: number;
}

export const RETRY_BUDGET_DEFAULTS: RetryBudgetOptions = {
  share: 0.1,
  perSecond: 5,
  savedMax: 128,
  pauseMs: 200,
  pauseMsMax: 5_000,
};

export interface RetryBudget {
  /** So many are tried for the first time. */
  countCalls(count: number): void;
  /** Uses up one retry; false when there is none: who can give up does, who can't waits as long as anybody. */
  take(now: number): boolean;
  /**
   * Before trying again what has failed so often in a row, from 1 on.
   * @param fraction by chance, 0 … 1
   */
  pauseMs(failures: number, fraction: number): number;
  /** For what must not be given up, when there is none left. */
  longestPauseMs(fraction: number): number;
  takenTotal(): number;
  refusedTotal(): number;
}

export function createRetryBudget(options: RetryBudgetOptions = RETRY_BUDGET_DEFAULTS): RetryBudget {
  const { share, perSecond, savedMax, pauseMs: firstMs, pauseMsMax } = options;
  assert(share >= 0 && perSecond >= 0 && savedMax >= 1 && firstMs > 0 && pauseMsMax >= firstMs, 'a budget of retries');
  let saved = savedMax;
  let refilledMs: number | undefined;
  let takenTotal = 0;
  let refusedTotal = 0;

  /** Half of it is certain. */
  const spread = (ms: number, fraction: number): number => ms * (0.5 + fraction / 2);

  return {
    countCalls(count) {
      saved = Math.min(savedMax, saved + count * share);
    },
    take(now) {
      const passedMs = Math.max(0, now - (refilledMs ?? now));
      refilledMs = now;
      saved = Math.min(savedMax, saved + (passedMs / 1000) * perSecond);
      if (saved < 1) {
        refusedTotal++;
        return false;
      }
      saved--;
      takenTotal++;
      return true;
    },
    pauseMs: (failures, fraction) => spread(Math.min(firstMs * 2 ** Math.min(failures - 1, 30), pauseMsMax), fraction),
    longestPauseMs: (fraction) => spread(pauseMsMax, fraction),
    takenTotal: () => takenTotal,
    refusedTotal: () => refusedTotal,
  };
}
