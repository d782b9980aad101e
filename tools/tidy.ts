// Checks the project's own rules (tools/tidy-rules.ts) on every file that git knows or would add, as part of
// `npm run check`. A tool: reads the working tree, prints a line for each fault, exit code 1 if there was one.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WITHOUT_IMPORT, WITHOUT_TEST } from './tidy-allow.ts';
import { checkTree, importTableRows } from './tidy-checks.ts';

/** Text of every tracked or addable file; binary files are left out. */
function readFiles(root: string): Map<string, string> {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const files = new Map<string, string>();
  for (const path of new Set(listed.split('\0'))) {
    const file = join(root, path);
    if (path === '' || !existsSync(file)) continue;
    const bytes = readFileSync(file);
    if (!bytes.subarray(0, 8000).includes(0)) files.set(path, bytes.toString('utf8'));
  }
  return files;
}

function main(): number {
  if (process.argv.includes('--table')) {
    console.log(importTableRows().join('\n'));
    return 0;
  }
  const files = readFiles(join(import.meta.dirname, '..'));
  const problems = checkTree({ files, withoutTest: WITHOUT_TEST, withoutImport: WITHOUT_IMPORT });
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  for (const { path, line, what, instead, severity } of problems) {
    console.log(`${severity === 'warning' ? 'warning: ' : ''}${path}:${line}: ${what}: ${instead}`);
  }
  console.log(`tidy: ${files.size} files, ${errors} errors, ${problems.length - errors} warnings`);
  return errors === 0 ? 0 : 1;
}

process.exitCode = main();
