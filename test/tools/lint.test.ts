// biome.json really finds what it is there for: rules that read types are easily switched off by a change of version.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

const STORE = `export interface Store {
  save(): Promise<void>;
}
export function createStore(): Store {
  return { save: async () => undefined };
}
`;

/** Text of a file beside `store.ts`, and the rule that finds it; '' when it is right. */
const SAMPLES = [
  ["import { createStore } from './store.ts';\n\nconst store = createStore();\nstore.save();\n", 'noFloatingPromises'],
  [
    "import { createStore } from './store.ts';\n\nconst store = createStore();\nif (store.save()) store;\n",
    'noMisusedPromises',
  ],
  ["import { createStore } from './store.ts';\n\nconst store = createStore();\nawait store.save();\n", ''],
  ['export function f(value: any): void {\n  value();\n}\n', 'noExplicitAny'],
  ["import { createStore } from './store.ts';\n\nexport const a = 1;\n", 'noUnusedImports'],
  ['export function f(): void {\n  const left = 1;\n}\n', 'noUnusedVariables'],
  ['export const a = "double";\n', 'format'],
  ['// @ts-ignore\nexport const a: number = 1;\n', 'noTsIgnore'],
] as const;

test.for(SAMPLES)('lint: %s', ([text, rule]) => {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-lint-'));
  try {
    const config = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as Record<string, unknown>;
    const own = { ...config, $schema: undefined, vcs: { enabled: false }, root: true };
    writeFileSync(join(folder, 'biome.json'), JSON.stringify(own));
    writeFileSync(join(folder, 'store.ts'), STORE);
    writeFileSync(join(folder, 'sample.ts'), text);
    const biome = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
    const args = [biome, 'check', '--error-on-warnings', 'sample.ts'];
    const child = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect(child.status, child.stdout + child.stderr).toBe(rule === '' ? 0 : 1);
    expect(child.stderr).toContain(rule);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
