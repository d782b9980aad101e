import { expect, test } from 'vitest';
import {
  type AuditedCharacter,
  type AuditedEntry,
  type AuditedHead,
  type AuditSource,
  auditLedger,
} from '../../src/store/audit.ts';
import type { NamedEntry } from '../../src/store/ledger.ts';

interface Stored {
  heads: AuditedHead[];
  characters: AuditedCharacter[];
  entries: AuditedEntry[];
  named: (NamedEntry & { game: string })[];
}

const entry = (
  playerId: number,
  seq: number,
  commitId: string,
  amount: number,
  balance: number,
  counterparty: string,
) => ({
  ...{ playerId, game: 'g', seq, commitId, transfer: 0, asset: 'gold', amount, balance, counterparty },
  ...{ request: 'trade', zoneId: 1, tick: 1 },
});

/** 1 has found ten and given four of them to 2. */
const createStored = (): Stored => ({
  heads: [
    { playerId: 1, game: 'g', seq: 2, balances: { gold: 6 } },
    { playerId: 2, game: 'g', seq: 1, balances: { gold: 4 } },
  ],
  characters: [
    { playerId: 1, game: 'g', columns: { ledgerSeq: 2, gold: 6, health: 9 } },
    { playerId: 2, game: 'g', columns: { ledgerSeq: 0, gold: 77 } },
    { playerId: 3, game: 'g', columns: { gold: 5 } },
  ],
  entries: [entry(1, 1, 'a', 10, 10, 'ground'), entry(1, 2, 'b', -4, 6, '2'), entry(2, 1, 'b', 4, 4, '1')],
  named: [{ game: 'g', account: 'ground', commitId: 'a', transfer: 0, asset: 'gold', amount: -10 }],
});

async function* iterate<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

async function audit(change: (stored: Stored) => void = () => {}) {
  const stored = createStored();
  change(stored);
  const source: AuditSource = {
    heads: () => iterate(stored.heads),
    characters: () => iterate(stored.characters),
    entries: () => iterate(stored.entries),
    named: () => iterate(stored.named),
    fenced: () => iterate([{ game: 'g', commitId: 'z' }]),
  };
  return auditLedger(source);
}

test('a ledger that adds up is told in numbers', async () => {
  expect(await audit()).toEqual({
    totals: new Map([['g', new Map([['gold', { players: 10, named: new Map([['ground', -10]]) }]])]]),
    ...{ accounts: 2, entries: 3, fenced: 1, ahead: 0, contradictions: [], contradictionCount: 0 },
  });
});

test.each<[string, (stored: Stored) => void, readonly string[]]>([
  [
    'a lost entry',
    ({ entries }) => void entries.splice(0, 1),
    [
      'g: player 1 has entry 2 after 0.',
      'g: player 1 has 6 gold after entry 2, and -4 by those before.',
      'g: transfer 0 of gold in a has one half, -10 at ground.',
      'g: gold sums to -10 over all accounts.',
    ],
  ],
  [
    'a half that is lost',
    ({ entries, heads }) => {
      entries.pop();
      heads.pop();
    },
    ['g: transfer 0 of gold in b has one half, -4 at player 1.', 'g: gold sums to -4 over all accounts.'],
  ],
  [
    'halves that differ',
    ({ entries, heads }) => {
      entries[2] = entry(2, 1, 'b', 5, 5, '1');
      heads[1] = { playerId: 2, game: 'g', seq: 1, balances: { gold: 5 } };
    },
    ['g: transfer 0 of gold in b is -4 at player 1 and 5 at player 2.', 'g: gold sums to 1 over all accounts.'],
  ],
  [
    'a player below zero',
    ({ entries, heads, characters, named }) => {
      entries.push(entry(2, 2, 'c', -9, -5, 'ground'));
      named.push({ game: 'g', account: 'ground', commitId: 'c', transfer: 0, asset: 'gold', amount: 9 });
      heads[1] = { playerId: 2, game: 'g', seq: 2, balances: { gold: -5 } };
      characters.pop();
    },
    ['g: player 2 has -5 gold after entry 2.'],
  ],
  [
    'an account that says something else',
    ({ heads }) => void heads.splice(1, 1, { playerId: 2, game: 'g', seq: 3, balances: { gold: 9 } }),
    [
      'g: player 2 has 3 entries by its account, and the last there is is 1.',
      'g: player 2 has 9 gold by its account, and 4 by its last entry.',
    ],
  ],
  [
    'a character that says something else',
    ({ characters }) => void characters.splice(0, 1, { playerId: 1, game: 'g', columns: { ledgerSeq: 2, gold: 60 } }),
    ['g: player 1 was saved with 60 gold, and has 6 by its account.'],
  ],
  [
    'a half that is nobody’s',
    ({ entries, heads, named }) => {
      entries.pop();
      heads.pop();
      named.push({ game: 'g', account: 'fenced', commitId: 'b', transfer: 0, asset: 'gold', amount: 4 });
    },
    ["g: 4 gold of b are nobody's: one of its players was taken meanwhile."],
  ],
])('%s is found', async (_what, change, sentences) => {
  const { contradictions, contradictionCount } = await audit(change);
  expect(contradictions).toEqual(sentences);
  expect(contradictionCount).toBe(sentences.length);
});

test('a character that is ahead of the ledger is counted: its commits wait in a journal', async () => {
  const ahead = { playerId: 2, game: 'g', columns: { ledgerSeq: 9, gold: 1 } };
  expect(await audit(({ characters }) => void characters.splice(1, 1, ahead))).toMatchObject({
    ahead: 1,
    contradictions: [],
  });
});
