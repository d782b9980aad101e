// The stores that the contract is for, each with what it needs to run: real services, started once for all that share one.
// Where they aren't on this machine the tests are skipped.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedAudit, openScyllaAudit } from '../../src/io/audit-sources.ts';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import { openRedisScyllaStore } from '../../src/io/redis-scylla-store.ts';
import { readRedisUrl } from '../../src/io/redis-url.ts';
import type { AuditSource } from '../../src/store/audit.ts';
import type { Store } from '../../src/store/store.ts';
import { type CassandraNodes, startCassandra } from '../../tools/services/cassandra.ts';
import { type RedisServers, startRedis, startRedisCluster, startRedisSentinels } from '../../tools/services/redis.ts';
import { needs } from '../needs.ts';

export interface Implementation {
  readonly name: string;
  readonly isMissing: boolean;
  start(): Promise<void>;
  /** Of the same data each time. */
  open(): Promise<Store>;
  /** The store of a second node, while the first is open. */
  openOther(first: Store): Promise<Store>;
  stop(): Promise<void>;
  openAudit(): Promise<AuditSource & { close(): unknown }>;
  readonly propertyRuns: number;
  readonly playersOfBatch: number;
}

function createEmbedded(): Implementation {
  let folder = '';
  return {
    name: 'embedded',
    isMissing: false,
    async start() {
      folder = mkdtempSync(join(tmpdir(), 'darkages-store-'));
    },
    open: async () => openEmbeddedStore(folder),
    // One process alone has the folder.
    openOther: async (first) => first,
    openAudit: async () => openEmbeddedAudit(folder),
    async stop() {
      rmSync(folder, { recursive: true });
    },
    propertyRuns: 60,
    playersOfBatch: 600,
  };
}

/** One Cassandra for all: what differs is Redis. */
let cassandra: Promise<CassandraNodes> | undefined;

export function shareCassandra(): Promise<CassandraNodes> {
  cassandra ??= startCassandra();
  return cassandra;
}

export async function stopCassandra(): Promise<void> {
  await (await cassandra)?.stop();
}

function createRedisScylla(kind: string, startIt: () => Promise<RedisServers>): Implementation {
  let redis: RedisServers;
  let contactPoints: readonly string[];
  const open = () =>
    openRedisScyllaStore({
      redis: readRedisUrl(redis.url)!,
      scylla: { contactPoints, username: '', password: '' },
      name: 'contract',
      replicas: 1,
    });
  return {
    name: `redis+scylla, ${kind}`,
    isMissing: needs('redis') === undefined || needs('cassandra') === undefined,
    async start() {
      redis = await startIt();
      ({ contactPoints } = await shareCassandra());
    },
    open,
    openOther: open,
    openAudit: () => openScyllaAudit({ contactPoints, username: '', password: '' }, 'contract'),
    stop: () => redis.stop(),
    propertyRuns: 10,
    playersOfBatch: 200,
  };
}

export const IMPLEMENTATIONS: readonly Implementation[] = [
  createEmbedded(),
  createRedisScylla('one Redis', startRedis),
  createRedisScylla('a Redis cluster', startRedisCluster),
  createRedisScylla('a Redis with sentinels', startRedisSentinels),
];
