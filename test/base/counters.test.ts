import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BlockKind,
  blockLayout,
  COUNTERS,
  createCounterBuffer,
  createCounters,
  HISTOGRAMS,
  histogramOffset,
  SUMMARIES,
} from '../../src/base/counters.ts';
import { type HistogramRow, histogramWords, type SummaryRow, summaryWords } from '../../src/base/histogram.ts';

const KINDS = Object.keys(COUNTERS) as BlockKind[];

test.for(KINDS)(
  'block of %s: each counter, histogram and summary has words of its own, and they fill the block',
  (kind) => {
    const counters = createCounters(kind);
    const owners = new Map<number, string>();
    const claim = (word: number, name: string): void => {
      expect(owners.get(word), `word ${word} of ${name}`).toBeUndefined();
      owners.set(word, name);
    };
    for (const [name, word] of Object.entries<number>(counters.index)) claim(word, name);
    for (const [name, row] of Object.entries<HistogramRow>(HISTOGRAMS[kind])) {
      const offset = histogramOffset(kind, name as never);
      for (let word = 0; word < histogramWords(row); word++) claim(offset + word, name);
    }
    for (const { name, row, offset } of blockLayout(kind).summaries) {
      for (let word = 0; word < summaryWords(row); word++) claim(offset + word, name);
    }
    expect(owners.size).toBe(counters.words.length);
    expect(Math.max(-1, ...owners.keys())).toBe(counters.words.length - 1);
  },
);

test('rows: names as Prometheus wants them, one help and kind a metric, no row twice', () => {
  for (const kind of KINDS) {
    const seen = new Map<string, string>();
    const rows = new Set<string>();
    for (const row of Object.values<{ metric: string; kind: string; help: string; labels?: object }>(COUNTERS[kind])) {
      expect(row.metric).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(row.metric.endsWith('_total')).toBe(row.kind === 'counter');
      const meaning = `${row.kind} ${row.help}`;
      expect(seen.get(row.metric) ?? meaning).toBe(meaning);
      seen.set(row.metric, meaning);
      const key = row.metric + JSON.stringify(row.labels);
      expect(rows.has(key), key).toBe(false);
      rows.add(key);
    }
    for (const { metric, boundsS } of Object.values<HistogramRow>(HISTOGRAMS[kind])) {
      expect(metric).toMatch(/_seconds$/);
      expect(boundsS).toEqual([...new Set(boundsS)].sort((a, b) => a - b));
    }
    for (const { metric, quantiles = [] } of Object.values<SummaryRow>(SUMMARIES[kind])) {
      expect(metric).toMatch(/_seconds$/);
      expect(quantiles).toEqual([...new Set(quantiles)].sort((a, b) => a - b));
    }
  }
});

test('a histogram counts what a naive one does', () => {
  const { boundsS } = HISTOGRAMS.zone.tickDuration;
  const value = fc.oneof(fc.double({ min: 0, max: 0.2, noNaN: true }), fc.constantFrom(...boundsS, 0, 5));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 100 }), (values) => {
      const { words, histograms } = createCounters('zone');
      for (const item of values) histograms.tickDuration.observe(item);
      const offset = histogramOffset('zone', 'tickDuration');
      expect(words[offset]).toBe(values.reduce((sum, item) => sum + Math.round(item * 1e6), 0));
      expect(words[offset + 1]).toBe(values.length);
      const bounds = [...boundsS, Number.POSITIVE_INFINITY];
      const buckets = bounds.map(
        (bound, index) => values.filter((item) => item <= bound && item > (bounds[index - 1] ?? -1)).length,
      );
      expect([...words.subarray(offset + 2, offset + 2 + bounds.length)]).toEqual(buckets);
    }),
  );
});

test('a count wraps, and the difference to an earlier reading is still right', () => {
  const { words, index } = createCounters('edge');
  words[index.bytesUp] = 0xffff_fff0;
  const last = words[index.bytesUp]!;
  words[index.bytesUp]! += 100;
  expect((words[index.bytesUp]! - last) >>> 0).toBe(100);
});

test('a block is seen by another thread', async () => {
  const buffer = createCounterBuffer('zone');
  const { words, index } = createCounters('zone', buffer);
  const code = `require('node:worker_threads').parentPort.postMessage(
    new Uint32Array(require('node:worker_threads').workerData.buffer)[${index.ticks}])`;
  words[index.ticks] = 12;
  const worker = new Worker(code, { eval: true, workerData: { buffer } });
  expect(await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))).toBe(12);
});

test('an unknown histogram is our bug', () => {
  expect(() => histogramOffset('zone', 'nothing' as never)).toThrow(/no histogram nothing/);
});
