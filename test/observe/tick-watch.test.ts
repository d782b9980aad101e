import { expect, test } from 'vitest';
import { createTickWatch } from '../../src/observe/tick-watch.ts';

test('a zone is stuck until its counter moves, and when it stood still too long', () => {
  const watch = createTickWatch(2, 1000);
  expect(watch.stuck(0)).toEqual([0, 1]);
  watch.sample([100, 0], 0);
  expect(watch.stuck(0)).toEqual([0, 1]);
  watch.sample([101, 0], 500);
  expect(watch.stuck(500)).toEqual([1]);
  watch.sample([101, 0xffff_ffff], 1000);
  watch.sample([101, 0], 1400);
  expect(watch.stuck(1500)).toEqual([]);
  expect(watch.stuck(1501)).toEqual([0]);
  expect(watch.stuck(2500)).toEqual([0, 1]);
});
