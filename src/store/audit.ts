// Whether the ledger adds up: every account's entries follow each other, every transfer has two halves, every asset sums to
// nothing over all accounts, and what characters have is what their accounts say. Pure; `tools/audit` brings what is stored.

import { FENCED_ACCOUNT, type LedgerEntry, type NamedEntry } from './ledger.ts';
import type { CharacterColumns } from './records.ts';

export interface AuditedHead {
  readonly playerId: number;
  readonly game: string;
  readonly seq: number;
  readonly balances: Readonly<Record<string, number>>;
}

export interface AuditedCharacter {
  readonly playerId: number;
  readonly game: string;
  readonly columns: CharacterColumns;
}

export type AuditedEntry = LedgerEntry & { readonly playerId: number; readonly game: string };

/** All there is, of all games. */
export interface AuditSource {
  heads(): AsyncIterable<AuditedHead>;
  characters(): AsyncIterable<AuditedCharacter>;
  /** Those of one account together and in order. */
  entries(): AsyncIterable<AuditedEntry>;
  named(): AsyncIterable<NamedEntry & { readonly game: string }>;
  fenced(): AsyncIterable<{ readonly game: string; readonly commitId: string }>;
}

export interface AuditReport {
  /** By game and asset: what players have and what each named account has. */
  readonly totals: ReadonlyMap<string, ReadonlyMap<string, AssetTotals>>;
  readonly accounts: number;
  readonly entries: number;
  /** Commits that were refused because somebody else had one of their players by then. */
  readonly fenced: number;
  /** Characters saved with transfers that the ledger has not heard of: they wait in a journal. */
  readonly ahead: number;
  /** A sentence each; the first ones of `contradictionCount`. */
  readonly contradictions: readonly string[];
  readonly contradictionCount: number;
}

export interface AssetTotals {
  players: number;
  readonly named: Map<string, number>;
}

interface Last {
  seq: number;
  readonly balances: Record<string, number>;
}

/** What is known so far. */
interface Audit {
  readonly totals: Map<string, Map<string, AssetTotals>>;
  /** By player and game. */
  readonly lasts: Map<string, Last>;
  readonly heads: Map<string, AuditedHead>;
  /** By transfer: the half that waits for the other one. */
  readonly halves: Map<string, { readonly amount: number; readonly account: string }>;
  readonly contradictions: string[];
  contradictionCount: number;
  entries: number;
}

const TOLD_MAX = 200;

/** Holds a few numbers for each account, and an entry for each transfer of which one half has been seen. */
export async function auditLedger(source: AuditSource): Promise<AuditReport> {
  const audit: Audit = {
    ...{ totals: new Map(), lasts: new Map(), heads: new Map(), halves: new Map() },
    ...{ contradictions: [], contradictionCount: 0, entries: 0 },
  };
  for await (const entry of source.entries()) takeEntry(audit, entry);
  for await (const entry of source.named()) takeNamed(audit, entry);
  checkSums(audit);
  for await (const head of source.heads()) checkHead(audit, head);
  let ahead = 0;
  for await (const character of source.characters()) if (checkCharacter(audit, character)) ahead++;
  let fenced = 0;
  for await (const _commit of source.fenced()) fenced++;
  const { totals, lasts, entries, contradictions, contradictionCount } = audit;
  return { totals, accounts: lasts.size, entries, fenced, ahead, contradictions, contradictionCount };
}

function tell(audit: Audit, sentence: string): void {
  audit.contradictionCount++;
  if (audit.contradictions.length < TOLD_MAX) audit.contradictions.push(sentence);
}

function totalsOf({ totals }: Audit, game: string, asset: string): AssetTotals {
  const assets = totals.get(game) ?? new Map<string, AssetTotals>();
  totals.set(game, assets);
  const found = assets.get(asset) ?? { players: 0, named: new Map() };
  assets.set(asset, found);
  return found;
}

type Half = Pick<NamedEntry, 'account' | 'commitId' | 'transfer' | 'asset' | 'amount'> & { readonly game: string };

function takeHalf(audit: Audit, { game, commitId, transfer, asset, amount, account }: Half): void {
  const key = `${game}: transfer ${transfer} of ${asset} in ${commitId}`;
  const other = audit.halves.get(key);
  if (other === undefined) {
    audit.halves.set(key, { amount, account });
    return;
  }
  audit.halves.delete(key);
  if (other.amount === -amount) return;
  tell(audit, `${key} is ${other.amount} at ${other.account} and ${amount} at ${account}.`);
}

function takeEntry(audit: Audit, entry: AuditedEntry): void {
  const { playerId, game, seq, asset, amount, balance } = entry;
  audit.entries++;
  const key = `${playerId} ${game}`;
  const who = `${game}: player ${playerId}`;
  const last = audit.lasts.get(key) ?? { seq: 0, balances: {} };
  audit.lasts.set(key, last);
  if (seq !== last.seq + 1) tell(audit, `${who} has entry ${seq} after ${last.seq}.`);
  const expected = (last.balances[asset] ?? 0) + amount;
  if (balance !== expected) {
    tell(audit, `${who} has ${balance} ${asset} after entry ${seq}, and ${expected} by those before.`);
  }
  if (balance < 0) tell(audit, `${who} has ${balance} ${asset} after entry ${seq}.`);
  last.seq = seq;
  last.balances[asset] = balance;
  totalsOf(audit, game, asset).players += amount;
  takeHalf(audit, { ...entry, account: `player ${playerId}` });
}

function takeNamed(audit: Audit, entry: NamedEntry & { readonly game: string }): void {
  const { game, account, commitId, asset, amount } = entry;
  const { named } = totalsOf(audit, game, asset);
  named.set(account, (named.get(account) ?? 0) + amount);
  takeHalf(audit, entry);
  if (account !== FENCED_ACCOUNT) return;
  tell(audit, `${game}: ${amount} ${asset} of ${commitId} are nobody's: one of its players was taken meanwhile.`);
}

function checkSums(audit: Audit): void {
  for (const [key, { amount, account }] of audit.halves) tell(audit, `${key} has one half, ${amount} at ${account}.`);
  for (const [game, assets] of audit.totals) {
    for (const [asset, totals] of assets) {
      const sum = sumOf(totals);
      if (sum !== 0) tell(audit, `${game}: ${asset} sums to ${sum} over all accounts.`);
    }
  }
}

export function sumOf({ players, named }: AssetTotals): number {
  return [...named.values()].reduce((total, amount) => total + amount, players);
}

function checkHead(audit: Audit, head: AuditedHead): void {
  const { playerId, game, seq, balances } = head;
  const key = `${playerId} ${game}`;
  audit.heads.set(key, head);
  const last = audit.lasts.get(key) ?? { seq: 0, balances: {} };
  const who = `${game}: player ${playerId}`;
  if (seq !== last.seq) tell(audit, `${who} has ${seq} entries by its account, and the last there is is ${last.seq}.`);
  for (const asset of new Set([...Object.keys(balances), ...Object.keys(last.balances)])) {
    const [has, should] = [balances[asset] ?? 0, last.balances[asset] ?? 0];
    if (has !== should) tell(audit, `${who} has ${has} ${asset} by its account, and ${should} by its last entry.`);
  }
}

/** Whether it was saved with transfers that the ledger has not heard of. */
function checkCharacter(audit: Audit, { playerId, game, columns }: AuditedCharacter): boolean {
  const { seq, balances } = audit.heads.get(`${playerId} ${game}`) ?? { seq: 0, balances: {} };
  const saved = columns.ledgerSeq ?? 0;
  // One that was saved earlier gets what its account says when it is taken; one without an account has none yet.
  if (saved !== seq || seq === 0) return saved > seq;
  for (const [asset, balance] of Object.entries(balances)) {
    const has = columns[asset] ?? 0;
    if (has === balance) continue;
    tell(audit, `${game}: player ${playerId} was saved with ${has} ${asset}, and has ${balance} by its account.`);
  }
  return false;
}
