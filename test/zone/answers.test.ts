import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader, Writer } from '../../src/base/bytes.ts';
import { ANSWERS_MAX, ANSWERS_PER_PLAYER_MAX } from '../../src/base/limits.ts';
import {
  ANSWERS_BYTES,
  type Answers,
  createAnswers,
  findAnswer,
  keepAnswer,
  readAnswers,
  resumeAnswers,
  writeAnswers,
} from '../../src/zone/answers.ts';

const PLAYER = 2 ** 40;
const make = (): Answers => createAnswers(new SharedArrayBuffer(ANSWERS_BYTES));

test('the newest of each player are found, as a naive list has them, through memory and bytes', () => {
  const answer = fc.record({
    player: fc.integer({ min: 1, max: 3 }),
    key: fc.integer({ min: 1, max: 0xffff_ffff }),
    refused: fc.constantFrom('', 'too_poor', 'no_room'),
  });
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 80 }), (list) => {
      const answers = make();
      const naive = new Map<number, { key: number; refused: string }[]>();
      for (const [tick, { player, key, refused }] of list.entries()) {
        if (findAnswer(answers, PLAYER + player, key) !== undefined) continue;
        keepAnswer(answers, PLAYER + player, key, tick + 1, refused);
        const own = [...(naive.get(player) ?? []), { key, refused }];
        naive.set(player, own.slice(-ANSWERS_PER_PLAYER_MAX));
      }
      const copy = make();
      const writer = new Writer(new Uint8Array(8192));
      writeAnswers(writer, answers);
      readAnswers(new Reader(writer.copy()), copy);
      const resumed = createAnswers(answers.words.buffer);
      resumeAnswers(resumed, list.length);
      for (const each of [answers, copy, resumed]) {
        for (const { player, key } of list) {
          const known = naive.get(player)?.find((one) => one.key === key)?.refused;
          expect(findAnswer(each, PLAYER + player, key)).toBe(known);
        }
      }
    }),
  );
});

test('what a tick answered that never was is forgotten; of too many the oldest are', () => {
  const answers = make();
  keepAnswer(answers, 1, 5, 10, '');
  keepAnswer(answers, 1, 6, 11, '');
  resumeAnswers(answers, 10);
  expect([findAnswer(answers, 1, 5), findAnswer(answers, 1, 6)]).toEqual(['', undefined]);
  for (let nth = 0; nth < ANSWERS_MAX; nth++) keepAnswer(answers, 100 + nth, 1, 12, 'no');
  expect(findAnswer(answers, 1, 5)).toBeUndefined();
  expect(answers.byPlayer.size).toBe(ANSWERS_MAX - 0);
  expect(findAnswer(answers, 100, 1)).toBe('no');
});

test('however many there were, the newest are found and written: what counts them has a bound', () => {
  const answers = make();
  const rounds = 3;
  const last = rounds * ANSWERS_MAX + 7;
  for (let nth = 1; nth <= last; nth++) keepAnswer(answers, PLAYER + (nth % 5000), nth, nth, '');
  expect(answers.words[0]).toBeLessThan(2 * ANSWERS_MAX);
  const copy = make();
  const writer = new Writer(new Uint8Array(ANSWERS_MAX * 40));
  writeAnswers(writer, answers);
  readAnswers(new Reader(writer.copy()), copy);
  const resumed = createAnswers(answers.words.buffer);
  resumeAnswers(resumed, last);
  for (const each of [answers, copy, resumed]) {
    for (const nth of [last, last - 1, last - ANSWERS_MAX + 1]) {
      expect(findAnswer(each, PLAYER + (nth % 5000), nth), String(nth)).toBe('');
    }
    expect(findAnswer(each, PLAYER + ((last - ANSWERS_MAX) % 5000), last - ANSWERS_MAX)).toBeUndefined();
  }
});
