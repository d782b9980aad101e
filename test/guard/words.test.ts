import { expect, test } from 'vitest';
import { createProfanity, findProfanity } from '../../src/guard/profanity.ts';
import { DOMAINS, NAMES, SPELT_DOMAINS, WORDS } from '../../src/guard/words.ts';

const profanity = createProfanity();

test('each word of the lists is found as it is written there, each allowed one is not', () => {
  for (const word of [...WORDS.latin, ...WORDS.cyrillic]) {
    expect([word, findProfanity(profanity, word.replaceAll('|', '')).length]).toEqual([word, 1]);
  }
  for (const word of WORDS.disguised) {
    const split = `${word.slice(0, 2)} ${word.slice(2)}`;
    expect([split, findProfanity(profanity, split)]).toEqual([split, [{ start: 0, end: split.length }]]);
  }
  for (const word of WORDS.allowed) expect([word, findProfanity(profanity, word)]).toEqual([word, []]);
});

test('no list says anything twice, and what is spelt out is an ending', () => {
  for (const list of [
    WORDS.latin,
    WORDS.cyrillic,
    WORDS.allowed,
    WORDS.disguised,
    NAMES.whole,
    NAMES.parts,
    DOMAINS,
    SPELT_DOMAINS,
  ]) {
    expect(new Set(list).size).toBe(list.length);
  }
  for (const ending of SPELT_DOMAINS) expect(DOMAINS).toContain(ending);
});
