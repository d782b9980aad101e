// The ledger's part of the store contract, called by store.test.ts for each store: what commits do, alone, repeated, out of
// zones that have lost their players; and that everything adds up after each test.

import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { type AuditSource, auditLedger } from '../../src/store/audit.ts';
import type { Commit, Side, Transfer } from '../../src/store/commit.ts';
import type { Balances } from '../../src/store/ledger.ts';
import type { Store } from '../../src/store/store.ts';
import { createNaiveStore } from '../store/naive-store.ts';
import type { Names } from './store-operations.ts';

const LONG_MS = 600_000;

interface TestAccount {
  readonly epoch: number;
  seq: number;
  readonly balances: Record<string, number>;
}

/** A player's number, or the name of an account. */
type Party = number | string;

/** A zone as the store hears of it: it knows its players' accounts as it believes them to be, and may be wrong. */
export function createTestZone(origin: string, names: Names) {
  const accounts = new Map<number, TestAccount>();
  let tick = 0;
  const sideOf = (party: Party, asset: string, amount: number): Side => {
    if (typeof party === 'string') return { account: party };
    const account = accounts.get(party)!;
    account.balances[asset] = (account.balances[asset] ?? 0) + amount;
    account.seq++;
    return { playerId: names.id(party), epoch: account.epoch, seq: account.seq, balance: account.balances[asset] };
  };
  const commit = (
    request: string,
    transfers: readonly [string, number, Party, Party][],
    more: Partial<Commit> = {},
  ) => {
    tick++;
    const said: Transfer[] = transfers.map(([asset, amount, from, to]) => ({
      ...{ asset, amount, from: sideOf(from, asset, -amount), to: sideOf(to, asset, amount) },
    }));
    return {
      ...{ id: `${origin}/${tick}/0`, game: names.game, zoneId: 1, tick, playerId: 0, key: 0, request, refused: '' },
      ...{ transfers: said, ...more },
    } satisfies Commit;
  };
  return {
    has: (player: number) => accounts.has(player),
    amountOf: (party: Party, asset: string) =>
      typeof party === 'string' ? Number.POSITIVE_INFINITY : (accounts.get(party)?.balances[asset] ?? 0),
    enter(player: number, epoch: number, { seq, balances }: Balances) {
      accounts.set(player, { epoch, seq, balances: { ...balances } });
    },
    commit,
  };
}

export type TestZone = ReturnType<typeof createTestZone>;

export async function enterZone(store: Store, names: Names, zone: TestZone, player: number): Promise<number> {
  const { epoch } = (await store.takeCharacter(names.id(player), names.game, 'node/1'))!;
  zone.enter(player, epoch, await store.loadBalances(names.id(player), names.game));
  return epoch;
}

type Step =
  | { readonly what: 'enter'; readonly zone: number; readonly player: number }
  | {
      readonly what: 'transfer';
      readonly zone: number;
      readonly from: Party;
      readonly to: Party;
      readonly asset: string;
      readonly amount: number;
      readonly key: number;
    }
  | { readonly what: 'refuse'; readonly zone: number; readonly player: number; readonly key: number }
  | { readonly what: 'deliver'; readonly count: number; readonly again: number; readonly isOther: boolean };

export function createSteps(): fc.Arbitrary<Step[]> {
  const zone = fc.integer({ min: 0, max: 1 });
  const player = fc.integer({ min: 1, max: 3 });
  const party = fc.oneof<fc.Arbitrary<Party>[]>(player, player, fc.constantFrom('ground', 'vendor'));
  const key = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const step = fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ what: fc.constant('enter'), zone, player }),
    fc.record({
      what: fc.constant('transfer'),
      zone,
      from: party,
      to: party,
      asset: fc.constantFrom('gold', 'herb'),
      amount: fc.integer({ min: 1, max: 9 }),
      key,
    }),
    fc.record({
      what: fc.constant('transfer'),
      zone,
      from: fc.constant('ground'),
      to: player,
      asset: fc.constantFrom('gold', 'herb'),
      amount: fc.integer({ min: 1, max: 99 }),
      key,
    }),
    fc.record({ what: fc.constant('refuse'), zone, player, key }),
    fc.record({
      what: fc.constant('deliver'),
      count: fc.nat({ max: 6 }),
      again: fc.nat({ max: 4 }),
      isOther: fc.boolean(),
    }),
  );
  return fc.array(step, { maxLength: 60, size: 'max' });
}

/**
 * Does the steps to both; all that is answered is the same. `deliver` hands commits on in order, with some again that were
 * handed on before.
 */
export async function compareStores(
  steps: readonly Step[],
  names: Names,
  store: (isOther: boolean) => Store,
  model: Store,
): Promise<void> {
  const zones = [createTestZone('n/1/1', names), createTestZone('n/2/1', names)];
  const waiting: Commit[] = [];
  const handed: Commit[] = [];
  const deliver = async (count: number, again: number, isOther: boolean): Promise<void> => {
    const batch = [...handed.slice(handed.length - again), ...waiting.splice(0, count)];
    handed.push(...batch.slice(Math.min(again, handed.length)));
    const answered = await store(isOther).applyCommits(batch);
    expect(answered).toEqual(await model.applyCommits(batch));
  };
  const transferIn = (zone: TestZone, step: Step & { what: 'transfer' }): void => {
    const { from, to, asset, amount, key } = step;
    const isHere = [from, to].every((party) => typeof party === 'string' || zone.has(party));
    if (!isHere || from === to || zone.amountOf(from, asset) < amount) return;
    const asker = typeof from === 'number' ? from : typeof to === 'number' ? to : 0;
    const asked = asker > 0 && key > 0 ? { playerId: names.id(asker), key } : {};
    // Two transfers in one, where there is enough: both halves of a trade.
    const back = zone.amountOf(to, 'herb') >= 1 && asset === 'gold' ? ([['herb', 1, to, from]] as const) : [];
    waiting.push(
      zone.commit(
        'give',
        [[asset, amount, from, to], ...back.map((one) => [...one] as [string, number, Party, Party])],
        asked,
      ),
    );
  };
  for (const step of steps) {
    if (step.what === 'deliver') await deliver(step.count, step.again, step.isOther);
    else if (step.what === 'enter') {
      const taken = await enterZone(store(false), names, zones[step.zone]!, step.player);
      expect(taken).toBe((await model.takeCharacter(names.id(step.player), names.game, 'node/1'))!.epoch);
    } else if (step.what === 'transfer') transferIn(zones[step.zone]!, step);
    else if (zones[step.zone]!.has(step.player)) {
      const { player, key } = step;
      waiting.push(zones[step.zone]!.commit('buy', [], { playerId: names.id(player), key, refused: 'too_far' }));
    }
  }
  await deliver(waiting.length, handed.length, false);
  for (const player of [1, 2, 3].map(names.id)) {
    const of = async (one: Store) => [
      await one.loadBalances(player, names.game),
      await one.recentAnswers(player, names.game),
      await one.listEntries(player, names.game, 1, 1_000),
      await one.listEntries(player, names.game, 3, 2),
    ];
    expect(await of(store(true))).toEqual(await of(model));
  }
}

export interface LedgerStage {
  readonly store: Store;
  readonly other: Store;
  readonly names: Names;
}

/** @param runs of the property */
export function describeLedger(
  stage: () => LedgerStage,
  createNames: () => Names,
  runs: number,
  openAudit: () => Promise<AuditSource & { close(): unknown }>,
): void {
  afterEach(async () => {
    const source = await openAudit();
    try {
      expect((await auditLedger(source)).contradictions).toEqual([]);
    } finally {
      await source.close();
    }
  }, 60_000);

  test('a commit changes accounts once, whatever comes again, and answers are kept by key', async () => {
    const { store, other, names } = stage();
    const zone = createTestZone('n/1/1', names);
    for (const player of [1, 2]) await enterZone(store, names, zone, player);
    expect(await store.loadBalances(names.id(1), names.game)).toEqual({ seq: 0, balances: {} });
    const loot = zone.commit('loot', [['gold', 10, 'ground', 1]]);
    const trade = zone.commit(
      'trade',
      [
        ['gold', 4, 1, 2],
        ['gold', 1, 2, 'vendor'],
      ],
      { playerId: names.id(1), key: 2 ** 32 - 1 },
    );
    const refused = zone.commit('buy', [], { playerId: names.id(2), key: 5, refused: 'too_far' });
    expect(await store.applyCommits([loot])).toEqual(['applied']);
    expect(await other.applyCommits([loot, trade])).toEqual(['applied', 'applied']);
    expect(await store.applyCommits([trade, refused, loot])).toEqual(['applied', 'applied', 'applied']);
    expect(await store.applyCommits([])).toEqual([]);
    expect(await store.loadBalances(names.id(1), names.game)).toEqual({ seq: 2, balances: { gold: 6 } });
    expect(await store.loadBalances(names.id(2), names.game)).toEqual({ seq: 2, balances: { gold: 3 } });
    expect(await store.recentAnswers(names.id(1), names.game)).toEqual([
      { key: 2 ** 32 - 1, request: 'trade', refused: '' },
    ]);
    expect(await store.recentAnswers(names.id(2), names.game)).toEqual([
      { key: 5, request: 'buy', refused: 'too_far' },
    ]);
    expect(await other.listEntries(names.id(2), names.game, 1, 10)).toEqual([
      {
        seq: 1,
        commitId: trade.id,
        transfer: 0,
        asset: 'gold',
        amount: 4,
        balance: 4,
        counterparty: String(names.id(1)),
        request: 'trade',
        zoneId: 1,
        tick: 2,
      },
      {
        seq: 2,
        commitId: trade.id,
        transfer: 1,
        asset: 'gold',
        amount: -1,
        balance: 3,
        counterparty: 'vendor',
        request: 'trade',
        zoneId: 1,
        tick: 2,
      },
    ]);
  });

  test('a commit that does not go on where an account ends changes nothing, and ends the epochs of its players; others go on', async () => {
    const { store, names } = stage();
    const zone = createTestZone('n/1/1', names);
    for (const player of [1, 2, 3]) await enterZone(store, names, zone, player);
    const loot = (player: number) => zone.commit('loot', [['gold', 5, 'ground', player]]);
    const [first, lost, second, other] = [loot(1), loot(1), loot(2), loot(3)];
    const trade = zone.commit('trade', [
      ['gold', 2, 2, 1],
      ['gold', 1, 'ground', 2],
    ]);
    const [later, elsewhere] = [zone.commit('loot', [['gold', 1, 'ground', 1]]), loot(3)];
    const broken = {
      broken: expect.stringMatching(/has number 3 where 2 is next\. Something was lost: run npm run audit\.$/),
    };
    const batch = [first, second, trade, other, later, elsewhere];
    const answers = ['applied', 'applied', broken, 'applied', 'fenced', 'applied'];
    expect(await store.applyCommits(batch)).toEqual(answers);
    expect(await store.applyCommits(batch)).toEqual(answers.map((answer) => (answer === broken ? 'fenced' : answer)));
    expect(await store.applyCommits([lost])).toEqual(['fenced']);
    const found = await Promise.all([1, 2, 3].map((player) => store.loadBalances(names.id(player), names.game)));
    expect(found).toEqual([
      { seq: 1, balances: { gold: 5 } },
      { seq: 1, balances: { gold: 5 } },
      { seq: 2, balances: { gold: 10 } },
    ]);
    const saved = (player: number) => ({
      ...{ playerId: names.id(player), game: names.game, columns: {} },
      epoch: 1,
      version: 1,
      final: false,
    });
    expect(await store.saveCharacters([1, 2, 3].map(saved))).toEqual(['fenced', 'fenced', 'saved']);
  });

  test('a number that another commit has is broken', async () => {
    const { store, names } = stage();
    const zone = createTestZone('n/1/1', names);
    await enterZone(store, names, zone, 1);
    const first = zone.commit('loot', [['gold', 5, 'ground', 1]]);
    expect(await store.applyCommits([first, { ...first, id: 'n/9/9/9/9' }])).toEqual([
      'applied',
      { broken: expect.stringMatching(/number 1, which is that of /) },
    ]);
    expect(await store.loadBalances(names.id(1), names.game)).toEqual({ seq: 1, balances: { gold: 5 } });
  });

  test('two zones that both believe they have a player: nothing of the one with the old epoch is kept, nothing of the new one lost', async () => {
    const { store, other, names } = stage();
    const [old, young] = [createTestZone('a/1/1', names), createTestZone('b/1/1', names)];
    for (const player of [1, 2, 3]) await enterZone(store, names, old, player);
    await store.applyCommits([1, 2, 3].map((player) => old.commit('loot', [['gold', 10, 'ground', player]])));
    await enterZone(other, names, young, 1);
    const stolen = old.commit('trade', [['gold', 10, 1, 2]]);
    const after = old.commit('trade', [['gold', 20, 2, 3]]);
    const spent = young.commit('buy', [['gold', 3, 1, 'vendor']]);
    expect(await other.applyCommits([spent])).toEqual(['applied']);
    for (let turn = 0; turn < 2; turn++) {
      expect(await store.applyCommits([stolen, after])).toEqual(['fenced', 'fenced']);
    }
    const gold = async (player: number) => (await store.loadBalances(names.id(player), names.game)).balances.gold;
    expect([await gold(1), await gold(2), await gold(3)]).toEqual([7, 10, 10]);
    // Whom the old zone traded with has to go from there too: it believes to have what was never given.
    const late = (player: number, epoch: number) => ({
      ...{ playerId: names.id(player), game: names.game, columns: { gold: 99 }, epoch, version: 1, final: true },
    });
    expect(await store.saveCharacters([late(1, 1), late(2, 1), late(3, 1)])).toEqual(['fenced', 'fenced', 'fenced']);
    expect([await enterZone(store, names, young, 2), await enterZone(store, names, young, 3)]).toEqual([3, 3]);
    const again = young.commit('trade', [['gold', 7, 1, 2]]);
    expect(await store.applyCommits([again, stolen, spent])).toEqual(['applied', 'fenced', 'applied']);
    expect([await gold(1), await gold(2)]).toEqual([0, 17]);
  });

  test('of a deleted account entries and balances stay, answers do not; nothing of before counts again', async () => {
    const { store, other, names } = stage();
    const { game } = names;
    const id = names.id(1);
    const [old, young] = [createTestZone('a/1/1', names), createTestZone('b/1/1', names)];
    await store.createAccount({ playerId: id, name: names.name('gone'), createdAtMs: 0 });
    for (const player of [1, 2]) await enterZone(store, names, old, player);
    const loot = old.commit('loot', [['gold', 5, 'ground', 1]], { playerId: id, key: 3 });
    expect(await store.applyCommits([loot])).toEqual(['applied']);
    expect(await store.recentAnswers(id, game)).toHaveLength(1);
    expect([await other.deleteAccount(id, LONG_MS), await store.deleteAccount(id, LONG_MS)]).toEqual([true, false]);
    // Of a zone that does not know it yet.
    const late = old.commit('trade', [['gold', 2, 1, 2]]);
    const asked = old.commit('buy', [], { playerId: id, key: 4, refused: 'too_far' });
    expect(await store.applyCommits([late, asked, loot])).toEqual(['fenced', 'applied', 'applied']);
    expect(await store.recentAnswers(id, game)).toEqual([]);
    expect(await store.loadBalances(id, game)).toEqual({ seq: 1, balances: { gold: 5 } });
    expect(await enterZone(other, names, young, 1)).toBe(3);
    const drop = young.commit('drop', [['gold', 1, 1, 'ground']]);
    expect(await other.applyCommits([drop, late])).toEqual(['applied', 'fenced']);
    expect(await store.loadBalances(id, game)).toEqual({ seq: 2, balances: { gold: 4 } });
    const entries = await store.listEntries(id, game, 1, 10);
    expect(entries.map(({ commitId }) => commitId)).toEqual([loot.id, drop.id]);
  });

  test('the newest sixteen answers are kept; an older one that comes again does not come back', async () => {
    const { store, names } = stage();
    const zone = createTestZone('n/1/1', names);
    await enterZone(store, names, zone, 1);
    const asked = Array.from({ length: 20 }, (_, index) =>
      zone.commit('buy', index % 2 ? [['gold', 1, 'ground', 1]] : [], {
        playerId: names.id(1),
        key: index + 1,
        refused: index % 2 ? '' : 'too_far',
      }),
    );
    await store.applyCommits(asked);
    const newest = Array.from({ length: 16 }, (_, index) => 20 - index);
    const keys = async () => (await store.recentAnswers(names.id(1), names.game)).map(({ key }) => key);
    expect(await keys()).toEqual(newest);
    await store.applyCommits(asked.slice(0, 7));
    expect(await keys()).toEqual(newest);
  });

  test('how much of a journal there is in the ledger is known by node, as it was said last', async () => {
    const { store, other, names } = stage();
    const [node, neighbour] = [names.word('node'), names.word('neighbour')];
    expect(await store.findMark(node)).toBeUndefined();
    await store.keepMark(node, { sequence: 2 ** 40, checksum: 2 ** 32 - 1 });
    await other.keepMark(neighbour, { sequence: 1, checksum: 0 });
    expect(await other.findMark(node)).toEqual({ sequence: 2 ** 40, checksum: 2 ** 32 - 1 });
    // Of a journal that has taken the place of that one.
    await store.keepMark(node, { sequence: 7, checksum: 8 });
    expect(await store.findMark(node)).toEqual({ sequence: 7, checksum: 8 });
    expect(await store.findMark(neighbour)).toEqual({ sequence: 1, checksum: 0 });
  });

  test('whatever zones promise, whoever has the players, however often it is handed on: as a naive ledger has it', async () => {
    const property = fc.asyncProperty(createSteps(), async (steps) => {
      const { store, other } = stage();
      await compareStores(steps, createNames(), (isOther) => (isOther ? other : store), createNaiveStore());
    });
    await fc.assert(property, { numRuns: runs });
  }, 300_000);
}
