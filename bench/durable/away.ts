// Players who trade while a part of the store is away, and whether anything of it shows: a real server on a real Redis and
// Cassandra, a crowd whose commands are answered, and a comparison at the end of what each was told with what the ledger
// in Cassandra has. Trades go at a pace that one machine's Cassandra can follow.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TICK_MS } from '../../src/base/limits.ts';
import { PLAYING } from '../../src/client/state.ts';
import { type Books, type Crowd, compareBooks, createCrowd } from '../../tools/chaos/crowd.ts';
import { findCassandra } from '../../tools/services/cassandra.ts';
import {
  openServicesStore,
  type RedisScylla,
  servicesFlags,
  startRedisScylla,
  stopRedisScylla,
} from '../../tools/services/redis-scylla.ts';
import { quantileOf } from '../../tools/swarm/statistics.ts';
import type { Figure } from '../bench.ts';
import { findOnPath, readMetrics, type ServerProcess, startServer, threadWaitMs } from '../server.ts';

export interface Stores extends RedisScylla {
  /** Where Redis goes on with what it had. */
  readonly redisFolder: string;
}

export interface Outage {
  /** What figures begin with. */
  readonly name: string;
  readonly cassandraNodes: number;
  readonly players: number;
  /** With all there, then with a part away. */
  readonly seconds: number;
  takeAway(stores: Stores): Promise<void>;
  bringBack(stores: Stores): Promise<void>;
}

interface Reading {
  readonly missed: number;
  readonly waitedMs: number;
  readonly commands: number;
}

const NAMES = [
  'missedTicks',
  'missedForCores',
  'lost',
  'doubled',
  'left',
  'commandsPerSecond',
  'commandsShare',
  'commandMsP99',
];
const STORE_NAME = 'away';
const PAUSE_MS_MAX = 2_000;
const WARM_S = 5;
/** For a breaker that is open to close, and for what was kept back to be written. */
const BACK_MS_MAX = 120_000;
const LOOK_MS = 250;

export function figuresOf(name: string): string[] {
  return NAMES.map((figure) => `${name}.${figure}`);
}

export function missingStore(): string | undefined {
  if (findOnPath(['redis-server']) === undefined) return 'redis-server';
  return findCassandra() === undefined ? 'Cassandra' : undefined;
}

export async function measureOutage(outage: Outage, seed: number): Promise<Figure[]> {
  const stores = await startStores(outage);
  try {
    const server = await startBank(stores);
    try {
      return await measure(outage, stores, server, seed);
    } catch (error) {
      console.error(server.output());
      throw error;
    } finally {
      await server.stop();
    }
  } finally {
    await stopRedisScylla(stores);
    rmSync(stores.redisFolder, { recursive: true, force: true });
  }
}

async function startStores({ cassandraNodes }: Outage): Promise<Stores> {
  const redisFolder = mkdtempSync(join(tmpdir(), 'darkages-redis-'));
  const cassandra = { nodes: cassandraNodes, durable: true };
  return { ...(await startRedisScylla(STORE_NAME, cassandra, { folder: redisFolder })), redisFolder };
}

function startBank(stores: Stores): Promise<ServerProcess> {
  const game = fileURLToPath(new URL('../../tools/chaos/bank.ts', import.meta.url));
  const limits = ['--sessions-per-minute', '60000', '--players-per-address', '0'];
  return startServer({ args: ['--game', game, ...servicesFlags(stores, STORE_NAME), ...limits] });
}

async function measure(outage: Outage, stores: Stores, server: ServerProcess, seed: number): Promise<Figure[]> {
  const waits: number[] = [];
  const answered = (waitedMs: number): void => void waits.push(waitedMs);
  const { players, seconds } = outage;
  const crowd = await createCrowd({
    url: server.url,
    players,
    seed,
    transport: 'ws',
    pauseMsMax: PAUSE_MS_MAX,
    answered,
  });
  await play(crowd, WARM_S);
  const welcomes = crowd.players.map(({ client }) => client.welcome);
  const read = async (): Promise<Reading> => {
    const { values } = await readMetrics(server.url);
    const missed = values.get('darkages_missed_ticks_total{zone_id="1"}');
    if (missed === undefined) throw new Error('the zone does not tell its missed ticks');
    return { missed, waitedMs: threadWaitMs(server.process.pid!, 'zone-1'), commands: waits.length };
  };
  const start = await read();
  await play(crowd, seconds);
  const whole = await read();
  await playUntil(crowd, outage.takeAway(stores));
  const taken = await read();
  await play(crowd, seconds);
  const away = await read();
  await playUntil(crowd, outage.bringBack(stores));
  await untilCaughtUp(crowd, server);
  const end = await read();
  const left = crowd.players.filter(
    ({ client }, index) => client.state !== PLAYING || client.welcome !== welcomes[index],
  );
  await crowd.settle();
  await server.stop();
  const books = await readBooks(stores, crowd);
  const waitsAway = waits.slice(taken.commands, away.commands);
  const missed = end.missed - start.missed;
  // Those for which the zone waited for a core that others had are the machine's.
  const forCores = Math.min(missed, Math.ceil((end.waitedMs - start.waitedMs) / TICK_MS));
  const values: Readonly<Record<string, readonly [number, string]>> = {
    missedTicks: [missed - forCores, 'ticks'],
    missedForCores: [forCores, 'ticks'],
    lost: [books.lost, 'units'],
    doubled: [books.doubled, 'units'],
    left: [left.length, 'players'],
    commandsPerSecond: [waitsAway.length / seconds, '1/s'],
    commandsShare: [waitsAway.length / (whole.commands - start.commands), ''],
    commandMsP99: [quantileOf(waitsAway, 0.99), 'ms'],
  };
  const checksum = `${waits.length} answered`;
  return NAMES.map((name) => {
    const [value, unit] = values[name]!;
    return { figure: `${outage.name}.${name}`, value, unit, seed, checksum };
  });
}

async function play(crowd: Crowd, seconds: number): Promise<void> {
  const untilMs = performance.now() + seconds * 1000;
  await crowd.until('time passes', seconds * 2_000, () => performance.now() >= untilMs);
}

/** Plays until something is done. */
async function playUntil(crowd: Crowd, done: Promise<void>): Promise<void> {
  let isOver = false;
  let failure: unknown;
  const over = (error?: unknown): void => {
    isOver = true;
    failure = error;
  };
  void done.then(() => over(), over);
  await crowd.until('what is away comes and goes', BACK_MS_MAX, () => isOver);
  if (failure !== undefined) throw failure;
}

/** Until both are asked again, and the ledger has all that was promised but for the newest. */
async function untilCaughtUp(crowd: Crowd, server: ServerProcess): Promise<void> {
  const look = async (): Promise<void> => {
    for (;;) {
      const { values } = await readMetrics(server.url);
      const breakers = [...values].filter(([name]) => name.startsWith('darkages_store_breaker_state'));
      const waiting = values.get('darkages_ledger_waiting');
      if (breakers.length !== 2 || waiting === undefined) throw new Error('the server does not tell how its store is');
      if (breakers.every(([, state]) => state === 0) && waiting < crowd.players.length) return;
      await sleep(LOOK_MS);
    }
  };
  await playUntil(crowd, look());
}

async function readBooks(stores: Stores, { players }: Crowd): Promise<Books> {
  const store = await openServicesStore(stores, STORE_NAME);
  try {
    return await compareBooks(store, players, (line) => console.error(line));
  } finally {
    await store.close();
  }
}
