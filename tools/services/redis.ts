// Real Redis servers for tests: one, a cluster of three, or a master with a replica and three sentinels. On loopback, with
// a folder of their own below the system's temporary one, ended by their process ids, and by themselves after a while.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { errorCode } from '../../src/base/errors.ts';
import { findFreePorts } from './free-ports.ts';

export interface RedisServer {
  readonly port: number;
  /** Ends it without a chance to write anything, or asks it to end. */
  stop(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Stands still, as if its machine hung, or goes on. */
  pause(): void;
  resume(): void;
}

export interface RedisServers {
  /** For `--redis-url`. */
  readonly url: string;
  readonly servers: readonly RedisServer[];
  /** Ends all and removes their folders. */
  stop(): Promise<void>;
}

export interface RedisSentinels extends RedisServers {
  /** What each sentinel says of the master, for a failover that does not come. */
  describeMaster(): Promise<string>;
}

export interface RedisOptions {
  readonly password?: string;
  /** Where to begin again with what another one left. */
  readonly folder?: string;
  readonly port?: number;
  /** It ends by itself after so long. */
  readonly minutesMax?: number;
}

const MINUTES_MAX = 10;
const START_MS_MAX = 20_000;
const CLUSTER_NODES = 3;
const SLOTS = 16_384;
const MASTER = 'darkages';

/** Written at once, so that what a server answered survives its death. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServers> {
  const folder = options.folder ?? createFolder();
  const port = options.port ?? (await findFreePorts(1));
  const { password } = options;
  const lines = [
    'appendonly yes',
    'appendfsync always',
    ...(password === undefined ? [] : [`requirepass ${JSON.stringify(password)}`]),
  ];
  const server = await startServer(folder, port, lines, options);
  const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  return describe(`redis://${login}127.0.0.1:${port}`, [server], folder);
}

export async function startRedisCluster(): Promise<RedisServers> {
  const folder = createFolder();
  const first = await findFreePorts(CLUSTER_NODES);
  const ports = Array.from({ length: CLUSTER_NODES }, (_, index) => first + index);
  const lines = ['cluster-enabled yes', 'cluster-node-timeout 2000', 'cluster-config-file nodes.conf'];
  const servers = await Promise.all(ports.map((port) => startServer(folder, port, lines)));
  await Promise.all(ports.map((port, index) => joinCluster(port, ports[0]!, index)));
  for (const port of ports) {
    await until('the cluster', () =>
      withRedis(port, async (redis) => String(await redis.cluster('INFO')).includes('cluster_state:ok')),
    );
  }
  return describe(`redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`, servers, folder);
}

/** The first server is the master, the second its replica, the others are sentinels. */
export async function startRedisSentinels(): Promise<RedisSentinels> {
  const folder = createFolder();
  const first = await findFreePorts(5);
  const [master, replica, ...sentinels] = Array.from({ length: 5 }, (_, index) => first + index) as [number, number];
  const servers = [await startServer(folder, master, [])];
  servers.push(await startServer(folder, replica, [`replicaof 127.0.0.1 ${master}`]));
  const lines = [
    `sentinel monitor ${MASTER} 127.0.0.1 ${master} 2`,
    `sentinel down-after-milliseconds ${MASTER} 700`,
    `sentinel failover-timeout ${MASTER} 3000`,
  ];
  for (const port of sentinels as number[]) servers.push(await startServer(folder, port, lines, {}, true));
  for (const port of sentinels as number[]) {
    await until('sentinels that know each other and the replica', () =>
      withRedis(port, async (redis) => {
        const known = [
          await redis.call('SENTINEL', 'SENTINELS', MASTER),
          await redis.call('SENTINEL', 'REPLICAS', MASTER),
        ];
        return (known[0] as unknown[]).length === 2 && (known[1] as unknown[]).length === 1;
      }),
    );
  }
  await until('a replica', () =>
    withRedis(replica, async (redis) => (await redis.info()).includes('master_link_status:up')),
  );
  const list = (sentinels as number[]).map((port) => `127.0.0.1:${port}`).join(',');
  return {
    ...describe(`redis+sentinel://${list}/${MASTER}`, servers, folder),
    describeMaster: async () => (await Promise.all((sentinels as number[]).map(describeMaster))).join('\n'),
  };
}

/** Name and value in turn, of which some tell why there is no failover. */
async function describeMaster(sentinel: number): Promise<string> {
  const wanted = ['ip', 'port', 'flags', 'num-slaves', 'num-other-sentinels', 'config-epoch', 'last-ok-ping-reply'];
  try {
    return await withRedis(sentinel, async (redis) => {
      const words = (await redis.call('SENTINEL', 'MASTER', MASTER)) as string[];
      const said = wanted.map((name) => `${name} ${words[words.indexOf(name) + 1]}`);
      const tilt = /^sentinel_tilt:(\d)/m.exec(await redis.info('sentinel'))?.[1];
      return `sentinel ${sentinel}: ${said.join(', ')}, tilt ${tilt}`;
    });
  } catch (error) {
    return `sentinel ${sentinel}: ${String(error)}`;
  }
}

function createFolder(): string {
  return mkdtempSync(join(tmpdir(), 'darkages-redis-'));
}

function describe(url: string, servers: readonly RedisServer[], folder: string): RedisServers {
  return {
    url,
    servers,
    async stop() {
      await Promise.all(servers.map((server) => server.stop('SIGKILL')));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startServer(
  folder: string,
  port: number,
  lines: readonly string[],
  { password, minutesMax = MINUTES_MAX }: RedisOptions = {},
  isSentinel = false,
): Promise<RedisServer> {
  const own = join(folder, String(port));
  mkdirSync(own, { recursive: true });
  const config = join(own, 'redis.conf');
  const common = [`port ${port}`, 'bind 127.0.0.1', `dir ${own}`, 'daemonize no', 'protected-mode no'];
  const storage = isSentinel
    ? []
    : ['save ""', 'maxmemory 128mb', 'maxmemory-policy noeviction', 'repl-diskless-sync-delay 0'];
  writeFileSync(config, [...common, ...storage, ...lines, ''].join('\n'));
  const args = ['--signal=KILL', `${minutesMax}m`, 'redis-server', config, ...(isSentinel ? ['--sentinel'] : [])];
  const child = spawn('timeout', ['--foreground', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = once(child, 'close');
  await until(`Redis at ${port}`, () =>
    child.exitCode === null
      ? withRedis(port, async (redis) => (await redis.ping()) === 'PONG', password)
      : Promise.resolve(true),
  );
  if (child.exitCode !== null) throw new Error(`Redis at ${port} ended:\n${output}`);
  const pid = await withRedis(
    port,
    async (redis) => Number(/process_id:(\d+)/.exec(await redis.info('server'))![1]),
    password,
  );
  return createServerHandle(port, pid, child, ended);
}

function createServerHandle(port: number, pid: number, child: ChildProcess, ended: Promise<unknown>): RedisServer {
  const signal = (name: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(pid, name);
    } catch (error) {
      // It has ended, and the word of it has not come yet.
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  };
  return {
    port,
    async stop(name = 'SIGTERM') {
      // One that stands still takes nothing but SIGKILL.
      signal('SIGCONT');
      signal(name);
      await ended;
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

/** A third of the slots each; all get to know the first. */
async function joinCluster(port: number, first: number, index: number): Promise<void> {
  await withRedis(port, async (redis) => {
    const [from, to] = [index, index + 1].map((nth) => Math.floor((nth * SLOTS) / CLUSTER_NODES));
    await redis.cluster('ADDSLOTSRANGE' as 'ADDSLOTS', from!, to! - 1);
    await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    if (port !== first) await redis.cluster('MEET', '127.0.0.1', first);
  });
}

async function withRedis<T>(port: number, work: (redis: Redis) => Promise<T>, password?: string): Promise<T> {
  const redis = new Redis({
    port,
    ...(password !== undefined && { password }),
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    commandTimeout: 2_000,
  });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** What throws is not yet so. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + START_MS_MAX;
  let last: unknown;
  for (;;) {
    const so = await isSo().catch((error: unknown) => {
      last = error;
      return false;
    });
    if (so) return;
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`, { cause: last });
    await sleep(50);
  }
}
