// The last line of a test run: `N passed, N failed`, and `, N skipped` when some were, alone on its line. Also
// written to the file that DARKAGES_TEST_SUMMARY names, for .ci/run. Runs in vitest's own process.
// A file that does not load, and an error outside any test, count as one failure each: without that a run could say
// `0 failed` and exit with 1.

import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export function formatSummary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** Counts the tests of a run; the names of the skipped ones go to `skippedNames`. */
export function countTests(
  modules: readonly Pick<TestModule, 'children' | 'errors' | 'moduleId'>[],
  errorsOutside: number,
  skippedNames: string[],
): Counts {
  const counts: Counts = { passed: 0, failed: errorsOutside, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') counts.passed++;
      else if (result.state === 'skipped') {
        counts.skipped++;
        skippedNames.push(result.note === undefined ? test.fullName : `${test.fullName} (${result.note})`);
      } else counts.failed++;
    }
  }
  return counts;
}

export function createSummaryReporter(): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors, reason) {
      const skippedNames: string[] = [];
      const counts = countTests(modules, unhandledErrors.length, skippedNames);
      // Interrupted, or failed for a reason that is no test's, such as finding no test at all.
      if (reason !== 'passed' && counts.failed === 0) counts.failed = 1;
      for (const name of skippedNames) console.log(`skipped: ${name}`);
      const line = formatSummary(counts);
      const file = process.env.DARKAGES_TEST_SUMMARY;
      if (file !== undefined && file !== '') writeFileSync(file, `${line}\n`);
      console.log(line);
    },
  };
}
