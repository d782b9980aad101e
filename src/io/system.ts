// The machine's clock and the log. Any thread; handed to core code as values.
// The log goes to stdout, from level error on to stderr: one readable line a record when a person is looking (a
// terminal), JSON (pino's format) otherwise. Written synchronously: what was logged is out when the process dies.

import { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Clock } from '../base/clock.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type Logger = pino.Logger;

/** Monotonic; the zero is the process's start. */
export const systemClock: Clock = { now: () => performance.now() };

/** Milliseconds since 1970 that never go back: the clock of edges, whose transport compares it with tokens. */
export function steadyMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Seconds since 1970, for tokens and records that outlive the process. */
export function wallClockS(): number {
  return Date.now() / 1000;
}

/** `pretty` is decided by the terminal unless given. */
export function createLogger(level: string, pretty = process.stdout.isTTY === true): Logger {
  const out = pretty ? prettyStream(1) : pino.destination({ fd: 1, sync: true });
  const err = pretty ? prettyStream(2) : pino.destination({ fd: 2, sync: true });
  const streams = pino.multistream(
    [
      { level: 'trace', stream: out },
      { level: 'error', stream: err },
    ],
    { dedupe: true },
  );
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, streams);
}

function prettyStream(fd: 1 | 2): Writable {
  const destination = pino.destination({ fd, sync: true });
  return new Writable({
    write(chunk, _encoding, done) {
      destination.write(formatLogLine(String(chunk)));
      done();
    },
  });
}

/** `12:00:01.250 INFO  text key=value …` from a line of JSON. */
export function formatLogLine(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const label = (pino.levels.labels[Number(level)] ?? 'info').toUpperCase().padEnd(5);
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const cause = typeof err === 'object' && err !== null && 'message' in err ? ` (${String(err.message)})` : '';
  return `${String(time).slice(11, 23)} ${label} ${String(msg ?? '')}${fields.join('')}${cause}\n`;
}
