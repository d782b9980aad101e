// WebSocket edge thread of one zone: joins the socket, the session layer, tokens and the store. It lives on the event
// loop: frames come as events, new ticks wake it through Atomics.waitAsync on the history's newest tick. No logic.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert } from '../src/base/assert.ts';
import { errorCode } from '../src/base/errors.ts';
import { isOriginOnHost } from '../src/gateway/origin.ts';
import { createTokenMemory, createTokenVerifier } from '../src/gateway/token.ts';
import { connectStore } from '../src/io/store-client.ts';
import { wallClockS } from '../src/io/system.ts';
import { reportLoopDelay } from '../src/io/thread-stats.ts';
import { listenWebSocket, type SocketServer } from '../src/io/websocket.ts';
import {
  admitConnection,
  type Connection,
  closeConnection,
  createEdge,
  type EdgeBuffers,
  forgetConnection,
  openConnection,
  updateEdge,
} from '../src/session/edge.ts';
import { countBadFrame, receiveFrame } from '../src/session/receive.ts';
import { serveClients } from '../src/session/serve.ts';
import type { AnyGame } from '../src/sim/game.ts';
import { NEWEST_TICK_INDEX } from '../src/sim/history.ts';

interface EdgeWorkerData {
  readonly zoneId: number;
  readonly edgeIndex: number;
  readonly gameUrl: string;
  readonly seed: number;
  readonly host: string;
  readonly port: number;
  readonly buffers: EdgeBuffers;
  readonly tokenKey: Uint8Array;
  readonly storePort: MessagePort;
  readonly allowOrigins: readonly string[];
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
let store = connectStore(data.storePort);
const tokens = createTokenVerifier(data.tokenKey);
const usedTokens = createTokenMemory();
const edge = createEdge({ ...data, game, authenticate: (connection, token) => void authenticate(connection, token) });
reportLoopDelay(data.loopDelay);

async function authenticate(connection: Connection, token: string): Promise<void> {
  const claims = await tokens.verify(token, wallClockS());
  if (typeof claims === 'string') return refuse(connection, claims === 'token_expired' ? claims : 'token_invalid');
  if (usedTokens.use(claims, wallClockS()) !== true) return refuse(connection, 'token_used');
  try {
    const character = await store.loadCharacter(claims.playerId);
    const saved = character && Int32Array.from(game.savedColumns, (name) => character[name] ?? 0);
    admitConnection(edge, connection, { playerId: claims.playerId, name: claims.name, saved });
  } catch (error) {
    // The store counts its own errors. Letting the player in without its character would overwrite what is saved.
    if (errorCode(error)?.startsWith('DARKAGES_STORE_') !== true) throw error;
    closeConnection(edge, connection, 'store_unavailable');
  }
}

function refuse(connection: Connection, reason: string): void {
  edge.counters.words[edge.counters.index.refusedToken]!++;
  closeConnection(edge, connection, reason);
}

function listen(): Promise<SocketServer> {
  return listenWebSocket<Connection>(data.host, data.port, {
    isOriginAllowed: (origin, host) => isOriginOnHost(origin, host, data.allowOrigins),
    refused: (reason) => {
      const { words, index } = edge.counters;
      words[reason === 'origin' ? index.refusedOrigin : index.refusedFull]!++;
    },
    open: (link) => openConnection(edge, link, performance.now()),
    frame: (connection, bytes) => receiveFrame(edge, connection, bytes, performance.now()),
    textFrame: () => countBadFrame(edge, 'dropType'),
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
      store = connectStore(message.port);
    }
  });
  port.postMessage({ type: 'listening', port: server.port });
  await serve();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  port.postMessage({ type: 'failed', code: errorCode(error) ?? 'DARKAGES_THREAD_DIED', message });
  throw error;
}
