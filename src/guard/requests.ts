// The texts of a request, screened before the game sees them: how many, what is in them, how often. Zone thread.
// The count of texts decides what the game gets, so it is part of the zone's state: it lives in columns, is hashed,
// kept in keyframes and comes out the same in a replay.

import type { CounterName } from '../base/counters.ts';
import type { Fields, TextField } from '../base/fields.ts';
import { TEXT_WINDOW_TICKS, TEXTS_PER_WINDOW_MAX, TEXTS_QUIET_MAX } from '../base/limits.ts';
import type { World } from '../sim/world.ts';
import { worldTick } from '../sim/world.ts';
import { takeHearing } from './hearing.ts';
import type { InputGuard } from './input-guard.ts';
import { addPoints, SCORED, type ScoredName } from './score.ts';
import { isName, screenText, type TextCode } from './text.ts';

const COUNTER_OF: Readonly<Record<Exclude<TextCode, ''>, CounterName<'zone'>>> = {
  text_empty: 'textEmpty',
  text_long: 'textLong',
  text_control: 'textControl',
  text_link: 'textLink',
  text_markup: 'textMarkup',
  text_injection: 'textInjection',
  text_repeat: 'textRepeat',
  text_rate: 'textRate',
  text_busy: 'textBusy',
  text_target_busy: 'textTargetBusy',
  text_name: 'textName',
  text_profanity: 'textProfanity',
};

/** A field of a request that the guard looks at. */
export interface ScreenedText {
  readonly name: string;
  readonly field: TextField;
}

export function listTexts(fields: Fields): readonly ScreenedText[] {
  return Object.entries(fields).flatMap(([name, field]) =>
    field.type === 'text' && field.screen !== 'none' ? [{ name, field }] : [],
  );
}

/**
 * '' and `values` with its texts as others may read them, or why the request is refused (counted). Before the tick that
 * the request is for.
 */
export function screenRequest(
  guard: InputGuard,
  world: World,
  texts: readonly ScreenedText[],
  values: Record<string, number | string>,
  slot: number,
  findPlayer: (name: string) => number,
): TextCode {
  const tick = worldTick(world) + 1;
  let hash = 0;
  let hasChat = false;
  let chatBytes = 0;
  let target = -1;
  let heardBy: TextField['heardBy'];
  for (let place = 0; place < texts.length; place++) {
    const { name, field } = texts[place]!;
    const value = values[name] as string;
    // It names an account, which was screened when it was made, perhaps by other lists.
    if (field.screen === 'name') {
      if (!isName(value)) return count(guard, slot, 'text_name', tick);
      hash = hashString(hash, value);
      target = findPlayer(value);
      continue;
    }
    if (!hasChat) {
      hasChat = true;
      if (!takeText(world, slot, tick)) return count(guard, slot, 'text_rate', tick);
    }
    const { code, text, isMasked } = screenText(value, 'chat');
    if (code !== '') return count(guard, slot, code, tick);
    // `<` became a longer character: what goes out has to fit as well.
    const bytes = utf8Bytes(text);
    if (bytes > field.maxBytes) return count(guard, slot, 'text_long', tick);
    chatBytes += bytes;
    heardBy = field.heardBy;
    if (isMasked) count(guard, slot, 'text_profanity', tick);
    else if (text !== value) guard.counters.words[guard.counters.index.textInvisible]!++;
    values[name] = text;
    hash = hashString(hash, text);
  }
  if (!hasChat) return '';
  if (isRepeated(world, slot, tick, hash)) return count(guard, slot, 'text_repeat', tick);
  const isQuiet = world.columns.textCount[slot]! <= TEXTS_QUIET_MAX;
  const crowd = takeHearing(world, { heardBy, target, bytes: chatBytes, isQuiet }, tick);
  if (crowd !== '') return count(guard, slot, crowd, tick);
  noteText(world, slot, tick, hash);
  return '';
}

/** Texts of every script that is looked for, and long: the first ones take a hundred times as long as later ones. */
const WARM_UP_TEXTS = [
  'ask the assassins at the north gate, f u n and games ',
  'ｗｉｄｅ grüße из привет всем ‹3 ćma niño façade ',
  'a. b, c (d) e - 12:30 1,000 x@y / z ',
];
const WARM_UP_ROUNDS = 10;

/** Before a zone has players: lets the engine compile what screening needs. */
export function warmUpScreening(): void {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    for (const text of WARM_UP_TEXTS) screenText(`${round} ${text.repeat(4)}`, 'chat');
  }
}

function count(guard: InputGuard, slot: number, code: Exclude<TextCode, ''>, tick: number): TextCode {
  guard.counters.words[guard.counters.index[COUNTER_OF[code]]]!++;
  if (code in SCORED) addPoints(guard.suspicion, slot, SCORED[code as ScoredName], tick);
  return code;
}

/** Before a text is looked at: screening is what a flood of them would cost. */
function takeText({ columns }: World, slot: number, tick: number): boolean {
  const { textTick, textCount } = columns;
  if (textTick[slot] === 0 || tick - textTick[slot]! >= TEXT_WINDOW_TICKS) {
    textTick[slot] = tick;
    textCount[slot] = 0;
  }
  if (textCount[slot]! >= TEXTS_PER_WINDOW_MAX) return false;
  textCount[slot]!++;
  return true;
}

/** Whether it was taken twice within the window already. */
function isRepeated({ columns }: World, slot: number, tick: number, hash: number): boolean {
  const { textHash, textNewTick, textOldTick } = columns;
  if (textHash[slot] !== hash || textNewTick[slot] === 0) return false;
  return textOldTick[slot] !== 0 && tick - textOldTick[slot]! < TEXT_WINDOW_TICKS;
}

/** It was taken. */
function noteText({ columns }: World, slot: number, tick: number, hash: number): void {
  const { textHash, textNewTick, textOldTick } = columns;
  textOldTick[slot] = textHash[slot] === hash ? textNewTick[slot]! : 0;
  textHash[slot] = hash;
  textNewTick[slot] = tick;
}

/** FNV-1a over the code units, ASCII letters without case; an end mark, so that two texts differ from their sum. */
function hashString(from: number, text: string): number {
  let hash = from ^ 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    hash = Math.imul(hash ^ (code >= 0x41 && code <= 0x5a ? code | 0x20 : code), 0x01000193);
  }
  return Math.imul(hash ^ 0xffff, 0x01000193);
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // Half of a pair is 2 of its 4 bytes.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}
