// How often one cause may be told: a few times at once, then now and then, with how many were left out. A log that a fault
// fills is no help, and costs the disk. Any thread; pure, the time is handed in.

export interface LogLimit {
  /** How many of that cause were left out since the last line, or undefined when this one is left out too. */
  take(cause: string, nowMs: number): number | undefined;
}

interface Cause {
  /** Lines it may have now. */
  lines: number;
  atMs: number;
  leftOut: number;
}

const LINES_MAX = 5;
const LINE_MS = 10_000;
/** Beyond it the one that was heard of longest ago is forgotten. */
const CAUSES_MAX = 256;

export function createLogLimit(): LogLimit {
  /** In the order in which they were heard of last. */
  const causes = new Map<string, Cause>();
  return {
    take(name, nowMs) {
      const cause = causes.get(name) ?? { lines: LINES_MAX, atMs: nowMs, leftOut: 0 };
      causes.delete(name);
      causes.set(name, cause);
      if (causes.size > CAUSES_MAX) causes.delete(causes.keys().next().value!);
      cause.lines = Math.min(LINES_MAX, cause.lines + Math.max(0, nowMs - cause.atMs) / LINE_MS);
      cause.atMs = nowMs;
      if (cause.lines < 1) {
        cause.leftOut++;
        return undefined;
      }
      cause.lines--;
      const { leftOut } = cause;
      cause.leftOut = 0;
      return leftOut;
    },
  };
}
