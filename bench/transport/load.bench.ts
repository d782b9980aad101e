// What a player costs a UDP edge and its zone, by part and without the system's calls: 500 clients of the whole way
// (transport, channels, inputs with three repeated, acknowledgements, snapshots past obstacles) in one thread, where each
// part's CPU time is taken by itself. Between them the clients' own work passes through the processor's caches, as it
// does on a machine that has more to do: so a part costs here what it costs live, not what it costs in a loop.

import { Reader, Writer } from '../../src/base/bytes.ts';
import { PROTOCOL_VERSION, SNAPSHOT_INTERVAL_TICKS, TICK_HZ } from '../../src/base/limits.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { createRingReader } from '../../src/base/ring.ts';
import { game } from '../../src/game/game.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { createNodeKeyExchange } from '../../src/io/key-exchange-node.ts';
import {
  createDatagrams,
  type Datagrams,
  flushDatagrams,
  receiveDatagram,
  updateDatagrams,
} from '../../src/session/datagrams.ts';
import { admitConnection, createEdge, type Edge, PLAYING } from '../../src/session/edge.ts';
import { PREFETCH_PACKETS, prefetchDatagrams } from '../../src/session/prefetch.ts';
import { serveClients } from '../../src/session/serve.ts';
import { worldTick } from '../../src/sim/world.ts';
import { ADDRESS_WORDS, type Address, copyAddress, parseAddress } from '../../src/transport/address.ts';
import {
  beginPacket,
  type Channels,
  createChannels,
  endPacket,
  isPacketDue,
  nextMessage,
  receivePacket,
  sendReliable,
  writeMessage,
} from '../../src/transport/channels/channels.ts';
import { DOWN, UP } from '../../src/transport/channels/directions.ts';
import { SEQUENCED } from '../../src/transport/channels/packet.ts';
import { createClient, receiveFromServer, sendToServer, updateClient } from '../../src/transport/client.ts';
import type { Client } from '../../src/transport/client-state.ts';
import { createOutbox, OUTBOX_STRIDE, type Outbox } from '../../src/transport/outbox.ts';
import { createServer } from '../../src/transport/server-state.ts';
import { FEATURE_REKEY, mintToken } from '../../src/transport/token.ts';
import { createPacketBatch } from '../../src/transport/udp-port.ts';
import { createInputLayout, INPUT_ACK_AGE_WORD, INPUT_VALUES_WORD, writeInput } from '../../src/wire/client-frame.ts';
import { encodeToBytes } from '../../src/wire/codec.ts';
import { createMessages, SERVER_MESSAGE } from '../../src/wire/schema.ts';
import { createZoneBuffers } from '../../src/zone/buffers.ts';
import type { Zone } from '../../src/zone/state.ts';
import { createZone, tickZone } from '../../src/zone/zone.ts';
import { type Bench, exactCpuMicros, type Figure, median } from '../bench.ts';

const PLAYERS = 500;
const VISIBLE = 50;
const WARM_UP_TICKS = 600;
const TICKS = 600;
const START_MS = 1_700_000_000_000;
/** From the tick that a client was last told of to the one its inputs are for. */
const LEAD_TICKS = 3;
const INPUTS_A_PACKET = 4;

const aead = createSodiumAead();
const keyExchange = createNodeKeyExchange();
const layout = createInputLayout(game);
const { clientMessage } = createMessages(game);

interface Peer {
  readonly client: Client;
  readonly channels: Channels;
  readonly outbox: Outbox;
  readonly address: Address;
  /** The last inputs, newest last. */
  readonly inputs: Int32Array;
  newestTick: number;
}

interface Stage {
  readonly edge: Edge;
  readonly zone: Zone;
  readonly datagrams: Datagrams;
  readonly outbox: Outbox;
  readonly peers: readonly Peer[];
  /** By the IPv4 word of its address. */
  readonly byAddress: ReadonlyMap<number, Peer>;
  readonly saves: { next(): boolean };
  readonly random: Random;
  readonly serverAddress: Address;
  readonly micros: { in: number[]; zone: number[]; out: number[] };
  nowMs: number;
  snapshots: number;
}

export const bench: Bench = {
  figures: [
    'udp.load.inMicros',
    'udp.load.outMicros',
    'udp.load.zoneMicros',
    'udp.load.cpuMicrosPerPlayer',
    'udp.load.visible',
  ],
  run(seed, isSmall) {
    const players = isSmall ? 20 : PLAYERS;
    const stage = createStage(players, seed);
    for (let tick = 0; tick < (isSmall ? 30 : WARM_UP_TICKS); tick++) runTick(stage);
    for (const part of Object.values(stage.micros)) part.length = 0;
    stage.snapshots = 0;
    const ticks = isSmall ? 30 : TICKS;
    for (let tick = 0; tick < ticks; tick++) runTick(stage);
    const inMicros = median(stage.micros.in) / players;
    const outMicros = (median(stage.micros.out) / players) * SNAPSHOT_INTERVAL_TICKS;
    const zoneMicros = (median(stage.micros.zone) * TICK_HZ) / players;
    let visible = 0;
    for (const connection of stage.edge.connections) visible += connection!.viewer!.count - 1;
    const perPlayer = inMicros * TICK_HZ + (outMicros * TICK_HZ) / SNAPSHOT_INTERVAL_TICKS + zoneMicros;
    const checksum = `${stage.snapshots} snapshots`;
    const figure = (name: string, value: number, unit: string): Figure => ({
      figure: `udp.load.${name}`,
      value,
      unit,
      seed,
      checksum,
    });
    return [
      figure('inMicros', inMicros, 'µs'),
      figure('outMicros', outMicros, 'µs'),
      figure('zoneMicros', zoneMicros, 'µs/s'),
      figure('cpuMicrosPerPlayer', perPlayer, 'µs/s'),
      figure('visible', visible / players, 'entities'),
    ];
  },
};

function createStage(players: number, seed: number): Stage {
  const random = createRandom(seed);
  const buffers = createZoneBuffers(game, 1);
  const zone = createZone({ game, seed, epoch: 1, buffers, resume: false });
  const side = Math.sqrt((players * Math.PI * game.limits.interestRadiusMm ** 2) / VISIBLE);
  const edge = createEdge({
    game,
    zoneId: 1,
    edgeIndex: 0,
    seed,
    buffers,
    playersPerAddress: 0,
    authenticate: (connection) => {
      const saved = new Int32Array(game.savedColumns.length);
      for (const [index, name] of game.savedColumns.entries()) {
        if (name === 'positionX' || name === 'positionZ') saved[index] = (random.fraction() - 0.5) * side * 128;
        if (name === 'health') saved[index] = 100;
      }
      const playerId = connection.link.playerId!;
      admitConnection(edge, connection, { epoch: 1, playerId, name: `bot-${playerId}`, saved });
    },
  });
  const serverAddress = parseAddress('127.0.0.1:7777')!;
  const key = new Uint8Array(32).fill(seed);
  const peers = new Map<number, Peer>();
  // Roomy: what is sent waits for its turn, so that clients' work is in no part of the server's.
  const outbox = createOutbox(4 * players, () => {});
  const server = createServer({
    aead,
    key,
    protocolId: 1n,
    addresses: [serverAddress],
    clientsMax: players,
    handshakesMax: players,
    tokensMax: players,
    tokenLifetimeSMax: 60,
    expiresAfterS: 0,
    outbox,
    keyExchange,
  });
  const stage: Stage = {
    edge,
    zone,
    datagrams: createDatagrams(edge, server, undefined),
    outbox,
    peers: [],
    byAddress: peers,
    saves: createRingReader(buffers.saveRing),
    random,
    serverAddress,
    micros: { in: [], zone: [], out: [] },
    nowMs: START_MS,
    snapshots: 0,
  };
  for (let player = 0; player < players; player++) {
    const times = { createdS: START_MS / 1000, expiresS: START_MS / 1000 + 60, timeoutS: 10 };
    const terms = { protocolId: 1n, clientId: BigInt(player + 1), addresses: [serverAddress], features: FEATURE_REKEY };
    const ownOutbox = createOutbox(16, () => {});
    const token = mintToken(aead, key, { ...times, ...terms });
    const peer: Peer = {
      client: createClient(aead, token, ownOutbox, START_MS, keyExchange),
      channels: createChannels(UP, DOWN, undefined, START_MS),
      outbox: ownOutbox,
      address: parseAddress(`10.0.${player >> 8}.${player & 255}:7000`)!,
      inputs: new Int32Array(INPUTS_A_PACKET * layout.words),
      newestTick: -1,
    };
    peers.set(peer.address[3]!, peer);
    (stage.peers as Peer[]).push(peer);
  }
  enter(stage);
  return stage;
}

/** All connect, join, and agree on keys of their own. */
function enter(stage: Stage): void {
  const join = { protocolVersion: PROTOCOL_VERSION, game: game.name, gameVersion: game.version, token: 'bench' };
  const bytes = encodeToBytes(clientMessage, { join });
  for (let turn = 0; turn < 4; turn++) runTick(stage);
  for (const { channels } of stage.peers) sendReliable(channels, bytes, 0, bytes.length);
  for (let turn = 0; turn < TICK_HZ; turn++) runTick(stage);
  const playing = stage.edge.connections.filter((connection) => connection?.state === PLAYING).length;
  if (playing !== stage.peers.length) throw new Error(`only ${playing} of ${stage.peers.length} clients are in`);
}

/** A sixtieth of a second: what clients send, the edge takes it, the zone ticks, the edge serves, clients read. */
function runTick(stage: Stage): void {
  const { edge, datagrams, peers, zone, micros } = stage;
  stage.nowMs += 1000 / TICK_HZ;
  for (const peer of peers) {
    updateClient(peer.client, stage.nowMs);
    if (peer.newestTick >= 0) sendInputs(stage, peer);
    else sendDue(stage, peer);
  }
  let inMicros = 0;
  for (const { outbox, address } of peers) {
    for (let packet = 0; packet < outbox.count; packet++) {
      if (incoming.count === incoming.capacity) inMicros += receiveBatch(stage);
      const from = packet * OUTBOX_STRIDE;
      incoming.bytes.set(outbox.bytes.subarray(from, from + outbox.lengths[packet]!), incoming.count * OUTBOX_STRIDE);
      incoming.lengths[incoming.count] = outbox.lengths[packet]!;
      copyAddress(address, 0, incoming.addresses, incoming.count++ * ADDRESS_WORDS);
    }
    outbox.count = 0;
  }
  inMicros += receiveBatch(stage);
  const received = exactCpuMicros();
  tickZone(zone);
  while (stage.saves.next());
  const ticked = exactCpuMicros();
  if (worldTick(zone.world) % 6 === 0) updateDatagrams(datagrams, stage.nowMs, stage.nowMs);
  datagrams.nowMs = stage.nowMs;
  serveClients(edge, stage.nowMs);
  flushDatagrams(datagrams, stage.nowMs);
  const served = exactCpuMicros();
  deliver(stage);
  micros.in.push(inMicros);
  micros.zone.push(ticked - received);
  micros.out.push(served - ticked);
}

/** As the system hands them over. */
const incoming = createPacketBatch(64, OUTBOX_STRIDE);

/** Returns the CPU time that it took, in µs. */
function receiveBatch({ datagrams, nowMs }: Stage): number {
  const start = exactCpuMicros();
  for (let index = 0; index < incoming.count; index++) {
    if (index % PREFETCH_PACKETS === 0) prefetchDatagrams(datagrams, incoming, index);
    const from = index * OUTBOX_STRIDE;
    const end = from + incoming.lengths[index]!;
    receiveDatagram(datagrams, nowMs, incoming.addresses, index * ADDRESS_WORDS, incoming.bytes, from, end);
  }
  incoming.count = 0;
  flushDatagrams(datagrams, nowMs);
  return exactCpuMicros() - start;
}

const reader = new Reader();

/** What the edge sent arrives. */
function deliver(stage: Stage): void {
  const { outbox } = stage;
  for (let packet = 0; packet < outbox.count; packet++) {
    const peer = stage.byAddress.get(outbox.addresses[packet * ADDRESS_WORDS + 3]!)!;
    const from = packet * OUTBOX_STRIDE;
    const { client, channels } = peer;
    const end = from + outbox.lengths[packet]!;
    const length = receiveFromServer(client, stage.nowMs, stage.serverAddress, 0, outbox.bytes, from, end);
    if (length < 0) continue;
    receivePacket(channels, client.payload, 0, length, stage.nowMs);
    while (nextMessage(channels)) readTick(stage, peer);
  }
  outbox.count = 0;
}

/** The tick of a snapshot, which is all of it that these clients read. */
function readTick(stage: Stage, peer: Peer): void {
  const { channels } = peer;
  reader.reset(channels.bytes, channels.from, channels.end);
  if (reader.varint() >>> 3 !== SERVER_MESSAGE.snapshot) return;
  reader.varint();
  reader.varint();
  peer.newestTick = reader.varint();
  stage.snapshots++;
}

const scratch = new Uint8Array(2048);
const message = new Writer(new Uint8Array(512));

function sendInputs(stage: Stage, peer: Peer): void {
  const { inputs, channels } = peer;
  const { words } = layout;
  const last = (INPUTS_A_PACKET - 1) * words;
  inputs.copyWithin(0, words);
  const tick = worldTick(stage.zone.world) + LEAD_TICKS;
  inputs[last] = tick;
  inputs[last + INPUT_ACK_AGE_WORD] = tick - peer.newestTick;
  if (stage.random.u32() < 0x400_0000) {
    inputs[last + INPUT_VALUES_WORD] = stage.random.below(180) - 90;
    inputs[last + INPUT_VALUES_WORD + 1] = stage.random.below(180) - 90;
  }
  inputs[last + INPUT_VALUES_WORD + 2] = (inputs[last + INPUT_VALUES_WORD + 2]! + 60) & 0xffff;
  message.reset();
  for (let at = 0; at <= last; at += words) if (inputs[at]! > 0) writeInput(message, layout, inputs, at);
  beginPacket(channels, scratch, 0, stage.nowMs);
  writeMessage(channels, SEQUENCED, message.bytes, 0, message.offset);
  sendToServer(peer.client, stage.nowMs, scratch, 0, endPacket(channels, stage.nowMs));
}

function sendDue(stage: Stage, { client, channels }: Peer): void {
  while (isPacketDue(channels, stage.nowMs)) {
    beginPacket(channels, scratch, 0, stage.nowMs);
    const end = endPacket(channels, stage.nowMs);
    if (end > 0) sendToServer(client, stage.nowMs, scratch, 0, end);
  }
}
