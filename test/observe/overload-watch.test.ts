import { expect, test } from 'vitest';
import { createOverloadWatch } from '../../src/observe/overload-watch.ts';

test('a zone that does less is told of once a step, and when it does all again', () => {
  const watch = createOverloadWatch();
  const load = (step: number, pacePercent = 100) => watch([{ zoneId: 1, step, pacePercent }]);
  expect(load(0)).toEqual([]);
  expect(load(1)).toEqual([{ zoneId: 1, state: 'less_detail', pacePercent: 100 }]);
  expect(load(1)).toEqual([]);
  expect(load(3, 80)).toEqual([{ zoneId: 1, state: 'time_dilation', pacePercent: 80 }]);
  expect(load(2)).toEqual([]);
  expect(load(0)).toEqual([{ zoneId: 1, state: undefined, pacePercent: 100 }]);
  expect(load(0)).toEqual([]);
});
