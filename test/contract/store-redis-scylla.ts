// What is particular to the store in Redis and ScyllaDB: its schema, what happens when Redis forgets or changes its master.
// Called by store.test.ts, which has the Cassandra of all of them.

import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'cassandra-driver';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openScyllaAudit } from '../../src/io/audit-sources.ts';
import { connectRedis, type RedisClient } from '../../src/io/redis-client.ts';
import { createRedisDirectory } from '../../src/io/redis-directory.ts';
import { createRedisScyllaStore, openRedisScyllaStore } from '../../src/io/redis-scylla-store.ts';
import { readRedisUrl } from '../../src/io/redis-url.ts';
import { connectScylla, type ScyllaClient } from '../../src/io/scylla-client.ts';
import { createScyllaLedger } from '../../src/io/scylla-ledger.ts';
import { SCYLLA_SCHEMA_VERSION } from '../../src/io/scylla-schema.ts';
import { createStoreTrouble } from '../../src/io/store-trouble.ts';
import { auditLedger } from '../../src/store/audit.ts';
import type { FencedRecord, Store } from '../../src/store/store.ts';
import type { CassandraNodes } from '../../tools/services/cassandra.ts';
import { type RedisServers, startRedis, startRedisSentinels } from '../../tools/services/redis.ts';
import { createNaiveStore } from '../store/naive-store.ts';
import { compareStores, createSteps, createTestZone, enterZone } from './store-ledger.ts';
import { createPlainNames } from './store-operations.ts';

const LONG_MS = 600_000;
const START_MS_MAX = 240_000;
const FAILOVER_MS_MAX = 100_000;

const save = (playerId: number, epoch: number, version: number, final = false): FencedRecord => ({
  ...{ playerId, game: 'g', columns: { epoch, version }, epoch, version, final },
});

/** Tries it again until a breaker has closed. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(50);
    }
  }
}

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

export function describeRedisScylla(isMissing: boolean, startCassandra: () => Promise<CassandraNodes>): void {
  describe.skipIf(isMissing)('redis+scylla, its own', () => {
    let cassandra: CassandraNodes;
    let redis: RedisServers;
    const stores: Store[] = [];
    const openAt = async (url: string, name: string, onWorking = () => {}) => {
      const { contactPoints } = cassandra;
      const scylla = { contactPoints, username: '', password: '' };
      // Breakers that ask again soon: what Redis forgets is what is looked at here, not how long it is left alone.
      const trouble = createStoreTrouble({ breaker: { openMs: 500 } });
      const redis = readRedisUrl(url)!;
      const store = await openRedisScyllaStore({ redis, scylla, name, replicas: undefined, trouble, onWorking });
      stores.push(store);
      return store;
    };
    const query = async (text: string) => {
      const driver = new Client({ contactPoints: [...cassandra.contactPoints], localDataCenter: 'datacenter1' });
      try {
        return (await driver.execute(text)).rows;
      } finally {
        await driver.shutdown();
      }
    };
    const tell = async (port: number, ...command: readonly [string, ...(string | number)[]]) => {
      const client = new Redis({ port });
      try {
        return await client.call(...command);
      } finally {
        client.disconnect();
      }
    };
    beforeAll(async () => {
      [cassandra, redis] = [await startCassandra(), await startRedis()];
    }, START_MS_MAX);
    afterAll(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await redis?.stop();
    }, 60_000);

    test('many who start at once on an empty store make one schema, and the next ones make none', {
      timeout: 120_000,
    }, async () => {
      const opened = await Promise.all(Array.from({ length: 4 }, () => openAt(redis.url, 'starters')));
      await opened[0]!.takeCharacter(1, 'g', 'a/1');
      expect(await opened[3]!.takeCharacter(1, 'g', 'a/1')).toEqual({ epoch: 2, columns: undefined });
      expect(await query('SELECT id, version FROM starters.schema_version')).toMatchObject([
        { id: 'store', version: SCYLLA_SCHEMA_VERSION },
      ]);
      const tables = "SELECT table_name, id FROM system_schema.tables WHERE keyspace_name = 'starters'";
      const before = await query(tables);
      await openAt(redis.url, 'starters');
      expect(await query(tables)).toEqual(before);
    });

    test('a schema of a newer version is refused in one sentence, in either of the two, and left as it is', {
      timeout: 60_000,
    }, async () => {
      await openAt(redis.url, 'newer');
      await query("INSERT INTO newer.schema_version (id, version) VALUES ('store', 99)");
      const refusal = (what: RegExp) =>
        expect.objectContaining({ code: 'DARKAGES_STORE_SCHEMA_NEWER', message: expect.stringMatching(what) });
      const sentence = /^The keyspace newer in ScyllaDB was written by a newer DarkAges \(schema 99, .*--store-name\.$/;
      await expect(openAt(redis.url, 'newer')).rejects.toEqual(refusal(sentence));
      expect(await query('SELECT version FROM newer.schema_version')).toMatchObject([{ version: 99 }]);
      const { port } = redis.servers[0]!;
      await tell(port, 'SET', 'newer:schema', 7);
      await expect(openAt(redis.url, 'newer')).rejects.toEqual(refusal(/^The keys newer:… in Redis .*schema 7, /));
      expect(await tell(port, 'GET', 'newer:schema')).toBe('7');
    });

    test('a migration that was cut off is done again from where it was', { timeout: 60_000 }, async () => {
      await openAt(redis.url, 'cut');
      await query('DROP TABLE cut.characters');
      await query("DELETE FROM cut.schema_version WHERE id = 'store'");
      let steps = 0;
      const store = await openAt(redis.url, 'cut', () => void steps++);
      // The table of versions, and each migration with its version.
      expect(steps).toBeGreaterThan(2 * SCYLLA_SCHEMA_VERSION);
      expect(await store.takeCharacter(1, 'g', 'a/1')).toEqual({ epoch: 1, columns: undefined });
    });

    test('a keyspace of before there were ledgers is brought up, and its characters go on', {
      timeout: 60_000,
    }, async () => {
      await openAt(redis.url, 'older');
      await query('ALTER TABLE older.characters DROP (ledger_version, ledger)');
      await query('DROP TABLE older.ledger');
      await query("INSERT INTO older.schema_version (id, version) VALUES ('store', 1)");
      await query(
        `INSERT INTO older.characters (player_id, game, owner, epoch, version, columns) VALUES (7, 'g', 'a/1', 4, 2, '{"gold":3}')`,
      );
      const store = await openAt(redis.url, 'older');
      const names = createPlainNames();
      expect(await store.loadBalances(7, 'g')).toEqual({ seq: 0, balances: {} });
      expect(await store.takeCharacter(7, 'g', 'b/1')).toEqual({ epoch: 5, columns: { gold: 3 } });
      const zone = createTestZone('n/1/1', names);
      zone.enter(7, 5, { seq: 0, balances: {} });
      const opened = zone.commit('give', [
        ['gold', 3, 'opening', 7],
        ['gold', 1, 7, 'ground'],
      ]);
      expect(await store.applyCommits([opened])).toEqual(['applied']);
      expect(await store.loadBalances(7, 'g')).toEqual({ seq: 2, balances: { gold: 2 } });
    });

    describe('the ledger, cut off in the middle', () => {
      let client: ScyllaClient;
      beforeAll(async () => {
        await openAt(redis.url, 'cuts');
        const address = { contactPoints: cassandra.contactPoints, username: '', password: '' };
        client = await connectScylla(address, 'cuts', 'datacenter1', createStoreTrouble());
      }, 60_000);
      afterAll(() => client?.close());
      const audit = async () => {
        const source = await openScyllaAudit(
          { contactPoints: cassandra.contactPoints, username: '', password: '' },
          'cuts',
        );
        try {
          return await auditLedger(source);
        } finally {
          await source.close();
        }
      };
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
              ...stores.at(-1)!,
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
        expect((await audit()).contradictions).toEqual([]);
      });

      test('a player who is taken in the midst of a commit: its half goes to an account of its own, and the audit says so', {
        timeout: 60_000,
      }, async () => {
        const store = stores.at(-1)!;
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
        const { contradictions, totals, fenced } = await audit();
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
      const store = await openAt(redis.url, name);
      const address = { contactPoints: cassandra.contactPoints, username: '', password: '' };
      const trouble = createStoreTrouble();
      const scyllaClient = await connectScylla(address, name, 'datacenter1', trouble);
      const redisClient = await connectRedis(readRedisUrl(redis.url)!, name, trouble);
      const cut = createCut();
      const [scylla, hot] = [aroundScylla(scyllaClient, cut.around), aroundRedis(redisClient, cut.around)];
      const directory = createRedisDirectory(hot, name);
      const faulty = createRedisScyllaStore({ redis: hot, scylla, directory, trouble }, { name });
      const names = createPlainNames();
      const zone = createTestZone('n/1/1', names);

      /** Whether it was cut off. */
      const deleteWithCut = async (id: number, calls: number, isDone: boolean): Promise<boolean> => {
        const guestSecretHash = `secret-${id}`;
        await store.createAccount({ playerId: id, name: `guest-${id}`, createdAtMs: 0, guestSecretHash });
        await enterZone(store, names, zone, id);
        const loot = () => zone.commit('loot', [['gold', 5, 'ground', id]], { playerId: id, key: 1 });
        expect(await store.applyCommits([loot(), loot()])).toEqual(['applied', 'applied']);
        expect(await store.saveCharacters([save(id, 1, 1)])).toEqual(['saved']);
        const owned = await store.loadBalances(id, 'g');
        cut.plan(calls, isDone);
        const error = await faulty.deleteAccount(id, LONG_MS).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        cut.mend();
        if (error !== undefined) expect(String(error)).toContain('the connection is lost');
        const isThere = (await store.findAccountByGuestSecret(guestSecretHash)) !== undefined;
        if (isThere) {
          // Its owner plays on first.
          const epoch = await enterZone(store, names, zone, id);
          expect([epoch > 1, await store.loadBalances(id, 'g')]).toEqual([true, owned]);
          expect(await store.applyCommits([loot()])).toEqual(['applied']);
          expect(await store.saveCharacters([save(id, epoch, 1)])).toEqual(['saved']);
        }
        expect(await store.deleteAccount(id, LONG_MS)).toBe(isThere);
        expect([await store.listCharacters(id), await store.recentAnswers(id, 'g')]).toEqual([[], []]);
        expect(await store.loadBalances(id, 'g')).toEqual(isThere ? { seq: 3, balances: { gold: 15 } } : owned);
        expect(await tell(redis.servers[0]!.port, 'EXISTS', `${name}:character:g:${id}`)).toBe(0);
        return error !== undefined;
      };
      let players = 0;
      for (const isDone of [false, true]) {
        let calls = 1;
        while (await deleteWithCut(++players, calls, isDone)) calls++;
        expect(calls).toBeGreaterThan(8);
      }
      await Promise.all([scyllaClient.close(), redisClient.close()]);
      const source = await openScyllaAudit(address, name);
      expect((await auditLedger(source)).contradictions).toEqual([]);
      await source.close();
    });

    test('a commit of an epoch that is still to come is refused, not tried for ever', { timeout: 60_000 }, async () => {
      const store = await openAt(redis.url, 'ahead');
      const zone = createTestZone('n/1/1', createPlainNames());
      await store.takeCharacter(1, 'g', 'a/1');
      zone.enter(1, 2, { seq: 0, balances: {} });
      expect(await store.applyCommits([zone.commit('loot', [['gold', 1, 'ground', 1]])])).toEqual(['fenced']);
    });

    test("a name whose creator died before the account was there is somebody else's after a while", {
      timeout: 60_000,
    }, async () => {
      const store = await openAt(redis.url, 'claims');
      await query(
        "INSERT INTO claims.account_names (name_shape, player_id, claim, claimed_at_ms) VALUES ('abe', 1, 'x', 0)",
      );
      const young = Date.now();
      await query(
        `INSERT INTO claims.account_names (name_shape, player_id, claim, claimed_at_ms) VALUES ('bea', 1, 'x', ${young})`,
      );
      expect(await store.findAccountByName('abe')).toBeUndefined();
      expect(await store.createAccount({ playerId: 2, name: 'Abe', createdAtMs: 0 })).toBe('created');
      expect(await store.createAccount({ playerId: 3, name: 'Bea', createdAtMs: 0 })).toBe('name_taken');
      expect((await store.findAccountByName('abe'))?.playerId).toBe(2);
    });

    test('what Redis forgets: no earlier owner saves, the owner does, and all that ScyllaDB was told is there', {
      timeout: 60_000,
    }, async () => {
      const store = await openAt(redis.url, 'forgets');
      await store.takeCharacter(1, 'g', 'a/1');
      await store.saveCharacters([save(1, 1, 1)]);
      expect(await store.takeCharacter(1, 'g', 'b/1')).toEqual({ epoch: 2, columns: { epoch: 1, version: 1 } });
      expect(await store.saveCharacters([save(1, 2, 1, true)])).toEqual(['saved']);
      await tell(redis.servers[0]!.port, 'FLUSHALL');
      expect(await store.saveCharacters([save(1, 1, 50)])).toEqual(['fenced']);
      expect(await store.loadCharacter(1, 'g')).toEqual({ epoch: 2, version: 1 });
      expect(await store.saveCharacters([save(1, 2, 2)])).toEqual(['saved']);
      expect(await store.saveCharacters([save(1, 1, 51)])).toEqual(['fenced']);
      // And where it remembers what was before the taking, as a replica may that became master.
      await tell(
        redis.servers[0]!.port,
        'HSET',
        'forgets:character:g:1',
        'fence',
        1,
        'epoch',
        1,
        'version',
        60,
        'columns',
        '{"stale":1}',
      );
      expect(await store.loadCharacter(1, 'g')).toEqual({ epoch: 2, version: 2 });
      expect(await store.saveCharacters([save(1, 2, 3)])).toEqual(['saved']);
      expect(await store.takeCharacter(1, 'g', 'c/1')).toEqual({ epoch: 3, columns: { epoch: 2, version: 3 } });
    });

    test('while Redis is away saves go to ScyllaDB, nobody takes what it may know better, and then all goes on', {
      timeout: 120_000,
    }, async () => {
      const own = await startRedis();
      const store = await openAt(own.url, 'away');
      await store.takeCharacter(1, 'g', 'a/1');
      for (let version = 1; version <= 3; version++) await store.saveCharacters([save(1, 1, version)]);
      own.servers[0]!.pause();
      expect(await store.saveCharacters([save(1, 1, 4), save(2, 1, 1)])).toEqual(['saved', 'fenced']);
      const refusal = { code: expect.stringMatching(/^DARKAGES_STORE_(FAILED|UNAVAILABLE)$/) };
      await expect(store.takeCharacter(1, 'g', 'b/1')).rejects.toMatchObject(refusal);
      await expect(store.useToken('t', 1000)).rejects.toMatchObject(refusal);
      await expect(store.deleteAccount(1, LONG_MS)).rejects.toMatchObject(refusal);
      own.servers[0]!.resume();
      const taken = await eventually(() => store.takeCharacter(1, 'g', 'b/1'));
      expect(taken).toEqual({ epoch: 2, columns: { epoch: 1, version: 4 } });
      await own.stop();
      expect(await store.saveCharacters([save(1, 2, 1), save(1, 1, 9)].slice(0, 1))).toEqual(['saved']);
      expect(await store.saveCharacters([save(1, 1, 9)])).toEqual(['fenced']);
    });

    test('a sentinel failover: the store goes on by itself; last saves are all there, others but for the last second', {
      timeout: 180_000,
    }, async () => {
      const sentinels = await startRedisSentinels();
      const [store, other] = [await openAt(sentinels.url, 'failover'), await openAt(sentinels.url, 'failover')];
      const players = Array.from({ length: 20 }, (_, index) => index + 1);
      await Promise.all(players.map((player) => store.takeCharacter(player, 'g', 'a/1')));
      const lease = (await store.takeLease('zone', 'a', 1))!;
      /** By player: the newest that was acknowledged a second before the death of the master, and until now. */
      const [then, now] = [new Map<number, number>(), new Map<number, number>()];
      let version = 0;
      const saveAll = async (): Promise<void> => {
        version++;
        const final = version % 5 === 0;
        const half = players.filter((player) => !final || player % 2 === 0);
        const results = await store.saveCharacters(half.map((player) => save(player, 1, version, final)));
        for (const [index, player] of half.entries()) if (results[index] === 'saved') now.set(player, version);
      };
      const until = async (endMs: number) => {
        while (performance.now() < endMs) await saveAll();
      };
      await until(performance.now() + 500);
      for (const [player, newest] of now) then.set(player, newest);
      await until(performance.now() + 1000);
      await sentinels.servers[0]!.stop('SIGKILL');
      const killedAtVersion = version;
      // Seconds, but a machine that stands still has sentinels wait for thirty (TILT), and so does an election that failed.
      const deadlineMs = performance.now() + FAILOVER_MS_MAX;
      while ((await other.takeLease('zone', 'b', LONG_MS).catch(() => undefined)) === undefined) {
        await saveAll();
        if (performance.now() > deadlineMs) throw new Error(`no new master:\n${await sentinels.describeMaster()}`);
      }
      expect(version).toBeGreaterThan(killedAtVersion);
      expect(await other.renewLease('zone', 'a', lease, LONG_MS)).toBe(false);
      for (const player of players) {
        const { columns } = await other.takeCharacter(player, 'g', 'b/1');
        const newest = now.get(player)!;
        // Since the master's death each was taken by ScyllaDB or by the new one; before it, a replica may not have had it yet.
        if (newest > killedAtVersion) expect(columns?.version, `player ${player}`).toBe(newest);
        else expect(columns?.version, `player ${player}`).toBeGreaterThanOrEqual(then.get(player)!);
        expect(await store.saveCharacters([save(player, 1, 100_000)])).toEqual(['fenced']);
      }
      await sentinels.stop();
    });
  });
}
