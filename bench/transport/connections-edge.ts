// The edge of udp.connections.*, a process of its own: real socket, netcode, channels and session layer, as
// workers/udp-edge.ts joins them, with room for more connections than a zone has for players. The zone behind it is a
// stand-in that lets everybody in and publishes nothing: inputs get as far as its ring, and nobody gets snapshots. What
// snapshots need (a viewer, 14 KB for each of the 2,048 players of a zone at most) is not counted: all share one.
// Keys are renewed as in a real one, two hundred clients a second.
// Its parent asks for reports; memory is what the system says of the process, after a collection.

import { HANDSHAKES_MAX, PROTOCOL_VERSION, STRANGERS_MAX } from '../../src/base/limits.ts';
import { createRingReader } from '../../src/base/ring.ts';
import { game } from '../../src/game/game.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { PROTOCOL_ID } from '../../src/io/connect-tokens.ts';
import { createNodeKeyExchange } from '../../src/io/key-exchange-node.ts';
import { steadyMs } from '../../src/io/system.ts';
import { openUdp, readInBatches } from '../../src/io/udp.ts';
import { createDatagrams, flushDatagrams, receiveDatagram, updateDatagrams } from '../../src/session/datagrams.ts';
import {
  admitConnection,
  type Connection,
  createEdge,
  type Edge,
  PLAYING,
  updateEdge,
} from '../../src/session/edge.ts';
import { createViewer, createWatchers, type Viewer } from '../../src/snapshot/viewer.ts';
import { ADDRESS_WORDS, parseAddress } from '../../src/transport/address.ts';
import { createOutbox } from '../../src/transport/outbox.ts';
import { createServer } from '../../src/transport/server-state.ts';
import { encodeToBytes } from '../../src/wire/codec.ts';
import { RECORD_INPUT, RECORD_JOIN } from '../../src/wire/zone-records.ts';
import { createZoneBuffers, type ZoneBuffers } from '../../src/zone/buffers.ts';

export interface EdgeReport {
  readonly playing: number;
  /** Handed to the zone since the start. */
  readonly inputs: number;
  readonly memory: Memory;
  /** Of which were made for all connections at the start. */
  readonly prepared: Memory;
  readonly cpuMicros: number;
}

/** Resident, and what the heap and the buffers outside it hold. */
export interface Memory {
  readonly rssBytes: number;
  readonly heldBytes: number;
}

export interface EdgeStart {
  readonly connections: number;
  readonly key: Uint8Array;
}

const UPDATE_INTERVAL_MS = 100;
const TICK_MS = 1000 / 60;

/** In the zone's place: lets in whom the edge admits, and counts the inputs. */
function createStandIn(buffers: ZoneBuffers): { run(edge: Edge): void; inputs: number } {
  const fromEdge = createRingReader(buffers.inputRings[0]!);
  const viewer = createViewer(createWatchers(buffers.capacity, 1), 0, 0, 1);
  const zone = {
    inputs: 0,
    run(edge: Edge) {
      while (fromEdge.next()) {
        const { bytes, offset } = fromEdge;
        const kind = bytes[offset]!;
        const client = bytes[offset + 1]! | (bytes[offset + 2]! << 8);
        if (kind === RECORD_INPUT) zone.inputs++;
        else if (kind === RECORD_JOIN) letIn(edge, edge.connections[client], viewer);
      }
    },
  };
  return zone;
}

function letIn(edge: Edge, connection: Connection | undefined, viewer: Viewer): void {
  if (connection === undefined) return;
  connection.state = PLAYING;
  connection.viewer = viewer;
  const { name, playerId } = connection;
  const welcome = { protocolVersion: PROTOCOL_VERSION, zoneId: 1, name, playerId: String(playerId) };
  connection.link.send(encodeToBytes(edge.messages.serverMessage, { welcome }), true);
}

function createBenchEdge(connections: number, buffers: ZoneBuffers): Edge {
  const edge = createEdge({
    game,
    zoneId: 1,
    edgeIndex: 0,
    seed: 1,
    buffers,
    connectionsMax: connections + STRANGERS_MAX,
    authenticate: (connection) => {
      const playerId = connection.link.playerId!;
      admitConnection(edge, connection, { epoch: 1, playerId, name: `bot-${playerId}`, saved: undefined });
    },
  });
  return edge;
}

async function run({ connections, key }: EdgeStart): Promise<void> {
  const socket = await openUdp({ host: '127.0.0.1', port: 0 });
  const buffers = createZoneBuffers(game, 1);
  const zone = createStandIn(buffers);
  growYoungGeneration();
  const before = readMemory();
  const edge = createBenchEdge(connections, buffers);
  const outbox = createOutbox(256, (full) => socket.send(full));
  const server = createServer({
    aead: createSodiumAead(),
    key,
    protocolId: PROTOCOL_ID,
    addresses: [parseAddress(`127.0.0.1:${socket.port}`)!],
    clientsMax: connections,
    handshakesMax: HANDSHAKES_MAX,
    tokensMax: connections,
    tokenLifetimeSMax: 3_600,
    expiresAfterS: 0,
    outbox,
    keyExchange: createNodeKeyExchange(),
  });
  const datagrams = createDatagrams(edge, server, undefined);
  const prepared = grownSince(before);
  const flush = (): void => {
    flushDatagrams(datagrams, steadyMs());
    if (outbox.count > 0) socket.send(outbox);
  };
  const { incoming } = socket;
  const stride = incoming.bytes.length / incoming.capacity;
  const take = (): void => {
    const nowMs = steadyMs();
    for (let index = 0; index < incoming.count; index++) {
      const from = index * stride;
      const end = from + incoming.lengths[index]!;
      receiveDatagram(datagrams, nowMs, incoming.addresses, index * ADDRESS_WORDS, incoming.bytes, from, end);
    }
    flush();
  };
  setInterval(() => {
    updateEdge(edge, steadyMs());
    updateDatagrams(datagrams, steadyMs(), Date.now());
    flush();
  }, UPDATE_INTERVAL_MS);
  setInterval(() => {
    datagrams.nowMs = steadyMs();
    zone.run(edge);
    flush();
  }, TICK_MS);
  const idle = new Int32Array(new SharedArrayBuffer(4));
  readInBatches(socket, take, steadyMs, (ms) => void Atomics.wait(idle, 0, 0, ms));
  const report = (): EdgeReport => {
    const { user, system } = process.cpuUsage();
    return {
      playing: edge.connections.filter((connection) => connection?.state === PLAYING).length,
      inputs: zone.inputs,
      memory: grownSince(before),
      prepared,
      cpuMicros: user + system,
    };
  };
  process.on('message', () => process.send!(report()));
  process.send!({ port: socket.port });
}

/** To the size it has in any busy thread, however few its clients: else it would be counted as theirs. */
function growYoungGeneration(): void {
  for (let round = 0; round < 200; round++) Array.from({ length: 10_000 }, (_, index) => [index]);
}

/** What is held and no garbage. */
function readMemory(): Memory {
  globalThis.gc!();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rssBytes: rss, heldBytes: heapUsed + external };
}

function grownSince(before: Memory): Memory {
  const { rssBytes, heldBytes } = readMemory();
  return { rssBytes: rssBytes - before.rssBytes, heldBytes: heldBytes - before.heldBytes };
}

process.once('message', (start: EdgeStart) => void run(start));
process.on('disconnect', () => process.exit());
