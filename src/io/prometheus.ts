// /metrics with prom-client: the process's own figures, and the threads' counter blocks (base/counters.ts), read at
// scrape. Main thread. The blocks are u32 that wrap; the sums here are doubles that don't, fed with the difference
// since the last reading, so a block must be read before it wraps twice: `sample` is for a timer between scrapes.

import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import {
  type BlockKind,
  COUNTERS,
  type CounterRow,
  HISTOGRAMS,
  type HistogramName,
  histogramOffset,
} from '../base/counters.ts';
import type { HistogramRow } from '../base/histogram.ts';
import type { ThreadFigures } from './threads.ts';

const PREFIX = 'darkages_';

/** Blocks of one kind under the same labels; several (a zone's edges) are added up. */
export interface BlockSource {
  /** Whose table says what the words are; or the rows themselves, for a block that has none. */
  readonly kind: BlockKind | readonly CounterRow[];
  readonly labels: Readonly<Record<string, string>>;
  readonly blocks: readonly SharedArrayBuffer[];
}

export interface MetricsOptions {
  readonly sources: readonly BlockSource[];
  threads(): Promise<readonly ThreadFigures[]>;
}

export interface Metrics {
  readonly contentType: string;
  /** Adds up what the blocks counted since the last time. */
  sample(): void;
  text(): Promise<string>;
}

interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/** What the registry asks of a metric; `get` is called at each scrape. */
interface LiveMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator: 'sum';
  get(): Promise<{ name: string; help: string; type: string; aggregator: 'sum'; values: MetricValue[] }>;
}

export function createMetrics({ sources, threads }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const readings = sources.map(createReading);
  const families = new Map<string, { row: CounterRow | HistogramRow; collect: (() => MetricValue[])[] }>();
  const family = (row: CounterRow | HistogramRow) => {
    const entry = families.get(row.metric) ?? { row, collect: [] };
    families.set(row.metric, entry);
    return entry;
  };
  for (const reading of readings) addRows(reading, family);
  for (const { row, collect } of families.values()) {
    const type = 'boundsS' in row ? 'histogram' : row.kind;
    register(registry, PREFIX + row.metric, row.help, type, async () => collect.flatMap((values) => values()));
  }
  let figures: readonly ThreadFigures[] = [];
  for (const row of THREAD_METRICS) {
    register(registry, PREFIX + row.metric, row.help, row.kind, async () =>
      figures.flatMap((one) => readThread(row, one)),
    );
  }
  const sample = (): void => {
    for (const reading of readings) reading.update();
  };
  return {
    contentType: registry.contentType,
    sample,
    async text() {
      sample();
      figures = await threads();
      return registry.metrics();
    },
  };
}

function register(
  registry: Registry,
  name: string,
  help: string,
  type: LiveMetric['type'],
  values: () => Promise<MetricValue[]>,
): void {
  const metric: LiveMetric = {
    name,
    help,
    type,
    aggregator: 'sum',
    get: async () => ({ name, help, type, aggregator: 'sum', values: await values() }),
  };
  // The registry only ever calls `get`; its type asks for one of prom-client's own classes.
  registry.registerMetric(metric as unknown as Metric);
}

interface Reading {
  readonly source: BlockSource;
  /** Sums by word, over all blocks of the source. */
  readonly totals: Float64Array;
  /** Of a gauge, now. */
  current(word: number): number;
  update(): void;
}

function createReading(source: BlockSource): Reading {
  const blocks = source.blocks.map((buffer) => new Uint32Array(buffer));
  const last = blocks.map((words) => new Uint32Array(words.length));
  const totals = new Float64Array(blocks[0]?.length ?? 0);
  return {
    source,
    totals,
    current: (word) => blocks.reduce((sum, words) => sum + words[word]!, 0),
    update() {
      for (const [block, words] of blocks.entries()) {
        const before = last[block]!;
        for (let word = 0; word < words.length; word++) {
          const now = words[word]!;
          totals[word] = totals[word]! + ((now - before[word]!) >>> 0);
          before[word] = now;
        }
      }
    },
  };
}

type Family = (row: CounterRow | HistogramRow) => { collect: (() => MetricValue[])[] };

function addRows(reading: Reading, family: Family): void {
  const { kind, labels } = reading.source;
  const counters: readonly CounterRow[] = typeof kind === 'string' ? Object.values(COUNTERS[kind]) : kind;
  for (const [word, row] of counters.entries()) {
    const allLabels = { ...labels, ...row.labels };
    const value = row.kind === 'gauge' ? () => reading.current(word) : () => reading.totals[word]!;
    family(row).collect.push(() => [{ value: value(), labels: allLabels }]);
  }
  if (typeof kind !== 'string') return;
  for (const [name, row] of Object.entries(HISTOGRAMS[kind]) as [HistogramName<typeof kind>, HistogramRow][]) {
    const offset = histogramOffset(kind, name);
    family(row).collect.push(() => readHistogram(reading, row, offset));
  }
}

/** Buckets cumulated as Prometheus wants them. The block holds: sum in µs, count, one word a bucket. */
function readHistogram({ totals, source }: Reading, row: HistogramRow, offset: number): MetricValue[] {
  const name = PREFIX + row.metric;
  const values: MetricValue[] = [];
  let count = 0;
  for (let bucket = 0; bucket <= row.boundsS.length; bucket++) {
    count += totals[offset + 2 + bucket]!;
    const le = row.boundsS[bucket] ?? '+Inf';
    values.push({ value: count, labels: { ...source.labels, le }, metricName: `${name}_bucket` });
  }
  values.push({ value: totals[offset]! / 1e6, labels: source.labels, metricName: `${name}_sum` });
  // Not the block's own count: its writer may be between two words, and `le="+Inf"` must equal the count.
  values.push({ value: count, labels: source.labels, metricName: `${name}_count` });
  return values;
}

interface ThreadMetric {
  readonly metric: string;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  values(figures: ThreadFigures): readonly [Readonly<Record<string, string>>, number | undefined][];
}

const THREAD_METRICS: readonly ThreadMetric[] = [
  {
    metric: 'thread_heap_used_bytes',
    kind: 'gauge',
    help: 'JavaScript heap in use',
    values: (t) => [[{}, t.heapUsedBytes]],
  },
  {
    metric: 'thread_heap_total_bytes',
    kind: 'gauge',
    help: 'JavaScript heap reserved',
    values: (t) => [[{}, t.heapTotalBytes]],
  },
  {
    metric: 'thread_external_bytes',
    kind: 'gauge',
    help: 'Memory outside the heap that it holds',
    values: (t) => [[{}, t.externalBytes]],
  },
  {
    metric: 'thread_cpu_seconds_total',
    kind: 'counter',
    help: 'CPU time since the thread started',
    values: (t) => [[{}, t.cpuS]],
  },
  {
    metric: 'thread_event_loop_delay_seconds',
    kind: 'gauge',
    help: 'How late the event loop was over the last second; a zone has none, see tick_lateness_seconds',
    values: ({ loopDelay }) => [
      [{ quantile: '0.5' }, loopDelay?.p50S],
      [{ quantile: '0.99' }, loopDelay?.p99S],
      [{ quantile: '1' }, loopDelay?.maxS],
    ],
  },
];

function readThread(row: ThreadMetric, figures: ThreadFigures): MetricValue[] {
  const values: MetricValue[] = [];
  for (const [labels, value] of row.values(figures)) {
    if (value !== undefined) values.push({ value, labels: { thread: figures.name, ...figures.labels, ...labels } });
  }
  return values;
}
