import { expect, test } from 'vitest';
import { CHART_HEIGHT, CHART_WIDTH, drawCharts, niceTop } from '../../../bench/players/chart.ts';
import { curvePicture, curveTable } from '../../../bench/players/curve.ts';
import type { Figures } from '../../../bench/players/figures.ts';
import { createRandom } from '../../../src/base/random.ts';

test('whatever is drawn lies within the picture, in the order and proportion of its values', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = createRandom(seed);
    const points = Array.from({ length: 1 + random.below(20) }, (): [number, number] => [
      random.fraction() * 10 ** random.below(5),
      random.fraction() * 10 ** random.below(5),
    ]);
    const svg = drawCharts([{ title: 'a', xName: 'x', lines: [{ name: 'one', points }] }]);
    const drawn = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(drawn).toHaveLength(points.length);
    for (const [index, [x, y]] of drawn.entries()) {
      expect(x).toBeGreaterThan(0);
      expect(x).toBeLessThan(CHART_WIDTH);
      expect(y).toBeGreaterThan(0);
      expect(y).toBeLessThan(CHART_HEIGHT);
      for (const [other, [otherX, otherY]] of drawn.entries()) {
        if (points[index]![0] < points[other]![0]) expect(x, `seed ${seed}`).toBeLessThanOrEqual(otherX!);
        if (points[index]![1] < points[other]![1]) expect(y, `seed ${seed}`).toBeGreaterThanOrEqual(otherY!);
      }
    }
  }
});

test('names can hold anything; what has no value is not drawn', () => {
  const svg = drawCharts([
    {
      title: '<b> & "c"',
      xName: 'x',
      lines: [
        {
          name: '</svg>',
          points: [
            [1, Number.NaN],
            [2, 3],
          ],
        },
      ],
    },
    { title: 'second', xName: 'x', lines: [], goal: { y: 5, name: 'goal' } },
  ]);
  expect(svg.match(/<circle/g)).toHaveLength(1);
  expect(svg.match(/<\/svg>/g)).toHaveLength(1);
  expect(svg).not.toContain('<b>');
  expect(svg).not.toContain('NaN');
});

test('an axis ends at a round number that is not below', () => {
  for (let value = 0.001; value < 1e6; value *= 1.37) {
    expect(niceTop(value)).toBeGreaterThanOrEqual(value * 0.999999);
    expect(niceTop(value)).toBeLessThanOrEqual(value * 2);
  }
  expect(niceTop(0)).toBe(1);
});

test('the curve as a table and as a picture has each run once', () => {
  const run = (players: number) => ({ players, tickMsP99: 2, bots: { scheduleErrorMsP99: null } }) as Figures;
  const [head, first, second] = curveTable([run(250), run(500)]).split('\n');
  const columns = head!.split(',');
  expect(first!.split(',')).toHaveLength(columns.length);
  expect(second!.split(',')[columns.indexOf('players')]).toBe('500');
  expect(second!.split(',')[columns.indexOf('tickMsP99')]).toBe('2');
  expect(curvePicture([run(250), run(500)])).toContain('players in one zone');
});
