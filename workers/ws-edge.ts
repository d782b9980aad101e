// WebSocket edge thread of one zone: joins the socket, the session layer, tokens and the store. It lives on the event
// loop: frames come as events, new ticks wake it through Atomics.waitAsync on the history's newest tick. No logic.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert } from '../src/base/assert.ts';
import { createCounters } from '../src/base/counters.ts';
import { errorCode } from '../src/base/errors.ts';
import { PLAYERS_MAX } from '../src/base/limits.ts';
import { isOriginOnHost } from '../src/gateway/origin.ts';
import { createTokenVerifier } from '../src/gateway/token.ts';
import { addressKey } from '../src/io/session-ports.ts';
import { connectStore, type PlayerMoved } from '../src/io/store-client.ts';
import { wallClockS } from '../src/io/system.ts';
import { reportLoopDelay } from '../src/io/thread-stats.ts';
import { listenWebSocket, type SocketServer } from '../src/io/websocket.ts';
import {
  admitConnection,
  type Connection,
  closeConnection,
  createEdge,
  ENTERING,
  forgetConnection,
  forgetStranger,
  openConnection,
  updateEdge,
  welcomeStranger,
} from '../src/session/edge.ts';
import { countBadFrame, receiveControl, receiveFrame, receiveText } from '../src/session/receive.ts';
import { serveClients } from '../src/session/serve.ts';
import type { Stranger } from '../src/session/strangers.ts';
import type { AnyGame } from '../src/sim/game.ts';
import { NEWEST_TICK_INDEX } from '../src/sim/history.ts';
import type { ZoneBuffers } from '../src/zone/buffers.ts';

interface EdgeWorkerData {
  readonly zoneId: number;
  readonly edgeIndex: number;
  readonly gameUrl: string;
  readonly seed: number;
  readonly host: string;
  readonly port: number;
  readonly buffers: ZoneBuffers;
  readonly tokenKey: Uint8Array;
  readonly storePort: MessagePort;
  readonly allowOrigins: readonly string[];
  /** All sockets come from a proxy: its address says nothing of who is behind it. */
  readonly trustProxy: boolean;
  readonly loopDelay: SharedArrayBuffer;
}

type EdgeMessage = { readonly type: 'drain' } | { readonly type: 'storePort'; readonly port: MessagePort };

/** How often silent connections are looked for. */
const UPDATE_INTERVAL_MS = 250;
/** A zone that publishes nothing still has messages for clients. */
const WAIT_MS_MAX = 100;

const data = workerData as EdgeWorkerData;
const port = parentPort;
assert(port !== null, 'workers/ws-edge.ts runs as a worker thread');
const { game } = (await import(data.gameUrl)) as { game: AnyGame };
let store = connectStore(data.storePort, { onMoved: letGo });
const tokens = createTokenVerifier(data.tokenKey);
const zone = createCounters('zone', data.buffers.counters);
const edge = createEdge({ ...data, game, authenticate: (connection, token) => void authenticate(connection, token) });
let arrivals = 0;
reportLoopDelay(data.loopDelay);

async function authenticate(connection: Connection, token: string): Promise<void> {
  const claims = await tokens.verify(token, wallClockS());
  if (typeof claims === 'string') return refuse(connection, claims === 'token_expired' ? claims : 'token_invalid');
  const { playerId, name } = claims;
  try {
    const entry = await store.enterZone({ ...claims, zoneId: data.zoneId, isZoneFull: isZoneFull() });
    if ('refused' in entry) {
      if (entry.refused === 'token_used') return refuse(connection, entry.refused);
      return closeConnection(edge, connection, entry.refused);
    }
    const { character } = entry;
    const saved = character && Int32Array.from(game.savedColumns, (column) => character[column] ?? 0);
    admitConnection(edge, connection, { playerId, name, saved });
  } catch (error) {
    // The store counts its own errors. Letting the player in without its character would overwrite what is saved.
    if (errorCode(error)?.startsWith('DARKAGES_STORE_') !== true) throw error;
    closeConnection(edge, connection, 'store_unavailable');
  }
}

/** As the zone counts them; it has the last word. */
function isZoneFull(): boolean {
  const { words, index } = zone;
  return words[index.players]! >= PLAYERS_MAX || words[index.entities]! >= data.buffers.capacity;
}

/** Another zone has the player: what stays of it here is without connection, and lingers. */
function letGo({ playerId, zoneId }: PlayerMoved): void {
  if (zoneId === data.zoneId) return;
  for (const connection of edge.connections) {
    if (connection?.playerId === playerId) closeConnection(edge, connection, 'replaced');
  }
}

/** A store thread that has just started doesn't know who is where. */
async function claimPlayers(): Promise<void> {
  const players: { playerId: number; sinceMs: number }[] = [];
  for (const connection of edge.connections) {
    if (connection === undefined || connection.state < ENTERING) continue;
    players.push({ playerId: connection.playerId, sinceMs: performance.timeOrigin + connection.openedMs });
  }
  try {
    await store.claimPlayers({ zoneId: data.zoneId, players });
  } catch (error) {
    // That one died as well: the next one is told.
    if (errorCode(error)?.startsWith('DARKAGES_STORE_') !== true) throw error;
  }
}

function refuse(connection: Connection, reason: string): void {
  edge.counters.words[edge.counters.index.refusedToken]!++;
  closeConnection(edge, connection, reason);
}

function listen(): Promise<SocketServer> {
  return listenWebSocket<Stranger, Connection>(data.host, data.port, {
    isOriginAllowed: (origin, host) => isOriginOnHost(origin, host, data.allowOrigins),
    refused: (reason) => {
      const { words, index } = edge.counters;
      words[reason === 'origin' ? index.refusedOrigin : index.refusedFull]!++;
    },
    arrived: (address) => welcomeStranger(edge, data.trustProxy ? `proxied ${++arrivals}` : addressKey(address)),
    left: (stranger) => forgetStranger(edge, stranger),
    open: (link, stranger) => openConnection(edge, link, stranger, performance.now()),
    frame: (connection, bytes) => receiveFrame(edge, connection, bytes, performance.now()),
    textFrame: (connection, bytes) => receiveText(edge, connection, bytes, performance.now()),
    controlFrame: (connection, bytes) => receiveControl(edge, connection, bytes, performance.now()),
    brokenFrame: (_, isTooLarge) => countBadFrame(edge, isTooLarge ? 'dropSize' : 'dropMalformed'),
    closed: (connection) => forgetConnection(edge, connection),
  });
}

/** Serves each new tick until the thread ends. */
async function serve(): Promise<void> {
  for (;;) {
    serveClients(edge, performance.now());
    const wait = Atomics.waitAsync(edge.history.header, NEWEST_TICK_INDEX, edge.servedTick, WAIT_MS_MAX);
    if (wait.async) await wait.value;
    // Without this turn of the loop a zone that is ahead would keep the sockets from being read.
    else await new Promise((resolve) => setImmediate(resolve));
  }
}

async function drain(server: SocketServer): Promise<void> {
  for (const connection of edge.connections) if (connection) closeConnection(edge, connection, 'shutting_down');
  await server.close();
  store.close();
  port!.postMessage({ type: 'drained' });
  process.exit(0);
}

try {
  const server = await listen();
  setInterval(() => updateEdge(edge, performance.now()), UPDATE_INTERVAL_MS);
  port.on('message', (message: EdgeMessage) => {
    if (message.type === 'drain') void drain(server);
    else {
      // The store thread died and another one is there.
      store.close();
      store = connectStore(message.port, { onMoved: letGo });
      void claimPlayers();
    }
  });
  port.postMessage({ type: 'listening', port: server.port });
  await serve();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  port.postMessage({ type: 'failed', code: errorCode(error) ?? 'DARKAGES_THREAD_DIED', message });
  throw error;
}
