// What takes several calls to ScyllaDB and Redis, cut off before or after any of them. Part of what is particular to that store:
// called by store-redis-scylla.ts.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openScyllaAudit } from '../../src/io/audit-sources.ts';
import { connectRedis, type RedisClient } from '../../src/io/redis-client.ts';
import { createRedisDirectory } from '../../src/io/redis-directory.ts';
import { createRedisScyllaStore } from '../../src/io/redis-scylla-store.ts';
import { readRedisUrl } from '../../src/io/redis-url.ts';
import { connectScylla, type ScyllaAddress, type ScyllaClient } from '../../src/io/scylla-client.ts';
import { createScyllaLedger } from '../../src/io/scylla-ledger.ts';
import { createStoreTrouble } from '../../src/io/store-trouble.ts';
import { auditLedger } from '../../src/store/audit.ts';
import type { FencedRecord, Store } from '../../src/store/store.ts';
import { createNaiveStore } from '../store/naive-store.ts';
import { compareStores, createSteps, createTestZone, enterZone } from './store-ledger.ts';
import { createPlainNames } from './store-operations.ts';

const LONG_MS = 600_000;

export interface CutStage {
  readonly redisUrl: string;
  readonly scylla: ScyllaAddress;
  openAt(name: string): Promise<Store>;
  /** Redis. */
  tell(...command: readonly [string, ...string[]]): Promise<unknown>;
}

const saved = (playerId: number, epoch: number): FencedRecord => ({
  ...{ playerId, game: 'g', columns: { epoch }, epoch, version: 1, final: false },
});

/** Runs a call, or doesn't. */
type Around = <T>(does: () => Promise<T>, name: string) => Promise<T>;

const aroundScylla = (client: ScyllaClient, around: Around): ScyllaClient => ({
  read: (statement, values) => around(() => client.read(statement, values), 'read'),
  write: (statement, values) => around(() => client.write(statement, values), 'write'),
  writeAll: (statements) => around(() => client.writeAll(statements), 'writeAll'),
  writeIf: (statement, values) => around(() => client.writeIf(statement, values), 'writeIf'),
  close: async () => {},
});

const aroundRedis = (client: RedisClient, around: Around): RedisClient => ({
  ...client,
  script(name, lua) {
    const send = client.script(name, lua);
    return (...given) => around(() => send(...given), name);
  },
});

/** From the call on that is planned, no call works; that one was done all the same, or not. */
function createCut() {
  let left = Number.POSITIVE_INFINITY;
  let isDone = false;
  const around: Around = async (does) => {
    if (left <= 0) throw new Error('the connection is lost');
    left -= 1;
    if (left > 0) return does();
    if (isDone) await does();
    throw new Error('the connection is lost');
  };
  return {
    around,
    plan(calls: number, does: boolean): void {
      left = calls;
      isDone = does;
    },
    mend(): void {
      left = Number.POSITIVE_INFINITY;
    },
  };
}

export function describeCuts(stage: () => CutStage): void {
  const audit = async (name: string) => {
    const source = await openScyllaAudit(stage().scylla, name);
    try {
      return await auditLedger(source);
    } finally {
      await source.close();
    }
  };

  describe('the ledger, cut off in the middle', () => {
    let whole: Store;
    let client: ScyllaClient;
    beforeAll(async () => {
      whole = await stage().openAt('cuts');
      client = await connectScylla(stage().scylla, 'cuts', 'datacenter1', createStoreTrouble());
    }, 60_000);
    afterAll(() => client?.close());
    test('anywhere, and done again: as if it had been done once', { timeout: 200_000 }, async () => {
      const planned = fc.record({ calls: fc.nat({ max: 12 }), isDone: fc.boolean() });
      let worlds = 0;
      let cuts = 0;
      const property = fc.asyncProperty(
        createSteps(),
        fc.array(planned, { minLength: 9, maxLength: 20 }),
        async (steps, all) => {
          const cut = createCut();
          const ledger = createScyllaLedger(aroundScylla(client, cut.around), async () => {});
          const rest = [...all];
          const store: Store = {
            ...whole,
            ...ledger,
            async applyCommits(commits) {
              for (const { calls, isDone } of rest.splice(0, 3)) {
                cut.plan(calls, isDone);
                try {
                  return await ledger.applyCommits(commits);
                } catch (error) {
                  expect(String(error)).toContain('the connection is lost');
                  cuts++;
                } finally {
                  cut.mend();
                }
              }
              return ledger.applyCommits(commits);
            },
          };
          await compareStores(steps, createPlainNames(`cut${++worlds}`), () => store, createNaiveStore());
        },
      );
      await fc.assert(property, { numRuns: 20 });
      expect(cuts).toBeGreaterThan(0);
      expect((await audit('cuts')).contradictions).toEqual([]);
    });

    test('a player who is taken in the midst of a commit: its half goes to an account of its own, and the audit says so', {
      timeout: 60_000,
    }, async () => {
      const store = whole;
      const names = createPlainNames('midst');
      const zone = createTestZone('n/1/1', names);
      for (const player of [1, 2]) await enterZone(store, names, zone, player);
      await store.applyCommits([zone.commit('loot', [['gold', 10, 'ground', 1]])]);
      let isTaken = false;
      const slow = aroundScylla(client, async (does, name) => {
        const result = await does();
        if (name === 'writeIf' && !isTaken) {
          isTaken = true;
          await store.takeCharacter(2, 'midst', 'other/1');
        }
        return result;
      });
      const trade = zone.commit('trade', [['gold', 4, 1, 2]]);
      for (const ledger of [createScyllaLedger(slow, async () => {}), store]) {
        expect(await ledger.applyCommits([trade])).toEqual(['fenced']);
      }
      // The first one plays on.
      expect(await store.applyCommits([zone.commit('drop', [['gold', 1, 1, 'ground']])])).toEqual(['applied']);
      expect(await store.loadBalances(1, 'midst')).toEqual({ seq: 3, balances: { gold: 5 } });
      expect(await store.loadBalances(2, 'midst')).toEqual({ seq: 0, balances: {} });
      const { contradictions, totals, fenced } = await audit('cuts');
      expect(contradictions).toEqual([
        `midst: 4 gold of ${trade.id} are nobody's: one of its players was taken meanwhile.`,
      ]);
      expect([fenced > 0, totals.get('midst')?.get('gold')]).toEqual([
        true,
        {
          players: 5,
          named: new Map([
            ['fenced', 4],
            ['ground', -9],
          ]),
        },
      ]);
    });
  });

  test('a deletion that is cut off anywhere loses nothing of what was owned, and the next one finishes it', {
    timeout: 120_000,
  }, async () => {
    const name = 'deletions';
    const store = await stage().openAt(name);
    const trouble = createStoreTrouble();
    const scyllaClient = await connectScylla(stage().scylla, name, 'datacenter1', trouble);
    const redisClient = await connectRedis(readRedisUrl(stage().redisUrl)!, name, trouble);
    const cut = createCut();
    const [scylla, hot] = [aroundScylla(scyllaClient, cut.around), aroundRedis(redisClient, cut.around)];
    const directory = createRedisDirectory(hot, name);
    const faulty = createRedisScyllaStore({ redis: hot, scylla, directory, trouble }, { name });
    const names = createPlainNames();
    const zone = createTestZone('n/1/1', names);

    /** Whether it was cut off. `playsOn`: its owner does, where it can, before the next deletion. */
    const deleteWithCut = async (id: number, calls: number, isDone: boolean, playsOn: boolean): Promise<boolean> => {
      const guestSecretHash = `secret-${id}`;
      await store.createAccount({ playerId: id, name: `guest-${id}`, createdAtMs: 0, guestSecretHash });
      await enterZone(store, names, zone, id);
      const loot = () => zone.commit('loot', [['gold', 5, 'ground', id]], { playerId: id, key: 1 });
      expect(await store.applyCommits([loot(), loot()])).toEqual(['applied', 'applied']);
      expect(await store.saveCharacters([saved(id, 1)])).toEqual(['saved']);
      const owned = await store.loadBalances(id, 'g');
      cut.plan(calls, isDone);
      const error = await faulty.deleteAccount(id, LONG_MS).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      cut.mend();
      if (error !== undefined) expect(String(error)).toContain('the connection is lost');
      const isThere = (await store.findAccountByGuestSecret(guestSecretHash)) !== undefined;
      if (isThere && playsOn) {
        const epoch = await enterZone(store, names, zone, id);
        expect([epoch > 1, await store.loadBalances(id, 'g')]).toEqual([true, owned]);
        expect(await store.applyCommits([loot()])).toEqual(['applied']);
        expect(await store.saveCharacters([saved(id, epoch)])).toEqual(['saved']);
      }
      expect(await store.deleteAccount(id, LONG_MS)).toBe(isThere);
      expect([await store.listCharacters(id), await store.recentAnswers(id, 'g')]).toEqual([[], []]);
      expect(await store.loadBalances(id, 'g')).toEqual(
        isThere && playsOn ? { seq: 3, balances: { gold: 15 } } : owned,
      );
      expect(await stage().tell('EXISTS', `${name}:character:g:${id}`)).toBe(0);
      return error !== undefined;
    };
    let players = 0;
    for (const how of [0, 1, 2, 3]) {
      let calls = 1;
      while (await deleteWithCut(++players, calls, how % 2 === 1, how >= 2)) calls++;
      expect(calls).toBeGreaterThan(8);
    }
    await Promise.all([scyllaClient.close(), redisClient.close()]);
    expect((await audit(name)).contradictions).toEqual([]);
  });
}
