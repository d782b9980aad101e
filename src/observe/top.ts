// What `npm run top` tells of a node, from readings of its /metrics: rates from the last two, troubles from those of the last
// minute. Pure. A node that was started again begins anew; one that does not answer is said not to, with what was last known.

import { bucketQuantile, groupMetrics, type MetricSample, type MetricValues, parseMetrics } from './metrics-text.ts';

const PREFIX = 'darkages_';
const WINDOW_MS = 60_000;

interface Reading {
  readonly values: MetricValues;
  readonly groups: ReadonlyMap<string, readonly MetricSample[]>;
  readonly atMs: number;
}

export interface Top {
  readonly url: string;
  /** Of the last minute, oldest first. */
  readings: readonly Reading[];
  /** '' while it answers. */
  problem: string;
}

export interface TopZone {
  readonly zoneId: string;
  readonly players: number;
  readonly capacity: number | undefined;
  readonly entities: number;
  readonly ticksPerS: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly overloadStep: number;
  readonly pacePercent: number;
}

export interface TopThread {
  readonly name: string;
  /** Of a core. */
  readonly cpuPercent: number | undefined;
  readonly heapBytes: number;
}

/** Undefined: not known yet, or the node has no such figure. */
export interface TopView {
  readonly url: string;
  readonly problem: string;
  readonly version: string;
  readonly upS: number | undefined;
  readonly residentBytes: number | undefined;
  readonly zones: readonly TopZone[];
  readonly network: {
    readonly connections: number;
    readonly upBytesPerS: number | undefined;
    readonly downBytesPerS: number | undefined;
    /** UDP alone: on the wire, and what got lost on the way to clients. */
    readonly udpUpBytesPerS: number | undefined;
    readonly udpDownBytesPerS: number | undefined;
    readonly lossShare: number | undefined;
  };
  readonly store: {
    readonly p50Ms: number | undefined;
    readonly p99Ms: number | undefined;
    readonly pending: number;
    readonly lagS: number | undefined;
    /** The worst of its backends. */
    readonly breaker: 'closed' | 'half open' | 'open';
  };
  /** Each a minute. */
  readonly troubles: Readonly<
    Record<'errors' | 'warnings' | 'violations' | 'refused' | 'missedTicks', number | undefined>
  >;
  readonly threads: readonly TopThread[];
}

export function createTop(url: string): Top {
  return { url, readings: [], problem: '' };
}

/**
 * @param atMs since 1970
 * @throws Error with a sentence where the text is not a node's.
 */
export function takeReading(top: Top, text: string, atMs: number): void {
  const values = parseMetrics(text);
  const groups = groupMetrics(values);
  if (!groups.has(`${PREFIX}ticks_total`)) throw new Error('what answers there is no DarkAges server');
  const started = `${PREFIX}process_start_time_seconds`;
  const isSame = top.readings.at(-1)?.values.get(started) === values.get(started);
  const kept = isSame ? top.readings.filter((one) => one.atMs >= atMs - WINDOW_MS) : [];
  top.readings = [...kept, { values, groups, atMs }];
  top.problem = '';
}

export function missReading(top: Top, problem: string): void {
  top.problem = problem;
}

/** Undefined as long as nothing was read. */
export function viewTop({ url, problem, readings }: Top): TopView | undefined {
  const now = readings.at(-1);
  if (now === undefined) return undefined;
  const before = readings.at(-2);
  const ask = createAsking(readings[0]!, before, now);
  const startS = ask.value('process_start_time_seconds');
  return {
    url,
    problem,
    version: now.groups.get(`${PREFIX}build_info`)?.[0]?.labels.version ?? '',
    upS: startS && Math.max(0, now.atMs / 1000 - startS),
    residentBytes: ask.value('process_resident_memory_bytes'),
    zones: viewZones(ask, before, now),
    network: {
      connections: ask.value('connections') ?? 0,
      upBytesPerS: ask.perS('client_bytes_total'),
      downBytesPerS: ask.perS('snapshot_bytes_total'),
      udpUpBytesPerS: ask.perS('udp_bytes_in_total'),
      udpDownBytesPerS: ask.perS('udp_bytes_out_total'),
      lossShare: shareOf(ask.perMinute('udp_packets_lost_total'), ask.perMinute('udp_packets_out_total')),
    },
    store: {
      p50Ms: ask.quantileMs('store_latency_seconds', 0.5),
      p99Ms: ask.quantileMs('store_latency_seconds', 0.99),
      pending: ask.value('store_pending') ?? 0,
      lagS: ask.most('store_lag_seconds'),
      breaker: (['closed', 'half open', 'open'] as const)[ask.most('store_breaker_state') ?? 0] ?? 'closed',
    },
    troubles: {
      errors: ask.perMinute('log_lines_total', { level: 'error' }),
      warnings: ask.perMinute('log_lines_total', { level: 'warn' }),
      violations: ask.perMinute('guard_violations_total'),
      refused: ask.perMinute('connections_refused_total'),
      missedTicks: ask.perMinute('missed_ticks_total'),
    },
    threads: viewThreads(ask, now),
  };
}

type Labels = Readonly<Record<string, string>>;

interface Asking {
  /** Added up over all that have these labels; undefined where there is none. */
  value(metric: string, labels?: Labels): number | undefined;
  most(metric: string): number | undefined;
  perS(metric: string, labels?: Labels): number | undefined;
  perMinute(metric: string, labels?: Labels): number | undefined;
  quantileMs(metric: string, share: number): number | undefined;
}

function createAsking(oldest: Reading, before: Reading | undefined, now: Reading): Asking {
  const samples = (reading: Reading, metric: string, labels: Labels) =>
    (reading.groups.get(PREFIX + metric) ?? []).filter((one) =>
      Object.entries(labels).every(([name, value]) => one.labels[name] === value),
    );
  const sum = (reading: Reading, metric: string, labels: Labels = {}) => {
    const found = samples(reading, metric, labels);
    return found.length === 0 ? undefined : found.reduce((total, { value }) => total + value, 0);
  };
  const rate = (since: Reading | undefined, metric: string, labels: Labels | undefined, scale: number) => {
    const after = sum(now, metric, labels);
    if (since === undefined || since.atMs >= now.atMs || after === undefined) return undefined;
    // A series that was not there then began at nothing.
    return (Math.max(0, after - (sum(since, metric, labels) ?? 0)) / (now.atMs - since.atMs)) * scale;
  };
  return {
    value: (metric, labels) => sum(now, metric, labels),
    most: (metric) =>
      samples(now, metric, {}).reduce<number | undefined>(
        (most, { value }) => Math.max(most ?? value, value),
        undefined,
      ),
    perS: (metric, labels) => rate(before, metric, labels, 1000),
    perMinute: (metric, labels) => rate(oldest, metric, labels, 60_000),
    quantileMs: (metric, share) => (before === undefined ? undefined : quantileMs(before, now, metric, share)),
  };
}

/** Undefined where nothing was observed meanwhile. */
function quantileMs(before: Reading, now: Reading, metric: string, share: number, label = ''): number | undefined {
  const ms = bucketQuantile(before.values, now.values, PREFIX + metric, share, label) * 1000;
  return Number.isNaN(ms) ? undefined : ms;
}

function viewZones(ask: Asking, before: Reading | undefined, now: Reading): readonly TopZone[] {
  const ids = (now.groups.get(`${PREFIX}ticks_total`) ?? []).map(({ labels }) => labels.zone_id ?? '');
  return ids
    .sort((a, b) => Number(a) - Number(b))
    .map((zoneId) => {
      const of = { zone_id: zoneId };
      const tickMs = (share: number) =>
        before && quantileMs(before, now, 'tick_duration_seconds', share, `zone_id="${zoneId}"`);
      return {
        zoneId,
        players: ask.value('players', of) ?? 0,
        capacity: ask.value('zone_capacity_players', of),
        entities: ask.value('entities', of) ?? 0,
        ticksPerS: ask.perS('ticks_total', of),
        p50Ms: tickMs(0.5),
        p99Ms: tickMs(0.99),
        overloadStep: ask.value('overload_step', of) ?? 0,
        pacePercent: ask.value('time_pace_percent', of) ?? 100,
      };
    });
}

/** Those that need most first. */
function viewThreads(ask: Asking, now: Reading): readonly TopThread[] {
  const threads = (now.groups.get(`${PREFIX}thread_heap_used_bytes`) ?? []).map(({ labels, value }) => {
    const cpu = ask.perS('thread_cpu_seconds_total', { thread: labels.thread ?? '' });
    return { name: labels.thread ?? '', cpuPercent: cpu === undefined ? undefined : cpu * 100, heapBytes: value };
  });
  return threads.sort((a, b) => (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0) || a.name.localeCompare(b.name));
}

function shareOf(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : part / whole;
}
