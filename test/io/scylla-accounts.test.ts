// Deleting guests, those who never played beside play: on tables in memory, since it depends on what happens between two calls.
// All else of accounts is tested on a real Cassandra (test/contract/store.test.ts).

import { expect, test } from 'vitest';
import { createScyllaAccounts } from '../../src/io/scylla-accounts.ts';
import type { Row, ScyllaClient, Statement } from '../../src/io/scylla-client.ts';

/** What the driver answers at once. */
const PAGE_ROWS = 5_000;

interface Guest {
  readonly playerId: number;
  readonly createdAtMs: number;
}

/**
 * @param guests the oldest first
 * @param before waits before each call, if it likes
 */
function createTables(
  guests: readonly Guest[],
  before: (query: string) => Promise<void> | undefined = () => undefined,
) {
  const accounts = new Map(guests.map((guest) => [guest.playerId, guest]));
  const days = new Set([0]);
  const byDay = new Map(accounts);
  const secretOf = (playerId: number) => `secret-${playerId}`;
  const secrets = new Set(guests.map(({ playerId }) => secretOf(playerId)));
  /** By player, of rows of deleted accounts: the hash that is left. */
  const emptied = new Map<number, string | null>();
  /** Who has a character. */
  const played = new Set<number>();

  const readRows = (query: string, values: readonly unknown[]): Row[] => {
    if (query.includes('FROM guest_days')) return [...days].map((day) => ({ day }));
    if (query.includes('FROM guests_by_day')) {
      const [, fromMs, beforeMs] = values.map(Number);
      return [...byDay.values()]
        .filter(({ createdAtMs }) => createdAtMs >= fromMs! && createdAtMs < beforeMs!)
        .slice(0, PAGE_ROWS)
        .map(({ createdAtMs, playerId }) => ({ created_at_ms: BigInt(createdAtMs), player_id: BigInt(playerId) }));
    }
    if (query.includes('FROM characters')) return played.has(Number(values[0])) ? [{ game: 'g' }] : [];
    if (query.includes('FROM guest_secrets') && !secrets.has(String(values[0]))) return [];
    if (query.includes('FROM guest_secrets')) return [{ player_id: BigInt(String(values[0]).slice(7)) }];
    const guest = query.includes('FROM accounts') ? accounts.get(Number(values[0])) : undefined;
    if (guest === undefined) return [];
    const { playerId, createdAtMs } = guest;
    const left = emptied.get(playerId);
    if (left !== undefined) return [{ guest_secret_hash: left, password_hash: null, claim: 'deleted' }];
    const more = { name: `guest-${playerId}`, guest_secret_hash: secretOf(playerId), password_hash: null, claim: 'c' };
    return [{ player_id: BigInt(playerId), created_at_ms: BigInt(createdAtMs), ...more }];
  };
  const change = (query: string, values: readonly unknown[]): void => {
    if (query.includes('INTO guest_days')) days.add(Number(values[1]));
    if (query.includes('INTO guests_by_day')) byDay.set(Number(values[2]), accounts.get(Number(values[2]))!);
    if (query.includes('FROM guest_days')) days.delete(Number(values[1]));
    if (query.includes('FROM guests_by_day')) byDay.delete(Number(values[2]));
    if (query.includes('FROM accounts')) accounts.delete(Number(values[0]));
    if (query.includes('FROM guest_secrets')) secrets.delete(String(values[0]));
    if (!query.startsWith('UPDATE accounts')) return;
    const isSecretKept = !query.includes('guest_secret_hash = null');
    emptied.set(Number(values[0]), isSecretKept ? secretOf(Number(values[0])) : null);
  };
  const call = async <T>({ query }: Statement, work: (query: string) => T): Promise<T> => {
    await before(query);
    return work(query);
  };
  const scylla: ScyllaClient = {
    read: (statement, values) => call(statement, (query) => readRows(query, values)),
    write: (statement, values) => call(statement, (query) => change(query, values)),
    writeIf: (statement, values) =>
      call(statement, (query) => {
        change(query, values);
        return undefined;
      }),
    writeAll: (statements) =>
      call(statements[0]![0], () => {
        for (const [{ query }, values] of statements) change(query, values);
      }),
    close: async () => {},
  };
  const hashes = () => [...secrets, ...emptied.values()].filter((hash) => hash !== null);
  return { scylla, accounts, days, played, secretOf, hashes, left: () => byDay.size };
}

const range = (count: number): Guest[] =>
  Array.from({ length: count }, (_, index) => ({ playerId: index + 1, createdAtMs: Math.floor(index / 3) }));

const DAY_MS = 24 * 60 * 60 * 1000;

test('of a day with more guests than a page has, all go', async () => {
  const count = 2 * PAGE_ROWS + 1;
  const tables = createTables(range(count));
  expect(await createScyllaAccounts(tables.scylla, () => 0).deleteUnusedGuests(DAY_MS)).toBe(count);
  expect([tables.accounts.size, tables.left(), tables.days.size]).toEqual([0, 0, 0]);
});

test('a day that is cut off in the middle is gone on with', async () => {
  let calls = 0;
  const tables = createTables(range(20), () => (++calls === 50 ? Promise.reject(new Error('cut off')) : undefined));
  const { deleteUnusedGuests } = createScyllaAccounts(tables.scylla, () => 0);
  await expect(deleteUnusedGuests(DAY_MS)).rejects.toThrow('cut off');
  expect([tables.accounts.size > 0, tables.days.size]).toEqual([true, 1]);
  await deleteUnusedGuests(DAY_MS);
  expect([tables.accounts.size, tables.left(), tables.days.size]).toEqual([0, 0, 0]);
});

test('who was looked for before it is its turn stays; who is at its turn waits, and is told that there is none', async () => {
  const atTurn = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const tables = createTables(range(2), (query) => {
    if (!query.startsWith('DELETE FROM accounts')) return undefined;
    atTurn.resolve();
    return goOn.promise;
  });
  const accounts = createScyllaAccounts(tables.scylla, () => 0);
  const deleting = accounts.deleteUnusedGuests(DAY_MS);
  await atTurn.promise;
  const first = accounts.findAccountByGuestSecret(tables.secretOf(1));
  expect(await accounts.findAccountByGuestSecret(tables.secretOf(2))).toMatchObject({ playerId: 2 });
  goOn.resolve();
  expect(await first).toBeUndefined();
  expect(await deleting).toBe(1);
  expect(await accounts.findAccountByGuestSecret(tables.secretOf(2))).toMatchObject({ playerId: 2 });
});

test.each(['its owner, else the next start', 'whoever deletes it'])(
  'of a guest whose deletion is cut off anywhere nothing is left when %s has done it again',
  async (who) => {
    for (let calls = 1, isWhole = false; !isWhole; calls++) {
      let left = 0;
      const tables = createTables(range(1), () => (--left === 0 ? Promise.reject(new Error('cut off')) : undefined));
      const accounts = createScyllaAccounts(tables.scylla, () => 0);
      // It has outlived a start by a day, and is looked at no more.
      tables.played.add(1);
      expect([await accounts.deleteUnusedGuests(DAY_MS), tables.left(), tables.days.size]).toEqual([0, 0, 0]);
      left = calls;
      isWhole = await accounts.deleteAccount(1, 0).catch(() => false);
      left = 0;
      const found = await accounts.findAccountByGuestSecret(tables.secretOf(1));
      if (found !== undefined || who === 'whoever deletes it') {
        expect(await accounts.deleteAccount(1, 0), `call ${calls}`).toBe(found !== undefined);
      } else expect(await accounts.deleteUnusedGuests(DAY_MS)).toBe(0);
      expect(tables.hashes(), `call ${calls}`).toEqual([]);
    }
  },
);
