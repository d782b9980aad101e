import { expect, test } from 'vitest';
import {
  createRendezvousCounts,
  RENDEZVOUS_COUNT,
  RENDEZVOUS_DROPS,
  TAKEN,
} from '../../../src/transport/rendezvous/counts.ts';

test('each count has a word of its own, and no drop is what says that there was none', () => {
  const places = Object.values(RENDEZVOUS_COUNT);
  expect(new Set(places).size).toBe(createRendezvousCounts().length);
  for (const name of RENDEZVOUS_DROPS) expect(RENDEZVOUS_COUNT[name]).not.toBe(TAKEN);
});
