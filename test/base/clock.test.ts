import { expect, test } from 'vitest';
import { createManualClock } from '../../src/base/clock.ts';

test('a manual clock stands still until it is advanced', () => {
  const clock = createManualClock(1000.5);
  expect([clock.now(), clock.now()]).toEqual([1000.5, 1000.5]);
  clock.advance(16.25);
  expect(clock.now()).toBe(1016.75);
  expect(createManualClock().now()).toBe(0);
});
