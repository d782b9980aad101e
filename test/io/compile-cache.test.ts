import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** One that is killed writes nothing at its end; one that kills itself by its own means does. */
const run = (statement: string, env: NodeJS.ProcessEnv): string | null => {
  const url = new URL('../../src/io/compile-cache.ts', import.meta.url).href;
  const script = `const { keepCompiled } = await import('${url}'); const { execSync } = await import('node:child_process');
    ${statement}; execSync('kill -9 ' + process.pid);`;
  // The test runner wants none for itself.
  const { NODE_DISABLE_COMPILE_CACHE: _, ...rest } = process.env;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { env: { ...rest, ...env } }).signal;
};

test('what was compiled is there for the next start although this one is killed; without a folder nothing happens', () => {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-compiled-'));
  const files = () => readdirSync(folder, { recursive: true }).length;
  try {
    expect(run('', { NODE_COMPILE_CACHE: folder })).toBe('SIGKILL');
    const before = files();
    expect(run('keepCompiled()', { NODE_COMPILE_CACHE: folder })).toBe('SIGKILL');
    expect(files()).toBeGreaterThan(before);
    expect(run('keepCompiled()', { NODE_COMPILE_CACHE: '' })).toBe('SIGKILL');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
