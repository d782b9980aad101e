// The spans of traces and what they may say, as two tables: nothing that isn't in them gets into a span, so no token and
// no name does. Ids and what they say are in docs/traces.md. Any thread; pure.

/** `parent` of the first of a trace. */
export const NO_PARENT = '';

/** 32 hexadecimal digits, and 16. */
export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
}

export interface SpanRow {
  /** As backends show it; behind it comes the operation, if the span has one. */
  readonly name: string;
  /** `server`: somebody outside asked for it. `client`: we ask a database. */
  readonly kind: 'server' | 'internal' | 'client';
  /** For docs/traces.md. */
  readonly help: string;
}

/** The position of a row is its number in a record. */
export const SPANS = {
  http: {
    name: 'POST',
    kind: 'server',
    help: 'a request for a session or about an account, from its body read to its answer',
  },
  password: { name: 'password', kind: 'internal', help: 'a hash made or compared, its wait for a turn included' },
  connect: { name: 'connect', kind: 'server', help: 'from the accepted connection to its join' },
  join: { name: 'join', kind: 'internal', help: 'from the join to the welcome: token, character, a place in the zone' },
  firstSnapshot: { name: 'first snapshot', kind: 'internal', help: 'from the welcome to the first snapshot sent' },
  command: { name: 'command', kind: 'server', help: 'a committed request, from its arrival to its answer' },
  commitKeep: { name: 'commit.keep', kind: 'internal', help: 'a commit, from the ring of its zone to the disk' },
  ledgerApply: { name: 'ledger.apply', kind: 'internal', help: "a commit's batch, handed to the store's ledger" },
  store: { name: 'store', kind: 'internal', help: 'a call of another thread at the store thread' },
  database: { name: 'db', kind: 'client', help: 'a call of the store itself, whatever keeps it' },
  redis: { name: 'redis', kind: 'client', help: 'one call to Redis' },
  scylla: { name: 'scylla', kind: 'client', help: 'one call to ScyllaDB' },
} as const satisfies Record<string, SpanRow>;

export type SpanName = keyof typeof SPANS;

/** What a span may say. Numbers are whole and not below 0. */
export const SPAN_ATTRIBUTES = {
  playerId: 'number',
  zoneId: 'number',
  tick: 'number',
  /** In a batch. */
  commits: 'number',
  status: 'number',
  route: 'text',
  /** ws or udp. */
  transport: 'text',
  /** Name of a game's request. */
  request: 'text',
  /** A code why not. */
  refused: 'text',
  /** Code of an error. */
  error: 'text',
  /** Of the store or of passwords: what was called. */
  operation: 'text',
} as const satisfies Record<string, 'number' | 'text'>;

export type SpanAttribute = keyof typeof SPAN_ATTRIBUTES;

export type SpanAttributes = {
  readonly [A in SpanAttribute]?: (typeof SPAN_ATTRIBUTES)[A] extends 'number' ? number : string;
};

export interface SpanRecord extends SpanContext {
  readonly name: SpanName;
  /** Id of a span of the same trace, or NO_PARENT. */
  readonly parentId: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly isError: boolean;
  readonly attributes: SpanAttributes;
}

/** Longer texts are cut. */
export const SPAN_TEXT_CHARACTERS_MAX = 64;
