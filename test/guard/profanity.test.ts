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
  const own = createProfanity({
    ...WORDS,
    latin: ['|gnome|'],
    cyrillic: ['|гном|'],
    disguised: ['dwarf'],
    notBad: ['fuck'],
  });
  expect(findProfanity(own, 'a GN0ME')).toEqual([{ start: 2, end: 7 }]);
  expect(findProfanity(own, 'ГН0М')).toEqual([{ start: 0, end: 4 }]);
  expect(findProfanity(own, 'fuck and kurwa')).toEqual([]);
  expect(findProfanity(own, 'gnomes')).toEqual([]);
  expect(findProfanity(own, 'two dw 4rfs')).toEqual([{ start: 4, end: 11 }]);
});

test('disguised: a blank or sign between two letters, and what is drawn like one; a word has edges, and an apostrophe is none', () => {
  const profanity = createProfanity({ ...WORDS, latin: [], cyrillic: [], disguised: ['shit'], notBad: ['shit'] });
  const cases = [
    ['so s-h.i_t *', 3, 10],
    ['sh\u0301 \u{1d422}t', 0, 7],
    ['ꜱʜlᴛs', 0, 5],
  ] as const;
  for (const [text, start, end] of cases) {
    expect([text, findProfanity(profanity, text)]).toEqual([text, [{ start, end }]]);
  }
  for (const text of ["he's hit", 'this hit', 'shitake', 'a s  hit', '5 hit', 'sh, it']) {
    expect([text, findProfanity(profanity, text)]).toEqual([text, []]);
  }
});
