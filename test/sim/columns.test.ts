import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  applyDifference,
  type ColumnSpecs,
  type ColumnType,
  createRows,
  ENGINE_COLUMNS,
  wrapDifference,
} from '../../src/sim/columns.ts';

const RANGES: Readonly<Record<ColumnType, readonly [number, number]>> = {
  u8: [0, 255],
  u16: [0, 65_535],
  i16: [-32_768, 32_767],
  u31: [0, 2 ** 31 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
};
const types = Object.keys(RANGES) as ColumnType[];

test('a difference applied to its baseline gives the value, over the whole range of each type', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...types),
      fc.noShrink(fc.double({ min: 0, max: 1, noNaN: true })),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (type, a, b) => {
        const [least, most] = RANGES[type];
        const from = Math.round(least + a * (most - least));
        const to = Math.round(least + b * (most - least));
        const difference = wrapDifference(type, to - from);
        expect(difference).toBe(difference | 0);
        expect(applyDifference(type, from, difference)).toBe(to);
      },
    ),
  );
});

test('angles take the short way', () => {
  expect(wrapDifference('u16', 10 - 65_530)).toBe(16);
  expect(wrapDifference('u16', 65_530 - 10)).toBe(-16);
  expect(applyDifference('u16', 65_530, 16)).toBe(10);
});

test('whatever difference comes in, the value stays in its type’s range', () => {
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.integer(), fc.integer(), (type, baseline, difference) => {
      const [least, most] = RANGES[type];
      const value = applyDifference(type, baseline, difference);
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
    'velocity_x=8',
    'velocity_y=9',
    'velocity_z=10',
    'position_x_fine=13 owner',
    'position_y_fine=14 owner',
    'position_z_fine=15 owner',
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
