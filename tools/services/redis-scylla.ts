// A real Redis and a real Cassandra as one store (docs/stores.md), for tests, benches and chaos: started together, and how a
// server and a program are pointed at them.

import { openScyllaAudit } from '../../src/io/audit-sources.ts';
import { openRedisScyllaStore } from '../../src/io/redis-scylla-store.ts';
import { readRedisUrl } from '../../src/io/redis-url.ts';
import type { ScyllaAddress } from '../../src/io/scylla-client.ts';
import type { Store } from '../../src/store/store.ts';
import { type CassandraNodes, type CassandraOptions, startCassandra } from './cassandra.ts';
import { type RedisOptions, type RedisServers, startRedis } from './redis.ts';

export interface RedisScylla {
  readonly cassandra: CassandraNodes;
  /** One that is killed has another one in its place. */
  redis: RedisServers;
}

/**
 * With the tables of a store of that name: they take seconds to be made, which is not within the time that a server has to
 * come up.
 */
export async function startRedisScylla(
  name: string,
  cassandraOptions: CassandraOptions,
  redisOptions: RedisOptions,
): Promise<RedisScylla> {
  const cassandra = await startCassandra(cassandraOptions);
  let redis: RedisServers | undefined;
  try {
    redis = await startRedis(redisOptions);
    const services = { cassandra, redis };
    await (await openServicesStore(services, name)).close();
    return services;
  } catch (error) {
    await Promise.all([cassandra.stop(), redis?.stop()]);
    throw error;
  }
}

export async function stopRedisScylla({ cassandra, redis }: RedisScylla): Promise<void> {
  await Promise.all([cassandra.stop(), redis.stop()]);
}

/** Of a server that keeps things there. */
export function servicesFlags({ cassandra, redis }: RedisScylla, name: string): readonly string[] {
  const points = ['--scylla-contact-points', cassandra.contactPoints.join(',')];
  return ['--store', 'redis+scylla', '--store-name', name, '--redis-url', redis.url, ...points];
}

export function openServicesStore(services: RedisScylla, name: string): Promise<Store> {
  const redis = readRedisUrl(services.redis.url)!;
  return openRedisScyllaStore({ redis, scylla: addressOf(services), name, replicas: undefined });
}

export function openServicesAudit(services: RedisScylla, name: string): ReturnType<typeof openScyllaAudit> {
  return openScyllaAudit(addressOf(services), name);
}

function addressOf({ cassandra: { contactPoints } }: RedisScylla): ScyllaAddress {
  return { contactPoints, username: '', password: '' };
}
