import { expect, test } from 'vitest';
import { createPasswords } from '../../src/io/password.ts';

test('a password matches its own hash only, and no two hashes are alike', async () => {
  const passwords = createPasswords();
  const first = await passwords.hash('correct horse');
  const second = await passwords.hash('correct horse');
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(first).not.toBe(second);
  expect(await passwords.verify(first, 'correct horse')).toBe(true);
  expect(await passwords.verify(second, 'correct horsf')).toBe(false);
  expect(await passwords.verify(`${first}x`, 'correct horse')).toBe(false);
  expect(await passwords.verify('', 'correct horse')).toBe(false);
  expect(await passwords.verify(await passwords.hash('caf\u00e9 au lait'), 'cafe\u0301 au lait')).toBe(true);
});

test('an unknown account costs about as much as a known one', async () => {
  const passwords = createPasswords();
  const hash = await passwords.hash('correct horse');
  const cpuOf = async (work: () => Promise<unknown>) => {
    const before = process.cpuUsage();
    for (let round = 0; round < 3; round++) await work();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const known = await cpuOf(() => passwords.verify(hash, 'wrong password'));
  const unknown = await cpuOf(() => passwords.verify(undefined, 'wrong password'));
  expect(unknown / known).toBeGreaterThan(0.4);
  expect(unknown / known).toBeLessThan(2.5);
});

test('beyond the bound it refuses, and those in the queue are served', async () => {
  const passwords = createPasswords({ runningMax: 1, waitingMax: 2 });
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.hash('correct horse')));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
  expect((results[4] as PromiseRejectedResult).reason).toMatchObject({ code: 'DARKAGES_PASSWORD_BUSY' });
  expect(await passwords.hash('correct horse')).toContain('argon2id');
});
