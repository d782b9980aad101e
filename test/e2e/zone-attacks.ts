// How a hostile client breaks each rule of a zone, by the rule's code (attacks.ts).

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import {
  CHAT_LENGTH_MAX,
  REQUESTS_PER_SECOND_MAX,
  TEXTS_PER_WINDOW_MAX,
  TEXTS_QUIET_MAX,
} from '../../src/base/limits.ts';
import type { WireObject } from '../../src/wire/codec.ts';
import {
  connect,
  enter,
  hangUp,
  joinMessage,
  nextTick,
  openSession,
  type RawClient,
  send,
} from '../../tools/hostile/raw-client.ts';
import { NASTY } from '../guard/texts.ts';
import { AHEAD_TICKS, type Attack, ask, type InProcess, inputs, sendInputs, untilLater } from './attack.ts';
import { game } from './fixtures/chat-game.ts';
import { until } from './server.ts';

/** Of taking somebody over: now and then none of its inputs falls between. */
const ROUNDS_MAX = 20;
const NOTE_BYTES = 700;
const HELPERS = 30;
const REFILL_MS = 800;

/** Texts that are refused with that code, each counted once. */
function texts(code: string, sends: string, refused: readonly string[]): Attack {
  return {
    sends,
    told: code,
    async run({ client }) {
      const answers = await ask(
        client,
        refused.map((text) => ({ say: { text } })),
      );
      expect(new Set(answers)).toEqual(new Set([code]));
      return { times: refused.length, told: answers[0]! };
    },
  };
}

/** Long requests that nobody screens: a few of them are all that a tick takes. */
function sendNotes(client: RawClient, count: number): void {
  for (let id = 1; id <= count; id++) send(client, { request: { id, note: { text: 'n'.repeat(NOTE_BYTES) } } });
}

/** A text that is taken all the same, corrected. */
function corrected(sends: string, text: string): Attack {
  return {
    sends,
    async run({ client }) {
      return { times: 1, told: (await ask(client, [{ say: { text } }]))[0]! };
    },
  };
}

/** All the texts that one may write at once, each as long as they get: more than its part of what others can hear. */
function crowding(code: string, sends: string, requestOf: (text: string, client: RawClient) => WireObject): Attack {
  return {
    sends,
    told: code,
    also: ['zone.requestsPutOff'],
    async run({ client }) {
      const texts = Array.from({ length: TEXTS_PER_WINDOW_MAX }, (_, index) => longText(index));
      const answers = await ask(
        client,
        texts.map((text) => requestOf(text, client)),
      );
      expect(answers.slice(0, TEXTS_QUIET_MAX)).toEqual(Array(TEXTS_QUIET_MAX).fill(''));
      return { told: answers.find((answer) => answer !== '')! };
    },
  };
}

/** 256 characters of four bytes, another text for each index. */
function longText(index: number): string {
  const pair = String.fromCodePoint(0x1f600 + index, 0x1f640 + index);
  return pair.repeat(CHAT_LENGTH_MAX / 2);
}

export const ZONE_ATTACKS: Readonly<Record<string, Attack | InProcess>> = {
  stranger: {
    sends: 'inputs while its player is taken over by another connection',
    told: 'replaced',
    ends: true,
    // It sends more than one for a tick: all of them are to find nobody.
    also: ['zone.dropDuplicate'],
    async run({ server, client, session: { guestSecret }, count }) {
      let old = client;
      for (let round = 0; round < ROUNDS_MAX && (await count()) === 0; round++) {
        const { token } = await openSession(server.url(), { guestSecret });
        const next = await connect(game, server.zoneUrl());
        send(next, joinMessage(next, token));
        for (let sent = 0; sent < 100 && !old.isClosed; sent++) {
          sendInputs(old, [{}]);
          await sleep(1);
        }
        await until('the old one is closed', () => old.isClosed && next.snapshots > 0);
        old = next;
      }
      await hangUp(old);
      return { told: client.goodbye };
    },
  },
  stale: inputs('inputs for ticks that ran', [{ tick: 1 }, { tick: 2 }, { tick: 1 }]),
  early: {
    sends: 'inputs for ticks far ahead',
    async run({ client }) {
      sendInputs(
        client,
        [100, 200, 300].map((ahead) => ({ tick: nextTick(client) + ahead })),
      );
      return { times: 3 };
    },
  },
  duplicate: {
    sends: 'three inputs for one tick',
    async run({ client }) {
      const tick = nextTick(client) + AHEAD_TICKS;
      sendInputs(client, [{ tick }, { tick, moveX: 5 }, { tick, moveX: 9 }]);
      return { times: 2 };
    },
  },
  time_warp: inputs('inputs from years ahead', [{ tick: 0x7fff_ffff }, { tick: 0x7fff_fffe }], ['zone.dropEarly']),
  move_length: inputs('moves both ways at once', [
    { moveX: 127, moveZ: 127 },
    { moveX: -127, moveZ: 127 },
  ]),
  facing_rate: {
    sends: 'an aim that is behind it in the next tick, and back',
    async run({ client }) {
      sendInputs(client, [{ aim: 0 }, { aim: 32_768 }, { aim: 0 }]);
      return { times: 2 };
    },
  },
  bounds: inputs('claims of being outside the world', [
    { claimedX: 100_001, claimedY: 0, claimedZ: 0 },
    { claimedX: 0, claimedY: 0, claimedZ: -(2 ** 31) },
  ]),
  position: inputs('a claim of being elsewhere', [{ claimedX: 30_000, claimedY: 0, claimedZ: 0 }]),
  speed: {
    sends: 'a claim of being where it is, and shortly after one of being far away',
    also: ['zone.guardPosition'],
    async run({ client }) {
      const from = nextTick(client) + AHEAD_TICKS;
      send(client, { inputs: [{ tick: from, claimedX: 0, claimedY: 0, claimedZ: 0 }] });
      await until('half a second later', () => nextTick(client) > from + 40);
      sendInputs(client, [{ claimedX: 20_000, claimedY: 0, claimedZ: 0 }]);
      return { times: 1 };
    },
  },
  view_age: inputs('inputs that saw nothing and aimed at the past', [{ viewAge: 200 }, { viewAge: 15 }]),
  request_work: {
    sends: '20 long requests at once',
    async run({ client }) {
      sendNotes(client, REQUESTS_PER_SECOND_MAX);
      await until('all are answered', () => client.responses.length === REQUESTS_PER_SECOND_MAX);
      return {};
    },
  },
  request_waiting: {
    sends: 'as many long requests as the edge takes, through many connections, and as many again while they wait',
    also: ['zone.requestsPutOff', 'edge.dropRate'],
    async run({ server, client }) {
      const helpers = await Promise.all(Array.from({ length: HELPERS }, async () => enter(game, server.url())));
      const all = [client, ...helpers.map((helper) => helper.client)];
      for (const each of all) sendNotes(each, REQUESTS_PER_SECOND_MAX);
      // The edge's budgets have filled up again, but the zone has not come so far.
      await sleep(REFILL_MS);
      for (const each of all) sendNotes(each, REQUESTS_PER_SECOND_MAX);
      await untilLater(client);
      await Promise.all(helpers.map((helper) => hangUp(helper.client)));
      return {};
    },
  },
  text_rate: {
    sends: 'an eleventh text within ten seconds',
    told: 'text_rate',
    async run({ client }) {
      const said = Array.from({ length: TEXTS_PER_WINDOW_MAX + 1 }, (_, id) => ({ say: { text: `text ${id}` } }));
      const answers = await ask(client, said);
      expect(answers.filter((answer) => answer !== '').length).toBe(1);
      return { times: 1, told: answers.at(-1)! };
    },
  },
  text_name: {
    sends: 'a whisper to what is no name',
    told: 'text_name',
    async run({ client }) {
      return { times: 1, told: (await ask(client, [{ whisper: { to: 'a b', text: 'hi' } }]))[0]! };
    },
  },
  text_control: texts('text_control', 'controls', NASTY.text_control!.slice(0, 3)),
  text_invisible: corrected('zero widths between letters', 'he\u200bl\ufeffo'),
  text_empty: texts('text_empty', 'what shows nothing', NASTY.text_empty!.slice(1, 4)),
  text_long: texts('text_long', 'more than 256 characters', NASTY.text_long!.slice(0, 2)),
  text_repeat: {
    sends: 'the same text a third time',
    told: 'text_repeat',
    async run({ client }) {
      const answers = await ask(
        client,
        Array.from({ length: 3 }, () => ({ say: { text: 'again' } })),
      );
      expect(answers.slice(0, 2)).toEqual(['', '']);
      return { times: 1, told: answers[2]! };
    },
  },
  text_injection: texts('text_injection', 'SQL', NASTY.text_injection!.slice(0, 3)),
  text_markup: texts('text_markup', 'tags', NASTY.text_markup!.slice(0, 3)),
  text_link: texts('text_link', 'addresses', NASTY.text_link!.slice(0, 3)),
  text_profanity: corrected('a bad word', 'fuck'),
  text_busy: crowding('text_busy', 'the longest texts, as many as it may', (text) => ({ say: { text } })),
  text_target_busy: crowding('text_target_busy', 'as many to one player', (text, { welcome }) => ({
    whisper: { to: String(welcome!.name), text },
  })),
};
