// `npm run fuzz -- --seconds 60 --seed N`: every target in turn until the time is over. Prints the seed first; on a
// finding the bytes and how to keep them, exit code 1.

import { Command, InvalidArgumentError } from 'commander';
import { createRandom } from '../../src/base/random.ts';
import { mutate, toHex } from './mutate.ts';
import { createTargets, readCorpus } from './targets.ts';

const RUNS_PER_TURN = 2000;

function wholeNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('a whole number.');
  return Number(text);
}

const { seconds, seed } = new Command('fuzz')
  .description('Feeds every parser of foreign bytes with mutated messages.')
  .option('--seconds <n>', 'how long', wholeNumber, 60)
  .option('--seed <n>', 'what to repeat', wholeNumber, Date.now() % 1_000_000)
  .parse()
  .opts<{ seconds: number; seed: number }>();

console.log(`SEED=${seed} for ${seconds} s`);
const corpus = readCorpus();
const targets = createTargets();
const pools = targets.map((target) => [...target.seeds, ...corpus]);
const end = Date.now() + seconds * 1000;
let runs = 0;
for (let turn = 0; Date.now() < end; turn++) {
  for (const [index, target] of targets.entries()) {
    const random = createRandom(seed + turn);
    for (let count = 0; count < RUNS_PER_TURN; count++, runs++) {
      const bytes = mutate(random, pools[index]!);
      try {
        target.run(bytes);
      } catch (error) {
        console.error(`${target.name}: ${error instanceof Error ? error.message : String(error)}`);
        console.error(
          `${toHex(bytes)}\nKeep it: a line in test/fuzz/corpus. Repeat: npm run fuzz -- --seed ${seed + turn}`,
        );
        process.exit(1);
      }
    }
  }
}
console.log(`${runs} inputs, ${targets.length} targets, nothing found`);
