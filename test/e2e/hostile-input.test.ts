// A client that sends nothing but what no honest one can, beside an honest one that must not notice.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { enter, nextTick, play, type RawClient, send } from '../../tools/hostile/raw-client.ts';
import { game } from './fixtures/chat-game.ts';
import { killServers, type LaunchedServer, linesOf, startServer, until } from './server.ts';

const GAME_FILE = joinPath(import.meta.dirname, 'fixtures', 'chat-game.ts');
const data = mkdtempSync(joinPath(tmpdir(), 'darkages-input-'));

let server: LaunchedServer;
let honest: RawClient;

beforeAll(async () => {
  server = await startServer(data, ['--game', GAME_FILE]);
  honest = (await enter(game, server.url())).client;
  play(honest, (tick) => ({ moveX: 127, aim: (tick * 9000) & 0xffff, claimedX: 0, claimedY: 0, claimedZ: 0 }));
});

afterAll(async () => {
  await killServers();
  rmSync(data, { recursive: true, force: true });
});

async function readCount(sample: string): Promise<number> {
  const text = await (await fetch(`${server.url()}/metrics`)).text();
  return Number(new RegExp(`^darkages_${sample}.* (\\d+)$`, 'm').exec(text)?.[1]);
}

test('claims outside the world and inputs from another time end in goodbye cheating, and it is no log line', async () => {
  const lines = linesOf(server).length;
  const { client, session } = await enter(game, server.url());
  for (let round = 0; round < 900 && !client.isClosed; round++) {
    const tick = nextTick(client);
    send(client, { inputs: [{ tick, claimedX: 2 ** 31 - 1, claimedY: 0, claimedZ: 0 }, { tick: 0x7fff_ffff }] });
    await sleep(15);
  }
  expect([client.isClosed, client.goodbye]).toEqual([true, 'cheating']);
  expect(await readCount('guard_closed_total')).toBe(1);
  expect(await readCount('guard_suspects_total')).toBe(1);
  expect(await readCount('guard_violations_total\\{.*rule="time_warp"')).toBeGreaterThan(50);
  // Half of its points are still there when it comes back.
  const again = (await enter(game, server.url(), session.guestSecret)).client;
  expect(again.welcome).toBeDefined();
  const snapshots = honest.snapshots;
  await until('the honest one goes on', () => honest.snapshots > snapshots + 5);
  expect(honest.isClosed).toBe(false);
  expect(linesOf(server).length, server.output()).toBe(lines);
});
