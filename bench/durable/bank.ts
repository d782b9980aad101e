// A server with the bank (tools/chaos/bank.ts) on a real Redis and Cassandra, and a crowd that trades in it while a part of
// the store is taken away and brought back: what benches and tests of outages have in common.

import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PLAYING } from '../../src/client/state.ts';
import type { MetricValues } from '../../src/observe/metrics-text.ts';
import { BREAKER_STATES } from '../../src/store/breaker.ts';
import { type Books, type Crowd, compareBooks } from '../../tools/chaos/crowd.ts';
import { openServicesStore, type RedisScylla, servicesFlags } from '../../tools/services/redis-scylla.ts';
import { readMetrics, type ServerProcess, startServer } from '../server.ts';

/** For a breaker that is open to close, for a Cassandra to start, and for what was kept back to be written. */
const WAIT_MS_MAX = 240_000;
const LOOK_MS = 250;
/** A machine may stand still meanwhile. */
const LATE_MS_MAX = 60_000;

/** @param name of the store */
export function startBank(stores: RedisScylla, name: string): Promise<ServerProcess> {
  const game = fileURLToPath(new URL('../../tools/chaos/bank.ts', import.meta.url));
  const limits = ['--sessions-per-minute', '60000', '--players-per-address', '0'];
  return startServer({ args: ['--game', game, ...servicesFlags(stores, name), ...limits] });
}

export async function play(crowd: Crowd, seconds: number): Promise<void> {
  const untilMs = performance.now() + seconds * 1000;
  await crowd.until('time passes', seconds * 1000 + LATE_MS_MAX, () => performance.now() >= untilMs);
}

/** Plays until something is done. */
export async function playUntil(crowd: Crowd, what: string, done: Promise<void>): Promise<void> {
  let isOver = false;
  let failure: unknown;
  const over = (error?: unknown): void => {
    isOver = true;
    failure = error;
  };
  void done.then(() => over(), over);
  await crowd.until(what, WAIT_MS_MAX, () => isOver);
  if (failure !== undefined) throw failure;
}

/** Plays until the server's metrics are so. */
export function playUntilTold(
  crowd: Crowd,
  { url }: ServerProcess,
  what: string,
  isSo: (values: MetricValues) => boolean,
): Promise<void> {
  const look = async (): Promise<void> => {
    while (!isSo((await readMetrics(url)).values)) await sleep(LOOK_MS);
  };
  return playUntil(crowd, what, look());
}

/** Plays until both are asked again. */
export function playUntilAsked(crowd: Crowd, server: ServerProcess): Promise<void> {
  return playUntilTold(crowd, server, 'closed breakers', (values) => {
    const breakers = [...values].filter(([name]) => name.startsWith('darkages_store_breaker_state'));
    if (breakers.length !== 2) throw new Error('the server does not tell how its store is');
    return breakers.every(([, state]) => state === BREAKER_STATES.closed);
  });
}

/** Plays until the ledger has all that was promised but for the newest. */
export function playUntilCaughtUp(crowd: Crowd, server: ServerProcess): Promise<void> {
  return playUntilTold(crowd, server, 'a ledger that has caught up', (values) => {
    const waiting = values.get('darkages_ledger_waiting');
    if (waiting === undefined) throw new Error('the server does not tell how many commits wait');
    return waiting < crowd.players.length;
  });
}

/** How many have left since, for a moment or for good. Call it where all play. */
export function watchLeavers({ players }: Crowd): () => number {
  const welcomes = players.map(({ client }) => client.welcome);
  return () =>
    players.filter(({ client }, index) => client.state !== PLAYING || client.welcome !== welcomes[index]).length;
}

/** Compares what all were told with what the ledger has; the server has ended. */
export async function readBooks(stores: RedisScylla, name: string, { players }: Crowd): Promise<Books> {
  const store = await openServicesStore(stores, name);
  try {
    return await compareBooks(store, players, (line) => console.error(line));
  } finally {
    await store.close();
  }
}
