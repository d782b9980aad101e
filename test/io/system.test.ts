import { expect, test } from 'vitest';
import { systemClock, wallClockS } from '../../src/io/system.ts';

test('one clock only goes forward, the other counts from 1970', () => {
  const first = systemClock.now();
  expect(systemClock.now()).toBeGreaterThanOrEqual(first);
  expect(wallClockS()).toBeGreaterThan(1_700_000_000);
});
