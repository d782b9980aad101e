import { expect, test } from 'vitest';
import { printable } from '../../src/observe/printable.ts';

test('what would steer a terminal is a question mark, of either kind, and so is what nobody sees', () => {
  expect(printable('a\u001b[2J\u009b2J\n\t\u202eb')).toBe('a?[2J?2J???b');
  expect(printable('zone „ä“ 🎮')).toBe('zone „ä“ 🎮');
});
