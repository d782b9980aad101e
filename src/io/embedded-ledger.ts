// The ledger in the embedded store's database: a batch of commits is one transaction. Store thread.

import type { DatabaseSync } from 'node:sqlite';
import { ServerError } from '../base/errors.ts';
import type { Commit } from '../store/commit.ts';
import {
  advanceHead,
  brokenLedger,
  type CommitResult,
  EMPTY_HEAD,
  hasHeard,
  type Ledger,
  type LedgerEntry,
  type LedgerHead,
  namedEntriesOf,
  type Share,
  sharesOf,
} from '../store/ledger.ts';
import { storeError } from './store-errors.ts';

export const LEDGER_MIGRATION = `CREATE TABLE ledger_heads (
     player_id INTEGER NOT NULL,
     game TEXT NOT NULL,
     head TEXT NOT NULL,
     PRIMARY KEY (player_id, game)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE ledger (
     player_id INTEGER NOT NULL,
     game TEXT NOT NULL,
     seq INTEGER NOT NULL,
     commit_id TEXT NOT NULL,
     transfer INTEGER NOT NULL,
     asset TEXT NOT NULL,
     amount INTEGER NOT NULL,
     balance INTEGER NOT NULL,
     counterparty TEXT NOT NULL,
     request TEXT NOT NULL,
     zone_id INTEGER NOT NULL,
     tick INTEGER NOT NULL,
     PRIMARY KEY (player_id, game, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE named_ledger (
     game TEXT NOT NULL,
     account TEXT NOT NULL,
     commit_id TEXT NOT NULL,
     transfer INTEGER NOT NULL,
     asset TEXT NOT NULL,
     amount INTEGER NOT NULL,
     PRIMARY KEY (game, account, commit_id, transfer)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE fenced_commits (
     game TEXT NOT NULL,
     commit_id TEXT NOT NULL,
     said TEXT NOT NULL,
     PRIMARY KEY (game, commit_id)
   ) STRICT, WITHOUT ROWID;`;

/** @param inTransaction runs the work whole or not at all */
export function createEmbeddedLedger(database: DatabaseSync, inTransaction: <T>(work: () => T) => T): Ledger {
  const findEpoch = database.prepare('SELECT epoch FROM characters WHERE player_id = ? AND game = ?');
  const endEpoch = database.prepare(
    'UPDATE characters SET epoch = epoch + 1, version = 0 WHERE player_id = ? AND game = ? AND epoch = ?',
  );
  const findHead = database.prepare('SELECT head FROM ledger_heads WHERE player_id = ? AND game = ?');
  const keepHead = database.prepare(
    `INSERT INTO ledger_heads (player_id, game, head) VALUES (?, ?, ?)
     ON CONFLICT (player_id, game) DO UPDATE SET head = excluded.head`,
  );
  const findCommit = database.prepare('SELECT commit_id FROM ledger WHERE player_id = ? AND game = ? AND seq = ?');
  const addEntry = database.prepare('INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const addNamed = database.prepare('INSERT OR IGNORE INTO named_ledger VALUES (?, ?, ?, ?, ?, ?)');
  const addFenced = database.prepare('INSERT OR IGNORE INTO fenced_commits VALUES (?, ?, ?)');
  const listEntries = database.prepare(
    'SELECT * FROM ledger WHERE player_id = ? AND game = ? AND seq >= ? ORDER BY seq LIMIT ?',
  );

  const readHead = (playerId: number, game: string): LedgerHead => {
    const row = findHead.get(playerId, game);
    return row === undefined ? EMPTY_HEAD : (JSON.parse(String(row.head)) as LedgerHead);
  };

  /** Whether the ledger has it already, it is to be done, or its zone has lost the character. */
  const look = (commit: Commit, { playerId, epoch, entries }: Share, head: LedgerHead) => {
    const first = entries[0];
    if (first === undefined) return hasHeard(head, commit) ? 'there' : 'free';
    const current = Number(findEpoch.get(playerId, commit.game)?.epoch ?? Number.POSITIVE_INFINITY);
    if (first.seq > head.seq) return current > epoch ? 'fenced' : 'free';
    const known = findCommit.get(playerId, commit.game, first.seq)?.commit_id;
    if (known === commit.id) return 'there';
    if (current > epoch) return 'fenced';
    throw brokenLedger(commit, playerId, `number ${first.seq}, which is that of ${known}`);
  };

  /** @param heads of this batch that have changed, by player and game; written at its end */
  const apply = (commit: Commit, heads: Map<string, LedgerHead>): CommitResult => {
    const { game } = commit;
    const shares = sharesOf(commit);
    const looks = shares.map((share) => {
      const key = `${share.playerId} ${game}`;
      const head = heads.get(key) ?? readHead(share.playerId, game);
      return { key, share, head, is: look(commit, share, head) };
    });
    if (looks.some(({ is }) => is === 'fenced')) {
      addFenced.run(game, commit.id, JSON.stringify(commit));
      for (const { share } of looks) if (share.epoch > 0) endEpoch.run(share.playerId, game, share.epoch);
      return 'fenced';
    }
    for (const { key, share, head, is } of looks) {
      if (is === 'there') continue;
      heads.set(key, advanceHead(head, commit, share));
      for (const entry of share.entries) addEntry.run(share.playerId, game, ...valuesOf(entry));
    }
    for (const { account, commitId, transfer, asset, amount } of namedEntriesOf(commit)) {
      addNamed.run(game, account, commitId, transfer, asset, amount);
    }
    return 'applied';
  };

  const guard = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof ServerError) throw error;
      throw storeError(what, error);
    }
  };

  return {
    async applyCommits(commits) {
      return guard('commits could not be written', () =>
        inTransaction(() => {
          const heads = new Map<string, LedgerHead>();
          const results = commits.map((commit) => apply(commit, heads));
          for (const [key, head] of heads) {
            const end = key.indexOf(' ');
            keepHead.run(Number(key.slice(0, end)), key.slice(end + 1), JSON.stringify(head));
          }
          return results;
        }),
      );
    },
    async loadBalances(playerId, game) {
      const { seq, balances } = guard('balances could not be read', () => readHead(playerId, game));
      return { seq, balances };
    },
    async recentAnswers(playerId, game) {
      return guard('answers could not be read', () => readHead(playerId, game)).answers.toReversed();
    },
    async listEntries(playerId, game, fromSeq, count) {
      return guard('entries could not be read', () => listEntries.all(playerId, game, fromSeq, count)).map(readEntry);
    },
  };
}

function valuesOf(entry: LedgerEntry): (string | number)[] {
  const { seq, commitId, transfer, asset, amount, balance, counterparty, request, zoneId, tick } = entry;
  return [seq, commitId, transfer, asset, amount, balance, counterparty, request, zoneId, tick];
}

export function readEntry(row: Readonly<Record<string, unknown>>): LedgerEntry {
  return {
    seq: Number(row.seq),
    commitId: String(row.commit_id),
    transfer: Number(row.transfer),
    asset: String(row.asset),
    amount: Number(row.amount),
    balance: Number(row.balance),
    counterparty: String(row.counterparty),
    request: String(row.request),
    zoneId: Number(row.zone_id),
    tick: Number(row.tick),
  };
}
