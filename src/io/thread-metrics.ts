// What is asked of each thread at a scrape: its heap and its CPU time. Main thread.

import type { Labels, MetricKind } from './exposition.ts';
import type { ThreadFigures } from './threads.ts';

export interface ThreadMetric {
  readonly metric: string;
  readonly kind: MetricKind;
  readonly help: string;
  read(figures: ThreadFigures): number;
}

export const THREAD_METRICS: readonly ThreadMetric[] = [
  {
    metric: 'thread_heap_used_bytes',
    kind: 'gauge',
    help: 'JavaScript heap in use',
    read: ({ heapUsedBytes }) => heapUsedBytes,
  },
  {
    metric: 'thread_heap_total_bytes',
    kind: 'gauge',
    help: 'JavaScript heap reserved',
    read: ({ heapTotalBytes }) => heapTotalBytes,
  },
  {
    metric: 'thread_external_bytes',
    kind: 'gauge',
    help: 'Memory outside the heap that it holds',
    read: ({ externalBytes }) => externalBytes,
  },
  {
    metric: 'thread_cpu_seconds_total',
    kind: 'counter',
    help: 'CPU time since the thread started',
    read: ({ cpuS }) => cpuS,
  },
];

export function threadLabels({ name, labels }: ThreadFigures): Labels {
  return { thread: name, ...labels };
}
