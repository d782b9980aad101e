// WebSocket connections by the `ws` package, for an edge thread. Owns the listening socket and turns its events into
// calls; knows nothing of what frames mean. What is open but not yet a WebSocket is bounded in number and in time, and
// so are the sockets of one address that hold no player (`arrived`). With a certificate the same port takes wss too.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { errorCode, ServerError } from '../base/errors.ts';
import { CONNECTIONS_MAX, JOIN_TIMEOUT_MS } from '../base/limits.ts';
import { SNAPSHOT_PLANS } from '../transport/channels/degradation.ts';
import { acceptTlsToo, type TlsDoor, type TlsIdentity } from './tls.ts';
import {
  CARRIED_BYTES_MAX,
  CLOSE_NORMAL,
  CLOSE_TRY_LATER,
  inputsPerFrame,
  NO_WEBSOCKET_TEXT,
  portInUse,
  type SocketEvents,
  type SocketLink,
  type SocketServer,
} from './websocket-port.ts';

/** Parts of one message; they pass no budget one by one. No client of ours sends more than one. */
const FRAGMENTS_MAX = 64;
/** How long a closing connection has to answer before its socket is destroyed. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Resolves when it listens; rejects with a ServerError that says what to do. */
export function listenWs<Guest, Connection>(
  host: string,
  port: number,
  events: SocketEvents<Guest, Connection>,
  tls?: TlsIdentity,
): Promise<SocketServer> {
  const http = createHttpServer(events);
  const tlsDoor = tls && acceptTlsToo(http, tls, JOIN_TIMEOUT_MS);
  const guests = new WeakMap<Socket, Guest>();
  http.on('connection', (tcp) => meet(tcp, guests, events));
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: false,
    maxPayload: CARRIED_BYTES_MAX,
    maxFragments: FRAGMENTS_MAX,
    clientTracking: true,
    autoPong: false,
    verifyClient: ({ req }: { req: IncomingMessage }) => {
      const isAllowed = events.isOriginAllowed(req.headers.origin, req.headers.host);
      if (!isAllowed) events.refused('origin');
      return isAllowed;
    },
  });
  server.on('connection', (socket, request) => {
    const tcp = tlsDoor?.accepted(request.socket) ?? request.socket;
    accept(server, socket, request.socket, tcp, guests.get(tcp)!, events);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    http.listen(port, host, () => {
      // From now on an error is a connection that could not be accepted: too many open files. It ends no thread.
      server.on('error', () => events.refused('full'));
      const address = http.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve({ port: bound, close: () => closeServer(http, server, tlsDoor) });
    });
  });
}

/** Answers plain requests with what they should have asked for, and ends those that take their time. */
function createHttpServer(events: { refused(reason: 'full'): void }): Server {
  const options = {
    headersTimeout: JOIN_TIMEOUT_MS,
    requestTimeout: JOIN_TIMEOUT_MS,
    connectionsCheckingInterval: 500,
  };
  const http = createServer(options, (_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end(NO_WEBSOCKET_TEXT);
  });
  http.maxConnections = CONNECTIONS_MAX;
  http.on('drop', () => events.refused('full'));
  return http;
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ServerError {
  if (error.code === 'EADDRINUSE') return portInUse(host, port, error);
  return new ServerError('DARKAGES_LISTEN_FAILED', `Cannot listen on ${host}:${port}: ${error.message}.`, {
    cause: error,
  });
}

/** One that is refused costs no more than having been accepted. */
function meet<Guest>(tcp: Socket, guests: WeakMap<Socket, Guest>, events: SocketEvents<Guest, unknown>): void {
  const guest = events.arrived(tcp.remoteAddress ?? '');
  if (guest === undefined) {
    tcp.destroy();
    return;
  }
  guests.set(tcp, guest);
  tcp.once('close', () => events.left(guest));
}

function accept<Guest, Connection>(
  server: WebSocketServer,
  socket: WebSocket,
  carrier: Socket,
  tcp: Socket,
  guest: Guest,
  events: SocketEvents<Guest, Connection>,
): void {
  tcp.setNoDelay(true);
  let isClosing = false;
  const link: SocketLink = {
    get inputsPerFrame() {
      return inputsPerFrame(server.clients.size);
    },
    plan: SNAPSHOT_PLANS[0]!,
    playerId: undefined,
    send: (bytes) => {
      // Past the library's sender, which takes two writes and four objects for it: a fifth less CPU time (decision 12).
      // Its own frames (pongs, the close) stay whole and in order, since without compression it queues nothing.
      if (socket.readyState === socket.OPEN) carrier.write(frameOf(bytes));
    },
    backlogBytes: () => socket.bufferedAmount,
    holdUp: (ms) => {
      socket.pause();
      setTimeout(() => socket.resume(), ms).unref();
    },
    close: () => {
      if (isClosing) return;
      isClosing = true;
      socket.resume();
      socket.close(CLOSE_NORMAL);
      setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref();
    },
  };
  const connection = events.open(link, guest);
  // A broken peer is no error of ours: it is counted, and the close that follows is all there is to do.
  socket.on('error', (error) => {
    const code = errorCode(error);
    if (connection !== undefined && code?.startsWith('WS_ERR_')) {
      events.brokenFrame(connection, code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    }
    socket.terminate();
  });
  if (connection === undefined) {
    socket.close(CLOSE_TRY_LATER);
    return;
  }
  socket.binaryType = 'nodebuffer';
  socket.on('message', (message: Buffer, isBinary: boolean) => {
    if (isClosing) return;
    if (isBinary) events.frame(connection, message);
    else events.textFrame(connection, message.length);
  });
  // A peer that sends pings and reads no pongs would fill our memory: while something waits, none is added.
  socket.on('ping', (payload) => {
    if (!isClosing && events.controlFrame(connection, payload.length) && socket.bufferedAmount === 0)
      socket.pong(payload);
  });
  socket.on('pong', (payload) => {
    if (!isClosing) events.controlFrame(connection, payload.length);
  });
  socket.once('close', () => events.closed(connection));
}

const BINARY_FINAL = 0x82;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** A whole message as a server sends it: unmasked, header and payload side by side. */
function frameOf(bytes: Uint8Array): Buffer {
  const { length } = bytes;
  const headBytes = length < LENGTH_16 ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = BINARY_FINAL;
  if (headBytes === 2) frame[1] = length;
  else if (headBytes === 4) {
    frame[1] = LENGTH_16;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = LENGTH_64;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  frame.set(bytes, headBytes);
  return frame;
}

/** Stops listening, lets what was sent go out, then ends what is still open. */
async function closeServer(http: Server, server: WebSocketServer, tlsDoor: TlsDoor | undefined): Promise<void> {
  const closed = once(http, 'close');
  http.close();
  // Those that are no WebSocket yet: one that never says what it wants would hold the end up.
  http.closeAllConnections();
  tlsDoor?.closeSilent();
  for (const socket of server.clients) socket.close(CLOSE_NORMAL);
  const deadline = setTimeout(() => {
    for (const socket of server.clients) socket.terminate();
  }, CLOSE_TIMEOUT_MS);
  server.close();
  await closed;
  clearTimeout(deadline);
}
