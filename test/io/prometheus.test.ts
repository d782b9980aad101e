import { expect, test } from 'vitest';
import {
  createCounterBuffer,
  createCounters,
  createRuleBuffer,
  HISTOGRAMS,
  ruleRows,
} from '../../src/base/counters.ts';
import type { HistogramRow } from '../../src/base/histogram.ts';
import { createMetrics } from '../../src/io/prometheus.ts';
import type { ThreadFigures } from '../../src/io/threads.ts';

interface Family {
  type: string;
  help: string;
  samples: Map<string, number>;
}

/** Reads the text format strictly: HELP and TYPE before samples, no sample twice, names of one family together. */
function parseText(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-z_:][a-z0-9_:]*) (.+)$/.exec(line);
    if (comment) {
      const [, what, name, rest] = comment;
      if (what === 'HELP') {
        expect(families.has(name!)).toBe(false);
        families.set(name!, { type: '', help: rest!, samples: new Map() });
        current = name!;
      } else {
        expect(name).toBe(current);
        families.get(name!)!.type = rest!;
      }
      continue;
    }
    const sample = /^([a-z_:][a-z0-9_:]*)(\{(?:[a-z_]+="[^"\\]*",?)+\})? (-?[0-9.e+-]+|NaN|\+Inf)$/.exec(line);
    if (sample === null) throw new Error(`not a sample: ${line}`);
    const [, name, labels = '', value] = sample;
    const family = families.get(current)!;
    const suffix = family.type === 'histogram' || family.type === 'summary' ? /_(bucket|sum|count)$/ : /$/;
    expect(name!.replace(suffix, '')).toBe(current);
    expect(family.samples.has(name! + labels)).toBe(false);
    family.samples.set(name! + labels, Number(value));
  }
  return families;
}

const FIGURES: ThreadFigures = {
  name: 'edge-1',
  labels: { zone_id: '1' },
  heapUsedBytes: 1,
  heapTotalBytes: 2,
  externalBytes: 3,
  cpuS: 4.5,
};

const RULES = ['range', 'pay.too_poor'];

function createBench() {
  const zones = [
    createCounters('zone', createCounterBuffer('zone')),
    createCounters('zone', createCounterBuffer('zone')),
  ];
  const edges = [
    createCounters('edge', createCounterBuffer('edge')),
    createCounters('edge', createCounterBuffer('edge')),
  ];
  const store = createCounters('store', createCounterBuffer('store'));
  const thread = createCounters('thread', createCounterBuffer('thread'));
  const loop = createCounters('loop', createCounterBuffer('loop'));
  const rules = new Uint32Array(createRuleBuffer(RULES));
  const bufferOf = ({ words }: { words: Uint32Array }) => words.buffer as SharedArrayBuffer;
  const metrics = createMetrics({
    sources: [
      { kind: 'zone', labels: { zone_id: '1' }, blocks: [bufferOf(zones[0]!)] },
      { kind: 'zone', labels: { zone_id: '2' }, blocks: [bufferOf(zones[1]!)] },
      { kind: ruleRows(RULES), labels: { zone_id: '1' }, blocks: [rules.buffer as SharedArrayBuffer] },
      { kind: ruleRows([]), labels: { zone_id: '2' }, blocks: [createRuleBuffer([])] },
      { kind: 'edge', labels: { zone_id: '1' }, blocks: edges.map(bufferOf) },
      { kind: 'store', labels: {}, blocks: [bufferOf(store)] },
      { kind: 'thread', labels: { thread: 'zone-1', zone_id: '1' }, blocks: [bufferOf(thread)] },
      { kind: 'loop', labels: { thread: 'edge-1', zone_id: '1' }, blocks: [bufferOf(loop)] },
    ],
    threads: async () => [FIGURES],
  });
  const read = async () => parseText(await metrics.text());
  return { zones, edges, store, thread, loop, rules, metrics, read };
}

test('every figure is there under its name, type and labels, and the process’s own too', async () => {
  const { zones, edges, store, thread, loop, read } = createBench();
  zones[0]!.words[zones[0]!.index.ticks] = 5;
  zones[1]!.words[zones[1]!.index.ticks] = 7;
  zones[0]!.words[zones[0]!.index.players] = 3;
  zones[0]!.words[zones[0]!.index.dropEarly] = 2;
  for (const [count, edge] of edges.entries()) {
    edge.words[edge.index.connections] = 10 + count;
    edge.words[edge.index.frames] = 100;
  }
  store.words[store.index.saves] = 9;
  thread.words[thread.index.collectionsYoung] = 3;
  thread.histograms.gcPause.observe(0.0015);
  store.words[store.index.lagSavesMs] = 1_250;
  loop.summaries.delay.add(0.5, 20);
  loop.summaries.delay.setQuantile(1, 0.002);
  const families = await read();
  const sample = (family: string, labels: string) => families.get(family)?.samples.get(family + labels);
  expect(families.get('darkages_ticks_total')?.type).toBe('counter');
  expect(sample('darkages_ticks_total', '{zone_id="1"}')).toBe(5);
  expect(sample('darkages_ticks_total', '{zone_id="2"}')).toBe(7);
  expect(families.get('darkages_players')?.type).toBe('gauge');
  expect(sample('darkages_players', '{zone_id="1"}')).toBe(3);
  expect(sample('darkages_inputs_dropped_total', '{zone_id="1",reason="early"}')).toBe(2);
  expect(sample('darkages_connections', '{zone_id="1"}')).toBe(21);
  expect(sample('darkages_client_frames_total', '{zone_id="1"}')).toBe(200);
  expect(sample('darkages_store_saves_total', '')).toBe(9);
  expect(sample('darkages_thread_gc_total', '{thread="zone-1",zone_id="1",generation="young"}')).toBe(3);
  const pauses = (le: string) => `_bucket{thread="zone-1",zone_id="1",le="${le}"}`;
  const pause = families.get('darkages_thread_gc_pause_seconds')!;
  expect(pause.samples.get(`darkages_thread_gc_pause_seconds${pauses('0.001')}`)).toBe(0);
  expect(pause.samples.get(`darkages_thread_gc_pause_seconds${pauses('0.002')}`)).toBe(1);
  expect(families.get('darkages_process_cpu_seconds_total')?.type).toBe('counter');
  expect(sample('darkages_thread_cpu_seconds_total', '{thread="edge-1",zone_id="1"}')).toBe(4.5);
  const delay = '{thread="edge-1",zone_id="1",quantile="0.99"}';
  const delays = families.get('darkages_thread_event_loop_delay_seconds')!;
  expect(delays.type).toBe('summary');
  expect(sample('darkages_thread_event_loop_delay_seconds', delay)).toBe(0.002);
  const loopLabels = '{thread="edge-1",zone_id="1"}';
  expect(delays.samples.get(`darkages_thread_event_loop_delay_seconds_sum${loopLabels}`)).toBe(0.5);
  expect(delays.samples.get(`darkages_thread_event_loop_delay_seconds_count${loopLabels}`)).toBe(20);
  // Its word holds milliseconds.
  expect(sample('darkages_store_lag_seconds', '{queue="saves"}')).toBe(1.25);
});

test('what a game refused stands under the names of its rules, wraps and all; a game without rules has none', async () => {
  const { rules, read } = createBench();
  rules.set([3, 0xffff_ffff]);
  await read();
  rules.set([4, 1]);
  const { type, samples } = (await read()).get('darkages_game_refused_total')!;
  expect(type).toBe('counter');
  expect(Object.fromEntries(samples)).toEqual({
    'darkages_game_refused_total{rule="range"}': 4,
    'darkages_game_refused_total{rule="pay.too_poor"}': 0x1_0000_0001,
  });
});

test('a counter that wraps goes on growing, a gauge does not add up', async () => {
  const { zones, metrics, read } = createBench();
  const { words, index } = zones[0]!;
  const ticks = async () =>
    (await read()).get('darkages_ticks_total')?.samples.get('darkages_ticks_total{zone_id="1"}');
  words[index.ticks] = 0xffff_fff0;
  expect(await ticks()).toBe(0xffff_fff0);
  words[index.ticks] = words[index.ticks]! + 0x20;
  expect(words[index.ticks]).toBe(0x10);
  expect(await ticks()).toBe(0x1_0000_0010);
  expect(await ticks()).toBe(0x1_0000_0010);
  words[index.ticks] = 0xffff_ffff;
  metrics.sample();
  words[index.ticks] = 5;
  expect(await ticks()).toBe(0x2_0000_0005);
  words[index.entities] = 50;
  await read();
  words[index.entities] = 40;
  expect((await read()).get('darkages_entities')?.samples.get('darkages_entities{zone_id="1"}')).toBe(40);
});

test('histograms have cumulative buckets, and their sum and count hold through a wrap', async () => {
  const { zones, read } = createBench();
  const zone = zones[0]!;
  const observed = [0.0001, 0.00025, 0.0003, 0.05, 3];
  for (const valueS of observed) zone.histograms.tickDuration.observe(valueS);
  const histogram = async () => (await read()).get('darkages_tick_duration_seconds')!;
  const { type, samples } = await histogram();
  expect(type).toBe('histogram');
  const row: HistogramRow = HISTOGRAMS.zone.tickDuration;
  for (const bound of row.boundsS) {
    const expected = observed.filter((valueS) => valueS <= bound).length;
    expect(samples.get(`darkages_tick_duration_seconds_bucket{zone_id="1",le="${bound}"}`)).toBe(expected);
  }
  expect(samples.get('darkages_tick_duration_seconds_bucket{zone_id="1",le="+Inf"}')).toBe(5);
  expect(samples.get('darkages_tick_duration_seconds_count{zone_id="1"}')).toBe(5);
  expect(samples.get('darkages_tick_duration_seconds_sum{zone_id="1"}')).toBeCloseTo(3.05065, 6);
  // 4,290 s of observations make the u32 of microseconds wrap.
  for (let round = 0; round < 4; round++) {
    for (let count = 0; count < 20; count++) zone.histograms.tickDuration.observe(100);
    await read();
  }
  const later = (await histogram()).samples;
  expect(later.get('darkages_tick_duration_seconds_sum{zone_id="1"}')).toBeCloseTo(8003.05065, 5);
  expect(later.get('darkages_tick_duration_seconds_count{zone_id="1"}')).toBe(85);
});
