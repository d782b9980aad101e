// UDP edge thread of one zone: joins the socket, the secure transport and the session layer. It lives on the event loop:
// the socket says when packets wait, new ticks are looked for by the clock (io/tick-wait). No logic.

import { setTimeout as sleep } from 'node:timers/promises';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { assert } from '../src/base/assert.ts';
import { errorCode } from '../src/base/errors.ts';
import { CONNECTIONS_MAX, HANDSHAKES_MAX, TOKEN_LIFETIME_S, USED_TOKENS_MAX } from '../src/base/limits.ts';
import { createSodiumAead } from '../src/io/aead-sodium.ts';
import { keepCompiled } from '../src/io/compile-cache.ts';
import { joinHost, PROTOCOL_ID } from '../src/io/connect-tokens.ts';
import { createDoor, type EdgeData } from '../src/io/edge-door.ts';
import { createNodeKeyExchange } from '../src/io/key-exchange-node.ts';
import { type RendezvousSeat, takeSeat } from '../src/io/rendezvous.ts';
import { steadyMs } from '../src/io/system.ts';
import { takeThreadData } from '../src/io/thread-data.ts';
import { reportCollections, reportLoopDelay } from '../src/io/thread-stats.ts';
import { openUdp, readInBatches } from '../src/io/udp.ts';
import { BANDS_AT, createUdpCountsWriter, LOST_AT, RECEIVE_BUFFER_AT } from '../src/io/udp-metrics.ts';
import { createYoungClaim, EDGE_YOUNG_MIB } from '../src/io/young-memory.ts';
import {
  createDatagrams,
  flushDatagrams,
  hasClosing,
  receiveDatagram,
  updateDatagrams,
} from '../src/session/datagrams.ts';
import { updateEdge } from '../src/session/edge.ts';
import { countLines, createLossCounter, writeLines } from '../src/session/lines.ts';
import { PREFETCH_PACKETS, prefetchDatagrams } from '../src/session/prefetch.ts';
import type { AnyGame } from '../src/sim/game.ts';
import { ADDRESS_WORDS, copyAddress, parseAddress } from '../src/transport/address.ts';
import { createNodeShare } from '../src/transport/channels/node-share.ts';
import { createOutbox } from '../src/transport/outbox.ts';
import { createServer } from '../src/transport/server-state.ts';
import type { UdpSocket } from '../src/transport/udp-port.ts';

interface UdpEdgeData extends EdgeData {
  readonly adapter: 'batched' | 'portable' | undefined;
  /** Of the tokens that the main thread mints. */
  readonly connectKey: Uint8Array;
  /** Tokens that expire until then, seconds since 1970, may have been used before this edge began. */
  readonly expiresAfterS: number;
  /** IP addresses under which tokens name this node. */
  readonly publicHosts: readonly string[];
  readonly udpCounters: SharedArrayBuffer;
  /** At the rendezvous point, where there is one. */
  readonly seat: RendezvousSeat | undefined;
  readonly udpLines: SharedArrayBuffer;
  /** Of the node; undefined: no limit. */
  readonly bandwidth:
    | { readonly bytesPerSecond: number; readonly clients: SharedArrayBuffer; readonly edge: number }
    | undefined;
}

type EdgeMessage = { readonly type: 'drain' } | { readonly type: 'storePort'; readonly port: MessagePort };

const UPDATE_INTERVAL_MS = 100;
const LINES_INTERVAL_MS = 1_000;
const OUTBOX_PACKETS = 256;
const DRAIN_MS_MAX = 1_500;
/** The clock of who mints tokens, and the rounding to seconds. */
const CLOCK_SLACK_S = 5;

const data = await takeThreadData<UdpEdgeData>();
const port = parentPort;
assert(port !== null, 'workers/udp-edge.ts runs as a worker thread');
const { game } = (await import(data.gameUrl)) as { game: AnyGame };
const door = createDoor(data, game, 'udp');
const sleeper = new Int32Array(new SharedArrayBuffer(4));
reportLoopDelay(data.loopDelay);
const claimMemory = createYoungClaim(EDGE_YOUNG_MIB);
reportCollections(data.threadCounters);

async function start(): Promise<void> {
  const socket = await openUdp({
    host: data.host,
    port: data.port,
    // On all addresses: a client takes answers from the one it asked alone, and the system might choose another.
    hasLocals: data.host === '0.0.0.0' || data.host === '::',
    // Hardly a path is narrower than the longest packet (1,253 bytes with IP and UDP; QUIC asks for 1,228): docs/limits.md.
    isUncut: true,
    ...(data.adapter !== undefined && { adapter: data.adapter }),
  });
  const outbox = createOutbox(OUTBOX_PACKETS, (full) => socket.send(full), socket.hasLocals);
  const aead = createSodiumAead();
  const addresses = data.publicHosts.map((host) => parseAddress(joinHost(host, socket.port))!);
  const seat = takeSeat(data.seat, aead, outbox, addresses, steadyMs());
  const server = createServer({
    aead,
    key: data.connectKey,
    protocolId: PROTOCOL_ID,
    addresses,
    clientsMax: CONNECTIONS_MAX,
    handshakesMax: HANDSHAKES_MAX,
    tokensMax: USED_TOKENS_MAX,
    tokenLifetimeSMax: TOKEN_LIFETIME_S + CLOCK_SLACK_S,
    expiresAfterS: data.expiresAfterS,
    outbox,
    keyExchange: createNodeKeyExchange(),
  });
  const share = data.bandwidth;
  const node = share && createNodeShare(share.bytesPerSecond, share.clients, share.edge, steadyMs());
  const datagrams = createDatagrams(door.edge, server, node);
  const flush = (): void => {
    flushDatagrams(datagrams, steadyMs());
    if (outbox.count > 0) socket.send(outbox);
  };
  const { incoming } = socket;
  const stride = incoming.bytes.length / incoming.capacity;
  const writeCounts = createUdpCountsWriter(data.udpCounters);
  const take = (): void => {
    const nowMs = steadyMs();
    for (let index = 0; index < incoming.count; index++) {
      if (index % PREFETCH_PACKETS === 0) prefetchDatagrams(datagrams, incoming, index);
      const from = index * stride;
      const end = from + incoming.lengths[index]!;
      if (end < from) continue;
      const at = index * ADDRESS_WORDS;
      if (incoming.locals !== undefined) copyAddress(incoming.locals, at, server.slots.localAtHand, 0);
      if (seat.take(nowMs, incoming.addresses, at, incoming.bytes, from, end)) continue;
      receiveDatagram(datagrams, nowMs, incoming.addresses, at, incoming.bytes, from, end);
    }
    flush();
  };
  const gauges = new Uint32Array(data.udpCounters);
  gauges[RECEIVE_BUFFER_AT] = socket.receiveBufferBytes;
  const countLost = createLossCounter(gauges, LOST_AT);
  setInterval(() => {
    countLines(datagrams, gauges, BANDS_AT);
    countLost(datagrams);
  }, LINES_INTERVAL_MS);
  const lines = new Uint32Array(data.udpLines);
  let turn = 0;
  setInterval(() => {
    const nowMs = steadyMs();
    updateEdge(door.edge, nowMs);
    updateDatagrams(datagrams, nowMs, Date.now());
    seat.update(nowMs);
    flush();
    writeCounts(server.counts, socket.counts());
    writeLines(datagrams, lines, turn++, LINES_INTERVAL_MS / UPDATE_INTERVAL_MS);
    claimMemory(nowMs);
  }, UPDATE_INTERVAL_MS);
  readInBatches(socket, take, steadyMs, nap);
  port!.on('message', (message: EdgeMessage) => {
    if (message.type === 'drain') void drain(socket, flush, () => hasClosing(datagrams));
    else door.useStore(message.port);
  });
  port!.postMessage({ type: 'listening', port: socket.port, receiveBufferBytes: socket.receiveBufferBytes });
  keepCompiled();
  await door.serve(flush);
}

/** Nobody wakes it: a frame may wait that long. */
function nap(ms: number): void {
  Atomics.wait(sleeper, 0, 0, ms);
}

/** Goodbyes are on their way until they were acknowledged. */
async function drain(socket: UdpSocket, flush: () => void, isClosing: () => boolean): Promise<void> {
  door.dismissAll();
  const deadlineMs = steadyMs() + DRAIN_MS_MAX;
  flush();
  while (isClosing() && steadyMs() < deadlineMs) await sleep(20);
  socket.close();
  door.close();
  port!.postMessage({ type: 'drained' });
  process.exit(0);
}

try {
  await start();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  port.postMessage({ type: 'failed', code: errorCode(error) ?? 'DARKAGES_THREAD_DIED', message });
  throw error;
}
