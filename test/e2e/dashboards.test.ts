// What dashboards, alerts and runbooks ask for is there: every query of every panel and every series that a rule names, in a
// real Prometheus that watches a real node with players by WebSocket and UDP who fight and trade.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runBots, type ServerProcess, startServer } from '../../bench/server.ts';
import { dashboardFiles } from '../../infra/grafana/dashboards.ts';
import { startWatchingPrometheus } from '../../tools/services/monitoring.ts';
import type { Prometheus } from '../../tools/services/prometheus.ts';
import { needs } from '../needs.ts';

const INFRA = join(import.meta.dirname, '..', '..', 'infra');
const RULES = join(INFRA, 'alerting', 'rules');
const RUNBOOKS = join(INFRA, 'runbooks');
/** Wide: other processes share the machine. */
const WITHIN_MS = 120_000;
const BOTS_S = 170;

/** Panels in which nothing but 0 says that the wrong thing is asked for. */
const NEVER_ZERO = new Set([
  'Network: Bytes A',
  'Network: Bytes B',
  'Network: Bytes C',
  'Network: Bytes D',
  'Network: Bytes E',
  'Network: Snapshots A',
  'One zone: Inputs A',
  'One zone: Tick A',
  'One zone: Tick by phase A',
  'One zone: Ticks A',
  'Server health: Players A',
]);

/** What Grafana puts in: all nodes, the zone that was chosen, and four scrapes at least. */
function fillIn(expression: string): string {
  return expression.replaceAll('$instance', '.*').replaceAll('$zone', '1').replaceAll('$__rate_interval', '20s');
}

/** Queries by where they stand. */
function dashboardQueries(): Map<string, string> {
  const queries = new Map<string, string>();
  for (const text of dashboardFiles().values()) {
    const { title, panels } = JSON.parse(text) as {
      title: string;
      panels: { title: string; targets?: { refId: string; expr: string }[] }[];
    };
    for (const panel of panels) {
      for (const { refId, expr } of panel.targets ?? []) {
        queries.set(`${title}: ${panel.title} ${refId}`, fillIn(expr));
      }
    }
  }
  return queries;
}

/** Each series that a rule names, with the labels it is chosen by. */
function ruleSelectors(): Map<string, string> {
  const selectors = new Map<string, string>();
  for (const file of readdirSync(RULES)) {
    for (const rule of readFileSync(join(RULES, file), 'utf8')
      .split(/^(?= +- alert: )/m)
      .slice(1)) {
      const alert = /- alert: (\w+)/.exec(rule)![1]!;
      const expression = rule.slice(rule.indexOf('expr:'), rule.indexOf('for:'));
      for (const [selector] of expression.matchAll(/\b(?:darkages_\w+|up)(?:\{[^}]*\})?/g)) {
        selectors.set(`${alert}: ${selector}`, selector);
      }
    }
  }
  return selectors;
}

/** What runbooks look for in /metrics, by page, and the metrics that they name. */
function runbookPatterns(): [string, RegExp][] {
  return readdirSync(RUNBOOKS).flatMap((page) => {
    const text = readFileSync(join(RUNBOOKS, page), 'utf8');
    const greps = [...text.matchAll(/\/metrics \| grep (?:-E '([^']+)'|(\w+))`/g)].map(
      ([, quoted, word]) => quoted ?? word,
    );
    const names = [...text.matchAll(/\b(darkages_\w+)`/g)].map(([, name]) => `^${name}`);
    const words = greps.flatMap((pattern) => (pattern!.includes('(') ? [pattern] : pattern!.split('|')));
    return [...words, ...names].map((pattern): [string, RegExp] => [`${page}: ${pattern}`, new RegExp(pattern!, 'm')]);
  });
}

describe.skipIf(needs('prometheus') === undefined)('dashboards and rules (needs prometheus)', () => {
  let server: ServerProcess;
  let prometheus: Prometheus;
  const interrupts: (() => void)[] = [];
  const playing: Promise<unknown>[] = [];

  beforeAll(async () => {
    server = await startServer({ args: ['--https-port', '0', '--sessions-per-minute', '10000'] });
    prometheus = await startWatchingPrometheus([server.url]);
    for (const transport of ['ws', 'udp']) {
      const values = { url: server.url, transport, bots: 8, duration: BOTS_S, 'ramp-up': 60, trade: 50, within: 15 };
      const args = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
      playing.push(runBots(args, undefined, (child) => interrupts.push(() => void child.kill('SIGINT'))));
    }
  });

  afterAll(async () => {
    for (const interrupt of interrupts) interrupt();
    await Promise.all(playing);
    await prometheus?.stop();
    await server?.stop();
  });

  /** Each gives something else than NaN once, while players come and play; some more than 0. */
  async function expectData(queries: ReadonlyMap<string, string>): Promise<void> {
    expect(queries.size).toBeGreaterThan(20);
    const empty = new Map(queries);
    const deadlineMs = performance.now() + WITHIN_MS;
    while (empty.size > 0 && performance.now() < deadlineMs) {
      for (const [name, query] of empty) {
        const samples = await prometheus.query(query);
        const isData = ({ value }: { value: number }) => Number.isFinite(value) && (value > 0 || !NEVER_ZERO.has(name));
        if (samples.some(isData)) empty.delete(name);
      }
      await sleep(1_000);
    }
    expect(Object.fromEntries(empty)).toEqual({});
  }

  test('every query of every panel returns data under load', () => {
    const queries = dashboardQueries();
    expect([...NEVER_ZERO].filter((name) => !queries.has(name))).toEqual([]);
    return expectData(queries);
  });

  test('every series that a rule names is there', () => expectData(ruleSelectors()));

  test('what runbooks look for in /metrics is there', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const values = text.replace(/^#.*\n/gm, '');
    const patterns = runbookPatterns();
    expect(patterns.length).toBeGreaterThan(20);
    expect(patterns.filter(([, pattern]) => !pattern.test(values)).map(([name]) => name)).toEqual([]);
  });
});
