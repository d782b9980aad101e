// How late a thread's event loop is, measured inside the thread and left in a small shared block that the metrics read.
// Threads with an event loop: main, store, edges. A zone sleeps in Atomics.wait instead; its lateness is a zone figure.
//
//   u32 words, microseconds over the last second:  [0] median  [1] p99  [2] largest

import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopDelay {
  readonly p50S: number;
  readonly p99S: number;
  readonly maxS: number;
}

const RESOLUTION_MS = 10;

export function createLoopDelayBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(12);
}

/** Starts measuring; goes on until the thread ends, without keeping it alive. */
export function reportLoopDelay(buffer: SharedArrayBuffer): void {
  const words = new Uint32Array(buffer);
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  monitor.enable();
  const report = setInterval(() => {
    // The monitor measures the distance of its own ticks: what is beyond the resolution is delay.
    const delayUs = (nanoseconds: number) => Math.max(0, Math.round(nanoseconds / 1000 - RESOLUTION_MS * 1000));
    words[0] = delayUs(monitor.percentile(50));
    words[1] = delayUs(monitor.percentile(99));
    words[2] = delayUs(monitor.max);
    monitor.reset();
  }, 1000);
  report.unref();
}

export function readLoopDelay(buffer: SharedArrayBuffer): LoopDelay {
  const words = new Uint32Array(buffer);
  return { p50S: words[0]! / 1e6, p99S: words[1]! / 1e6, maxS: words[2]! / 1e6 };
}
