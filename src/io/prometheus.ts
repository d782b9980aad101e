// /metrics: the threads' counter blocks, what the threads say when they are asked, what the main thread knows, and the
// process's own figures. Main thread. `sample` is for a timer between scrapes: see io/block-series.

import { type BlockSource, createBlockSeries } from './block-series.ts';
import { exposeFamilies, type Family, type Format, formatNumber, type Labels, seriesHead } from './exposition.ts';
import { createProcessFamilies } from './process-metrics.ts';
import { THREAD_METRICS, threadLabels } from './thread-metrics.ts';
import type { ThreadFigures } from './threads.ts';

export const METRIC_PREFIX = 'darkages_';

/** What the main thread reads at each scrape. */
export interface LiveMetric {
  readonly metric: string;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  /** None for what isn't known now. */
  read(): readonly (readonly [Labels, number])[] | Promise<readonly (readonly [Labels, number])[]>;
}

export interface MetricsOptions {
  readonly sources: readonly BlockSource[];
  threads(): Promise<readonly ThreadFigures[]>;
  readonly live?: readonly LiveMetric[];
}

export interface Metrics {
  /** Adds up what the blocks counted since the last time. */
  sample(): void;
  text(format?: Format): Promise<string>;
}

export function createMetrics({ sources, threads, live = [] }: MetricsOptions): Metrics {
  const readProcess = createProcessFamilies(METRIC_PREFIX);
  const blocks = createBlockSeries(sources, METRIC_PREFIX);
  return {
    sample: blocks.sample,
    async text(format = 'text') {
      const [processFamilies, liveFamilies, figures] = await Promise.all([
        readProcess(),
        Promise.all(live.map(readLive)),
        threads(),
      ]);
      // Last, so that what is told is what was counted until now.
      blocks.sample();
      const families = [...processFamilies, ...liveFamilies, ...blocks.families, ...threadFamilies(figures)];
      return exposeFamilies(families, format);
    },
  };
}

async function readLive(row: LiveMetric): Promise<Family> {
  const values = await row.read();
  return familyOf(row, values);
}

function threadFamilies(figures: readonly ThreadFigures[]): Family[] {
  return THREAD_METRICS.map((row) =>
    familyOf(
      row,
      figures.map((one) => [threadLabels(one), row.read(one)] as const),
    ),
  );
}

function familyOf(
  { metric, kind, help }: Pick<Family, 'kind' | 'help'> & { readonly metric: string },
  values: readonly (readonly [Labels, number])[],
): Family {
  const name = METRIC_PREFIX + metric;
  return {
    name,
    kind,
    help,
    lines: () => values.map(([labels, value]) => `${seriesHead(name, labels)}${formatNumber(value)}\n`).join(''),
  };
}
