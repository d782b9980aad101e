import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Config, parseConfig } from '../../src/io/config.ts';
import { readStoreOptions } from '../../src/io/config-store.ts';

type Environment = Readonly<Record<string, string>>;

function config(text: string, environment: Environment = {}): Config {
  const result = parseConfig(text.split(' ').filter(Boolean), environment, '0');
  if (!('config' in result)) throw new Error('no configuration');
  return result.config;
}

const BOTH = '--store redis+scylla --redis-url redis://r:7 --scylla-contact-points a,b:2';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('where state is kept', () => {
  test('embedded needs nothing more', async () => {
    expect(await readStoreOptions(config('--data /d'), {})).toEqual({ kind: 'embedded', folder: '/d' });
  });

  test('Redis and ScyllaDB by flags, passwords from the environment or from files', async () => {
    const given = { DARKAGES_REDIS_PASSWORD: 'r-word' };
    const file = join(folder, 'password');
    writeFileSync(file, 's-word\n');
    const text = `${BOTH} --scylla-user u --scylla-password-file ${file} --scylla-replicas 2 --store-name x_1 --data /d`;
    expect(await readStoreOptions(config(text), given)).toEqual({
      kind: 'redis+scylla',
      folder: '/d',
      redis: expect.objectContaining({ kind: 'single', hosts: [{ host: 'r', port: 7 }], password: 'r-word' }),
      scylla: { contactPoints: ['a:9042', 'b:2'], username: 'u', password: 's-word' },
      name: 'x_1',
      replicas: 2,
    });
  });

  test('a password in the URL is taken from the environment, where others do not see it', async () => {
    const environment = { DARKAGES_REDIS_URL: 'redis://:geheim@r', DARKAGES_STORE: 'redis+scylla' };
    const read = await readStoreOptions(config('--scylla-contact-points a', environment), environment);
    expect(read).toMatchObject({ redis: { password: 'geheim' } });
  });

  test.each<[string, RegExp]>([
    ['--store redis+scylla', /^--store redis\+scylla needs --redis-url\.$/],
    ['--store redis+scylla --redis-url redis://r', /^--store redis\+scylla needs --scylla-contact-points\.$/],
    ['--redis-url redis://r', /^--redis-url needs --store redis\+scylla\.$/],
    ['--scylla-contact-points a', /^--scylla-contact-points needs --store/],
    ['--scylla-user u', /^--scylla-user needs --store/],
    [`${BOTH} --redis-url http://:geheim@r`, /^--redis-url must be redis:\/\/HOST:PORT, [^"]*\.$/],
    [
      `${BOTH} --redis-url redis://:geheim@r`,
      /^--redis-url must not hold a password, .*: set DARKAGES_REDIS_PASSWORD\.$/,
    ],
    [
      `${BOTH} --scylla-contact-points a:x`,
      /^--scylla-contact-points must be hosts with or without a port, .*, not "a:x"\.$/,
    ],
    [`${BOTH} --store-name Dark-Ages`, /^--store-name must be a lower-case letter/],
    [`${BOTH} --scylla-replicas 0`, /^--scylla-replicas must be a whole number from 1 to 9, or auto/],
  ])('%s is refused in one sentence', (text, sentence) => {
    expect(() => config(text)).toThrow(expect.objectContaining({ message: expect.stringMatching(sentence) }));
    expect(() => config(text)).not.toThrow(/geheim/);
  });

  test('a user without a password, two passwords, and a file that is not there are refused', async () => {
    const user = config(`${BOTH} --scylla-user u`);
    await expect(readStoreOptions(user, {})).rejects.toThrow(/^--scylla-user needs its password/);
    const file = config(`${BOTH} --redis-password-file ${folder}/nothing`);
    await expect(readStoreOptions(file, {})).rejects.toThrow(/^--redis-password-file .* can't be read: ENOENT\.$/);
    await expect(readStoreOptions(file, { DARKAGES_REDIS_PASSWORD: 'geheim' })).rejects.toThrow(
      /^Give DARKAGES_REDIS_PASSWORD or --redis-password-file, not both\.$/,
    );
  });
});
