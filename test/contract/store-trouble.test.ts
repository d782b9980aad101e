// The store in Redis and ScyllaDB while one of the two is in trouble: each kind is done to a real Redis and a real
// Cassandra, with a toxiproxy in between, while twenty characters are saved and commits made all the time. Whatever it is:
// what was answered `saved` or `applied` is there afterwards, nobody waits for what does not answer, and all goes on by
// itself when the trouble is over.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { auth, Client } from 'cassandra-driver';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { openScyllaAudit } from '../../src/io/audit-sources.ts';
import { openRedisScyllaStore, type RedisScyllaOptions } from '../../src/io/redis-scylla-store.ts';
import { readRedisUrl } from '../../src/io/redis-url.ts';
import { createStoreTrouble } from '../../src/io/store-trouble.ts';
import { auditLedger } from '../../src/store/audit.ts';
import type { Store } from '../../src/store/store.ts';
import { type CassandraNodes, startCassandra } from '../../tools/services/cassandra.ts';
import { findFreePorts } from '../../tools/services/free-ports.ts';
import { type RedisServers, startRedis } from '../../tools/services/redis.ts';
import { type Line, startToxiproxy, type Toxiproxy } from '../../tools/services/toxiproxy.ts';
import { until } from '../e2e/server.ts';
import { needs } from '../needs.ts';
import { createTestZone, enterZone } from './store-ledger.ts';
import type { Names } from './store-operations.ts';
import { expectApplied, keepCommitting, keepSaving, PLAYERS } from './store-rounds.ts';

const NAME = 'trouble';
/** Who is saved no more while there is trouble, so that what was acknowledged of them last is not made up for later. */
const GONE = PLAYERS.filter((playerId) => playerId % 2 === 0);
/** Instead of thirty seconds. */
const OPEN_MS = 1_000;
/** Below what either is given to answer: 3 s and 5 s. */
const SLOW_MS = 1_500;
/** Of what is refused at once: two calls at the machine's worst. One that waits for an answer takes 3,000 or more. */
const AT_ONCE_MS = 2_500;
/** Of twenty saves and eight commits under way, twice over. */
const BYTES_MAX = 15_000;
const PASSWORD = 'kein Wort davon';
const isMissing = ([needs('redis'), needs('cassandra'), needs('toxiproxy')] as const).includes(undefined);

let cassandra: CassandraNodes;
let redis: RedisServers;
let redisFolder: string;
let toxiproxy: Toxiproxy;
let toRedis: Line;
let toScylla: Line;

beforeAll(async () => {
  if (isMissing) return;
  redisFolder = mkdtempSync(join(tmpdir(), 'darkages-trouble-'));
  const port = await findFreePorts(1);
  [cassandra, redis, toxiproxy] = await Promise.all([
    startCassandra({ auth: true, durable: true }),
    startRedis({ folder: redisFolder, port }),
    startToxiproxy(),
  ]);
  toRedis = await toxiproxy.add(`127.0.0.1:${port}`);
  toScylla = await toxiproxy.add(cassandra.contactPoints[0]!);
  const store = await openRedisScyllaStore({
    ...{ redis: readRedisUrl(redis.url)!, scylla: ownAddress(), name: NAME, replicas: 1 },
  });
  await store.close();
  await query(`CREATE ROLE game WITH PASSWORD = '${PASSWORD}' AND LOGIN = true`);
  await query(`GRANT SELECT ON KEYSPACE ${NAME} TO game`);
  await query(`GRANT MODIFY ON KEYSPACE ${NAME} TO game`);
}, 240_000);
afterAll(async () => {
  await Promise.all([cassandra?.stop(), redis?.stop(), toxiproxy?.stop()]);
  if (redisFolder !== undefined) rmSync(redisFolder, { recursive: true, force: true });
}, 60_000);

/** Of Cassandra's owner, past the toxiproxy. */
const ownAddress = () => ({
  contactPoints: cassandra.contactPoints,
  username: 'cassandra',
  password: 'cassandra',
});

async function query(text: string, username = 'cassandra', password = 'cassandra'): Promise<void> {
  const driver = new Client({
    contactPoints: [...cassandra.contactPoints],
    localDataCenter: 'datacenter1',
    authProvider: new auth.PlainTextAuthProvider(username, password),
  });
  try {
    await driver.execute(text);
  } finally {
    await driver.shutdown();
  }
}

/** Cassandra lets it be changed every five seconds, and lets people in with the one before for two seconds more. */
async function setPassword(password: string): Promise<void> {
  await retry(() => query(`ALTER ROLE game WITH PASSWORD = '${password}'`));
  await retry(() => query('SELECT key FROM system.local', 'game', password));
}

async function retry(call: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt === 20) throw error;
      await sleep(500);
    }
  }
}

async function tell(...command: readonly [string, ...(string | number)[]]): Promise<void> {
  const client = new Redis({ port: redis.servers[0]!.port, commandTimeout: 5_000 });
  client.on('error', () => {});
  try {
    await client.call(...command);
  } finally {
    client.disconnect();
  }
}

function open(name: string, counters: SharedArrayBuffer, more: Partial<RedisScyllaOptions> = {}): Promise<Store> {
  return openRedisScyllaStore({
    redis: readRedisUrl(`redis://127.0.0.1:${toRedis.port}`)!,
    scylla: { contactPoints: [`127.0.0.1:${toScylla.port}`], username: 'game', password: PASSWORD },
    trouble: createStoreTrouble({ counters, breaker: { openMs: OPEN_MS } }),
    ...{ name, replicas: 1, ...more },
  });
}

interface Trouble {
  readonly kind: string;
  begin(): unknown;
  end(): unknown;
}

const lines = (line: () => Line): readonly Trouble[] => [
  {
    kind: 'slow',
    begin: () => line().spoil({ type: 'latency', attributes: { latency: 30_000 } }),
    end: () => line().mend(),
  },
  {
    kind: 'narrow',
    begin: () => line().spoil({ type: 'bandwidth', attributes: { rate: 0 }, stream: 'upstream' }),
    end: () => line().mend(),
  },
  {
    kind: 'silent',
    begin: () => line().spoil({ type: 'timeout', attributes: { timeout: 0 } }),
    // What it swallowed is gone, as on no real line: the connections have to go too.
    end: () => line().cut().then(line().mend),
  },
  {
    kind: 'reset',
    begin: () => line().spoil({ type: 'reset_peer', attributes: { timeout: 0 } }),
    end: () => line().mend(),
  },
  { kind: 'partitioned', begin: () => line().cut(), end: () => line().mend() },
];

const REDIS_TROUBLES: readonly Trouble[] = [
  ...lines(() => toRedis),
  { kind: 'paused', begin: () => redis.servers[0]!.pause(), end: () => redis.servers[0]!.resume() },
  {
    kind: 'killed',
    begin: () => redis.servers[0]!.stop('SIGKILL'),
    async end() {
      redis = await startRedis({ folder: redisFolder, port: redis.servers[0]!.port });
    },
  },
  {
    kind: 'full',
    begin: () => tell('CONFIG', 'SET', 'maxmemory', '1'),
    end: () => tell('CONFIG', 'SET', 'maxmemory', '128mb'),
  },
  {
    kind: 'a replica now',
    begin: () => tell('REPLICAOF', '127.0.0.1', 1),
    end: () => tell('REPLICAOF', 'NO', 'ONE'),
  },
  {
    kind: 'not to be written',
    begin: () => tell('ACL', 'SETUSER', 'default', '-@write'),
    end: () => tell('ACL', 'SETUSER', 'default', '+@all'),
  },
  {
    kind: 'behind another password',
    async begin() {
      await tell('ACL', 'SETUSER', 'trouble', 'on', '>pass', '+@all', '~*', '&*');
      await tell('ACL', 'SETUSER', 'default', 'off', '>other');
      await withUser('trouble', 'pass', 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    },
    end: () => withUser('trouble', 'pass', 'ACL', 'SETUSER', 'default', 'on', 'nopass'),
  },
];

async function withUser(username: string, password: string, ...command: readonly [string, ...string[]]): Promise<void> {
  const client = new Redis({ port: redis.servers[0]!.port, username, password });
  try {
    await client.call(...command);
  } finally {
    client.disconnect();
  }
}

const SCYLLA_TROUBLES: readonly Trouble[] = [
  ...lines(() => toScylla).filter(({ kind }) => kind !== 'narrow'),
  { kind: 'paused', begin: () => cassandra.pause(1), end: () => cassandra.unpause(1) },
  { kind: 'killed', begin: () => cassandra.kill(1), end: () => cassandra.resume() },
  {
    kind: 'not to be written',
    begin: () => query(`REVOKE MODIFY ON KEYSPACE ${NAME} FROM game`),
    end: () => query(`GRANT MODIFY ON KEYSPACE ${NAME} TO game`),
  },
  {
    kind: 'behind another password',
    async begin() {
      await setPassword('other');
      await toScylla.cut();
      await toScylla.mend();
    },
    end: () => setPassword(PASSWORD),
  },
];

describe.skipIf(isMissing)('store in trouble', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  /** A game of its own for each test: all of its players and accounts begin anew. */
  let games = 0;
  const start = async (durableEveryMs?: number) => {
    const counters = createCounterBuffer('store');
    const { words, index } = createCounters('store', counters);
    const store = await open(NAME, counters, durableEveryMs === undefined ? {} : { durableEveryMs });
    closing.push(() => store.close());
    const game = `g${++games}`;
    const names: Names = { game, id: (number) => number, name: (text) => text, word: (text) => text };
    const zone = createTestZone(`a/1/${games}`, names);
    const epochs = new Map<number, number>();
    for (const playerId of PLAYERS) epochs.set(playerId, await enterZone(store, names, zone, playerId));
    const saving = keepSaving(store, game, epochs);
    closing.push(() => saving.stop());
    const committing = keepCommitting(store, zone);
    closing.push(() => committing.stop());
    await until('rounds', () => saving.rounds.length >= 5 && committing.rounds.length >= 5);
    const word = (name: keyof typeof index) => words[index[name]]!;
    expect([word('redisBreaker'), word('redisOpened'), word('scyllaBreaker'), word('scyllaOpened')]).toEqual([
      0, 0, 0, 0,
    ]);
    return { store, game, saving, committing, word };
  };
  type Started = Awaited<ReturnType<typeof start>>;

  const expectAllWell = (rounds: readonly unknown[]) => expect(rounds).toEqual(rounds.map(() => undefined));

  /** Another node that comes later: it has to find what was acknowledged, and not what was never sent. */
  const expectAllThere = async ({ game, saving, committing }: Started) => {
    const other = await open(NAME, createCounterBuffer('store'));
    closing.push(() => other.close());
    expect(committing.acknowledged.length).toBeGreaterThan(0);
    await expectApplied(other, game, committing.acknowledged);
    for (const playerId of PLAYERS) {
      const { columns } = (await other.takeCharacter(playerId, game, 'b/1'))!;
      expect(columns?.version, `player ${playerId}`).toBeGreaterThanOrEqual(saving.acknowledged.get(playerId)!);
      expect(columns?.version, `player ${playerId}`).toBeLessThanOrEqual(saving.attempted.get(playerId)!);
    }
    const audit = await openScyllaAudit(ownAddress(), NAME);
    closing.push(() => audit.close());
    expect((await auditLedger(audit)).contradictions).toEqual([]);
  };

  test.each(REDIS_TROUBLES)(
    'Redis $kind: saves go on in ScyllaDB, at once, and then in Redis again',
    {
      timeout: 90_000,
    },
    async ({ begin, end }) => {
      const started = await start();
      const { store, saving, committing, word } = started;
      await begin();
      closing.push(async () => end());
      await until('an open breaker', () => word('redisBreaker') === 2);
      const startMs = performance.now();
      const refusal = { code: 'DARKAGES_STORE_UNAVAILABLE' };
      await expect(store.useToken('t', 1000)).rejects.toMatchObject(refusal);
      expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS);
      const [before, versionBefore] = [saving.rounds.length, saving.version()];
      await until('saves without Redis', () => saving.rounds.length >= before + 8);
      await saving.leave(GONE);
      // What there is of them when Redis is back is older than what was answered without it.
      for (const playerId of GONE) expect(saving.acknowledged.get(playerId)).toBeGreaterThan(versionBefore);
      expectAllWell(saving.rounds.slice(before + 1));
      expect(word('redisRejected')).toBeGreaterThan(0);
      expect(word('unprocessedBytes')).toBeLessThan(BYTES_MAX);
      expect([word('scyllaOpened'), word('scyllaBreaker')]).toEqual([0, 0]);
      closing.pop();
      await end();
      await until('a closed breaker', () => word('redisBreaker') === 0);
      const rejected = word('redisRejected');
      const healed = saving.rounds.length;
      await until('saves with Redis', () => saving.rounds.length >= healed + 5);
      expect([word('redisRejected'), word('redisBreaker')]).toEqual([rejected, 0]);
      await store.useToken(crypto.randomUUID(), 1000);
      await Promise.all([saving.stop(), committing.finish()]);
      // The ledger needs no Redis.
      expectAllWell(committing.rounds);
      expect(word('unprocessedBytes')).toBe(0);
      await expectAllThere(started);
    },
  );

  test.each(SCYLLA_TROUBLES)(
    'ScyllaDB $kind: what is due there fails at once and is there later',
    {
      timeout: 120_000,
    },
    async ({ begin, end }) => {
      // Each save is due.
      const started = await start(0);
      const { store, game, saving, committing, word } = started;
      await begin();
      closing.push(async () => end());
      await until('an open breaker', () => word('scyllaBreaker') === 2);
      const startMs = performance.now();
      const refusal = { code: 'DARKAGES_STORE_UNAVAILABLE' };
      await expect(store.loadCharacter(1, game)).rejects.toMatchObject(refusal);
      await expect(store.findAccountByName('anna')).rejects.toMatchObject(refusal);
      expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS);
      expect(word('scyllaRejected')).toBeGreaterThan(0);
      expect(word('unprocessedBytes')).toBeLessThan(BYTES_MAX);
      expect([word('redisOpened'), word('redisBreaker')]).toEqual([0, 0]);
      expect(await store.useToken(crypto.randomUUID(), 1000)).toBe(true);
      const before = committing.rounds.length;
      await until('commits that fail', () => committing.rounds.length >= before + 3);
      // The round that was under way when the breaker opened may be answered yet, those after it are not.
      expect(committing.rounds.slice(before + 1)).not.toContain(undefined);
      await saving.leave(GONE);
      closing.pop();
      await end();
      await until('a closed breaker', () => word('scyllaBreaker') === 0);
      const { rounds } = saving;
      const healed = rounds.length;
      await until('saves', () => rounds.slice(healed + 1).filter((error) => error === undefined).length >= 5);
      await Promise.all([saving.stop(), committing.finish()]);
      expect(word('unprocessedBytes')).toBe(0);
      await expectAllThere(started);
    },
  );

  test.each([
    { backend: 'Redis', line: () => toRedis },
    { backend: 'ScyllaDB', line: () => toScylla },
  ])(
    '$backend slow, but not too slow: every call works, and no breaker opens',
    {
      timeout: 120_000,
    },
    async ({ line }) => {
      const started = await start(0);
      const { store, saving, committing, word } = started;
      await line().spoil({ type: 'latency', attributes: { latency: SLOW_MS } });
      closing.push(() => line().mend());
      const before = [saving.rounds.length, committing.rounds.length] as const;
      let bytesMax = 0;
      await until('slow rounds', () => {
        bytesMax = Math.max(bytesMax, word('unprocessedBytes'));
        return saving.rounds.length >= before[0] + 3 && committing.rounds.length >= before[1] + 2;
      });
      expect(await store.useToken(crypto.randomUUID(), 60_000)).toBe(true);
      await saving.leave(GONE);
      closing.pop();
      await line().mend();
      await Promise.all([saving.stop(), committing.finish()]);
      expectAllWell(saving.rounds);
      expectAllWell(committing.rounds);
      const counts = ['redisOpened', 'redisRejected', 'scyllaOpened', 'scyllaRejected', 'unprocessedBytes'] as const;
      expect(counts.map(word)).toEqual(counts.map(() => 0));
      expect(bytesMax).toBeGreaterThan(0);
      expect(bytesMax).toBeLessThan(BYTES_MAX);
      await expectAllThere(started);
    },
  );

  test('a wrong password is one sentence at start, for either of the two', { timeout: 60_000 }, async () => {
    const counters = createCounterBuffer('store');
    const scylla = { contactPoints: cassandra.contactPoints, username: 'game', password: 'falsch' };
    await expect(open(NAME, counters, { scylla })).rejects.toMatchObject({
      code: 'DARKAGES_STORE_FAILED',
      message: expect.stringMatching(/^ScyllaDB at \S+ can't be used \(.*password.*\): start it, or correct/),
    });
    const redis = readRedisUrl(`redis://nobody:falsch@127.0.0.1:${toRedis.port}`)!;
    await expect(open(NAME, counters, { redis })).rejects.toMatchObject({
      code: 'DARKAGES_STORE_FAILED',
      message: expect.stringMatching(
        /^Redis at \S+ can't be used \(WRONGPASS.*\): start it, or correct --redis-url\.$/,
      ),
    });
  });

  test('a Redis that may forget is told of at start, one that may not isn’t', { timeout: 60_000 }, async () => {
    const advised = async () => {
      const advice: string[] = [];
      const store = await open(NAME, createCounterBuffer('store'), { onAdvice: (sentence) => advice.push(sentence) });
      await store.close();
      return advice;
    };
    expect(await advised()).toEqual([]);
    await tell('CONFIG', 'SET', 'appendonly', 'no');
    closing.push(() => tell('CONFIG', 'SET', 'appendonly', 'yes'));
    await tell('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    closing.push(() => tell('CONFIG', 'SET', 'maxmemory-policy', 'noeviction'));
    expect(await advised()).toEqual([
      'Redis runs without appendonly, so a crash of it loses the last seconds: set appendonly to yes.',
      'Redis drops what it likes when it is full: set maxmemory-policy to noeviction.',
    ]);
  });

  test('while ScyllaDB is cut off, saves that are not due there go to Redis and are acknowledged', {
    timeout: 90_000,
  }, async () => {
    const started = await start(60_000);
    const { saving, committing } = started;
    await toScylla.cut();
    closing.push(() => toScylla.mend());
    const before = saving.rounds.length;
    await until('saves without ScyllaDB', () => saving.rounds.length >= before + 20);
    // None is made up for once it is back.
    await saving.stop();
    expectAllWell(saving.rounds.slice(before + 1));
    closing.pop();
    await toScylla.mend();
    await committing.finish();
    await expectAllThere(started);
  });
});
