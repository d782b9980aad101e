// What was answered to commands, by player and key: who asks again gets the first answer, and nothing is done twice. Zone
// thread, in shared memory: the thread that goes on after this one died finds them there. A ring of the newest of all
// players; what is older the store knows, and says when the player enters.
//
//   words: [0] how many there were, less whole rounds of the ring: below 2 × ANSWERS_MAX
//     | entries: i32 player low, high | i32 key | i32 tick | u8 length + ASCII

import { assert } from '../base/assert.ts';
import type { Reader, Writer } from '../base/bytes.ts';
import { ANSWERS_MAX, ANSWERS_PER_PLAYER_MAX } from '../base/limits.ts';

const HEADER_WORDS = 16;
const ENTRY_WORDS = 16;
const KEY = 2;
const TICK = 3;
const TEXT = 4;
const TEXT_BYTES_MAX = (ENTRY_WORDS - TEXT) * 4 - 1;

export const ANSWERS_BYTES = (HEADER_WORDS + ANSWERS_MAX * ENTRY_WORDS) * 4;

export interface Answers {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  /** Places of each player's entries, oldest first. Derived from them. */
  readonly byPlayer: Map<number, number[]>;
}

export function createAnswers(buffer: ArrayBufferLike): Answers {
  return { words: new Int32Array(buffer), bytes: new Uint8Array(buffer), byPlayer: new Map() };
}

/** Forgets all: the zone begins anew. */
export function resetAnswers({ words, byPlayer }: Answers): void {
  words.fill(0);
  byPlayer.clear();
}

/** After the thread before this one died: finds those of ticks that count. */
export function resumeAnswers(answers: Answers, tick: number): void {
  const { words, byPlayer } = answers;
  byPlayer.clear();
  const count = words[0]!;
  for (let nth = Math.max(0, count - ANSWERS_MAX); nth < count; nth++) {
    const place = nth % ANSWERS_MAX;
    const at = HEADER_WORDS + place * ENTRY_WORDS;
    if (words[at + TICK]! <= tick) index(answers, place);
    else words.fill(0, at, at + ENTRY_WORDS);
  }
}

function playerOf({ words }: Answers, place: number): number {
  const at = HEADER_WORDS + place * ENTRY_WORDS;
  return words[at + 1]! * 0x1_0000_0000 + (words[at]! >>> 0);
}

function index(answers: Answers, place: number): void {
  const playerId = playerOf(answers, place);
  if (playerId === 0) return;
  const own = answers.byPlayer.get(playerId);
  if (own === undefined) answers.byPlayer.set(playerId, [place]);
  else {
    own.push(place);
    if (own.length > ANSWERS_PER_PLAYER_MAX) own.shift();
  }
}

/** The player's first answer to that key; undefined: the key is new. */
export function findAnswer(answers: Answers, playerId: number, key: number): string | undefined {
  const own = answers.byPlayer.get(playerId);
  if (own === undefined) return undefined;
  for (const place of own) {
    if (answers.words[HEADER_WORDS + place * ENTRY_WORDS + KEY]! >>> 0 === key) return textOf(answers, place);
  }
  return undefined;
}

function textOf({ bytes }: Answers, place: number): string {
  const at = (HEADER_WORDS + place * ENTRY_WORDS + TEXT) * 4;
  return String.fromCharCode(...bytes.subarray(at + 1, at + 1 + bytes[at]!));
}

/** @param refused '' = done; else a code, ASCII */
export function keepAnswer(answers: Answers, playerId: number, key: number, tick: number, refused: string): void {
  assert(refused.length <= TEXT_BYTES_MAX, `${refused}: a code has at most ${TEXT_BYTES_MAX} letters`);
  const { words, bytes } = answers;
  const place = words[0]! % ANSWERS_MAX;
  forget(answers, place);
  const at = HEADER_WORDS + place * ENTRY_WORDS;
  words[at] = playerId | 0;
  words[at + 1] = Math.floor(playerId / 0x1_0000_0000);
  words[at + KEY] = key | 0;
  words[at + TICK] = tick;
  const text = (at + TEXT) * 4;
  bytes[text] = refused.length;
  for (let char = 0; char < refused.length; char++) bytes[text + 1 + char] = refused.charCodeAt(char);
  const count = words[0]! + 1;
  words[0] = count < 2 * ANSWERS_MAX ? count : ANSWERS_MAX;
  index(answers, place);
}

function forget(answers: Answers, place: number): void {
  const playerId = playerOf(answers, place);
  const own = answers.byPlayer.get(playerId);
  if (own === undefined || own[0] !== place) return;
  own.shift();
  if (own.length === 0) answers.byPlayer.delete(playerId);
}

export function writeAnswers(writer: Writer, answers: Answers): void {
  const { words } = answers;
  const count = words[0]!;
  const first = Math.max(0, count - ANSWERS_MAX);
  writer.u32(count - first);
  for (let nth = first; nth < count; nth++) {
    const place = nth % ANSWERS_MAX;
    writer.u53(playerOf(answers, place));
    writer.u32(words[HEADER_WORDS + place * ENTRY_WORDS + KEY]!);
    writer.u32(words[HEADER_WORDS + place * ENTRY_WORDS + TICK]!);
    writer.text(textOf(answers, place));
  }
}

export function readAnswers(reader: Reader, answers: Answers): void {
  resetAnswers(answers);
  const count = reader.u32();
  for (let nth = 0; nth < count && !reader.failed; nth++) {
    const playerId = reader.u53();
    const key = reader.u32();
    const tick = reader.u32();
    keepAnswer(answers, playerId, key, tick, reader.text(reader.varint()));
  }
}
