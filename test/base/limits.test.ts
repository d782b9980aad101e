import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as limits from '../../src/base/limits.ts';

const BASE = join(import.meta.dirname, '..', '..', 'src', 'base');

test('each limit is a positive number', () => {
  for (const [name, value] of Object.entries(limits)) {
    expect(typeof value === 'number' && value > 0, `${name} = ${value}`).toBe(true);
  }
});

/** A limit, a wrong value for it, what the process then says. */
const WRONG = [
  ['BASELINE_AGE_TICKS_MAX', '120', /assertion failed: .*oldest baseline/],
  ['PENDING_INPUTS', '48', /assertion failed: .*pending inputs/],
  ['PLAYERS_MAX', '5000', /each player is an entity/],
  ['SNAPSHOT_BYTES_MAX', '1100', /assertion failed: .*snapshots/],
  ['FRAMES_PER_SECOND_MAX', '100', /an honest client sends an input a tick/],
] as const;

test.for(WRONG)('%s = %s stops the process at start with a sentence', ([name, value, sentence]) => {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-limits-'));
  try {
    const text = readFileSync(join(BASE, 'limits.ts'), 'utf8');
    const changed = text.replace(new RegExp(`(export const ${name} = )[^;]+;`), `$1${value};`);
    expect(changed).not.toBe(text);
    writeFileSync(join(folder, 'limits.ts'), changed);
    writeFileSync(join(folder, 'assert.ts'), readFileSync(join(BASE, 'assert.ts')));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const child = spawnSync(process.execPath, [join(folder, 'limits.ts')], { encoding: 'utf8' });
    expect(child.status).toBe(1);
    expect(child.stderr).toMatch(sentence);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
