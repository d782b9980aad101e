// The ledger in ScyllaDB. Store thread. The head of a player's account is part of the character's row, so that one condition
// holds both: the epoch of the zone that made the commit, and that nobody moved the head meanwhile. Entries are rows of
// their own, written behind the head; it has them in its tail until the next one comes, and whoever moves it writes those
// first: an entry is in the tail, or in its table, or was never made.
//
//   apply   1 look at all players: one that was taken since fences the commit, and nothing has happened yet
//           2 move one head after the other: a conditional write each, then its entries   3 write entries of named accounts
//
// Between 1 and 2 somebody may be taken after a first head was moved: some milliseconds, in which two nodes must have the
// same player. There is no going back, since the first one plays on from there; the other half goes to the account
// `fenced`, which is empty otherwise: the sum stays 0, the audit names the commit, and `fenced_commits` has all of it.
//
// Every statement may be sent twice: a head that is moved again finds its own version, or the commit in it.

import type { Commit } from '../store/commit.ts';
import {
  advanceHead,
  brokenBy,
  brokenLedger,
  type CommitResult,
  EMPTY_HEAD,
  FENCED_ACCOUNT,
  hasHeard,
  type Ledger,
  type LedgerEntry,
  type LedgerHead,
  type NamedEntry,
  namedEntriesOf,
  type Share,
  sharesOf,
} from '../store/ledger.ts';
import { type Row, readBigint, type ScyllaClient, type Statement, toBigint } from './scylla-client.ts';
import { storeError } from './store-errors.ts';

export const LEDGER_MIGRATION = [
  { table: 'characters', add: { ledger_version: 'bigint', ledger: 'text' } },
  `CREATE TABLE IF NOT EXISTS ledger (
     player_id bigint,
     game text,
     page int,
     seq bigint,
     commit_id text,
     transfer int,
     asset text,
     amount bigint,
     balance bigint,
     counterparty text,
     request text,
     zone_id int,
     tick bigint,
     PRIMARY KEY ((player_id, game, page), seq)
   )`,
  `CREATE TABLE IF NOT EXISTS named_ledger (
     game text,
     account text,
     page text,
     commit_id text,
     transfer int,
     asset text,
     amount bigint,
     PRIMARY KEY ((game, account, page), commit_id, transfer)
   )`,
  `CREATE TABLE IF NOT EXISTS fenced_commits (
     game text,
     zone_id int,
     commit_id text,
     said text,
     PRIMARY KEY ((game, zone_id), commit_id)
   )`,
];

/** How much of the journal of a node is in here. */
export const LEDGER_MARKS_MIGRATION = [
  'CREATE TABLE IF NOT EXISTS ledger_marks (node text PRIMARY KEY, sequence bigint, checksum bigint)',
];

/** Entries in one partition: of a player, and by ticks of a zone of a named account. */
const PAGE_ENTRIES = 10_000;
const PAGE_TICKS = 65_536;
const AT_ONCE = 64;
const TRIES = 8;

const idempotent = (query: string): Statement => ({ query, isIdempotent: true });
const READ: Statement = {
  query: 'SELECT owner, epoch, ledger_version, ledger FROM characters WHERE player_id = ? AND game = ?',
  isIdempotent: true,
  isSerial: true,
};
const MOVE = idempotent(
  `UPDATE characters SET ledger_version = ?, ledger = ? WHERE player_id = ? AND game = ?
   IF ledger_version = ? AND epoch = ?`,
);
const ANSWER = idempotent(
  'UPDATE characters SET ledger_version = ?, ledger = ? WHERE player_id = ? AND game = ? IF ledger_version = ?',
);
const END_EPOCH = idempotent(
  'UPDATE characters SET epoch = ?, version = 0 WHERE player_id = ? AND game = ? IF epoch = ?',
);
const ADD_ENTRY = idempotent(
  `INSERT INTO ledger (player_id, game, page, seq, commit_id, transfer, asset, amount, balance, counterparty, request,
   zone_id, tick) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
);
const FIND_ENTRY = idempotent('SELECT commit_id FROM ledger WHERE player_id = ? AND game = ? AND page = ? AND seq = ?');
const LIST_ENTRIES = idempotent(
  'SELECT * FROM ledger WHERE player_id = ? AND game = ? AND page = ? AND seq >= ? LIMIT ?',
);
const ADD_NAMED = idempotent(
  'INSERT INTO named_ledger (game, account, page, commit_id, transfer, asset, amount) VALUES (?, ?, ?, ?, ?, ?, ?)',
);
const KEEP_MARK = idempotent('INSERT INTO ledger_marks (node, sequence, checksum) VALUES (?, ?, ?)');
const FIND_MARK = idempotent('SELECT sequence, checksum FROM ledger_marks WHERE node = ?');
const ADD_FENCED = idempotent('INSERT INTO fenced_commits (game, zone_id, commit_id, said) VALUES (?, ?, ?, ?)');

/** As it lies in the row. */
export interface StoredHead extends LedgerHead {
  /** The newest entries, which may not be in their table yet. */
  readonly tail: readonly LedgerEntry[];
}

interface Account {
  /** Its character was deleted, and nobody has taken it since. */
  readonly isDeleted: boolean;
  readonly epoch: number;
  readonly version: number;
  readonly head: StoredHead;
}

type Look = 'there' | 'free' | 'fenced';

/** @param onEpochEnded the owner of that epoch is to be refused from now on; another epoch begins */
export function createScyllaLedger(
  scylla: ScyllaClient,
  onEpochEnded: (playerId: number, game: string, epoch: number) => Promise<void>,
): Ledger {
  const readAccount = async (playerId: number, game: string): Promise<Account | undefined> => {
    const [row] = await scylla.read(READ, [toBigint(playerId), game]);
    if (row === undefined || row.ledger_version === null) return undefined;
    const [epoch, version] = [readBigint(row.epoch), readBigint(row.ledger_version)];
    return { isDeleted: row.owner === '', epoch, version, head: readStoredHead(row) };
  };

  const addEntries = async (playerId: number, game: string, entries: readonly LedgerEntry[]): Promise<void> => {
    if (entries.length === 0) return;
    await scylla.writeAll(entries.map((entry) => [ADD_ENTRY, entryValues(playerId, game, entry)] as const));
  };

  const look = async (commit: Commit, share: Share, account: Account | undefined): Promise<Look> => {
    const { playerId, epoch, entries } = share;
    const first = entries[0];
    // Who only asked and has no character any more needs no answer, and nothing of it is to be kept.
    if (first === undefined) {
      return account === undefined || account.isDeleted || hasHeard(account.head, commit) ? 'there' : 'free';
    }
    if (account === undefined) {
      // Deleted by an older version, which left no row; its entries stay.
      return (await findCommit(playerId, commit.game, first.seq)) === commit.id ? 'there' : 'fenced';
    }
    // An epoch that is still to come is nobody's: no condition would ever hold for it, and whoever tries would try for ever.
    const isOwners = account.epoch === epoch;
    if (first.seq > account.head.seq) return isOwners ? 'free' : 'fenced';
    const own = account.head.tail.find(({ seq }) => seq === first.seq);
    const known = own?.commitId ?? (await findCommit(playerId, commit.game, first.seq));
    if (known === commit.id) return 'there';
    if (!isOwners) return 'fenced';
    throw brokenLedger(commit, playerId, `number ${first.seq}, which is that of ${known}`);
  };

  const findCommit = async (playerId: number, game: string, seq: number): Promise<string | undefined> => {
    const [row] = await scylla.read(FIND_ENTRY, [toBigint(playerId), game, pageOf(seq), toBigint(seq)]);
    return row === undefined ? undefined : String(row.commit_id);
  };

  /** One call's memory of accounts: what is wrong in it a condition finds. */
  const createAccounts = (game: string) => {
    const known = new Map<number, Account | undefined>();
    return {
      async read(playerId: number): Promise<Account | undefined> {
        if (known.has(playerId)) return known.get(playerId);
        const account = await readAccount(playerId, game);
        if (account !== undefined) await addEntries(playerId, game, account.head.tail);
        known.set(playerId, account);
        return account;
      },
      set: (playerId: number, account: Account) => void known.set(playerId, account),
      forget: (playerId: number) => void known.delete(playerId),
    };
  };
  type Accounts = ReturnType<typeof createAccounts>;

  /** `there`: it is done now. */
  const move = async (commit: Commit, share: Share, accounts: Accounts): Promise<Look> => {
    const { playerId, epoch, entries } = share;
    const { game } = commit;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const account = await accounts.read(playerId);
      const is = await look(commit, share, account);
      if (is !== 'free' || account === undefined) return is;
      const head: StoredHead = { ...advanceHead(account.head, commit, share), tail: entries };
      const version = account.version + 1;
      const values = [toBigint(version), JSON.stringify(head), toBigint(playerId), game, toBigint(account.version)];
      const isAnswer = entries.length === 0;
      const there = await scylla.writeIf(isAnswer ? ANSWER : MOVE, isAnswer ? values : [...values, toBigint(epoch)]);
      if (there === undefined) {
        await addEntries(playerId, game, entries);
        accounts.set(playerId, { ...account, version, head });
        return 'there';
      }
      accounts.forget(playerId);
    }
    throw storeError('an account could not be moved', new Error('many want to at once'));
  };

  const fence = async (commit: Commit, shares: readonly Share[], accounts: Accounts): Promise<void> => {
    const { id, game, zoneId } = commit;
    await scylla.write(ADD_FENCED, [game, zoneId, id, JSON.stringify(commit)]);
    for (const { playerId, epoch } of shares) {
      if (epoch === 0 || (await accounts.read(playerId))?.epoch !== epoch) continue;
      const next = toBigint(epoch + 1);
      if ((await scylla.writeIf(END_EPOCH, [next, toBigint(playerId), game, toBigint(epoch)])) === undefined) {
        await onEpochEnded(playerId, game, epoch + 1);
      }
      accounts.forget(playerId);
    }
  };

  /** Nothing of it is done by that. One that is broken is as good as fenced. */
  const lookAtAll = async (commit: Commit, shares: readonly Share[], accounts: Accounts) => {
    const looks: Look[] = [];
    let refusal: CommitResult = 'fenced';
    for (const share of shares) {
      try {
        const account = await accounts.read(share.playerId);
        const is = await look(commit, share, account);
        if (is === 'free' && account !== undefined) advanceHead(account.head, commit, share);
        looks.push(is);
      } catch (error) {
        refusal = brokenBy(error);
        looks.push('fenced');
      }
    }
    return { looks, refusal };
  };

  const apply = async (commit: Commit, accounts: Accounts): Promise<CommitResult> => {
    const shares = sharesOf(commit);
    const { looks, refusal } = await lookAtAll(commit, shares, accounts);
    let isBegun = shares.some(({ epoch }, place) => epoch > 0 && looks[place] === 'there');
    if (looks.includes('fenced') && !isBegun) {
      await fence(commit, shares, accounts);
      return refusal;
    }
    const named: NamedEntry[] = [...namedEntriesOf(commit)];
    const fenced: Share[] = [];
    for (const [place, share] of shares.entries()) {
      const is = looks[place] === 'free' ? await move(commit, share, accounts) : looks[place];
      if (is === 'fenced' && !isBegun) {
        await fence(commit, shares, accounts);
        return 'fenced';
      }
      if (is === 'there' && share.epoch > 0) isBegun = true;
      if (is !== 'fenced') continue;
      fenced.push(share);
      for (const { transfer, asset, amount } of share.entries) {
        named.push({ account: FENCED_ACCOUNT, commitId: commit.id, transfer, asset, amount });
      }
    }
    await Promise.all(named.map((entry) => scylla.write(ADD_NAMED, namedValues(commit, entry))));
    if (fenced.length === 0) return 'applied';
    await fence(commit, fenced, accounts);
    return refusal;
  };

  return {
    /** One account's commits one after the other, many accounts at once. */
    async applyCommits(commits) {
      const results: CommitResult[] = [];
      const accountsOf = new Map<string, Accounts>();
      /** By game and player: its last commit so far. */
      const last = new Map<string, Promise<void>>();
      const limit = createLimit(AT_ONCE);
      const all = commits.map((commit, index) => {
        const accounts = accountsOf.get(commit.game) ?? createAccounts(commit.game);
        accountsOf.set(commit.game, accounts);
        const keys = sharesOf(commit).map(({ playerId }) => `${playerId} ${commit.game}`);
        const before = Promise.all(keys.map((key) => last.get(key)));
        const done = before.then(() =>
          limit(async () => {
            results[index] = await apply(commit, accounts);
          }),
        );
        for (const key of keys) last.set(key, done);
        return done;
      });
      // All of them end before this does: whoever does it again begins with what there is then.
      const ends = await Promise.allSettled(all);
      const failure = ends.find((end) => end.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
      return results;
    },
    async loadBalances(playerId, game) {
      const { seq, balances } = (await readAccount(playerId, game))?.head ?? EMPTY_HEAD;
      return { seq, balances };
    },
    async recentAnswers(playerId, game) {
      return ((await readAccount(playerId, game))?.head ?? EMPTY_HEAD).answers.toReversed();
    },
    async listEntries(playerId, game, fromSeq, count) {
      const account = await readAccount(playerId, game);
      if (account !== undefined) await addEntries(playerId, game, account.head.tail);
      const entries: LedgerEntry[] = [];
      for (let page = pageOf(Math.max(fromSeq, 1)); entries.length < count; page++) {
        const values = [toBigint(playerId), game, page, toBigint(fromSeq), count - entries.length];
        const rows = await scylla.read(LIST_ENTRIES, values);
        entries.push(...rows.map(readLedgerRow));
        if (rows.at(-1) === undefined || readBigint(rows.at(-1)!.seq) % PAGE_ENTRIES !== 0) break;
      }
      return entries;
    },
    async keepMark(nodeId, { sequence, checksum }) {
      await scylla.write(KEEP_MARK, [nodeId, toBigint(sequence), toBigint(checksum)]);
    },
    async findMark(nodeId) {
      const [row] = await scylla.read(FIND_MARK, [nodeId]);
      return row && { sequence: readBigint(row.sequence), checksum: readBigint(row.checksum) };
    },
  };
}

export function pageOf(seq: number): number {
  return Math.floor((seq - 1) / PAGE_ENTRIES);
}

export function readStoredHead(row: Row): StoredHead {
  return row.ledger === null ? { ...EMPTY_HEAD, tail: [] } : (JSON.parse(String(row.ledger)) as StoredHead);
}

function entryValues(playerId: number, game: string, entry: LedgerEntry): unknown[] {
  const { seq, commitId, transfer, asset, amount, balance, counterparty, request, zoneId, tick } = entry;
  const numbers = [toBigint(amount), toBigint(balance)];
  const key = [toBigint(playerId), game, pageOf(seq), toBigint(seq)];
  return [...key, commitId, transfer, asset, ...numbers, counterparty, request, zoneId, toBigint(tick)];
}

function namedValues(commit: Commit, { account, commitId, transfer, asset, amount }: NamedEntry): unknown[] {
  const page = `${commit.zoneId}/${Math.floor(commit.tick / PAGE_TICKS)}`;
  return [commit.game, account, page, commitId, transfer, asset, toBigint(amount)];
}

export function readLedgerRow(row: Row): LedgerEntry {
  return {
    seq: readBigint(row.seq),
    commitId: String(row.commit_id),
    transfer: Number(row.transfer),
    asset: String(row.asset),
    amount: readBigint(row.amount),
    balance: readBigint(row.balance),
    counterparty: String(row.counterparty),
    request: String(row.request),
    zoneId: Number(row.zone_id),
    tick: readBigint(row.tick),
  };
}

/** Runs at most so many at once; the others wait for their turn. */
function createLimit(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
