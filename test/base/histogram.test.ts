import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCounters, HISTOGRAMS, histogramOffset } from '../../src/base/counters.ts';
import {
  createHistogram,
  createSummary,
  type HistogramRow,
  histogramWords,
  readExemplar,
  TRACE_WORDS,
} from '../../src/base/histogram.ts';

const ROW: HistogramRow = { metric: 'x_seconds', help: 'x', boundsS: [0.001, 0.01], hasExemplars: true };
const MODULE = new URL('../../src/base/histogram.ts', import.meta.url).href;

function traceOf(word: number, unixS = 1_700_000_000): Uint32Array {
  return Uint32Array.of(word, word, word, word, unixS);
}

test('each bucket keeps the newest observation that came with a trace, and no other', () => {
  const observation = fc.record({ micros: fc.nat(20_000), word: fc.nat(0xffff_ffff), isTraced: fc.boolean() });
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 50 }), (observations) => {
      const words = new Uint32Array(histogramWords(ROW));
      const { observe } = createHistogram(words, 0, ROW);
      const newest: (object | undefined)[] = [undefined, undefined, undefined];
      for (const { micros, word, isTraced } of observations) {
        observe(micros / 1e6, isTraced ? traceOf(word) : undefined);
        const bucket = micros <= 1000 ? 0 : micros <= 10_000 ? 1 : 2;
        const traceId = word.toString(16).padStart(8, '0').repeat(4);
        if (isTraced) newest[bucket] = { traceId, valueS: micros / 1e6, unixS: 1_700_000_000 };
      }
      expect(newest.map((_, bucket) => readExemplar(words, 0, ROW, bucket))).toEqual(newest);
      expect(words[1]).toBe(observations.length);
    }),
  );
});

test('an exemplar that is being written is none; whoever writes next makes it whole, also past the last version', () => {
  const words = new Uint32Array(histogramWords(ROW));
  const { observe } = createHistogram(words, 0, ROW);
  expect(readExemplar(words, 0, ROW, 0)).toBeUndefined();
  const version = 2 + ROW.boundsS.length + 1;
  words[version] = 0xffff_ffff;
  expect(readExemplar(words, 0, ROW, 0)).toBeUndefined();
  observe(0.0005, traceOf(7));
  expect(words[version]).toBe(2);
  expect(readExemplar(words, 0, ROW, 0)?.valueS).toBe(0.0005);
});

test('a histogram without exemplars takes no note of a trace, and has no room for one', () => {
  const row: HistogramRow = { metric: 'x_seconds', help: 'x', boundsS: [0.001] };
  const words = new Uint32Array(histogramWords(row));
  expect(words.length).toBe(4);
  createHistogram(words, 0, row).observe(0.5, traceOf(1));
  expect([...words]).toEqual([500_000, 1, 0, 1]);
  expect(readExemplar(words, 0, row, 1)).toBeUndefined();
});

test('a reader beside a thread that writes without pause never sees half of two exemplars', async () => {
  const buffer = new SharedArrayBuffer(histogramWords(ROW) * 4);
  // Writes the same number into all words of an exemplar, until the reader has seen enough.
  const code = `import { createHistogram } from ${JSON.stringify(MODULE)};
    import { parentPort, workerData } from 'node:worker_threads';
    const { buffer, stop, row } = workerData;
    const { observe } = createHistogram(new Uint32Array(buffer), 0, row);
    const trace = new Uint32Array(${TRACE_WORDS});
    let round = 0;
    while (Atomics.load(stop, 0) === 0) { round = (round + 1) % 1000; trace.fill(round); observe(round / 1e6, trace); }
    parentPort.postMessage('done');`;
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const worker = new Worker(url, { workerData: { buffer, stop, row: ROW } });
  const ended = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const words = new Uint32Array(buffer);
  const seen = new Set<number>();
  for (let turns = 0; turns < 20_000_000 && seen.size < 300; turns++) {
    const exemplar = readExemplar(words, 0, ROW, 0);
    if (exemplar === undefined) {
      // The thread may not run yet.
      if (turns % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      continue;
    }
    const { traceId, valueS, unixS } = exemplar;
    expect([traceId, Math.round(valueS * 1e6)]).toEqual([unixS.toString(16).padStart(8, '0').repeat(4), unixS]);
    seen.add(unixS);
  }
  Atomics.store(stop, 0, 1);
  await ended;
  expect(seen.size).toBe(300);
});

test('a summary has sum and count, and the quantiles that it was told', () => {
  const words = new Uint32Array(6);
  const summary = createSummary(words, 1, { metric: 'x_seconds', help: 'x', quantiles: [0.5, 1] });
  summary.observe(0.25);
  summary.add(2, 8);
  summary.setQuantile(1, 0.5);
  // There is no third: nothing behind its words is touched.
  summary.setQuantile(2, 9);
  expect([...words]).toEqual([0, 2_250_000, 9, 0, 500_000, 0]);
});

test('rows of the edge have exemplars and observe without a trace as well', () => {
  const { words, histograms } = createCounters('edge');
  const offset = histogramOffset('edge', 'join');
  histograms.join.observe(0.03);
  histograms.join.observe(0.03, traceOf(3));
  expect(words[offset + 1]).toBe(2);
  expect(readExemplar(words, offset, HISTOGRAMS.edge.join, 1)).toMatchObject({ valueS: 0.03 });
});
