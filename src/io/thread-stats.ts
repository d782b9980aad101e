// What a thread measures of itself and leaves in shared blocks that the metrics read: how late its event loop is, and how
// often and how long the engine stopped it to collect garbage.
// Threads with an event loop: main, store, edges. A zone sleeps in Atomics.wait instead; its lateness is a zone figure, and
// it asks for its collections itself.
//
//   loop delay: u32 words, microseconds over the last second:  [0] median  [1] p99  [2] largest
//   collections: a block of kind `thread` (base/counters.ts)

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { GCProfiler } from 'node:v8';
import { createCounters } from '../base/counters.ts';

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

const COLLECT_INTERVAL_MS = 1_000;
/** The engine's names of collections; other kinds are steps on the way to one, and only pauses. */
const YOUNG: readonly string[] = ['Scavenge', 'MinorMarkSweep'];
const OLD = 'MarkSweepCompact';

/**
 * Begins to watch this thread's collections; each call of what it returns counts those since the one before.
 * Deliberate: no PerformanceObserver, which needs the event loop that a zone has not. A call allocates 300 bytes.
 */
export function watchCollections(buffer: SharedArrayBuffer): () => void {
  const { words, index, histograms } = createCounters('thread', buffer);
  const profiler = new GCProfiler();
  profiler.start();
  return () => {
    const { statistics } = profiler.stop();
    profiler.start();
    for (const { gcType, cost } of statistics) {
      if (YOUNG.includes(gcType)) words[index.collectionsYoung]!++;
      else if (gcType === OLD) words[index.collectionsOld]!++;
      histograms.gcPause.observe(cost / 1e6);
    }
  };
}

/** The same by a timer, once a second, which doesn't keep the thread alive. */
export function reportCollections(buffer: SharedArrayBuffer): void {
  setInterval(watchCollections(buffer), COLLECT_INTERVAL_MS).unref();
}
