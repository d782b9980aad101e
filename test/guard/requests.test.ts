import { expect, test } from 'vitest';
import { TEXT_WINDOW_TICKS, TEXTS_PER_WINDOW_MAX } from '../../src/base/limits.ts';
import { SCORED } from '../../src/guard/score.ts';
import { defineGame } from '../../src/sim/game.ts';
import { createZoneBuffers } from '../../src/zone/buffers.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import { applyRecord, createZone, stepZone } from '../../src/zone/zone.ts';
import { count, createTestZone, join, receive, request, run, slotOf, type TestZone } from '../zone/harness.ts';
import { NASTY } from './texts.ts';

/** Says what it was given, by field, so that a test sees what a game gets. */
const talkative = defineGame({
  name: 'talkative',
  version: 1,
  kinds: { player: 1 },
  columns: { heard: { type: 'i32', seenBy: 'nobody' } },
  requests: {
    say: {
      field: 16,
      fields: {
        to: { field: 1, type: 'text', maxBytes: 24, screen: 'name' },
        text: { field: 2, type: 'text', maxBytes: 512 },
        key: { field: 3, type: 'text', maxBytes: 64, screen: 'none' },
      },
      run(sim, slot, { to, text, key }) {
        sim.columns.heard[slot] = String(text).length;
        sim.emit('said', slot, { to: to!, text: text!, key: key! });
        return '';
      },
    },
  },
  events: {
    said: {
      field: 16,
      fields: {
        to: { field: 1, type: 'text', maxBytes: 24 },
        text: { field: 2, type: 'text', maxBytes: 512 },
        key: { field: 3, type: 'text', maxBytes: 64 },
      },
    },
  },
  limits: { speedMmPerS: 6000, turnPerS: 131_072, worldHalfMm: 100_000, interestRadiusMm: 30_000 },
  createMap: () => null,
  systems: [],
});

function start(): TestZone {
  const zone = createTestZone(talkative);
  join(zone, 0);
  run(zone);
  receive(zone);
  return zone;
}

/** What the game made of it and why it was refused. */
function say(zone: TestZone, text: string, to = 'anna', key = ''): { refused: unknown; said: unknown } {
  request(zone, 0, { id: 1, say: { to, text, key } });
  run(zone);
  const messages = receive(zone);
  const said = messages.find(({ kind }) => kind === 'event')?.value?.said;
  return { refused: messages.find(({ kind }) => kind === 'response')?.value?.refused, said };
}

test('the game gets texts screened, names checked, and what nobody reads as it was', () => {
  const zone = start();
  expect(say(zone, ' what the  fuck <3 ', 'Bert', '<b>%00')).toEqual({
    refused: '',
    said: { to: 'Bert', text: 'what the *** ‹3', key: '<b>%00' },
  });
  expect([count(zone, 'textProfanity'), count(zone, 'textInvisible')]).toEqual([1, 0]);
  expect(say(zone, 'hi', 'no name!')).toEqual({ refused: 'text_name', said: undefined });
  expect(count(zone, 'textName')).toBe(1);
});

test('a refused text is told with its code and counted; the game never sees it', () => {
  const counters = { text_empty: 'textEmpty', text_control: 'textControl', text_link: 'textLink' } as const;
  const more = { text_markup: 'textMarkup', text_injection: 'textInjection' } as const;
  for (const [code, counter] of Object.entries({ ...counters, ...more })) {
    const zone = start();
    const texts = NASTY[code]!.filter((text) => text.length < 100 && text.isWellFormed()).slice(
      0,
      TEXTS_PER_WINDOW_MAX,
    );
    for (const text of texts) expect([text, say(zone, text)]).toEqual([text, { refused: code, said: undefined }]);
    expect([count(zone, counter), count(zone, 'requestsRefused')]).toEqual([texts.length, texts.length]);
    const points = code in SCORED ? SCORED[code as keyof typeof SCORED].points : 0;
    expect(zone.zone.guard.suspicion.points[slotOf(zone, 0)]).toBe(points * texts.length);
    expect(zone.zone.guard.suspicion.proof[slotOf(zone, 0)]).toBe(0);
  }
});

test('text_long: what is longer than its field once it is screened is refused', () => {
  const zone = start();
  const text = '<1'.repeat(128);
  expect(say(zone, text).refused).toBe('');
  const small = createTestZone();
  join(small, 0);
  run(small);
  receive(small);
  request(small, 0, { id: 1, shout: { text: '<1'.repeat(20) } });
  run(small);
  expect(receive(small)[0]!.value).toEqual({ id: 1, refused: 'text_long' });
  expect(count(small, 'textLong')).toBe(1);
});

test('text_repeat: the same text is taken twice, the third within 10 s is refused, later it is taken again', () => {
  const zone = start();
  expect(
    ['Buy my gold', 'buy my GOLD', 'buy  my gold', 'hello', 'buy my gold'].map((text) => say(zone, text).refused),
  ).toEqual(['', '', 'text_repeat', '', '']);
  expect(count(zone, 'textRepeat')).toBe(1);
  expect(say(zone, 'buy my gold').refused).toBe('');
  expect(say(zone, 'buy my gold').refused).toBe('text_repeat');
  run(zone, TEXT_WINDOW_TICKS);
  expect(say(zone, 'buy my gold').refused).toBe('');
  // To another it is another text.
  const other = start();
  expect(['anna', 'bert', 'carl'].map((to) => say(other, 'hi', to).refused)).toEqual(['', '', '']);
});

test('text_rate: more than ten texts in 10 s are refused unread, then there is room again', () => {
  const zone = start();
  for (let index = 0; index < TEXTS_PER_WINDOW_MAX; index++) expect(say(zone, `text ${index}`).refused).toBe('');
  expect([say(zone, 'one more').refused, say(zone, '<script>').refused]).toEqual(['text_rate', 'text_rate']);
  expect(count(zone, 'textRate')).toBe(2);
  run(zone, TEXT_WINDOW_TICKS);
  expect(say(zone, 'one more').refused).toBe('');
});

test('a replay of the stream screens the same, state hash and all', () => {
  const zone = start();
  const texts = [
    'hello',
    'fuck <3',
    'evil.com',
    'hello',
    'hello',
    'hello',
    'ａｓｄ',
    'x\u202ey',
    "' or 1=1",
    'é\u0301\u0302\u0303\u0304',
  ];
  for (const text of texts) say(zone, text);
  for (let index = 0; index < 20; index++) say(zone, `flood ${index % 3}`);
  const hash = hashZone(zone.zone);
  const replay = createZone({
    game: talkative,
    seed: 1,
    epoch: 1,
    buffers: createZoneBuffers(talkative, 1, 64),
    resume: false,
  });
  for (let tick = 1, next = 0; tick <= 31; tick++) {
    for (; zone.stream[next]?.tick === tick; next++) {
      const { bytes } = zone.stream[next]!;
      applyRecord(replay, bytes, 0, bytes.length);
    }
    stepZone(replay);
  }
  expect(hashZone(replay)).toBe(hash);
});
