// The contract of the ledger: what commits have done to accounts, entry by entry, for good. Part of `Store`. And what any
// store of it computes: what a commit means to each of its players. Pure, any thread.
//
// An account is a player's or a named one. Each transfer is two entries that add up to nothing, so the sum of an asset over
// all accounts is 0 at any time. A player's entries are numbered from 1 without a gap; the head of its account says the last
// number, what there is of each asset, and what was answered to its newest commands.

import { assert } from '../base/assert.ts';
import { errorCode, ServerError } from '../base/errors.ts';
import { ANSWERS_PER_PLAYER_MAX } from '../base/limits.ts';
import { type Commit, isPlayerSide, type Side } from './commit.ts';
import type { JournalMark } from './journal/format.ts';
import type { CharacterColumns } from './records.ts';

/**
 * `fenced`: the character of one of its players was taken since the commit was made. Broken: it does not go on where an
 * account ends, something before it was lost. In both cases no account has changed, `fenced_commits` has all of it, and the
 * epochs of its players have ended: what their zone believes of them is no longer so, and what it says is refused.
 */
export type CommitResult = 'applied' | 'fenced' | BrokenCommit;

export interface BrokenCommit {
  /** A sentence. */
  readonly broken: string;
}

export interface LedgerEntry {
  readonly seq: number;
  readonly commitId: string;
  /** Place of the transfer in its commit. */
  readonly transfer: number;
  readonly asset: string;
  /** Below zero when it was given. */
  readonly amount: number;
  /** Of the asset, after it. */
  readonly balance: number;
  /** Who gave or got it: the digits of a player's id, or the name of an account, which begins with a letter. */
  readonly counterparty: string;
  readonly request: string;
  readonly zoneId: number;
  readonly tick: number;
}

/** Of a named account. */
export interface NamedEntry {
  readonly account: string;
  readonly commitId: string;
  readonly transfer: number;
  readonly asset: string;
  readonly amount: number;
}

export interface Balances {
  /** Number of the last entry; 0: the account was never used. */
  readonly seq: number;
  /** By asset; those there never were any of are left out. */
  readonly balances: Readonly<Record<string, number>>;
}

export interface KeptAnswer {
  readonly key: number;
  readonly request: string;
  /** '' = done */
  readonly refused: string;
}

export interface Ledger {
  /**
   * A result for each commit. Those of one account come in order. Doing it again, with some of them or in another batch,
   * changes nothing and answers the same, but `fenced` for one that was broken; after a rejection any of them may be done.
   */
  applyCommits(commits: readonly Commit[]): Promise<readonly CommitResult[]>;
  loadBalances(playerId: number, game: string): Promise<Balances>;
  /** To the newest commands of the player that had a key, the newest first. */
  recentAnswers(playerId: number, game: string): Promise<readonly KeptAnswer[]>;
  /** Entries numbered from `fromSeq`, in order, at most `count`. */
  listEntries(playerId: number, game: string, fromSeq: number, count: number): Promise<readonly LedgerEntry[]>;
  /**
   * Says how much of the journal of that node has been applied. Once it has resolved, that and all that was applied before
   * survives a power cut; until then the journal has to keep it.
   */
  keepMark(nodeId: string, mark: JournalMark): Promise<void>;
  findMark(nodeId: string): Promise<JournalMark | undefined>;
}

/** Where a half is booked whose player was taken after the commit had begun to be applied: something is to be repaired. */
export const FENCED_ACCOUNT = 'fenced';

/** The head of a player's account, as stores keep it in one piece. */
export interface LedgerHead extends Balances {
  /** The newest at the end. */
  readonly answers: readonly KeptAnswer[];
  /** By origin of commits, the last one heard of latest: tick and index of the newest commit with an answer. */
  readonly heard: readonly (readonly [origin: string, tick: number, index: number])[];
}

export const EMPTY_HEAD: LedgerHead = { seq: 0, balances: {}, answers: [], heard: [] };

/** What a commit means to one player. */
export interface Share {
  readonly playerId: number;
  /** 0 for one who only asked: nothing of its account changes, so nobody can be fenced. */
  readonly epoch: number;
  readonly entries: readonly LedgerEntry[];
}

const ORIGINS_HEARD = 8;

/** By player, in the order in which they come. */
export function sharesOf(commit: Commit): readonly Share[] {
  const shares = new Map<number, { playerId: number; epoch: number; entries: LedgerEntry[] }>();
  const { id: commitId, request, zoneId, tick } = commit;
  const add = (transfer: number, side: Side, counterparty: Side, asset: string, amount: number): void => {
    if (!isPlayerSide(side)) return;
    const { playerId, epoch, seq, balance } = side;
    const share = shares.get(playerId) ?? { playerId, epoch, entries: [] };
    shares.set(playerId, share);
    const named = { counterparty: nameOf(counterparty), request, zoneId, tick };
    share.entries.push({ seq, commitId, transfer, asset, amount, balance, ...named });
  };
  for (const [place, { asset, amount, from, to }] of commit.transfers.entries()) {
    assert(amount > 0 && nameOf(from) !== nameOf(to), `${commitId}: something is transferred, from one to another`);
    add(place, from, to, asset, -amount);
    add(place, to, from, asset, amount);
  }
  const { playerId, key } = commit;
  if (playerId > 0 && key > 0 && !shares.has(playerId)) shares.set(playerId, { playerId, epoch: 0, entries: [] });
  return [...shares.values()];
}

function nameOf(side: Side): string {
  return isPlayerSide(side) ? String(side.playerId) : side.account;
}

export function namedEntriesOf(commit: Commit): readonly NamedEntry[] {
  const entries: NamedEntry[] = [];
  for (const [transfer, { asset, amount, from, to }] of commit.transfers.entries()) {
    const common = { commitId: commit.id, transfer, asset };
    if (!isPlayerSide(from)) entries.push({ ...common, account: from.account, amount: -amount });
    if (!isPlayerSide(to)) entries.push({ ...common, account: to.account, amount });
  }
  return entries;
}

/** Whether the head has what a player who only asked was answered, or newer from the same origin. */
export function hasHeard(head: LedgerHead, commit: Commit): boolean {
  const [origin, index] = splitId(commit);
  const known = head.heard.find(([name]) => name === origin);
  return known !== undefined && (known[1] > commit.tick || (known[1] === commit.tick && known[2] >= index));
}

/** The head after it. Throws DARKAGES_LEDGER_BROKEN when the share does not go on where the head ends: `brokenBy` takes that. */
export function advanceHead(head: LedgerHead, commit: Commit, { playerId, entries }: Share): LedgerHead {
  const balances: Record<string, number> = { ...head.balances };
  let { seq } = head;
  for (const entry of entries) {
    seq++;
    const balance = (balances[entry.asset] ?? 0) + entry.amount;
    if (entry.seq !== seq) throw brokenLedger(commit, playerId, `number ${entry.seq} where ${seq} is next`);
    if (entry.balance !== balance || balance < 0) {
      throw brokenLedger(commit, playerId, `${entry.balance} of ${entry.asset} where there are ${balance}`);
    }
    balances[entry.asset] = balance;
  }
  if (commit.playerId !== playerId || commit.key === 0 || hasHeard(head, commit)) return { ...head, seq, balances };
  const { key, request, refused } = commit;
  const [origin, index] = splitId(commit);
  const others = head.heard.filter(([name]) => name !== origin);
  return {
    ...{ seq, balances },
    answers: [...head.answers, { key, request, refused }].slice(-ANSWERS_PER_PLAYER_MAX),
    heard: [...others, [origin, commit.tick, index] as const].slice(-ORIGINS_HEARD),
  };
}

/**
 * A character as its account says, where it was saved before or after its last transfer that counts. One without an account
 * keeps what it has, and opens one with that. Where the numbers agree the assets need not: what was saved may be of a
 * transfer that no journal has, and the same number of another one.
 */
export function settleColumns(
  columns: CharacterColumns | undefined,
  { seq, balances }: Balances,
  assets: readonly string[],
): CharacterColumns | undefined {
  if (seq === 0 && (columns?.ledgerSeq ?? 0) === 0) return columns;
  const settled: Record<string, number> = { ...columns, ledgerSeq: seq };
  if (seq > 0) for (const asset of assets) settled[asset] = balances[asset] ?? 0;
  return settled;
}

/** `origin/tick/index` */
function splitId({ id }: Commit): [origin: string, index: number] {
  const end = id.lastIndexOf('/');
  return [id.slice(0, id.lastIndexOf('/', end - 1)), Number(id.slice(end + 1))];
}

/** What is thrown while a commit is looked at is its result, if it says that the commit is broken. */
export function brokenBy(error: unknown): BrokenCommit {
  if (errorCode(error) !== 'DARKAGES_LEDGER_BROKEN') throw error;
  return { broken: (error as Error).message };
}

export function brokenLedger(commit: Commit, playerId: number, what: string): ServerError {
  return new ServerError(
    'DARKAGES_LEDGER_BROKEN',
    `The ledger of player ${playerId} does not go on with commit ${commit.id}: it has ${what}. Something was lost: run npm run audit.`,
  );
}
