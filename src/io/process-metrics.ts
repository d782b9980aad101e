// What prom-client knows of this process, by the list below: what else it brings is left out, since /metrics holds what
// docs/metrics.md says and nothing else. Main thread.

import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Family, formatNumber, type Labels, type MetricKind, seriesHead } from './exposition.ts';

export interface ProcessMetric {
  readonly metric: string;
  readonly kind: MetricKind;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Where else there is none. */
  readonly isLinuxOnly?: true;
}

const gauge = (
  metric: string,
  help: string,
  more: Pick<ProcessMetric, 'labels' | 'isLinuxOnly'> = {},
): ProcessMetric => ({
  ...{ metric, kind: 'gauge', help },
  ...more,
});
const LINUX = { isLinuxOnly: true } as const;
const lag = (what: string): string => `How late the main thread’s event loop was since the last scrape: ${what}`;

/** Deliberate: without its handles and requests, which no API of Node tells, and gauges that are named as counters. */
export const PROCESS_METRICS: readonly ProcessMetric[] = [
  { metric: 'process_cpu_user_seconds_total', kind: 'counter', help: 'CPU time of the process in its own code' },
  { metric: 'process_cpu_system_seconds_total', kind: 'counter', help: 'CPU time of the process in the system' },
  { metric: 'process_cpu_seconds_total', kind: 'counter', help: 'CPU time of the process' },
  gauge('process_start_time_seconds', 'When the process started, in seconds since 1970'),
  gauge('process_resident_memory_bytes', 'Memory of the machine that the process holds'),
  gauge('process_virtual_memory_bytes', 'Address space of the process', LINUX),
  gauge('process_heap_bytes', 'Data segment of the process', LINUX),
  gauge('process_open_fds', 'Open files and sockets', LINUX),
  gauge('process_max_fds', 'Files and sockets that may be open', LINUX),
  gauge('nodejs_eventloop_lag_seconds', 'How late the main thread’s event loop is at this scrape'),
  gauge('nodejs_eventloop_lag_min_seconds', lag('least')),
  gauge('nodejs_eventloop_lag_max_seconds', lag('most')),
  gauge('nodejs_eventloop_lag_mean_seconds', lag('mean')),
  gauge('nodejs_eventloop_lag_stddev_seconds', lag('standard deviation')),
  gauge('nodejs_eventloop_lag_p50_seconds', lag('median')),
  gauge('nodejs_eventloop_lag_p90_seconds', lag('90th percentile')),
  gauge('nodejs_eventloop_lag_p99_seconds', lag('99th percentile')),
  gauge('nodejs_active_resources', 'What keeps the main thread’s event loop alive, by type', { labels: ['type'] }),
  gauge('nodejs_heap_size_total_bytes', 'JavaScript heap reserved, of the main thread'),
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use, of the main thread'),
  gauge('nodejs_external_memory_bytes', 'Memory outside the heap that it holds, of the main thread'),
  gauge('nodejs_heap_space_size_total_bytes', 'Reserved of each space of that heap', { labels: ['space'] }),
  gauge('nodejs_heap_space_size_used_bytes', 'In use of each space of that heap', { labels: ['space'] }),
  gauge('nodejs_heap_space_size_available_bytes', 'Left of each space of that heap', { labels: ['space'] }),
  gauge('nodejs_version_info', 'Version of Node; always 1', { labels: ['version', 'major', 'minor', 'patch'] }),
  {
    metric: 'nodejs_gc_duration_seconds',
    kind: 'histogram',
    help: 'Collections of the main thread, by kind',
    labels: ['kind'],
  },
];

/** Begins to measure; what it returns reads. */
export function createProcessFamilies(prefix: string): () => Promise<readonly Family[]> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix });
  const rows = new Map(PROCESS_METRICS.map((row) => [prefix + row.metric, row]));
  for (const { name } of registry.getMetricsAsArray()) if (!rows.has(name)) registry.removeSingleMetric(name);
  return async () => {
    const metrics = await registry.getMetricsAsJSON();
    return metrics.map(({ name, values }) => {
      const { kind, help } = rows.get(name)!;
      return { name, help, kind, lines: () => linesOf(name, values as readonly ProcessValue[]) };
    });
  };
}

interface ProcessValue {
  readonly value: number;
  readonly labels: Labels;
  /** With the ending that a histogram's have. */
  readonly metricName?: string;
}

function linesOf(name: string, values: readonly ProcessValue[]): string {
  return values
    .map(({ metricName = name, labels, value }) => `${seriesHead(metricName, labels)}${formatNumber(value)}\n`)
    .join('');
}
