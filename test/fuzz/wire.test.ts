// The short form of `npm run fuzz`: the same targets, some thousand inputs from one seed.

import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { mutate, toHex } from './mutate.ts';
import { createTargets, readCorpus } from './targets.ts';

const SEED = 20;
const RUNS = 4000;
const corpus = readCorpus();

test('the corpus is there', () => {
  expect(corpus.length).toBeGreaterThan(10);
});

test.each(createTargets())('$name takes any bytes', (target) => {
  const random = createRandom(SEED);
  const pool = [...target.seeds, ...corpus];
  const run = (bytes: Uint8Array): void => {
    try {
      target.run(bytes);
    } catch (error) {
      throw new Error(`${target.name}: ${toHex(bytes)}`, { cause: error });
    }
  };
  for (const bytes of pool) run(bytes);
  for (let count = 0; count < RUNS; count++) run(mutate(random, pool));
});
