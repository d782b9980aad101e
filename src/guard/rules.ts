// The one table of every check the server makes on what players send. Nothing runs it: the checks are where `where`
// says. A test holds each row to a counter that exists, a test that exists, and to docs/guard.md, which is printed from
// it (`node tools/guard-table.ts --write`). A check without a row, or a row without a test, fails the suite.

import * as limits from '../base/limits.ts';
import { EDGE_ROWS, GATEWAY_ROWS, type Row, type Rule } from './edge-rules.ts';
import { GAME_ROWS } from './game-rules.ts';

const HOSTILE_INPUTS = 'inputs of strangers, stale, early and doubled ones move a counter and nothing else';
const REFUSED_TEXTS =
  'injection, markup, links and lies in chat reach nobody; each is refused with its code and counted';
const SPEED = 'the game’s speed and a tenth';

const ZONE_ROWS: readonly Row[] = [
  [
    'stranger',
    'an input of a connection without a player',
    'one entity a player',
    'zone',
    'drop',
    'zone.dropUnknownClient',
    HOSTILE_INPUTS,
  ],
  ['stale', 'an input for a tick that ran', 'the next tick', 'zone', 'drop', 'zone.dropStale', HOSTILE_INPUTS],
  [
    'early',
    'inputs for ticks ahead; each tick takes one, so nobody has more time than others',
    `${limits.PENDING_INPUTS} ticks`,
    'zone',
    'drop',
    'zone.dropEarly',
    HOSTILE_INPUTS,
  ],
  ['duplicate', 'a second input for one tick', 'one a tick', 'zone', 'drop', 'zone.dropDuplicate', HOSTILE_INPUTS],
  [
    'time_warp',
    'an input further ahead than any line explains',
    `${limits.TIME_WARP_TICKS} ticks`,
    'zone',
    'drop',
    'zone.guardTimeWarp',
    'time_warp: inputs no line explains are counted and scored, early ones are not',
  ],
  [
    'move_length',
    'a move longer than one can go',
    127,
    'zone',
    'correct',
    'zone.guardMove',
    'move_length: a move longer than 127 is shortened to it, its direction kept',
  ],
  [
    'facing_rate',
    'an aim that turns too fast: it may, the character turns at its rate; scored when it mostly jumps for 5 s',
    'the game’s, ≤ 720°/s',
    'zone',
    'count',
    'zone.guardFacing',
    'facing_rate: an aim that jumps is counted, over lost inputs it has more time',
  ],
  [
    'bounds',
    'a claim outside the world',
    'the game’s, ≤ 10 km',
    'zone',
    'count',
    'zone.guardBounds',
    'bounds: a claim outside the world is counted and not compared',
  ],
  [
    'position',
    'a claim away from where the player is',
    '2 m',
    'zone',
    'correct',
    'zone.guardPosition',
    'position: a claim away from where the zone has the player is counted, and the player stays where it is',
  ],
  [
    'speed',
    'claims further apart than one can go',
    SPEED,
    'zone',
    'correct',
    'zone.guardSpeed',
    'speed: claims further apart than the game’s speed allows are counted',
  ],
  [
    'view_age',
    'having aimed at what was shown long ago',
    `${limits.REWIND_TICKS_MAX} ticks, near the acknowledged snapshot`,
    'zone',
    'correct',
    'zone.guardViewAge',
    'a claim for one shot moves the judgement of that shot by nothing',
  ],
  [
    'cheating',
    'nothing but what no honest client sends',
    `${limits.SUSPICION_CLOSE} points`,
    'zone',
    'close',
    'zone.guardClosed',
    'claims outside the world and inputs from another time end in goodbye cheating, and it is no log line',
  ],
  [
    'request_work',
    'requests of all players at once; the rest waits for the next ticks, each player in turn',
    `${limits.REQUEST_COST_PER_TICK} bytes a tick, each ${limits.REQUEST_COST_EACH} more`,
    'zone',
    'hold',
    'zone.requestsPutOff',
    'request_work: what a tick has no time for waits, and who asks once waits for one turn, not for all of a flood',
  ],
  [
    'request_waiting',
    'requests of one player that wait',
    limits.REQUESTS_WAITING_MAX,
    'zone',
    'drop',
    'zone.dropRequest',
    'request_waiting: a player whose requests pile up loses the newest, and nobody else does',
  ],
  [
    'text_rate',
    'texts of one player',
    `${limits.TEXTS_PER_WINDOW_MAX} in ${limits.TEXT_WINDOW_TICKS} ticks`,
    'zone',
    'refuse',
    'zone.textRate',
    'text_rate: more than ten texts in 10 s are refused unread, then there is room again',
  ],
  [
    'text_name',
    'a name that none can be',
    `[A-Za-z0-9_.-] ${limits.NAME_LENGTH_MIN}–${limits.NAME_LENGTH_MAX}`,
    'zone',
    'refuse',
    'zone.textName',
    'the game gets texts screened, names checked, and what nobody reads as it was',
  ],
  [
    'text_control',
    'controls, and what turns the writing round',
    'none',
    'zone',
    'refuse',
    'zone.textControl',
    REFUSED_TEXTS,
  ],
  [
    'text_invisible',
    'zero widths, piles of marks, runs of one letter, blanks',
    `${limits.TEXT_MARKS_MAX} marks, ${limits.TEXT_RUN_MAX} in a row`,
    'zone',
    'correct',
    'zone.textInvisible',
    'zero widths, piled marks, runs and blanks are heard corrected, and counted',
  ],
  ['text_empty', 'nothing to see', '1 character', 'zone', 'refuse', 'zone.textEmpty', REFUSED_TEXTS],
  [
    'text_long',
    'a long text',
    `${limits.CHAT_LENGTH_MAX} characters`,
    'zone',
    'refuse',
    'zone.textLong',
    'text_long: over 256 characters is refused, 256 of four bytes are taken',
  ],
  [
    'text_repeat',
    'the same again',
    `twice in ${limits.TEXT_WINDOW_TICKS} ticks; a word ${limits.TEXT_WORD_RUN_MAX} times running`,
    'zone',
    'refuse',
    'zone.textRepeat',
    'text_repeat: the same text is taken twice, the third within 10 s is refused, later it is taken again',
  ],
  [
    'text_injection',
    'SQL, CQL, Redis, shell, script, template',
    'src/guard/patterns.ts',
    'zone',
    'refuse',
    'zone.textInjection',
    REFUSED_TEXTS,
  ],
  [
    'text_markup',
    'tags, entities, markdown links and pictures',
    'src/guard/patterns.ts',
    'zone',
    'refuse',
    'zone.textMarkup',
    REFUSED_TEXTS,
  ],
  [
    'text_link',
    'addresses, spelt out as well',
    'src/guard/patterns.ts',
    'zone',
    'refuse',
    'zone.textLink',
    REFUSED_TEXTS,
  ],
  [
    'text_profanity',
    'profanity, look-alikes seen through: masked',
    'src/guard/words.ts',
    'zone',
    'correct',
    'zone.textProfanity',
    'profanity is masked through look-alikes, digits, doubled and spaced letters, marks and zero widths',
  ],
  [
    'text_busy',
    'texts of all players to the whole zone; half is kept for who writes little',
    `${limits.ZONE_TEXT_COST_PER_TICK} bytes a tick, each ${limits.TEXT_COST_EACH} more, ${limits.ZONE_TEXT_COST_BURST} at once`,
    'zone',
    'refuse',
    'zone.textBusy',
    'text_busy: a crowd that writes all it may costs each hearer no more than its share, and who writes little is heard',
  ],
  [
    'text_target_busy',
    'whispers to one player, of all others',
    `${limits.TARGET_TEXT_COST_PER_TICK} bytes a tick, each ${limits.TEXT_COST_EACH} more, ${limits.TARGET_TEXT_COST_BURST} at once`,
    'zone',
    'refuse',
    'zone.textTargetBusy',
    'text_target_busy: a crowd that whispers to one player is bounded, and others are whispered to',
  ],
];

export const RULES: readonly Rule[] = [...EDGE_ROWS, ...GATEWAY_ROWS, ...ZONE_ROWS, ...GAME_ROWS].map(
  ([code, what, limit, where, response, counter, test]) => ({ code, what, limit, where, response, counter, test }),
);

/** docs/guard.md, whole. */
export function printRules(): string {
  const lines = [
    '# What is checked',
    '',
    'Every check on what players send, in order of cost. Printed from `src/guard/rules.ts` by `npm run guard-table`; a test',
    'compares the two, and fails for a row whose counter or test does not exist. *drop*: it is gone, the session goes on.',
    '*correct*: the server’s state wins. *refuse*: the player is told a code. *close*: the connection ends with a goodbye.',
    '*hold*: it waits. *count*: nothing but the count.',
    '',
    'Each is broken over a real socket: `test/e2e/attacks.ts`, `test/e2e/hostile*.test.ts`; few can only be in the process.',
    '',
    'Counters are rows of `src/base/counters.ts`, but `rule.…`, which is `darkages_game_refused_total` with that rule: the',
    'checks of the game that ships, in `src/game`.',
    '',
    '| code | what | limit | where | response | counter | test |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ];
  for (const { code, what, limit, where, response, counter, test } of RULES) {
    lines.push(`| \`${code}\` | ${what} | ${limit} | ${where} | ${response} | \`${counter}\` | ${test} |`);
  }
  return `${lines.join('\n')}\n`;
}
