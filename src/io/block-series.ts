// The threads' counter blocks (base/counters.ts) as series of /metrics. Main thread. The blocks are u32 that wrap; the sums
// here are doubles that don't, fed with the difference since the last reading, so a block must be read before it wraps twice.

import { type BlockKind, blockLayout, type CounterRow } from '../base/counters.ts';
import { type HistogramRow, readExemplar, type SummaryRow } from '../base/histogram.ts';
import {
  type Family,
  type Format,
  formatExemplar,
  formatNumber,
  type Labels,
  type MetricKind,
  seriesHead,
} from './exposition.ts';

/** Blocks of one kind under the same labels; several (a zone's edges) are added up. */
export interface BlockSource {
  /** Whose table says what the words are; or the rows themselves, for a block that has none. */
  readonly kind: BlockKind | readonly CounterRow[];
  readonly labels: Readonly<Record<string, string>>;
  readonly blocks: readonly SharedArrayBuffer[];
}

export interface BlockSeries {
  readonly families: readonly Family[];
  /** Adds up what the blocks counted since the last time. */
  sample(): void;
}

/** Labels that say which of several it is: a row that is of the node has none of them. */
const PLACE_LABELS: readonly string[] = ['zone_id', 'edge', 'thread'];

export function createBlockSeries(sources: readonly BlockSource[], prefix: string): BlockSeries {
  const readings = sources.map(createReading);
  const families = new Map<string, FamilyParts>();
  for (const reading of readings) addSource(reading, prefix, families);
  return {
    families: [...families.values()].map(({ row, kind, parts, sums }) => ({
      name: prefix + row.metric,
      kind,
      help: row.help,
      lines(format) {
        let text = '';
        for (const [head, values] of sums) {
          let sum = 0;
          for (const value of values) sum += value();
          text += `${head}${formatNumber(sum)}\n`;
        }
        for (const part of parts) text += part(format);
        return text;
      },
    })),
    sample() {
      for (const reading of readings) reading.update();
    },
  };
}

interface Reading {
  readonly source: BlockSource;
  readonly blocks: readonly Uint32Array[];
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
    blocks,
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

interface FamilyParts {
  readonly row: { readonly metric: string; readonly help: string };
  readonly kind: MetricKind;
  /** What stands before the value, and what is added up to it. */
  readonly sums: Map<string, (() => number)[]>;
  readonly parts: ((format: Format) => string)[];
}

function addSource(reading: Reading, prefix: string, families: Map<string, FamilyParts>): void {
  const { kind, labels } = reading.source;
  const familyOf = (row: FamilyParts['row'], kindOf: MetricKind): FamilyParts => {
    const family = families.get(row.metric) ?? { row, kind: kindOf, sums: new Map(), parts: [] };
    families.set(row.metric, family);
    return family;
  };
  const layout = typeof kind === 'string' ? blockLayout(kind) : undefined;
  const counters = layout?.counters ?? (kind as readonly CounterRow[]).map((row, offset) => ({ row, offset }));
  for (const { row, offset } of counters) {
    const head = seriesHead(prefix + row.metric, { ...placeOf(row, labels), ...row.labels });
    const { sums } = familyOf(row, row.kind);
    const { scale = 1 } = row;
    const value = row.kind === 'gauge' ? () => reading.current(offset) * scale : () => reading.totals[offset]! * scale;
    sums.set(head, [...(sums.get(head) ?? []), value]);
  }
  for (const { row, offset } of layout?.histograms ?? []) {
    familyOf(row, 'histogram').parts.push(histogramPart(reading, row, offset, prefix));
  }
  for (const { row, offset } of layout?.summaries ?? []) {
    familyOf(row, 'summary').parts.push(summaryPart(reading, row, offset, prefix));
  }
}

function placeOf(row: CounterRow, labels: Labels): Labels {
  if (row.isOfNode !== true) return labels;
  return Object.fromEntries(Object.entries(labels).filter(([label]) => !PLACE_LABELS.includes(label)));
}

/** Buckets cumulated as Prometheus wants them, each with the newest exemplar of the blocks. */
function histogramPart(
  { totals, blocks, source: { labels } }: Reading,
  row: HistogramRow,
  offset: number,
  prefix: string,
): (format: Format) => string {
  const name = prefix + row.metric;
  const buckets = [...row.boundsS, '+Inf'].map((le) => seriesHead(`${name}_bucket`, { ...labels, le }));
  const sum = seriesHead(`${name}_sum`, labels);
  const count = seriesHead(`${name}_count`, labels);
  return (format) => {
    let text = '';
    let counted = 0;
    for (let bucket = 0; bucket < buckets.length; bucket++) {
      counted += totals[offset + 2 + bucket]!;
      text += buckets[bucket]! + counted;
      if (format === 'openmetrics' && row.hasExemplars) text += newestExemplar(blocks, offset, row, bucket);
      text += '\n';
    }
    // Not the block's own count: its writer may be between two words, and `le="+Inf"` must equal the count.
    return `${text}${sum}${totals[offset]! / 1e6}\n${count}${counted}\n`;
  };
}

function newestExemplar(blocks: readonly Uint32Array[], offset: number, row: HistogramRow, bucket: number): string {
  const found = blocks.map((words) => readExemplar(words, offset, row, bucket)).filter((one) => one !== undefined);
  const [newest] = found.sort((a, b) => b.unixS - a.unixS);
  return newest === undefined ? '' : formatExemplar(newest);
}

/** Quantiles can't be added up: of several blocks those of the worst are told. */
function summaryPart(
  { totals, blocks, source: { labels } }: Reading,
  row: SummaryRow,
  offset: number,
  prefix: string,
): (format: Format) => string {
  const name = prefix + row.metric;
  const all = { ...labels, ...row.labels };
  const quantiles = (row.quantiles ?? []).map((quantile) => seriesHead(name, { ...all, quantile }));
  const sum = seriesHead(`${name}_sum`, all);
  const count = seriesHead(`${name}_count`, all);
  return () => {
    let text = '';
    for (const [nth, head] of quantiles.entries()) {
      const micros = Math.max(...blocks.map((words) => words[offset + 2 + nth]!));
      text += `${head}${micros / 1e6}\n`;
    }
    return `${text}${sum}${totals[offset]! / 1e6}\n${count}${totals[offset + 1]!}\n`;
  };
}
