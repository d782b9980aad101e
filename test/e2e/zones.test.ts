// A node of two zones: a player is in one of them at a time, whatever it tries, and a zone that hangs is replaced while the
// other one plays on. Real processes, real sockets.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { STRANGERS_PER_ADDRESS_MAX } from '../../src/base/limits.ts';
import { SLASH } from '../../src/game/abilities.ts';
import { game as shipped } from '../../src/game/game.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import type { WireObject } from '../../src/wire/codec.ts';
import {
  connect,
  join,
  openSession,
  ownColumns,
  play,
  type RawClient,
  type Session,
  send,
} from '../../tools/hostile/raw-client.ts';
import { game } from './fixtures/hostile-game.ts';
import { game as stage } from './fixtures/stage-game.ts';
import { killServers, type LaunchedServer, readMetric, startServer, until } from './server.ts';

const GAME_FILE = joinPath(import.meta.dirname, 'fixtures', 'hostile-game.ts');
const STAGE_FILE = joinPath(import.meta.dirname, 'fixtures', 'stage-game.ts');

const STILL_SNAPSHOTS = 10;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'darkages-zones-'));
});
afterEach(async () => {
  await killServers();
  rmSync(folder, { recursive: true, force: true });
});

const startZones = () => startServer(folder, ['--zones', '2', '--game', GAME_FILE]);

async function joinZone({ zones, token }: Session, zoneId: number, played: AnyGame = game): Promise<RawClient> {
  const client = await connect(played, zones.find((zone) => zone.zoneId === zoneId)!.url);
  await join(client, token);
  return client;
}

async function enterZone(server: LaunchedServer, zoneId: number, guestSecret?: string, played?: AnyGame) {
  const session = await openSession(server.url(), guestSecret === undefined ? {} : { guestSecret });
  return { session, client: await joinZone(session, zoneId, played) };
}

/** Asks again for as long as the character lingers in another zone. */
async function enterOnceGone(server: LaunchedServer, zoneId: number, guestSecret: string, played?: AnyGame) {
  for (;;) {
    const { client } = await enterZone(server, zoneId, guestSecret, played);
    if (client.goodbye !== 'still_leaving') return client;
    await sleep(2000);
  }
}

let requests = 0;
async function ask(client: RawClient, request: WireObject): Promise<string> {
  const id = ++requests;
  send(client, { request: { id, ...request } });
  const answer = () => client.responses.find((response) => response.id === id);
  await until(`an answer to ${JSON.stringify(request)}`, () => answer() !== undefined);
  return String(answer()!.refused);
}

const walkedM = (client: RawClient) => ownColumns(client).walkedM!;

async function walk(client: RawClient, ms: number): Promise<void> {
  play(client, () => ({ moveX: 90, moveZ: 90, aim: 5000 }));
  await sleep(ms);
  play(client, () => ({ aim: 5000 }));
}

/** The last of its inputs have run, and their snapshots have come. */
async function untilStill(client: RawClient): Promise<void> {
  let since = client.snapshots;
  let last = walkedM(client);
  await until('it stands still', () => {
    if (walkedM(client) !== last) [since, last] = [client.snapshots, walkedM(client)];
    return client.snapshots > since + STILL_SNAPSHOTS;
  });
}

test('a token works in one zone; who asks for another zone leaves the first, and starts from its last save once it is gone', async () => {
  const server = await startZones();
  const { session, client: first } = await enterZone(server, 1);
  expect((await joinZone(session, 2)).goodbye).toBe('token_used');
  await walk(first, 2500);
  expect((await enterZone(server, 2, session.guestSecret)).client.goodbye).toBe('still_leaving');
  await until('the first is told', () => first.isClosed);
  expect(first.goodbye).toBe('replaced');
  const walked = walkedM(first);
  const second = await enterOnceGone(server, 2, session.guestSecret);
  // What was walked between the last snapshot and the end is saved too.
  expect(walkedM(second)).toBeGreaterThanOrEqual(walked);
  await walk(second, 1500);
  await untilStill(second);
  const before = ownColumns(second);
  expect(before.walkedM).toBeGreaterThan(walked);
  expect(await readMetric(server, 'darkages_store_saves_ignored_total')).toBe(0);
  server.launcher.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  const { client: after } = await enterZone(await startZones(), 1, session.guestSecret);
  expect(ownColumns(after).walkedM).toBe(before.walkedM);
});

test('changing the zone doubles no gold, undoes no death and refills nothing', async () => {
  const server = await startServer(folder, ['--zones', '2', '--game', STAGE_FILE]);
  const { session, client: rich } = await enterZone(server, 1, undefined, stage);
  const { client: friend } = await enterZone(server, 1, undefined, stage);
  play(rich, () => ({ aim: 0 }));
  play(friend, () => ({ aim: 0 }));
  const place = { facing: 0, zMm: 0 };
  await Promise.all([
    ask(rich, { own: { gold: 1000 } }),
    ask(friend, { own: { gold: 0 } }),
    ask(rich, { stand: { ...place, xMm: 1000, health: 14, mana: 0 } }),
    ask(friend, { stand: { ...place, xMm: 0, health: 100, mana: 100 } }),
  ]);
  await until(
    'it is seen',
    () => ownColumns(rich).gold === 1000 && ownColumns(rich).health === 14 && ownColumns(friend).gold === 0,
  );
  expect((await enterZone(server, 2, session.guestSecret, stage)).client.goodbye).toBe('still_leaving');
  await until('the first is told', () => rich.isClosed);
  // Its character stands there still, and can be killed like that of anybody who leaves.
  play(friend, () => ({ aim: 0, ability: SLASH }));
  await until('it is killed and its gold taken', () => ownColumns(friend).gold! > 0);
  play(friend, () => ({ aim: 0 }));
  const second = await enterOnceGone(server, 2, session.guestSecret, stage);
  play(second, () => ({ aim: 0 }));
  const { gold, deaths, health, shieldUntil } = ownColumns(second);
  expect([gold! + ownColumns(friend).gold!, deaths, health, shieldUntil]).toEqual([1000, 1, 0, 0]);
  expect(await ask(second, { respawn: {} })).toBe('too_soon');
  // Nobody got anything by the way: the friend is where it was, in the other zone, with what it had taken.
  expect([ownColumns(friend).kills, friend.isClosed]).toEqual([1, false]);
});

test('a zone that never ends its tick is replaced: its clients stay and play on, the other zone notices nothing', async () => {
  const server = await startZones();
  const [hung, other] = [(await enterZone(server, 1)).client, (await enterZone(server, 2)).client];
  await walk(hung, 1500);
  const walked = walkedM(hung);
  for (const client of [hung, other]) play(client, () => ({ aim: 5000 }));
  send(hung, { request: { id: 1, hang: {} } });
  await until('it is not ready', async () => (await fetch(`${server.url()}/readyz`)).status === 503);
  const snapshots = other.snapshots;
  await until('it goes on', async () => (await readMetric(server, 'darkages_restarts_total')) === 1);
  expect(other.snapshots - snapshots).toBeGreaterThan(20);
  const { snapshots: before } = hung;
  await until('snapshots', () => hung.snapshots > before + 5);
  expect([hung.isClosed, other.isClosed, server.starts()]).toEqual([false, false, 1]);
  expect(walkedM(hung)).toBeGreaterThanOrEqual(walked);
  expect(await readMetric(server, 'darkages_restarts_total', 'zone_id="2"')).toBe(0);
});

test('who has no wish is sent to the emptiest zone, and who comes back to where its character stands', async () => {
  const server = await startZones();
  const first = await openSession(server.url());
  expect(first.zones.map(({ zoneId }) => zoneId)).toEqual([1, 2]);
  await join(await connect(game, first.zones[0]!.url), first.token);
  const second = await openSession(server.url());
  expect(second.zones.map(({ zoneId }) => zoneId)).toEqual([2, 1]);
  const again = await openSession(server.url(), { guestSecret: first.guestSecret });
  expect(again.zones.map(({ zoneId }) => zoneId)).toEqual([1, 2]);
});

test('bots go where they are told, or spread over the zones', async () => {
  const server = await startZones();
  const players = async (zoneId: number) => readMetric(server, 'darkages_players', `zone_id="${zoneId}"`);
  const runBots = async (...args: readonly string[]) => {
    const flags = ['--url', server.url(), '--game', GAME_FILE, '--ramp-up', '2', '--duration', '1', ...args];
    const bots = spawn(process.execPath, ['tools/swarm/main.ts', ...flags], { stdio: 'ignore' });
    expect((await once(bots, 'exit'))[0]).toBe(0);
  };
  await runBots('--bots', '2', '--zone', '2');
  expect([await players(1), await players(2)]).toEqual([0, 2]);
  await runBots('--bots', '4');
  // The first two at least find zone 2 fuller.
  expect(await players(1)).toBeGreaterThanOrEqual(2);
  expect((await players(1)) + (await players(2))).toBe(6);
});

test('behind a TLS proxy: the advertised URLs are told, the page there is let in, and sockets are not counted by address', async () => {
  const advertise = 'wss://play.example/zone/{zone}';
  const server = await startServer(folder, ['--zones', '2', '--advertise', advertise, '--trust-proxy']);
  expect(server.output()).toContain('wss://play.example/zone/2');
  const origin = 'https://play.example';
  const { status, zones, token } = await openSession(server.url(), {}, { origin });
  expect([status, zones.map(({ url }) => url)]).toEqual([
    200,
    ['wss://play.example/zone/1', 'wss://play.example/zone/2'],
  ]);
  expect((await openSession(server.url(), {}, { origin: 'https://evil.example' })).status).toBe(403);
  const strangers = Array.from({ length: STRANGERS_PER_ADDRESS_MAX + 1 }, () => connect(shipped, server.zoneUrl()));
  for (const stranger of await Promise.all(strangers)) expect(stranger.isClosed).toBe(false);
  const client = await connect(shipped, `${server.zoneUrl()}/zone/1`, { origin });
  await join(client, token);
  expect(client.welcome).toBeDefined();
});
