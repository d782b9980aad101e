import { expect, test } from 'vitest';
import { isSigned, toSnakeCase } from '../../src/base/fields.ts';

test('a field whose smallest value is below zero is signed', () => {
  expect([-1, 0, 1].map((min) => isSigned({ min }))).toEqual([true, false, false]);
});

test('names in code become names in the .proto', () => {
  expect(['tick', 'viewTick', 'positionX', 'aBC'].map(toSnakeCase)).toEqual([
    'tick',
    'view_tick',
    'position_x',
    'a_b_c',
  ]);
});
