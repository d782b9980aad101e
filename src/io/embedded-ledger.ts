// The ledger in the embedded store's database: a batch of commits is one transaction. Store thread.
//
// An account is one row: its head, and its newest entries, until they are enough for a page of their own. So a commit
// touches one page of the file for each of its players. Heads of players in play are remembered, since nobody else
// writes them. A batch isn't synced: what a power cut takes of it the journal still has, until `keepMark` has synced all.

import type { DatabaseSync } from 'node:sqlite';
import type { Commit } from '../store/commit.ts';
import {
  advanceHead,
  brokenBy,
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
import { guarded } from './store-errors.ts';

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

/** Entries of a page: with fewer, a row of an account and a page fit a page of the file. */
const PAGE_ENTRIES = 20;
/** The first that is listed, and one that the upgrade from an older schema left. */
const SHORT_PAGES_MAX = 2;

/** From a row for each entry and a head in words to what this file's head says. */
export const LEDGER_PAGES_MIGRATION = `CREATE TABLE ledger_accounts (
     account INTEGER PRIMARY KEY,
     player_id INTEGER NOT NULL,
     game TEXT NOT NULL,
     head TEXT NOT NULL,
     tail TEXT NOT NULL,
     UNIQUE (player_id, game)
   ) STRICT;
   CREATE TABLE ledger_pages (
     page INTEGER PRIMARY KEY,
     account INTEGER NOT NULL,
     last_seq INTEGER NOT NULL,
     entries TEXT NOT NULL,
     UNIQUE (account, last_seq)
   ) STRICT;
   CREATE TABLE ledger_marks (
     node TEXT PRIMARY KEY,
     sequence INTEGER NOT NULL,
     checksum INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   INSERT INTO ledger_accounts (player_id, game, head, tail)
     SELECT player_id, game, json_array(
       head -> 'seq',
       head -> 'balances',
       (SELECT json_group_array(json_array(value ->> 'key', value ->> 'request', value ->> 'refused') ORDER BY rowid)
        FROM json_each(head, '$.answers')),
       head -> 'heard'
     ), '[]' FROM ledger_heads;
   INSERT INTO ledger_pages (account, last_seq, entries)
     SELECT account, max(seq), json_group_array(json_array(
       seq, commit_id, transfer, asset, amount, balance, counterparty, request, zone_id, tick
     ) ORDER BY seq)
     FROM ledger JOIN ledger_accounts USING (player_id, game) GROUP BY account, (seq - 1) / ${PAGE_ENTRIES};
   DROP TABLE ledger;
   DROP TABLE ledger_heads;`;

export interface EmbeddedLedger extends Ledger {
  /** Of a player who is deleted, in all games. In a transaction of the caller's. */
  forgetAnswers(playerId: number): void;
}

/** The largest number of accounts that are remembered: more than play on a node at once. */
const REMEMBERED_MAX = 10_000;

/** A row, or what is to become one. */
interface Account {
  readonly row: number | undefined;
  readonly head: LedgerHead;
  /** JSON of the newest entries, without the brackets. */
  readonly tail: string;
  readonly tailCount: number;
}

const NO_ACCOUNT: Account = { row: undefined, head: EMPTY_HEAD, tail: '', tailCount: 0 };

/**
 * @param inTransaction runs the work whole or not at all, without a sync
 * @param syncAll before a mark: from now on commits are synced, and with the next one all that was written before
 */
export function createEmbeddedLedger(
  database: DatabaseSync,
  inTransaction: <T>(work: () => T) => T,
  syncAll: () => void,
): EmbeddedLedger {
  const findCharacter = database.prepare('SELECT owner, epoch FROM characters WHERE player_id = ? AND game = ?');
  const endEpoch = database.prepare(
    'UPDATE characters SET epoch = epoch + 1, version = 0 WHERE player_id = ? AND game = ? AND epoch = ?',
  );
  const findAccount = database.prepare(
    'SELECT account, head, tail FROM ledger_accounts WHERE player_id = ? AND game = ?',
  );
  const openAccount = database.prepare('INSERT INTO ledger_accounts (player_id, game, head, tail) VALUES (?, ?, ?, ?)');
  const moveAccount = database.prepare('UPDATE ledger_accounts SET head = ?, tail = ? WHERE account = ?');
  const emptyAnswers = database.prepare(
    `UPDATE ledger_accounts SET head = json_set(head, '$[${ANSWERS_AT}]', json('[]')) WHERE player_id = ? RETURNING game`,
  );
  const addPage = database.prepare('INSERT INTO ledger_pages (account, last_seq, entries) VALUES (?, ?, ?)');
  const listPages = database.prepare(
    'SELECT entries FROM ledger_pages WHERE account = ? AND last_seq >= ? ORDER BY last_seq LIMIT ?',
  );
  const addNamed = database.prepare('INSERT OR IGNORE INTO named_ledger VALUES (?, ?, ?, ?, ?, ?)');
  const addFenced = database.prepare('INSERT OR IGNORE INTO fenced_commits VALUES (?, ?, ?)');
  const keepMark = database.prepare('INSERT OR REPLACE INTO ledger_marks (node, sequence, checksum) VALUES (?, ?, ?)');
  const findMark = database.prepare('SELECT sequence, checksum FROM ledger_marks WHERE node = ?');
  /** As they are in the database, whoever was asked for last at the end. */
  const remembered = new Map<string, Account>();

  const remember = (key: string, account: Account): void => {
    remembered.delete(key);
    remembered.set(key, account);
    if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.keys().next().value!);
  };
  const readAccount = (playerId: number, game: string): Account => {
    const key = keyOf(playerId, game);
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const row = findAccount.get(playerId, game);
    if (row === undefined) return NO_ACCOUNT;
    const account = accountOf(row);
    remember(key, account);
    return account;
  };
  const listEntries = ({ row, tail }: Account, fromSeq: number, count: number): LedgerEntry[] => {
    const pages =
      row === undefined ? [] : listPages.all(row, fromSeq, Math.ceil(count / PAGE_ENTRIES) + SHORT_PAGES_MAX);
    const entries = [...pages.flatMap((page) => readEntries(String(page.entries))), ...readEntries(`[${tail}]`)];
    return entries.filter(({ seq }) => seq >= fromSeq).slice(0, count);
  };

  /** Whether the ledger has it already, it is to be done, or its zone has lost the character. */
  const look = (commit: Commit, { playerId, epoch, entries }: Share, account: Account) => {
    const first = entries[0];
    const { owner = '', epoch: current = Number.POSITIVE_INFINITY } = findCharacter.get(playerId, commit.game) ?? {};
    // Who only asked and has no character any more needs no answer, and nothing of it is to be kept.
    if (first === undefined) return owner === '' || hasHeard(account.head, commit) ? 'there' : 'free';
    if (first.seq > account.head.seq) return Number(current) > epoch ? 'fenced' : 'free';
    const known = listEntries(account, first.seq, 1)[0]?.commitId;
    if (known === commit.id) return 'there';
    if (Number(current) > epoch) return 'fenced';
    throw brokenLedger(commit, playerId, `number ${first.seq}, which is that of ${known}`);
  };

  /** @param moved accounts of this batch that have changed; written at its end */
  const apply = (commit: Commit, moved: Map<string, MovedAccount>): CommitResult => {
    const shares = sharesOf(commit);
    let refusal: CommitResult = 'fenced';
    try {
      if (move(commit, shares, moved)) return 'applied';
    } catch (error) {
      refusal = brokenBy(error);
    }
    fence(commit, shares);
    return refusal;
  };

  const fence = (commit: Commit, shares: readonly Share[]): void => {
    const { id, game } = commit;
    addFenced.run(game, id, JSON.stringify(commit));
    for (const { playerId, epoch } of shares) if (epoch > 0) endEpoch.run(playerId, game, epoch);
  };

  /** All of it, or nothing: it is fenced, or throws that it is broken. */
  const move = (commit: Commit, shares: readonly Share[], moved: Map<string, MovedAccount>): boolean => {
    const { game } = commit;
    const looks = shares.map((share) => {
      const { playerId } = share;
      const key = keyOf(playerId, game);
      const account = moved.get(key)?.account ?? readAccount(playerId, game);
      return { key, share, account, is: look(commit, share, account) };
    });
    if (looks.some(({ is }) => is === 'fenced')) return false;
    const free = looks.filter(({ is }) => is === 'free');
    const next = free.map(({ share, account }) => moveBy(account, commit, share));
    for (const [place, { key, share }] of free.entries()) {
      moved.set(key, { playerId: share.playerId, game, account: next[place]! });
    }
    for (const { account, commitId, transfer, asset, amount } of namedEntriesOf(commit)) {
      addNamed.run(game, account, commitId, transfer, asset, amount);
    }
    return true;
  };

  /** Returns it as it is then in the database. */
  const write = ({ playerId, game, account }: MovedAccount): Account => {
    const { head, tail, tailCount } = account;
    const isPage = tailCount >= PAGE_ENTRIES;
    const kept = isPage ? '[]' : `[${tail}]`;
    let { row } = account;
    if (row !== undefined) moveAccount.run(encodeHead(head), kept, row);
    else row = Number(openAccount.run(playerId, game, encodeHead(head), kept).lastInsertRowid);
    if (!isPage) return { row, head, tail, tailCount };
    addPage.run(row, head.seq, `[${tail}]`);
    return { row, head, tail: '', tailCount: 0 };
  };

  return {
    async applyCommits(commits) {
      const moved = new Map<string, MovedAccount>();
      const written: [string, Account][] = [];
      const results = guarded('commits could not be written', () =>
        inTransaction(() => {
          const each = commits.map((commit) => apply(commit, moved));
          for (const [key, account] of moved) written.push([key, write(account)]);
          return each;
        }),
      );
      // Not before: what failed is as it was.
      for (const [key, account] of written) remember(key, account);
      return results;
    },
    async loadBalances(playerId, game) {
      const { seq, balances } = guarded('balances could not be read', () => readAccount(playerId, game)).head;
      return { seq, balances };
    },
    async recentAnswers(playerId, game) {
      return guarded('answers could not be read', () => readAccount(playerId, game)).head.answers.toReversed();
    },
    forgetAnswers(playerId) {
      for (const { game } of emptyAnswers.all(playerId)) remembered.delete(keyOf(playerId, String(game)));
    },
    async listEntries(playerId, game, fromSeq, count) {
      return guarded('entries could not be read', () => listEntries(readAccount(playerId, game), fromSeq, count));
    },
    async keepMark(node, { sequence, checksum }) {
      // A commit of its own, which is synced, and with it all before.
      guarded('a mark could not be written', () => {
        syncAll();
        keepMark.run(node, sequence, checksum);
      });
    },
    async findMark(node) {
      const row = guarded('a mark could not be read', () => findMark.get(node));
      return row && { sequence: Number(row.sequence), checksum: Number(row.checksum) };
    },
  };
}

interface MovedAccount {
  readonly playerId: number;
  readonly game: string;
  readonly account: Account;
}

function keyOf(playerId: number, game: string): string {
  return `${playerId} ${game}`;
}

function moveBy(account: Account, commit: Commit, share: Share): Account {
  const head = advanceHead(account.head, commit, share);
  let { tail, tailCount } = account;
  for (const entry of share.entries) {
    tail = tailCount === 0 ? encodeEntry(entry) : `${tail},${encodeEntry(entry)}`;
    tailCount++;
  }
  return { row: account.row, head, tail, tailCount };
}

type Row = Readonly<Record<string, unknown>>;

function accountOf(row: Row): Account {
  const tail = String(row.tail);
  const tailCount = (JSON.parse(tail) as unknown[]).length;
  return { row: Number(row.account), head: readHead(String(row.head)), tail: tail.slice(1, -1), tailCount };
}

type HeadValues = [
  seq: number,
  balances: LedgerHead['balances'],
  answers: [key: number, request: string, refused: string][],
  heard: LedgerHead['heard'],
];

/** Place of the answers in it. */
const ANSWERS_AT = 2;

function encodeHead({ seq, balances, answers, heard }: LedgerHead): string {
  const told = answers.map(({ key, request, refused }) => [key, request, refused]);
  return JSON.stringify([seq, balances, told, heard]);
}

export function readHead(text: string): LedgerHead {
  const [seq, balances, answers, heard] = JSON.parse(text) as HeadValues;
  return { seq, balances, answers: answers.map(([key, request, refused]) => ({ key, request, refused })), heard };
}

function encodeEntry(entry: LedgerEntry): string {
  const { seq, commitId, transfer, asset, amount, balance, counterparty, request, zoneId, tick } = entry;
  return JSON.stringify([seq, commitId, transfer, asset, amount, balance, counterparty, request, zoneId, tick]);
}

type EntryValues = [number, string, number, string, number, number, string, string, number, number];

/** Of a page or a tail. */
export function readEntries(text: string): LedgerEntry[] {
  return (JSON.parse(text) as EntryValues[]).map(
    ([seq, commitId, transfer, asset, amount, balance, counterparty, request, zoneId, tick]) => ({
      ...{ seq, commitId, transfer, asset, amount, balance, counterparty, request, zoneId, tick },
    }),
  );
}
