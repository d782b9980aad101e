import { expect, test } from 'vitest';
import { createSessionLimits, hashGuestSecret, secureRandom } from '../../src/io/session-ports.ts';

test('player ids are 1 … 2⁵²−1 and use the upper half, secrets are 32 characters, none twice', () => {
  const ids = Array.from({ length: 2000 }, () => secureRandom.playerId());
  for (const id of ids) expect(Number.isSafeInteger(id) && id > 0 && id < 2 ** 52).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect(Math.max(...ids)).toBeGreaterThan(2 ** 51);
  const secrets = Array.from({ length: 2000 }, () => secureRandom.guestSecret());
  for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9_-]{32}$/);
  expect(new Set(secrets).size).toBe(secrets.length);
  expect(secureRandom.guestName()).toMatch(/^guest-[0-9a-f]{6}$/);
  expect(hashGuestSecret('a')).not.toBe(hashGuestSecret('b'));
});

test('limits are per address and per name, and a success forgets failures', async () => {
  const limits = createSessionLimits(3);
  for (let session = 0; session < 3; session++) expect(await limits.takeSession('10.0.0.1')).toBe(0);
  const waitS = await limits.takeSession('10.0.0.1');
  expect(waitS).toBeGreaterThan(0);
  expect(waitS).toBeLessThanOrEqual(60);
  expect(await limits.takeSession('10.0.0.2')).toBe(0);
  for (let login = 0; login < 10; login++) expect(await limits.takeLogin('alice', '10.0.0.1')).toBe(0);
  expect(await limits.takeLogin('alice', '10.0.0.1')).toBeGreaterThan(0);
  expect(await limits.takeLogin('bob', '10.0.0.1')).toBe(0);
  await limits.forgetLogins('alice', '10.0.0.1');
  expect(await limits.takeLogin('alice', '10.0.0.1')).toBe(0);
  for (let password = 0; password < 60; password++) expect(await limits.takePassword('10.0.0.1')).toBe(0);
  expect(await limits.takePassword('10.0.0.1')).toBeGreaterThan(0);
});

test('players of one host who come back by a ticket have a limit of their own, for all of a zone at once', async () => {
  for (const perMinute of [3, 5_000]) {
    const limits = createSessionLimits(perMinute);
    const most = Math.max(1_000, perMinute);
    for (let resume = 0; resume < most; resume++) expect(await limits.takeResume('10.0.0.1')).toBe(0);
    const waitS = await limits.takeResume('10.0.0.1');
    expect([waitS > 0, waitS <= 10]).toEqual([true, true]);
    expect(await limits.takeResume('10.0.0.2')).toBe(0);
    expect(await limits.takeSession('10.0.0.1')).toBe(0);
  }
});
