// What a client needs of the machine it runs on, as plain types: a socket, HTTP, a session. The page, bots and tests
// each hand in their own. Browser main thread, bots; no clock, no I/O.

/** A connection that carries whole messages, in order. */
export interface Socket {
  /** The bytes are the caller's again after the call. Drops them when the connection is not open. */
  send(bytes: Uint8Array): void;
  /** Ends the connection; events of a closed socket are ignored. */
  close(): void;
}

export interface SocketEvents {
  opened(): void;
  /** The bytes are read before it returns, and not kept. */
  received(bytes: Uint8Array): void;
  /** The connection ended or could not be made. */
  closed(): void;
}

/** Begins to connect; returns before any event. */
export type OpenSocket = (url: string, events: SocketEvents) => Socket;

/** One JSON request. Rejects when there is no answer; any status is an answer. */
export type PostJson = (url: string, body: unknown) => Promise<{ readonly status: number; readonly body: unknown }>;

/** What POST /v1/session gives: everything needed to join. */
export interface Session {
  /** Works once and not for long. */
  readonly token: string;
  /** Of the zone's WebSocket edge. */
  readonly url: string;
}

/** Why there is no session. Final: asking again would get the same answer. */
export interface SessionRefusal {
  readonly refused: string;
  readonly isFinal: boolean;
}

/**
 * Asks for a session; `done` is called once, now or later.
 * @param fullZones URLs of zones that had no room: another one is better, if there is one.
 */
export type RequestSession = (done: (answer: Session | SessionRefusal) => void, fullZones: readonly string[]) => void;
