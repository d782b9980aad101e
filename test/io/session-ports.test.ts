import { expect, test } from 'vitest';
import {
  addressKey,
  createSessionLimits,
  hashGuestSecret,
  isLoopbackAddress,
  secureRandom,
} from '../../src/io/session-ports.ts';

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

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::1', '0:0:0:0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::9', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
])('the address %s is limited as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});

test('which addresses are this machine itself', () => {
  expect(['127.0.0.1', '127.3.2.1', '::1', '::ffff:127.0.0.1'].map(isLoopbackAddress)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['10.0.0.1', '::2', '::ffff:10.0.0.1', '12.7.0.1', ''].map(isLoopbackAddress)).toEqual(Array(5).fill(false));
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
