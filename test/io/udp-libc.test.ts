import { expect, test } from 'vitest';
import { loadLibc, nameErrno } from '../../src/io/udp-libc.ts';

const libc = await loadLibc();
const isKnown = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

test('it is there on Linux and nowhere else', () => {
  expect(libc !== undefined).toBe(isKnown);
});

test('errors have their names', () => {
  expect(nameErrno(98)).toBe(isKnown ? 'EADDRINUSE' : expect.any(String));
  expect(nameErrno(9999)).toBe('error 9999');
});

test.runIf(libc)('a call that fails leaves its errno', () => {
  expect(libc!.close(-1)).toBe(-1);
  expect(nameErrno(libc!.errno())).toBe('EBADF');
});

test.runIf(libc)('the memory of an array lies where its buffer lies, however small it is', () => {
  for (const words of [new Uint32Array(2), new Uint32Array(100_000)]) {
    const at = libc!.addressOf(words);
    expect(libc!.addressOf(words.subarray(1))).toBe(at + 4n);
    expect(libc!.addressOf(words)).toBe(at);
  }
});
