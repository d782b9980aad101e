import { expect, test } from 'vitest';
import { createRendezvousCounts, RENDEZVOUS_COUNT } from '../../../src/transport/rendezvous/counts.ts';
import { createTeller } from '../../../tools/rendezvous/told-counts.ts';

test('counts are told when one has moved, all of them since the start', () => {
  const counts = createRendezvousCounts();
  const lines: string[] = [];
  const tell = createTeller(counts, (line) => lines.push(line));
  tell();
  expect(lines).toEqual([]);
  counts[RENDEZVOUS_COUNT.introductions] = 2;
  tell();
  tell();
  counts[RENDEZVOUS_COUNT.dropStale] = 5;
  tell();
  expect(lines.every((line) => line.endsWith('}\n'))).toBe(true);
  const told = lines.map((line) => JSON.parse(line) as Record<string, number>);
  expect(told.map(({ introductions, dropStale }) => [introductions, dropStale])).toEqual([
    [2, 0],
    [2, 5],
  ]);
  expect(Object.keys(told[0]!)).toEqual(Object.keys(RENDEZVOUS_COUNT));
});
