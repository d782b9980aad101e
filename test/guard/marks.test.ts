import { expect, test } from 'vitest';
import { MARKS } from '../../src/guard/marks.ts';

test('the ranges are ascending and whole, and hold neither letters nor what is told apart elsewhere', () => {
  expect(MARKS.length % 2).toBe(0);
  for (let index = 1; index < MARKS.length; index++) {
    if (index % 2 === 1) expect(MARKS[index]).toBeGreaterThanOrEqual(MARKS[index - 1]!);
    else expect(MARKS[index]).toBeGreaterThan(MARKS[index - 1]! + 1);
  }
  const inRange = (code: number) =>
    MARKS.some((from, index) => index % 2 === 0 && code >= from && code <= MARKS[index + 1]!);
  // Fillers and variants are invisible; Arabic and Tibetan letters beside their marks are letters.
  for (const code of [0x61, 0x34f, 0x17b4, 0x180b, 0xfe0f, 0x200d, 0x627, 0xf40, 0xf98])
    expect([code, inRange(code)]).toEqual([code, false]);
  for (const code of [0x300, 0x5bf, 0x670, 0x951, 0xf71, 0xf90, 0xfbc, 0x17d2, 0x20e3, 0x1e8d0])
    expect([code, inRange(code)]).toEqual([code, true]);
});
