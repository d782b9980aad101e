import { expect, test } from 'vitest';
import { findPattern } from '../../src/guard/patterns.ts';

test('of several the gravest is told', () => {
  expect(findPattern('<b> evil.com $(id)', '<b> evil.com $(id)')).toBe('text_injection');
  expect(findPattern('<b> evil.com', '<b> evil.com')).toBe('text_markup');
  expect(findPattern('see evil.com', 'see evil.com')).toBe('text_link');
  expect(findPattern('see you', 'see you')).toBe('');
});

test('what only the folded text shows counts, and what is written in escapes of escapes', () => {
  expect(findPattern('ｘ．ｃｏｍ', 'x.com')).toBe('text_link');
  expect(findPattern('%25253Cb', '%25253Cb')).toBe('text_markup');
  expect(findPattern('\\u{3c}b', '\\u{3c}b')).toBe('text_markup');
});
