// Characters: which of a text stay, and what they look like. Any thread; pure. Every table is written out here or is
// fixed for good by Unicode's stability policy, never asked of the engine's newest Unicode: server, browser and a
// replay years later must get the same text out of the same bytes.

import { TEXT_MARKS_MAX, TEXT_RUN_MAX } from '../base/limits.ts';
import { MARKS } from './marks.ts';

/** Pairs of first and last code point, ascending. */
type Ranges = readonly number[];

/** Controls, and what turns the direction of writing round: nobody types them, and they make a text lie. */
const REFUSED: Ranges = [
  0x00, 0x08, 0x0b, 0x0c, 0x0e, 0x1f, 0x7f, 0x84, 0x86, 0x9f, 0x202a, 0x202e, 0x2066, 0x2069, 0xd800, 0xdfff,
];
const SPACES: Ranges = [
  0x09, 0x0a, 0x0d, 0x0d, 0x20, 0x20, 0x85, 0x85, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f,
  0x202f, 0x205f, 0x205f, 0x2800, 0x2800, 0x3000, 0x3000,
];
/** Shown as nothing: zero widths, direction marks, fillers, tags, variants, private use, what is no character. */
const INVISIBLE: Ranges = [
  0xad, 0xad, 0x34f, 0x34f, 0x61c, 0x61c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180f, 0x200b, 0x200b, 0x200e,
  0x200f, 0x2060, 0x2065, 0x206a, 0x206f, 0x3164, 0x3164, 0xe000, 0xf8ff, 0xfdd0, 0xfdef, 0xfe00, 0xfe0e, 0xfeff,
  0xfeff, 0xffa0, 0xffa0, 0xfff0, 0xfffb, 0xfffe, 0xffff, 0x1bca0, 0x1bca3, 0x1d173, 0x1d17a, 0x1fffe, 0x1ffff, 0x2fffe,
  0x2ffff, 0x3fffe, 0x10ffff,
];
const EMOJI: Ranges = [0x2190, 0x21ff, 0x2300, 0x23ff, 0x2600, 0x27bf, 0x2b00, 0x2bff, 0x1f000, 0x1faff];
/** Arabic and the scripts of India: joiners between their letters are spelling. */
const JOINING: Ranges = [0x620, 0x6ff, 0x750, 0x77f, 0x900, 0xdff];
/** Where a code point's decomposition was fixed long ago; what is younger is taken as it is. */
const DECOMPOSED: Ranges = [
  0xa0, 0x24f, 0x340, 0x385, 0x1d2c, 0x1d6a, 0x1e00, 0x1fff, 0x2000, 0x218b, 0x2460, 0x24ea, 0x2c7c, 0x2c7d, 0xfb00,
  0xfb06, 0xfe30, 0xfe6b, 0xff01, 0xffef, 0x1d400, 0x1d7ff, 0x1f110, 0x1f12b, 0x1f130, 0x1f149,
];

const ZERO_WIDTH_NON_JOINER = 0x200c;
const ZERO_WIDTH_JOINER = 0x200d;
const EMOJI_VARIANT = 0xfe0f;
const KEYCAP = 0x20e3;

function isIn(ranges: Ranges, code: number): boolean {
  let low = 0;
  let high = ranges.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (code > ranges[2 * middle + 1]!) low = middle + 1;
    else high = middle;
  }
  return 2 * low < ranges.length && code >= ranges[2 * low]!;
}

export function isMark(code: number): boolean {
  return code >= 0x300 && isIn(MARKS, code);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Asked before what only other texts need, which allocates. */
export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) >= 0x80) return false;
  return true;
}

export interface Cleaned {
  /** False: the text holds what nobody types, and is refused. */
  readonly isTypable: boolean;
  readonly text: string;
  /** Code points of the text. */
  readonly length: number;
}

interface Cleaning {
  text: string;
  length: number;
  /** The last character that marks and joiners lean on; 0 = none. */
  base: number;
  run: number;
  marks: number;
  /** A joiner that waits for the character it joins to; 0 = none. */
  joiner: number;
  isSpaceDue: boolean;
}

const NOT_TYPABLE: Cleaned = { isTypable: false, text: '', length: 0 };

/**
 * One line without what can't be seen: blanks are single ones, long runs and piles of marks are cut, joiners stay where
 * they are spelling. Cleaning what was cleaned changes nothing.
 */
export function cleanText(raw: string): Cleaned {
  if (isCleanAscii(raw)) return { isTypable: true, text: raw, length: raw.length };
  const state: Cleaning = { text: '', length: 0, base: 0, run: 0, marks: 0, joiner: 0, isSpaceDue: false };
  for (const character of raw) {
    const code = character.codePointAt(0)!;
    // What almost every character is, without the tables.
    if (code > 0x20 && code < 0x7f) addBase(state, code, character);
    else if (isIn(REFUSED, code)) return NOT_TYPABLE;
    else if (isIn(SPACES, code)) {
      state.isSpaceDue = state.text !== '';
      state.base = 0;
      state.joiner = 0;
    } else if (code === ZERO_WIDTH_JOINER || code === ZERO_WIDTH_NON_JOINER) addJoiner(state, code);
    else if (code === EMOJI_VARIANT || isMark(code)) addMark(state, code, character);
    else if (!isIn(INVISIBLE, code)) addBase(state, code, character);
  }
  return { isTypable: true, text: state.text, length: state.length };
}

/** Whether it is the same once it is cleaned, and of ASCII alone, as most are: nothing need be built then. */
function isCleanAscii(raw: string): boolean {
  let last = 0x20;
  let run = 0;
  for (let index = 0; index < raw.length; index++) {
    const code = raw.charCodeAt(index);
    if (code < 0x20 || code >= 0x7f || (code === 0x20 && last === 0x20)) return false;
    run = code === last && !isDigit(code) ? run + 1 : 1;
    if (run > TEXT_RUN_MAX) return false;
    last = code;
  }
  return last !== 0x20;
}

/** The text with its lines as they came, without what is shown as nothing. */
export function dropInvisible(raw: string): string {
  if (isAscii(raw)) return raw;
  let text = '';
  for (const character of raw) {
    const code = character.codePointAt(0)!;
    if ((code > 0x20 && code < 0x7f) || !isUnseen(code)) text += character;
  }
  return text;
}

function isUnseen(code: number): boolean {
  return code === ZERO_WIDTH_JOINER || code === ZERO_WIDTH_NON_JOINER || isMark(code) || isIn(INVISIBLE, code);
}

function addBase(state: Cleaning, code: number, character: string): void {
  if (code === state.base && !isDigit(code)) {
    state.run++;
    if (state.run > TEXT_RUN_MAX) return;
  } else state.run = 1;
  if (state.isSpaceDue) {
    state.text += ' ';
    state.length++;
    state.isSpaceDue = false;
  }
  if (state.joiner !== 0 && isJoinable(state.joiner, code)) {
    state.text += String.fromCodePoint(state.joiner);
    state.length++;
  }
  state.joiner = 0;
  state.base = code;
  state.marks = 0;
  state.text += character;
  state.length++;
}

function addJoiner(state: Cleaning, code: number): void {
  if (state.joiner === 0 && state.base !== 0 && isJoinable(code, state.base)) state.joiner = code;
}

function isJoinable(joiner: number, code: number): boolean {
  if (isIn(JOINING, code)) return true;
  return joiner === ZERO_WIDTH_JOINER && isIn(EMOJI, code);
}

/** A mark without a letter, or beyond what letters take, is left out. */
function addMark(state: Cleaning, code: number, character: string): void {
  const { base } = state;
  if (base === 0 || state.marks >= TEXT_MARKS_MAX || state.run > TEXT_RUN_MAX) return;
  const isKey = isDigit(base) || base === 0x23 || base === 0x2a;
  if (code === EMOJI_VARIANT && !isKey && !isIn(EMOJI, base)) return;
  if (code === KEYCAP && !isKey) return;
  // Bengali and Sinhala join marks too.
  if (state.joiner !== 0 && isIn(JOINING, code)) {
    state.text += String.fromCodePoint(state.joiner);
    state.length++;
  }
  state.joiner = 0;
  state.marks++;
  state.text += character;
  state.length++;
}

/** Letters of other scripts that pass for Latin ones; used only in words that hold Latin letters as well. */
const TWINS = new Map<number, string>();
for (const [twins, latin] of [
  ['аАαΑ', 'a'],
  ['вВΒ', 'b'],
  ['сСϲ', 'c'],
  ['ԁ', 'd'],
  ['еЕεΕёЁ', 'e'],
  ['һНΗ', 'h'],
  ['іІιΙї', 'i'],
  ['јЈ', 'j'],
  ['кКκΚ', 'k'],
  ['ӏ', 'l'],
  ['мМΜ', 'm'],
  ['пηΝ', 'n'],
  ['оОοΟσ', 'o'],
  ['рРρΡ', 'p'],
  ['гɾ', 'r'],
  ['ѕЅ', 's'],
  ['тТτΤ', 't'],
  ['υ', 'u'],
  ['ѵν', 'v'],
  ['шω', 'w'],
  ['хХχΧ', 'x'],
  ['уУγΥ', 'y'],
  ['Ζ', 'z'],
] as const) {
  for (const twin of twins) TWINS.set(twin.codePointAt(0)!, latin);
}

/** Full stops and what is drawn like one, of all scripts. */
const DOTS = new Set([
  0xb7, 0x2d9, 0x387, 0x6d4, 0x701, 0x702, 0x2027, 0x2219, 0x22c5, 0x2e31, 0x2e33, 0x3002, 0x30fb, 0xa4f8, 0xa60e,
  0xff61, 0xff65,
]);

/** Latin letters that don't decompose: small capitals, and letters with a stroke or without a dot. */
const LOOK_ALIKES = new Map<number, string>();
for (const [letters, latin] of [
  ['ᴀɑ', 'a'],
  ['ʙ', 'b'],
  ['ᴄ', 'c'],
  ['ᴅđĐ', 'd'],
  ['ᴇ', 'e'],
  ['ꜰƒ', 'f'],
  ['ɢɡ', 'g'],
  ['ʜħĦ', 'h'],
  ['ɪıɩ', 'i'],
  ['ᴊȷ', 'j'],
  ['ᴋƙ', 'k'],
  ['ʟłŁ', 'l'],
  ['ᴍ', 'm'],
  ['ɴ', 'n'],
  ['ᴏøØ', 'o'],
  ['ᴘ', 'p'],
  ['ꞯ', 'q'],
  ['ʀ', 'r'],
  ['ꜱ', 's'],
  ['ᴛŧŦ', 't'],
  ['ᴜʋ', 'u'],
  ['ᴠ', 'v'],
  ['ᴡ', 'w'],
  ['ʏ', 'y'],
  ['ᴢ', 'z'],
] as const) {
  for (const letter of letters) LOOK_ALIKES.set(letter.codePointAt(0)!, latin);
}

/** Marks that NFKD leaves from a letter, and every other one. */
export function foldCharacter(code: number, character: string): string {
  if (code < 0x80) return character;
  if (isMark(code) || code === EMOJI_VARIANT || code === ZERO_WIDTH_JOINER || code === ZERO_WIDTH_NON_JOINER) return '';
  if (DOTS.has(code)) return '.';
  const lookAlike = LOOK_ALIKES.get(code);
  if (lookAlike !== undefined) return lookAlike;
  if (code === 0x2215) return '/';
  if (code === 0x2236 || code === 0xa789) return ':';
  if (!isIn(DECOMPOSED, code)) return character;
  let folded = '';
  for (const part of character.normalize('NFKD')) if (!isMark(part.codePointAt(0)!)) folded += part;
  return folded;
}

const MIXED_WORD = /[A-Za-z0-9\u0370-\u03ff\u0400-\u052f]+/g;
const LATIN = /[A-Za-z]/;
const TWIN = /[\u0370-\u03ff\u0400-\u052f]/;

/** What a cleaned text looks like in plain letters: for looking for something in it, never to be shown. */
export function foldText(text: string): string {
  if (isAscii(text)) return text;
  let folded = '';
  for (const character of text) folded += foldCharacter(character.codePointAt(0)!, character);
  return folded.replace(MIXED_WORD, (word) => (LATIN.test(word) && TWIN.test(word) ? foldTwins(word) : word));
}

function foldTwins(word: string): string {
  let latin = '';
  for (const letter of word) latin += latinTwin(letter);
  return latin;
}

/** The Latin letter that a letter of another script passes for, or the letter itself. */
export function latinTwin(letter: string): string {
  return TWINS.get(letter.codePointAt(0)!) ?? letter;
}
