// What a thread measures of itself and leaves in shared blocks that the metrics read: how late its event loop is, and how
// often and how long the engine stopped it to collect garbage.
// Threads with an event loop: main, store, edges. A zone sleeps in Atomics.wait instead; its lateness is a zone figure, and
// it asks for its collections itself.
//
//   loop delay: a block of kind `loop` (base/counters.ts)      collections: one of kind `thread`

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { createCounters, SUMMARIES } from '../base/counters.ts';
import type { ThreadFigures } from './threads.ts';

const RESOLUTION_MS = 10;

/** Starts measuring; goes on until the thread ends, without keeping it alive. */
export function reportLoopDelay(buffer: SharedArrayBuffer): void {
  const { delay } = createCounters('loop', buffer).summaries;
  const { quantiles } = SUMMARIES.loop.delay;
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  monitor.enable();
  const report = setInterval(() => {
    // The monitor measures the distance of its own ticks: what is beyond the resolution is delay.
    const delayS = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
    for (const [nth, quantile] of quantiles.entries()) {
      delay.setQuantile(nth, delayS(quantile === 1 ? monitor.max : monitor.percentile(quantile * 100)));
    }
    // Nothing measured has no mean.
    if (monitor.count > 0) delay.add(delayS(monitor.mean) * monitor.count, monitor.count);
    monitor.reset();
  }, 1000);
  report.unref();
}

/** What others are asked for from outside (io/threads). */
export function measureThisThread(name: string): ThreadFigures {
  const heap = getHeapStatistics();
  const cpu = process.threadCpuUsage();
  return {
    name,
    labels: {},
    heapUsedBytes: heap.used_heap_size,
    heapTotalBytes: heap.total_heap_size,
    externalBytes: heap.external_memory,
    cpuS: (cpu.user + cpu.system) / 1e6,
  };
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
