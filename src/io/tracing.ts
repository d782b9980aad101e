// Traces, as each thread makes them. Ids are derived and not carried: whoever knows what a trace is about (a token, a
// command's key) computes its id, and from the id whether it is recorded, so all threads decide alike and nothing of it is on
// the wire or in a zone. Within a thread the span that runs is found by AsyncLocalStorage; from thread to thread it goes
// with the call (io/thread-rpc). Finished spans go to the main thread through a ring (io/tracing-export).
// While nothing is recorded, each question costs one load of a shared word. Main, edge and store threads.

import { AsyncLocalStorage } from 'node:async_hooks';
import { hash, randomBytes } from 'node:crypto';
import { Writer } from '../base/bytes.ts';
import { createCounterBuffer, createCounters } from '../base/counters.ts';
import { errorCode } from '../base/errors.ts';
import { TRACE_WORDS, type Trace } from '../base/histogram.ts';
import { createRingWriter } from '../base/ring.ts';
import { SPAN_BYTES_MAX, writeSpan } from '../observe/span-record.ts';
import { NO_PARENT, type SpanAttributes, type SpanContext, type SpanName, type SpanRecord } from '../observe/spans.ts';
import { steadyMs } from './system.ts';

/** What the main thread hands to each. */
export interface TraceData {
  /** A block of kind `trace`. */
  readonly counters: SharedArrayBuffer;
  /** Of this thread's spans; undefined: nothing is ever recorded. */
  readonly ring: SharedArrayBuffer | undefined;
  /** Ids are made with it, so that no client can choose a key whose trace is recorded. */
  readonly secret: string;
}

export interface Tracer {
  /** Whether traces are recorded at all. */
  isOn(): boolean;
  /** Of what `about` names, alike on every thread: the trace and its first span. Undefined: it isn't recorded. */
  derive(about: string): SpanContext | undefined;
  /** The same for what no other thread has to know. */
  random(): SpanContext | undefined;
  /** The span in which this runs; undefined where nothing is recorded. */
  current(): SpanContext | undefined;
  /** Runs `work`, and what it awaits, in that span. */
  within<T>(context: SpanContext | undefined, work: () => T): T;
  /** `work` as a span within the one in which this runs; where there is none, just `work`. */
  child<T>(name: SpanName, attributes: SpanAttributes, work: () => Promise<T>): Promise<T>;
  /** `work` as that span. */
  run<T>(span: RunningSpan, work: () => Promise<T>): Promise<T>;
  /** A finished span. */
  record(span: SpanRecord): void;
  /** For a histogram: of that trace, else the current one. Valid until the next call. */
  exemplar(traceId?: string): Trace | undefined;
}

export interface RunningSpan {
  readonly name: SpanName;
  readonly context: SpanContext;
  readonly parentId: string;
  readonly attributes: SpanAttributes;
}

const HEX_TRACE = 32;
const HEX_SPAN = 16;
const TWO_32 = 0x1_0000_0000;

/** Whether that trace is among so many percent of all: the first 32 bits of its id say it. */
function isSampled(traceId: string, percent: number): boolean {
  return Number.parseInt(traceId.slice(0, 8), 16) < (percent / 100) * TWO_32;
}

export function createTracer(data: TraceData): Tracer {
  const { words, index } = createCounters('trace', data.counters);
  const ring = data.ring && createRingWriter(data.ring);
  const writer = new Writer(new Uint8Array(SPAN_BYTES_MAX));
  const storage = new AsyncLocalStorage<SpanContext>();
  const example = new Uint32Array(TRACE_WORDS);
  const percentAt = index.percent;

  const isOn = (): boolean => words[percentAt] !== 0;
  const current = (): SpanContext | undefined => (isOn() ? storage.getStore() : undefined);
  const sampled = (digits: string): SpanContext | undefined => {
    const traceId = digits.slice(0, HEX_TRACE);
    if (!isSampled(traceId, words[percentAt]!)) return undefined;
    return { traceId, spanId: digits.slice(HEX_TRACE, HEX_TRACE + HEX_SPAN) };
  };
  const record = (span: SpanRecord): void => {
    writer.reset();
    writeSpan(writer, span);
    if (ring === undefined || writer.failed || !ring.push(writer.bytes, 0, writer.offset)) {
      Atomics.add(words, index.dropped, 1);
    }
  };
  const run = async <T>({ name, context, parentId, attributes }: RunningSpan, work: () => Promise<T>): Promise<T> => {
    const startMs = steadyMs();
    const end = (error?: string): void => {
      const said = error === undefined ? attributes : { ...attributes, error };
      record({
        name,
        ...context,
        parentId,
        startMs,
        endMs: steadyMs(),
        isError: error !== undefined,
        attributes: said,
      });
    };
    try {
      const result = await storage.run(context, work);
      end();
      return result;
    } catch (error) {
      // Its code alone: a message may hold what is nobody's business.
      end(errorCode(error) ?? 'unknown');
      throw error;
    }
  };

  return {
    isOn,
    derive: (about) => (isOn() ? sampled(hash('sha256', `${data.secret} ${about}`)) : undefined),
    random: () => (isOn() ? sampled(randomBytes((HEX_TRACE + HEX_SPAN) / 2).toString('hex')) : undefined),
    current,
    within: (context, work) => (context === undefined ? work() : storage.run(context, work)),
    child(name, attributes, work) {
      const parent = current();
      if (parent === undefined) return work();
      return run({ name, context: childOf(parent), parentId: parent.spanId, attributes }, work);
    },
    run,
    record,
    exemplar(traceId = current()?.traceId) {
      if (traceId === undefined) return undefined;
      for (let word = 0; word < 4; word++) example[word] = Number.parseInt(traceId.slice(8 * word, 8 * word + 8), 16);
      example[4] = steadyMs() / 1000;
      return example;
    },
  };
}

export function childOf({ traceId }: SpanContext): SpanContext {
  return { traceId, spanId: createSpanId() };
}

/** Unique within a trace, which is no secret. */
function createSpanId(): string {
  const half = (): string =>
    Math.floor(Math.random() * TWO_32)
      .toString(16)
      .padStart(8, '0');
  const id = half() + half();
  return id === '0000000000000000' ? createSpanId() : id;
}

/** What sessions and commands are called, for `derive`. */
export const aboutSession = (tokenId: string): string => `session ${tokenId}`;
export const aboutCommand = (playerId: number, key: number): string => `command ${playerId} ${key}`;

/** For whoever makes no spans. */
export const NO_TRACE: TraceData = { counters: createCounterBuffer('trace'), ring: undefined, secret: '' };

/** Of the first span of a trace. */
export function firstOf(name: SpanName, context: SpanContext, attributes: SpanAttributes): RunningSpan {
  return { name, context, parentId: NO_PARENT, attributes };
}
