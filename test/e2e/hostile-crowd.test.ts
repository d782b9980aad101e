// One host that opens session after session, each of them honest: it gets its share of a zone's places and no more.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, hangUp, join, openSession, type RawClient } from '../../tools/hostile/raw-client.ts';
import { leaveUdp, openUdpSession, startUdpClient, type UdpClient } from '../../tools/hostile/udp-client.ts';
import { game } from './fixtures/chat-game.ts';
import { killServers, type LaunchedServer, startServer, until } from './server.ts';

const GAME_FILE = joinPath(import.meta.dirname, 'fixtures', 'chat-game.ts');
const PLAYERS = 2;
const data = mkdtempSync(joinPath(tmpdir(), 'darkages-crowd-'));

let server: LaunchedServer;

beforeAll(async () => {
  server = await startServer(data, ['--game', GAME_FILE, '--players-per-address', String(PLAYERS)]);
});

afterAll(async () => {
  await killServers();
  rmSync(data, { recursive: true, force: true });
});

/** A new guest, from one of this machine's addresses; in the zone, or told why not. */
async function come(localAddress = '127.0.0.1'): Promise<RawClient> {
  const { token } = await openSession(server.url());
  const client = await connect(game, server.zoneUrl(), { localAddress });
  await join(client, token);
  return client;
}

async function comeByUdp(host = '127.0.0.1'): Promise<UdpClient> {
  const { connectToken, token } = await openUdpSession(server.url());
  const client = await startUdpClient(game, connectToken, token, host);
  await until('it is in, or told why not', () => client.snapshots > 0 || client.goodbye !== '');
  return client;
}

async function countRefused(): Promise<number> {
  const text = await (await fetch(`${server.url()}/metrics`)).text();
  const samples = text.matchAll(/^darkages_connections_refused_total\{.*reason="address_full".* (\d+)$/gm);
  return [...samples].reduce((sum, [, count]) => sum + Number(count), 0);
}

test('address_full: a player too many of one address is told so, by WebSocket and by UDP, and another address is let in', async () => {
  const players = [await come(), await come()];
  expect(players.map(({ goodbye }) => goodbye)).toEqual(['', '']);
  const late = await come();
  expect([late.welcome, late.goodbye, late.isClosed]).toEqual([undefined, 'address_full', true]);
  const other = await come('127.0.0.2');
  expect([other.welcome !== undefined, await countRefused()]).toEqual([true, 1]);
  await hangUp(players[0]!);
  await until('its place is free', async () => {
    const next = await come();
    await hangUp(next);
    return next.welcome !== undefined;
  });
  const refused = await countRefused();
  const byUdp = [await comeByUdp(), await comeByUdp()];
  expect(byUdp.map(({ goodbye }) => goodbye)).toEqual(['', '']);
  const lateByUdp = await comeByUdp();
  expect(lateByUdp.goodbye).toBe('address_full');
  const otherByUdp = await comeByUdp('127.0.0.2');
  expect([otherByUdp.goodbye, await countRefused()]).toEqual(['', refused + 1]);
  expect(players[1]!.isClosed).toBe(false);
  for (const client of [...byUdp, lateByUdp, otherByUdp]) leaveUdp(client);
});
