// How the tests run: everything under test/, files beside each other on two workers; then, one file after the
// other and with long timeouts, those that start real processes. The last line of the output counts the tests.

import { defineConfig } from 'vitest/config';
import { createSummaryReporter } from './test/summary.ts';

/** Tests that start processes, sockets or browsers, or measure: they need the machine for themselves. */
const PROCESS_TESTS = [
  ...['e2e', 'conformance', 'workers', 'bench'].map((folder) => `test/${folder}/**/*.test.ts`),
  'test/contract/store-three-nodes.test.ts',
];

export default defineConfig({
  test: {
    // A process for each file: what a test leaves behind (threads, handles, a crash) ends with it.
    pool: 'forks',
    teardownTimeout: 30_000,
    // What is waited for comes at once, unless the machine stands still: a second, as it is by default, is too short.
    expect: { poll: { timeout: 15_000 } },
    reporters: ['default', createSummaryReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: PROCESS_TESTS,
          maxWorkers: 2,
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'process',
          include: PROCESS_TESTS,
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
