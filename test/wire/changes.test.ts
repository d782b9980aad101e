import { expect, test } from 'vitest';
import { createWidths, groupCount } from '../../src/wire/changes.ts';

test('a difference has four widths, the widest of which holds any; they follow from the row alone', () => {
  const bits = [7, 8, 9, 10, 16, 25, 31, 32, 1];
  const widths = createWidths(bits.map((one) => ({ bits: one })));
  expect([...widths.subarray(5 * 4, 6 * 4)]).toEqual([7, 10, 13, 25]);
  for (const [row, one] of bits.entries()) {
    const classes = [...widths.subarray(row * 4, row * 4 + 4)];
    expect(classes).toEqual(classes.toSorted((a, b) => a - b));
    expect([classes[0]! >= 1, classes[3]]).toEqual([true, one]);
  }
});

test('a mask has a group for each four rows that were begun', () => {
  expect([0, 1, 4, 5, 12, 13].map(groupCount)).toEqual([0, 1, 1, 2, 3, 4]);
});
