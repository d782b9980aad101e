import { expect, test } from 'vitest';
import { assert, unreachable } from '../../src/base/assert.ts';

test('assert throws its sentence when the condition is false, and only then', () => {
  expect(() => assert(1 + 1 === 2, 'sums')).not.toThrow();
  expect(() => assert(1 + 1 === 3, 'sums')).toThrow('assertion failed: sums');
});

test('unreachable names the value that got there', () => {
  expect(() => unreachable('purple' as never)).toThrow('unreachable: purple');
});
