// A server whose Redis is killed, comes back, and then stands still: twenty players play on, and all of it is saved. Real
// services, a real process, the breaker's real thirty seconds.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { threadWaitMs } from '../../bench/server.ts';
import { TICK_MS } from '../../src/base/limits.ts';
import { game as shipped } from '../../src/game/game.ts';
import { openRedisScyllaStore } from '../../src/io/redis-scylla-store.ts';
import { readRedisUrl } from '../../src/io/redis-url.ts';
import { enter, ownColumns, play, type RawClient, type Session } from '../../tools/hostile/raw-client.ts';
import { type CassandraNodes, startCassandra } from '../../tools/services/cassandra.ts';
import { findFreePorts } from '../../tools/services/free-ports.ts';
import { type RedisServers, startRedis } from '../../tools/services/redis.ts';
import { needs } from '../needs.ts';
import { killServers, type LaunchedServer, readMetric, startServer } from './server.ts';

const NAME = 'trouble';
const PLAYERS = 20;
const isMissing = needs('redis') === undefined || needs('cassandra') === undefined;

let cassandra: CassandraNodes;
let redis: RedisServers;
let folder: string;
beforeAll(async () => {
  if (isMissing) return;
  folder = mkdtempSync(join(tmpdir(), 'darkages-trouble-'));
  redis = await startRedis({ folder: join(folder, 'redis'), port: await findFreePorts(1) });
  cassandra = await startCassandra({ durable: true });
  // Its tables take seconds to be made: not within the time that a test waits for a server.
  const scylla = { contactPoints: cassandra.contactPoints, username: '', password: '' };
  const store = await openRedisScyllaStore({ redis: readRedisUrl(redis.url)!, scylla, name: NAME, replicas: 1 });
  await store.close();
});
afterAll(async () => {
  await killServers();
  await Promise.all([cassandra?.stop(), redis?.stop()]);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const start = (data: string) => {
  const flags = ['--store', 'redis+scylla', '--redis-url', redis.url, '--store-name', NAME];
  return startServer(join(folder, data), [...flags, '--scylla-contact-points', cassandra.contactPoints.join(',')]);
};

const breaker = (server: LaunchedServer) => readMetric(server, 'darkages_store_breaker_state', 'backend="redis"');

async function until(what: string, secondsMax: number, isTrue: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + secondsMax * 1000;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`);
    await sleep(100);
  }
}

/** In a square, so that nobody comes to where creatures are. */
function walk(client: RawClient): void {
  play(client, (tick) => {
    const side = Math.floor(tick / 40) % 4;
    return { moveX: [127, 0, -127, 0][side], moveZ: [0, 127, 0, -127][side], aim: 5000 };
  });
}

const KEPT = ['positionX', 'positionZ', 'facing', 'walkedM'] as const;
const kept = (client: RawClient) => KEPT.map((name) => ownColumns(client)[name]);

/** All play, and all that is saved goes to ScyllaDB, while Redis is not there; nobody new gets in. */
async function expectPlayWithout(server: LaunchedServer, clients: readonly RawClient[]): Promise<void> {
  await until('an open breaker', 15, async () => (await breaker(server)) === 2);
  const ready = await fetch(`${server.url()}/readyz`);
  expect([ready.status, ((await ready.json()) as { reasons: string[] }).reasons]).toEqual([
    503,
    expect.arrayContaining(['Redis fails: its circuit breaker is open']),
  ]);
  const saves = await readMetric(server, 'darkages_store_saves_total');
  const snapshots = clients.map((client) => client.snapshots);
  await until('three saves of each', 15, async () => {
    return (await readMetric(server, 'darkages_store_saves_total')) >= saves + 3 * PLAYERS;
  });
  for (const [index, client] of clients.entries()) {
    expect([client.isClosed, client.goodbye]).toEqual([false, '']);
    expect(client.snapshots).toBeGreaterThan(snapshots[index]! + 20);
  }
  await expect(enter(shipped, server.url())).rejects.toThrow(/no welcome/);
}

describe.skipIf(isMissing)('Redis in trouble', () => {
  test('killed, back, standing still, back: no missed tick, all players stay, and what they did is there', async () => {
    const server = await start('a');
    const entered: { client: RawClient; session: Session }[] = [];
    for (let player = 0; player < PLAYERS; player++) entered.push(await enter(shipped, server.url()));
    const clients = entered.map(({ client }) => client);
    for (const client of clients) walk(client);
    await sleep(1_500);
    const waitedMs = () => threadWaitMs(server.nodePid(), 'zone-1');
    const before = { waitedMs: waitedMs(), missed: await readMetric(server, 'darkages_missed_ticks_total') };

    const { port } = redis.servers[0]!;
    await redis.servers[0]!.stop('SIGKILL');
    await expectPlayWithout(server, clients);
    redis = await startRedis({ folder: join(folder, 'redis'), port });
    await until('a closed breaker', 45, async () => (await breaker(server)) === 0);
    const rejected = await readMetric(server, 'darkages_store_calls_rejected_total');
    expect(rejected).toBeGreaterThan(PLAYERS);
    const late = await enter(shipped, server.url());
    expect((await fetch(`${server.url()}/readyz`)).status).toBe(200);

    redis.servers[0]!.pause();
    await expectPlayWithout(server, clients);
    redis.servers[0]!.resume();
    const missed = (await readMetric(server, 'darkages_missed_ticks_total')) - before.missed;
    // None but those for which the thread waited for a core that others had.
    expect(missed * TICK_MS).toBeLessThanOrEqual(waitedMs() - before.waitedMs);
    for (const name of ['save_dropped_total', 'store_saves_fenced_total', 'store_saves_ignored_total']) {
      expect([name, await readMetric(server, `darkages_${name}`)]).toEqual([name, 0]);
    }
    expect(await readMetric(server, 'darkages_store_breaker_opened_total', 'backend="redis"')).toBe(2);
    expect(await readMetric(server, 'darkages_store_breaker_opened_total', 'backend="scylla"')).toBe(0);

    for (const client of clients) play(client, () => ({ aim: 5000 }));
    await sleep(1_500);
    const places = clients.map(kept);
    expect(clients.every((client) => ownColumns(client).walkedM! > 5)).toBe(true);
    server.launcher.kill('SIGTERM');
    expect([await server.ended, late.client.goodbye]).toEqual([0, 'shutting_down']);
    const again = await start('b');
    for (const [index, { session }] of entered.entries()) {
      expect(kept((await enter(shipped, again.url(), session.guestSecret)).client), `player ${index}`).toEqual(
        places[index],
      );
    }
  });
});
