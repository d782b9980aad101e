import { expect, test } from 'vitest';
import { createCounters } from '../../src/base/counters.ts';
import { REQUESTS_WAITING_MAX } from '../../src/base/limits.ts';
import { game } from '../../src/game/game.ts';
import { aboutCommand, aboutSession } from '../../src/io/tracing.ts';
import { createEdgeTimes } from '../../src/io/tracing-edge.ts';
import { encodeToBytes } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { setUpTracer } from './traced.ts';

const PLAYER = 77;
const messages = createMessages(game);

function start(percent = 100) {
  const traced = setUpTracer(percent);
  const counters = createCounters('edge');
  const clock = { ms: 1000 };
  const times = createEdgeTimes({
    ...{ tracer: traced.tracer, histograms: counters.histograms, game, zoneId: 3, transport: 'udp' },
    now: () => clock.ms,
  });
  const observed = (name: 'join' | 'command') => {
    const spy = { count: 0 };
    const { observe } = counters.histograms[name];
    Object.assign(counters.histograms[name], {
      observe(valueS: number, trace?: Uint32Array) {
        spy.count++;
        observe(valueS, trace);
      },
    });
    return spy;
  };
  const connection = { openedMs: 990, playerId: PLAYER };
  const answer = (id: number, refused = '', to = connection) => {
    const bytes = encodeToBytes(messages.serverResponse, { id, refused });
    times.answered(to, messages, bytes, 0, bytes.length);
  };
  const buy = (id: number, key: number) => ({ id, key, buy: { item: 1, count: 1 } });
  return { ...traced, times, clock, connection, answer, buy, joins: observed('join'), commands: observed('command') };
}

test('a join is three spans in a row, below the span of its session', () => {
  const { times, clock, connection, spans, tracer, joins } = start();
  times.joining(connection);
  clock.ms = 1005;
  const span = times.known(connection, 'token', PLAYER)!;
  clock.ms = 1020;
  times.welcomed(connection);
  clock.ms = 1030;
  times.served(connection);
  times.served(connection);
  times.gone(connection, 'idle');
  const session = tracer.derive(aboutSession('token'))!;
  const [connect, join, first, ...more] = spans();
  expect(more).toEqual([]);
  expect(connect).toMatchObject({ ...{ name: 'connect', startMs: 990, endMs: 1000 }, parentId: session.spanId });
  expect(join).toMatchObject({ ...{ name: 'join', startMs: 1000, endMs: 1020 }, parentId: connect!.spanId, ...span });
  expect(first).toMatchObject({ ...{ name: 'firstSnapshot', startMs: 1020, endMs: 1030 }, parentId: join!.spanId });
  for (const { traceId, isError, attributes } of [connect!, join!, first!]) {
    expect([traceId, isError]).toEqual([session.traceId, false]);
    expect(attributes).toEqual({ playerId: PLAYER, zoneId: 3, transport: 'udp' });
  }
  expect(joins.count).toBe(1);
});

test.each([
  ['token_used', 'token_used'],
  ['', 'gone'],
])('a join that ends with "%s" says so', (reason, said) => {
  const { times, connection, spans, joins } = start();
  times.joining(connection);
  times.known(connection, 'token', PLAYER);
  times.gone(connection, reason);
  expect(spans().at(-1)).toMatchObject({ name: 'join', isError: true, attributes: { refused: said } });
  times.joining(connection);
  times.known(connection, 'token 2', PLAYER);
  times.welcomed(connection);
  times.gone(connection, reason);
  expect(spans().at(-1)).toMatchObject({ name: 'firstSnapshot', isError: true, attributes: { refused: said } });
  expect(joins.count).toBe(0);
});

test('whose token was never read has no trace, and what was not recorded is timed all the same', () => {
  const { times, connection, spans, joins, set } = start();
  times.joining(connection);
  times.gone(connection, 'idle');
  set(0);
  times.joining(connection);
  expect(times.known(connection, 'token', PLAYER)).toBeUndefined();
  times.welcomed(connection);
  times.served(connection);
  expect([spans(), joins.count]).toEqual([[], 1]);
});

test('a command is a span from its request to its answer, of the trace that its key names', () => {
  const { times, clock, connection, spans, tracer, answer, buy, commands } = start();
  times.asked(connection, buy(5, 123));
  times.asked(connection, { id: 6, key: 0, say: { text: 'x' } });
  clock.ms = 1017;
  answer(6);
  answer(5, 'too_poor');
  answer(5);
  const context = tracer.derive(aboutCommand(PLAYER, 123))!;
  expect(spans()).toEqual([
    {
      ...{ name: 'command', ...context, parentId: '', startMs: 1000, endMs: 1017, isError: false },
      attributes: { playerId: PLAYER, zoneId: 3, transport: 'udp', request: 'buy', refused: 'too_poor' },
    },
  ]);
  expect(commands.count).toBe(1);
});

test('without a key a command has a trace of its own', () => {
  const { times, connection, spans, answer, buy } = start();
  for (const id of [1, 2]) times.asked(connection, buy(id, 0));
  for (const id of [2, 1]) answer(id);
  expect(new Set(spans().map(({ traceId }) => traceId)).size).toBe(2);
});

test('answers that never come are forgotten, those of others are not mixed up', () => {
  const { times, connection, spans, answer, buy, commands } = start();
  const other = { openedMs: 0, playerId: 78 };
  times.asked(other, buy(1, 9));
  for (let id = 1; id <= REQUESTS_WAITING_MAX + 1; id++) times.asked(connection, buy(id, id));
  answer(1);
  expect(commands.count).toBe(0);
  answer(2);
  answer(1, '', other);
  expect(spans().map(({ attributes }) => attributes.playerId)).toEqual([PLAYER, 78]);
  times.gone(connection, '');
  answer(3);
  times.answered(other, messages, new Uint8Array([255, 255]), 0, 2);
  expect(spans()).toEqual([]);
});
