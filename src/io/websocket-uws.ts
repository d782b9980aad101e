// WebSocket connections by uWebSockets.js, for an edge thread: what a native library does for little more than half the
// CPU time of `ws`. An optional peer: nothing of it is installed with the project, and its types neither, so what is used
// of it is described here. A socket of it that has closed throws at each call: `peer.socket` is undefined from then on.
// What it can't do, docs/limits.md says: hold a peer up, leave a ping unanswered, limit the parts of a message, TLS and
// plain at one port.

import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../base/errors.ts';
import { CONNECTIONS_MAX, SOCKET_BACKLOG_BYTES_MAX, STRANGERS_MAX } from '../base/limits.ts';
import { SNAPSHOT_PLANS } from '../transport/channels/degradation.ts';
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

/** What is used of uWebSockets.js. Buffers that it hands over are gone after the call; what it is given it copies. */
export interface Uws {
  App(): UwsApp;
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
  us_listen_socket_close(listening: object): void;
  us_socket_local_port(listening: object): number;
}

interface UwsApp {
  /** Told of each connection (1), and of its end (−1) if it has not become a WebSocket by then. */
  filter(handler: (response: UwsResponse, count: number) => void): void;
  ws(pattern: string, behavior: Readonly<Record<string, unknown>>): void;
  any(pattern: string, handler: (response: UwsResponse) => void): void;
  listen(host: string, port: number, options: number, done: (listening: object | false) => void): void;
  /** Ends all connections, at once. */
  close(): void;
}

interface UwsResponse {
  getRemoteAddress(): ArrayBuffer;
  writeStatus(status: string): UwsResponse;
  writeHeader(name: string, value: string): UwsResponse;
  end(body: string, endsConnection: boolean): void;
  close(): void;
  upgrade(userData: object, key: string, protocol: string, extensions: string, context: object): void;
}

interface UwsRequest {
  getHeader(name: string): string;
}

interface UwsSocket<Guest, Connection> {
  readonly peer: Peer<Guest, Connection>;
  send(bytes: Uint8Array, isBinary: boolean, compress: boolean): number;
  getBufferedAmount(): number;
  /** Says so to the peer; for this side it is over at once. */
  end(code: number): void;
}

interface Peer<Guest, Connection> {
  readonly guest: Guest;
  socket: UwsSocket<Guest, Connection> | undefined;
  connection: Connection | undefined;
  /** What comes before is dropped. */
  heldUntilMs: number;
}

/** How many there are of what the library keeps to itself. */
interface Doorway {
  /** Connections that are no WebSocket yet. */
  waiting: number;
  /** Ended by us, which the library drops when the peer has ended too, or after a while. */
  closing: number;
  readonly open: Set<Peer<unknown, unknown>>;
}

/**
 * Seconds after which the library ends a silent connection: long after the session layer has. Half of that, at most
 * eight, it waits for who doesn't end a connection that we have ended, in steps of four.
 */
const IDLE_S = 60;
const CLOSING_MS_MAX = 16_000;
/** What was sent goes out before the end: an answer to it that nobody reads would have the system throw it away. */
const LAST_WORDS_MS = 500;

/** The library, or why it can't be had, as the end of a sentence. */
export async function loadUws(specifier = 'uWebSockets.js'): Promise<Uws | string> {
  try {
    const module = (await import(specifier)) as Uws & { readonly default?: Uws };
    // A process that it has no build for is not told by an error in every version of it.
    const uws = module.default ?? module;
    return typeof uws.App === 'function' ? uws : `does not run on Node ${process.version}`;
  } catch (error) {
    if (errorCode(error) === 'ERR_MODULE_NOT_FOUND') return 'is not installed';
    return `does not run on Node ${process.version}`;
  }
}

/** Resolves when it listens; rejects with a ServerError that says what to do. */
export function listenUws<Guest, Connection>(
  uws: Uws,
  host: string,
  port: number,
  events: SocketEvents<Guest, Connection>,
): Promise<SocketServer> {
  const app = uws.App();
  const doorway: Doorway = { waiting: 0, closing: 0, open: new Set() };
  const countWaiting = (response: UwsResponse, count: number): void => {
    doorway.waiting += count;
    if (count < 0 || hasRoom(doorway)) return;
    events.refused('full');
    response.close();
  };
  app.filter(countWaiting);
  app.ws('/*', {
    compression: 0,
    maxPayloadLength: CARRIED_BYTES_MAX,
    // Twice what the session layer lets wait. The library answers pings unasked: who reads nothing would fill our memory.
    maxBackpressure: 8 * SOCKET_BACKLOG_BYTES_MAX,
    // Else it drops single messages, reliable ones too.
    closeOnBackpressureLimit: true,
    idleTimeout: IDLE_S,
    maxLifetime: 0,
    sendPingsAutomatically: false,
    ...handlers(doorway, events),
  });
  app.any('/*', (response) => {
    response.writeStatus('426 Upgrade Required').writeHeader('upgrade', 'websocket').end(NO_WEBSOCKET_TEXT, true);
  });
  return new Promise((resolve, reject) => {
    app.listen(host, port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (listening) => {
      // It doesn't say why. That the port is in use is the usual reason.
      if (listening === false) return reject(portInUse(host, port));
      resolve({ port: uws.us_socket_local_port(listening), close: () => closeServer(uws, app, listening, doorway) });
    });
  });
}

function hasRoom({ waiting, closing, open }: Doorway): boolean {
  return waiting <= STRANGERS_MAX && waiting + closing + open.size <= CONNECTIONS_MAX;
}

function handlers<Guest, Connection>(
  doorway: Doorway,
  events: SocketEvents<Guest, Connection>,
): Readonly<Record<string, unknown>> {
  type Socket = UwsSocket<Guest, Connection>;
  const isHeld = ({ heldUntilMs }: Peer<Guest, Connection>): boolean =>
    heldUntilMs > 0 && performance.now() < heldUntilMs;
  return {
    upgrade(response: UwsResponse, request: UwsRequest, context: object) {
      const origin = request.getHeader('origin');
      if (!events.isOriginAllowed(origin === '' ? undefined : origin, request.getHeader('host'))) {
        events.refused('origin');
        response.writeStatus('401 Unauthorized').end('', true);
        return;
      }
      const guest = events.arrived(addressText(response.getRemoteAddress()));
      if (guest === undefined) {
        response.close();
        return;
      }
      const peer: Peer<Guest, Connection> = { guest, socket: undefined, connection: undefined, heldUntilMs: 0 };
      doorway.waiting--;
      response.upgrade({ peer }, request.getHeader('sec-websocket-key'), '', '', context);
    },
    open(socket: Socket) {
      const { peer } = socket;
      peer.socket = socket;
      doorway.open.add(peer);
      peer.connection = events.open(createLink(doorway, peer), peer.guest);
      if (peer.connection === undefined) endPeer(doorway, peer, CLOSE_TRY_LATER);
    },
    message({ peer }: Socket, message: ArrayBuffer, isBinary: boolean) {
      if (peer.connection === undefined || isHeld(peer)) return;
      if (isBinary) events.frame(peer.connection, new Uint8Array(message));
      else events.textFrame(peer.connection, message.byteLength);
    },
    ping({ peer }: Socket, message: ArrayBuffer) {
      if (peer.connection !== undefined && !isHeld(peer)) events.controlFrame(peer.connection, message.byteLength);
    },
    pong({ peer }: Socket, message: ArrayBuffer) {
      if (peer.connection !== undefined && !isHeld(peer)) events.controlFrame(peer.connection, message.byteLength);
    },
    close({ peer }: Socket, _code: number, message: ArrayBuffer) {
      peer.socket = undefined;
      doorway.open.delete(peer);
      const fault = faultOf(Buffer.from(message).toString('latin1'));
      if (fault !== undefined && peer.connection !== undefined) events.brokenFrame(peer.connection, fault === 'large');
      if (peer.connection !== undefined) events.closed(peer.connection);
      events.left(peer.guest);
    },
  };
}

function createLink<Guest, Connection>(doorway: Doorway, peer: Peer<Guest, Connection>): SocketLink {
  return {
    get inputsPerFrame() {
      return inputsPerFrame(doorway.open.size);
    },
    plan: SNAPSHOT_PLANS[0]!,
    playerId: undefined,
    send: (bytes) => void peer.socket?.send(bytes, true, false),
    backlogBytes: () => peer.socket?.getBufferedAmount() ?? 0,
    holdUp(ms) {
      peer.heldUntilMs = performance.now() + ms;
    },
    close: () => endPeer(doorway, peer, CLOSE_NORMAL),
  };
}

function endPeer<Guest, Connection>(doorway: Doorway, peer: Peer<Guest, Connection>, code: number): void {
  if (peer.socket === undefined) return;
  doorway.closing++;
  setTimeout(() => doorway.closing--, CLOSING_MS_MAX).unref();
  peer.socket.end(code);
}

/** Why the library ended a connection, by the text it gives; undefined where nobody did anything wrong. */
function faultOf(text: string): 'large' | 'malformed' | undefined {
  if (!text.startsWith('Received ') || text.startsWith('Received TCP FIN')) return undefined;
  return text === 'Received too big message' ? 'large' : 'malformed';
}

/** Four bytes of IPv4, or sixteen, which may be IPv4 in its mapped form. */
function addressText(address: ArrayBuffer): string {
  const bytes = Buffer.from(address);
  const isMapped =
    bytes.length === 16 && bytes.readUInt16BE(10) === 0xffff && bytes.subarray(0, 10).every((b) => b === 0);
  if (bytes.length !== 16 || isMapped) return bytes.subarray(-4).join('.');
  return Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(2 * group).toString(16)).join(':');
}

/** Stops listening, lets what was sent go out, then ends what is still open. */
async function closeServer(uws: Uws, app: UwsApp, listening: object, doorway: Doorway): Promise<void> {
  uws.us_listen_socket_close(listening);
  for (const peer of [...doorway.open]) endPeer(doorway, peer, CLOSE_NORMAL);
  if (doorway.closing > 0) await sleep(LAST_WORDS_MS);
  app.close();
}
