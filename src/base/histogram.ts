// Histograms and summaries in a block of base/counters.ts: one thread observes without allocating, any other reads. A
// histogram may keep an exemplar for each bucket: the newest observation that a trace was recorded of, so that from a slow
// bucket one comes to what was slow.
//
//   histogram, u32 words: [0] sum in µs  [1] count  [2 …] one a bucket, not cumulated  then, with exemplars, 7 a bucket:
//     [0] version: 0 none yet, odd while it is written  [1 … 4] trace id  [5] value in µs  [6] seconds since 1970
//   summary, u32 words:   [0] sum in µs  [1] count  [2 …] its quantiles in µs, if it has any: those of the last moments

export interface HistogramRow {
  readonly metric: string;
  readonly help: string;
  /** Upper bounds in seconds, ascending; a last bucket without bound is added. */
  readonly boundsS: readonly number[];
  readonly hasExemplars?: true;
}

export interface SummaryRow {
  readonly metric: string;
  readonly help: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** 0 … 1, ascending. Whoever measures them sets them; without, sum and count tell the mean. */
  readonly quantiles?: readonly number[];
}

/** What an observation is an example of, u32 words: [0 … 3] trace id, its first bytes first  [4] now, seconds since 1970. */
export type Trace = Uint32Array;
export const TRACE_WORDS = 5;

export interface Histogram {
  /**
   * Adds one observation, in seconds. Does not allocate.
   * @param trace whose words are copied; it is for histograms with exemplars, others ignore it
   */
  observe(valueS: number, trace?: Trace): void;
}

export interface Summary {
  /** Adds one observation, in seconds. Does not allocate. */
  observe(valueS: number): void;
  /** Adds `count` of them that were measured elsewhere. */
  add(sumS: number, count: number): void;
  /** The n-th of its row, of the last moments; in seconds. */
  setQuantile(nth: number, valueS: number): void;
}

export interface Exemplar {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  readonly valueS: number;
  readonly unixS: number;
}

const EXEMPLAR_WORDS = 7;
/** A reader that finds an exemplar being written that often goes without: the next scrape has it. */
const READ_ATTEMPTS = 4;

export function histogramWords({ boundsS, hasExemplars }: HistogramRow): number {
  const buckets = boundsS.length + 1;
  return 2 + buckets + (hasExemplars ? buckets * EXEMPLAR_WORDS : 0);
}

export function summaryWords({ quantiles }: SummaryRow): number {
  return 2 + (quantiles?.length ?? 0);
}

export function createHistogram(
  words: Uint32Array,
  offset: number,
  { boundsS, hasExemplars }: HistogramRow,
): Histogram {
  const bounds = Float64Array.from(boundsS);
  const exemplarsAt = offset + 3 + bounds.length;
  return {
    observe(valueS, trace) {
      let bucket = 0;
      while (bucket < bounds.length && valueS > bounds[bucket]!) bucket++;
      const micros = Math.round(valueS * 1e6);
      words[offset] = words[offset]! + micros;
      words[offset + 1]!++;
      words[offset + 2 + bucket]!++;
      if (hasExemplars && trace !== undefined)
        writeExemplar(words, exemplarsAt + bucket * EXEMPLAR_WORDS, micros, trace);
    },
  };
}

/** Every word atomically, so that none is seen before the version that announces it. Rare: only what is traced has one. */
function writeExemplar(words: Uint32Array, at: number, micros: number, trace: Trace): void {
  // A thread that died in the middle left it odd; the next writer goes on from there.
  const version = Atomics.load(words, at) | 1;
  Atomics.store(words, at, version);
  for (let word = 0; word < 4; word++) Atomics.store(words, at + 1 + word, trace[word]!);
  Atomics.store(words, at + 5, micros);
  Atomics.store(words, at + 6, trace[4]!);
  // Past 0 when it wraps, which says that there is none.
  Atomics.store(words, at, (version + 1) >>> 0 || 2);
}

/** Of a histogram's bucket; undefined when there is none, or it is being written just now. For the scraper: allocates. */
export function readExemplar(
  words: Uint32Array,
  offset: number,
  { boundsS, hasExemplars }: HistogramRow,
  bucket: number,
): Exemplar | undefined {
  if (!hasExemplars) return undefined;
  const at = offset + 3 + boundsS.length + bucket * EXEMPLAR_WORDS;
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const version = Atomics.load(words, at);
    if (version === 0) return undefined;
    if (version % 2 === 1) continue;
    let traceId = '';
    for (let word = 0; word < 4; word++)
      traceId += Atomics.load(words, at + 1 + word)
        .toString(16)
        .padStart(8, '0');
    const valueS = Atomics.load(words, at + 5) / 1e6;
    const unixS = Atomics.load(words, at + 6);
    if (Atomics.load(words, at) === version) return { traceId, valueS, unixS };
  }
  return undefined;
}

export function createSummary(words: Uint32Array, offset: number, { quantiles }: SummaryRow): Summary {
  const count = quantiles?.length ?? 0;
  const add = (sumS: number, observations: number): void => {
    words[offset] = words[offset]! + Math.round(sumS * 1e6);
    words[offset + 1] = words[offset + 1]! + observations;
  };
  return {
    observe: (valueS) => add(valueS, 1),
    add,
    setQuantile(nth, valueS) {
      if (nth < count) words[offset + 2 + nth] = Math.round(valueS * 1e6);
    },
  };
}
