// Bots against the real zone and edge, on simulated time: what they do to creatures and to each other.

import { expect, test } from 'vitest';
import { TICK_MS } from '../../../src/base/limits.ts';
import type { OpenSocket, PostJson } from '../../../src/client/ports.ts';
import { REASONS } from '../../../src/game/abilities.ts';
import { game } from '../../../src/game/game.ts';
import { createBot, endBot, runBot } from '../../../tools/swarm/bot.ts';
import { createCrowd, updateCrowd } from '../../../tools/swarm/crowd.ts';
import { FIGHTER_STATES } from '../../../tools/swarm/fighter.ts';
import { createLink } from '../../../tools/swarm/link.ts';
import { createPart, createReport } from '../../../tools/swarm/report.ts';
import { createSimulatedServer, openLink, run } from '../../client/simulated-server.ts';
import { PERFECT_LINE } from '../../simulated-network.ts';

const BOTS = 20;
const SECONDS = 60;

test.for([
  [20, 'each its own'],
  [2, 'who tell the others'],
] as const)(
  '20 bots live for a minute by the sight of %d, %s: fight, die, come back, chat, find parties',
  { timeout: 60_000 },
  async ([whole]) => {
    const server = createSimulatedServer(game, 5, PERFECT_LINE, 512);
    const part = createPart(BOTS);
    const crowd = createCrowd(whole < BOTS);
    const openSocket: OpenSocket = (_, events) => openLink(server, events, () => 0);
    const bots = Array.from({ length: BOTS }, (_, index) => {
      // Names are `p` and the token: shorter ones are none.
      const session = { token: String(index + 101), zones: [{ zoneId: 1, url: 'ws://simulated' }] };
      const post: PostJson = async () => ({ status: 200, body: session });
      const { clock } = server;
      const conditions = { latencyMs: 0, jitterMs: 0, lossShare: 0 };
      const startMs = clock.now() + index * 10;
      return createBot({
        game,
        url: 'http://simulated',
        zoneId: undefined,
        bots: BOTS,
        seed: index,
        startMs,
        transport: 'ws',
        createLink: (random) => createLink(openSocket, conditions, random, () => clock.now()),
        post,
        clock,
        part,
        crowd,
        isLight: index >= whole,
      });
    });
    for (let turn = 0; turn < SECONDS * 60; turn++) {
      run(server, Math.round(TICK_MS * (turn + 1)) - Math.round(TICK_MS * turn));
      updateCrowd(crowd, server.clock.now());
      for (const bot of bots) runBot(bot, server.clock.now(), server.clock.now());
      // Promises of the session requests.
      if (turn < 100) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const bot of bots) endBot(bot, server.clock.now());
    const { failures, timeInState, deeds } = createReport(part, { seed: 0, transport: 'ws' });
    expect(failures).toEqual({});
    expect(deeds!.hits).toBeGreaterThan(50);
    expect(deeds!.damage).toBeGreaterThan(500);
    expect(deeds!.playersKilled + deeds!.creaturesKilled).toBeGreaterThan(0);
    expect(deeds!.deaths).toBeGreaterThan(0);
    expect(deeds!.said).toBeGreaterThan(0);
    expect(Object.keys(deeds!.abilities).sort()).toEqual(['bolt', 'mend', 'meteor', 'slash']);
    for (const state of FIGHTER_STATES) expect(timeInState[state], state).toBeGreaterThan(0);
    expect(deeds!.invited).toBeGreaterThan(0);
    expect(deeds!.partiesJoined).toBeGreaterThan(0);
    // By reason: a hard hit breaks off casts in any fight, and bots press on while they cast.
    const { abilitiesRefused, requestsRefused } = deeds!;
    expect(abilitiesRefused).toMatchObject({ hit: expect.any(Number), casting: expect.any(Number) });
    expect(Object.keys(REASONS)).toEqual(expect.arrayContaining(Object.keys(abilitiesRefused)));
    // By request and code; what bots say and whom they name passes the guard.
    for (const refused of Object.keys(requestsRefused)) {
      const [request, code] = refused.split(':');
      expect(Object.keys(game.requests!)).toContain(request);
      expect(code, refused).not.toMatch(/^text_|^$/);
    }
  },
);
