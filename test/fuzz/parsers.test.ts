// The short form of `npm run fuzz`: the same targets, a million cases from one seed.

import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { spoiltCases } from './cases.ts';
import { mutate, toHex } from './mutate.ts';
import { createTargets, readCorpus } from './targets.ts';

const SEED = Number(process.env.SEED ?? 20);
const MUTATED_EACH = 12_000;
const CASES_MIN = 1_000_000;
const corpus = readCorpus();
const targets = createTargets();
/** How many cases each target was given. */
const given = new Map<string, number>();

test('the corpus is there', () => {
  expect(corpus.length).toBeGreaterThan(10);
});

test.each(targets)('$name takes any bytes', { timeout: 120_000 }, (target) => {
  const random = createRandom(SEED);
  const pool = [...target.seeds, ...corpus];
  let cases = 0;
  const run = (bytes: Uint8Array): void => {
    cases++;
    try {
      target.run(bytes);
    } catch (error) {
      throw new Error(`SEED=${SEED}, ${target.name}: ${toHex(bytes)}`, { cause: error });
    }
  };
  for (const bytes of pool) run(bytes);
  for (const bytes of spoiltCases(target.seeds, random)) run(bytes);
  for (let count = 0; count < MUTATED_EACH; count++) run(mutate(random, pool));
  given.set(target.name, cases);
});

test('a million cases, and no target was left out', () => {
  const total = [...given.values()].reduce((sum, cases) => sum + cases, 0);
  console.log(`SEED=${SEED}: ${total} cases for ${given.size} targets`);
  expect([...given.keys()]).toEqual(targets.map(({ name }) => name));
  expect(total).toBeGreaterThanOrEqual(CASES_MIN);
});
