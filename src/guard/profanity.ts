// Where a text holds profanity, look-alikes, digits for letters, doubled and spaced-out letters seen through. Any
// thread; pure. The only file that knows the obscenity package; the lists are in words.ts.

import {
  collapseDuplicatesTransformer,
  createSimpleTransformer,
  DataSet,
  englishDataset,
  englishRecommendedBlacklistMatcherTransformers,
  englishRecommendedTransformers,
  type ParsedPattern,
  parseRawPattern,
  RegExpMatcher,
  SyntaxKind,
  type TransformerContainer,
} from 'obscenity';
import { assert } from '../base/assert.ts';
import { foldCharacter, isAscii, isMark, latinTwin } from './characters.ts';
import { createWordFilter, type FilterWord, type Folding, mayHoldWord, type WordFilter } from './word-filter.ts';
import { WORDS, type WordLists } from './words.ts';

/** Where it is: UTF-16 positions, `end` behind the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Profanity {
  readonly latin: WordSearch;
  readonly cyrillic: WordSearch;
  readonly disguised: RegExp;
}

/** What finds the words, and what is asked first whether it could. */
interface WordSearch {
  readonly filter: WordFilter;
  readonly matcher: RegExpMatcher;
}

const skipMarks = createSimpleTransformer((code) =>
  isMark(code) || code === 0x200c || code === 0x200d ? undefined : code,
);

/** Small capitals and the like, which the library's own table of look-alikes lacks. */
const foldLetters = createSimpleTransformer((code) => {
  if (code < 0x180 || (code > 0x2af && code < 0x1d00) || (code > 0x1d2b && code < 0xa730) || code > 0xa7ff) return code;
  return foldCharacter(code, String.fromCodePoint(code)).codePointAt(0) ?? code;
});

/**
 * The library finds edges of words among ASCII letters only, so the Cyrillic alphabet is written in them: one sign a
 * letter, whatever it sounds like.
 */
const CYRILLIC = 'абвгдежзийклмнопрстуфхцчшщъыьэюя';
const SIGNS = 'abcdefghijklmnopqrstuvwxyz012345';
const TO_SIGN = new Map<number, number>();
for (let index = 0; index < CYRILLIC.length; index++) {
  const sign = SIGNS.charCodeAt(index);
  TO_SIGN.set(CYRILLIC.charCodeAt(index), sign);
  TO_SIGN.set(CYRILLIC.toUpperCase().charCodeAt(index), sign);
}
/** What is typed instead of a Cyrillic letter. */
for (const [typed, letter] of [
  'aа',
  'bв',
  'cс',
  'eе',
  'ёе',
  'Ёе',
  'hн',
  'iи',
  'kк',
  'mм',
  'oо',
  'pр',
  'tт',
  'xх',
  'yу',
  '3з',
  '0о',
  '@а',
  '4ч',
  '6б',
]) {
  const sign = TO_SIGN.get(letter!.charCodeAt(0))!;
  TO_SIGN.set(typed!.charCodeAt(0), sign);
  TO_SIGN.set(typed!.toUpperCase().charCodeAt(0), sign);
}
const OTHER_LETTER = '_'.charCodeAt(0);

function isWordCharacter(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

const toSigns = createSimpleTransformer((code) => TO_SIGN.get(code) ?? (isWordCharacter(code) ? OTHER_LETTER : code));

export function createProfanity(words: WordLists = WORDS): Profanity {
  const latin = new DataSet<{ originalWord: string }>()
    .addAll(englishDataset)
    .removePhrasesIf(({ metadata }) => words.notBad.includes(metadata?.originalWord ?? ''));
  for (const word of words.latin) latin.addPhrase((phrase) => phrase.addPattern(parseRawPattern(word)));
  const cyrillic = new DataSet<{ originalWord: string }>();
  for (const word of words.cyrillic) {
    const signs = [...word].map((letter) =>
      letter === '|' ? '|' : String.fromCharCode(TO_SIGN.get(letter.charCodeAt(0))!),
    );
    cyrillic.addPhrase((phrase) => phrase.addPattern(parseRawPattern(signs.join(''))));
  }
  return {
    latin: createSearch(latin, words.allowed, [
      skipMarks,
      foldLetters,
      ...englishRecommendedBlacklistMatcherTransformers,
    ]),
    cyrillic: createSearch(cyrillic, [], [skipMarks, toSigns, collapseDuplicatesTransformer()]),
    disguised: createDisguised(words.disguised),
  };
}

function createSearch(
  words: DataSet<{ originalWord: string }>,
  allowed: readonly string[],
  transformers: TransformerContainer[],
): WordSearch {
  const { blacklistedTerms, whitelistedTerms } = words.build();
  return {
    filter: createWordFilter(
      blacklistedTerms.flatMap(({ pattern }) => filterWordsOf(pattern)),
      foldingOf(transformers),
    ),
    matcher: new RegExpMatcher({
      ...englishRecommendedTransformers,
      blacklistedTerms,
      whitelistedTerms: [...(whitelistedTerms ?? []), ...allowed],
      blacklistMatcherTransformers: transformers,
    }),
  };
}

function foldingOf(transformers: readonly TransformerContainer[]): Folding {
  const folds = transformers.flatMap((each) => ('transform' in each ? [each.transform] : []));
  const last = transformers.at(-1);
  assert(last !== undefined && 'factory' in last, 'runs of a letter are cut last');
  assert(folds.length === transformers.length - 1, 'and nothing else looks at the letters before');
  return { fold: (code) => foldBy(folds, code), collapse: last.factory() };
}

function foldBy(folds: readonly ((code: number) => number | undefined)[], code: number): number | undefined {
  let folded: number | undefined = code;
  for (let index = 0; index < folds.length && folded !== undefined; index++) folded = folds[index]!(folded);
  return folded;
}

/** One for each choice of what may be there or not; of one with a gap in it, its longest part. */
function filterWordsOf({ nodes, requireWordBoundaryAtStart, requireWordBoundaryAtEnd }: ParsedPattern): FilterWord[] {
  let choices: (number | undefined)[][] = [[]];
  for (const node of nodes) {
    const part = node.kind === SyntaxKind.Optional ? node.childNode : node;
    const codes = part.kind === SyntaxKind.Literal ? part.chars : [undefined];
    const longer = choices.map((before) => [...before, ...codes]);
    choices = node.kind === SyntaxKind.Optional ? [...choices, ...longer] : longer;
  }
  return choices.map((choice) => {
    const [first, ...others] = partsBetweenGaps(choice);
    const word = { codes: first!, isEdgeBefore: requireWordBoundaryAtStart, isEdgeAfter: requireWordBoundaryAtEnd };
    if (others.length === 0) return word;
    const codes = others.reduce((longest, part) => (part.length > longest.length ? part : longest), first!);
    return { codes, isEdgeBefore: false, isEdgeAfter: false };
  });
}

function partsBetweenGaps(codes: readonly (number | undefined)[]): number[][] {
  const parts: number[][] = [[]];
  for (const code of codes) {
    if (code === undefined) parts.push([]);
    else parts.at(-1)!.push(code);
  }
  return parts;
}

/** Letters that are looked at; written out, since `\p{L}` is another set in each version of Unicode. */
const LETTER = 'A-Za-z0-9@$\u00c0-\u02af\u0370-\u052f\u1d00-\u1d2b\ua730-\ua7ff\u{1d400}-\u{1d7ff}\uff10-\uff5a';
/** Single letters, three or more, with one or two signs between them: `f u c k`, `f.u.c.k`. */
const SPACED = new RegExp(`(?<![${LETTER}])[${LETTER}](?:[^${LETTER}]{1,2}[${LETTER}](?![${LETTER}])){2,63}`, 'gu');
const IS_LETTER = new RegExp(`[${LETTER}]`, 'u');
const CYRILLIC_LETTER = /[\u0400-\u04ff]/;

/** What is drawn for a letter; not for the first one of a word, or `5 hit` were one. */
const DISGUISES: Readonly<Record<string, string>> = {
  a: '[a4@]',
  e: '[e3]',
  g: '[g69]',
  i: '[i1l!|]',
  o: '[o0]',
  s: '[s5$]',
  t: '[t7]',
  u: '[uv]',
};

function createDisguised(words: readonly string[]): RegExp {
  const patterns = words.map((word) =>
    Array.from(word, (letter, index) => {
      const drawn = index === 0 ? letter : (DISGUISES[letter] ?? letter);
      // Of a doubled letter one is enough.
      return letter === word[index - 1] ? `${drawn}*` : `${drawn}+`;
    }).join('[ ._*-]?'),
  );
  // Not behind an apostrophe: he's hit.
  const edge = `(?<![${LETTER}'’])`;
  return new RegExp(`${edge}(?:${patterns.join('|')})(?:s|er|ers|ing|in|ed|y)?(?![${LETTER}])`, 'giu');
}

const NO_SPANS: readonly Span[] = [];
const samePosition = (index: number): number => index;

/** Spans in ascending order, none touching another. A clean text of ASCII alone costs no memory. */
export function findProfanity(profanity: Profanity, text: string): readonly Span[] {
  const spans: Span[] = [];
  collect(profanity, text, samePosition, spans);
  if (text.search(SPACED) >= 0) collectSpaced(profanity, text, spans);
  if (!isAscii(text) || text.search(profanity.disguised) >= 0) collectDisguised(profanity, text, spans);
  return spans.length === 0 ? NO_SPANS : mergeSpans(text, spans);
}

function collectSpaced(profanity: Profanity, text: string, spans: Span[]): void {
  for (const match of text.matchAll(SPACED)) {
    const positions: number[] = [];
    let letters = '';
    let at = match.index;
    for (const letter of match[0]) {
      if (IS_LETTER.test(letter)) {
        for (let unit = 0; unit < letter.length; unit++) positions.push(at + unit);
        letters += letter;
      }
      at += letter.length;
    }
    collect(profanity, letters, (index) => positions[index]!, spans);
  }
}

function collectDisguised(profanity: Profanity, text: string, spans: Span[]): void {
  const positions: number[] = [];
  let folded = '';
  let at = 0;
  for (const character of text) {
    for (const letter of foldCharacter(character.codePointAt(0)!, character)) {
      folded += latinTwin(letter);
      positions.push(at);
    }
    at += character.length;
  }
  positions.push(at);
  for (const match of folded.matchAll(profanity.disguised)) {
    spans.push({ start: positions[match.index]!, end: positions[match.index + match[0].length]! });
  }
}

function collect(profanity: Profanity, text: string, positionOf: (index: number) => number, spans: Span[]): void {
  collectWords(profanity.latin, text, positionOf, spans);
  if (CYRILLIC_LETTER.test(text)) collectWords(profanity.cyrillic, text, positionOf, spans);
}

function collectWords(search: WordSearch, text: string, positionOf: (index: number) => number, spans: Span[]): void {
  if (!mayHoldWord(search.filter, text)) return;
  for (const { startIndex, endIndex } of search.matcher.getAllMatches(text)) {
    spans.push({ start: positionOf(startIndex), end: positionOf(endIndex) + 1 });
  }
}

/** A word is hidden to its end, its marks included: half of one says as much as the whole. */
function extendSpan(text: string, { start, end }: Span): Span {
  let to = end;
  while (to < text.length && (IS_LETTER.test(text[to]!) || isMark(text.charCodeAt(to)))) to++;
  return { start, end: to };
}

function mergeSpans(text: string, spans: readonly Span[]): Span[] {
  const sorted = spans.map((span) => extendSpan(text, span)).sort((a, b) => a.start - b.start);
  const merged: Span[] = [];
  for (const span of sorted) {
    const last = merged.at(-1);
    if (last === undefined || span.start > last.end) merged.push(span);
    else if (span.end > last.end) merged[merged.length - 1] = { start: last.start, end: span.end };
  }
  return merged;
}
