import { expect, test } from 'vitest';
import { ServerError } from '../../src/base/errors.ts';
import { createStoreTrouble } from '../../src/io/store-trouble.ts';
import { aboutCommand } from '../../src/io/tracing.ts';
import { recordKept, traceCalls, traceLedger, traceStore } from '../../src/io/tracing-store.ts';
import type { Commit } from '../../src/store/commit.ts';
import type { Store } from '../../src/store/store.ts';
import { setUpTracer } from './traced.ts';

const CALLER = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) };

const commitOf = (playerId: number, key: number): Commit => ({
  ...{ id: `n/1/1/${playerId}/${key}`, game: 'g', zoneId: 1, tick: 600, playerId, key },
  ...{ request: 'buy', refused: '', transfers: [] },
});

function createStore() {
  const called: unknown[][] = [];
  const store = {
    async ping(...values: unknown[]) {
      called.push(['ping', ...values]);
    },
    async findAccountByName(name: string) {
      called.push(['findAccountByName', name]);
      throw new ServerError('DARKAGES_STORE_UNAVAILABLE', `no ${name}`);
    },
    async applyCommits(commits: readonly Commit[]) {
      called.push(['applyCommits', commits.length]);
      return commits.map(() => 'applied' as const);
    },
  };
  return { store: store as unknown as Store, called };
}

test('a call from another thread is a span below the caller, with the calls of the store below it', async () => {
  const { tracer, spans } = setUpTracer();
  const { store, called } = createStore();
  const traced = traceStore(store, tracer);
  const trouble = createStoreTrouble({ around: (span, work) => tracer.child(span, {}, work) });
  const around = traceCalls(tracer);
  const work = async () => {
    await traced.ping();
    await trouble.redis.call(1, async () => {});
    await trouble.scylla.call(1, async () => {});
    return { id: 1, result: 5 };
  };
  expect(await around('enterZone', CALLER, work)).toEqual({ id: 1, result: 5 });
  const [ping, redis, scylla, call] = spans();
  expect(call).toMatchObject({ name: 'store', parentId: CALLER.spanId, attributes: { operation: 'enterZone' } });
  for (const [span, name] of [
    [ping, 'database'],
    [redis, 'redis'],
    [scylla, 'scylla'],
  ] as const) {
    expect(span).toMatchObject({ name, traceId: CALLER.traceId, parentId: call!.spanId, isError: false });
  }
  const failed = await around('findAccountByName', CALLER, () =>
    traced.findAccountByName('bob').then(
      () => ({ id: 2, result: 0 }),
      (error) => ({ id: 2, code: error.code, message: error.message }),
    ),
  );
  expect(failed).toMatchObject({ code: 'DARKAGES_STORE_UNAVAILABLE' });
  for (const span of spans())
    expect(span).toMatchObject({ isError: true, attributes: { error: 'DARKAGES_STORE_UNAVAILABLE' } });
  await traced.ping();
  expect([spans(), called.length]).toEqual([[], 3]);
});

test('commits that are kept are told in the traces of their commands, others nowhere', () => {
  const { tracer, spans, set } = setUpTracer();
  const commits = [commitOf(1, 7), commitOf(0, 0), commitOf(2, 0), commitOf(3, 9)];
  recordKept(tracer, commits, 12);
  const found = spans();
  expect(found).toHaveLength(2);
  for (const [span, commit] of [
    [found[0]!, commits[0]!],
    [found[1]!, commits[3]!],
  ] as const) {
    const command = tracer.derive(aboutCommand(commit.playerId, commit.key))!;
    expect(span).toMatchObject({ name: 'commitKeep', traceId: command.traceId, parentId: command.spanId });
    expect(span.attributes).toEqual({ playerId: commit.playerId, zoneId: 1, tick: 600, request: 'buy', commits: 4 });
    expect(span.endMs - span.startMs).toBeCloseTo(12, 2);
  }
  set(0);
  recordKept(tracer, commits, 1);
  expect(spans()).toEqual([]);
});

test('of a batch each recorded commit has a span, and what the store did is told in the first one’s', async () => {
  const { tracer, spans, set } = setUpTracer();
  const { store, called } = createStore();
  const ledger = traceLedger(traceStore(store, tracer), tracer);
  const commits = [commitOf(0, 0), commitOf(1, 7), commitOf(3, 9)];
  expect(await ledger.applyCommits(commits)).toEqual(['applied', 'applied', 'applied']);
  const found = spans();
  expect(found.map(({ name }) => name)).toEqual(['database', 'ledgerApply', 'ledgerApply']);
  const of = (playerId: number) =>
    found.find(({ name, attributes }) => name === 'ledgerApply' && attributes.playerId === playerId)!;
  expect(found[0]).toMatchObject({ traceId: of(1).traceId, parentId: of(1).spanId });
  for (const [playerId, key] of [
    [1, 7],
    [3, 9],
  ] as const) {
    const command = tracer.derive(aboutCommand(playerId, key))!;
    expect(of(playerId)).toMatchObject({ traceId: command.traceId, parentId: command.spanId });
  }
  set(0);
  await ledger.applyCommits(commits);
  expect([spans(), called]).toEqual([
    [],
    [
      ['applyCommits', 3],
      ['applyCommits', 3],
    ],
  ]);
});
