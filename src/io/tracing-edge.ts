// Times the joins and commands of an edge: histograms of all of them, spans of those whose trace is recorded.
// Edge threads. A connection's trace is known once its token was read, so what came before is told then.

import { Reader } from '../base/bytes.ts';
import type { Counters } from '../base/counters.ts';
import { REQUESTS_WAITING_MAX } from '../base/limits.ts';
import { NO_PARENT, type SpanAttributes, type SpanContext, type SpanName } from '../observe/spans.ts';
import type { EdgeWatch, WatchedConnection } from '../session/watch.ts';
import type { AnyGame } from '../sim/game.ts';
import { DECODED, decodeMessage } from '../wire/codec.ts';
import { steadyMs } from './system.ts';
import { aboutCommand, aboutSession, childOf, type Tracer } from './tracing.ts';

export interface EdgeTimes extends EdgeWatch {
  /** Its token was good: the span of its join, if that is recorded, for what is asked of the store. */
  known(connection: WatchedConnection, tokenId: string, playerId: number): SpanContext | undefined;
}

export interface EdgeTimesOptions {
  readonly tracer: Tracer;
  readonly histograms: Counters<'edge'>['histograms'];
  readonly game: AnyGame;
  readonly zoneId: number;
  readonly transport: 'ws' | 'udp';
  readonly now?: () => number;
}

/** A join that goes on. */
interface Joining {
  /** When the part of it began that goes on. */
  sinceMs: number;
  isWelcome: boolean;
  playerId: number;
  /** Of the span of that part, and its parent; undefined: not recorded. */
  span: SpanContext | undefined;
  parentId: string;
}

interface Asked {
  readonly id: number;
  readonly request: string;
  readonly askedMs: number;
  readonly context: SpanContext | undefined;
}

export function createEdgeTimes(options: EdgeTimesOptions): EdgeTimes {
  const { tracer, histograms, game, zoneId, transport, now = steadyMs } = options;
  const committed = Object.entries(game.requests ?? {})
    .filter(([, spec]) => spec.committed === true)
    .map(([name]) => name);
  const joins = new Map<WatchedConnection, Joining>();
  /** Of each connection, the oldest first. One whose answer was lost is pushed out by later ones. */
  const commands = new Map<WatchedConnection, Asked[]>();
  const reader = new Reader();

  /** The part of the join that goes on ends now; the next one is a span within it. */
  const endPart = (join: Joining, name: SpanName, endMs: number, refused = ''): void => {
    const { span, parentId, sinceMs: startMs, playerId } = join;
    join.sinceMs = endMs;
    if (span === undefined) return;
    const attributes: SpanAttributes = { playerId, zoneId, transport, refused };
    tracer.record({ name, ...span, parentId, startMs, endMs, isError: refused !== '', attributes });
    join.parentId = span.spanId;
    join.span = childOf(span);
  };

  return {
    joining(connection) {
      const join = { sinceMs: now(), isWelcome: false, playerId: 0, span: undefined, parentId: NO_PARENT };
      joins.set(connection, join);
    },
    known(connection, tokenId, playerId) {
      const session = tracer.derive(aboutSession(tokenId));
      const join = joins.get(connection);
      if (session === undefined || join === undefined) return undefined;
      const joiningMs = join.sinceMs;
      join.playerId = playerId;
      join.parentId = session.spanId;
      join.span = childOf(session);
      join.sinceMs = connection.openedMs;
      endPart(join, 'connect', joiningMs);
      return join.span;
    },
    welcomed(connection) {
      const join = joins.get(connection);
      if (join === undefined) return;
      endPart(join, 'join', now());
      join.isWelcome = true;
    },
    served(connection) {
      const join = joins.get(connection);
      if (join === undefined) return;
      joins.delete(connection);
      const endMs = now();
      histograms.join.observe((endMs - connection.openedMs) / 1000, join.span && tracer.exemplar(join.span.traceId));
      endPart(join, 'firstSnapshot', endMs);
    },
    gone(connection, reason) {
      commands.delete(connection);
      const join = joins.get(connection);
      if (join === undefined) return;
      joins.delete(connection);
      endPart(join, join.isWelcome ? 'firstSnapshot' : 'join', now(), reason === '' ? 'gone' : reason);
    },
    asked(connection, value) {
      const request = committed.find((name) => value[name] !== undefined);
      if (request === undefined) return;
      const { playerId } = connection;
      const key = Number(value.key ?? 0);
      const context = key === 0 ? tracer.random() : tracer.derive(aboutCommand(playerId, key));
      const own = commands.get(connection) ?? [];
      if (own.length === 0) commands.set(connection, own);
      if (own.length >= REQUESTS_WAITING_MAX) own.shift();
      own.push({ id: Number(value.id ?? 0), request, askedMs: now(), context });
    },
    answered(connection, messages, bytes, from, end) {
      const own = commands.get(connection);
      if (own === undefined || own.length === 0) return;
      reader.reset(bytes, from, end);
      const { code, value } = decodeMessage(reader, messages.serverResponse, 'reject');
      const place = code === DECODED ? own.findIndex(({ id }) => id === Number(value.id ?? 0)) : -1;
      if (place < 0) return;
      const [{ request, askedMs: startMs, context }] = own.splice(place, 1) as [Asked];
      const endMs = now();
      histograms.command.observe((endMs - startMs) / 1000, context && tracer.exemplar(context.traceId));
      if (context === undefined) return;
      const attributes = { playerId: connection.playerId, zoneId, transport, request, refused: String(value.refused) };
      tracer.record({ name: 'command', ...context, parentId: NO_PARENT, startMs, endMs, isError: false, attributes });
    },
  };
}
