import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createManualClock } from '../../src/base/clock.ts';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { createCommitApplier } from '../../src/io/commit-applier.ts';
import type { Commit } from '../../src/store/commit.ts';
import { createTestZone, enterZone } from '../contract/store-ledger.ts';
import { createPlainNames } from '../contract/store-operations.ts';
import { createNaiveStore } from '../store/naive-store.ts';

const NAMES = createPlainNames();

function setUp(more: { waitingMax?: number; batchMax?: number } = {}) {
  const store = createNaiveStore();
  const clock = createManualClock();
  const counters = createCounters('store', createCounterBuffer('store'));
  const bench = {
    ...{ store, clock, zone: createTestZone('n/1/1', NAMES), fails: false },
    batches: [] as string[][],
    told: [] as string[],
    lost: [] as [playerId: number, epoch: number][],
    count: (name: keyof typeof counters.index) => counters.words[counters.index[name]],
    applier: createCommitApplier({
      ledger: {
        async applyCommits(commits) {
          if (bench.fails) throw new Error('the store is down');
          bench.batches.push(commits.map(({ id }) => id));
          return store.applyCommits(commits);
        },
      },
      clock,
      counters: counters.words.buffer as SharedArrayBuffer,
      pauseMs: (failures) => 100 * failures,
      onFenced: (...lost) => void bench.lost.push(lost),
      onTrouble: ({ event, players, detail }) => void bench.told.push(`${event} ${players.join(' ')}: ${detail}`),
      ...more,
    }),
  };
  return bench;
}

test('commits go on in order and in batches, and who waits for a player hears when all of it is in the ledger', async () => {
  const { applier, store, zone, batches, count } = setUp({ batchMax: 2 });
  for (const player of [1, 2]) await enterZone(store, NAMES, zone, player);
  const commits = [1, 2, 1].map((player) => zone.commit('loot', [['gold', 5, 'ground', player]]));
  expect(applier.take(7, commits)).toBe(true);
  expect(applier.take(9, [zone.commit('trade', [['gold', 1, 1, 2]])])).toBe(true);
  expect([applier.isCaughtUp(1), applier.isCaughtUp(3), applier.appliedPosition()]).toEqual([false, true, 6]);
  await applier.whenApplied(3);
  let isApplied = false;
  const applied = applier.whenApplied(1).then(() => {
    isApplied = true;
  });
  await Promise.resolve();
  expect(isApplied).toBe(false);
  await applier.update();
  expect([isApplied, applier.appliedPosition()]).toEqual([false, 6]);
  await applier.update();
  await applied;
  expect(batches.map(({ length }) => length)).toEqual([2, 2]);
  expect(batches.flat()).toEqual(['n/1/1/1/0', 'n/1/1/2/0', 'n/1/1/3/0', 'n/1/1/4/0']);
  expect([applier.appliedPosition(), count('ledgerApplied'), count('ledgerWaiting')]).toEqual([9, 4, 0]);
  expect(applier.take(12, [])).toBe(true);
  expect(applier.appliedPosition()).toBe(12);
  expect((await store.loadBalances(2, 'g')).balances).toEqual({ gold: 6 });
});

test('while the store fails all stays, who waits is told, pauses grow, and at the bound nothing more is taken', async () => {
  const bench = setUp({ waitingMax: 2 });
  const { applier, store, zone, clock, count } = bench;
  await enterZone(store, NAMES, zone, 1);
  const commits = Array.from({ length: 4 }, () => zone.commit('loot', [['gold', 1, 'ground', 1]]));
  bench.fails = true;
  applier.take(1, commits.slice(0, 1));
  const waiting = applier.whenApplied(1);
  const refused = expect(waiting).rejects.toThrow('the store is down');
  await applier.update();
  await refused;
  expect(applier.take(2, commits.slice(1, 2))).toBe(true);
  expect(applier.take(3, commits.slice(2, 3))).toBe(false);
  // The same again is not one more.
  expect(applier.take(3, commits.slice(0, 2))).toBe(true);
  expect([applier.appliedPosition(), count('ledgerWaiting'), await applier.flush()]).toEqual([0, 2, 2]);
  clock.advance(50);
  await applier.update();
  expect(count('lagLedgerMs')).toBe(50);
  bench.fails = false;
  await applier.update();
  expect(bench.batches).toEqual([]);
  clock.advance(1_000);
  await applier.update();
  expect([applier.appliedPosition(), await applier.flush()]).toEqual([3, 0]);
  expect(applier.take(4, commits)).toBe(true);
  await applier.update();
  expect((await store.loadBalances(1, 'g')).balances).toEqual({ gold: 4 });
});

test('a fenced commit is counted, its players are let go, and a person hears of it once', async () => {
  const { applier, store, zone, told, lost, count } = setUp();
  for (const player of [1, 2]) await enterZone(store, NAMES, zone, player);
  await store.takeCharacter(1, 'g', 'other/1');
  applier.take(
    1,
    [1, 2, 3].map(() =>
      zone.commit('trade', [
        ['gold', 1, 'ground', 1],
        ['gold', 1, 'ground', 2],
      ]),
    ),
  );
  await applier.update();
  expect([count('ledgerFenced'), count('ledgerApplied'), applier.appliedPosition()]).toEqual([3, 0, 1]);
  const players = [
    [1, 1],
    [2, 1],
  ];
  expect(lost).toEqual([...players, ...players, ...players]);
  expect(told).toEqual([
    'commit_fenced 1 2: Commit n/1/1/1/0 was refused: another node has had one of its players (1, 2) since.',
  ]);
  applier.take(2, [zone.commit('find', [['gold', 1, 'ground', 1]], { playerId: 3, key: 1 })]);
  await applier.update();
  expect([lost.slice(6), count('ledgerFenced')]).toEqual([[[1, 1]], 4]);
});

test('where something was lost its players are let go, the others go on, and so does the journal', async () => {
  const { applier, store, zone, told, lost, count } = setUp();
  for (const player of [1, 2]) await enterZone(store, NAMES, zone, player);
  zone.commit('lost', [['gold', 1, 'ground', 1]]);
  applier.take(4, [zone.commit('loot', [['gold', 1, 'ground', 2]])]);
  applier.take(5, [zone.commit('loot', [['gold', 1, 'ground', 1]]), zone.commit('loot', [['gold', 1, 'ground', 2]])]);
  applier.take(6, [zone.commit('loot', [['gold', 1, 'ground', 1]])]);
  await applier.update();
  expect((['ledgerApplied', 'ledgerBroken', 'ledgerFenced', 'ledgerWaiting'] as const).map(count)).toEqual([
    2, 1, 1, 0,
  ]);
  expect([applier.appliedPosition(), applier.isCaughtUp(1), lost]).toEqual([
    6,
    true,
    [
      [1, 1],
      [1, 1],
    ],
  ]);
  expect((await store.loadBalances(2, 'g')).balances).toEqual({ gold: 2 });
  expect(told).toEqual([expect.stringMatching(/^commit_broken 1: /), expect.stringMatching(/^commit_fenced 1: /)]);
});

test('however often the store fails in between: each is applied once, in order, and no position is told too early', async () => {
  const step = fc.record({
    commits: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }),
    fails: fc.boolean(),
    again: fc.nat({ max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const bench = setUp({ waitingMax: 8, batchMax: 3 });
      const { applier, store, zone, clock } = bench;
      for (const player of [1, 2, 3]) await enterZone(store, NAMES, zone, player);
      /** By position, as a journal has them. */
      const journal: Commit[][] = [];
      let handed = 0;
      for (const { commits, fails, again } of steps) {
        journal.push([
          ...journal.slice(-again).flat().slice(0, again),
          ...commits.map((player) => zone.commit('loot', [['gold', 1, 'ground', player]])),
        ]);
        bench.fails = fails;
        while (handed < journal.length && applier.take(handed + 1, journal[handed]!)) handed++;
        clock.advance(150);
        await applier.update();
        const kept = new Set(
          (await Promise.all([1, 2, 3].map((id) => store.listEntries(id, 'g', 1, 1_000))))
            .flat()
            .map(({ commitId }) => commitId),
        );
        for (const { id } of journal.slice(0, applier.appliedPosition()).flat()) expect(kept).toContain(id);
      }
      bench.fails = false;
      for (; handed < journal.length; clock.advance(10_000)) {
        while (handed < journal.length && applier.take(handed + 1, journal[handed]!)) handed++;
        await applier.flush();
      }
      expect([await applier.flush(), applier.appliedPosition(), bench.told]).toEqual([0, journal.length, []]);
      for (const player of [1, 2, 3])
        expect((await store.loadBalances(player, 'g')).balances.gold ?? 0).toBe(zone.amountOf(player, 'gold'));
    }),
    { numRuns: 50 },
  );
});
