// Clients that play over UDP: the client library, netcode, channels, session layer and zone together, on simulated time
// and a network that loses, delays and reorders datagrams.

import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { sendRequest } from '../../src/client/client.ts';
import {
  createDatagramSocket,
  type DatagramSocket,
  receiveDatagram,
  updateDatagramSocket,
} from '../../src/client/datagram-socket.ts';
import type { SocketEvents } from '../../src/client/ports.ts';
import { type Client, FAILED, PLAYING, RECONNECTING } from '../../src/client/state.ts';
import { game } from '../../src/game/game.ts';
import {
  createDatagrams,
  type Datagrams,
  flushDatagrams,
  receiveDatagram as receiveFromNetwork,
  updateDatagrams,
} from '../../src/session/datagrams.ts';
import { closeConnection } from '../../src/session/edge.ts';
import { type Address, isSameAddress } from '../../src/transport/address.ts';
import { createLine, type Line, type LineOptions, PERFECT_LINE } from '../simulated-network.ts';
import { clientAddress, createLab, createMailbox, type Lab, type LabServer, SERVER_ADDRESS } from '../transport/lab.ts';
import {
  addClient,
  createSimulatedServer,
  hostOf,
  run,
  SERVER_OFFSET_MS,
  type SimulatedServer,
} from './simulated-server.ts';

const SEED = Number(process.env.SEED ?? 73501);

/** A client's end of one connection. */
interface Endpoint {
  readonly socket: DatagramSocket;
  readonly address: Address;
  readonly up: Line;
  readonly down: Line;
  take(): { readonly bytes: Uint8Array }[];
}

interface World {
  readonly lab: Lab;
  readonly server: SimulatedServer;
  readonly netcode: LabServer;
  readonly datagrams: Datagrams;
  readonly endpoints: Endpoint[];
  line: LineOptions;
}

function createWorld(seed: number, line: Omit<LineOptions, 'kind'>): World {
  console.log(`SEED=${seed}`);
  const lab = createLab(seed);
  const server = createSimulatedServer(game, seed, PERFECT_LINE);
  const netcode = lab.startServer({ clientsMax: 64, handshakesMax: 64, tokensMax: 256 });
  const datagrams = createDatagrams(server.edge, netcode.server, undefined);
  return { lab, server, netcode, datagrams, endpoints: [], line: { kind: 'datagrams', ...line } };
}

function addPlayer(world: World): Client {
  const { lab, server } = world;
  const player = server.nextPlayer;
  return addClient(server, {
    repeatInputs: 5,
    interpolate: false,
    requestSession(done) {
      const createdS = Math.floor(serverNow(world) / 1000);
      const connectToken = lab.mint({ clientId: BigInt(player), createdS, expiresS: createdS + 60 });
      done({ token: String(player), url: 'zone', connectToken });
    },
    openSocket: (session, events) => openEndpoint(world, session.connectToken!, events),
  });
}

/** Each connection comes from an address of its own. */
function openEndpoint(world: World, token: Uint8Array, events: SocketEvents): DatagramSocket {
  const { lab, server, endpoints, line } = world;
  const { outbox, take } = createMailbox();
  const socket = createDatagramSocket({ aead: lab.aead, token, outbox, clock: server.clock, events });
  const lines = { up: createLine(lab.random, line), down: createLine(lab.random, line) };
  endpoints.push({ socket, address: clientAddress(endpoints.length), ...lines, take });
  return socket;
}

const serverNow = ({ server }: World): number => server.clock.now() + SERVER_OFFSET_MS;

/** Simulated time passes, a millisecond at a time. */
function play(world: World, ms: number): void {
  const { server, netcode, datagrams, endpoints } = world;
  for (let passed = 0; passed < ms; passed++) {
    run(server, 1);
    const now = server.clock.now();
    for (const { socket, address, up, take } of endpoints) {
      if (now % 10 < 1) updateDatagramSocket(socket);
      for (const { bytes } of take()) up.send(now, bytes);
      up.deliver(now, (bytes) => {
        receiveFromNetwork(datagrams, serverNow(world), address, 0, bytes, 0, bytes.length);
      });
    }
    if (now % 100 < 1) updateDatagrams(datagrams, serverNow(world), serverNow(world));
    flushDatagrams(datagrams, serverNow(world));
    for (const { address, bytes } of netcode.take()) {
      endpoints.find((one) => isSameAddress(one.address, 0, address, 0))!.down.send(now, bytes);
    }
    for (const { socket, down } of endpoints) {
      down.deliver(now, (bytes) => receiveDatagram(socket, SERVER_ADDRESS, 0, bytes, 0, bytes.length));
    }
  }
}

/** Walks about, mostly straight on. */
function wander({ server }: World, client: Client, seed: number): void {
  const random = createRandom(seed);
  hostOf(server, client).eachFrame = () => {
    const { intent } = client;
    intent.aim = (intent.aim + 150) & 0xffff;
    if (random.fraction() >= 0.02) return;
    const angle = random.fraction() * 2 * Math.PI;
    intent.moveX = Math.cos(angle) * 127;
    intent.moveZ = Math.sin(angle) * 127;
  };
}

function dropsOf({ edge }: SimulatedServer): [string, number][] {
  const drops = Object.entries(edge.counters.index).filter(([name]) => name.startsWith('drop'));
  return drops.map(([name, index]): [string, number] => [name, edge.counters.words[index]!]).filter(([, n]) => n > 0);
}

test('ten play for a minute while a twentieth of all datagrams is lost: nobody falls out, walks are predicted right', () => {
  const world = createWorld(SEED, { latencyMs: 40, jitterMs: 15, loss: 0.05 });
  const clients = Array.from({ length: 10 }, () => addPlayer(world));
  for (const [index, client] of clients.entries()) wander(world, client, SEED + index);
  play(world, 5_000);
  const answers: string[] = [];
  const before = clients.map(({ stats }) => ({ ...stats }));
  for (let second = 0; second < 60; second++) {
    if (second % 10 === 0) {
      for (const client of clients) {
        sendRequest(client, 'say', { text: `at ${second}` }, world.server.clock.now(), (code) => answers.push(code));
      }
    }
    play(world, 1_000);
  }
  for (const [index, { state, stats }] of clients.entries()) {
    expect(state).toBe(PLAYING);
    expect(stats).toMatchObject({ malformed: 0, reconnects: 0, snapshotsUnusable: 0 });
    const snapshots = stats.snapshots - before[index]!.snapshots;
    expect(snapshots).toBeGreaterThan(60 * 18);
    expect(snapshots).toBeLessThan(60 * 19.8);
    expect((stats.bytesUp - before[index]!.bytesUp) / 60).toBeLessThan(2_000);
  }
  // Of 12,000 snapshots; without saying inputs again it would be thirty or forty.
  expect(
    clients.reduce((sum, { stats }, index) => sum + stats.corrections - before[index]!.corrections, 0),
  ).toBeLessThan(12);
  expect(answers).toHaveLength(60);
  expect(dropsOf(world.server)).toEqual([]);
});

test('through a fifth of all datagrams lost and much reordering everybody gets in and plays', () => {
  const world = createWorld(SEED, { latencyMs: 60, jitterMs: 60, loss: 0.2 });
  const clients = Array.from({ length: 10 }, () => addPlayer(world));
  play(world, 10_000);
  for (const { state, stats, welcome } of clients) {
    expect(state).toBe(PLAYING);
    expect(welcome).toBeDefined();
    expect(stats).toMatchObject({ malformed: 0, reconnects: 0 });
  }
  // One connection each.
  expect(world.endpoints).toHaveLength(10);
});

test('whoever is dismissed hears why, though much is lost', () => {
  const world = createWorld(SEED, { latencyMs: 40, jitterMs: 0, loss: 0.2 });
  const clients = Array.from({ length: 8 }, () => addPlayer(world));
  play(world, 8_000);
  for (const connection of [...world.server.edge.connections]) {
    if (connection !== undefined) closeConnection(world.server.edge, connection, 'replaced');
  }
  play(world, 3_000);
  for (const { state, reason } of clients) expect([state, reason]).toEqual([FAILED, 'replaced']);
  expect(world.endpoints.every(({ socket }) => socket.isClosed)).toBe(true);
});

test('a line that is dead for a while: the client comes back, from another address and with another token', () => {
  const world = createWorld(SEED, { latencyMs: 40, jitterMs: 5, loss: 0.01 });
  const client = addPlayer(world);
  play(world, 4_000);
  expect(client.state).toBe(PLAYING);
  const [first] = world.endpoints;
  for (let passed = 0; passed < 7_000; passed++) {
    play(world, 1);
    first!.up.cut();
    first!.down.cut();
  }
  expect([client.reason, world.endpoints.length]).toEqual(['', 2]);
  expect(client.state).not.toBe(RECONNECTING);
  play(world, 12_000);
  expect(client.state).toBe(PLAYING);
  expect(client.stats.reconnects).toBe(1);
  expect(world.endpoints).toHaveLength(2);
});
