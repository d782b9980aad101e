import { expect, test } from 'vitest';
import { formatLogLine, systemClock, wallClockS } from '../../src/io/system.ts';

test('a record is one readable line', () => {
  const line = JSON.stringify({ level: 30, time: '2024-05-06T07:08:09.123Z', msg: 'zone up', zone: 1, why: 'a b' });
  expect(formatLogLine(`${line}\n`)).toBe('07:08:09.123 INFO  zone up zone=1 why="a b"\n');
  const error = JSON.stringify({
    level: 50,
    time: '2024-05-06T07:08:09.123Z',
    msg: 'x',
    err: { message: 'disk full' },
  });
  expect(formatLogLine(error)).toBe('07:08:09.123 ERROR x (disk full)\n');
  const forged = JSON.stringify({ level: 30, time: '2024-05-06T07:08:09.123Z', msg: 'x', name: 'a\n07:08 FATAL' });
  expect(formatLogLine(forged).split('\n')).toHaveLength(2);
});

test('one clock only goes forward, the other counts from 1970', () => {
  const first = systemClock.now();
  expect(systemClock.now()).toBeGreaterThanOrEqual(first);
  expect(wallClockS()).toBeGreaterThan(1_700_000_000);
});
