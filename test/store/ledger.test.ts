// What is decided without a store; the rest is held by the contract, test/contract/store.test.ts.

import { expect, test } from 'vitest';
import { settleColumns } from '../../src/store/ledger.ts';

const ASSETS = ['gold', 'gems'];
const saved = { gold: 7, gems: 1, health: 90, ledgerSeq: 3 };

test.each([
  ['saved before its last transfer', saved, 5],
  ['saved after transfers that no journal has', saved, 2],
  ['saved with as many, of which one was another', saved, 3],
  ['never saved', undefined, 3],
])('%s: a character has what its account says, and the rest as it was', (_, columns, seq) => {
  const settled = settleColumns(columns, { seq, balances: { gold: 40 } }, ASSETS);
  expect(settled).toEqual({ ...(columns && { health: 90 }), gold: 40, gems: 0, ledgerSeq: seq });
});

test('without an account it keeps what it has, and opens one with that', () => {
  const none = { seq: 0, balances: {} };
  expect(settleColumns(undefined, none, ASSETS)).toBeUndefined();
  const old = { gold: 7, health: 90 };
  expect(settleColumns(old, none, ASSETS)).toBe(old);
  expect(settleColumns(saved, none, ASSETS)).toEqual({ ...saved, ledgerSeq: 0 });
});
