import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listMetrics, printMetrics, unitOf } from '../../src/io/metric-list.ts';

test('docs/metrics.md is what the tables print', () => {
  const file = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'metrics.md'), 'utf8');
  expect(file, 'npm run metrics-table -- --write').toBe(printMetrics());
});

test('each metric has one place, a name that says its kind and its unit, and labels that are none of a player', () => {
  const metrics = listMetrics(['a.rule']).flatMap((section) => section.metrics);
  const names = metrics.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  for (const metric of metrics) {
    const { name, kind, help, labels } = metric;
    expect(name).toMatch(/^darkages_[a-z][a-z0-9_]*$/);
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
    if (kind === 'histogram' || kind === 'summary') expect([name, unitOf(metric)]).toEqual([name, 's']);
    expect([name, help === '' || /[.\n|]$/.test(help)]).toEqual([name, false]);
    for (const label of labels.keys())
      expect([name, /player|account|address|token/.test(label)]).toEqual([name, false]);
  }
});

test('the list tells the values of labels where they are known, those of a game by its rules', () => {
  const find = (name: string, rules?: readonly string[]) =>
    listMetrics(rules)
      .flatMap(({ metrics }) => metrics)
      .find((metric) => metric.name === `darkages_${name}`)!;
  expect([...find('store_lag_seconds').labels]).toEqual([['queue', ['saves', 'ledger', 'journal']]]);
  expect([...find('game_refused_total').labels]).toEqual([['rule', []]]);
  expect([...find('game_refused_total', ['x', 'y']).labels]).toEqual([['rule', ['x', 'y']]]);
  expect(find('thread_event_loop_delay_seconds').labels.get('quantile')).toEqual(['0.5', '0.99', '1']);
  expect(find('join_seconds')).toMatchObject({ kind: 'histogram', hasExemplars: true });
});
