// Whether the ledger adds up: every account's entries follow each other, every transfer has two halves, every asset sums to
// nothing over all accounts, and what characters have is what their accounts say. Pure; `tools/audit` brings what is stored.

import type { LedgerEntry, NamedEntry } from './ledger.ts';
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

/** All there is, of all games. */
export interface AuditSource {
  heads(): AsyncIterable<AuditedHead>;
  characters(): AsyncIterable<AuditedCharacter>;
  /** Those of one account together and in order. */
  entries(): AsyncIterable<LedgerEntry & { readonly playerId: number; readonly game: string }>;
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

const TOLD_MAX = 200;

/** Holds an entry for each account, and one for each transfer of which a half was not seen yet. */
export async function auditLedger(source: AuditSource): Promise<AuditReport> {
  const contradictions: string[] = [];
  let contradictionCount = 0;
  const tell = (sentence: string): void => {
    contradictionCount++;
    if (contradictions.length < TOLD_MAX) contradictions.push(sentence);
  };
  const totals = new Map<string, Map<string, AssetTotals>>();
  const totalsOf = (game: string, asset: string): AssetTotals => {
    const assets = totals.get(game) ?? new Map<string, AssetTotals>();
    totals.set(game, assets);
    const found = assets.get(asset) ?? { players: 0, named: new Map() };
    assets.set(asset, found);
    return found;
  };
  /** By transfer: the half that waits for the other one. */
  const halves = new Map<string, { readonly amount: number; readonly account: string }>();
  const addHalf = (game: string, commitId: string, transfer: number, asset: string, half: [number, string]): void => {
    const key = `${game} ${asset} ${commitId} ${transfer}`;
    const [amount, account] = half;
    const other = halves.get(key);
    if (other === undefined) halves.set(key, { amount, account });
    else {
      halves.delete(key);
      if (other.amount === -amount) return;
      tell(
        `${game}: transfer ${transfer} of ${commitId} is ${other.amount} ${asset} at ${other.account} and ${amount} at ${account}.`,
      );
    }
  };

  const lasts = new Map<string, Last>();
  let entries = 0;
  for await (const { playerId, game, seq, commitId, transfer, asset, amount, balance } of source.entries()) {
    entries++;
    const who = `${game}: player ${playerId}`;
    const last = lasts.get(`${playerId} ${game}`) ?? { seq: 0, balances: {} };
    lasts.set(`${playerId} ${game}`, last);
    if (seq !== last.seq + 1) tell(`${who} has entry ${seq} after ${last.seq}.`);
    const expected = (last.balances[asset] ?? 0) + amount;
    if (balance !== expected)
      tell(`${who} has ${balance} ${asset} after entry ${seq}, and ${expected} by the one before.`);
    if (balance < 0) tell(`${who} has ${balance} ${asset} after entry ${seq}.`);
    last.seq = seq;
    last.balances[asset] = balance;
    totalsOf(game, asset).players += amount;
    addHalf(game, commitId, transfer, asset, [amount, `player ${playerId}`]);
  }
  for await (const { game, account, commitId, transfer, asset, amount } of source.named()) {
    const { named } = totalsOf(game, asset);
    named.set(account, (named.get(account) ?? 0) + amount);
    addHalf(game, commitId, transfer, asset, [amount, account]);
    if (account === 'fenced')
      tell(`${game}: ${amount} ${asset} of ${commitId} are nobody's: one of its players was taken meanwhile.`);
  }
  for (const [key, { amount, account }] of halves) tell(`A transfer has one half, ${amount} at ${account}: ${key}.`);
  for (const [game, assets] of totals) {
    for (const [asset, { players, named }] of assets) {
      const sum = [...named.values()].reduce((total, amount) => total + amount, players);
      if (sum !== 0) tell(`${game}: ${asset} sums to ${sum} over all accounts.`);
    }
  }

  const heads = new Map<string, AuditedHead>();
  for await (const head of source.heads()) {
    const { playerId, game, seq, balances } = head;
    const key = `${playerId} ${game}`;
    heads.set(key, head);
    const last = lasts.get(key) ?? { seq: 0, balances: {} };
    const who = `${game}: player ${playerId}`;
    if (seq !== last.seq) tell(`${who} has ${seq} entries by its account, and the last there is is ${last.seq}.`);
    for (const asset of new Set([...Object.keys(balances), ...Object.keys(last.balances)])) {
      const [has, should] = [balances[asset] ?? 0, last.balances[asset] ?? 0];
      if (has !== should) tell(`${who} has ${has} ${asset} by its account, and ${should} by the last entry.`);
    }
  }
  let ahead = 0;
  for await (const { playerId, game, columns } of source.characters()) {
    const { seq, balances } = heads.get(`${playerId} ${game}`) ?? { seq: 0, balances: {} };
    const saved = columns.ledgerSeq ?? 0;
    if (saved > seq) ahead++;
    // One that is behind gets what its account says when it is taken.
    if (saved !== seq || seq === 0) continue;
    for (const [asset, balance] of Object.entries(balances)) {
      if ((columns[asset] ?? 0) === balance) continue;
      tell(
        `${game}: player ${playerId} was saved with ${columns[asset] ?? 0} ${asset}, and has ${balance} by its account.`,
      );
    }
  }
  let fenced = 0;
  for await (const _commit of source.fenced()) fenced++;
  return { totals, accounts: lasts.size, entries, fenced, ahead, contradictions, contradictionCount };
}
