// The connection to Redis: one server, a cluster or what sentinels say, with the same commands. Store thread. Connects
// again by itself. Every call ends within `COMMAND_MS_MAX`, at once while the breaker is open (io/store-trouble), and so many
// may wait and no more (`reject`). A command that was under way when a connection broke is sent once more: each must do no
// harm twice.

import { Cluster, Redis } from 'ioredis';
import { ServerError } from '../base/errors.ts';
import { type RedisAddress, showRedisAddress } from './redis-url.ts';
import { storeError } from './store-errors.ts';
import type { StoreTrouble } from './store-trouble.ts';
import { systemClock } from './system.ts';

/** A Lua script on one key, which is what makes it work in a cluster. */
export type Script = (key: string, ...parts: readonly (string | number)[]) => Promise<unknown>;

export interface RedisClient {
  /** Defined once, sent by its hash. */
  script(name: string, lua: string): Script;
  /** Resolves when it takes a write. */
  ping(): Promise<void>;
  /** What is wrong with how it is run, one sentence each. */
  advice(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const COMMAND_MS_MAX = 3_000;
const SILENT_MS_MAX = 4_000;
const CONNECT_MS_MAX = 5_000;
const PENDING_MAX = 20_000;
const PROBE_KEY_MS = 1_000;
const RECONNECT_MS_MAX = 500;
const RECONNECTS_MS_MAX = 2_000;
const RECONNECTS_PAUSE_MS = 10_000;
/** Of what a server answers, that which is its trouble: full, a replica, not to be written, still loading, no quorum. */
const TROUBLE =
  /\b(?:OOM|READONLY|NOPERM|NOAUTH|WRONGPASS|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|BUSY|maxclients|can't run this command)\b/i;

/**
 * Resolves when it answers; else rejects with a ServerError that says where it was looked for.
 * @param name what all keys begin with
 */
export async function connectRedis(address: RedisAddress, name: string, trouble: StoreTrouble): Promise<RedisClient> {
  const guard = trouble.redis;
  const redis = createDriver(address);
  // Said by what fails meanwhile; without a listener the driver would print it.
  let lastError: unknown;
  redis.on('error', (error: unknown) => {
    lastError = error;
  });
  let pending = 0;
  let isClosing = false;
  // Where sentinels tell of a failover while the driver asks them for the master, it ends for good (ioredis 5 and 6).
  redis.on('end', () => {
    setTimeout(() => {
      if (!isClosing) redis.connect().catch(() => undefined);
    }, RECONNECT_MS_MAX).unref();
  });
  const disconnect = (): void => {
    isClosing = true;
    redis.disconnect();
  };

  const bounded = async <T>(what: string, msMax: number, work: () => Promise<T>): Promise<T> => {
    if (pending >= PENDING_MAX) throw new ServerError('DARKAGES_STORE_BUSY', 'Too many calls wait for Redis.');
    pending++;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(lastError ?? new Error(`no answer within ${msMax} ms`)), msMax);
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

  const guarded = <T>(what: string, bytes: number, work: () => Promise<T>): Promise<T> =>
    guard.call(bytes, () => bounded(what, COMMAND_MS_MAX, work));

  /** One that is full, or a replica, answers a PING. */
  const write = () => redis.set(`${name}:probe`, 1, 'PX', PROBE_KEY_MS);

  const client: RedisClient = {
    script(command, lua) {
      redis.defineCommand(command, { numberOfKeys: 1, lua });
      const send: unknown = Reflect.get(redis, command);
      if (typeof send !== 'function') throw new TypeError(`no command ${command}`);
      return (key, ...parts) => guarded(command, sizeOf(key, parts), () => send.call(redis, key, ...parts));
    },
    ping: () => guarded('take a write', 0, async () => void (await write())),
    advice: () => guarded('describe itself', 0, () => adviseOn(redis)),
    async close() {
      guard.close();
      isClosing = true;
      const quit = () => guarded('say goodbye', 0, async () => void (await redis.quit()));
      await quit().catch(disconnect);
    },
  };
  guard.attach({
    isTrouble({ cause }: Error) {
      return !(cause instanceof Error && cause.name === 'ReplyError') || TROUBLE.test(cause.message);
    },
    probe: () => bounded('take a write', COMMAND_MS_MAX, write),
  });
  try {
    await bounded('answer', CONNECT_MS_MAX, async () => void (await redis.ping()));
    return client;
  } catch (error) {
    disconnect();
    const why = lastError instanceof Error ? lastError.message : String((error as Error).message);
    throw new ServerError(
      'DARKAGES_STORE_FAILED',
      `Redis at ${showRedisAddress(address)} can't be used (${why}): start it, or correct --redis-url.`,
      { cause: error },
    );
  }
}

/** Characters count as bytes: nearly all are one. */
function sizeOf(key: string, parts: readonly (string | number)[]): number {
  let bytes = key.length;
  for (const part of parts) bytes += typeof part === 'string' ? part.length : 8;
  return bytes;
}

async function adviseOn(redis: Redis | Cluster): Promise<readonly string[]> {
  const masters = redis instanceof Cluster ? redis.nodes('master') : [redis];
  const infos = await Promise.all(masters.map(async (master) => (await master.info()).toString()));
  const advice: string[] = [];
  if (infos.some((info) => /^aof_enabled:0\r?$/m.test(info))) {
    advice.push('Redis runs without appendonly, so a crash of it loses the last seconds: set appendonly to yes.');
  }
  if (infos.some((info) => !/^maxmemory_policy:noeviction\r?$/m.test(info))) {
    advice.push('Redis drops what it likes when it is full: set maxmemory-policy to noeviction.');
  }
  return advice;
}

/**
 * A master that has become a replica says so: the new one is looked for, and the commands that were under way are sent
 * there. Not again and again, where there is no other.
 */
function createReconnectOnError(): (error: Error) => 2 | false {
  let sinceMs = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!error.message.startsWith('READONLY')) return false;
    const now = systemClock.now();
    if (now - sinceMs > RECONNECTS_PAUSE_MS) sinceMs = now;
    return now - sinceMs < RECONNECTS_MS_MAX ? 2 : false;
  };
}

/** Each command that finds out closes the connection once more, with a listener of its own for the end. */
function allowListeners(redis: Redis): Redis {
  return redis.on('connect', () => void redis.stream.setMaxListeners(PENDING_MAX));
}

function createDriver(address: RedisAddress): Redis | Cluster {
  const { kind, hosts, masterName, username, password, database, isTls } = address;
  const options = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isTls && { tls: {} }),
    connectTimeout: 2_000,
    commandTimeout: COMMAND_MS_MAX,
    // A line that says nothing any more is given up, and a new one tried, perhaps to another master.
    socketTimeout: SILENT_MS_MAX,
    maxRetriesPerRequest: 3,
    reconnectOnError: createReconnectOnError(),
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
    const sentinel = new Redis({
      ...options,
      ...(isTls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
      sentinels: [...hosts],
      name: masterName,
      db: database,
      failoverDetector: true,
      retryStrategy: retry,
      sentinelRetryStrategy: retry,
    });
    return allowListeners(sentinel);
  }
  const { host, port } = hosts[0]!;
  return allowListeners(new Redis({ ...options, host, port, db: database, retryStrategy: retry }));
}
