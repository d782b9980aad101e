// What an edge tells of single connections and commands, for whoever times them: a port that io implements
// (io/tracing-edge). Edge threads. Never called for an input, nor for any snapshot but the first.

import type { WireObject } from '../wire/codec.ts';
import type { Messages } from '../wire/schema.ts';

/** The parts of a Connection that matter here; one is always the same object. */
export interface WatchedConnection {
  readonly openedMs: number;
  readonly playerId: number;
}

export interface EdgeWatch {
  /** It has sent a join of the right version. */
  joining(connection: WatchedConnection): void;
  /** The zone has let it in, and it was told. */
  welcomed(connection: WatchedConnection): void;
  /** Its first snapshot was sent. */
  served(connection: WatchedConnection): void;
  /** It is over; `reason` is what it was told, '' when it went by itself. */
  gone(connection: WatchedConnection, reason: string): void;
  /** A whole request, which goes to the zone; `value` is valid during the call. */
  asked(connection: WatchedConnection, value: WireObject): void;
  /** The zone's response to one of its requests, encoded at `bytes[from, end)`. */
  answered(connection: WatchedConnection, messages: Messages, bytes: Uint8Array, from: number, end: number): void;
}
