// WebSocket edge thread of one zone: joins the socket and the session layer. It lives on the event loop: frames come as
// events, new ticks are looked for by the clock (io/tick-wait). No logic.

import { type MessagePort, parentPort } from 'node:worker_threads';
import { assert } from '../src/base/assert.ts';
import { errorCode } from '../src/base/errors.ts';
import { isOriginOnHost } from '../src/gateway/origin.ts';
import { addressKey, isLoopbackAddress } from '../src/io/addresses.ts';
import { keepCompiled } from '../src/io/compile-cache.ts';
import { createDoor, type EdgeData } from '../src/io/edge-door.ts';
import { steadyMs } from '../src/io/system.ts';
import { takeThreadData } from '../src/io/thread-data.ts';
import { reportCollections, reportLoopDelay } from '../src/io/thread-stats.ts';
import type { TlsIdentity } from '../src/io/tls.ts';
import { listenWebSocket, type WebSocketAdapter } from '../src/io/websocket.ts';
import type { SocketEvents, SocketServer } from '../src/io/websocket-port.ts';
import { createYoungClaim, EDGE_YOUNG_MIB } from '../src/io/young-memory.ts';
import {
  type Connection,
  forgetConnection,
  forgetStranger,
  openConnection,
  updateEdge,
  welcomeStranger,
} from '../src/session/edge.ts';
import { countBadFrame, receiveControl, receiveFrame, receiveText } from '../src/session/receive.ts';
import type { Stranger } from '../src/session/strangers.ts';
import type { AnyGame } from '../src/sim/game.ts';

interface WsEdgeData extends EdgeData {
  readonly adapter: WebSocketAdapter;
  readonly allowOrigins: readonly string[];
  /** All sockets come from a proxy: its address says nothing of who is behind it. */
  readonly trustProxy: boolean;
  readonly tls: TlsIdentity | undefined;
}

type EdgeMessage = { readonly type: 'drain' } | { readonly type: 'storePort'; readonly port: MessagePort };

/** How often silent connections are looked for. */
const UPDATE_INTERVAL_MS = 250;

const data = await takeThreadData<WsEdgeData>();
const port = parentPort;
assert(port !== null, 'workers/ws-edge.ts runs as a worker thread');
const { game } = (await import(data.gameUrl)) as { game: AnyGame };
const door = createDoor(data, game, 'ws');
const { edge } = door;
let arrivals = 0;
reportLoopDelay(data.loopDelay);
const claimMemory = createYoungClaim(EDGE_YOUNG_MIB);
reportCollections(data.threadCounters);

function listen(): Promise<SocketServer> {
  const events: SocketEvents<Stranger, Connection> = {
    isOriginAllowed: (origin, host) => isOriginOnHost(origin, host, data.allowOrigins),
    refused: (reason) => {
      const { words, index } = edge.counters;
      words[reason === 'origin' ? index.refusedOrigin : index.refusedFull]!++;
    },
    arrived: (address) => {
      if (data.trustProxy) return welcomeStranger(edge, `proxied ${++arrivals}`);
      return welcomeStranger(edge, addressKey(address), isLoopbackAddress(address));
    },
    left: (stranger) => forgetStranger(edge, stranger),
    open: (link, stranger) => openConnection(edge, link, stranger, steadyMs()),
    frame: (connection, bytes) => receiveFrame(edge, connection, bytes, steadyMs()),
    textFrame: (connection, bytes) => receiveText(edge, connection, bytes, steadyMs()),
    controlFrame: (connection, bytes) => receiveControl(edge, connection, bytes, steadyMs()),
    brokenFrame: (_, isTooLarge) => countBadFrame(edge, isTooLarge ? 'dropSize' : 'dropMalformed'),
    closed: (connection) => forgetConnection(edge, connection),
  };
  return listenWebSocket(data, events);
}

async function drain(server: SocketServer): Promise<void> {
  door.dismissAll();
  await server.close();
  door.close();
  port!.postMessage({ type: 'drained' });
  process.exit(0);
}

try {
  const server = await listen();
  setInterval(() => {
    updateEdge(edge, steadyMs());
    claimMemory(steadyMs());
  }, UPDATE_INTERVAL_MS);
  port.on('message', (message: EdgeMessage) => {
    if (message.type === 'drain') void drain(server);
    else door.useStore(message.port);
  });
  port.postMessage({ type: 'listening', port: server.port });
  keepCompiled();
  await door.serve(() => {});
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  port.postMessage({ type: 'failed', code: errorCode(error) ?? 'DARKAGES_THREAD_DIED', message });
  throw error;
}
