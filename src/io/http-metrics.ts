// Counts what HTTP answered, by route: a block each, like the threads have. Main thread. A path that is none of the routes
// is `other`, whatever it is: a stranger makes no series.

import { createCounterBuffer, createCounters } from '../base/counters.ts';
import type { Trace } from '../base/histogram.ts';
import type { BlockSource } from './block-series.ts';

/** Files of the page together. */
const PAGE = 'page';
const OTHER = 'other';

export const HTTP_ROUTES = [
  PAGE,
  '/v1/session',
  '/v1/account/export',
  '/v1/account/delete',
  '/healthz',
  '/readyz',
  '/metrics',
  '/connections',
  OTHER,
] as const;

export interface HttpMetrics {
  readonly sources: readonly BlockSource[];
  /** @param path as the route was registered; undefined when there is none of it */
  count(path: string | undefined, status: number, durationS: number, trace?: Trace): void;
}

export function createHttpMetrics(): HttpMetrics {
  const blocks = HTTP_ROUTES.map((route) => ({ route, buffer: createCounterBuffer('http') }));
  const byPath = new Map(blocks.map(({ route, buffer }) => [route as string, createCounters('http', buffer)]));
  const pageCounters = byPath.get(PAGE)!;
  return {
    sources: blocks.map(({ route, buffer }) => ({ kind: 'http', labels: { route }, blocks: [buffer] })),
    count(path, status, durationS, trace) {
      // What is registered and none of the list is a file of the page.
      const { words, index, histograms } = byPath.get(path ?? OTHER) ?? pageCounters;
      const word =
        status < 300 ? index.answered : status < 400 ? index.redirected : status < 500 ? index.refused : index.failed;
      words[word]!++;
      histograms.duration.observe(durationS, trace);
    },
  };
}
