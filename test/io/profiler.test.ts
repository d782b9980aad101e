import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import type { Log } from '../../src/io/log.ts';
import { createProfiler, ownThread, type ProfileAnswer, type Profiled } from '../../src/io/profiler.ts';
import { startThread, type Thread } from '../../src/io/threads.ts';
import { readProfile } from '../../src/observe/profile.ts';

const collections = createCounterBuffer('thread');
const phase = createCounterBuffer('phase');
let thread: Thread;
let threads: Profiled[];

beforeEach(async () => {
  thread = await startThread({
    name: 'zone-1',
    file: new URL('./fixtures/sleeping-thread.ts', import.meta.url),
    workerData: {},
  });
  const phases = [{ phase: 'inputs', block: phase }];
  threads = [ownThread, { name: 'zone-1', engine: thread.engine, collections, phases }];
});

afterEach(() => thread.terminate('the test is over'));

const told: [event: string, fields: object][] = [];
const log: Pick<Log, 'event'> = { event: (event, fields) => void told.push([event, fields]) };
const profiler = createProfiler(() => threads, log);
const never = new AbortController().signal;
const ask = async (body: object, signal = never) =>
  JSON.parse(String(await profiler.POST?.(body, signal))) as ProfileAnswer;

describe('a profile of a thread that sleeps in Atomics.wait', () => {
  test('CPU: where it was, what it slept, and what its blocks counted meanwhile', async () => {
    const summary = createCounters('phase', phase).summaries.time;
    const pause = createCounters('thread', collections).histograms.gcPause;
    summary.add(100, 7);
    const asked = ask({ thread: 'zone-1', seconds: 2 });
    // Long enough for it to have begun.
    await sleep(1_200);
    summary.add(0.25, 60);
    pause.observe(0.005);
    const answer = await asked;
    expect(answer).toMatchObject({ thread: 'zone-1', kind: 'cpu', gcPauseS: 0.005 });
    expect(told).toEqual([['profile_taken', { subject: 'zone-1', kind: 'cpu', seconds: 2 }]]);
    expect(answer.phases).toEqual([{ phase: 'inputs', seconds: 0.25, ticks: 60 }]);
    expect(answer.seconds).toBeGreaterThanOrEqual(1.99);
    expect(answer.cpuS).toBeGreaterThan(0);
    const { functions, total, sampleCount } = readProfile(
      'cpu',
      answer.profile,
      new URL('../../', import.meta.url).href,
    );
    expect(sampleCount).toBeGreaterThan(20);
    expect(total).toBeGreaterThan(1_800_000);
    const places = functions.map(({ name, place }) => `${name} ${place}`);
    expect(places).toContain('burn test/io/fixtures/sleeping-thread.ts:9');
    expect(places).toContain('sleep test/io/fixtures/sleeping-thread.ts:14');
  });

  test('allocations, those that are collected already too', async () => {
    const answer = await ask({ thread: 'zone-1', kind: 'allocation', seconds: 1 });
    const { functions, total } = readProfile('allocation', answer.profile, new URL('../../', import.meta.url).href);
    expect(total).toBeGreaterThan(1 << 20);
    expect(
      functions.some(({ place, total: bytes }) => place.endsWith('sleeping-thread.ts:9') && bytes > 0.5 * total),
    ).toBe(true);
  });

  test('it runs on when the caller goes away, and the next caller is served', async () => {
    const gone = new AbortController();
    const asked = ask({ thread: 'zone-1', seconds: 60 }, gone.signal);
    await sleep(200);
    await expect(ask({ thread: 'main', seconds: 1 })).rejects.toThrow(
      'A profile of zone-1 is just being taken: ask again when it is done.',
    );
    gone.abort();
    expect((await asked).seconds).toBeLessThan(30);
    expect((await ask({ thread: 'zone-1', seconds: 1 })).thread).toBe('zone-1');
  });

  test('a thread that dies meanwhile is said to have', async () => {
    const asked = expect(ask({ thread: 'zone-1', seconds: 2 })).rejects.toThrow('zone-1 ended while it was profiled');
    await sleep(300);
    thread.post('die');
    await asked;
    expect((await ask({ thread: 'main', seconds: 1 })).thread).toBe('main');
  });

  test('a thread that is stuck shows where', async () => {
    thread.post('stick');
    await sleep(200);
    const { profile } = await ask({ thread: 'zone-1', seconds: 1 });
    const { functions } = readProfile('cpu', profile, new URL('../../', import.meta.url).href);
    expect(functions[0]).toMatchObject({ name: 'sleep' });
  });

  test('for a thread that waits for the system nobody waits for long, and it is not profiled behind anyone’s back', async () => {
    thread.post('wait');
    await sleep(1_000);
    const hasty = createProfiler(() => threads, log, 300);
    await expect(hasty.POST?.({ thread: 'zone-1', seconds: 1 }, never)).rejects.toThrow('zone-1 does not answer');
    await sleep(4_500);
    expect((await ask({ thread: 'zone-1', seconds: 1 })).thread).toBe('zone-1');
  });
});

test('the thread that asks can profile itself', async () => {
  const answer = await ask({ thread: 'main', seconds: 1 });
  expect(answer.gcPauseS).toBeUndefined();
  expect(readProfile('cpu', answer.profile, '').asleep).toBeGreaterThan(500_000);
  expect((await ask({ thread: 'main', kind: 'allocation', seconds: 1 })).profile).toHaveProperty('head');
});

test('says what it can’t do', async () => {
  expect(await profiler.GET?.(undefined, never)).toEqual({ threads: ['main', 'zone-1'] });
  await expect(ask({ thread: 'zone-7' })).rejects.toThrow('There is no thread "zone-7"; there are main, zone-1.');
  await expect(ask({})).rejects.toThrow('thread: the name of a thread.');
  await expect(ask({ thread: 'main', seconds: 61 })).rejects.toThrow('seconds: a whole number from 1 to 60.');
  await expect(ask({ thread: 'main', seconds: 0 })).rejects.toThrow('seconds: a whole number from 1 to 60.');
  await expect(ask({ thread: 'main', seconds: 1.5 })).rejects.toThrow('seconds: a whole number from 1 to 60.');
  await expect(ask({ thread: 'main', kind: 'all' })).rejects.toThrow('kind: cpu or allocation.');
});
