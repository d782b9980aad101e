// WebSocket connections by the `ws` package, for an edge thread. Owns the listening socket and turns its events into
// calls; knows nothing of what frames mean. Frames above the wire's limit are refused by the session layer, which
// counts them; far above it `ws` closes the connection before reading them.

import type { IncomingMessage } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { ServerError } from '../base/errors.ts';
import { FRAME_BYTES_MAX } from '../base/limits.ts';

export interface SocketLink {
  send(bytes: Uint8Array): void;
  backlogBytes(): number;
  close(): void;
}

export interface SocketEvents<Connection> {
  /** Whether a page of that origin may connect; `host` is what the client asked for. */
  isOriginAllowed(origin: string | undefined, host: string | undefined): boolean;
  refused(reason: 'origin'): void;
  /** Undefined refuses the connection. */
  open(link: SocketLink, remoteAddress: string): Connection | undefined;
  frame(connection: Connection, bytes: Uint8Array): void;
  /** A text frame. */
  textFrame(connection: Connection): void;
  closed(connection: Connection): void;
}

export interface SocketServer {
  readonly port: number;
  close(): Promise<void>;
}

const CLOSE_NORMAL = 1000;
const CLOSE_TRY_LATER = 1013;
/** How long a closing connection has to answer before its socket is destroyed. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Resolves when it listens; rejects with a ServerError that says what to do. */
export function listenWebSocket<Connection>(
  host: string,
  port: number,
  events: SocketEvents<Connection>,
): Promise<SocketServer> {
  return new Promise((resolve, reject) => {
    const server = new WebSocketServer({
      host,
      port,
      perMessageDeflate: false,
      maxPayload: 16 * FRAME_BYTES_MAX,
      clientTracking: true,
      verifyClient: ({ req }: { req: IncomingMessage }) => {
        const isAllowed = events.isOriginAllowed(req.headers.origin, req.headers.host);
        if (!isAllowed) events.refused('origin');
        return isAllowed;
      },
    });
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.once('listening', () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve({ port: bound, close: () => closeServer(server) });
    });
    server.on('connection', (socket, request) => accept(socket, request, events));
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ServerError {
  if (error.code === 'EADDRINUSE') {
    return new ServerError(
      'DARKAGES_EDGE_PORT_IN_USE',
      `Port ${port} on ${host} is in use; stop what uses it or choose another with --port.`,
      { cause: error },
    );
  }
  return new ServerError('DARKAGES_LISTEN_FAILED', `Cannot listen on ${host}:${port}: ${error.message}.`, {
    cause: error,
  });
}

function accept<Connection>(socket: WebSocket, request: IncomingMessage, events: SocketEvents<Connection>): void {
  const tcp = request.socket;
  tcp.setNoDelay(true);
  let isClosing = false;
  const link: SocketLink = {
    send: (bytes) => {
      if (socket.readyState === socket.OPEN) socket.send(bytes, { binary: true, compress: false });
    },
    backlogBytes: () => socket.bufferedAmount,
    close: () => {
      if (isClosing) return;
      isClosing = true;
      socket.close(CLOSE_NORMAL);
      setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS).unref();
    },
  };
  // A broken peer is no error of ours: the close that follows is all there is to do.
  socket.on('error', () => socket.terminate());
  const connection = events.open(link, tcp.remoteAddress ?? '');
  if (connection === undefined) {
    socket.close(CLOSE_TRY_LATER);
    return;
  }
  socket.binaryType = 'nodebuffer';
  socket.on('message', (message: Buffer, isBinary: boolean) => {
    if (isClosing) return;
    if (isBinary) events.frame(connection, message);
    else events.textFrame(connection);
  });
  socket.once('close', () => events.closed(connection));
}

/** Stops listening, lets what was sent go out, then ends what is still open. */
async function closeServer(server: WebSocketServer): Promise<void> {
  for (const socket of server.clients) socket.close(CLOSE_NORMAL);
  const deadline = setTimeout(() => {
    for (const socket of server.clients) socket.terminate();
  }, CLOSE_TIMEOUT_MS);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(deadline);
}
