// Every metric there is, from the tables that make them: what docs/metrics.md is printed from, and what a running node's
// /metrics is held to. Main thread, tools, tests. A metric has its place in one of the tables below and nowhere else.

import { BLOCK_KINDS, type BlockKind, blockLayout, type CounterRow, ruleRows } from '../base/counters.ts';
import type { MetricKind } from './exposition.ts';
import { HTTP_ROUTES } from './http-metrics.ts';
import { NODE_METRICS } from './node-metrics.ts';
import { PROCESS_METRICS } from './process-metrics.ts';
import { METRIC_PREFIX } from './prometheus.ts';
import { RENDEZVOUS_ROWS } from './rendezvous.ts';
import { THREAD_METRICS } from './thread-metrics.ts';
import { UDP_ROWS } from './udp-metrics.ts';

export interface ListedMetric {
  /** With the prefix. */
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  /** By name: the values, where they are known beforehand. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
  /** Of a histogram, in seconds. */
  readonly boundsS: readonly number[];
  readonly hasExemplars: boolean;
}

export interface MetricSection {
  readonly title: string;
  /** When its metrics are there; empty: always. */
  readonly when: string;
  readonly metrics: readonly ListedMetric[];
}

/** What the sources of a kind of block are labelled with; `edge` is there where a zone has several of a kind. */
const PLACES: Readonly<Record<BlockKind, Readonly<Record<string, readonly string[]>>>> = {
  zone: { zone_id: [] },
  phase: { zone_id: [], phase: [] },
  edge: { zone_id: [], edge: [] },
  gateway: {},
  store: {},
  http: { route: HTTP_ROUTES },
  log: {},
  trace: {},
  loop: { thread: [], zone_id: [] },
  thread: { thread: [], zone_id: [] },
};

const TITLES: Readonly<Record<BlockKind, string>> = {
  zone: 'Zones',
  phase: 'Where the time of ticks goes',
  edge: 'Edges and sessions',
  gateway: 'Accounts and sessions over HTTP',
  store: 'Store, ledger, journal',
  http: 'HTTP',
  log: 'Log',
  trace: 'Traces',
  loop: 'Event loops',
  thread: 'Collections of threads',
};

/** @param rules of the game that runs; without, its label is told and not its values */
export function listMetrics(rules: readonly string[] = []): readonly MetricSection[] {
  return [
    { title: 'The node', when: '', metrics: NODE_METRICS.map(listLive) },
    ...BLOCK_KINDS.map((kind) => ({ title: TITLES[kind], when: '', metrics: listBlock(kind) })),
    section(
      'Rules of the game',
      'the game has rules',
      PLACES.zone,
      rules.length > 0 ? ruleRows(rules) : ruleRows(['']),
    ),
    section('UDP', 'players come by UDP', PLACES.edge, UDP_ROWS),
    section('Rendezvous', 'the server stands behind a NAT', PLACES.zone, RENDEZVOUS_ROWS),
    {
      title: 'Threads',
      when: '',
      metrics: THREAD_METRICS.map((row) => ({
        ...listLive(row),
        labels: new Map([
          ['thread', []],
          ['zone_id', []],
        ]),
      })),
    },
    ...listProcess(),
  ];
}

function listLive(row: {
  readonly metric: string;
  readonly kind: MetricKind;
  readonly help: string;
  readonly labels?: readonly string[];
}): ListedMetric {
  return {
    name: METRIC_PREFIX + row.metric,
    kind: row.kind,
    help: row.help,
    labels: new Map((row.labels ?? []).map((label) => [label, []])),
    boundsS: [],
    hasExemplars: false,
  };
}

type Places = Readonly<Record<string, readonly string[]>>;

function section(title: string, when: string, places: Places, rows: readonly CounterRow[]): MetricSection {
  return { title, when, metrics: listRows(places, rows) };
}

function listBlock(kind: BlockKind): ListedMetric[] {
  const { counters, histograms, summaries } = blockLayout(kind);
  const places = Object.entries(PLACES[kind]);
  return [
    ...listRows(
      PLACES[kind],
      counters.map(({ row }) => row),
    ),
    ...histograms.map(({ row }) => ({
      ...listLive({ ...row, kind: 'histogram' as const }),
      labels: new Map(places),
      boundsS: row.boundsS,
      hasExemplars: row.hasExemplars === true,
    })),
    ...summaries.map(({ row }) => ({
      ...listLive({ metric: row.metric, help: row.help, kind: 'summary' as const }),
      labels: new Map([
        ...places,
        ...Object.entries(row.labels ?? {}).map(([label, value]) => [label, [value]] as const),
        ...(row.quantiles === undefined ? [] : ([['quantile', row.quantiles.map(String)]] as const)),
      ]),
    })),
  ];
}

/** Rows of one metric together, with all values of their labels. */
function listRows(places: Places, rows: readonly CounterRow[]): ListedMetric[] {
  const metrics = new Map<string, ListedMetric & { readonly labels: Map<string, readonly string[]> }>();
  for (const { metric, kind, help, labels = {}, isOfNode } of rows) {
    const own = isOfNode ? [] : Object.entries(places).map(([label, values]) => [label, [...values]] as const);
    const listed = metrics.get(metric) ?? {
      ...listLive({ metric, kind, help }),
      labels: new Map<string, readonly string[]>(own),
    };
    metrics.set(metric, listed);
    for (const [label, value] of Object.entries(labels)) {
      const values = listed.labels.get(label) ?? [];
      listed.labels.set(label, value === '' || values.includes(value) ? values : [...values, value]);
    }
  }
  return [...metrics.values()];
}

function listProcess(): MetricSection[] {
  const of = (isLinuxOnly: boolean): ListedMetric[] =>
    PROCESS_METRICS.filter((row) => (row.isLinuxOnly ?? false) === isLinuxOnly).map(listLive);
  return [
    { title: 'The process', when: '', metrics: of(false) },
    { title: 'The process, on Linux', when: 'the system is Linux', metrics: of(true) },
  ];
}

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/_timestamp_seconds$|_start_time_seconds$/, 's since 1970'],
  [/_seconds(?:_total)?$/, 's'],
  [/_bytes(?:_total)?$/, 'bytes'],
  [/_percent$/, '%'],
];

/** By the ending of its name. */
export function unitOf({ name }: ListedMetric): string {
  return UNITS.find(([ending]) => ending.test(name))?.[1] ?? '';
}

const HEAD = `# Metrics

Everything that a node tells at \`/metrics\`, in Prometheus’s text format, or in OpenMetrics for who asks for it (Prometheus
does). Printed from the tables in code by \`npm run metrics-table -- --write\`; a test compares the two, another one a
running node’s \`/metrics\` with it. Counters go on growing when a thread is started again, and begin at 0 with the process.

No label comes from a player: with 16 zones and 4,000 players a scrape has fewer than 5,000 series. What is *of the node* is
added up over its zones. \`zone_id\` is the zone; \`edge\` is there where a zone has several of a kind; \`thread\` is \`main\`,
\`store\`, \`zone-1\`, \`edge-1\`, \`udp-edge-1\`. A histogram *with exemplars* names traces in OpenMetrics, as \`trace_id\`.

The mean loss of the packets to clients is \`rate(darkages_udp_packets_lost_total[1m]) / rate(darkages_udp_packets_out_total[1m])\`.
\`darkages_udp_connections_by_…\` count connections in bands, as a histogram’s buckets do, so that
\`histogram_quantile(0.95, sum by (le) (darkages_udp_connections_by_rtt_seconds))\` is their 95th percentile now.
`;

/** docs/metrics.md. */
export function printMetrics(): string {
  const sections = listMetrics().map(({ title, when, metrics }) => {
    const rows = metrics.map(
      (metric) =>
        `| \`${metric.name}\` | ${kindOf(metric)} | ${unitOf(metric)} | ${labelsOf(metric)} | ${metric.help} |`,
    );
    const head = ['| metric | kind | unit | labels | what |', '| --- | --- | --- | --- | --- |'];
    return [`## ${title}`, ...(when === '' ? [] : [`Where ${when}.`]), [...head, ...rows].join('\n')].join('\n\n');
  });
  return `${HEAD}\n${sections.join('\n\n')}\n`;
}

function kindOf({ kind, boundsS, hasExemplars }: ListedMetric): string {
  const bounds = boundsS.length === 0 ? '' : `: ${boundsS.join(', ')} s`;
  return kind + (hasExemplars ? ', with exemplars' : '') + bounds;
}

function labelsOf({ labels }: ListedMetric): string {
  return [...labels]
    .map(([label, values]) => `\`${label}\`${values.length > 0 ? `: ${values.join(', ')}` : ''}`)
    .join('; ');
}
