// Tokens and packets that must not count any more, or never did, at a real edge over a real socket: nothing comes back,
// and the right counter moves. The key is kept: after a restart it is the process alone that speaks against a token.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { game } from '../../src/game/game.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { PROTOCOL_ID } from '../../src/io/connect-tokens.ts';
import { deriveKey } from '../../src/io/keys.ts';
import { parseAddress } from '../../src/transport/address.ts';
import { createClient } from '../../src/transport/client.ts';
import { createOutbox } from '../../src/transport/outbox.ts';
import { mintToken, type TokenTerms } from '../../src/transport/token.ts';
import { openSession } from '../../tools/hostile/raw-client.ts';
import { leaveUdp, openUdpSession, startUdpClient, type UdpClient, vanish } from '../../tools/hostile/udp-client.ts';
import { kill, killServers, type LaunchedServer, readMetric, startServer, until, untilUp } from './server.ts';

const KEY = new Uint8Array(32).fill(0x5a);
const GAME = join(import.meta.dirname, 'fixtures', 'fragile-edge-game.ts');
/** Answers would be there by then. */
const QUIET_MS = 300;
const folder = mkdtempSync(join(tmpdir(), 'darkages-tokens-'));
const killFile = join(folder, 'kill-edge');
const aead = createSodiumAead();

let server: LaunchedServer;
let port: number;
/** Of the process that runs. */
let connectKey: Uint8Array;

beforeAll(async () => {
  port = await findPort();
  const env = { DARKAGES_CONNECT_KEY: Buffer.from(KEY).toString('hex'), DARKAGES_TEST_KILL_EDGE: killFile };
  server = await startServer(folder, ['--port', String(port), '--game', GAME], env);
  connectKey = deriveKey(KEY, 'connect', (await openSession(server.url())).boot);
});
afterAll(async () => {
  await killServers();
  rmSync(folder, { recursive: true, force: true });
});

/** One that a server that is started again finds free again. */
async function findPort(): Promise<number> {
  const socket = await openSocket();
  const { port: found } = socket.address();
  socket.close();
  return found;
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function mint(changes: Partial<TokenTerms> = {}, key = connectKey): Uint8Array {
  const nowS = Math.floor(Date.now() / 1000);
  const addresses = [parseAddress(`127.0.0.1:${port}`)!];
  const times = { createdS: nowS, expiresS: nowS + 60, timeoutS: 10 };
  return mintToken(aead, key, { protocolId: PROTOCOL_ID, clientId: 77n, addresses, ...times, ...changes });
}

/** What a client with that token sends first. */
function requestOf(token: Uint8Array): Uint8Array {
  const outbox = createOutbox(1, () => {});
  createClient(aead, token, outbox, 0);
  return outbox.bytes.slice(0, outbox.lengths[0]);
}

const readDrops = (reason: string): Promise<number> =>
  readMetric(server, 'darkages_udp_packets_dropped_total', `reason="${reason}"`);

/** Sends packets from a fresh address, or by a socket; each of them is to move that one counter, none is answered. */
async function expectSilence(reason: string, packets: readonly Uint8Array[], by?: Socket): Promise<void> {
  const before = await readDrops(reason);
  const all = await readMetric(server, 'darkages_udp_packets_dropped_total');
  const socket = by ?? (await openSocket());
  let answers = 0;
  if (by === undefined) socket.on('message', () => answers++);
  for (const packet of packets) socket.send(packet, port, '127.0.0.1');
  await until(reason, async () => (await readDrops(reason)) >= before + packets.length);
  await sleep(QUIET_MS);
  if (by === undefined) socket.close();
  expect(answers).toBe(0);
  expect(await readDrops(reason)).toBe(before + packets.length);
  expect(await readMetric(server, 'darkages_udp_packets_dropped_total')).toBe(all + packets.length);
}

async function enter(): Promise<UdpClient> {
  const { connectToken, token } = await openUdpSession(server.url());
  const client = await startUdpClient(game, connectToken, token);
  await until('a snapshot', () => client.snapshots > 0);
  return client;
}

const nowS = (): number => Math.floor(Date.now() / 1000);
const BAD: readonly (readonly [string, () => Uint8Array])[] = [
  ['request_expired', () => mint({ createdS: nowS() - 61, expiresS: nowS() - 1 })],
  ['request_future', () => mint({ createdS: nowS() + 3540, expiresS: nowS() + 3600 })],
  ['request_forged', () => mint({}, new Uint8Array(32).fill(1))],
  // Nobody is let in by what those who share the key know without the process.
  ['request_forged', () => mint({}, KEY)],
  ['request_protocol', () => mint({ protocolId: PROTOCOL_ID + 1n })],
  ['request_other_server', () => mint({ addresses: [parseAddress(`127.0.0.1:${port ^ 1}`)!] })],
];

test.each(BAD)('%s: silence', async (reason, makeToken) => {
  await expectSilence(reason, [requestOf(makeToken())]);
});

test('what a client sent, again: from another address, and from its own; it goes on playing', async () => {
  const client = await enter();
  const [request, response, ...rest] = client.sent;
  expect([request!.length, response![0]! & 15]).toEqual([1078, 3]);
  await expectSilence('request_elsewhere', [request!]);
  await expectSilence('stranger', [response!]);
  await expectSilence('request_spent', [request!], client.udp);
  await expectSilence('response_connected', [response!], client.udp);
  const payloads = rest.filter((bytes) => (bytes[0]! & 15) === 5);
  expect(payloads.length).toBeGreaterThan(0);
  await expectSilence('replayed', payloads, client.udp);
  const { snapshots } = client;
  await until('more snapshots', () => client.snapshots > snapshots + 5);
  leaveUdp(client);
});

test('whose program died is in again at once, by a token of its own, from another port and from the same one', async () => {
  const readTimeouts = (): Promise<number> => readMetric(server, 'darkages_udp_timeouts_total');
  const timeouts = await readTimeouts();
  const first = await openUdpSession(server.url());
  const { guestSecret } = first;
  let client = await startUdpClient(game, first.connectToken, first.token);
  for (const isSamePort of [false, true]) {
    await until('a snapshot', () => client.snapshots > 0);
    const { port: before } = client.udp.address();
    await vanish(client);
    const { connectToken, token } = await openUdpSession(server.url(), guestSecret);
    client = await startUdpClient(game, connectToken, token, '127.0.0.1', isSamePort ? before : 0);
  }
  await until('a snapshot', () => client.snapshots > 0);
  expect(client.goodbye).toBe('');
  leaveUdp(client);
  expect(await readTimeouts(), 'nobody had to fall silent for it').toBe(timeouts);
});

test('after the edge thread alone died no token from before is good, used or not; a new one is', async () => {
  await expectOldTokensToBeDead('request_earlier', async () => {
    writeFileSync(killFile, '');
    await until(
      () => `the edge runs again\n${server.output()}`,
      () => server.output().includes('the thread runs again'),
    );
    expect(server.output()).toContain('udp-edge-1');
  });
  expect(server.starts()).toBe(1);
});

test('after the node was killed neither', async () => {
  await expectOldTokensToBeDead('request_forged', async () => {
    kill(server.nodePid(), 'SIGKILL');
    await untilUp(server, 2);
  });
});

async function expectOldTokensToBeDead(reason: string, restart: () => Promise<void>): Promise<void> {
  const used = await enter();
  const unused = await openUdpSession(server.url());
  await restart();
  const packets = [used.sent[0]!, requestOf(unused.connectToken)];
  leaveUdp(used);
  await expectSilence(reason, packets);
  // Tokens tell the time of issue by seconds: one of the second in which an edge began may be from before it.
  if (reason === 'request_earlier') await sleep(1_001 - (Date.now() % 1_000));
  const again = await enter();
  expect(again.goodbye).toBe('');
  leaveUdp(again);
}
