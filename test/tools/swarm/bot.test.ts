import { expect, test } from 'vitest';
import { createManualClock } from '../../../src/base/clock.ts';
import { TICK_MS } from '../../../src/base/limits.ts';
import type { OpenSocket, PostJson } from '../../../src/client/ports.ts';
import { game } from '../../../src/game/game.ts';
import { AWAY_MS_MAX, createBot, endBot, runBot } from '../../../tools/swarm/bot.ts';
import { createCrowd } from '../../../tools/swarm/crowd.ts';
import { createLink } from '../../../tools/swarm/link.ts';
import { createPart } from '../../../tools/swarm/report.ts';

const PERFECT = { latencyMs: 0, jitterMs: 0, lossShare: 0 };
const SESSION = { token: 'a token', zones: [{ zoneId: 1, url: 'ws://nowhere' }] };

/** A bot against a server that answers so; runs it for so long, and returns what it accounted for. */
async function fare(post: PostJson, openSocket: OpenSocket, ms: number, startMs = 0) {
  const clock = createManualClock();
  const part = createPart(1);
  const bot = createBot({
    game,
    url: 'http://nowhere',
    bots: 1,
    zoneId: undefined,
    seed: 1,
    startMs,
    transport: 'ws',
    createLink: (random) => createLink(openSocket, PERFECT, random, () => clock.now()),
    post,
    clock,
    part,
    crowd: createCrowd(false),
  });
  while (clock.now() < ms) {
    clock.advance(TICK_MS);
    runBot(bot, clock.now(), clock.now());
    // Promises of the session request.
    await new Promise((resolve) => setImmediate(resolve));
  }
  endBot(bot, clock.now());
  return part;
}

const noSocket: OpenSocket = () => expect.unreachable('no session, no socket');
const session: PostJson = async () => ({ status: 200, body: SESSION });

test('a server that does not answer fails the bot once, when it has waited long enough', async () => {
  const post: PostJson = () => Promise.reject(new Error('nobody there'));
  const early = await fare(post, noSocket, AWAY_MS_MAX / 2);
  expect(early.failures).toEqual({ join_unreachable: 1 });
  const late = await fare(post, noSocket, AWAY_MS_MAX * 2);
  expect(late.failures).toEqual({ join_unreachable: 1 });
  expect(late.timeInState.CONNECTING).toBeCloseTo((AWAY_MS_MAX * 2) / 1000, 1);
});

test('a refusal for good fails it at once, with the server’s word', async () => {
  const post: PostJson = async () => ({ status: 400, body: { error: 'bad_name' } });
  expect((await fare(post, noSocket, 100)).failures).toEqual({ join_bad_name: 1 });
});

test('a frame that can not be read fails it', async () => {
  const openSocket: OpenSocket = (_url, events) => {
    setImmediate(() => {
      events.opened();
      events.received(Uint8Array.of(0xff, 0xff));
    });
    return { send: () => {}, close: () => {} };
  };
  expect((await fare(session, openSocket, 200)).failures).toEqual({ malformed_frame: 1 });
});

test('a bot whose turn to start has not come does nothing and fails nothing', async () => {
  const part = await fare(() => expect.unreachable('too early'), noSocket, 500, 1000);
  expect(part.failures).toEqual({});
  expect(part.timeInState.CONNECTING).toBe(0);
});
