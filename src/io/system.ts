// The machine's clocks. Any thread; handed to core code as values.

import type { Clock } from '../base/clock.ts';

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
