import { expect, test } from 'vitest';
import { createRestartBudget } from '../../src/observe/restart-budget.ts';

test('a few restarts within the window, and again when they are past', () => {
  const budget = createRestartBudget(3, 1000);
  expect([0, 10, 20].map((now) => budget.take(now))).toEqual([true, true, true]);
  expect(budget.take(999)).toBe(false);
  expect(budget.take(1000)).toBe(true);
  expect(budget.take(1001)).toBe(false);
  expect([1010, 1020, 1030].map((now) => budget.take(now))).toEqual([true, true, false]);
});
