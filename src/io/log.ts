// The log of a thread: events of src/observe/log-events.ts as lines of pino's JSON, to stdout and stderr, or to a file that
// several threads write and the main thread rotates (log-files.ts). Written synchronously: what was logged is out when
// the process dies. Main and store thread.

import { Writable } from 'node:stream';
import { type DestinationStream, pino } from 'pino';
import { type Counters, createCounterBuffer, createCounters } from '../base/counters.ts';
import { errorCode } from '../base/errors.ts';
import {
  type EventRow,
  type FieldsOf,
  LOG_EVENTS,
  type LogEvent,
  type LogFields,
  type LogLevel,
} from '../observe/log-events.ts';
import { createLogLimit } from '../observe/log-limit.ts';
import { printable } from '../observe/printable.ts';
import { createRedact, type Redact } from '../observe/redact.ts';
import { openLogFile } from './log-files.ts';
import { systemClock } from './system.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogThreshold = (typeof LOG_LEVELS)[number];

/** What the threads of a process share of the log; plain values, to be handed on. */
export interface LogShared {
  /** [0] place of the threshold in LOG_LEVELS, [1] of log-files.ts. */
  readonly words: SharedArrayBuffer;
  /** Where lines go; undefined: stdout and stderr. */
  readonly file: string | undefined;
  /** Must never be in a line. */
  readonly secrets: readonly string[];
}

const THRESHOLD_WORD = 0;

export interface Log {
  event<E extends LogEvent>(event: E, fields: FieldsOf<E>): void;
  /** How many lines of each level there were: a block of kind `log`. */
  readonly counters: SharedArrayBuffer;
}

export function createLogShared(
  threshold: LogThreshold,
  file?: string | undefined,
  secrets: readonly string[] = [],
): LogShared {
  const words = new SharedArrayBuffer(8);
  new Int32Array(words)[THRESHOLD_WORD] = LOG_LEVELS.indexOf(threshold);
  return { words, file, secrets };
}

export function logThreshold({ words }: LogShared): LogThreshold {
  return LOG_LEVELS[Atomics.load(new Int32Array(words), THRESHOLD_WORD)]!;
}

/** Of all threads, from their next line on. */
export function setLogThreshold({ words }: LogShared, threshold: LogThreshold): void {
  Atomics.store(new Int32Array(words), THRESHOLD_WORD, LOG_LEVELS.indexOf(threshold));
}

export interface LogOptions {
  readonly thread: string;
  readonly counters?: SharedArrayBuffer;
  /** Where lines go instead, with the level of each; for tests. */
  readonly write?: (line: string, level: LogLevel) => void;
  readonly now?: () => number;
}

export function createLog(shared: LogShared, options: LogOptions): Log {
  const { thread, counters = createCounterBuffer('log'), now = systemClock.now } = options;
  const words = new Int32Array(shared.words);
  const counted = createCounters('log', counters);
  const redact = createRedact(shared.secrets);
  const limit = createLogLimit();
  const out = pino(
    { level: 'trace', base: { thread }, timestamp: pino.stdTimeFunctions.isoTime },
    options.write === undefined ? openStreams(shared) : toStream(options.write),
  );
  return {
    counters,
    event(event, fields) {
      const row: EventRow = LOG_EVENTS[event];
      count(counted, row.level);
      if (LOG_LEVELS.indexOf(row.level) < Atomics.load(words, THRESHOLD_WORD)) return;
      const values: Readonly<Partial<Record<keyof LogFields, unknown>>> = fields;
      const cause = [event, ...(row.cause ?? []).map((field) => String(values[field]))].join(' ');
      const leftOut = limit.take(cause, now());
      if (leftOut === undefined) return;
      const line = { event, ...(leftOut > 0 && { left_out: leftOut }), ...clean(row.fields, values, redact) };
      out[row.level](line, row.text);
    },
  };
}

function count({ words, index }: Counters<'log'>, level: LogLevel): void {
  if (level === 'fatal') words[index.error]!++;
  else words[index[level]]!++;
}

/** Those of its row alone, as JSON has them: errors in words, without what would let somebody in. */
function clean(
  fields: EventRow['fields'],
  values: Readonly<Partial<Record<keyof LogFields, unknown>>>,
  redact: Redact,
): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((name): [string, unknown][] => {
      const value = values[name];
      if (value === undefined) return [];
      if (name === 'error') return Object.entries(describeError(value, redact));
      return [[name, typeof value === 'string' ? redact(value) : value]];
    }),
  );
}

function describeError(error: unknown, redact: Redact): { error: string; code?: string; stack?: string } {
  const code = errorCode(error);
  if (!(error instanceof Error)) return { error: redact(String(error)), ...(code !== undefined && { code }) };
  const causes: string[] = [];
  for (let cause: unknown = error.cause; cause instanceof Error && causes.length < CAUSES_MAX; cause = cause.cause) {
    causes.push(cause.message);
  }
  return {
    error: redact([error.message, ...causes].join(': ')),
    ...(code !== undefined && { code }),
    // Of our own mistakes alone: of what a disk or a database said it is no help where we were.
    ...(code === undefined && error.stack !== undefined && { stack: redact(error.stack) }),
  };
}

const CAUSES_MAX = 4;

function openStreams(shared: LogShared): DestinationStream {
  const isTerminal = process.stdout.isTTY === true;
  const err = openFd(2, isTerminal);
  const out = shared.file === undefined ? openFd(1, isTerminal) : openLogFile(shared.file, shared.words, err);
  // With a file both have it: whoever started the process sees that something is wrong.
  return pino.multistream(
    [
      { level: 'trace', stream: out },
      { level: 'error', stream: err },
    ],
    { dedupe: shared.file === undefined },
  );
}

function openFd(fd: 1 | 2, isTerminal: boolean): DestinationStream {
  const destination = pino.destination({ fd, sync: true });
  return isTerminal ? { write: (line) => void destination.write(formatLogLine(line)) } : destination;
}

function toStream(write: (line: string, level: LogLevel) => void): DestinationStream {
  return new Writable({
    write(chunk, _encoding, done) {
      const line = String(chunk);
      write(line, pino.levels.labels[(JSON.parse(line) as { level: number }).level] as LogLevel);
      done();
    },
  });
}

/** `12:00:01.250 INFO  text key=value …` from a line of JSON. */
export function formatLogLine(line: string): string {
  const { level, time, msg, event, stack, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const label = (pino.levels.labels[Number(level)] ?? 'info').toUpperCase().padEnd(5);
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  return `${printable(`${String(time).slice(11, 23)} ${label} ${String(msg ?? event ?? '')}${fields.join('')}`)}\n`;
}
