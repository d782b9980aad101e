// A server that keeps its state in Redis and ScyllaDB: stopped, killed, and two of them on one store. Real services, real
// processes, a data folder for each server.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { game as shipped } from '../../src/game/game.ts';
import { enter, ownColumns, type RawClient } from '../../tools/hostile/raw-client.ts';
import {
  type RedisScylla,
  servicesFlags,
  startRedisScylla,
  stopRedisScylla,
} from '../../tools/services/redis-scylla.ts';
import { needs } from '../needs.ts';
import { isRunning, kill, killServers, launch, readMetric, startServer, until, untilUp } from './server.ts';
import { kept, stand, walk } from './walking.ts';

const PASSWORD = 'kein Wort davon';
const NAME = 'restart';
const isMissing = needs('redis') === undefined || needs('cassandra') === undefined;

let stores: RedisScylla;
let folder: string;
beforeAll(async () => {
  if (!isMissing) stores = await startRedisScylla(NAME, { durable: true }, { password: PASSWORD });
});
afterAll(async () => {
  if (stores !== undefined) await stopRedisScylla(stores);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-redis-scylla-'));
});
afterEach(async () => {
  await killServers();
  rmSync(folder, { recursive: true, force: true });
});

const environment = { DARKAGES_REDIS_PASSWORD: PASSWORD };
/** Without the password. */
const flags = () => [
  ...servicesFlags(stores, NAME),
  ...['--redis-url', `redis://127.0.0.1:${stores.redis.servers[0]!.port}`],
];
const start = (data = 'a') => startServer(join(folder, data), flags(), environment);

async function walkFor(client: RawClient, ms: number): Promise<void> {
  walk(client);
  await sleep(ms);
  await stand(client);
}

describe.skipIf(isMissing)('Redis and ScyllaDB', () => {
  test('log in, play, stop, start: the same place, and from another machine too', async () => {
    const server = await start();
    expect(server.output()).toMatch(/^ +store +Redis at 127\.0\.0\.1:\d+, ScyllaDB at 127\.0\.0\.1:\d+$/m);
    const { client, session } = await enter(shipped, server.url());
    await walkFor(client, 1200);
    const before = kept(client);
    expect(ownColumns(client).walkedM).toBeGreaterThan(2);
    server.launcher.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect([client.goodbye, server.errors()]).toEqual(['shutting_down', '']);
    const again = await start('b');
    const back = await enter(shipped, again.url(), session.guestSecret);
    expect(back.session.playerId).toBe(session.playerId);
    expect(kept(back.client)).toEqual(before);
    expect(await readMetric(again, 'darkages_store_errors_total')).toBe(0);
    expect(server.output() + again.output()).not.toContain(PASSWORD);
  });

  test('kill -9 of the node: who comes back to the next one has lost a second at most, though ScyllaDB is older', async () => {
    const server = await start();
    const { client, session } = await enter(shipped, server.url());
    await walkFor(client, 2500);
    // It is saved each second, and ScyllaDB is told every five: what is newest is in Redis.
    await sleep(1_500);
    const before = kept(client);
    kill(server.nodePid(), 'SIGKILL');
    await untilUp(server, 2);
    expect(kept((await enter(shipped, server.url(), session.guestSecret)).client)).toEqual(before);
  });

  test('two servers that both have a player: the later one has it, the first one is refused by the store and lets go', async () => {
    const [first, second] = [await start('a'), await start('b')];
    const one = await enter(shipped, first.url());
    await walkFor(one.client, 800);
    const two = await enter(shipped, second.url(), one.session.guestSecret);
    expect(two.session.playerId).toBe(one.session.playerId);
    await until('the first lets go', () => one.client.isClosed);
    expect(one.client.goodbye).toBe('replaced');
    expect(await readMetric(first, 'darkages_store_saves_fenced_total')).toBeGreaterThan(0);
    await walkFor(two.client, 800);
    const after = kept(two.client);
    expect(await readMetric(second, 'darkages_store_saves_fenced_total')).toBe(0);
    for (const server of [second, first]) {
      server.launcher.kill('SIGTERM');
      expect(await server.ended).toBe(0);
    }
    expect(kept((await enter(shipped, (await start('c')).url(), one.session.guestSecret)).client)).toEqual(after);
  });

  test('a store that is not there, or does not let it in, is one sentence, and nothing is left', async () => {
    const data = ['--data', join(folder, 'x'), '--http-port', '0', '--port', '0'];
    const cases: readonly (readonly [readonly string[], Readonly<Record<string, string>>, RegExp])[] = [
      [
        ['--redis-url', 'redis://127.0.0.1:1'],
        environment,
        /Redis at 127\.0\.0\.1:1 can't be used \(.*ECONNREFUSED.*\): start it, or correct --redis-url\./,
      ],
      [
        ['--scylla-contact-points', '127.0.0.1:1'],
        environment,
        /ScyllaDB at 127\.0\.0\.1:1 can't be used \(.*\): start it, or correct/,
      ],
      [[], { DARKAGES_REDIS_PASSWORD: 'falsch' }, /Redis at 127\.0\.0\.1:\d+ can't be used \(.*WRONGPASS.*\)/],
    ];
    for (const [more, given, sentence] of cases) {
      const server = launch([...data, ...flags(), ...more], given);
      expect(await server.ended).toBe(2);
      expect(server.errors()).toMatch(sentence);
      expect(server.output().trim().split('\n')).toHaveLength(1);
      expect(isRunning(server.launcher.pid!)).toBe(false);
    }
  });
});
