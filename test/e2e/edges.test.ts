// A zone with two edges of each kind: players of all four see, hit, hear and invite each other, one edge's death is the
// others' without effect, and the node ends in order. Real processes, real sockets.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { threadWaitMs } from '../../bench/server.ts';
import { watchStandstill } from '../../bench/standstill.ts';
import { SNAPSHOT_INTERVAL_TICKS, TICK_MS } from '../../src/base/limits.ts';
import { createRandom } from '../../src/base/random.ts';
import { createClient, sendRequest, startClient, stopClient, updateClient } from '../../src/client/client.ts';
import { createGuestSecret, createSessionRequest, type GuestSecret } from '../../src/client/session.ts';
import { type Client, PLAYING } from '../../src/client/state.ts';
import { SLASH } from '../../src/game/abilities.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { steadyMs } from '../../src/io/system.ts';
import { openUdp } from '../../src/io/udp.ts';
import { readColumns } from '../../src/snapshot/replicas.ts';
import { enter, play, send } from '../../tools/hostile/raw-client.ts';
import type { Link } from '../../tools/swarm/link.ts';
import { createUdpHost, type UdpHost } from '../../tools/swarm/udp-host.ts';
import { game } from './fixtures/edges-game.ts';
import { killServers, type LaunchedServer, readMetric, startServer, until } from './server.ts';

const GAME_FILE = join(import.meta.dirname, 'fixtures', 'edges-game.ts');
const PERFECT = { latencyMs: 0, jitterMs: 0, lossShare: 0 };
const TURN_MS = 8;
/** Timers of 10 ms that come later than that were kept from it. */
const STOOD_MS_MIN = 60;
const clock = { now: steadyMs };

interface Player {
  readonly client: Client;
  readonly link: Link;
  readonly secret: GuestSecret;
  /** Events of the game, oldest first. */
  readonly events: { readonly name: string; readonly values: Readonly<Record<string, number | string>> }[];
}

let folder: string;
let server: LaunchedServer;
let host: UdpHost;
let players: Player[];
let timer: NodeJS.Timeout;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-edges-'));
  players = [];
  host = await createUdpHost({ openUdp, aead: createSodiumAead(), clock });
  timer = setInterval(() => {
    const nowMs = steadyMs();
    host.leaveAt(nowMs, nowMs);
    for (const { client, link } of players) {
      link.update(nowMs);
      updateClient(client, nowMs);
    }
    host.turn(nowMs);
  }, TURN_MS);
});
afterEach(async () => {
  clearInterval(timer);
  for (const { client } of players) stopClient(client);
  host.close();
  await killServers();
  rmSync(folder, { recursive: true, force: true });
});

const killFile = () => join(folder, 'kill-edge');
const start = (...args: string[]) =>
  startServer(folder, ['--edges', '2', '--game', GAME_FILE, ...args], { DARKAGES_TEST_KILL_EDGE: killFile() });

async function post(url: string, body: unknown) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as unknown };
}

/** By UDP; once it plays. */
async function enterByUdp(secret = createGuestSecret()): Promise<Player> {
  const link = host.createLink(PERFECT, createRandom(players.length));
  const events: Player['events'] = [];
  const client = createClient({
    game,
    requestSession: createSessionRequest({ post, baseUrl: server.url(), secret, transport: 'udp' }),
    openSocket: link.open,
    clock,
    random: () => 0,
    repeatInputs: 5,
    events: { event: (name, values) => void events.push({ name, values }) },
  });
  const player = { client, link, secret, events };
  players.push(player);
  startClient(client, steadyMs());
  await until('it plays', () => client.state === PLAYING);
  return player;
}

const lines = async () =>
  (await (await fetch(`${server.url()}/connections`)).json()) as { playerId: number; zoneId: number; edge: number }[];

/** Through which edges they play, once all lines are known that there are: they are written down once a second. */
async function edgesOf(...of: readonly Player[]): Promise<number[]> {
  let all = await lines();
  await until('all lines are known', async () => {
    all = await lines();
    return all.length === (await readMetric(server, 'darkages_connections'));
  });
  return of.map(({ client }) => all.find(({ playerId }) => String(playerId) === client.welcome?.playerId)?.edge ?? 0);
}

async function ask({ client }: Player, name: string, values: Readonly<Record<string, number | string>> = {}) {
  const { promise, resolve } = Promise.withResolvers<string>();
  sendRequest(client, name, values, steadyMs(), resolve);
  return promise;
}

/** What `by` sees of `of`; undefined: nothing. */
function sees(by: Player, of: Player): Readonly<Record<string, number>> | undefined {
  const replica = by.client.replicas.bySlot.get(of.client.welcome!.slot);
  return replica && readColumns(by.client.replicas, replica);
}

const nameOf = ({ client }: Player) => client.welcome!.name;
const heard = ({ events }: Player, name: string, part: object) =>
  events.some((event) => event.name === name && Object.entries(part).every(([key, is]) => event.values[key] === is));
const standAt = (player: Player, xMm: number, health = 100) =>
  ask(player, 'stand', { xMm, zMm: 0, facing: 0, health, mana: 100 });

test('players on two UDP edges of a zone see, hit, hear and invite each other', async () => {
  server = await start();
  const [left, right] = [await enterByUdp(), await enterByUdp()];
  expect(await edgesOf(left, right)).toEqual([1, 2]);
  expect(await readMetric(server, 'darkages_connections', 'edge="udp-1"')).toBe(1);
  expect(await readMetric(server, 'darkages_connections', 'edge="udp-2"')).toBe(1);
  expect([await standAt(left, 1000), await standAt(right, 0, 14)]).toEqual(['', '']);
  await until('they see each other', () => sees(left, right)?.health === 14 && sees(right, left)?.health === 100);

  // From the left one's right side: the blow, the death and the story of it go through both edges.
  await until('the blow is dealt', () => {
    left.client.intent.aim = aimAt(sees(left, left)!, sees(left, right)!);
    left.client.intent.inputs.ability = SLASH;
    return sees(right, right)?.health === 0;
  });
  left.client.intent.inputs.ability = 0;
  for (const player of [left, right]) {
    await until('the death is told', () => heard(player, 'killed', { name: nameOf(right), by: nameOf(left) }));
    expect(heard(player, 'hit', { ability: SLASH })).toBe(true);
    await until('the death is seen', () => sees(player, right)?.health === 0);
  }
  await until('the kill is counted', () => sees(left, left)?.kills === 1 && sees(right, right)?.deaths === 1);

  expect(await ask(right, 'say', { text: 'well struck' })).toBe('');
  expect(await ask(left, 'whisper', { to: nameOf(right), text: 'again?' })).toBe('');
  for (const player of [left, right]) {
    await until('the chat is heard', () => heard(player, 'said', { from: nameOf(right), text: 'well struck' }));
    await until('the whisper is heard', () => heard(player, 'said', { from: nameOf(left), text: 'again?' }));
  }
  expect(await ask(left, 'invite', { name: nameOf(right) })).toBe('');
  await until('the invitation', () => heard(right, 'invited', { from: nameOf(left) }));
  expect(await ask(right, 'accept')).toBe('');
  await until('they are a party', () => sees(left, right)!.party === sees(left, left)!.party);
  expect(await ask(left, 'kick', { name: nameOf(right) })).toBe('');
  await until('it is thrown out', () => heard(right, 'party', { thrownOut: 1 }) || sees(right, right)?.party === 0);
});

test('the same player by another edge takes the character over, and by another kind of edge', async () => {
  server = await start();
  const first = await enterByUdp();
  expect(await edgesOf(first, await enterByUdp(), await enterByUdp())).toEqual([1, 2, 1]);
  expect(await ask(first, 'own', { gold: 555 })).toBe('');
  const { slot } = first.client.welcome!;
  let wasReplaced = false;
  void until('the first loses it', () => first.client.state !== PLAYING).then(() => {
    wasReplaced = true;
    stopClient(first.client);
  });
  const again = await enterByUdp(first.secret);
  await until('replaced', () => wasReplaced);
  expect([again.client.welcome!.slot, await readMetric(server, 'darkages_players')]).toEqual([slot, 3]);
  await until('it plays through the other edge', async () => (await edgesOf(again))[0] === 2);
  await until('it is the same character', () => sees(again, again)?.gold === 555);
  const { client } = await enter(game, server.url(), first.secret.load());
  expect([client.welcome?.slot, await readMetric(server, 'darkages_players')]).toEqual([slot, 3]);
});

test('one edge dies: its players come back to their characters, those of the others play on', async () => {
  server = await start();
  const [stays, falls] = [await enterByUdp(), await enterByUdp()];
  expect(await edgesOf(stays, falls)).toEqual([1, 2]);
  const byWebSocket = (await enter(game, server.url())).client;
  play(byWebSocket, () => ({}));
  await standAt(stays, 2000);
  expect(await ask(falls, 'own', { gold: 666 })).toBe('');
  await until('they see each other', () => sees(stays, falls) !== undefined && sees(falls, falls)?.gold === 666);
  const { slot } = falls.client.welcome!;
  const stood = watchStandstill();
  const readWaitMs = (): number =>
    threadWaitMs(server.nodePid(), 'zone-1') + threadWaitMs(server.nodePid(), 'udp-edge-1') + stood.ms();
  const before = {
    lost: stays.client.stats.snapshotsLost,
    webSocket: byWebSocket.snapshots,
    waitMs: readWaitMs(),
  };
  let gapMs = 0;
  let lookedMs = steadyMs();
  let heardMs = lookedMs;
  let { tick } = stays.client.replicas;
  const watch = setInterval(() => {
    const nowMs = steadyMs();
    // While this process stood still nobody could be heard.
    if (nowMs - lookedMs > STOOD_MS_MIN) heardMs += nowMs - lookedMs;
    lookedMs = nowMs;
    if (stays.client.replicas.tick !== tick) heardMs = nowMs;
    ({ tick } = stays.client.replicas);
    gapMs = Math.max(gapMs, nowMs - heardMs);
  }, 10);
  writeFileSync(killFile(), 'udp-edge-1-2');
  await until(
    () => `the edge runs again\n${server.output()}`,
    () => server.output().includes('the thread runs again'),
  );
  expect(server.output()).toContain('udp-edge-1-2');
  await until('it plays again', () => falls.client.stats.reconnects === 1 && falls.client.state === PLAYING);
  clearInterval(watch);
  expect(falls.client.welcome!.slot).toBe(slot);
  await until('it is the same character', () => sees(falls, falls)?.gold === 666 && sees(falls, stays) !== undefined);
  // Twenty times a second all the while; the machine may be busy with the new thread for a moment.
  expect(gapMs).toBeLessThan(1000);
  expect([stays.client.stats.reconnects, stays.client.state, byWebSocket.isClosed]).toEqual([0, PLAYING, false]);
  await until('more snapshots', () => byWebSocket.snapshots > before.webSocket + 10);
  const lost = stays.client.stats.snapshotsLost - before.lost;
  // But for those that nobody could send: its zone or its edge had no core.
  const unsent = (readWaitMs() - before.waitMs) / (SNAPSHOT_INTERVAL_TICKS * TICK_MS);
  stood.stop();
  expect(lost).toBeLessThan(10 + unsent);
  expect([await readMetric(server, 'darkages_restarts_total'), server.starts()]).toEqual([0, 1]);
  // Sent to where there is room: whichever edge that is, both take players.
  expect(await readMetric(server, 'darkages_edge_starts_total', 'edge="udp-2"')).toBe(2);
  expect(await readMetric(server, 'darkages_edge_starts_total', 'edge="udp-1"')).toBe(1);
});

test('two WebSocket edges: players are spread over their ports, see each other, and are told when the node ends', async () => {
  server = await start('--zones', '2');
  const clients = [];
  const urls = new Set<string>();
  for (let index = 0; index < 8; index++) {
    const { client, session } = await enter(game, server.url());
    clients.push(client);
    urls.add(session.zones[0]!.url);
    play(client, () => ({}));
    send(client, { request: { id: 1, stand: { xMm: index * 1000, zMm: 0, facing: 0, health: 100, mana: 100 } } });
  }
  const printed = [...server.output().matchAll(/ws:\/\/\S+/g)].map(String);
  expect([printed.length, [...urls].toSorted()]).toEqual([4, printed.toSorted()]);
  for (const edge of ['ws-1', 'ws-2']) {
    for (const zone of ['1', '2']) {
      const labels = `zone_id="${zone}",edge="${edge}"`;
      expect([labels, await readMetric(server, 'darkages_connections', labels)]).toEqual([labels, 2]);
    }
  }
  for (const client of clients) {
    const { zoneId } = client.welcome!;
    const others = clients.filter((other) => other.welcome!.zoneId === zoneId);
    await until('all of the zone are seen', () =>
      others.every(({ welcome }) => client.replicas.bySlot.has(Number(welcome!.slot))),
    );
    expect(others).toHaveLength(4);
  }
  server.launcher.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(clients.map(({ goodbye }) => goodbye)).toEqual(clients.map(() => 'shutting_down'));
});

/** Turns / 65536, as facing is: 0 is +x, a quarter is +z. */
function aimAt(from: Readonly<Record<string, number>>, to: Readonly<Record<string, number>>): number {
  const turns = Math.atan2(to.positionZ! - from.positionZ!, to.positionX! - from.positionX!) / (2 * Math.PI);
  return Math.round(turns * 65_536) & 0xffff;
}
