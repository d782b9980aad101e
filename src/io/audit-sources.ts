// What an audit reads (store/audit.ts), from either store: whole tables, page by page. No part of the server.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { policies, types } from 'cassandra-driver';
import { ServerError } from '../base/errors.ts';
import type { AuditSource } from '../store/audit.ts';
import type { LedgerEntry } from '../store/ledger.ts';
import type { CharacterColumns } from '../store/records.ts';
import { readEntries, readHead } from './embedded-ledger.ts';
import { SCHEMA_VERSION } from './embedded-store.ts';
import { createDriver, type Row, readBigint, type ScyllaAddress, unusable } from './scylla-client.ts';
import { pageOf, readLedgerRow, readStoredHead } from './scylla-ledger.ts';
import { guarded } from './store-errors.ts';

/** Reads beside a server that runs, or where none does; the caller closes it. Changes nothing. */
export function openEmbeddedAudit(folder: string): AuditSource & { close(): void } {
  const file = join(folder, 'darkages.db');
  if (!existsSync(file)) {
    const text = `There is no store in ${folder}: name the data folder of a server with --data.`;
    throw new ServerError('DARKAGES_STORE_FAILED', text);
  }
  const database = guarded(`${file} can't be read`, () => new DatabaseSync(file, { readOnly: true }));
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (version !== SCHEMA_VERSION) {
    database.close();
    throw new ServerError(
      'DARKAGES_STORE_FAILED',
      `The store in ${folder} is of schema ${version}, and this audit reads ${SCHEMA_VERSION}: start the server of this version once.`,
    );
  }
  // One state of all tables, whatever is written meanwhile.
  database.exec('BEGIN');
  const rows = async function* <T>(query: string, read: (row: Row) => T): AsyncGenerator<T> {
    for (const row of database.prepare(query).iterate()) yield read(row);
  };
  const account = (row: Row) => ({ playerId: Number(row.player_id), game: String(row.game) });
  return {
    heads: () =>
      rows('SELECT player_id, game, head FROM ledger_accounts', (row) => {
        const { seq, balances } = readHead(String(row.head));
        return { ...account(row), seq, balances };
      }),
    characters: () =>
      rows('SELECT player_id, game, columns FROM characters WHERE columns IS NOT NULL', (row) => ({
        ...account(row),
        columns: JSON.parse(String(row.columns)) as CharacterColumns,
      })),
    async *entries() {
      const pages = database.prepare('SELECT entries FROM ledger_pages WHERE account = ? ORDER BY last_seq');
      for await (const row of rows('SELECT account, player_id, game, tail FROM ledger_accounts', (found) => found)) {
        for (const page of pages.iterate(Number(row.account))) {
          for (const entry of readEntries(String(page.entries))) yield { ...account(row), ...entry };
        }
        for (const entry of readEntries(String(row.tail))) yield { ...account(row), ...entry };
      }
    },
    named: () =>
      rows('SELECT * FROM named_ledger', (row) => ({
        game: String(row.game),
        account: String(row.account),
        commitId: String(row.commit_id),
        transfer: Number(row.transfer),
        asset: String(row.asset),
        amount: Number(row.amount),
      })),
    fenced: () =>
      rows('SELECT game, commit_id FROM fenced_commits', (row) => ({
        game: String(row.game),
        commitId: String(row.commit_id),
      })),
    close: () => database.close(),
  };
}

/** The one place where tables are scanned. What commits are under way meanwhile may look like a contradiction. */
export async function openScyllaAudit(
  address: ScyllaAddress,
  keyspace: string,
): Promise<AuditSource & { close(): Promise<void> }> {
  const driver = createDriver(address, {
    keyspace,
    policies: { loadBalancing: new policies.loadBalancing.RoundRobinPolicy() },
  });
  try {
    await driver.connect();
  } catch (error) {
    await driver.shutdown();
    throw unusable(address, error);
  }
  const rows = async function* <T>(query: string, read: (row: Row) => T, values: unknown[] = []): AsyncGenerator<T> {
    const consistency = types.consistencies.localQuorum;
    const result = await driver.execute(query, values, { isIdempotent: true, fetchSize: 1000, consistency });
    for await (const row of result) yield read(row);
  };
  const account = (row: Row) => ({ playerId: readBigint(row.player_id), game: String(row.game) });
  const heads = () =>
    rows('SELECT player_id, game, ledger FROM characters', (row) => ({ ...account(row), ...readStoredHead(row) }));

  /** By account; entries that only the head has so far among them. */
  async function* entries() {
    const pages = new Map<string, number>();
    const tails = new Map<string, readonly LedgerEntry[]>();
    const keyOf = (playerId: number, game: string) => `${playerId} ${game}`;
    for await (const { playerId, game, tail } of heads()) {
      if (tail.length > 0) tails.set(keyOf(playerId, game), tail);
      for (const { seq } of tail) pages.set(keyOf(playerId, game), pageOf(seq));
    }
    for await (const { key, page } of rows('SELECT DISTINCT player_id, game, page FROM ledger', (row) => {
      const { playerId, game } = account(row);
      return { key: keyOf(playerId, game), page: Number(row.page) };
    })) {
      pages.set(key, Math.max(page, pages.get(key) ?? 0));
    }
    for (const [key, last] of pages) {
      const playerId = Number(key.slice(0, key.indexOf(' ')));
      const game = key.slice(key.indexOf(' ') + 1);
      let seq = 0;
      for (let page = 0; page <= last; page++) {
        const values = [BigInt(playerId), game, page];
        const query = 'SELECT * FROM ledger WHERE player_id = ? AND game = ? AND page = ?';
        for await (const entry of rows(query, readLedgerRow, values)) {
          seq = entry.seq;
          yield { playerId, game, ...entry };
        }
      }
      for (const entry of tails.get(key) ?? []) if (entry.seq > seq) yield { playerId, game, ...entry };
    }
  }

  return {
    heads,
    entries,
    async *characters() {
      const found = rows('SELECT player_id, game, columns FROM characters', (row) =>
        row.columns === null ? [] : [{ ...account(row), columns: JSON.parse(String(row.columns)) as CharacterColumns }],
      );
      for await (const characters of found) yield* characters;
    },
    named: () =>
      rows('SELECT * FROM named_ledger', (row) => ({
        game: String(row.game),
        account: String(row.account),
        commitId: String(row.commit_id),
        transfer: Number(row.transfer),
        asset: String(row.asset),
        amount: readBigint(row.amount),
      })),
    fenced: () =>
      rows('SELECT game, commit_id FROM fenced_commits', (row) => ({
        game: String(row.game),
        commitId: String(row.commit_id),
      })),
    close: () => driver.shutdown(),
  };
}
