// The connection to Redis: one server, a cluster or what sentinels say, with the same commands. Store thread. Connects
// again by itself. Every call ends within `COMMAND_MS_MAX`, and so many may wait and no more (`reject`). A command that
// was under way when a connection broke is sent once more: each must do no harm twice.

import { Cluster, Redis } from 'ioredis';
import { ServerError } from '../base/errors.ts';
import { type RedisAddress, showRedisAddress } from './redis-url.ts';
import { storeError } from './store-errors.ts';

/** A Lua script on one key, which is what makes it work in a cluster. */
export type Script = (key: string, ...parts: readonly (string | number)[]) => Promise<unknown>;

export interface RedisClient {
  /** Defined once, sent by its hash. */
  script(name: string, lua: string): Script;
  ping(): Promise<void>;
  close(): Promise<void>;
}

const COMMAND_MS_MAX = 3_000;
const CONNECT_MS_MAX = 5_000;
const PENDING_MAX = 20_000;
const RECONNECT_MS_MAX = 500;

/** Resolves when it answers; else rejects with a ServerError that says where it was looked for. */
export async function connectRedis(address: RedisAddress): Promise<RedisClient> {
  const redis = createDriver(address);
  // Said by what fails meanwhile; without a listener the driver would print it.
  let trouble: unknown;
  redis.on('error', (error: unknown) => {
    trouble = error;
  });
  let pending = 0;

  const bounded = async <T>(what: string, msMax: number, work: () => Promise<T>): Promise<T> => {
    if (pending >= PENDING_MAX) throw new ServerError('DARKAGES_STORE_BUSY', 'Too many calls wait for Redis.');
    pending++;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(trouble ?? new Error(`no answer within ${msMax} ms`)), msMax);
    });
    try {
      return await Promise.race([work(), late]);
    } catch (error) {
      throw storeError(`Redis did not ${what}`, error);
    } finally {
      clearTimeout(timer);
      pending--;
    }
  };

  const client: RedisClient = {
    script(name, lua) {
      redis.defineCommand(name, { numberOfKeys: 1, lua });
      const command: unknown = Reflect.get(redis, name);
      if (typeof command !== 'function') throw new TypeError(`no command ${name}`);
      return (key, ...parts) => bounded(name, COMMAND_MS_MAX, () => command.call(redis, key, ...parts));
    },
    ping: () => bounded('answer', COMMAND_MS_MAX, async () => void (await redis.ping())),
    async close() {
      await bounded('say goodbye', COMMAND_MS_MAX, async () => void (await redis.quit())).catch(() => {
        redis.disconnect();
      });
    },
  };
  try {
    await bounded('answer', CONNECT_MS_MAX, async () => void (await redis.ping()));
    return client;
  } catch (error) {
    redis.disconnect();
    const why = trouble instanceof Error ? trouble.message : String((error as Error).message);
    throw new ServerError(
      'DARKAGES_STORE_FAILED',
      `Redis at ${showRedisAddress(address)} can't be used (${why}): start it, or correct --redis-url.`,
      { cause: error },
    );
  }
}

function createDriver(address: RedisAddress): Redis | Cluster {
  const { kind, hosts, masterName, username, password, database, isTls } = address;
  const options = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isTls && { tls: {} }),
    connectTimeout: 2_000,
    commandTimeout: COMMAND_MS_MAX,
    maxRetriesPerRequest: 3,
    // A master that has become a replica says so: the new one is looked for, and the command sent there.
    reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? 2 : false),
  } as const;
  const retry = (times: number) => Math.min(50 * times, RECONNECT_MS_MAX);
  if (kind === 'cluster') {
    return new Cluster([...hosts], {
      redisOptions: options,
      clusterRetryStrategy: retry,
      slotsRefreshTimeout: 2_000,
      retryDelayOnFailover: 100,
      retryDelayOnClusterDown: 100,
    });
  }
  if (kind === 'sentinel') {
    return new Redis({
      ...options,
      ...(isTls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
      sentinels: [...hosts],
      name: masterName,
      db: database,
      failoverDetector: true,
      retryStrategy: retry,
      sentinelRetryStrategy: retry,
    });
  }
  const { host, port } = hosts[0]!;
  return new Redis({ ...options, host, port, db: database, retryStrategy: retry });
}
