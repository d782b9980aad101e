// A Cassandra that is killed or stands still while ten players trade: what they are told meanwhile is in the journal alone,
// and when it is back all of it arrives in the ledger, once. Real services, a real process, the breaker's real thirty seconds.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  play,
  playUntil,
  playUntilAsked,
  playUntilCaughtUp,
  playUntilTold,
  readBooks,
  startBank,
  watchLeavers,
} from '../../bench/durable/bank.ts';
import { readMetrics, type ServerProcess } from '../../bench/server.ts';
import { auditLedger } from '../../src/store/audit.ts';
import { BREAKER_STATES } from '../../src/store/breaker.ts';
import { type Crowd, createCrowd } from '../../tools/chaos/crowd.ts';
import {
  openServicesAudit,
  type RedisScylla,
  startRedisScylla,
  stopRedisScylla,
} from '../../tools/services/redis-scylla.ts';
import { needs } from '../needs.ts';

const NAME = 'ledger';
const SEED = 17;
const PLAYERS = 10;
const PAUSE_MS_MAX = 500;
const WARM_S = 3;
/** Commands that are done while Cassandra is away. */
const DONE_MIN = 300;
const CASES_MS_MAX = 600_000;
const isMissing = needs('redis') === undefined || needs('cassandra') === undefined;

let stores: RedisScylla;

interface Case {
  readonly how: string;
  takeAway(): Promise<void>;
  bringBack(): Promise<void>;
}

const CASES: readonly Case[] = [
  { how: 'killed', takeAway: () => stores.cassandra.kill(1), bringBack: () => stores.cassandra.resume() },
  {
    how: 'standing still',
    takeAway: async () => stores.cassandra.pause(1),
    bringBack: async () => stores.cassandra.unpause(1),
  },
];

beforeAll(async () => {
  if (!isMissing) stores = await startRedisScylla(NAME, { durable: true }, {});
});
afterAll(async () => {
  if (stores !== undefined) await stopRedisScylla(stores);
});

const doneBy = ({ players }: Crowd) => players.reduce((sum, { done }) => sum + done, 0);

/** Trades go on while Cassandra is away; all of them wait. */
async function tradeWithout(crowd: Crowd, server: ServerProcess): Promise<void> {
  const before = doneBy(crowd);
  await playUntilTold(crowd, server, 'trades that are done and wait', (values) => {
    const isOpen = values.get('darkages_store_breaker_state{backend="scylla"}') === BREAKER_STATES.open;
    return isOpen && doneBy(crowd) >= before + DONE_MIN && values.get('darkages_ledger_waiting')! >= DONE_MIN;
  });
}

async function expectNothingRefused({ url }: ServerProcess): Promise<void> {
  const { values } = await readMetrics(url);
  for (const name of ['ledger_fenced_total', 'ledger_broken_total', 'store_saves_fenced_total']) {
    expect([name, values.get(`darkages_${name}`)]).toEqual([name, 0]);
  }
  expect(values.get('darkages_store_breaker_opened_total{backend="scylla"}')).toBeGreaterThan(0);
  expect(values.get('darkages_store_breaker_opened_total{backend="redis"}')).toBe(0);
}

async function expectBooksAddUp(crowd: Crowd): Promise<void> {
  expect(await readBooks(stores, NAME, crowd)).toEqual({ lost: 0, doubled: 0 });
  const source = await openServicesAudit(stores, NAME);
  try {
    const report = await auditLedger(source);
    expect(report).toMatchObject({ contradictions: [], fenced: 0, ahead: 0 });
    expect(report.entries).toBeGreaterThan(DONE_MIN);
  } finally {
    await source.close();
  }
}

async function playThrough({ takeAway, bringBack }: Case, server: ServerProcess): Promise<void> {
  const { url } = server;
  const crowd = await createCrowd({ url, players: PLAYERS, seed: SEED, transport: 'ws', pauseMsMax: PAUSE_MS_MAX });
  await play(crowd, WARM_S);
  const leavers = watchLeavers(crowd);
  await playUntil(crowd, 'Cassandra is away', takeAway());
  await tradeWithout(crowd, server);
  expect(leavers()).toBe(0);
  // A Cassandra that comes up on a slow machine takes less than they would ask for.
  crowd.trade(false);
  await playUntil(crowd, 'Cassandra is back', bringBack());
  await playUntilAsked(crowd, server);
  crowd.trade(true);
  await play(crowd, WARM_S);
  crowd.trade(false);
  await playUntilCaughtUp(crowd, server);
  expect(leavers()).toBe(0);
  await expectNothingRefused(server);
  await crowd.settle();
  expect(await server.stop()).toBe(0);
  await expectBooksAddUp(crowd);
}

describe.skipIf(isMissing)('ScyllaDB in trouble while players trade', () => {
  test.each(CASES)(
    '$how, and back: nobody leaves, and all that was promised meanwhile is in the ledger, once',
    async (outage) => {
      const server = await startBank(stores, NAME);
      try {
        await playThrough(outage, server);
      } catch (error) {
        console.error(server.output());
        throw error;
      } finally {
        await server.stop();
      }
    },
    CASES_MS_MAX,
  );
});
