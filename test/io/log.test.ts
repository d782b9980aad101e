import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
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

const PROGRAM = join(import.meta.dirname, 'fixtures', 'logging-process.ts');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

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

test('what the row of the event does not name is not written', () => {
  const { log, lines } = open();
  const fields = { player: 7, secretName: 'x', error: new Error('x') };
  log.event('account_deleted', fields);
  expect(Object.keys(lines()[0]!)).toEqual(['level', 'time', 'thread', 'event', 'player', 'msg']);
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
  const steering = JSON.stringify({ level: 30, time, msg: 'x', name: '\u009b2J\u001b[2J' });
  expect(formatLogLine(`${steering}\n`)).toBe('07:08:09.123 INFO  x name="?2J\\u001b[2J"\n');
});

/** Of lines: who said what. */
const said = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { thread: string; event: string; count?: number })
    .map(({ thread, event, count }) => [thread, event, ...(count === undefined ? [] : [count])].join(' '));

function run(...args: readonly string[]) {
  const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });
  return { out: said(stdout), err: said(stderr) };
}

const OF_ONE = (thread: string, count: number) => [`${thread} commits_wait ${count}`, `${thread} journal_failed`];

test('without a file lines go to stdout, from error on to stderr instead', () => {
  expect(run()).toEqual({
    out: ['main commits_wait 1', 'store commits_wait 1', 'main commits_wait 2', 'store commits_wait 2'],
    err: ['main journal_failed', 'store journal_failed', 'main journal_failed', 'store journal_failed'],
  });
});

test('with one all threads write it, the next one after it was put aside, and stderr has the errors too', () => {
  const file = join(folder, 'server.log');
  expect(run(file)).toEqual({
    out: [],
    err: ['main journal_failed', 'store journal_failed', 'main journal_failed', 'store journal_failed'],
  });
  expect(said(readFileSync(`${file}.old`, 'utf8'))).toEqual([...OF_ONE('main', 1), ...OF_ONE('store', 1)]);
  expect(said(readFileSync(file, 'utf8'))).toEqual([...OF_ONE('main', 2), ...OF_ONE('store', 2)]);
});
