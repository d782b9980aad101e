import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  applyDifference,
  type ColumnSpecs,
  createRows,
  ENGINE_COLUMNS,
  wrapDifference,
} from '../../src/sim/columns.ts';

const WIDTHS = [1, 6, 8, 10, 16, 25, 31, 32].flatMap((bits) => [
  { bits, signed: false },
  { bits, signed: true },
]);
// An unsigned row of 32 bits does not exist: columns are int32.
const widths = WIDTHS.filter(({ bits, signed }) => signed || bits < 32);

const rangeOf = ({ bits, signed }: { bits: number; signed: boolean }): readonly [number, number] =>
  signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];

test('a difference applied to its baseline gives the value, over the whole range of each width', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...widths),
      fc.noShrink(fc.double({ min: 0, max: 1, noNaN: true })),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (width, a, b) => {
        const [least, most] = rangeOf(width);
        const from = Math.round(least + a * (most - least)) | 0;
        const to = Math.round(least + b * (most - least)) | 0;
        const difference = wrapDifference(width.bits, to - from);
        expect(Math.abs(difference)).toBeLessThanOrEqual(2 ** (width.bits - 1));
        expect(applyDifference(width, from, difference)).toBe(to);
      },
    ),
  );
});

test('angles take the short way', () => {
  const angle = { bits: 16, signed: false };
  expect(wrapDifference(16, 10 - 65_530)).toBe(16);
  expect(wrapDifference(16, 65_530 - 10)).toBe(-16);
  expect(applyDifference(angle, 65_530, 16)).toBe(10);
  expect(applyDifference({ bits: 10, signed: false }, 1020, 8)).toBe(4);
});

test('whatever difference comes in, the value stays in its range', () => {
  fc.assert(
    fc.property(fc.constantFrom(...widths), fc.integer(), fc.integer(), (width, baseline, difference) => {
      const [least, most] = rangeOf(width);
      const value = applyDifference(width, baseline, difference);
      expect(value).toBeGreaterThanOrEqual(least);
      expect(value).toBeLessThanOrEqual(most);
    }),
  );
});

test('rows of the engine: public ones by field number, then the owner’s; coarse and fine make up the column', () => {
  const rows = createRows(ENGINE_COLUMNS);
  const text = rows.map((row) => `${row.name}=${row.field}${row.ownerOnly ? ' owner' : ''}`);
  expect(text).toEqual([
    'position_x=4',
    'position_y=5',
    'position_z=6',
    'facing=7',
    'velocity_x=8 owner',
    'velocity_y=9 owner',
    'velocity_z=10 owner',
    'position_x_fine=13 owner',
    'position_y_fine=14 owner',
    'position_z_fine=15 owner',
    'facing_fine=2001 owner',
  ]);
  const coarse = rows[0]!;
  const fine = rows[7]!;
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const high = (value >> coarse.shift) & coarse.mask;
      const low = (value >> fine.shift) & fine.mask;
      expect((high << coarse.shift) | low).toBe(value);
    }),
  );
});

test('a column that clients see is refused without what it needs', () => {
  const refusal =
    (specs: ColumnSpecs): (() => void) =>
    () =>
      createRows(specs);
  expect(refusal({ a: { type: 'u8', seenBy: 'everyone' } })).toThrow('needs a field number');
  expect(refusal({ a: { type: 'i32', seenBy: 'everyone', field: 16, shift: 3 } })).toThrow('fineField');
  expect(
    refusal({ a: { type: 'u8', seenBy: 'owner', field: 16 }, b: { type: 'u8', seenBy: 'everyone', field: 16 } }),
  ).toThrow('same field number');
});
