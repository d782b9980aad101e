// One server, an honest client that plays beside every attack, and one hostile client after another. After each: the
// process lives, the honest one got its snapshots, the right counter moved, nothing was logged.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { readMetrics } from '../../bench/server.ts';
import { type Standstill, watchStandstill } from '../../bench/standstill.ts';
import { HANDSHAKE } from '../../bench/ws/handshake.ts';
import {
  FLOOD_SECONDS,
  FRAME_BYTES_MAX,
  FRAMES_PER_SECOND_MAX,
  JOIN_TIMEOUT_MS,
  SNAPSHOT_INTERVAL_TICKS,
  STRANGERS_PER_ADDRESS_MAX,
  TICK_MS,
  TOKEN_LIFETIME_S,
} from '../../src/base/limits.ts';
import { createTokenSigner } from '../../src/gateway/token.ts';
import { encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import {
  connect,
  enter,
  hangUp,
  join,
  joinMessage,
  nextTick,
  openSession,
  ownColumns,
  play,
  type RawClient,
  type Session,
  send,
} from '../../tools/hostile/raw-client.ts';
import { game } from './fixtures/hostile-game.ts';
import { killServers, type LaunchedServer, linesOf, residentBytes, startServer, until } from './server.ts';

const GAME_FILE = joinPath(import.meta.dirname, 'fixtures', 'hostile-game.ts');
const data = mkdtempSync(joinPath(tmpdir(), 'darkages-hostile-'));

let server: LaunchedServer;
let honest: RawClient;
let nodePid: number;
let stood: Standstill;
/** Of the beginning, to be shown when it has expired. */
let oldSession: Session;

beforeAll(async () => {
  server = await startServer(data, ['--game', GAME_FILE, '--sessions-per-minute', '100000']);
  nodePid = server.nodePid();
  stood = watchStandstill();
  honest = (await enter(game, server.url())).client;
  play(honest, (tick) => ({ moveX: Math.floor(tick / 60) % 2 === 0 ? 100 : -100, aim: tick & 0xffff }));
  oldSession = await openSession(server.url());
});

afterAll(async () => {
  stood?.stop();
  await killServers();
  rmSync(data, { recursive: true, force: true });
});

type Moved = (name: string, labels?: string) => number;

/** Runs an attack of at least a second beside the honest client; answers by how much each metric moved. */
async function underAttack(attack: () => Promise<void>): Promise<Moved> {
  const linesBefore = linesOf(server).length;
  const stoodBeforeMs = stood.ms();
  const before = (await readMetrics(server.url())).values;
  const snapshotsBefore = honest.snapshots;
  await Promise.all([attack(), sleep(1200)]);
  const snapshots = honest.snapshots - snapshotsBefore;
  const after = (await readMetrics(server.url())).values;
  const moved: Moved = (name, labels = '') => {
    let sum = 0;
    for (const [sample, value] of after) {
      if (sample.startsWith(`darkages_${name}{`) && sample.includes(labels)) sum += value - (before.get(sample) ?? 0);
    }
    return sum;
  };
  await until('it is ready', async () => (await fetch(`${server.url()}/readyz`)).status === 200);
  expect([server.nodePid(), server.starts()], 'the process lives').toEqual([nodePid, 1]);
  const ticks = moved('ticks_total');
  expect(ticks + (stood.ms() - stoodBeforeMs) / TICK_MS).toBeGreaterThan(40);
  expect(snapshots, 'snapshots of the honest client').toBeGreaterThan(0.8 * (ticks / SNAPSHOT_INTERVAL_TICKS) - 2);
  expect(honest.isClosed).toBe(false);
  expect(linesOf(server).length - linesBefore, server.output()).toBeLessThanOrEqual(2);
  return moved;
}

const droppedFor = (moved: Moved, reason: string) => moved('client_frames_dropped_total', `reason="${reason}"`);
const refusedFor = (moved: Moved, reason: string) => moved('connections_refused_total', `reason="${reason}"`);

async function enterHostile(): Promise<RawClient> {
  return (await enter(game, server.url())).client;
}

/** Waits until the server has read everything that was sent before. */
async function settle(client: RawClient): Promise<void> {
  client.socket.ping('done');
  await once(client.socket, 'pong');
}

test('frames too large: those that are read are dropped, far larger ones end the connection, all are counted', async () => {
  const moved = await underAttack(async () => {
    const client = await enterHostile();
    for (const bytes of [FRAME_BYTES_MAX + 1, 60_000]) client.socket.send(Buffer.alloc(bytes));
    await settle(client);
    expect(client.isClosed).toBe(false);
    client.socket.send(Buffer.alloc(70_000));
    await until('the end of it', () => client.isClosed);
    const other = await enterHostile();
    other.socket.send(Buffer.alloc(1 << 20));
    await until('the end of it', () => other.isClosed);
  });
  expect(droppedFor(moved, 'size')).toBe(4);
});

test('text frames', async () => {
  const moved = await underAttack(async () => {
    const client = await enterHostile();
    for (let sent = 0; sent < 200; sent++) client.socket.send('{"join": true}');
    await sleep(500);
    await settle(client);
    await hangUp(client);
  });
  // Within the burst they are of the wrong type, beyond it there are too many of them; other tests' frames count too.
  expect(droppedFor(moved, 'type')).toBeGreaterThan(100);
  expect(droppedFor(moved, 'type') + droppedFor(moved, 'rate')).toBe(200);
});

test('bytes that are no WebSocket frames', async () => {
  const moved = await underAttack(async () => {
    for (const bytes of [Buffer.alloc(64, 0xff), Buffer.from([0x82, 0x05, 1, 2, 3, 4, 5]), randomBytes(4096)]) {
      const client = await enterHostile();
      const tcp = (client.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
      tcp.write(Buffer.concat([Buffer.from([0xf2, 0x7f]), bytes]));
      await until('the end of it', () => client.isClosed);
    }
  });
  expect(droppedFor(moved, 'malformed')).toBe(3);
});

test('random bytes, and honest frames cut short or with one bit flipped', async () => {
  let sent = 0;
  const moved = await underAttack(async () => {
    const client = await enterHostile();
    const tick = nextTick(client);
    const honestFrame = encodeToBytes(client.messages.clientMessage, {
      inputs: [
        { tick, ackAge: tick - client.replicas.tick, moveX: 3, claimedX: 1, claimedY: 2, claimedZ: 3 },
        { tick: tick + 1 },
      ],
      ping: { clientTimeMs: 5 },
    });
    const frames: Uint8Array[] = [];
    for (let end = 1; end < honestFrame.length; end++) frames.push(honestFrame.slice(0, end));
    for (let bit = 0; bit < honestFrame.length * 8; bit++) {
      const flipped = honestFrame.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      frames.push(flipped);
    }
    for (let length = 1; length < 200; length++) frames.push(randomBytes(length));
    for (const frame of frames) {
      client.socket.send(frame);
      // Within the budget, or the rate would be all that is tested.
      if (++sent % 4 === 0) await sleep(30);
    }
    await settle(client);
    expect(client.isClosed).toBe(false);
    await hangUp(client);
  });
  const drops = moved('client_frames_dropped_total');
  expect(drops).toBeGreaterThan(sent / 3);
  expect(drops).toBeLessThan(sent);
  expect(droppedFor(moved, 'malformed')).toBeGreaterThan(200);
});

test('overlong varints, unknown fields and wrong wire types', async () => {
  const frames = [
    [0x12, 0x03, 0x08, 0x85, 0x00],
    [0x12, 0x0b, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0x12, 0x02, 0x78, 0x01],
    [0xfa, 0x01, 0x01, 0x00],
    [0x12, 0x03, 0x0a, 0x01, 0x05],
    [0x10, 0x05],
    [0x13, 0x14],
    [0x12, 0x05, 0x0d, 0x01, 0x00, 0x00, 0x00],
    [0x1a, 0x04, 0x08, 0x01, 0xaa, 0x06],
  ];
  const moved = await underAttack(async () => {
    const client = await enterHostile();
    for (const frame of frames) client.socket.send(Uint8Array.from(frame));
    await settle(client);
    await hangUp(client);
  });
  expect(droppedFor(moved, 'malformed')).toBe(frames.length);
});

test('floods of frames at ten times the budget, of joined clients and of strangers', async () => {
  let sent = 0;
  const moved = await underAttack(async () => {
    const clients = [await enterHostile(), await enterHostile(), await connect(game, server.zoneUrl())];
    const beganMs = performance.now();
    while (performance.now() - beganMs < 2000 || sent <= 3000) {
      for (const client of clients) {
        const tick = nextTick(client);
        for (let frame = 0; frame < FRAMES_PER_SECOND_MAX / 10; frame++, sent++) {
          send(client, { inputs: [{ tick: tick + frame, moveX: 127 }], request: { id: 1, flood: { on: 0 } } });
        }
      }
      await sleep(10);
    }
    for (const client of clients) await hangUp(client);
  });
  expect(sent).toBeGreaterThan(3000);
  expect(droppedFor(moved, 'rate')).toBeGreaterThan(sent / 2);
});

test('who floods for seconds is told why and closed', async () => {
  const moved = await underAttack(async () => {
    const client = await enterHostile();
    const beganMs = performance.now();
    while (!client.isClosed && performance.now() - beganMs < 60_000) {
      for (let sent = 0; sent < 500; sent++) client.socket.ping();
      await sleep(50);
    }
    expect(client.goodbye).toBe('rate');
    expect(performance.now() - beganMs).toBeGreaterThan(1000 * FLOOD_SECONDS);
  });
  expect(moved('connections_closed_total', 'reason="rate"')).toBe(1);
});

test('a token shown twice, forged, made for another server, or no token at all', async () => {
  const other = createTokenSigner(randomBytes(32));
  const { token, playerId } = await openSession(server.url());
  const [head, , signature] = token.split('.');
  const body = (changes: object) => Buffer.from(JSON.stringify(changes)).toString('base64url');
  const nowS = Math.floor(Date.now() / 1000);
  const claims = {
    sub: '1',
    jti: 'x',
    name: 'admin',
    iss: 'darkages',
    aud: 'darkages-edge',
    iat: nowS,
    exp: nowS + 60,
  };
  const tokens = [
    ['token_invalid', await other.sign({ playerId: Number(playerId), name: 'other', tokenId: 'x' }, nowS)],
    ['token_invalid', `${head}.${body(claims)}.${signature}`],
    ['token_invalid', `${body({ alg: 'none' })}.${body(claims)}.`],
    ['token_invalid', ''],
    ['token_invalid', 'A'.repeat(1024)],
    ['token_invalid', `${token}\u0000`],
    ['', token],
    ['token_used', token],
  ] as const;
  const moved = await underAttack(async () => {
    for (const [reason, shown] of tokens) {
      const client = await connect(game, server.zoneUrl());
      await join(client, shown);
      expect(client.goodbye, shown.slice(0, 40)).toBe(reason);
      await hangUp(client);
    }
  });
  expect(refusedFor(moved, 'token')).toBe(7);
});

test('pages of other origins, by HTTP and by WebSocket', async () => {
  const moved = await underAttack(async () => {
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1.evil.example', 'file://']) {
      const { status } = await openSession(server.url(), {}, { origin });
      expect(status).toBe(403);
      const socket = new WebSocket(server.zoneUrl(), { origin });
      const [error] = (await once(socket, 'error')) as [Error];
      expect(error.message).toMatch(/40[13]/);
    }
  });
  expect(refusedFor(moved, 'origin')).toBe(4);
});

test('sockets that never join, never say hello, or never finish saying it', async () => {
  const count = 40;
  const moved = await underAttack(async () => {
    const beganMs = performance.now();
    const silent = await Promise.all(Array.from({ length: count }, () => connect(game, server.zoneUrl())));
    const port = Number(new URL(server.zoneUrl()).port);
    const halfOpen = ['', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n'].map((text) => {
      const tcp = connectTcp(port, '127.0.0.1', () => void tcp.write(text));
      tcp.on('error', () => {});
      tcp.resume();
      return once(tcp, 'close');
    });
    await until('all are closed', () => silent.every(({ isClosed }) => isClosed));
    await Promise.all(halfOpen);
    expect(silent.every(({ goodbye }) => goodbye === 'idle')).toBe(true);
    expect(performance.now() - beganMs).toBeLessThan(2 * JOIN_TIMEOUT_MS + 2000);
  });
  expect(refusedFor(moved, 'join_timeout')).toBe(count);
});

test('one host with thousands of silent sockets, spoken or not: others still come in', async () => {
  const port = Number(new URL(server.zoneUrl()).port);
  const open: (() => void)[] = [];
  let ended = 0;
  const beganMs = performance.now();
  const moved = await underAttack(async () => {
    for (let index = 0; index < 1500; index++) {
      // Most never speak; some become WebSockets and then say nothing.
      const tcp = connectTcp({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }, () => {
        if (index % 3 === 0) tcp.write(HANDSHAKE);
      });
      tcp.on('error', () => {});
      tcp.on('close', () => ended++);
      tcp.resume();
      open.push(() => tcp.destroy());
    }
    await until('all but the share of one host are refused', () => ended >= 1500 - STRANGERS_PER_ADDRESS_MAX);
    const client = await enterHostile();
    expect(client.welcome).toBeDefined();
    await hangUp(client);
    for (const end of open) end();
  });
  // Whoever has said nothing for so long makes room for the next one.
  const rounds = Math.ceil((performance.now() - beganMs) / JOIN_TIMEOUT_MS);
  expect(refusedFor(moved, 'address')).toBeLessThanOrEqual(1500 - STRANGERS_PER_ADDRESS_MAX);
  expect(refusedFor(moved, 'address')).toBeGreaterThanOrEqual(1500 - rounds * STRANGERS_PER_ADDRESS_MAX);
  expect(refusedFor(moved, 'full')).toBe(0);
});

test('a client that reads nothing: it gets fewer snapshots, then none, and memory stays', async () => {
  const slow = await enterHostile();
  const before = residentBytes(nodePid);
  let grown = 0;
  const moved = await underAttack(async () => {
    slow.socket.pause();
    send(slow, { request: { id: 1, flood: { on: 1 } } });
    const connections = async () =>
      Number((await readMetrics(server.url())).values.get('darkages_connections{zone_id="1"}'));
    await until('it is closed', async () => (await connections()) === 1);
    grown = residentBytes(nodePid) - before;
  });
  expect(moved('snapshots_skipped_total')).toBeGreaterThan(0);
  expect(moved('connections_closed_total', 'reason="backlog"')).toBe(1);
  expect(grown).toBeLessThan(60e6);
  slow.socket.resume();
  await until('it sees the end', () => slow.isClosed);
});

test('500 connections that come and go', async () => {
  const moved = await underAttack(async () => {
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all(Array.from({ length: 50 }, () => connect(game, server.zoneUrl())));
      clients.forEach((client, index) => {
        if (index % 3 === 0) client.socket.terminate();
        else client.socket.close();
      });
    }
  });
  expect(moved('connections_total')).toBe(500);
  const left = async () => (await readMetrics(server.url())).values.get('darkages_connections{zone_id="1"}');
  await until('they are gone', async () => (await left()) === 1);
});

test('inputs far ahead and behind, claims of other places, acknowledgements of what never was', async () => {
  const client = await enterHostile();
  const before = ownColumns(client);
  const beganMs = performance.now();
  const hostile = (tick: number): WireObject[] => [
    { tick, ackAge: 1, viewAge: 255, moveX: 127, moveZ: 127, aim: (tick * 30_000) & 0xffff, buttons: 0xffff },
    { tick: tick + 1, ackAge: 0x7fff_ffff, claimedX: 2 ** 31 - 1, claimedY: -(2 ** 31), claimedZ: 0 },
    { tick: tick + 2, ackAge: tick + 5, claimedX: (tick % 2) * 90_000, claimedY: 0, claimedZ: 0 },
    { tick: 0x7fff_ffff, ackAge: 127 },
    { tick: 1, ackAge: 128 },
    { tick: 0 },
  ];
  const moved = await underAttack(async () => {
    for (let round = 0; round < 60; round++) {
      send(client, { inputs: hostile(nextTick(client)) });
      await sleep(25);
    }
    await settle(client);
  });
  const seconds = (performance.now() - beganMs) / 1000;
  const after = ownColumns(client);
  const wayM = Math.hypot(after.positionX! - before.positionX!, after.positionZ! - before.positionZ!) / 128_000;
  expect(wayM).toBeLessThan(8 * seconds);
  for (const reason of ['early', 'stale']) {
    expect(moved('inputs_dropped_total', `reason="${reason}"`), reason).toBeGreaterThan(30);
  }
  expect(moved('inputs_repeated_total') + moved('inputs_dropped_total', 'reason="duplicate"')).toBeGreaterThan(30);
  for (const rule of ['move_length', 'bounds', 'position', 'view_age']) {
    expect(moved('guard_violations_total', `rule="${rule}"`), rule).toBeGreaterThan(0);
  }
  expect(moved('acks_unknown_total')).toBeGreaterThan(60);
  const snapshots = client.snapshots;
  await until('its own world goes on', () => client.snapshots > snapshots + 3);
  await hangUp(client);
});

test('memory is where it was after the same attacks again', async () => {
  const attack = async (): Promise<void> => {
    for (let round = 0; round < 4; round++) {
      const clients = await Promise.all(Array.from({ length: 50 }, () => connect(game, server.zoneUrl())));
      for (const client of clients) {
        for (let frame = 0; frame < 100; frame++) client.socket.send(Buffer.alloc(4000));
        send(client, joinMessage(client, 'no token'));
      }
      await until('all are refused', () => clients.every(({ isClosed }) => isClosed));
    }
  };
  await underAttack(attack);
  const before = residentBytes(nodePid);
  await underAttack(attack);
  await underAttack(attack);
  expect(residentBytes(nodePid) - before).toBeLessThan(40e6);
});

test('a token that has expired', async () => {
  const { token } = oldSession;
  const { exp } = JSON.parse(String(Buffer.from(token.split('.')[1]!, 'base64url'))) as { exp: number };
  expect(exp * 1000 - Date.now()).toBeLessThanOrEqual(TOKEN_LIFETIME_S * 1000);
  await sleep(Math.max(0, exp * 1000 - Date.now()) + 1100);
  const moved = await underAttack(async () => {
    const client = await connect(game, server.zoneUrl());
    await join(client, token);
    expect(client.goodbye).toBe('token_expired');
  });
  expect(refusedFor(moved, 'token')).toBe(1);
});
