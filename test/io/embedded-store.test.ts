// What is particular to the embedded store: the folder's lock, its errors, the schema version, and kill -9.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readNodeId } from '../../src/io/data-folder.ts';
import { LEDGER_MIGRATION } from '../../src/io/embedded-ledger.ts';
import { openEmbeddedStore, SCHEMA_VERSION } from '../../src/io/embedded-store.ts';
import { checkpoint } from '../../src/io/journal-jobs.ts';
import type { Commit } from '../../src/store/commit.ts';
import type { CharacterColumns } from '../../src/store/records.ts';

const SAVER = fileURLToPath(new URL('../e2e/fixtures/saver.ts', import.meta.url));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'darkages-embedded-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Two gold for player 1, its account's entry of that number. */
function loot(seq: number): Commit {
  const to = { playerId: 1, epoch: 1, seq, balance: 2 * seq };
  return {
    ...{ id: `n/1/1/${seq}/0`, game: 'g', zoneId: 3, tick: seq, playerId: 1, key: 0, request: 'loot', refused: '' },
    transfers: [{ asset: 'gold', amount: 2, from: { account: 'ground' }, to }],
  };
}

describe('the data folder', () => {
  test('is created with its parents, and is free again after close', async () => {
    const folder = join(root, 'a', 'b');
    await openEmbeddedStore(folder).close();
    await openEmbeddedStore(folder).close();
  });

  test('holds nothing any more of an account that was deleted, also while the store is open', async () => {
    const store = openEmbeddedStore(root);
    const secrets = ['Gwendolyn', 'secret-of-the-guest', 'hash-of-the-password', 'goldOfHers', 'wishOfHers'];
    const holds = () =>
      secrets.filter((secret) => readdirSync(root).some((file) => readFileSync(join(root, file)).includes(secret)));
    const more = { guestSecretHash: secrets[1]!, passwordHash: secrets[2]! };
    await store.createAccount({ playerId: 7, name: secrets[0]!, createdAtMs: 0, ...more });
    await store.takeCharacter(7, 'g', 'node/1');
    // It grows and moves: where it was before, the file has copies.
    for (let version = 1; version <= 20; version++) {
      const names = Array.from({ length: 3 * version }, (_, index) => [`${secrets[3]}${index}`, version]);
      const columns = Object.fromEntries(names) as CharacterColumns;
      await store.saveCharacters([{ playerId: 7, game: 'g', columns, epoch: 1, version, final: true }]);
    }
    const wish = { playerId: 7, key: 5, request: secrets[4]!, refused: 'too_poor', transfers: [] };
    await store.applyCommits([{ id: 'n/1/1/1/0', game: 'g', zoneId: 1, tick: 1, ...wish }]);
    expect(holds()).toEqual(secrets);
    await store.deleteAccount(7, 60_000);
    expect(holds()).toEqual([]);
    await store.close();
    expect(holds()).toEqual([]);
  });

  test('nor when somebody has read it meanwhile, once that is over', async () => {
    const help = {
      checkpoint: async (file: string) => checkpoint(file),
      onCheckpointFailed(error: unknown) {
        throw error;
      },
      onWorking: () => {},
    };
    const store = openEmbeddedStore(root, help);
    const holds = () => readdirSync(root).filter((file) => readFileSync(join(root, file)).includes('Gwendolyn'));
    await store.createAccount({ playerId: 7, name: 'Gwendolyn', createdAtMs: 0 });
    await store.takeCharacter(1, 'g', 'node/1');
    const reader = new DatabaseSync(join(root, 'darkages.db'), { readOnly: true });
    reader.exec('BEGIN');
    expect(reader.prepare('SELECT count(*) AS count FROM accounts').get()).toEqual({ count: 1 });
    expect(await store.deleteAccount(7, 60_000)).toBe(true);
    expect(holds()).toContain('darkages.db-wal');
    reader.close();
    await store.applyCommits(Array.from({ length: 64 }, (_, index) => loot(index + 1)));
    await expect.poll(holds).toEqual([]);
    await store.close();
  });

  test('in use is one sentence', async () => {
    const store = openEmbeddedStore(root);
    const sentence = expect.stringMatching(/^The data folder .* is in use by another DarkAges process: [^.]*--data\.$/);
    const refusal = { code: 'DARKAGES_STORE_FOLDER_IN_USE', message: sentence };
    expect(() => openEmbeddedStore(root)).toThrow(expect.objectContaining(refusal));
    await store.ping();
    await store.close();
    await openEmbeddedStore(root).close();
  });

  test.each([
    ['below a regular file', () => join(root, 'file', 'data')],
    ['a regular file', () => join(root, 'file')],
    ['in /proc', () => '/proc/darkages'],
  ])('that is %s is not writable, in one sentence', (_case, path) => {
    writeFileSync(join(root, 'file'), 'x');
    expect(() => openEmbeddedStore(path())).toThrow(
      expect.objectContaining({ code: 'DARKAGES_STORE_FOLDER_NOT_WRITABLE' }),
    );
  });

  test('has a node id from the first start on, which is whole or said to be damaged', () => {
    const folder = join(root, 'new', 'folder');
    const id = readNodeId(folder);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect([readNodeId(folder), readdirSync(folder)]).toEqual([id, ['node-id']]);
    expect(readNodeId(join(root, 'other'))).not.toBe(id);
    writeFileSync(join(folder, 'node-id'), id.slice(0, 20));
    const sentence = expect.stringMatching(/node-id holds no node id: put back the one from a backup, or delete it /);
    const damaged = { code: 'DARKAGES_STORE_FOLDER_DAMAGED', message: sentence };
    expect(() => readNodeId(folder)).toThrow(expect.objectContaining(damaged));
    writeFileSync(join(root, 'file'), 'x');
    const notWritable = expect.objectContaining({ code: 'DARKAGES_STORE_FOLDER_NOT_WRITABLE' });
    expect(() => readNodeId(join(root, 'file', 'data'))).toThrow(notWritable);
  });

  test('of a newer version is refused and left as it is', async () => {
    await openEmbeddedStore(root).close();
    const file = join(root, 'darkages.db');
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => openEmbeddedStore(root)).toThrow(expect.objectContaining({ code: 'DARKAGES_STORE_SCHEMA_NEWER' }));
    }
    const after = new DatabaseSync(file);
    expect(after.prepare('PRAGMA user_version').get()?.user_version).toBe(SCHEMA_VERSION + 1);
    after.close();
  });

  test('of the first version comes up to this one: twins of old keep their names, and what looks like any is taken', async () => {
    await openEmbeddedStore(root).close();
    const file = join(root, 'darkages.db');
    const database = new DatabaseSync(file);
    database.exec(`DROP INDEX accounts_by_name_shape; ALTER TABLE accounts DROP COLUMN name_shape; DROP TABLE leases;
      DROP TABLE characters; DROP TABLE deleted_players; DROP TABLE ledger_accounts;
      DROP TABLE ledger_pages; DROP TABLE ledger_marks; DROP TABLE named_ledger; DROP TABLE fenced_commits;
      CREATE TABLE characters (player_id INTEGER NOT NULL, game TEXT NOT NULL, columns TEXT NOT NULL,
        PRIMARY KEY (player_id, game)) STRICT, WITHOUT ROWID;
      INSERT INTO characters VALUES (1, 'g', '{"health":7}');
      PRAGMA user_version = 1`);
    let steps = 0;
    const help = { checkpoint: async () => {}, onCheckpointFailed: () => {}, onWorking: () => void steps++ };
    const names = ['Bob', 'B0b', 'b.o-b', 'Vvi1lorn', 'A_I.10-x', 'rnvrn'];
    const insert = database.prepare('INSERT INTO accounts VALUES (?, ?, ?, NULL, NULL, 0)');
    for (const [index, name] of names.entries()) insert.run(index + 1, name, name.toLowerCase());
    database.close();
    const store = openEmbeddedStore(root, help);
    expect(steps).toBe(SCHEMA_VERSION - 1);
    for (const [index, name] of names.entries()) {
      expect(await store.findAccountByName(name)).toMatchObject({ playerId: index + 1, name });
    }
    for (const twin of ['BOB.', 'wlllom', 'Allox', 'mvm', 'mv-rn']) {
      expect([twin, await store.createAccount({ playerId: 99, name: twin, createdAtMs: 0 })]).toEqual([
        twin,
        'name_taken',
      ]);
    }
    const unowned = { playerId: 1, game: 'g', columns: {}, epoch: 0, version: 1, final: false };
    expect(await store.saveCharacters([unowned])).toEqual(['fenced']);
    expect(await store.takeCharacter(1, 'g', 'node/1')).toEqual({ epoch: 1, columns: { health: 7 } });
    await store.close();
  });

  test('of the version before comes up to this one with all that accounts had', async () => {
    await openEmbeddedStore(root).close();
    const database = new DatabaseSync(join(root, 'darkages.db'));
    database.exec('DROP TABLE ledger_accounts; DROP TABLE ledger_pages; DROP TABLE ledger_marks');
    database.exec('DROP TABLE named_ledger; DROP TABLE fenced_commits');
    database.exec(`${LEDGER_MIGRATION} PRAGMA user_version = 5`);
    const add = database.prepare('INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    const addHead = database.prepare('INSERT INTO ledger_heads VALUES (?, ?, ?)');
    const addNamed = database.prepare('INSERT INTO named_ledger VALUES (?, ?, ?, ?, ?, ?)');
    const entries = Array.from({ length: 47 }, (_, index) => ({
      ...{
        seq: index + 1,
        commitId: `n/1/1/${index}/0`,
        transfer: 0,
        asset: 'gold',
        amount: 2,
        balance: 2 * index + 2,
      },
      ...{ counterparty: 'ground', request: 'lo"ot', zoneId: 3, tick: index },
    }));
    const answers = [1, 2].map((key) => ({ key, request: 'buy', refused: key === 1 ? '' : 'too_far' }));
    for (const playerId of [1, 2]) {
      const head = { seq: 47, balances: { gold: 94 }, answers, heard: [['n/1/1', 46, 0]] };
      addHead.run(playerId, 'g', JSON.stringify(head));
      for (const entry of entries) {
        const { seq, commitId, transfer, asset, amount, balance, counterparty, request, zoneId, tick } = entry;
        add.run(playerId, 'g', seq, commitId, transfer, asset, amount, balance, counterparty, request, zoneId, tick);
        addNamed.run('g', 'ground', `${commitId}/${playerId}`, transfer, asset, -amount);
      }
    }
    database.close();
    const store = openEmbeddedStore(root);
    for (const playerId of [1, 2]) {
      expect(await store.loadBalances(playerId, 'g')).toEqual({ seq: 47, balances: { gold: 94 } });
      expect(await store.recentAnswers(playerId, 'g')).toEqual(answers.toReversed());
      for (const [from, count] of [
        [1, 100],
        [20, 3],
        [21, 1],
        [40, 5],
        [48, 5],
      ] as const) {
        expect(await store.listEntries(playerId, 'g', from, count)).toEqual(entries.slice(from - 1, from - 1 + count));
      }
    }
    // Behind the page that was left short there are whole ones by then.
    await store.takeCharacter(1, 'g', 'node/1');
    expect(await store.applyCommits(Array.from({ length: 60 }, (_, index) => loot(48 + index)))).not.toContain(
      'fenced',
    );
    for (let from = 1; from <= 107; from++) {
      const seqs = (await store.listEntries(1, 'g', from, 20)).map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: Math.min(20, 108 - from) }, (_, index) => from + index));
    }
    await store.close();
  });

  test('that failed once copies its log before it says what is in it', async () => {
    const store = openEmbeddedStore(root);
    await store.takeCharacter(1, 'g', 'node/1');
    for (let seq = 1; seq <= 200; seq++) await store.applyCommits([loot(seq)]);
    const logBytes = () => statSync(join(root, 'darkages.db-wal')).size;
    await store.keepMark('n', { sequence: 1, checksum: 1 });
    const before = logBytes();
    // Nothing is transferred from one to the same.
    const wrong = loot(201).transfers.map(({ from, ...transfer }) => ({ ...transfer, from, to: from }));
    await expect(store.applyCommits([{ ...loot(201), transfers: wrong }])).rejects.toThrow(/is transferred/);
    await store.keepMark('n', { sequence: 2, checksum: 2 });
    expect(logBytes()).toBeLessThan(before / 4);
    expect(await store.findMark('n')).toEqual({ sequence: 2, checksum: 2 });
    await store.close();
  });

  test('with a database file that is none fails with a sentence and releases the lock', () => {
    writeFileSync(join(root, 'darkages.db'), 'this is not a database, whatever its name says '.repeat(100));
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => openEmbeddedStore(root)).toThrow(expect.objectContaining({ code: 'DARKAGES_STORE_FAILED' }));
    }
  });
});

test('after kill -9 everything acknowledged is there and the folder is free', async () => {
  for (const acknowledgements of [1, 40]) {
    const saver = spawn(process.execPath, [SAVER, root], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    saver.stdout.setEncoding('utf8');
    saver.stdout.on('data', (chunk: string) => {
      output += chunk;
    });
    while (output.split('\n').length <= acknowledgements) await once(saver.stdout, 'data');
    expect(() => openEmbeddedStore(root)).toThrow(expect.objectContaining({ code: 'DARKAGES_STORE_FOLDER_IN_USE' }));
    saver.kill('SIGKILL');
    await once(saver, 'close');

    const acknowledged = Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1));
    expect(acknowledged).toBeGreaterThanOrEqual(acknowledgements);
    const store = openEmbeddedStore(root);
    for (let round = 1; round <= acknowledged; round++) {
      expect(await store.loadCharacter(round, 'g')).toEqual({ round });
    }
    const last = await store.loadCharacter(1_000_000, 'g');
    expect(last?.round).toBeGreaterThanOrEqual(acknowledged);
    await store.close();
    rmSync(join(root, 'darkages.db'));
  }
});
