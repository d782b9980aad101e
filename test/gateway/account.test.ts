import { describe, expect, test } from 'vitest';
import { ServerError } from '../../src/base/errors.ts';
import { deleteAccount, exportAccount, NAME_KEPT_MS } from '../../src/gateway/account.ts';
import { createBench, secretOf } from './session-bench.ts';

const PASSWORD = 'correct horse';

async function createPlayers() {
  const bench = createBench();
  await bench.post({});
  const named = await bench.post({ name: 'Alice', password: PASSWORD, create: true });
  const [guest, alice] = bench.accounts.map(({ playerId }) => playerId);
  return { ...bench, guest: guest!, alice: alice!, ticket: String(named.body.resume) };
}

describe('export', () => {
  test('tells an owner everything but hashes: by guest secret, by password, by ticket', async () => {
    const { ask, guest, alice, ticket } = await createPlayers();
    expect(await ask(exportAccount, { guestSecret: secretOf(0) })).toEqual({
      status: 200,
      body: {
        account: { playerId: String(guest), name: 'guest-1', kind: 'guest', createdAtMs: 1_700_000_000_000 },
        characters: [{ game: 'darkages', playerId: guest }],
      },
    });
    const named = await ask(exportAccount, { name: 'alice', password: PASSWORD });
    expect(named.body.account).toEqual({
      ...{ playerId: String(alice), name: 'Alice', kind: 'named', createdAtMs: 1_700_000_000_000 },
    });
    expect(await ask(exportAccount, { resume: ticket })).toEqual(named);
    expect(JSON.stringify(named)).not.toMatch(/hash/i);
  });
});

describe('deletion', () => {
  test('takes secret or password again, and then the account is gone for all of them', async () => {
    const { ask, post, state, guest, alice, ticket } = await createPlayers();
    expect(await ask(deleteAccount, { resume: ticket })).toMatchObject({ status: 400, body: { error: 'malformed' } });
    expect(state.deleted).toEqual([]);
    expect(await ask(deleteAccount, { name: 'ALICE', password: PASSWORD })).toEqual({
      status: 200,
      body: { deleted: String(alice), nameFreeInS: 30 * 24 * 3600 },
    });
    expect((await ask(deleteAccount, { guestSecret: secretOf(0) })).status).toBe(200);
    expect(state.deleted).toEqual([
      [alice, NAME_KEPT_MS],
      [guest, NAME_KEPT_MS],
    ]);
    for (const body of [{ resume: ticket }, { name: 'alice', password: PASSWORD }, { guestSecret: secretOf(0) }]) {
      expect([body, (await post(body)).status]).toEqual([body, 401]);
      expect((await ask(exportAccount, body)).status).toBe(401);
    }
  });

  test('is refused while the character stands in a zone', async () => {
    const { ask, state, alice, accounts } = await createPlayers();
    state.standsIn.set(alice, 1);
    const answer = await ask(deleteAccount, { name: 'alice', password: PASSWORD });
    expect(answer).toMatchObject({ status: 409, body: { error: 'in_play' }, retryAfterS: 10 });
    expect(accounts).toHaveLength(2);
  });
});

for (const [name, answer] of Object.entries({ exportAccount, deleteAccount })) {
  describe(name, () => {
    test.each<[unknown, number, string]>([
      [undefined, 400, 'malformed'],
      [null, 400, 'malformed'],
      [[], 400, 'malformed'],
      [{}, 400, 'bad_name'],
      [{ name: 'alice' }, 400, 'bad_password'],
      [{ name: 'alice', password: PASSWORD, create: true }, 400, 'malformed'],
      [{ name: 'alice', password: PASSWORD, guestSecret: 'x' }, 400, 'malformed'],
      [{ guestSecret: 7 }, 400, 'malformed'],
      [{ guestSecret: 'x', resume: 'y' }, 400, 'malformed'],
      [{ guestSecret: 'x'.repeat(32) }, 401, 'bad_credentials'],
      [{ name: 'alice', password: 'wrong password' }, 401, 'bad_credentials'],
      [{ name: 'guest-1', password: PASSWORD }, 401, 'bad_credentials'],
    ])('the body %j is refused', async (body, status, error) => {
      const { ask, accounts } = await createPlayers();
      expect(await ask(answer, body)).toMatchObject({ status, body: { error } });
      expect(accounts).toHaveLength(2);
    });

    test('keeps to TLS, origin, and the limits of sessions and logins', async () => {
      const { ask, state } = await createPlayers();
      const body = { name: 'alice', password: 'wrong password' };
      expect(await ask(answer, body, { isEncrypted: false })).toMatchObject({ body: { error: 'tls_required' } });
      expect(await ask(answer, body, { origin: 'http://evil.test' })).toMatchObject({
        body: { error: 'origin_refused' },
      });
      for (let guess = 0; guess < 10; guess++) expect((await ask(answer, body)).status).toBe(401);
      expect(await ask(answer, { ...body, password: PASSWORD })).toMatchObject({ status: 429, retryAfterS: 42 });
      state.passwordWaitS = 5;
      expect(await ask(answer, body)).toMatchObject({ status: 429, retryAfterS: 5 });
      state.waitS = 30;
      expect(await ask(answer, { guestSecret: secretOf(0) })).toMatchObject({ status: 429, retryAfterS: 30 });
    });

    test('a store that fails is a 503, and a fault of ours is not hidden', async () => {
      const { ask, state } = await createPlayers();
      const body = { name: 'alice', password: PASSWORD };
      state.failWith = new ServerError('DARKAGES_STORE_TIMEOUT', 'inner');
      expect(await ask(answer, body)).toMatchObject({ status: 503, body: { error: 'store_unavailable' } });
      state.failWith = new Error('bug');
      await expect(ask(answer, body)).rejects.toThrow('bug');
    });
  });
}
