// Each rule of an edge, a zone or the gateway against a hostile client over a real socket (attacks.ts): that rule alone is
// counted, as often as it was broken, nothing is logged, an honest client beside it notices nothing, and the session goes
// on unless the rule ends it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMetrics } from '../../bench/server.ts';
import { type BlockKind, COUNTERS, type CounterRow } from '../../src/base/counters.ts';
import { RULES } from '../../src/guard/rules.ts';
import { enter, hangUp, type RawClient, send } from '../../tools/hostile/raw-client.ts';
import { ATTACKS } from './attacks.ts';
import { game } from './fixtures/chat-game.ts';
import { killServers, type LaunchedServer, linesOf, startServer, until } from './server.ts';

const GAME_FILE = joinPath(import.meta.dirname, 'fixtures', 'chat-game.ts');
/** Well below what makes it idle. */
const PING_MS = 1000;
/** Snapshots within which everything that was sent has been counted. */
const SETTLE_SNAPSHOTS = 6;
const CONNECTIONS = 'darkages_connections{zone_id="1"}';
const data = mkdtempSync(joinPath(tmpdir(), 'darkages-rules-'));
const counters = new Set(RULES.map(({ counter }) => counter));

let server: LaunchedServer;
/** Sends nothing but pings: an input of its own that came late would be counted too. */
let honest: RawClient;
let timer: NodeJS.Timeout;

beforeAll(async () => {
  server = await startServer(data, ['--game', GAME_FILE, '--sessions-per-minute', '100000']);
  honest = (await enter(game, server.url())).client;
  timer = setInterval(() => send(honest, { ping: { clientTimeMs: 5 } }), PING_MS);
});

afterAll(async () => {
  clearInterval(timer);
  await killServers();
  rmSync(data, { recursive: true, force: true });
});

/** Of each rule that is counted in /metrics, by its counter. */
async function readCounts(): Promise<Map<string, number>> {
  const { values } = await readMetrics(server.url());
  const counts = new Map<string, number>();
  for (const counter of counters) {
    const [kind, name] = counter.split('.') as [BlockKind, string];
    const row = (COUNTERS[kind] as Record<string, CounterRow> | undefined)?.[name];
    if (row === undefined) continue;
    const hasZone = kind !== 'gateway' && row.isOfNode !== true;
    const labels = Object.entries({ ...(hasZone && { zone_id: '1' }), ...row.labels }).map(
      ([label, value]) => `${label}="${value}"`,
    );
    const count = values.get(`darkages_${row.metric}{${labels.join(',')}}`);
    expect([counter, count]).toEqual([counter, expect.any(Number)]);
    counts.set(counter, count!);
  }
  return counts;
}

async function countConnections(): Promise<number> {
  const { values } = await readMetrics(server.url());
  return values.get(CONNECTIONS) ?? 0;
}

function differences(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Map<string, number> {
  const moved = [...after].map(([counter, count]) => [counter, count - before.get(counter)!] as const);
  return new Map(moved.filter(([, times]) => times !== 0));
}

const cases = RULES.flatMap((rule) => {
  const attack = ATTACKS[rule.code];
  return attack === undefined || 'inProcess' in attack ? [] : [{ ...rule, attack, sends: attack.sends }];
});

test.each(cases)('$code: $sends', async ({ counter, attack }) => {
  const { client, session } = await enter(game, server.url());
  const lines = linesOf(server).length;
  const before = await readCounts();
  const count = async (): Promise<number> => differences(before, await readCounts()).get(counter) ?? 0;
  const { times, told = '' } = await attack.run({ server, client, session, count });
  expect(told).toBe(attack.told ?? '');
  await until(`${counter} is counted`, async () => (await count()) >= (times ?? 1));
  const [mine, others] = [client.snapshots, honest.snapshots];
  await until('the honest one goes on', () => honest.snapshots > others + SETTLE_SNAPSHOTS);
  const moved = differences(before, await readCounts());
  if (times !== undefined) expect(moved.get(counter)).toBe(times);
  for (const allowed of [counter, ...(attack.also ?? [])]) moved.delete(allowed);
  expect([...moved]).toEqual([]);
  expect(client.isClosed).toBe(attack.ends === true);
  if (!client.isClosed) expect(client.snapshots).toBeGreaterThan(mine);
  expect(linesOf(server).length, server.output()).toBe(lines);
  await hangUp(client);
  // What it sent last waits in its socket while a flood is held, and would be counted with the next rule.
  await until('the edge has closed it', async () => (await countConnections()) === 1);
});
