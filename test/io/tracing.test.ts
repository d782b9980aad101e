import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ServerError } from '../../src/base/errors.ts';
import { createRingBuffer } from '../../src/base/ring.ts';
import { aboutCommand, aboutSession, createTracer, NO_TRACE } from '../../src/io/tracing.ts';
import { setUpTracer } from './traced.ts';

describe('ids', () => {
  test('every thread computes the same for the same token or command, and another for anything else', () => {
    const { data, tracer } = setUpTracer(100);
    const other = createTracer({ ...data, ring: createRingBuffer(1024) });
    const seen = new Set<string>();
    for (let key = 1; key <= 1000; key++) {
      for (const about of [aboutCommand(4_503_599_627_370_495, key), aboutCommand(key, 7), aboutSession(`t${key}`)]) {
        const ids = tracer.derive(about)!;
        expect(other.derive(about)).toEqual(ids);
        expect(ids.traceId).toMatch(/^[0-9a-f]{32}$/);
        expect(ids.spanId).toMatch(/^[0-9a-f]{16}$/);
        seen.add(ids.traceId).add(ids.spanId);
      }
    }
    // One about is there twice: that of player 7 and key 7.
    expect(seen.size).toBe(6000);
  });

  test('without the secret nobody knows which keys are recorded', () => {
    const [one, two] = [setUpTracer(10, 1024, 'a').tracer, setUpTracer(10, 1024, 'b').tracer];
    let both = 0;
    for (let key = 1; key <= 10_000; key++) {
      if (one.derive(aboutCommand(1, key)) && two.derive(aboutCommand(1, key))) both++;
    }
    // By chance: 100 and five standard deviations.
    expect(both).toBeGreaterThan(50);
    expect(both).toBeLessThan(150);
  });
});

describe('the share that is recorded', () => {
  const COUNT = 20_000;

  test.each([1, 10, 50, 99])('%i percent of many', (percent) => {
    const { tracer } = setUpTracer(percent);
    const share = percent / 100;
    const bound = 5 * Math.sqrt(COUNT * share * (1 - share));
    let derived = 0;
    let drawn = 0;
    for (let key = 1; key <= COUNT; key++) {
      if (tracer.derive(aboutCommand(12_345, key)) !== undefined) derived++;
      if (tracer.random() !== undefined) drawn++;
    }
    expect(Math.abs(derived - COUNT * share)).toBeLessThan(bound);
    expect(Math.abs(drawn - COUNT * share)).toBeLessThan(bound);
  });

  test('0 is none, 100 all, and who is among a smaller share is among a greater one', () => {
    const { tracer, set } = setUpTracer(0);
    for (let key = 1; key <= 1000; key++) {
      const about = aboutCommand(1, key);
      const isIn = [0, 10, 40, 100].map((percent) => {
        set(percent);
        return tracer.derive(about) !== undefined;
      });
      expect(isIn[0]).toBe(false);
      expect(isIn[3]).toBe(true);
      if (isIn[1]) expect(isIn[2]).toBe(true);
    }
    set(0);
    expect([tracer.isOn(), tracer.random(), createTracer(NO_TRACE).derive('x')]).toEqual([false, undefined, undefined]);
  });
});

describe('spans', () => {
  test('one within another, over what is awaited; beside it runs another trace', async () => {
    const { tracer, spans } = setUpTracer(100);
    const trace = (about: string) => {
      const context = tracer.derive(about)!;
      return tracer.run({ name: 'http', context, parentId: '', attributes: { route: about } }, async () => {
        await sleep(2);
        return tracer.child('store', { operation: 'one' }, async () => {
          await sleep(2);
          await tracer.child('database', { operation: about }, () => sleep(1));
          return tracer.current();
        });
      });
    };
    const [first, second] = await Promise.all([trace('a'), trace('b')]);
    expect(tracer.current()).toBeUndefined();
    const found = spans();
    expect(found).toHaveLength(6);
    for (const [about, inner] of [
      ['a', first],
      ['b', second],
    ] as const) {
      const { traceId, spanId } = tracer.derive(about)!;
      const own = found.filter((span) => span.traceId === traceId);
      const store = own.find(({ name }) => name === 'store')!;
      expect(own.find(({ name }) => name === 'http')).toMatchObject({
        spanId,
        parentId: '',
        attributes: { route: about },
      });
      expect(store).toMatchObject({ parentId: spanId, spanId: inner!.spanId });
      expect(own.find(({ name }) => name === 'database')).toMatchObject({
        parentId: store.spanId,
        attributes: { operation: about },
      });
    }
  });

  test('what rejects is told with its code alone, and rejects', async () => {
    const { tracer, spans } = setUpTracer(100);
    const context = tracer.random()!;
    const work = () => Promise.reject(new ServerError('DARKAGES_STORE_BUSY', 'password hunter2'));
    await expect(tracer.within(context, () => tracer.child('store', {}, work))).rejects.toThrow('hunter2');
    expect(spans()).toMatchObject([{ isError: true, attributes: { error: 'DARKAGES_STORE_BUSY' } }]);
  });

  test('where nothing is recorded work is just done', async () => {
    const { tracer, spans, set } = setUpTracer(100);
    expect(await tracer.child('store', {}, async () => 5)).toBe(5);
    const context = tracer.random()!;
    set(0);
    expect(
      await tracer.within(context, () => tracer.child('store', {}, async () => tracer.exemplar())),
    ).toBeUndefined();
    expect(spans()).toEqual([]);
  });

  test('a full ring drops the newest, and counts them', () => {
    const { tracer, spans, dropped } = setUpTracer(100, 1 << 14);
    const context = tracer.random()!;
    const span = { ...context, parentId: '', endMs: 1, isError: false, attributes: {} } as const;
    for (let startMs = 0; startMs < 1000; startMs++) tracer.record({ ...span, name: 'join', startMs });
    const kept = spans();
    expect(kept.map(({ startMs }) => startMs)).toEqual(kept.map((_, nth) => nth));
    expect(kept.length + dropped()).toBe(1000);
    expect(dropped()).toBeGreaterThan(100);
  });

  test('an exemplar has the words of its trace', () => {
    const { tracer } = setUpTracer(100);
    const words = tracer.exemplar('00000001ffffffff0000000210000000')!;
    expect([...words.subarray(0, 4)]).toEqual([1, 0xffff_ffff, 2, 0x1000_0000]);
    expect(Math.abs(words[4]! - Date.now() / 1000)).toBeLessThan(60);
  });
});
