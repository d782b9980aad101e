// Prometheus's text format, read: what `npm run top`, benches and tests see of a node's /metrics. Pure.

/** By name with labels, as they are printed. */
export type MetricValues = ReadonlyMap<string, number>;

export function parseMetrics(text: string): MetricValues {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    // In OpenMetrics an exemplar may follow.
    const exemplarAt = line.indexOf(' # ');
    const sample = exemplarAt < 0 ? line : line.slice(0, exemplarAt);
    const space = sample.lastIndexOf(' ');
    if (space > 0) values.set(sample.slice(0, space), readNumber(sample.slice(space + 1)));
  }
  return values;
}

function readNumber(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** By name alone, the labels taken apart. */
export function groupMetrics(values: MetricValues): ReadonlyMap<string, readonly MetricSample[]> {
  const groups = new Map<string, MetricSample[]>();
  for (const [key, value] of values) {
    const brace = key.indexOf('{');
    const name = brace < 0 ? key : key.slice(0, brace);
    const labels: Record<string, string> = {};
    if (brace >= 0) {
      for (const [, label, quoted] of key.slice(brace).matchAll(/([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
        labels[label!] = quoted!.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
      }
    }
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [{ labels, value }]);
    else group.push({ labels, value });
  }
  return groups;
}

/**
 * A quantile of what a histogram observed between two readings, as Prometheus computes it: within its bucket the
 * observations are taken to be evenly spread. Beyond the last bound it is infinite.
 * @param label of the series that are meant, as it is printed: `zone_id="1"`
 */
export function bucketQuantile(
  before: MetricValues,
  after: MetricValues,
  name: string,
  share: number,
  label = '',
): number {
  const counts = new Map<number, number>();
  const prefix = `${name}_bucket{`;
  for (const [key, value] of after) {
    if (!key.startsWith(prefix) || !key.includes(label)) continue;
    const bound = /le="([^"]+)"/.exec(key)?.[1];
    if (bound === undefined) continue;
    const le = readNumber(bound);
    counts.set(le, (counts.get(le) ?? 0) + value - (before.get(key) ?? 0));
  }
  const rank = share * (counts.get(Number.POSITIVE_INFINITY) ?? 0);
  let lower = 0;
  let below = 0;
  for (const [le, count] of [...counts].sort(([a], [b]) => a - b)) {
    if (count >= rank && count > below) {
      return le === Number.POSITIVE_INFINITY ? le : lower + ((le - lower) * (rank - below)) / (count - below);
    }
    lower = le;
    below = count;
  }
  return Number.NaN;
}
