// The session layer over the secure transport, without a socket: real tokens, netcode and channels on both sides.

import { expect, test } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { JOIN_TIMEOUT_MS, SNAPSHOT_INTERVAL_TICKS, STRANGERS_PER_ADDRESS_MAX } from '../../src/base/limits.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import {
  createDatagrams,
  type Datagrams,
  flushDatagrams,
  hasClosing,
  receiveDatagram,
  updateDatagrams,
} from '../../src/session/datagrams.ts';
import { admitConnection, updateEdge } from '../../src/session/edge.ts';
import { serveClients } from '../../src/session/serve.ts';
import { worldTick } from '../../src/sim/world.ts';
import { APPLIED, applySnapshot, createReplicas, type Replicas } from '../../src/snapshot/replicas.ts';
import { type Address, parseAddress } from '../../src/transport/address.ts';
import { createTokenBucket } from '../../src/transport/channels/budget.ts';
import {
  beginPacket,
  type Channels,
  createChannels,
  endPacket,
  nextMessage,
  nextOutcome,
  receivePacket,
  sendReliable,
  writeMessage,
} from '../../src/transport/channels/channels.ts';
import { DOWN, UP } from '../../src/transport/channels/directions.ts';
import { TAKEN, UNRELIABLE } from '../../src/transport/channels/packet.ts';
import {
  createClient,
  leaveServer,
  type Client as NetcodeClient,
  receiveFromServer,
  sendToServer,
  updateClient,
} from '../../src/transport/client.ts';
import { createServer } from '../../src/transport/server-state.ts';
import { CONNECTED, DISCONNECTED } from '../../src/transport/states.ts';
import { mintToken } from '../../src/transport/token.ts';
import { decodeMessage, encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMailbox } from '../transport/lab.ts';
import { run } from '../zone/harness.ts';
import { count, createSession, JOIN, messages, type TestSession } from './harness.ts';

const SEED = Number(process.env.SEED ?? 4711);
const START_MS = 1_700_000_000_000;
const KEY = new Uint8Array(32).fill(5);
const SERVER = parseAddress('10.0.0.1:7777')!;
const TICK_MS = 1000 / 60;
const aead = createSodiumAead();

interface Stage {
  readonly session: TestSession;
  readonly datagrams: Datagrams;
  readonly mailbox: ReturnType<typeof createMailbox>;
  readonly random: Random;
  readonly clients: TestClient[];
  /** Share of datagrams that are lost, both ways. */
  loss: number;
}

interface TestClient {
  readonly address: Address;
  readonly netcode: NetcodeClient;
  readonly mailbox: ReturnType<typeof createMailbox>;
  readonly channels: Channels;
  readonly replicas: Replicas;
  readonly got: WireObject[];
  readonly snapshotTicks: number[];
  readonly outgoing: Uint8Array;
}

function createStage(nodeBytesPerSecond?: number): Stage {
  const session = createSession();
  session.nowMs = START_MS;
  const mailbox = createMailbox();
  const server = createServer({
    aead,
    key: KEY,
    protocolId: 1n,
    addresses: [SERVER],
    clientsMax: 256,
    handshakesMax: 256,
    tokensMax: 512,
    tokenLifetimeSMax: 60,
    expiresAfterS: 0,
    outbox: mailbox.outbox,
  });
  const node =
    nodeBytesPerSecond === undefined
      ? undefined
      : createTokenBucket(nodeBytesPerSecond, nodeBytesPerSecond / 4, START_MS);
  const datagrams = createDatagrams(session.edge, server, node);
  return { session, datagrams, mailbox, random: createRandom(SEED), clients: [], loss: 0 };
}

function connect(stage: Stage, playerId: number, host = `10.0.1.${playerId & 255}:${1000 + playerId}`): TestClient {
  const { nowMs } = stage.session;
  const createdS = Math.floor(nowMs / 1000);
  const terms = { protocolId: 1n, clientId: BigInt(playerId), createdS, expiresS: createdS + 60, timeoutS: 10 };
  const token = mintToken(aead, KEY, { ...terms, addresses: [SERVER] });
  const mailbox = createMailbox();
  const client: TestClient = {
    address: parseAddress(host)!,
    netcode: createClient(aead, token, mailbox.outbox, nowMs),
    mailbox,
    channels: createChannels(UP, DOWN, undefined, nowMs),
    replicas: createReplicas(stage.session.zone.zone.game.rows),
    got: [],
    snapshotTicks: [],
    outgoing: new Uint8Array(2048),
  };
  stage.clients.push(client);
  return client;
}

/** What is on the way arrives, both ways, until nothing is. */
function exchange(stage: Stage): void {
  const { session, datagrams, random } = stage;
  const { nowMs } = session;
  const isLost = (): boolean => random.fraction() < stage.loss;
  for (let round = 0; round < 10; round++) {
    let moved = 0;
    for (const { mailbox, address } of stage.clients) {
      for (const { bytes } of mailbox.take()) {
        moved++;
        if (!isLost()) receiveDatagram(datagrams, nowMs, address, 0, bytes, 0, bytes.length);
      }
    }
    flushDatagrams(datagrams, nowMs);
    for (const { bytes, address } of stage.mailbox.take()) {
      moved++;
      const client = stage.clients.find((one) => one.address.every((word, index) => word === address[index]));
      if (client !== undefined && !isLost()) hear(client, nowMs, bytes);
    }
    if (moved === 0) return;
  }
}

function hear(client: TestClient, nowMs: number, bytes: Uint8Array): void {
  const { netcode, channels } = client;
  const length = receiveFromServer(netcode, nowMs, SERVER, 0, bytes, 0, bytes.length);
  if (length < 0) return;
  expect(receivePacket(channels, netcode.payload, 0, length, nowMs)).toBe(TAKEN);
  while (nextMessage(channels)) {
    const message = channels.bytes.slice(channels.from, channels.end);
    const { code, value } = decodeMessage(new Reader(message), messages.serverMessage, 'reject');
    expect(code).toBe(0);
    client.got.push(value);
    const isWelcomed = client.got.some(({ welcome }) => welcome !== undefined);
    if (value.snapshot === undefined || !isWelcomed) continue;
    const reader = new Reader(message);
    reader.u8();
    reader.varint();
    expect(applySnapshot(client.replicas, reader)).toBe(APPLIED);
    client.snapshotTicks.push(client.replicas.tick);
  }
  while (nextOutcome(channels) >= 0);
}

function say(stage: Stage, client: TestClient, message: WireObject, isReliable = true): void {
  const { channels, netcode, outgoing } = client;
  const { nowMs } = stage.session;
  const bytes = encodeToBytes(messages.clientMessage, message);
  if (isReliable) expect(sendReliable(channels, bytes, 0, bytes.length)).toBe(true);
  beginPacket(channels, outgoing, 0, nowMs);
  if (!isReliable) writeMessage(channels, UNRELIABLE, bytes, 0, bytes.length);
  const end = endPacket(channels, nowMs);
  if (end > 0 && netcode.state === CONNECTED) sendToServer(netcode, nowMs, outgoing, 0, end);
}

/** A tick of everything; each player says what it has, as inputs do. */
function step(stage: Stage, ticks = 1): void {
  const { session, datagrams } = stage;
  for (let tick = 0; tick < ticks; tick++) {
    session.nowMs += TICK_MS;
    run(session.zone);
    datagrams.nowMs = session.nowMs;
    serveClients(session.edge, session.nowMs);
    updateDatagrams(datagrams, session.nowMs, session.nowMs);
    updateEdge(session.edge, session.nowMs);
    for (const client of stage.clients) {
      updateClient(client.netcode, session.nowMs);
      if (client.netcode.state !== CONNECTED) continue;
      const { tick: acked } = client.replicas;
      const next = worldTick(session.zone.zone.world) + 1;
      const inputs = acked < 0 ? [] : [{ tick: next, ackAge: next - acked, moveX: 20 }];
      say(stage, client, inputs.length > 0 ? { inputs } : { ping: { clientTimeMs: tick + 1 } }, false);
    }
    exchange(stage);
  }
}

function admitAll({ session }: Stage): void {
  for (const { connection } of session.asked.splice(0)) {
    const playerId = connection.link.playerId!;
    admitConnection(session.edge, connection, { playerId, name: `p${playerId}`, saved: undefined });
  }
}

function enter(stage: Stage, playerId: number): TestClient {
  const client = connect(stage, playerId);
  exchange(stage);
  expect(client.netcode.state).toBe(CONNECTED);
  say(stage, client, { join: { token: `token-${playerId}`, ...JOIN } });
  exchange(stage);
  admitAll(stage);
  step(stage, 2 * SNAPSHOT_INTERVAL_TICKS);
  return client;
}

const goodbyesOf = ({ got }: TestClient): unknown[] =>
  got.flatMap(({ goodbye }) => (goodbye === undefined ? [] : [(goodbye as WireObject).reason]));

test('a client connects, joins, gets its welcome and snapshots at 20 a second, and plays', () => {
  const stage = createStage();
  const client = enter(stage, 7);
  const welcome = client.got.find((message) => message.welcome !== undefined)!.welcome as WireObject;
  expect(welcome).toMatchObject({ playerId: '7', name: 'p7' });
  const before = client.snapshotTicks.length;
  step(stage, 60);
  expect(client.snapshotTicks.length - before).toBe(20);
  const { positionX } = stage.session.zone.zone.world.columns;
  expect(positionX[Number(welcome.slot)]).toBeGreaterThan(0);
  expect(stage.datagrams.links.filter((link) => link !== undefined)).toHaveLength(1);
});

test('what the transport admitted is whom the session layer holds the join to', () => {
  const stage = createStage();
  connect(stage, 40);
  exchange(stage);
  const link = stage.datagrams.links.find((one) => one !== undefined)!;
  expect(link.connection!.link.playerId).toBe(40);
});

test('with a fifth of all datagrams lost everything reliable arrives once and in order, snapshots only forwards', () => {
  console.log(`SEED=${SEED}`);
  const stage = createStage();
  const client = enter(stage, 3);
  stage.loss = 0.2;
  for (let id = 1; id <= 40; id++) {
    say(stage, client, { request: { id, nothing: {} } });
    step(stage, 6);
  }
  step(stage, 120);
  const responses = client.got.flatMap((message) => message.responses as WireObject[]);
  expect(responses.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  expect(client.snapshotTicks).toEqual([...client.snapshotTicks].sort((a, b) => a - b));
  expect(client.snapshotTicks.length).toBeGreaterThan(60);
});

test('who is dismissed gets its goodbye, loss or not, and then the end of the connection', () => {
  const stage = createStage();
  const clients = [1, 2, 3, 4, 5, 6].map((id) => enter(stage, id));
  stage.loss = 0.3;
  for (const connection of [...stage.session.edge.connections]) {
    if (connection === undefined) continue;
    stage.datagrams.nowMs = stage.session.nowMs;
    connection.link.send(encodeToBytes(messages.serverMessage, { goodbye: { reason: 'shutting_down' } }), true);
    connection.link.close();
  }
  expect(hasClosing(stage.datagrams)).toBe(true);
  step(stage, 90);
  expect(hasClosing(stage.datagrams)).toBe(false);
  expect(clients.map(goodbyesOf)).toEqual(clients.map(() => ['shutting_down']));
  expect(clients.map(({ netcode }) => netcode.state)).toEqual(clients.map(() => DISCONNECTED));
  expect(count(stage.session, 'connections')).toBe(0);
});

test('who leaves, or falls silent, is gone from the edge, and from the door', () => {
  const stage = createStage();
  const leaving = enter(stage, 1);
  const silent = enter(stage, 2);
  const neverJoins = connect(stage, 3);
  exchange(stage);
  leaveServer(leaving.netcode, stage.session.nowMs);
  exchange(stage);
  expect(count(stage.session, 'connections')).toBe(2);
  step(stage, Math.ceil(JOIN_TIMEOUT_MS / TICK_MS) + 10);
  expect(goodbyesOf(neverJoins)).toEqual(['idle']);
  stage.clients.splice(stage.clients.indexOf(silent), 1);
  step(stage, 11 * 60);
  expect(count(stage.session, 'connections')).toBe(0);
  expect(stage.session.edge.strangers.total).toBe(0);
  expect(stage.session.edge.strangers.byAddress.size).toBe(0);
});

test('one host takes only its share of the door', () => {
  const stage = createStage();
  const clients = Array.from({ length: STRANGERS_PER_ADDRESS_MAX + 1 }, (_, index) =>
    connect(stage, index + 1, `10.9.9.9:${2000 + index}`),
  );
  exchange(stage);
  expect(count(stage.session, 'refusedAddress')).toBe(1);
  expect(clients.filter(({ netcode }) => netcode.state === CONNECTED)).toHaveLength(STRANGERS_PER_ADDRESS_MAX);
  const other = enter(stage, 200);
  expect(other.netcode.state).toBe(CONNECTED);
});

test('a flood of small messages in few datagrams is a flood, and is not listened to for the rest of its second', () => {
  const stage = createStage();
  const client = enter(stage, 1);
  const frame = encodeToBytes(messages.clientMessage, { ping: { clientTimeMs: 1 } });
  const { channels, outgoing, netcode } = client;
  for (let packet = 0; packet < 30; packet++) {
    channels.budget.own.bytes = 1e6;
    beginPacket(channels, outgoing, 0, stage.session.nowMs);
    while (writeMessage(channels, UNRELIABLE, frame, 0, frame.length));
    sendToServer(netcode, stage.session.nowMs, outgoing, 0, endPacket(channels, stage.session.nowMs));
    exchange(stage);
  }
  expect(count(stage.session, 'heldUp')).toBe(1);
  const dropped = count(stage.session, 'dropRate');
  const frames = count(stage.session, 'frames');
  expect(dropped).toBeGreaterThan(1000);
  say(stage, client, { ping: { clientTimeMs: 2 } }, false);
  exchange(stage);
  expect(count(stage.session, 'frames')).toBe(frames);
  step(stage, 70);
  expect(count(stage.session, 'frames')).toBeGreaterThan(frames);
});

test('a node without bandwidth lowers the rate of snapshots, and takes it up again', () => {
  const stage = createStage(1500);
  const clients = Array.from({ length: 12 }, (_, index) => enter(stage, index + 1));
  step(stage, 300);
  const rate = (ticks: number): number => {
    const before = clients.map(({ snapshotTicks }) => snapshotTicks.length);
    step(stage, ticks);
    return Math.max(...clients.map(({ snapshotTicks }, index) => snapshotTicks.length - before[index]!)) / (ticks / 60);
  };
  expect(rate(120)).toBeLessThanOrEqual(10.5);
  expect(stage.datagrams.links.some((link) => link !== undefined && link.plan.intervalTicks > 3)).toBe(true);
});
