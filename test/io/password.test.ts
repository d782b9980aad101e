import { argon2Sync } from 'node:crypto';
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
    await work();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const known: number[] = [];
  const unknown: number[] = [];
  // In turns, and the least of each: what else the process does at the time is no part of it.
  for (let round = 0; round < 5; round++) {
    known.push(await cpuOf(() => passwords.verify(hash, 'wrong password')));
    unknown.push(await cpuOf(() => passwords.verify(undefined, 'wrong password')));
  }
  const ratio = Math.min(...unknown) / Math.min(...known);
  expect(ratio).toBeGreaterThan(0.4);
  expect(ratio).toBeLessThan(2.5);
});

test('beyond the bound it refuses, and those in the queue are served', async () => {
  const passwords = createPasswords({ runningMax: 1, waitingMax: 2 });
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.hash('correct horse')));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
  expect((results[4] as PromiseRejectedResult).reason).toMatchObject({ code: 'DARKAGES_PASSWORD_BUSY' });
  expect(await passwords.hash('correct horse')).toContain('argon2id');
});

test('a hash is weak that was made with less than a new one gets; it still matches its password', async () => {
  const passwords = createPasswords();
  const hash = await passwords.hash('correct horse');
  expect(passwords.isWeak(hash)).toBe(false);
  for (const [parameters, isWeak] of [
    ['m=19455,t=2,p=1', true],
    ['m=19456,t=1,p=1', true],
    ['m=4096,t=9,p=1', true],
    ['m=65536,t=3,p=4', false],
    ['m=19456,t=2,p=0', true],
  ] as const) {
    expect([parameters, passwords.isWeak(hash.replace('m=19456,t=2,p=1', parameters))]).toEqual([parameters, isWeak]);
  }
  expect(passwords.isWeak('$argon2i$old')).toBe(true);
  // With a tenth of the memory.
  const message = Buffer.from('correct horse');
  const nonce = Buffer.alloc(16, 7);
  const derived = argon2Sync('argon2id', { message, nonce, tagLength: 32, memory: 2048, passes: 1, parallelism: 1 });
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replaceAll('=', '');
  const old = `$argon2id$v=19$m=2048,t=1,p=1$${text(nonce)}$${text(derived)}`;
  expect([await passwords.verify(old, 'correct horse'), passwords.isWeak(old)]).toEqual([true, true]);
});
