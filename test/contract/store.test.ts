// The store contract: one suite, run over every implementation.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import type { AccountRecord } from '../../src/store/records.ts';
import type { Store } from '../../src/store/store.ts';

interface Implementation {
  readonly name: string;
  open(folder: string): Store;
}

const IMPLEMENTATIONS: readonly Implementation[] = [{ name: 'embedded', open: openEmbeddedStore }];

const account = (playerId: number, name: string, more: Partial<AccountRecord> = {}): AccountRecord => ({
  playerId,
  name,
  createdAtMs: 1_700_000_000_000,
  ...more,
});

describe.each(IMPLEMENTATIONS)('store contract: $name', ({ open }) => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'darkages-store-'));
    store = open(folder);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  test('an account is found by its name in any case and by its guest secret', async () => {
    const guest = account(2 ** 52 - 1, 'Guest.One', { guestSecretHash: 'hash-1' });
    const named = account(7, 'alice', { passwordHash: '$argon2id$x' });
    expect(await store.createAccount(guest)).toBe('created');
    expect(await store.createAccount(named)).toBe('created');
    expect(await store.findAccountByName('gUEST.oNE')).toEqual(guest);
    expect(await store.findAccountByGuestSecret('hash-1')).toEqual(guest);
    expect(await store.findAccountByName('alice')).toEqual(named);
    expect(await store.findAccountByName('nobody')).toBeUndefined();
    expect(await store.findAccountByGuestSecret('nothing')).toBeUndefined();
    expect(await store.findAccountByGuestSecret('')).toBeUndefined();
  });

  test('guests of old who have no character go, and nobody else', async () => {
    await store.createAccount(account(1, 'unused', { guestSecretHash: 'a', createdAtMs: 999 }));
    await store.createAccount(account(2, 'played', { guestSecretHash: 'b', createdAtMs: 999 }));
    await store.createAccount(account(3, 'young', { guestSecretHash: 'c', createdAtMs: 1000 }));
    await store.createAccount(account(4, 'named', { passwordHash: 'd', createdAtMs: 999 }));
    await store.saveCharacters([{ playerId: 2, game: 'another', columns: {} }]);
    expect(await store.deleteUnusedGuests(1000)).toBe(1);
    expect(await store.findAccountByGuestSecret('a')).toBeUndefined();
    for (const name of ['played', 'young', 'named']) expect(await store.findAccountByName(name), name).toBeDefined();
    expect(await store.createAccount(account(5, 'Unused'))).toBe('created');
  });

  test('a taken name or playerId is refused and changes nothing', async () => {
    await store.createAccount(account(1, 'Bob', { passwordHash: 'first' }));
    expect(await store.createAccount(account(2, 'bOB', { passwordHash: 'second' }))).toBe('name_taken');
    expect(await store.createAccount(account(1, 'carol'))).toBe('player_id_taken');
    expect(await store.findAccountByName('bob')).toMatchObject({ playerId: 1, passwordHash: 'first' });
    expect(await store.findAccountByName('carol')).toBeUndefined();
  });

  test('name_twin: a name that looks like another one is taken, and finds nobody', async () => {
    await store.createAccount(account(1, 'Bob'));
    for (const twin of ['B0b', 'Bob.', '_bob_', 'B-o-b']) {
      expect([twin, await store.createAccount(account(2, twin))]).toEqual([twin, 'name_taken']);
      expect([twin, await store.findAccountByName(twin)]).toEqual([twin, undefined]);
    }
    expect(await store.createAccount(account(2, 'Bobby'))).toBe('created');
  });

  test('names are data, not statements', async () => {
    const name = "x'); DROP TABLE accounts; --";
    await store.createAccount(account(3, name));
    expect((await store.findAccountByName(name))?.playerId).toBe(3);
  });

  test('a character is per player and game, and a save replaces it entirely', async () => {
    expect(await store.loadCharacter(1, 'darkages')).toBeUndefined();
    await store.saveCharacters([
      { playerId: 1, game: 'darkages', columns: { positionX: -2147483648, health: 2147483647, kills: 0 } },
      { playerId: 1, game: 'tag', columns: { isIt: 1 } },
      { playerId: 2, game: 'darkages', columns: {} },
    ]);
    expect(await store.loadCharacter(1, 'darkages')).toEqual({
      positionX: -2147483648,
      health: 2147483647,
      kills: 0,
    });
    expect(await store.loadCharacter(1, 'tag')).toEqual({ isIt: 1 });
    expect(await store.loadCharacter(2, 'darkages')).toEqual({});
    await store.saveCharacters([{ playerId: 1, game: 'darkages', columns: { positionX: 5 } }]);
    expect(await store.loadCharacter(1, 'darkages')).toEqual({ positionX: 5 });
  });

  test('a batch is all or nothing', async () => {
    await store.saveCharacters([{ playerId: 1, game: 'g', columns: { health: 1 } }]);
    const circular: Record<string, number> = {};
    (circular as Record<string, unknown>).self = circular;
    const batch = [
      { playerId: 1, game: 'g', columns: { health: 2 } },
      { playerId: 2, game: 'g', columns: circular },
    ];
    await expect(store.saveCharacters(batch)).rejects.toMatchObject({ code: 'DARKAGES_STORE_FAILED' });
    expect(await store.loadCharacter(1, 'g')).toEqual({ health: 1 });
    await store.saveCharacters([{ playerId: 1, game: 'g', columns: { health: 3 } }]);
    expect(await store.loadCharacter(1, 'g')).toEqual({ health: 3 });
  });

  test('everything is there after closing and opening again', async () => {
    await store.createAccount(account(9, 'dora', { guestSecretHash: 'h' }));
    await store.saveCharacters(
      Array.from({ length: 2000 }, (_, index) => ({ playerId: index + 1, game: 'g', columns: { health: index } })),
    );
    await store.close();
    store = open(folder);
    await store.ping();
    expect((await store.findAccountByGuestSecret('h'))?.name).toBe('dora');
    expect(await store.loadCharacter(2000, 'g')).toEqual({ health: 1999 });
  });
});
