// Metrics as text, in the two formats that Prometheus reads: its own (0.0.4), and OpenMetrics (1.0.0), which has exemplars.
// Main thread. What stands before a value is made once, when a series is; a scrape of thousands of them joins strings.

import type { Exemplar } from '../base/histogram.ts';

export type MetricKind = 'counter' | 'gauge' | 'histogram' | 'summary';
export type Labels = Readonly<Record<string, string | number>>;

/** `openmetrics` is asked for by Accept. */
export type Format = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

export interface Family {
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  /** Its series, each part one or several whole lines. */
  lines(format: Format): string;
}

/** What an Accept header likes better; whoever says nothing gets plain text. */
export function chooseFormat(accept: string | undefined): Format {
  let text = 0;
  let openMetrics = 0;
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim());
    const find = (name: string) => parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
    const weight = Number(find('q') ?? 1);
    if (type === 'application/openmetrics-text') {
      if ((find('version') ?? '1.0.0') === '1.0.0') openMetrics = Math.max(openMetrics, weight);
    } else if (type === 'text/plain' || type === 'text/*' || type === '*/*') text = Math.max(text, weight);
  }
  return openMetrics > 0 && openMetrics >= text ? 'openmetrics' : 'text';
}

/** What stands before the value of a series. */
export function seriesHead(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeText(String(value))}"`);
  return pairs.length === 0 ? `${name} ` : `${name}{${pairs.join(',')}} `;
}

export function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

/** Behind the value of a bucket, in OpenMetrics. */
export function formatExemplar({ traceId, valueS, unixS }: Exemplar): string {
  return ` # {trace_id="${traceId}"} ${valueS} ${unixS}`;
}

export function exposeFamilies(families: readonly Family[], format: Format): string {
  const isOpenMetrics = format === 'openmetrics';
  const names = new Set(families.map(({ name }) => name));
  let text = '';
  for (const family of families) {
    let { name } = family;
    let kind: string = family.kind;
    if (isOpenMetrics && kind === 'counter') {
      // There a counter is named without what its series end with. Beside a gauge of that name it can't be one.
      const base = name.replace(/_total$/, '');
      if (names.has(base)) kind = 'unknown';
      else name = base;
    }
    text += `# HELP ${name} ${isOpenMetrics ? escapeText(family.help) : escapeHelp(family.help)}\n`;
    text += `# TYPE ${name} ${kind}\n${family.lines(format)}`;
  }
  return isOpenMetrics ? `${text}# EOF\n` : text;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeText(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
