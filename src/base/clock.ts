// Time as an argument. Core code never asks the machine what time it is: a worker hands in a Clock from io/system,
// a test hands in a manual one.

export interface Clock {
  /** Milliseconds, monotonic, arbitrary zero, fractions allowed. */
  now(): number;
}

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function createManualClock(startMs = 0): ManualClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
  };
}
