import { expect, test } from 'vitest';
import { createProfanity, findProfanity } from '../../src/guard/profanity.ts';
import { WORDS } from '../../src/guard/words.ts';

test('spans are in order, whole words, and say where', () => {
  const profanity = createProfanity();
  expect(findProfanity(profanity, 'oh shit, FUCKING hell')).toEqual([
    { start: 3, end: 7 },
    { start: 9, end: 16 },
  ]);
  expect(findProfanity(profanity, 'nothing here')).toEqual([]);
});

test('the lists can be replaced: a word added, one let through', () => {
  const own = createProfanity({ ...WORDS, latin: ['|gnome|'], cyrillic: ['|гном|'], notBad: ['fuck'] });
  expect(findProfanity(own, 'a GN0ME')).toEqual([{ start: 2, end: 7 }]);
  expect(findProfanity(own, 'ГН0М')).toEqual([{ start: 0, end: 4 }]);
  expect(findProfanity(own, 'fuck and kurwa')).toEqual([]);
  expect(findProfanity(own, 'gnomes')).toEqual([]);
});
