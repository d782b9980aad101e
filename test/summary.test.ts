import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatSummary } from './summary.ts';

const SUMMARY = new URL('./summary.ts', import.meta.url).href;
const VITEST = join(import.meta.dirname, '..', 'node_modules', 'vitest');

/** Runs vitest on these files in a folder of their own; the last line of its output, its exit code, the file. */
function run(files: Record<string, string>): { lines: string[]; code: number | null; summary: string } {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-summary-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text.replace("'vitest'", `'${join(VITEST, 'dist', 'index.js')}'`));
    }
    const config = `import { createSummaryReporter } from '${SUMMARY}';
export default { test: { reporters: ['default', createSummaryReporter()], include: ['*.test.ts'] } };`;
    writeFileSync(join(folder, 'vitest.config.ts'), config);
    const summary = join(folder, 'summary.txt');
    const child = spawnSync(process.execPath, [join(VITEST, 'vitest.mjs'), 'run'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, DARKAGES_TEST_SUMMARY: summary, VITEST: '', NODE_OPTIONS: '' },
    });
    return { lines: child.stdout.trimEnd().split('\n'), code: child.status, summary: readFileSync(summary, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the line', () => {
  expect(formatSummary({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
  expect(formatSummary({ passed: 1, failed: 2, skipped: 3 })).toBe('1 passed, 2 failed, 3 skipped');
});

test('passing, failing, skipped tests and a file that does not load are counted; the line is the last', () => {
  const mixed = run({
    'a.test.ts': `import { test } from 'vitest';
test('good', () => {});
test('bad', () => { throw new Error('bad'); });
test.skip('left out', () => {});
test('without a tool', (context) => { context.skip('no chromium'); });`,
    'b.test.ts': `throw new Error('does not load');`,
  });
  expect(mixed.lines.at(-1)).toBe('1 passed, 2 failed, 2 skipped');
  expect(mixed.lines).toContain('skipped: left out');
  expect(mixed.lines).toContain('skipped: without a tool (no chromium)');
  expect(mixed.summary).toBe('1 passed, 2 failed, 2 skipped\n');
  expect(mixed.code).toBe(1);
  const good = run({ 'a.test.ts': `import { test } from 'vitest';\ntest('good', () => {});` });
  expect(good.lines.at(-1)).toBe('1 passed, 0 failed');
  expect(good.code).toBe(0);
});
