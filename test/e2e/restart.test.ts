// What dies and what is left: a zone thread, the node, the launcher, a connection; and what a server that can't start
// leaves behind. Real processes, real sockets, one data folder a test.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { game as shipped } from '../../src/game/game.ts';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import { BLOCK_BYTES, GROUP_HEAD_BYTES, readGroup, segmentName } from '../../src/store/journal/format.ts';
import { game as bank } from '../../tools/chaos/bank.ts';
import { enter, hangUp, ownColumns, play, type RawClient, send } from '../../tools/hostile/raw-client.ts';
import { game as hostileGame } from './fixtures/hostile-game.ts';
import {
  isRunning,
  kill,
  killServers,
  type LaunchedServer,
  launch,
  readMetric,
  startServer,
  until,
  untilUp,
} from './server.ts';

const HOSTILE_GAME = joinPath(import.meta.dirname, 'fixtures', 'hostile-game.ts');
const BANK = joinPath(import.meta.dirname, '..', '..', 'tools', 'chaos', 'bank.ts');
const JOURNAL_TOOL = joinPath(import.meta.dirname, '..', '..', 'tools', 'journal', 'main.ts');
const UNITS_PER_M = 128_000;
/** Fastest the shipped game lets anyone go, m/s. */
const SPRINT = 7.5;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'darkages-restart-'));
});
afterEach(async () => {
  await killServers();
  rmSync(folder, { recursive: true, force: true });
});

interface Place {
  readonly x: number;
  readonly z: number;
}

function placeOf(client: RawClient): Place {
  const { positionX, positionZ } = ownColumns(client);
  return { x: positionX!, z: positionZ! };
}

const wayM = (a: Place, b: Place) => Math.hypot(a.x - b.x, a.z - b.z) / UNITS_PER_M;

/** Walks for a while, so that there is something to keep; then stands still until everybody knows. */
async function walk(client: RawClient, ms: number, rest = true): Promise<void> {
  play(client, (tick) => ({ moveX: Math.floor(tick / 40) % 2 === 0 ? 127 : 60, moveZ: 90, aim: 5000 }));
  await sleep(ms);
  if (!rest) return;
  play(client, () => ({ aim: 5000 }));
  let place = placeOf(client);
  await until('it stands', async () => {
    const snapshots = client.snapshots;
    await until('snapshots', () => client.snapshots > snapshots + 5);
    const before = place;
    place = placeOf(client);
    return wayM(before, place) === 0;
  });
}

/** Asks for gold until it is promised. */
async function mint(client: RawClient, gold: number): Promise<void> {
  await until('gold is promised', async () => {
    send(client, { request: { id: 1, key: gold, mint: { gold, gems: 0 } } });
    await sleep(100);
    return client.responses.some(({ refused }) => refused === '');
  });
}

/** Where the groups of a segment begin. */
function groupsOf(segment: string): number[] {
  const bytes = readFileSync(segment);
  const offsets: number[] = [];
  for (let at = BLOCK_BYTES; ; ) {
    const group = readGroup(bytes, at, crc32);
    if (group === undefined) return offsets;
    offsets.push(at);
    at = group.end;
  }
}

/** Whether something accepts connections there. */
async function isPortHeld(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connectTcp(Number(port), hostname);
  const isHeld = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return isHeld;
}

async function expectNothingLeft(server: LaunchedServer, nodePid: number): Promise<void> {
  await until('the node is gone', () => !isRunning(nodePid));
  expect(isRunning(server.launcher.pid!)).toBe(false);
  expect([await isPortHeld(server.url()), await isPortHeld(server.zoneUrl().replace('ws', 'http'))]).toEqual([
    false,
    false,
  ]);
}

test('a game that throws kills the zone thread: clients keep socket, slot and state, and get snapshots again', async () => {
  const server = await startServer(folder, ['--game', HOSTILE_GAME]);
  const nodePid = server.nodePid();
  const first = (await enter(hostileGame, server.url())).client;
  const second = (await enter(hostileGame, server.url())).client;
  await walk(first, 1500);
  const [place, tick] = [placeOf(first), first.replicas.tick];
  const { generation } = first.replicas.bySlot.get(Number(first.welcome!.slot))!;
  const { walkedM } = ownColumns(first);
  expect(walkedM).toBeGreaterThan(2);
  // Half a second without the processor: ticks are late and missed, and the thread that comes after counts on.
  process.kill(nodePid, 'SIGSTOP');
  await sleep(500);
  process.kill(nodePid, 'SIGCONT');
  await until('missed ticks', async () => (await readMetric(server, 'darkages_missed_ticks_total')) > 0);
  const missed = await readMetric(server, 'darkages_missed_ticks_total');
  send(second, { request: { id: 1, boom: {} } });
  await until('the zone goes on', async () => (await readMetric(server, 'darkages_restarts_total')) === 1);
  const snapshots = [first.snapshots, second.snapshots];
  await until('snapshots', () => first.snapshots > snapshots[0]! + 5 && second.snapshots > snapshots[1]! + 5);
  expect([first.isClosed, second.isClosed, server.nodePid()]).toEqual([false, false, nodePid]);
  expect(first.replicas.tick).toBeGreaterThan(tick);
  expect(first.replicas.bySlot.get(Number(first.welcome!.slot))!.generation).toBe(generation);
  expect([placeOf(first), ownColumns(first).walkedM]).toEqual([place, walkedM]);
  await walk(first, 700);
  expect(wayM(placeOf(first), place), 'its inputs count again').toBeGreaterThan(1);
  expect((await fetch(`${server.url()}/readyz`)).status).toBe(200);
  expect(await readMetric(server, 'darkages_restarts_total')).toBe(1);
  const missedSince = (await readMetric(server, 'darkages_missed_ticks_total')) - missed;
  expect(missedSince, 'a counter goes on from where it was').toBeGreaterThanOrEqual(0);
  expect(missedSince).toBeLessThan(10_000);
});

test('kill -9 of the node: the launcher starts another one, and who comes back has lost a second at most', async () => {
  const server = await startServer(folder);
  const { client, session } = await enter(shipped, server.url());
  await walk(client, 3000, false);
  const [placeBefore, before] = [placeOf(client), ownColumns(client)];
  const nodePid = server.nodePid();
  kill(nodePid, 'SIGKILL');
  await until('the socket is closed', () => client.isClosed);
  await untilUp(server, 2);
  expect(server.nodePid()).not.toBe(nodePid);
  expect(server.errors()).toContain('was killed by SIGKILL');
  const again = await enter(shipped, server.url(), session.guestSecret);
  expect(again.session.playerId).toBe(session.playerId);
  expect(again.client.welcome).toMatchObject({ name: client.welcome!.name, playerId: session.playerId });
  const after = ownColumns(again.client);
  // A second until it is saved, a little until it is written.
  expect(wayM(placeBefore, placeOf(again.client))).toBeLessThan(SPRINT * 1.5);
  expect(after.walkedM).toBeGreaterThan(0);
  expect(before.walkedM! - after.walkedM!).toBeLessThan(SPRINT * 1.5);
  expect(after.health).toBe(before.health);
});

test.for(['SIGTERM', 'SIGINT'] as const)(
  '%s: clients are told, everything is saved exactly, exit code 0',
  async (signal) => {
    const server = await startServer(folder);
    const nodePid = server.nodePid();
    const { client, session } = await enter(shipped, server.url());
    await walk(client, 1200);
    // One that says nothing any more must not hold up the end.
    const port = Number(new URL(server.zoneUrl()).port);
    const halfOpen = connectTcp(port, '127.0.0.1', () => void halfOpen.write('GET / HTTP/1.1\r\n')).on(
      'error',
      () => {},
    );
    await once(halfOpen, 'connect');
    const before = ownColumns(client);
    server.launcher.kill(signal);
    expect(await server.ended).toBe(0);
    expect([client.goodbye, client.isClosed, server.errors()]).toEqual(['shutting_down', true, '']);
    await expectNothingLeft(server, nodePid);
    const next = await startServer(folder);
    const after = ownColumns((await enter(shipped, next.url(), session.guestSecret)).client);
    for (const name of ['positionX', 'positionZ', 'facing', 'walkedM', 'health'])
      expect(after[name], name).toBe(before[name]);
  },
);

test('kill -9 of the launcher: the node stops in order, saved to the last', async () => {
  const server = await startServer(folder);
  const nodePid = server.nodePid();
  const { client, session } = await enter(shipped, server.url());
  await walk(client, 1000);
  const before = placeOf(client);
  server.launcher.kill('SIGKILL');
  await until('the client is told', () => client.isClosed);
  expect(client.goodbye).toBe('shutting_down');
  await expectNothingLeft(server, nodePid);
  const next = await startServer(folder);
  expect(placeOf((await enter(shipped, next.url(), session.guestSecret)).client)).toEqual(before);
});

test('who comes back within the linger time is in the same entity; a second connection replaces the first', async () => {
  const server = await startServer(folder);
  const { client, session } = await enter(shipped, server.url());
  await walk(client, 1000);
  const [before, { slot, generation }] = [placeOf(client), client.welcome!];
  await hangUp(client);
  await sleep(500);
  const resumed = (await enter(shipped, server.url(), session.guestSecret)).client;
  expect(resumed.welcome).toMatchObject({ slot, generation });
  expect(placeOf(resumed)).toEqual(before);
  const replacing = (await enter(shipped, server.url(), session.guestSecret)).client;
  await until('the first is told', () => resumed.isClosed);
  expect(resumed.goodbye).toBe('replaced');
  expect(replacing.welcome).toMatchObject({ slot, generation });
  await walk(replacing, 600);
  const players = [...replacing.replicas.bySlot.values()].filter(({ kind }) => kind === shipped.kinds.player).length;
  expect([wayM(placeOf(replacing), before) > 1, replacing.isClosed, players]).toEqual([true, false, 1]);
  expect(await readMetric(server, 'darkages_players')).toBe(1);
});

// An unknown flag, bad values, a missing game and a folder that can't be written are in node.test.ts; here is what the launcher makes of a refusal.
describe('a server that can not start says one sentence, exits with 2 and leaves nothing', () => {
  const game = (text: string) => {
    const file = joinPath(folder, 'game.ts');
    writeFileSync(file, text);
    return ['--game', file];
  };
  const GAMES: readonly (readonly [what: string, text: string, sentence: RegExp])[] = [
    ['does not parse', 'export const game = {{{;', /can't be loaded/],
    ['throws', "throw new Error('not today');", /can't be loaded: not today/],
    ['imports what is not there', "import './nothing.ts';", /can't be loaded/],
    ['holds no game', 'export const gmae = 1;', /exports no `game`/],
  ];

  const ANY_PORTS = ['--http-port', '0', '--port', '0'];

  async function refuses(args: readonly string[], sentence: RegExp): Promise<void> {
    const server = launch(['--data', joinPath(folder, 'data'), ...args]);
    expect(await server.ended).toBe(2);
    expect(server.errors()).toMatch(sentence);
    expect(server.output().trim().split('\n')).toHaveLength(1);
  }

  async function freePort(): Promise<{ port: number; close(): Promise<void> }> {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    return {
      port,
      async close() {
        holder.close();
        await once(holder, 'close');
      },
    };
  }

  test.for(GAMES)('a game that %s', async ([, text, sentence]) => {
    await refuses([...ANY_PORTS, ...game(text)], sentence);
  });

  test('a port of an edge in use: the HTTP port and the data folder are free again', async () => {
    const [held, free] = [await freePort(), await freePort()];
    await free.close();
    const args = ['--http-port', String(free.port), '--port', String(held.port)];
    await refuses(args, new RegExp(`Port ${held.port} on 127\\.0\\.0\\.1 is in use`));
    await held.close();
    expect(await isPortHeld(`http://127.0.0.1:${free.port}`)).toBe(false);
    const server = launch(['--data', joinPath(folder, 'data'), ...args]);
    await untilUp(server, 1);
  });

  test('an HTTP port in use: the port of the edge is free again', async () => {
    const [held, free] = [await freePort(), await freePort()];
    await free.close();
    await refuses(['--http-port', String(held.port), '--port', String(free.port)], /is in use/);
    expect(await isPortHeld(`http://127.0.0.1:${free.port}`)).toBe(false);
    await held.close();
  });

  test('a data folder of another server, which plays on', async () => {
    const data = joinPath(folder, 'data');
    const server = await startServer(data);
    const { client } = await enter(shipped, server.url());
    await refuses(ANY_PORTS, /in use by another DarkAges process/);
    const { snapshots } = client;
    await until('snapshots', () => client.snapshots > snapshots + 3);
  });

  test('a journal damaged in its middle; once it is repaired, players have what they were promised before that', async () => {
    const data = joinPath(folder, 'data');
    const journal = joinPath(data, 'journal');
    const segment = joinPath(journal, segmentName(1));
    const server = await startServer(data, ['--game', BANK]);
    const { client, session } = await enter(bank, server.url());
    await mint(client, 7);
    const promised = groupsOf(segment).length;
    await until('groups behind it', () => groupsOf(segment).length > promised + 10);
    await killServers();
    const bytes = readFileSync(segment);
    bytes[groupsOf(segment)[promised + 5]! + GROUP_HEAD_BYTES + 5]! ^= 1;
    writeFileSync(segment, bytes);
    const sentence = `${segment} is damaged: .*: see .* npm run journal -- repair ${journal}\\.$`;
    await refuses([...ANY_PORTS, '--game', BANK], new RegExp(sentence, 'm'));
    const repair = spawnSync(process.execPath, [JOURNAL_TOOL, 'repair', data], { encoding: 'utf8' });
    expect(repair).toMatchObject({ status: 0, stderr: '' });
    expect(repair.stdout).toContain(`The journal is whole up to group ${promised + 5}; put into `);
    const next = await startServer(data, ['--game', BANK]);
    const again = (await enter(bank, next.url(), session.guestSecret)).client;
    expect(ownColumns(again).gold).toBe(7);
    await mint(again, 5);
    await until('the gold is seen', () => ownColumns(again).gold === 12);
  });

  test('a store of a newer version', async () => {
    const data = joinPath(folder, 'data');
    await openEmbeddedStore(data).close();
    const database = new DatabaseSync(joinPath(data, 'darkages.db'));
    database.exec('PRAGMA user_version = 99');
    database.close();
    await refuses(ANY_PORTS, /written by a newer DarkAges \(schema 99, this one knows \d+\): start that version/);
  });
});
