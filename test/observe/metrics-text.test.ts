import { expect, test } from 'vitest';
import { bucketQuantile, groupMetrics, parseMetrics } from '../../src/observe/metrics-text.ts';

test('values by name with labels; comments, exemplars and what is no sample are passed over', () => {
  const text = [
    '# HELP a_total how many',
    'a_total 3',
    'b{le="+Inf",zone_id="1"} 7 # {trace_id="0af7"} 0.25 1700000000',
    'c +Inf',
    'd -1.5e-3',
    'nonsense',
    '# EOF',
    '',
  ].join('\n');
  expect([...parseMetrics(text)]).toEqual([
    ['a_total', 3],
    ['b{le="+Inf",zone_id="1"}', 7],
    ['c', Number.POSITIVE_INFINITY],
    ['d', -0.0015],
  ]);
});

test('by name alone, labels taken apart, whatever stands in them', () => {
  const groups = groupMetrics(parseMetrics('a{x="1",y="say \\"hi, b=\\" \\\\ \\n"} 2\na 5\nab{x="1"} 3\n'));
  expect(groups.get('a')).toEqual([
    { labels: { x: '1', y: 'say "hi, b=" \\ \n' }, value: 2 },
    { labels: {}, value: 5 },
  ]);
  expect(groups.get('ab')).toEqual([{ labels: { x: '1' }, value: 3 }]);
});

/** A histogram's lines with cumulated counts, as /metrics has them. */
function histogram(counts: Readonly<Record<string, number>>): Map<string, number> {
  return new Map(Object.entries(counts).map(([le, count]) => [`tick_bucket{zone_id="1",le="${le}"}`, count]));
}

test('a quantile lies where the observations between two readings put it', () => {
  const before = histogram({ '1': 100, '2': 100, '4': 100, '+Inf': 100 });
  const after = histogram({ '1': 150, '2': 190, '4': 200, '+Inf': 200 });
  expect(bucketQuantile(before, after, 'tick', 0.5)).toBe(1);
  expect(bucketQuantile(before, after, 'tick', 0.7)).toBe(1.5);
  expect(bucketQuantile(before, after, 'tick', 0.95)).toBe(3);
  expect(bucketQuantile(before, after, 'tick', 1)).toBe(4);
});

test('what is beyond the last bound has no measure; nothing observed has no quantile', () => {
  const before = histogram({ '1': 0, '+Inf': 0 });
  const after = histogram({ '1': 5, '+Inf': 10 });
  expect(bucketQuantile(before, after, 'tick', 0.99)).toBe(Number.POSITIVE_INFINITY);
  expect(bucketQuantile(after, after, 'tick', 0.99)).toBeNaN();
});

test('a quantile of the series with that label alone', () => {
  const values = new Map([
    ['tick_bucket{zone_id="1",le="1"}', 10],
    ['tick_bucket{zone_id="1",le="+Inf"}', 10],
    ['tick_bucket{zone_id="2",le="1"}', 0],
    ['tick_bucket{zone_id="2",le="+Inf"}', 10],
  ]);
  expect(bucketQuantile(new Map(), values, 'tick', 1, 'zone_id="1"')).toBe(1);
  expect(bucketQuantile(new Map(), values, 'tick', 1, 'zone_id="2"')).toBe(Number.POSITIVE_INFINITY);
});
