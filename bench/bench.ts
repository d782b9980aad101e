// What a bench file exports, and how CPU time is taken.

export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly seed: number;
  /** Of what was computed: the same seed must give the same one. */
  readonly checksum: string;
}

export interface Bench {
  /** Names of the figures it gives. */
  readonly figures: readonly string[];
  /** What this machine lacks for it; such a bench is left out, by name. */
  readonly needs?: () => string | undefined;
  /**
   * @param isSmall a run too short for its figures to mean anything: that it works is all `npm test` asks.
   * @param traceFile where a browser's trace goes, if there is one and it shall be kept
   */
  run(seed: number, isSmall: boolean, traceFile?: string): Figure[] | Promise<Figure[]>;
}

/** CPU time of this thread so far, user and system, in microseconds. */
export function threadCpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

const idle = new Int32Array(new SharedArrayBuffer(4));

/** The same to the microsecond: Linux adds to a thread's time when it is interrupted, or sleeps, so it sleeps a little. */
export function exactCpuMicros(): number {
  Atomics.wait(idle, 0, 0, 0.01);
  return threadCpuMicros();
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
