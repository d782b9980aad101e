// What a client needs of the machine it runs on, as plain types: a socket, HTTP, a session. The page, bots and tests
// each hand in their own. Browser main thread, bots; no clock, no I/O.

import type { ConnectionStats } from '../transport/channels/stats.ts';

/** A connection that carries whole messages: a WebSocket, or channels over UDP (datagram-socket.ts). */
export interface Socket {
  /**
   * The bytes are the caller's again after the call. Drops them when the connection is not open. What is not reliable
   * may be lost or come late; a socket that loses nothing makes no difference.
   */
  send(bytes: Uint8Array, isReliable: boolean): void;
  /** How many bytes now may be spent on what is only sent in case of a loss; a socket that doesn't say takes any. */
  spareBytes?(): number;
  /** What is known of the line: round trip, jitter, loss both ways. Sockets that see nothing of it have none. */
  readonly line?: ConnectionStats | undefined;
  /** Ends the connection; events of a closed socket are ignored. */
  close(): void;
}

export interface SocketEvents {
  opened(): void;
  /** The bytes are read before it returns, and not kept. */
  received(bytes: Uint8Array): void;
  /** The connection ended or could not be made. `reason`: a code as in goodbyes, where the socket knows one. */
  closed(reason?: string): void;
}

/** Begins to connect; returns before any event. */
export type OpenSocket = (session: Session, events: SocketEvents) => Socket;

/**
 * One JSON request. Rejects when there is no answer; any status is an answer.
 * @param key header Idempotency-Key: asked again with the same one, the server does nothing twice
 */
export type PostJson = (url: string, body: unknown, key?: string) => Promise<PostAnswer>;

export interface PostAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The header of this name as it came; for hosts that don't see it, or where there is none, it isn't there. */
  readonly retryAfter?: string | null;
}

/** What POST /v1/session gives: everything needed to join. */
export interface Session {
  /** Works once and not for long. */
  readonly token: string;
  /** Of one of the zone's WebSocket edges: next time it may be another one's. */
  readonly url: string;
  /** Undefined: the zone is known by its URL alone. */
  readonly zoneId?: number;
  /** Opens the next session without name, password or secret, for a day at most; a server may give none. */
  readonly ticket?: string;
  /** Of the server, also when it is started again: several may answer at one host. */
  readonly node?: string;
  /** Of the server's process: the connection is over where another one of the same node answers. */
  readonly boot?: string;
  /** For one of the zone's UDP edges, when that was asked for: netcode's, once and not for long too. */
  readonly connectToken?: Uint8Array;
  /** To be introduced to that edge, where it stands behind a NAT. */
  readonly invitation?: Uint8Array;
}

/** Why there is no session. Final: asking again would get the same answer. */
export interface SessionRefusal {
  readonly refused: string;
  readonly isFinal: boolean;
  /** Sooner it would get the same answer, as the server says. */
  readonly retryAfterS?: number;
}

/**
 * Asks for a session; `done` is called once, now or later.
 * @param fullZones URLs of zones that had no room: another one is better, if there is one.
 * @param ticket of the session before: with it nobody logs in. Refused with `ticket_refused`, which is not final.
 */
export type RequestSession = (
  done: (answer: Session | SessionRefusal) => void,
  fullZones: readonly string[],
  ticket: string | undefined,
) => void;
