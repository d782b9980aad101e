// The command itself, on a data folder that a server's store has written.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openEmbeddedStore } from '../../../src/io/embedded-store.ts';
import { createTestZone, enterZone } from '../../contract/store-ledger.ts';
import { createPlainNames } from '../../contract/store-operations.ts';

const MAIN = fileURLToPath(new URL('../../../tools/audit/main.ts', import.meta.url));
const NAMES = createPlainNames();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-audit-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const audit = (...more: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, '--data', folder, ...more], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

test('a data folder is audited while its server has it; what was tampered with is found', async () => {
  const store = openEmbeddedStore(folder);
  const zone = createTestZone('n/1/1', NAMES);
  for (const player of [1, 2]) await enterZone(store, NAMES, zone, player);
  const trade = zone.commit('trade', [
    ['gold', 10, 'ground', 1],
    ['gold', 4, 1, 2],
    ['herb', 1, 'vendor', 2],
  ]);
  expect(await store.applyCommits([trade])).toEqual(['applied']);
  expect(audit()).toEqual({
    status: 0,
    stderr: '',
    stdout: `g     players  ground  vendor  sum
gold       10     -10       0    0
herb        1       0      -1    0

2 accounts of players with 4 entries.
OK
`,
  });
  await store.close();
  const database = new DatabaseSync(join(folder, 'darkages.db'));
  database.exec("UPDATE ledger_accounts SET tail = json_remove(tail, '$[1]') WHERE player_id = 2");
  database.close();
  const { status, stdout } = audit();
  expect([status, stdout.split('\n').slice(-6)]).toEqual([
    1,
    [
      'g: transfer 2 of herb in n/1/1/1/0 has one half, -1 at vendor.',
      'g: herb sums to -1 over all accounts.',
      'g: player 2 has 2 entries by its account, and the last there is is 1.',
      'g: player 2 has 1 herb by its account, and 0 by its last entry.',
      '4 contradictions.',
      '',
    ],
  ]);
});

test('a folder without a store, and one of another version, are one sentence', async () => {
  const sentence = (pattern: RegExp) => ({ status: 2, stdout: '', stderr: expect.stringMatching(pattern) });
  expect(audit()).toEqual(sentence(/^There is no store in .*: name the data folder of a server with --data\.\n$/));
  await openEmbeddedStore(folder).close();
  const database = new DatabaseSync(join(folder, 'darkages.db'));
  database.exec('PRAGMA user_version = 2');
  database.close();
  expect(audit()).toEqual(sentence(/^The store in .* is of schema 2, .*: start the server of this version once\.\n$/));
  expect(audit('--store', 'nothing')).toEqual(sentence(/^--store must be /));
  expect(audit('--help').stdout).toContain('npm run audit');
});
