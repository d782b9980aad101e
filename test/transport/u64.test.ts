import { expect, test } from 'vitest';
import { increment, readRounded, readWord, writeBigInt, writeNumber, writeWord } from '../../src/transport/u64.ts';

test.each([0n, 1n, 0xffn, 0xffff_ffffn, 2n ** 32n, 2n ** 53n, 2n ** 63n + 5n, 2n ** 64n - 1n])(
  '%i is written low byte first, and read in two words',
  (value) => {
    const bytes = new Uint8Array(12);
    writeBigInt(bytes, 3, value);
    expect(new DataView(bytes.buffer).getBigUint64(3, true)).toBe(value);
    expect(BigInt(readWord(bytes, 3)) + (BigInt(readWord(bytes, 7)) << 32n)).toBe(value);
    expect(readRounded(bytes, 3)).toBe(Number(value));
    if (value > 2n ** 53n) return;
    const again = new Uint8Array(12);
    writeNumber(again, 3, Number(value));
    expect(again).toEqual(bytes);
  },
);

test('a word touches four bytes', () => {
  const bytes = new Uint8Array(6).fill(9);
  writeWord(bytes, 1, 0x8040_2010);
  expect([...bytes]).toEqual([9, 0x10, 0x20, 0x40, 0x80, 9]);
});

test('counting carries into the high word', () => {
  const words = Uint32Array.of(7, 0xffff_fffe, 41);
  increment(words, 1);
  expect([...words]).toEqual([7, 0xffff_ffff, 41]);
  increment(words, 1);
  expect([...words]).toEqual([7, 0, 42]);
});
