// Players who trade while a part of the store is away, and whether anything of it shows: a real server on a real Redis and
// Cassandra, a crowd whose commands are answered, and a comparison at the end of what each was told with what the ledger
// in Cassandra has. Trades go at a pace that one machine's Cassandra can follow.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Crowd, createCrowd } from '../../tools/chaos/crowd.ts';
import { findCassandra } from '../../tools/services/cassandra.ts';
import { type RedisScylla, startRedisScylla, stopRedisScylla } from '../../tools/services/redis-scylla.ts';
import { quantileOf } from '../../tools/swarm/statistics.ts';
import type { Bench, Figure } from '../bench.ts';
import { watchMissedTicks } from '../missed-ticks.ts';
import { findOnPath, type ServerProcess } from '../server.ts';
import { play, playUntil, playUntilAsked, playUntilCaughtUp, readBooks, startBank, watchLeavers } from './bank.ts';

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
const ANSWER_MS_MAX = 60_000;

/** 200 players, half a minute without; ten and three seconds where it is small. */
export function outageBench(outage: Omit<Outage, 'players' | 'seconds'>): Bench {
  return {
    figures: NAMES.map((figure) => `${outage.name}.${figure}`),
    needs: missingStore,
    run: (seed, isSmall) => measureOutage({ ...outage, players: isSmall ? 10 : 200, seconds: isSmall ? 3 : 30 }, seed),
  };
}

function missingStore(): string | undefined {
  if (findOnPath(['redis-server']) === undefined) return 'redis-server';
  return findCassandra() === undefined ? 'Cassandra' : undefined;
}

async function measureOutage(outage: Outage, seed: number): Promise<Figure[]> {
  const stores = await startStores(outage);
  try {
    const server = await startBank(stores, STORE_NAME);
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
  const leavers = watchLeavers(crowd);
  const ticks = watchMissedTicks(server.url, server.process.pid!, 1);
  const start = waits.length;
  const wholeS = await playUntilAnswered(crowd, seconds, waits);
  const whole = waits.length;
  await playUntil(crowd, 'a part of the store is gone', outage.takeAway(stores));
  const taken = waits.length;
  const awayS = await playUntilAnswered(crowd, seconds, waits);
  const away = waits.length;
  await playUntil(crowd, 'it is back', outage.bringBack(stores));
  await playUntilAsked(crowd, server);
  crowd.trade(false);
  await playUntilCaughtUp(crowd, server);
  const { missed, forCores } = await ticks.stop();
  const left = leavers();
  await crowd.settle();
  await server.stop();
  const books = await readBooks(stores, STORE_NAME, crowd);
  const waitsAway = waits.slice(taken, away);
  const values: Readonly<Record<string, readonly [number, string]>> = {
    missedTicks: [missed, 'ticks'],
    missedForCores: [forCores, 'ticks'],
    lost: [books.lost, 'units'],
    doubled: [books.doubled, 'units'],
    left: [left, 'players'],
    commandsPerSecond: [waitsAway.length / awayS, '1/s'],
    commandsShare: [waitsAway.length / awayS / ((whole - start) / wholeS), ''],
    commandMsP99: [quantileOf(waitsAway, 0.99), 'ms'],
  };
  const checksum = `${waits.length} answered`;
  return NAMES.map((name) => {
    const [value, unit] = values[name]!;
    return { figure: `${outage.name}.${name}`, value, unit, seed, checksum };
  });
}

/** So long, and on until something was answered, since a machine may stand still in that time; the seconds it took. */
async function playUntilAnswered(crowd: Crowd, seconds: number, waits: readonly number[]): Promise<number> {
  const startMs = performance.now();
  const { length } = waits;
  await play(crowd, seconds);
  await crowd.until('a command is answered', ANSWER_MS_MAX, () => waits.length > length);
  return (performance.now() - startMs) / 1000;
}
