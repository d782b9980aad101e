import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deriveKey, keepKey, missingKey, readKey, spellKey } from '../../src/io/keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const SOURCE = { variable: 'A_KEY', flag: '--a-key-file', text: undefined, file: '' };
const read = (more: { text?: string; file?: string }) => readKey({ ...SOURCE, ...more });

const BYTES = Uint8Array.from({ length: 32 }, (_, index) => 255 - 7 * index);
const base64url = Buffer.from(BYTES).toString('base64url');

test('a key is the same 32 bytes in hex, base64url and base64, from the environment and from a file', async () => {
  for (const text of [Buffer.from(BYTES).toString('hex'), base64url, Buffer.from(BYTES).toString('base64')]) {
    const file = join(folder, 'key');
    writeFileSync(file, `${text}\n`);
    for (const source of [{ text }, { file }]) {
      const key = await read(source);
      expect(key).toEqual(BYTES);
      // What threads are handed is this key and nothing that lies beside it in memory.
      expect(key!.buffer.byteLength).toBe(32);
    }
  }
});

test('without one there is none, and in production that is a sentence', async () => {
  expect([await read({}), await read({ text: '' })]).toEqual([undefined, undefined]);
  expect(missingKey(SOURCE)).toMatchObject({
    code: 'DARKAGES_KEY_INVALID',
    message: '--production needs a key that outlives the process: set A_KEY or --a-key-file.',
  });
});

test('a kept key is made once, for its owner alone, and then found; of many who make it at once all have the same', async () => {
  const file = join(folder, 'keys', 'token.key');
  const keys = await Promise.all(Array.from({ length: 8 }, () => keepKey(file)));
  for (const key of keys) expect(key).toEqual(keys[0]);
  expect(keys[0]).toHaveLength(32);
  expect(await keepKey(file)).toEqual(keys[0]);
  expect(await keepKey(join(folder, 'keys', 'connect.key'))).not.toEqual(keys[0]);
  expect(readdirSync(join(folder, 'keys')).sort()).toEqual(['connect.key', 'token.key']);
  expect([statSync(file).mode & 0o777, statSync(join(folder, 'keys')).mode & 0o777]).toEqual([0o600, 0o700]);
  expect(await read({ file })).toEqual(keys[0]);
});

test('a kept key that is broken, or can not be made, is a sentence, and is not made anew', async () => {
  const file = join(folder, 'token.key');
  writeFileSync(file, 'torn');
  await expect(keepKey(file)).rejects.toThrow(/^The key file .*token.key must be 32 bytes in hex/);
  expect(readFileSync(file, 'utf8')).toBe('torn');
  await expect(keepKey(join(file, 'below', 'a.key'))).rejects.toMatchObject({
    code: 'DARKAGES_KEY_INVALID',
    message: expect.stringMatching(/can't be written or read \((ENOTDIR|EEXIST)\)/),
  });
});

test('a derived key is the same for the same purpose and process, and another for each other one', () => {
  const other = Uint8Array.from(BYTES, (byte) => byte ^ 1);
  const keys = [
    deriveKey(BYTES, 'ticket'),
    deriveKey(BYTES, 'join', 'a'),
    deriveKey(BYTES, 'join', 'b'),
    deriveKey(BYTES, 'connect', 'a'),
    deriveKey(other, 'ticket'),
    BYTES,
  ].map((key) => Buffer.from(key).toString('hex'));
  expect(new Set(keys).size).toBe(keys.length);
  expect(deriveKey(BYTES, 'join', 'a')).toEqual(deriveKey(BYTES, 'join', 'a'));
  expect(deriveKey(BYTES, 'join', 'a').buffer.byteLength).toBe(32);
});

test.each([
  ['too short', base64url.slice(1)],
  ['too long', `${base64url}A`],
  ['hex with a hole', `${'0'.repeat(63)} `],
  ['bits that mean nothing', `${base64url.slice(0, 42)}B`],
  ['words', 'correct horse battery staple'],
])('a key that is %s is refused in a sentence that does not tell it', async (_what, text) => {
  const refusal = await read({ text }).catch((error: Error) => error);
  expect(refusal).toMatchObject({ code: 'DARKAGES_KEY_INVALID' });
  expect((refusal as Error).message).toMatch(/^A_KEY must be 32 bytes in hex or base64url/);
  expect((refusal as Error).message).not.toContain(text.slice(0, 8));
});

test('a file that is not there, and two sources, are a sentence each', async () => {
  const file = join(folder, 'none');
  await expect(read({ file })).rejects.toThrow(`--a-key-file ${file} can't be read: ENOENT.`);
  await expect(read({ file, text: base64url })).rejects.toThrow('Give A_KEY or --a-key-file, not both.');
});

test('however somebody wrote a key, it is among its spellings', () => {
  const spelled = spellKey(BYTES);
  for (const encoding of ['hex', 'base64', 'base64url'] as const) {
    const text = Buffer.from(BYTES).toString(encoding);
    expect(spelled.some((one) => text.startsWith(one))).toBe(true);
  }
});
