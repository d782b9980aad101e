import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanText, foldText, isMark } from '../../src/guard/characters.ts';

test('cleaning what was cleaned changes nothing, and counts its code points', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (raw) => {
      const { isTypable, text, length } = cleanText(raw);
      if (!isTypable) return;
      expect([...text]).toHaveLength(length);
      expect(cleanText(text)).toEqual({ isTypable, text, length });
    }),
    { numRuns: 2000 },
  );
});

test('joiners stay where they are spelling, and nowhere else', () => {
  const family = '\u{1f468}\u200d\u{1f469}';
  expect(cleanText(family).text).toBe(family);
  expect(cleanText('می\u200cخ').text).toBe('می\u200cخ');
  expect(cleanText('क\u094d\u200dष').text.includes('\u200d')).toBe(true);
  for (const text of ['a\u200db', '\u200da', 'a\u200c', '\u{1f468}\u200d', '\u{1f468}\u200dx', 'а\u200dб']) {
    expect(cleanText(text).text).not.toContain('\u200d');
    expect(cleanText(text).text).not.toContain('\u200c');
  }
});

test('folded is what it looks like: accents, widths, styles, dots; other scripts only in words with Latin letters', () => {
  const folded = [
    ['Größe café', 'Große cafe'],
    ['ＦＵＬＬ．ｃｏｍ', 'FULL.com'],
    ['𝕳𝖊𝖑𝖑𝖔 ⓗⓘ', 'Hello hi'],
    ['a。b', 'a.b'],
    ['p\u0430ss', 'pass'],
    ['\u0441\u043e\u043c', '\u0441\u043e\u043c'],
    ['ﬁn', 'fin'],
    ['ꜱᴍᴀʟʟ ᴄᴀᴘꜱ', 'small caps'],
    ['Łø', 'lo'],
    ['a\ua4f8b\u00b7c\u02d9d', 'a.b.c.d'],
  ];
  for (const [text, plain] of folded) expect(foldText(text!)).toBe(plain);
});

test('marks are marks, letters are none', () => {
  expect(
    ['\u0301', '\u20e3', '\ufe20', '\u0f90', '\u{1e8d0}', 'a', '\u{1e8cf}', 'é', '한'].map((text) =>
      isMark(text.codePointAt(0)!),
    ),
  ).toEqual([true, true, true, true, true, false, false, false, false]);
});
