// What a thread claims of its heap is there from then on: what it makes afterwards adds nothing until all of it is used.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const YOUNG_MIB = 16;
const SCRIPT = `
  import { createYoungClaim } from './src/io/young-memory.ts';
  import { setFlagsFromString } from 'node:v8';
  import { PerformanceObserver } from 'node:perf_hooks';
  const rssMiB = () => process.memoryUsage.rss() / 2 ** 20;
  const claim = createYoungClaim(${YOUNG_MIB});
  if (process.env.CLAIMS === 'yes') for (let turn = 0; turn <= 2 * ${YOUNG_MIB}; turn++) claim(turn === 0 ? 0 : 10_000);
  let collections = 0;
  new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ['gc'] });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = rssMiB();
  collections = 0;
  for (let made = 0; made < 0.5 * ${YOUNG_MIB} * 128; made++) globalThis.piece = new Array(1022).fill(made);
  const grownMiB = rssMiB() - before;
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(JSON.stringify({ grownMiB, collections }));
`;

async function grow(claims: 'yes' | 'no'): Promise<{ grownMiB: number; collections: number }> {
  const flags = [`--min-semi-space-size=${YOUNG_MIB}`, `--max-semi-space-size=${YOUNG_MIB}`];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--input-type=module', '--eval', SCRIPT], {
    env: { ...process.env, CLAIMS: claims },
  });
  return JSON.parse(stdout) as { grownMiB: number; collections: number };
}

test('memory that was claimed is not asked of the system again', async () => {
  const [claimed, unclaimed] = [await grow('yes'), await grow('no')];
  expect(unclaimed.grownMiB).toBeGreaterThan(0.4 * YOUNG_MIB);
  expect(claimed.collections).toBe(0);
  expect(claimed.grownMiB).toBeLessThan(0.1 * YOUNG_MIB);
});
