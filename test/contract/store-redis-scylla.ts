// What is particular to the store in Redis and ScyllaDB: its schema, what happens when Redis forgets or changes its master.
// Called by store.test.ts, which has the Cassandra of all of them.

import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'cassandra-driver';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRedisScyllaStore } from '../../src/io/redis-scylla-store.ts';
import { readRedisUrl } from '../../src/io/redis-url.ts';
import { type Exclusive, prepareSchema, SCYLLA_SCHEMA_VERSION } from '../../src/io/scylla-schema.ts';
import { createStoreTrouble } from '../../src/io/store-trouble.ts';
import type { FencedRecord, Store } from '../../src/store/store.ts';
import type { CassandraNodes } from '../../tools/services/cassandra.ts';
import { type RedisServers, startRedis, startRedisSentinels } from '../../tools/services/redis.ts';
import { describeCuts } from './store-cuts.ts';
import { createTestZone } from './store-ledger.ts';
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

    test('who is not alone any more makes no further table', { timeout: 60_000 }, async () => {
      const address = { contactPoints: cassandra.contactPoints, username: '', password: '' };
      let left = 3;
      const stillAlone = async () => {
        if (left-- === 0) throw new Error('another one makes it');
      };
      const exclusive: Exclusive = (work) => work(stillAlone);
      const schema = { address, keyspace: 'halfway', replicas: 1, exclusive };
      await expect(prepareSchema(schema)).rejects.toThrow('another one makes it');
      // The keyspace, and two tables.
      const tables = await query("SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'halfway'");
      expect(tables.map((row) => row.table_name)).toEqual(['accounts', 'schema_version']);
    });

    test('a copy in Redis goes by itself, soon when ScyllaDB has it; each save keeps it, and what is gone is asked for', {
      timeout: 60_000,
    }, async () => {
      const store = await openAt(redis.url, 'copies');
      const { port } = redis.servers[0]!;
      const key = 'copies:character:g:1';
      const keptMs = async () => Number(await tell(port, 'PTTL', key));
      const [MINUTE_MS, DAY_MS] = [60_000, 24 * 60 * 60_000];
      await store.takeCharacter(1, 'g', 'a/1');
      const saveIt = async (version: number, final = false) => {
        expect(await store.saveCharacters([save(1, 1, version, final)])).toEqual(['saved']);
        return keptMs();
      };
      // Nothing but this save is needed for it to go: its node may die, and what settles it may fail.
      expect(await saveIt(1)).toBeGreaterThan(DAY_MS - MINUTE_MS);
      expect(await keptMs()).toBeLessThanOrEqual(DAY_MS);
      await tell(port, 'PEXPIRE', key, MINUTE_MS);
      expect(await saveIt(2)).toBeGreaterThan(DAY_MS - MINUTE_MS);
      await tell(port, 'PEXPIRE', key, MINUTE_MS);
      expect(await saveIt(2)).toBeGreaterThan(DAY_MS - MINUTE_MS);
      // It expires while somebody plays on: the owner is known again by its next save, one of before is not.
      await tell(port, 'PEXPIRE', key, 1);
      await expect.poll(keptMs).toBe(-2);
      expect(await saveIt(3)).toBeGreaterThan(DAY_MS - MINUTE_MS);
      await store.takeCharacter(1, 'g', 'b/1');
      await tell(port, 'PEXPIRE', key, 1);
      await expect.poll(keptMs).toBe(-2);
      expect(await store.saveCharacters([save(1, 1, 4)])).toEqual(['fenced']);
      expect(await store.loadCharacter(1, 'g')).toEqual({ epoch: 1, version: 3 });
      expect(await store.saveCharacters([save(1, 2, 1, true)])).toEqual(['saved']);
      const left = await keptMs();
      expect([left > 0, left <= MINUTE_MS]).toEqual([true, true]);
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

    describeCuts(() => ({
      redisUrl: redis.url,
      scylla: { contactPoints: cassandra.contactPoints, username: '', password: '' },
      openAt: (name) => openAt(redis.url, name),
      tell: (...command) => tell(redis.servers[0]!.port, ...command),
    }));

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
      let told: unknown;
      const takeLease = async (): Promise<number | undefined> => {
        try {
          return await other.takeLease('zone', 'b', LONG_MS);
        } catch (error) {
          told = error;
          return undefined;
        }
      };
      while ((await takeLease()) === undefined) {
        await saveAll();
        if (performance.now() <= deadlineMs) continue;
        throw new Error(`no new master:\n${await sentinels.describeMaster()}`, { cause: told });
      }
      expect(version).toBeGreaterThan(killedAtVersion);
      expect(await other.renewLease('zone', 'a', lease, LONG_MS)).toBe(false);
      for (const player of players) {
        const { columns } = (await other.takeCharacter(player, 'g', 'b/1'))!;
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
