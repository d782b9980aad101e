// A running node's /metrics against the list of all metrics, by the list and by Prometheus's own tool.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { game } from '../../src/game/game.ts';
import { type ListedMetric, listMetrics } from '../../src/io/metric-list.ts';
import { needs } from '../needs.ts';
import { killServers, type LaunchedServer, startServer } from './server.ts';

const SERIES_MAX = 5_000;
const ZONES_MAX = 16;

let folder: string;
let server: LaunchedServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-metrics-'));
  server = await startServer(join(folder, 'data'), ['--zones', '2', '--https-port', '0']);
});
afterAll(async () => {
  await killServers();
  rmSync(folder, { recursive: true });
});

async function scrape(accept?: string) {
  const response = await fetch(`${server.url()}/metrics`, accept === undefined ? {} : { headers: { accept } });
  return { text: await response.text(), type: response.headers.get('content-type') };
}

interface Shown {
  readonly kind: string;
  readonly help: string;
  readonly labels: Set<string>;
  series: number;
}

/** By family, in the plain text format. */
function readFamilies(text: string): Map<string, Shown> {
  const families = new Map<string, Shown>();
  let current: Shown | undefined;
  let help = '';
  for (const line of text.split('\n')) {
    const [, told, of, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (told === 'HELP') help = rest!;
    if (told === 'TYPE') {
      current = { kind: rest!, help, labels: new Set(), series: 0 };
      families.set(of!, current);
    }
    if (line === '' || line.startsWith('#')) continue;
    current!.series++;
    for (const [, label] of line.matchAll(/([a-z_]+)="/g)) current!.labels.add(label!);
  }
  return families;
}

/** What a node has that speaks TLS, by UDP, and stands behind no NAT. */
function listHere(): ListedMetric[] {
  const isHere = (when: string): boolean =>
    when !== 'the server stands behind a NAT' && (when !== 'the system is Linux' || process.platform === 'linux');
  return listMetrics(game.rules)
    .filter(({ when }) => isHere(when))
    .flatMap(({ metrics }) => metrics);
}

/** Collections have no series before the first one; what scrapes leave behind brings it about. */
async function scrapeAfterCollection(): Promise<string> {
  for (;;) {
    const { text } = await scrape();
    if (text.includes('nodejs_gc_duration_seconds_count')) return text;
  }
}

test('a running node tells every metric of the list, with its kind, its help and its labels, and no other', async () => {
  const families = readFamilies(await scrapeAfterCollection());
  const listed = new Map(listHere().map((metric) => [metric.name, metric]));
  expect([...families.keys()].filter((name) => !listed.has(name))).toEqual([]);
  expect([...listed.keys()].filter((name) => !families.has(name))).toEqual([]);
  for (const [name, { kind, help, labels, series }] of families) {
    const metric = listed.get(name)!;
    expect([name, kind, help]).toEqual([name, metric.kind, metric.help]);
    expect([name, series > 0]).toEqual([name, true]);
    const known = new Set([...metric.labels.keys(), ...(kind === 'histogram' ? ['le'] : [])]);
    // A zone has one edge of a kind here.
    known.delete('edge');
    expect([name, [...labels].sort()]).toEqual([name, [...known].sort()]);
  }
});

test('values of labels are those of the list: nothing that a player says becomes one', async () => {
  const { text } = await scrape();
  for (const { name, labels, kind } of listHere()) {
    for (const [label, values] of labels) {
      if (values.length === 0 || (kind === 'histogram' && label === 'le')) continue;
      const shown = new Set(
        [...text.matchAll(new RegExp(`^${name}(?:_sum|_count|_bucket)?\\{(?:.*,)?${label}="([^"]*)"`, 'gm'))].map(
          ([, value]) => value!,
        ),
      );
      expect([name, label, [...shown].filter((value) => !values.includes(value))]).toEqual([name, label, []]);
      expect([name, label, shown.size]).toEqual([name, label, values.length]);
    }
  }
});

test('sixteen zones with WebSocket and UDP stay within 5,000 series, however many play', async () => {
  const { text } = await scrape();
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const ofZone = (zone: number) => samples.filter((line) => line.includes(`zone_id="${zone}"`)).length;
  expect(ofZone(2)).toBe(ofZone(1));
  expect(ofZone(1)).toBeGreaterThan(100);
  const ofNode = samples.length - 2 * ofZone(1);
  expect(ofNode + ZONES_MAX * ofZone(1)).toBeLessThanOrEqual(SERIES_MAX);
});

test('who asks for OpenMetrics gets it, up to its end', async () => {
  const { text, type } = await scrape('application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3');
  expect(type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(text.endsWith('\n# EOF\n')).toBe(true);
  expect(text).toContain('\n# TYPE darkages_ticks counter\ndarkages_ticks_total{zone_id="1"} ');
  // One line a sample, none empty.
  expect(text.split('\n').slice(0, -1)).not.toContain('');
  const plain = await scrape();
  expect(plain.type).toBe('text/plain; version=0.0.4; charset=utf-8');
  const seriesOf = (of: string) =>
    of.split('\n').flatMap((line) => (line === '' || line.startsWith('#') ? [] : [line.replace(/ [^ ]+$/, '')]));
  const own = (series: string) => !series.startsWith('darkages_nodejs_');
  expect(seriesOf(text.replaceAll(/ # \{.*$/gm, '')).filter(own)).toEqual(seriesOf(plain.text).filter(own));
});

test('what the node knows of itself', async () => {
  await expect.poll(async () => (await scrape()).text).toContain('\ndarkages_ready 1\n');
  const { text } = await scrape();
  const read = (series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    );
  expect(read('darkages_zone_up{zone_id="2"}')).toBe(1);
  expect(text).toMatch(
    /\ndarkages_build_info\{version="[^"]+",game="darkages",game_version="\d+",protocol="\d+"\} 1\n/,
  );
  expect(read('darkages_certificate_expiry_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000);
  expect(read('darkages_memory_limit_bytes')).toBeGreaterThan(read('darkages_process_resident_memory_bytes'));
  expect(read('darkages_http_requests_total{route="/metrics",status="2xx"}')).toBeGreaterThan(0);
  expect(read('darkages_log_lines_total{level="error"}')).toBe(0);
  expect(read('darkages_thread_cpu_seconds_total{thread="main"}')).toBeGreaterThan(0);
});

test.skipIf(needs('promtool') === undefined)('Prometheus’s own tool finds nothing wrong with it', async () => {
  const { text } = await scrape();
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  // Deliberate: bands of gauges have `le`, so that histogram_quantile reads them.
  const complaints = `${stdout}${stderr}`
    .split('\n')
    .filter(
      (line) =>
        line !== '' && !/^darkages_udp_connections_by_\w+ non-histogram metrics should not have "le" label/.test(line),
    );
  expect(complaints).toEqual([]);
});
