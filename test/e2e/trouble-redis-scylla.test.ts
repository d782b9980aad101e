// A server whose Redis is killed, comes back, and then stands still: twenty players play on, and all of it is saved. Real
// services, a real process, the breaker's real thirty seconds.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchMissedTicks } from '../../bench/missed-ticks.ts';
import { game as shipped } from '../../src/game/game.ts';
import { enter, ownColumns, type RawClient, type Session } from '../../tools/hostile/raw-client.ts';
import { startRedis } from '../../tools/services/redis.ts';
import {
  type RedisScylla,
  servicesFlags,
  startRedisScylla,
  stopRedisScylla,
} from '../../tools/services/redis-scylla.ts';
import { needs } from '../needs.ts';
import { killServers, type LaunchedServer, readMetric, startServer, until } from './server.ts';
import { kept, stand, walk } from './walking.ts';

const NAME = 'trouble';
const PLAYERS = 20;
/** A server that is asked more often has less time for its zone. */
const LOOK_MS = 100;
const isMissing = needs('redis') === undefined || needs('cassandra') === undefined;

let stores: RedisScylla;
let folder: string;
beforeAll(async () => {
  if (isMissing) return;
  folder = mkdtempSync(join(tmpdir(), 'darkages-trouble-'));
  stores = await startRedisScylla(NAME, { durable: true }, { folder: join(folder, 'redis') });
});
afterAll(async () => {
  await killServers();
  if (stores !== undefined) await stopRedisScylla(stores);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const start = (data: string) => startServer(join(folder, data), servicesFlags(stores, NAME));

function untilBreaker(server: LaunchedServer, state: number): Promise<void> {
  const read = () => readMetric(server, 'darkages_store_breaker_state', 'backend="redis"');
  return until(`a breaker in state ${state}`, async () => (await read()) === state, LOOK_MS);
}

/** All play, and all that is saved goes to ScyllaDB, while Redis is not there; nobody new gets in. */
async function expectPlayWithout(server: LaunchedServer, clients: readonly RawClient[]): Promise<void> {
  await untilBreaker(server, 2);
  const ready = await fetch(`${server.url()}/readyz`);
  expect([ready.status, ((await ready.json()) as { reasons: string[] }).reasons]).toEqual([
    503,
    expect.arrayContaining(['Redis fails: its circuit breaker is open']),
  ]);
  const saves = await readMetric(server, 'darkages_store_saves_total');
  const snapshots = clients.map((client) => client.snapshots);
  const saved = () => readMetric(server, 'darkages_store_saves_total');
  await until('three saves of each', async () => (await saved()) >= saves + 3 * PLAYERS, LOOK_MS);
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
    const ticks = watchMissedTicks(server.url(), server.nodePid(), 1);

    const { port } = stores.redis.servers[0]!;
    await stores.redis.servers[0]!.stop('SIGKILL');
    await expectPlayWithout(server, clients);
    stores.redis = await startRedis({ folder: join(folder, 'redis'), port });
    await untilBreaker(server, 0);
    const rejected = await readMetric(server, 'darkages_store_calls_rejected_total');
    expect(rejected).toBeGreaterThan(PLAYERS);
    const late = await enter(shipped, server.url());
    expect((await fetch(`${server.url()}/readyz`)).status).toBe(200);

    stores.redis.servers[0]!.pause();
    await expectPlayWithout(server, clients);
    stores.redis.servers[0]!.resume();
    expect((await ticks.stop()).missed).toBe(0);
    for (const name of ['save_dropped_total', 'store_saves_fenced_total', 'store_saves_ignored_total']) {
      expect([name, await readMetric(server, `darkages_${name}`)]).toEqual([name, 0]);
    }
    expect(await readMetric(server, 'darkages_store_breaker_opened_total', 'backend="redis"')).toBe(2);
    expect(await readMetric(server, 'darkages_store_breaker_opened_total', 'backend="scylla"')).toBe(0);

    await Promise.all(clients.map(stand));
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
