// Clients of an edge over UDP without a socket: real tokens, netcode and channels on both sides, a real zone behind it.

import { expect } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { SNAPSHOT_INTERVAL_TICKS } from '../../src/base/limits.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import {
  createDatagrams,
  type Datagrams,
  flushDatagrams,
  receiveDatagram,
  updateDatagrams,
} from '../../src/session/datagrams.ts';
import { admitConnection, updateEdge } from '../../src/session/edge.ts';
import { serveClients } from '../../src/session/serve.ts';
import { worldTick } from '../../src/sim/world.ts';
import { APPLIED, applySnapshot, createReplicas, type Replicas } from '../../src/snapshot/replicas.ts';
import { type Address, parseAddress } from '../../src/transport/address.ts';
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
import type { NodeShare } from '../../src/transport/channels/node-share.ts';
import { TAKEN, UNRELIABLE } from '../../src/transport/channels/packet.ts';
import { createClient, receiveFromServer, sendToServer, updateClient } from '../../src/transport/client.ts';
import type { Client as NetcodeClient } from '../../src/transport/client-state.ts';
import type { KeyExchange } from '../../src/transport/key-exchange.ts';
import { createServer } from '../../src/transport/server-state.ts';
import { CONNECTED } from '../../src/transport/states.ts';
import { FEATURE_REKEY, mintToken } from '../../src/transport/token.ts';
import { decodeMessage, encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMailbox } from '../transport/lab.ts';
import { run } from '../zone/harness.ts';
import { createSession, JOIN, messages, type TestSession } from './harness.ts';

export const SEED = Number(process.env.SEED ?? 4711);
export const START_MS = 1_700_000_000_000;
const KEY = new Uint8Array(32).fill(5);
const SERVER = parseAddress('10.0.0.1:7777')!;
export const TICK_MS = 1000 / 60;
const aead = createSodiumAead();

export interface Stage {
  readonly session: TestSession;
  readonly datagrams: Datagrams;
  readonly mailbox: ReturnType<typeof createMailbox>;
  readonly random: Random;
  readonly clients: TestClient[];
  /** Undefined: connections stay under their tokens' keys. */
  readonly keyExchange: KeyExchange | undefined;
  /** Share of datagrams that are lost, both ways. */
  loss: number;
}

export interface TestClient {
  readonly address: Address;
  readonly netcode: NetcodeClient;
  readonly mailbox: ReturnType<typeof createMailbox>;
  readonly channels: Channels;
  readonly replicas: Replicas;
  readonly got: WireObject[];
  readonly snapshotTicks: number[];
  readonly outgoing: Uint8Array;
}

/** @param node of the bandwidth of a node; undefined: no limit. */
export function createStage(node?: NodeShare, keyExchange?: KeyExchange): Stage {
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
    ...(keyExchange && { keyExchange }),
  });
  const datagrams = createDatagrams(session.edge, server, node);
  return { session, datagrams, mailbox, random: createRandom(SEED), clients: [], keyExchange, loss: 0 };
}

export function connect(
  stage: Stage,
  playerId: number,
  host = `10.0.1.${playerId & 255}:${1000 + (playerId % 60_000)}`,
): TestClient {
  const { nowMs } = stage.session;
  const createdS = Math.floor(nowMs / 1000);
  const terms = { protocolId: 1n, clientId: BigInt(playerId), createdS, expiresS: createdS + 60, timeoutS: 10 };
  const { keyExchange } = stage;
  const token = mintToken(aead, KEY, {
    ...terms,
    addresses: [SERVER],
    ...(keyExchange && { features: FEATURE_REKEY }),
  });
  const mailbox = createMailbox();
  const client: TestClient = {
    address: parseAddress(host)!,
    netcode: createClient(aead, token, mailbox.outbox, nowMs, keyExchange),
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
export function exchange(stage: Stage): void {
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

export function say(stage: Stage, client: TestClient, message: WireObject, isReliable = true): void {
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
export function step(stage: Stage, ticks = 1): void {
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

export function admitAll({ session }: Stage): void {
  for (const { connection } of session.asked.splice(0)) {
    const playerId = connection.link.playerId!;
    admitConnection(session.edge, connection, { epoch: 1, playerId, name: `p${playerId}`, saved: undefined });
  }
}

export function enter(stage: Stage, playerId: number, host?: string): TestClient {
  const client = connect(stage, playerId, host);
  exchange(stage);
  expect(client.netcode.state).toBe(CONNECTED);
  say(stage, client, { join: { token: `token-${playerId}`, ...JOIN } });
  exchange(stage);
  admitAll(stage);
  step(stage, 2 * SNAPSHOT_INTERVAL_TICKS);
  return client;
}

export const goodbyesOf = ({ got }: TestClient): unknown[] =>
  got.flatMap(({ goodbye }) => (goodbye === undefined ? [] : [(goodbye as WireObject).reason]));
