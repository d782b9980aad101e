import { expect, test } from 'vitest';
import { type CounterRow, createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { createBlockSeries } from '../../src/io/block-series.ts';
import type { Format } from '../../src/io/exposition.ts';

const bufferOf = ({ words }: { words: Uint32Array }) => words.buffer as SharedArrayBuffer;

function linesOf(series: ReturnType<typeof createBlockSeries>, name: string, format: Format = 'text'): string[] {
  series.sample();
  const found = series.families.find((family) => family.name === `x_${name}`);
  return found?.lines(format).trimEnd().split('\n') ?? [];
}

test('a bucket has the newest exemplar of the blocks that are added up, in OpenMetrics alone', () => {
  const edges = [createCounters('edge'), createCounters('edge')];
  const series = createBlockSeries([{ kind: 'edge', labels: { zone_id: '1' }, blocks: edges.map(bufferOf) }], 'x_');
  const trace = (word: number, unixS: number) => Uint32Array.of(word, 0, 0, 1, unixS);
  edges[0]!.histograms.join.observe(0.015, trace(0xabc, 1_700_000_002));
  edges[1]!.histograms.join.observe(0.018, trace(0xdef, 1_700_000_001));
  edges[1]!.histograms.join.observe(99, trace(0xfff, 1_700_000_003));
  edges[1]!.histograms.join.observe(0.2);
  const lines = linesOf(series, 'join_seconds', 'openmetrics');
  expect(lines[0]).toBe(
    'x_join_seconds_bucket{zone_id="1",le="0.02"} 2 # {trace_id="00000abc000000000000000000000001"} 0.015 1700000002',
  );
  expect(lines.filter((line) => line.includes('# {'))).toHaveLength(2);
  expect(lines.find((line) => line.includes('+Inf'))).toBe(
    'x_join_seconds_bucket{zone_id="1",le="+Inf"} 4 # {trace_id="00000fff000000000000000000000001"} 99 1700000003',
  );
  expect(linesOf(series, 'join_seconds').join('')).not.toContain('#');
});

test('a row of the node is added up over zones and edges, and keeps the labels of its own', () => {
  const rows: CounterRow[] = [
    { metric: 'far_total', kind: 'counter', help: 'far', labels: { reason: 'a' }, isOfNode: true },
    { metric: 'near', kind: 'gauge', help: 'near', scale: 0.5 },
  ];
  const blocks = [1, 2, 3].map((value) => Uint32Array.of(value, value));
  const buffers = blocks.map((words) => {
    const shared = new Uint32Array(new SharedArrayBuffer(8));
    shared.set(words);
    return shared.buffer as SharedArrayBuffer;
  });
  const series = createBlockSeries(
    buffers.map((buffer, zone) => ({ kind: rows, labels: { zone_id: String(zone), edge: 'udp-1' }, blocks: [buffer] })),
    'x_',
  );
  expect(linesOf(series, 'far_total')).toEqual(['x_far_total{reason="a"} 6']);
  expect(linesOf(series, 'near')).toEqual(
    [0, 1, 2].map((zone) => `x_near{zone_id="${zone}",edge="udp-1"} ${(zone + 1) / 2}`),
  );
});

test('of a summary of several blocks the worst quantiles are told, and all of sum and count', () => {
  const loops = [createCounters('loop', createCounterBuffer('loop')), createCounters('loop')];
  const series = createBlockSeries([{ kind: 'loop', labels: {}, blocks: loops.map(bufferOf) }], 'x_');
  for (const [at, { summaries }] of loops.entries()) {
    summaries.delay.add(0.5, 2);
    summaries.delay.setQuantile(0, 0.001 * (at + 1));
  }
  expect(linesOf(series, 'thread_event_loop_delay_seconds')).toEqual([
    'x_thread_event_loop_delay_seconds{quantile="0.5"} 0.002',
    'x_thread_event_loop_delay_seconds{quantile="0.99"} 0',
    'x_thread_event_loop_delay_seconds{quantile="1"} 0',
    'x_thread_event_loop_delay_seconds_sum 1',
    'x_thread_event_loop_delay_seconds_count 4',
  ]);
});
