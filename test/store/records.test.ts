import { expect, test } from 'vitest';
import { nameKey } from '../../src/store/records.ts';

test('names differ by more than case', () => {
  expect(nameKey('Bob.X')).toBe(nameKey('bOB.x'));
  expect(nameKey('bob-x')).not.toBe(nameKey('bob_x'));
});
