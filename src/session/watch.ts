// What an edge tells of single connections and commands, for whoever times them: a port that io implements
// (io/tracing-edge). Edge threads. Never called for an input, nor for any snapshot but the first.

import type { WireObject } from '../wire/codec.ts';
import type { Connection, Edge } from './edge.ts';

export interface EdgeWatch {
  /** It has sent a join of the right version. */
  joining(connection: Connection): void;
  /** The zone has let it in, and it was told. */
  welcomed(connection: Connection): void;
  /** Its first snapshot was sent. */
  served(connection: Connection): void;
  /** It is over; `reason` is what it was told, '' when it went by itself. */
  gone(connection: Connection, reason: string): void;
  /** A whole request, which goes to the zone; `value` is valid during the call. */
  asked(connection: Connection, value: WireObject): void;
  /** The zone's response to one of its requests, encoded at `bytes[from, end)`. */
  answered(edge: Edge, connection: Connection, bytes: Uint8Array, from: number, end: number): void;
}
