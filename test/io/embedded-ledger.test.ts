// What the contract can't do to the embedded ledger: a disk that fails in the middle of a batch.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openEmbeddedAudit } from '../../src/io/audit-sources.ts';
import { createEmbeddedLedger } from '../../src/io/embedded-ledger.ts';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import { auditLedger } from '../../src/store/audit.ts';
import type { Store } from '../../src/store/store.ts';
import { compareStores, createSteps } from '../contract/store-ledger.ts';
import { createNaiveStore } from '../store/naive-store.ts';

test('a batch that fails anywhere has changed nothing, and done again it is done once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-ledger-'));
  const opened = openEmbeddedStore(folder);
  const database = new DatabaseSync(join(folder, 'darkages.db'));
  let left = Number.POSITIVE_INFINITY;
  const faulty = {
    prepare(query: string) {
      const statement = database.prepare(query);
      return {
        get: (...values: SQLInputValue[]) => statement.get(...values),
        all: (...values: SQLInputValue[]) => statement.all(...values),
        run(...values: SQLInputValue[]) {
          if (--left < 0) throw new Error('the disk is full');
          return statement.run(...values);
        },
      };
    },
  } as unknown as DatabaseSync;
  const ledger = createEmbeddedLedger(faulty, (work) => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  });
  const dump = () =>
    ['ledger', 'ledger_heads', 'named_ledger', 'fenced_commits', 'characters'].map((table) =>
      database.prepare(`SELECT * FROM ${table}`).all(),
    );
  let worlds = 0;
  let failures = 0;
  const property = fc.asyncProperty(
    createSteps(),
    fc.array(fc.nat({ max: 20 }), { minLength: 5 }),
    async (steps, planned) => {
      const rest = [...planned];
      const store: Store = {
        ...opened,
        ...ledger,
        async applyCommits(commits) {
          const before = dump();
          left = rest.pop() ?? Number.POSITIVE_INFINITY;
          try {
            return await ledger.applyCommits(commits);
          } catch (error) {
            expect(error).toMatchObject({ code: 'DARKAGES_STORE_FAILED' });
            expect(dump()).toEqual(before);
            failures++;
          } finally {
            left = Number.POSITIVE_INFINITY;
          }
          return ledger.applyCommits(commits);
        },
      };
      const game = `g${++worlds}`;
      const names = { game, id: (id: number) => id, name: (text: string) => text, word: (text: string) => text };
      await compareStores(steps, names, () => store, createNaiveStore());
    },
  );
  await fc.assert(property, { numRuns: 40 });
  expect(failures).toBeGreaterThan(0);
  const source = openEmbeddedAudit(folder);
  const { contradictions, entries, fenced } = await auditLedger(source);
  expect([contradictions, entries > 0, fenced > 0]).toEqual([[], true, true]);
  source.close();
  database.close();
  await opened.close();
  rmSync(folder, { recursive: true });
}, 120_000);
