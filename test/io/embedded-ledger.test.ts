// What the contract can't do to the embedded ledger: a disk that fails in the middle of a batch, a power cut after many.

import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openEmbeddedAudit } from '../../src/io/audit-sources.ts';
import { createEmbeddedLedger } from '../../src/io/embedded-ledger.ts';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import { auditLedger } from '../../src/store/audit.ts';
import type { Commit } from '../../src/store/commit.ts';
import type { Store } from '../../src/store/store.ts';
import { compareStores, createSteps, createTestZone, enterZone } from '../contract/store-ledger.ts';
import { createPlainNames } from '../contract/store-operations.ts';
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
  const ledger = createEmbeddedLedger(
    faulty,
    (work) => {
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
    () => {},
  );
  const dump = () =>
    ['ledger_accounts', 'ledger_pages', 'named_ledger', 'fenced_commits', 'characters'].map((table) =>
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
      await compareStores(steps, createPlainNames(`g${++worlds}`), () => store, createNaiveStore());
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

test('after a power cut the ledger is as it was after some batch, at the mark or later; from the mark on all is done again', async () => {
  const names = createPlainNames();
  let lost = 0;
  const property = fc.asyncProperty(
    fc.array(fc.record({ count: fc.integer({ min: 1, max: 30 }), isMarked: fc.nat({ max: 4 }) }), { minLength: 1 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    async (batches, share) => {
      const [folder, after] = [
        mkdtempSync(join(tmpdir(), 'darkages-cut-')),
        mkdtempSync(join(tmpdir(), 'darkages-cut-')),
      ];
      const file = (of: string, more = '') => join(of, `darkages.db${more}`);
      const store = openEmbeddedStore(folder);
      const zone = createTestZone('n/1/1', names);
      for (const player of [1, 2, 3]) await enterZone(store, names, zone, player);
      let syncedBytes = statSync(file(folder, '-wal')).size;
      const commits: Commit[] = [];
      for (const { count, isMarked } of batches) {
        const batch = Array.from({ length: count }, (_, index) =>
          index % 3 === 2 && zone.amountOf(1, 'gold') > 0
            ? zone.commit('give', [['gold', 1, 1, 2 + (index % 2)]], { playerId: 1, key: commits.length + index + 1 })
            : zone.commit('loot', [['gold', 5, 'ground', 1 + (index % 3)]]),
        );
        await store.applyCommits(batch);
        commits.push(...batch);
        if (isMarked > 0) continue;
        await store.keepMark('node', { sequence: commits.length, checksum: 1 });
        syncedBytes = statSync(file(folder, '-wal')).size;
      }
      // What was written and not synced is there up to some byte.
      copyFileSync(file(folder), file(after));
      copyFileSync(file(folder, '-wal'), file(after, '-wal'));
      const { size } = statSync(file(after, '-wal'));
      truncateSync(file(after, '-wal'), Math.round(syncedBytes + share * (size - syncedBytes)));
      const again = openEmbeddedStore(after);
      const from = (await again.findMark('node'))?.sequence ?? 0;
      const seqOf = async (of: Store) =>
        (await Promise.all([1, 2, 3].map((id) => of.loadBalances(id, 'g')))).map(({ seq }) => seq);
      if ((await seqOf(again)).join() !== (await seqOf(store)).join()) lost++;
      const rest = commits.slice(from);
      expect(await again.applyCommits(rest)).toEqual(rest.map(() => 'applied'));
      for (const player of [1, 2, 3]) {
        expect(await again.loadBalances(player, 'g')).toEqual(await store.loadBalances(player, 'g'));
        expect(await again.recentAnswers(player, 'g')).toEqual(await store.recentAnswers(player, 'g'));
        expect(await again.listEntries(player, 'g', 1, 1_000)).toEqual(await store.listEntries(player, 'g', 1, 1_000));
      }
      await again.close();
      const source = openEmbeddedAudit(after);
      expect((await auditLedger(source)).contradictions).toEqual([]);
      source.close();
      await store.close();
      for (const each of [folder, after]) rmSync(each, { recursive: true });
    },
  );
  await fc.assert(property, { numRuns: 25 });
  expect(lost).toBeGreaterThan(0);
}, 120_000);
