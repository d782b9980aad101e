import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readKey } from '../../src/io/keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (more: { text?: string; file?: string; isProduction?: boolean }) =>
  readKey({ variable: 'A_KEY', flag: '--a-key-file', text: undefined, file: '', isProduction: false, ...more });

const BYTES = Uint8Array.from({ length: 32 }, (_, index) => 255 - 7 * index);
const base64url = Buffer.from(BYTES).toString('base64url');

test('a key is the same 32 bytes in hex, base64url and base64, from the environment and from a file', async () => {
  for (const text of [Buffer.from(BYTES).toString('hex'), base64url, Buffer.from(BYTES).toString('base64')]) {
    const file = join(folder, 'key');
    writeFileSync(file, `${text}\n`);
    for (const source of [{ text }, { file }]) {
      const key = await read({ ...source, isProduction: true });
      expect(key).toEqual({ bytes: BYTES, isKept: true });
      // What threads are handed is this key and nothing that lies beside it in memory.
      expect(key.bytes.buffer.byteLength).toBe(32);
    }
  }
});

test('without one it is another each time, but not in production', async () => {
  const [first, second] = [await read({}), await read({ text: '' })];
  expect([first.isKept, first.bytes.length]).toEqual([false, 32]);
  expect(first.bytes).not.toEqual(second.bytes);
  await expect(read({ isProduction: true })).rejects.toMatchObject({
    code: 'DARKAGES_KEY_INVALID',
    message: '--production needs a key that outlives the process: set A_KEY or --a-key-file.',
  });
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
