// Whether a text may hold one of some hundred words, in one pass that allocates nothing. Any thread; pure.
// The search proper (profanity.ts) makes 30 KB of strings and lists of each text, and almost every text is clean. So this
// looks first: it may say yes to a clean text, but never no to one in which the search would find something.
// All words at once by an automaton of Aho and Corasick: for each state the next one by each class of characters. A
// class is a letter of some word; any other letter, digit or `_`; or whatever parts words, the ends of the text included.

import { assert } from '../base/assert.ts';

export interface FilterWord {
  /** As the text holds it once it is folded. */
  readonly codes: readonly number[];
  /** Whether it begins, and ends, at the edge of a word. */
  readonly isEdgeBefore: boolean;
  readonly isEdgeAfter: boolean;
}

/** How a text is folded before words are looked for; `undefined` leaves the character out. */
export interface Folding {
  /** Of one character, whatever stands beside it. */
  fold(code: number): number | undefined;
  /** Behind that: depends on the characters before. */
  readonly collapse: { transform(code: number): number | undefined; reset(): void };
}

export interface WordFilter {
  readonly folding: Folding;
  /** What ASCII is folded to, by code; LEFT_OUT for nothing. */
  readonly asciiFolds: Int32Array;
  readonly classOf: Uint8Array;
  readonly classCount: number;
  /** State × class. */
  readonly next: Uint16Array;
  /** By state: whether a word ends there. */
  readonly isWord: Uint8Array;
}

const ASCII = 0x80;
const LEFT_OUT = -1;
const CLASS_EDGE = 0;
const CLASS_OTHER = 1;
const ROOT = 0;

export function createWordFilter(words: readonly FilterWord[], folding: Folding): WordFilter {
  const classOf = new Uint8Array(ASCII);
  let classCount = CLASS_OTHER + 1;
  for (let code = 0; code < ASCII; code++) if (isWordCode(code)) classOf[code] = CLASS_OTHER;
  for (const { codes } of words) {
    for (const code of codes) if (isWordCode(code) && classOf[code] === CLASS_OTHER) classOf[code] = classCount++;
  }
  const asciiFolds = new Int32Array(ASCII);
  for (let code = 0; code < ASCII; code++) asciiFolds[code] = folding.fold(code) ?? LEFT_OUT;
  const sequences = words.map((word) => classesOf(word, classOf));
  return { folding, asciiFolds, classOf, classCount, ...createAutomaton(sequences, classCount) };
}

/** What regular expressions call a word character. */
function isWordCode(code: number): boolean {
  return code < ASCII && /\w/.test(String.fromCharCode(code));
}

function classesOf({ codes, isEdgeBefore, isEdgeAfter }: FilterWord, classOf: Uint8Array): number[] {
  assert(codes.length > 0, 'a word has letters');
  const classes = codes.map((code) => (code < ASCII ? classOf[code]! : CLASS_EDGE));
  // An edge beside what is no letter says that a letter stands there: left out, which finds no less.
  if (isEdgeBefore && classes[0] !== CLASS_EDGE) classes.unshift(CLASS_EDGE);
  if (isEdgeAfter && classes.at(-1) !== CLASS_EDGE) classes.push(CLASS_EDGE);
  return classes;
}

function createAutomaton(sequences: readonly (readonly number[])[], classCount: number) {
  const statesMax = 1 + sequences.reduce((sum, sequence) => sum + sequence.length, 0);
  assert(statesMax <= 0x1_0000, 'a state is a number of 16 bits');
  const next = new Uint16Array(statesMax * classCount);
  const isWord = new Uint8Array(statesMax);
  let states = ROOT + 1;
  for (const sequence of sequences) {
    let state = ROOT;
    for (const each of sequence) {
      const at = state * classCount + each;
      if (next[at] === ROOT) next[at] = states++;
      state = next[at]!;
    }
    isWord[state] = 1;
  }
  linkStates(next, isWord, classCount);
  return { next, isWord };
}

/** Where a state knows no next one, that of the longest end of what was read which is the beginning of a word. */
function linkStates(next: Uint16Array, isWord: Uint8Array, classCount: number): void {
  const fallbacks = new Uint16Array(isWord.length);
  const inOrder = [ROOT];
  for (const state of inOrder) {
    const fallback = fallbacks[state]!;
    if (isWord[fallback] === 1) isWord[state] = 1;
    for (let each = 0; each < classCount; each++) {
      const at = state * classCount + each;
      const beyond = state === ROOT ? ROOT : next[fallback * classCount + each]!;
      if (next[at] === ROOT) next[at] = beyond;
      else {
        fallbacks[next[at]!] = beyond;
        inOrder.push(next[at]!);
      }
    }
  }
}

/** False: none of the words is in it, for certain. From the wire: any text. */
export function mayHoldWord(filter: WordFilter, text: string): boolean {
  const { folding, asciiFolds, classOf, classCount, next, isWord } = filter;
  folding.collapse.reset();
  let state = next[ROOT * classCount + CLASS_EDGE]!;
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index)!;
    if (code > 0xffff) index++;
    const folded = code < ASCII ? asciiFolds[code]! : (folding.fold(code) ?? LEFT_OUT);
    if (folded === LEFT_OUT || folding.collapse.transform(folded) === undefined) continue;
    state = next[state * classCount + (folded < ASCII ? classOf[folded]! : CLASS_EDGE)]!;
    if (isWord[state] === 1) return true;
  }
  return isWord[next[state * classCount + CLASS_EDGE]!] === 1;
}
