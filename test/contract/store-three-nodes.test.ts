// The store on three Cassandra nodes of which one dies, at quorum. Over a minute and 2 GB, so only when asked for:
// `npm run test:three-nodes`. What one node can show is in store.test.ts.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRedisScyllaStore } from '../../src/io/redis-scylla-store.ts';
import { readRedisUrl } from '../../src/io/redis-url.ts';
import type { Store } from '../../src/store/store.ts';
import { type CassandraNodes, startCassandra } from '../../tools/services/cassandra.ts';
import { type RedisServers, startRedis } from '../../tools/services/redis.ts';
import { needs } from '../needs.ts';

const isAsked = process.env.DARKAGES_THREE_NODES === 'yes';
const isMissing = !isAsked || needs('redis') === undefined || needs('cassandra') === undefined;
const PLAYERS = 20;
const MINUTES = 60_000;

describe.skipIf(isMissing)('three nodes of Cassandra', () => {
  let cassandra: CassandraNodes;
  let redis: RedisServers;
  let store: Store;
  beforeAll(async () => {
    [cassandra, redis] = [await startCassandra({ nodes: 3 }), await startRedis()];
    const scylla = { contactPoints: cassandra.contactPoints, username: '', password: '' };
    const address = readRedisUrl(redis.url)!;
    // Every save goes to Cassandra.
    store = await openRedisScyllaStore({
      ...{ redis: address, scylla, name: 'three', replicas: undefined, durableEveryMs: 0 },
    });
  }, 5 * MINUTES);
  afterAll(async () => {
    await store?.close();
    await Promise.all([cassandra?.stop(), redis?.stop()]);
  }, 2 * MINUTES);

  test('one is killed while characters are saved and accounts made: all goes on, and nothing that was answered is lost', {
    timeout: 5 * MINUTES,
  }, async () => {
    const players = Array.from({ length: PLAYERS }, (_, index) => index + 1);
    await Promise.all(players.map((player) => store.takeCharacter(player, 'g', 'a/1')));
    let version = 0;
    const failures: string[] = [];
    const accounts: string[] = [];
    const acknowledged = new Map<number, number>();
    const round = async (): Promise<void> => {
      version++;
      try {
        const results = await store.saveCharacters(
          players.map((playerId) => ({ playerId, game: 'g', columns: { version }, epoch: 1, version, final: true })),
        );
        for (const [index, player] of players.entries())
          if (results[index] === 'saved') acknowledged.set(player, version);
        const name = `p${'abcdefghij'[version % 10]}${version}`;
        const made = await store.createAccount({ playerId: 1_000 + version, name, createdAtMs: 0 });
        if (made === 'created') accounts.push(name);
      } catch (error) {
        // Not acknowledged: what write-behind would do again. Counted, since most must go through.
        failures.push(String(error));
      }
    };
    for (let turn = 0; turn < 20; turn++) await round();
    expect(failures).toEqual([]);
    const killing = cassandra.kill(3);
    for (let turn = 0; turn < 60; turn++) await round();
    await killing;
    for (let turn = 0; turn < 20; turn++) await round();
    expect(failures.slice(0, 5)).toEqual([]);
    expect(accounts.length).toBeGreaterThan(85);
    await redis.servers[0]!.stop('SIGKILL');
    await redis.stop();
    redis = await startRedis();
    await store.close();
    const scylla = { contactPoints: cassandra.contactPoints.slice(0, 2), username: '', password: '' };
    store = await openRedisScyllaStore({ redis: readRedisUrl(redis.url)!, scylla, name: 'three', replicas: undefined });
    for (const player of players) {
      const taken = await store.takeCharacter(player, 'g', 'b/1');
      expect(taken.columns?.version, `player ${player}`).toBeGreaterThanOrEqual(acknowledged.get(player)!);
      const late = { playerId: player, game: 'g', columns: {}, epoch: 1, version: 1_000_000, final: true };
      expect(await store.saveCharacters([late])).toEqual(['fenced']);
    }
    for (const name of accounts) {
      expect((await store.findAccountByName(name))?.playerId, name).toBe(1_000 + Number(name.slice(2)));
    }
  });
});
