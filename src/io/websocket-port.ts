// The WebSocket server that an edge thread needs, as plain types, and the numbers that all adapters keep to. Adapters:
// websocket-ws.ts, websocket-uws.ts; websocket.ts chooses. test/contract/websocket.test.ts has the contract.

import { ServerError } from '../base/errors.ts';
import { FRAME_BYTES_MAX } from '../base/limits.ts';
import type { SnapshotPlan } from '../transport/channels/degradation.ts';

export interface SocketLink {
  /** How many inputs a frame shall wait for: `inputsPerFrame`. */
  readonly inputsPerFrame: number;
  readonly plan: SnapshotPlan;
  readonly playerId: undefined;
  /** All of it arrives, in order: TCP. The bytes are the caller's again after the call. */
  send(bytes: Uint8Array, isReliable: boolean): void;
  backlogBytes(): number;
  /** For so long reads nothing, so that what the peer sends fills its own buffers; or else drops what comes. */
  holdUp(ms: number): void;
  close(): void;
}

export interface SocketEvents<Guest, Connection> {
  /** A socket was accepted, and nothing of it told to anybody yet; undefined refuses it. */
  arrived(remoteAddress: string): Guest | undefined;
  /** The socket is gone, whatever had become of it. */
  left(guest: Guest): void;
  /** Whether a page of that origin may connect; `host` is what the client asked for. */
  isOriginAllowed(origin: string | undefined, host: string | undefined): boolean;
  /** `full`: more sockets than are ever needed, or than the process may open. */
  refused(reason: 'origin' | 'full'): void;
  /** Undefined refuses the connection. */
  open(link: SocketLink, guest: Guest): Connection | undefined;
  frame(connection: Connection, bytes: Uint8Array): void;
  /** A text frame of so many bytes. */
  textFrame(connection: Connection, bytes: number): void;
  /** A ping or a pong of so many bytes; false: a ping is not to be answered, where the library can leave it. */
  controlFrame(connection: Connection, bytes: number): boolean;
  /** Bytes that are no WebSocket frame, or one far too large: the connection ends. */
  brokenFrame(connection: Connection, isTooLarge: boolean): void;
  closed(connection: Connection): void;
}

export interface SocketServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Frames above the wire's limit reach the session layer, which counts them; far above it the connection ends. */
export const CARRIED_BYTES_MAX = 16 * FRAME_BYTES_MAX;
export const CLOSE_NORMAL = 1000;
export const CLOSE_TRY_LATER = 1013;
/** What a plain request gets, with status 426. */
export const NO_WEBSOCKET_TEXT = 'This is a WebSocket port.\n';

/**
 * From so many connections on, two inputs go in a frame: what a frame costs is mostly its own, the system's and the
 * library's (docs/decisions/0012). Below it there is time enough, and inputs come a tick earlier.
 */
const CROWD_CONNECTIONS = 128;

export function inputsPerFrame(connections: number): number {
  return connections >= CROWD_CONNECTIONS ? 2 : 1;
}

export function portInUse(host: string, port: number, cause?: Error): ServerError {
  return new ServerError(
    'DARKAGES_EDGE_PORT_IN_USE',
    `Port ${port} on ${host} is in use; stop what uses it or choose another with --port.`,
    { cause },
  );
}
