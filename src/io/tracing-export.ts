// Finished spans on their way out: read from the rings of all threads, turned into OpenTelemetry's, sent by OTLP. Main
// thread, beside everything else: one request at a time, and nobody waits for it. While the receiver is away or slow the
// rings fill, and what finds no room there is dropped and counted, as is a batch that was not taken. Nothing is kept for later.

import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import {
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
} from '@opentelemetry/semantic-conventions';
import { Reader } from '../base/bytes.ts';
import type { Counters } from '../base/counters.ts';
import { createRingReader, type RingReader } from '../base/ring.ts';
import { readSpan } from '../observe/span-record.ts';
import { SPANS, type SpanAttribute, type SpanName, type SpanRecord } from '../observe/spans.ts';

export interface SpanExportOptions {
  /** OTLP over HTTP: where POST /v1/traces is. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly counters: Counters<'trace'>;
  /** Of this process. */
  readonly version: string;
  readonly instance: string;
  /** Asked at each look: threads come and go. */
  rings(): Iterable<readonly [thread: string, ring: SharedArrayBuffer]>;
  /** Called when it begins to fail, when it fails for another cause, and when it works again. */
  onFailing(code: string): void;
  onWorking(): void;
  /** For tests. */
  readonly lookMs?: number;
}

export interface SpanExport {
  /** Sends what is there, for a short while. */
  close(): Promise<void>;
}

const LOOK_MS = 500;
/** In one request. */
const SPANS_MAX = 512;
const TIMEOUT_MS = 5_000;
const CLOSE_MS = 2_000;

const SCOPE = { name: 'darkages' };
const KINDS = { server: SpanKind.SERVER, internal: SpanKind.INTERNAL, client: SpanKind.CLIENT };

const ATTRIBUTES: Readonly<Record<SpanAttribute, string>> = {
  playerId: 'darkages.player_id',
  zoneId: 'darkages.zone_id',
  tick: 'darkages.tick',
  commits: 'darkages.commits',
  transport: 'darkages.transport',
  request: 'darkages.request',
  refused: 'darkages.refused',
  status: ATTR_HTTP_RESPONSE_STATUS_CODE,
  route: ATTR_HTTP_ROUTE,
  error: ATTR_ERROR_TYPE,
  operation: 'darkages.operation',
};

const FIXED: Readonly<Partial<Record<SpanName, Readonly<Record<string, string>>>>> = {
  http: { [ATTR_HTTP_REQUEST_METHOD]: 'POST' },
  redis: { [ATTR_DB_SYSTEM_NAME]: 'redis' },
  scylla: { [ATTR_DB_SYSTEM_NAME]: 'cassandra' },
};

export function startSpanExport(options: SpanExportOptions): SpanExport {
  const { words, index } = options.counters;
  const exporter = new OTLPTraceExporter({
    url: options.endpoint,
    headers: { ...options.headers },
    timeoutMillis: TIMEOUT_MS,
    // One is under way at a time, and is counted a moment longer.
    concurrencyLimit: 2,
  });
  const resource = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: 'darkages',
    [ATTR_SERVICE_VERSION]: options.version,
    [ATTR_SERVICE_INSTANCE_ID]: options.instance,
  });
  const readers = new Map<string, { readonly ring: SharedArrayBuffer; readonly reader: RingReader }>();
  const reader = new Reader();
  /** Why it fails; '': it works. */
  let failing = '';
  let sending: Promise<void> | undefined;
  let isClosed = false;
  /** The thread whose spans were read last. */
  let last = '';

  const readerOf = (thread: string, ring: SharedArrayBuffer): RingReader => {
    const known = readers.get(thread);
    if (known?.ring === ring) return known.reader;
    const made = { ring, reader: createRingReader(ring) };
    readers.set(thread, made);
    return made.reader;
  };
  /** Begins behind the thread that came last: one that is busy must not keep the others waiting. */
  const take = (): ReadableSpan[] => {
    const spans: ReadableSpan[] = [];
    const rings = [...options.rings()];
    const first = rings.findIndex(([thread]) => thread === last) + 1;
    for (const [thread, buffer] of [...rings.slice(first), ...rings.slice(0, first)]) {
      if (spans.length >= SPANS_MAX) break;
      last = thread;
      const ring = readerOf(thread, buffer);
      while (spans.length < SPANS_MAX && ring.next()) {
        reader.reset(ring.bytes, ring.offset, ring.end);
        const span = readSpan(reader);
        if (span === undefined) Atomics.add(words, index.dropped, 1);
        else spans.push(toReadable(span, thread, resource));
      }
    }
    return spans;
  };
  const send = (spans: ReadableSpan[]): Promise<unknown> =>
    new Promise((resolve) => exporter.export(spans, ({ code, error }) => resolve(code === 0 ? undefined : error)));
  const note = (count: number, error: unknown): void => {
    if (error === undefined) {
      words[index.exported] = words[index.exported]! + count;
      if (failing !== '') options.onWorking();
      failing = '';
      return;
    }
    Atomics.add(words, index.dropped, count);
    const code = codeOf(error);
    if (code !== failing) options.onFailing(code);
    failing = code;
  };
  /** Until nothing is left, or the receiver fails. */
  const sendAll = async (): Promise<void> => {
    for (let spans = take(); spans.length > 0; spans = take()) {
      const error = await send(spans);
      note(spans.length, error);
      if (error !== undefined) return;
    }
  };
  const look = (): Promise<void> => {
    sending ??= sendAll().finally(() => {
      sending = undefined;
    });
    return sending;
  };
  const timer = setInterval(() => void look(), options.lookMs ?? LOOK_MS);
  timer.unref();

  return {
    async close() {
      if (isClosed) return;
      isClosed = true;
      clearInterval(timer);
      let late: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        late = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([look().then(look), patience]);
      clearTimeout(late);
      // Deliberate: not its `shutdown`, which waits for the request that is under way, however long that takes.
    },
  };
}

/** A code or a status: no text of the receiver's, which might repeat what it was sent. */
function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? `HTTP ${code}` : String(code ?? 'no answer');
}

function toReadable(
  span: SpanRecord,
  thread: string,
  resource: ReturnType<typeof resourceFromAttributes>,
): ReadableSpan {
  const { name, traceId, spanId, parentId, startMs, endMs, isError, attributes } = span;
  const row = SPANS[name];
  const said: Record<string, string | number> = { 'thread.name': thread, ...FIXED[name] };
  for (const [attribute, value] of Object.entries(attributes)) said[ATTRIBUTES[attribute as SpanAttribute]] = value;
  if (row.kind === 'client' && attributes.operation !== undefined) said[ATTR_DB_OPERATION_NAME] = attributes.operation;
  const behind = attributes.route ?? attributes.operation;
  const traceFlags = TraceFlags.SAMPLED;
  return {
    name: behind === undefined ? row.name : `${row.name} ${behind}`,
    kind: KINDS[row.kind],
    spanContext: () => ({ traceId, spanId, traceFlags }),
    ...(parentId !== '' && { parentSpanContext: { traceId, spanId: parentId, traceFlags } }),
    startTime: toHrTime(startMs),
    endTime: toHrTime(endMs),
    duration: toHrTime(endMs - startMs),
    status: { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: said,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Seconds and nanoseconds, of whole microseconds. */
function toHrTime(ms: number): [number, number] {
  const us = Math.round(ms * 1000);
  return [Math.floor(us / 1e6), (us % 1e6) * 1000];
}
