// The connection to real Redis servers, where what happens to it can be timed; all else is in test/contract/store.test.ts.

import { Redis } from 'ioredis';
import { afterEach, expect, test, vi } from 'vitest';
import { connectRedis } from '../../src/io/redis-client.ts';
import { readRedisUrl } from '../../src/io/redis-url.ts';
import { createStoreTrouble } from '../../src/io/store-trouble.ts';
import { type RedisServers, startRedisSentinels } from '../../tools/services/redis.ts';
import { needs } from '../needs.ts';

const isMissing = needs('redis') === undefined;
let servers: RedisServers | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await servers?.stop();
});

test.skipIf(isMissing)(
  'a failover that is told of while sentinels are asked for the master is no end',
  {
    timeout: 60_000,
  },
  async () => {
    servers = await startRedisSentinels();
    const connecting = vi.spyOn(Redis.prototype, 'connect');
    const trouble = createStoreTrouble({ breaker: { openMs: 100 } });
    const client = await connectRedis(readRedisUrl(servers.url)!, 'n', trouble);
    const driver = connecting.mock.contexts[0] as Redis;
    const { connector } = driver as unknown as { readonly connector: { disconnect(): void } };
    const ended = new Promise((resolve) => driver.once('end', resolve));
    // As its detector of failovers does it.
    driver.once('connecting', () => connector.disconnect());
    driver.disconnect(true);
    await ended;
    await vi.waitFor(() => client.ping(), { timeout: 30_000, interval: 50 });
    await client.close();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(driver.status, 'who closed it has it closed').toBe('end');
  },
);
