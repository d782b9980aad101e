// What a packet costs a UDP edge, with real sockets over loopback. Out: a snapshot's bytes sealed for each client and sent
// in batches, against the same by node:dgram and createCipheriv in the same run, by turns. In: received, opened, decoded
// and handed to the zone's ring as an input. Junk: what comes from strangers and is thrown away, receiving it left out.

import { createCipheriv, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROTOCOL_VERSION } from '../../src/base/limits.ts';
import { createRandom } from '../../src/base/random.ts';
import { createRingReader } from '../../src/base/ring.ts';
import { game } from '../../src/game/game.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { openUdp } from '../../src/io/udp.ts';
import { createDatagrams, type Datagrams, flushDatagrams, receiveDatagram } from '../../src/session/datagrams.ts';
import { admitConnection, createEdge, PLAYING } from '../../src/session/edge.ts';
import { serveClients } from '../../src/session/serve.ts';
import { worldTick } from '../../src/sim/world.ts';
import { ADDRESS_WORDS, copyAddress, parseAddress } from '../../src/transport/address.ts';
import {
  beginPacket,
  type Channels,
  createChannels,
  endPacket,
  nextMessage,
  receivePacket,
  sendReliable,
  writeMessage,
} from '../../src/transport/channels/channels.ts';
import { DOWN, UP } from '../../src/transport/channels/directions.ts';
import { UNRELIABLE } from '../../src/transport/channels/packet.ts';
import { createClient, receiveFromServer, sendToServer } from '../../src/transport/client.ts';
import type { Client } from '../../src/transport/client-state.ts';
import { COUNT } from '../../src/transport/counts.ts';
import { createOutbox, OUTBOX_STRIDE, type Outbox } from '../../src/transport/outbox.ts';
import { sendToClient } from '../../src/transport/server.ts';
import { createServer } from '../../src/transport/server-state.ts';
import { mintToken } from '../../src/transport/token.ts';
import { createPacketBatch, type PacketBatch, type UdpSocket } from '../../src/transport/udp-port.ts';
import { encodeToBytes } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { createZoneBuffers } from '../../src/zone/buffers.ts';
import { createZone, tickZone } from '../../src/zone/zone.ts';
import { type Bench, exactCpuMicros, type Figure, median, threadCpuMicros } from '../bench.ts';

const PLAYERS = 64;
const SNAPSHOT = new Uint8Array(1000).map((_, at) => at);
const ROUNDS = 1600;
/** The compiler has optimised what there is by then. */
const WARM_UP_SHARE = 0.4;
const JUNK_PACKETS = 200_000;
const START_MS = 1_700_000_000_000;
/** IPv4 word of 127.2.0.0. */
const LOCALS_FIRST = 0x7f02_0000;

const { clientMessage } = createMessages(game);
const aead = createSodiumAead();

interface Peer {
  readonly client: Client;
  readonly channels: Channels;
  readonly outbox: Outbox;
  /** IPv4 word of its own address. */
  readonly local: number;
}

interface Stage {
  readonly datagrams: Datagrams;
  readonly outbox: Outbox;
  readonly socket: UdpSocket;
  readonly peers: Map<number, Peer>;
  /** Of all peers: they share a socket, as bots do. */
  readonly peerSocket: UdpSocket;
  readonly batch: PacketBatch;
  nowMs: number;
  tick(): number;
}

export const bench: Bench = {
  figures: ['udp.out.cpuMicros', 'udp.out.ratioToStock', 'udp.in.cpuMicros', 'udp.junk.cpuMicros', 'udp.junk.gc'],
  async run(seed, isSmall) {
    const rounds = isSmall ? 3 : ROUNDS;
    const stage = await createStage(seed);
    const stock = await openStock();
    const out: number[] = [];
    const stockOut: number[] = [];
    const into: number[] = [];
    for (let round = 0; round < rounds; round++) {
      out.push(await measure(() => sendSnapshots(stage)));
      await drainPeers(stage);
      stockOut.push(await measure(() => stock.send(stage.peerSocket.port)));
      await drainPeers(stage);
      into.push(await measureInputs(stage));
    }
    const taken = stage.datagrams.edge.counters.words[stage.datagrams.edge.counters.index.frames]!;
    const junk = await measureJunk(stage, seed, isSmall ? 1000 : JUNK_PACKETS);
    stage.socket.close();
    stage.peerSocket.close();
    stock.close();
    const checksum = `${taken} frames, ${junk.forged} forged requests`;
    const figure = (name: string, value: number, unit: string): Figure => ({
      figure: `udp.${name}`,
      value,
      unit,
      seed,
      checksum,
    });
    return [
      figure('out.cpuMicros', warm(out) / PLAYERS, 'µs'),
      figure('out.ratioToStock', warm(out) / warm(stockOut), ''),
      figure('in.cpuMicros', warm(into) / PLAYERS, 'µs'),
      figure('junk.cpuMicros', junk.micros, 'µs'),
      figure('junk.gc', junk.collections, ''),
    ];
  },
};

function warm(rounds: readonly number[]): number {
  return median(rounds.slice(Math.floor(rounds.length * WARM_UP_SHARE)));
}

async function createStage(seed: number): Promise<Stage> {
  const host = '127.0.0.1';
  const buffers = createZoneBuffers(game, 1);
  const zone = createZone({ game, seed, epoch: 1, buffers, resume: false });
  const saves = createRingReader(buffers.saveRing);
  const edge = createEdge({
    game,
    zoneId: 1,
    edgeIndex: 0,
    seed,
    buffers,
    authenticate: (connection) => {
      const playerId = connection.link.playerId!;
      admitConnection(edge, connection, { epoch: 1, playerId, name: `bot-${playerId}`, saved: undefined });
    },
  });
  const socket = await openUdp({ host, port: 0 });
  const peerSocket = await openUdp({ host: '0.0.0.0', port: 0, hasLocals: true });
  const outbox = createOutbox(256, (full) => socket.send(full));
  const key = new Uint8Array(32).fill(seed);
  const address = parseAddress(`${host}:${socket.port}`)!;
  const server = createServer({
    aead,
    key,
    protocolId: 1n,
    addresses: [address],
    clientsMax: 1024,
    handshakesMax: 1024,
    tokensMax: 1024,
    tokenLifetimeSMax: 60,
    expiresAfterS: 0,
    outbox,
  });
  const stage: Stage = {
    datagrams: createDatagrams(edge, server, undefined),
    outbox,
    socket,
    peers: new Map(),
    peerSocket,
    batch: createPacketBatch(256, OUTBOX_STRIDE, true),
    nowMs: START_MS,
    tick() {
      stage.nowMs += 1000 / 60;
      tickZone(zone);
      while (saves.next());
      stage.datagrams.nowMs = stage.nowMs;
      serveClients(edge, stage.nowMs);
      return worldTick(zone.world);
    },
  };
  for (let player = 1; player <= PLAYERS; player++) {
    const terms = {
      protocolId: 1n,
      clientId: BigInt(player),
      createdS: START_MS / 1000,
      expiresS: START_MS / 1000 + 60,
    };
    const peerOutbox = createOutbox(8, () => {});
    const token = mintToken(aead, key, { ...terms, timeoutS: 10, addresses: [address] });
    const client = createClient(aead, token, peerOutbox, START_MS);
    const channels = createChannels(UP, DOWN, undefined, START_MS);
    const peer: Peer = { client, channels, outbox: peerOutbox, local: LOCALS_FIRST + player };
    stage.peers.set(peer.local, peer);
  }
  await settle(stage);
  const join = { protocolVersion: PROTOCOL_VERSION, game: game.name, gameVersion: game.version, token: 'bench' };
  const bytes = encodeToBytes(clientMessage, { join });
  for (const { channels } of stage.peers.values()) sendReliable(channels, bytes, 0, bytes.length);
  for (let tick = 0; tick < 12; tick++) {
    for (const peer of stage.peers.values()) writePacketOf(stage, peer, undefined);
    stage.tick();
    await settle(stage);
  }
  const playing = edge.connections.filter((connection) => connection?.state === PLAYING).length;
  if (playing !== PLAYERS) throw new Error(`only ${playing} of ${PLAYERS} clients are in`);
  return stage;
}

/** One packet of a peer, with a message or with what is due alone, into its outbox. */
function writePacketOf(stage: Stage, { client, channels }: Peer, message: Uint8Array | undefined): void {
  beginPacket(channels, scratch, 0, stage.nowMs);
  if (message !== undefined) writeMessage(channels, UNRELIABLE, message, 0, message.length);
  const end = endPacket(channels, stage.nowMs);
  if (end > 0) sendToServer(client, stage.nowMs, scratch, 0, end);
}

const scratch = new Uint8Array(2048);

/** What is on the way arrives, both ways, until nothing is. */
async function settle(stage: Stage): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet++) {
    if (sendPeers(stage)) quiet = 0;
    await nextTurn();
    if (receiveAtServer(stage) > 0) quiet = 0;
    flushServer(stage);
    await nextTurn();
    if (receiveAtPeers(stage, true) > 0) quiet = 0;
  }
}

/** What peers have written leaves as one batch, each packet from its own address. */
function sendPeers({ peers, peerSocket, batch }: Stage): boolean {
  for (const { outbox, local } of peers.values()) {
    for (let packet = 0; packet < outbox.count; packet++) {
      if (batch.count === batch.capacity) peerSocket.send(batch);
      const from = packet * OUTBOX_STRIDE;
      const at = batch.count;
      batch.bytes.set(outbox.bytes.subarray(from, from + outbox.lengths[packet]!), at * OUTBOX_STRIDE);
      batch.lengths[at] = outbox.lengths[packet]!;
      copyAddress(outbox.addresses, packet * ADDRESS_WORDS, batch.addresses, at * ADDRESS_WORDS);
      batch.locals!.set([0, 0, 0xffff, local, 0], at * ADDRESS_WORDS);
      batch.count++;
    }
    outbox.count = 0;
  }
  if (batch.count === 0) return false;
  peerSocket.send(batch);
  return true;
}

function receiveAtServer({ socket, datagrams, nowMs }: Stage): number {
  const { incoming } = socket;
  const stride = incoming.bytes.length / incoming.capacity;
  const count = socket.receive();
  for (let index = 0; index < count; index++) {
    const from = index * stride;
    const end = from + incoming.lengths[index]!;
    receiveDatagram(datagrams, nowMs, incoming.addresses, index * ADDRESS_WORDS, incoming.bytes, from, end);
  }
  return count;
}

function flushServer({ datagrams, outbox, socket, nowMs }: Stage): void {
  flushDatagrams(datagrams, nowMs);
  if (outbox.count > 0) socket.send(outbox);
}

function receiveAtPeers({ peers, peerSocket, nowMs }: Stage, isHeard: boolean): number {
  const { incoming } = peerSocket;
  const stride = incoming.bytes.length / incoming.capacity;
  const count = peerSocket.receive();
  for (let index = 0; isHeard && index < count; index++) {
    const peer = peers.get(incoming.locals![index * ADDRESS_WORDS + 3]!)!;
    const { client, channels } = peer;
    const from = index * stride;
    const end = from + incoming.lengths[index]!;
    const length = receiveFromServer(
      client,
      nowMs,
      incoming.addresses,
      index * ADDRESS_WORDS,
      incoming.bytes,
      from,
      end,
    );
    if (length < 0) continue;
    receivePacket(channels, client.payload, 0, length, nowMs);
    while (nextMessage(channels));
  }
  return count;
}

async function drainPeers(stage: Stage): Promise<void> {
  for (let quiet = 0; quiet < 2; quiet++) {
    await nextTurn();
    if (receiveAtPeers(stage, false) > 0) quiet = 0;
  }
}

function sendSnapshots({ datagrams, outbox, socket, nowMs }: Stage): void {
  const { server } = datagrams;
  for (let slot = 0; slot < datagrams.links.length; slot++) {
    if (datagrams.links[slot] !== undefined) sendToClient(server, nowMs, slot, SNAPSHOT, 0, SNAPSHOT.length);
  }
  socket.send(outbox);
}

/** An input of each peer, with the three before it: from the socket to the zone's ring. */
async function measureInputs(stage: Stage): Promise<number> {
  const tick = stage.tick() + 3;
  await settle(stage);
  for (const peer of stage.peers.values()) {
    const inputs = [3, 2, 1, 0].map((back) => ({ tick: tick - back, ackAge: 4, moveX: 100, moveZ: -50, aim: 12_000 }));
    writePacketOf(stage, peer, encodeToBytes(clientMessage, { inputs }));
  }
  sendPeers(stage);
  await nextTurn();
  let received = 0;
  const micros = await measure(() => {
    while (received < PLAYERS) received += receiveAtServer(stage);
  });
  await settle(stage);
  return micros;
}

/** A request that is right in all but the key that its token is sealed with, so that it is opened in vain. */
function forgeRequest({ nowMs, socket }: Stage, clientId: number): Uint8Array {
  const createdS = Math.floor(nowMs / 1000);
  const terms = { protocolId: 1n, clientId: BigInt(clientId), createdS, expiresS: createdS + 30, timeoutS: 10 };
  const addresses = [parseAddress(`127.0.0.1:${socket.port}`)!];
  const outbox = createOutbox(1, () => {});
  createClient(aead, mintToken(aead, randomBytes(32), { ...terms, addresses }), outbox, nowMs);
  return outbox.bytes.slice(0, outbox.lengths[0]);
}

/** Random bytes, and each fourth a request that looks right up to its seal; each from another address. */
async function measureJunk(
  stage: Stage,
  seed: number,
  packets: number,
): Promise<{ micros: number; forged: number; collections: number }> {
  const { datagrams, nowMs } = stage;
  const { counts } = datagrams.server;
  const random = createRandom(seed);
  const address = parseAddress('10.0.0.1:1000')!;
  const junk = Array.from({ length: 64 }, (_, index) =>
    index % 4 === 0 ? forgeRequest(stage, index) : Uint8Array.from(randomBytes(18 + random.below(1200))),
  );
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  const send = (count: number): void => {
    for (let packet = 0; packet < count; packet++) {
      const bytes = junk[packet & 63]!;
      address[3] = packet;
      receiveDatagram(datagrams, nowMs, address, 0, bytes, 0, bytes.length);
    }
  };
  send(packets);
  await sleep(50);
  observer.observe({ entryTypes: ['gc'] });
  await sleep(50);
  collections = 0;
  const before = counts[COUNT.requestForged]!;
  const start = threadCpuMicros();
  send(packets);
  const micros = (threadCpuMicros() - start) / packets;
  await sleep(50);
  observer.disconnect();
  const forged = counts[COUNT.requestForged]! - before;
  if (forged !== packets / 4) throw new Error(`${forged} of ${packets / 4} forged requests were opened`);
  return { micros, forged, collections };
}

/** Microseconds of CPU, asking for them left out. */
async function measure(work: () => void | Promise<void>): Promise<number> {
  const before = exactCpuMicros();
  const start = exactCpuMicros();
  await work();
  return exactCpuMicros() - start - (start - before);
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The same as anyone would do it: a cipher object and a send a packet. */
async function openStock(): Promise<{ send(port: number): Promise<void>; close(): void }> {
  const socket: Socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const key = randomBytes(32);
  const additional = Buffer.alloc(22);
  let sequence = 0;
  return {
    async send(port) {
      let sent = 0;
      for (let packet = 0; packet < PLAYERS; packet++) {
        const nonce = Buffer.alloc(12);
        nonce.writeUInt32LE(sequence++, 4);
        const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
        cipher.setAAD(additional, { plaintextLength: SNAPSHOT.length });
        const sealed = [nonce.subarray(4), cipher.update(SNAPSHOT), cipher.final()];
        socket.send([...sealed, cipher.getAuthTag()], port, '127.0.0.1', () => sent++);
      }
      while (sent < PLAYERS) await nextTurn();
    },
    close: () => socket.close(),
  };
}
