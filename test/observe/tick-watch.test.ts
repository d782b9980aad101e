import { expect, test } from 'vitest';
import { createTickWatch } from '../../src/observe/tick-watch.ts';

test('a zone is stuck until its counter moves, and when it stood still too long', () => {
  const watch = createTickWatch(2, { stillMsMax: 1000, hungMsMax: 5000 });
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

test('a zone that stood still for five seconds of samples hangs, and its successor has as long again', () => {
  const watch = createTickWatch(2);
  let [now, tick] = [0, 0];
  const pass = (seconds: number, ticks: boolean) => {
    for (let sample = 0; sample < seconds * 2; sample++) {
      now += 500;
      tick++;
      watch.sample([tick, ticks ? tick : 7], now);
    }
  };
  pass(3, true);
  pass(5, false);
  expect(watch.takeHung()).toEqual([]);
  pass(1, false);
  expect(watch.takeHung()).toEqual([1]);
  pass(4, false);
  expect(watch.takeHung()).toEqual([]);
  pass(1.5, false);
  expect(watch.takeHung()).toEqual([1]);
  pass(1, true);
  pass(4, false);
  expect(watch.takeHung()).toEqual([]);
});

test('a pause of the whole process makes no zone hang', () => {
  const watch = createTickWatch(1);
  watch.sample([1], 0);
  watch.sample([2], 500);
  watch.sample([2], 3_600_000);
  expect(watch.takeHung()).toEqual([]);
});

test('a zone that never ticked hangs too', () => {
  const watch = createTickWatch(1);
  for (let now = 0; now <= 6000; now += 500) watch.sample([0], now);
  expect(watch.takeHung()).toEqual([0]);
});
