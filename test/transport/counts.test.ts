import { expect, test } from 'vitest';
import { ACCEPTED, COUNT, createCounts, DROP_REASONS } from '../../src/transport/counts.ts';

test('each count has a place of its own, and none of a drop says that a packet was taken', () => {
  const places = Object.values(COUNT);
  expect(new Set(places).size).toBe(places.length);
  expect(createCounts().length).toBe(places.length);
  for (const reason of DROP_REASONS) expect(COUNT[reason]).not.toBe(ACCEPTED);
});
