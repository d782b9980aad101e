import { expect, test } from 'vitest';
import { createCounters } from '../../src/base/counters.ts';
import { ServerError } from '../../src/base/errors.ts';
import {
  createLog,
  createLogShared,
  formatLogLine,
  type Log,
  type LogShared,
  setLogThreshold,
} from '../../src/io/log.ts';

interface Opened {
  readonly log: Log;
  readonly shared: LogShared;
  readonly clock: { nowMs: number };
  lines(): Record<string, unknown>[];
}

function open(threshold: 'debug' | 'info' | 'silent' = 'info', secrets: readonly string[] = []): Opened {
  const shared = createLogShared(threshold, undefined, secrets);
  const clock = { nowMs: 0 };
  const lines: string[] = [];
  const log = createLog(shared, { thread: 'store', now: () => clock.nowMs, write: (line) => lines.push(line) });
  return {
    log,
    shared,
    clock,
    lines: () => lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

test('a line says what happened, where, and no more than its fields', () => {
  const { log, lines } = open();
  log.event('zone_resumed', { zone: 2, ticks: 30, tick: 700, hash: 'ab' });
  const [line] = lines();
  expect(line).toEqual({
    level: 30,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    thread: 'store',
    event: 'zone_resumed',
    msg: 'the zone goes on where it was',
    zone: 2,
    ticks: 30,
    tick: 700,
    hash: 'ab',
  });
});

test('an error is told with its causes and its code, without what would let somebody in', () => {
  const { log, lines } = open('info', ['sesame-open']);
  const cause = new Error('WRONGPASS for redis://game:abc@cache:6379');
  log.event('saving_failed', {
    error: new ServerError('DARKAGES_STORE_FAILED', 'Redis refused sesame-open', { cause }),
  });
  log.event('request_failed', { error: new Error('password=hunter2') });
  const [first, second] = lines();
  expect(first).toMatchObject({
    code: 'DARKAGES_STORE_FAILED',
    error: 'Redis refused [hidden]: WRONGPASS for redis://[hidden]@cache:6379',
  });
  expect(first).not.toHaveProperty('stack');
  expect(second?.stack).toContain('log.test.ts');
  expect(JSON.stringify(second)).not.toContain('hunter2');
});

test('a cause that comes again and again does not fill the log, and is counted', () => {
  const { log, clock, lines } = open();
  for (let time = 0; time < 100; time++) log.event('breaker_opened', { backend: 'redis', error: new Error('x') });
  log.event('breaker_opened', { backend: 'scylla', error: new Error('x') });
  expect(lines().map(({ backend }) => backend)).toEqual([...Array(5).fill('redis'), 'scylla']);
  clock.nowMs = 10_000;
  log.event('breaker_opened', { backend: 'redis', error: new Error('x') });
  expect(lines()).toMatchObject([{ backend: 'redis', left_out: 95 }]);
  const { words, index } = createCounters('log', log.counters);
  expect(words[index.error]).toBe(102);
});

test('the level is set for all threads at once; what is below it is counted and not written', () => {
  const { log, shared, lines } = open('info');
  log.event('session_refused', { code: 'busy' });
  expect(lines()).toEqual([]);
  setLogThreshold(shared, 'debug');
  log.event('session_refused', { code: 'busy' });
  expect(lines()).toHaveLength(1);
  setLogThreshold(shared, 'silent');
  log.event('hopeless', { detail: 'x' });
  expect(lines()).toEqual([]);
  const { words, index } = createCounters('log', log.counters);
  expect([words[index.debug], words[index.error]]).toEqual([2, 1]);
});

test('on a terminal a record is one readable line', () => {
  const time = '2024-05-06T07:08:09.123Z';
  const line = JSON.stringify({ level: 30, time, event: 'zone_up', msg: 'zone up', zone: 1, why: 'a b' });
  expect(formatLogLine(`${line}\n`)).toBe('07:08:09.123 INFO  zone up zone=1 why="a b"\n');
  const forged = JSON.stringify({ level: 30, time, msg: 'x', name: 'a\n07:08 FATAL' });
  expect(formatLogLine(forged).split('\n')).toHaveLength(2);
});
