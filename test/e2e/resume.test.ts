// A node that is killed under players: the launcher starts another one, and all of them play again without having logged
// in, by WebSocket and by UDP. Real processes, real sockets; the clients are the swarm's, which are those of the page.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { createClient, startClient, stopClient, updateClient } from '../../src/client/client.ts';
import type { PostJson } from '../../src/client/ports.ts';
import { createGuestSecret, createSessionRequest } from '../../src/client/session.ts';
import { type Client, PLAYING } from '../../src/client/state.ts';
import { game } from '../../src/game/game.ts';
import { readNodeId } from '../../src/io/data-folder.ts';
import { systemClock } from '../../src/io/system.ts';
import { connect, enter, join as joinZone, openSession } from '../../tools/hostile/raw-client.ts';
import { createLink, type LinkConditions } from '../../tools/swarm/link.ts';
import { openSocket, openUdpHost, postJson } from '../../tools/swarm/swarm.ts';
import type { UdpHost } from '../../tools/swarm/udp-host.ts';
import { kill, killServers, type LaunchedServer, readMetric, startServer, until, untilUp } from './server.ts';

const NO_CONDITIONS: LinkConditions = { latencyMs: 0, jitterMs: 0, lossShare: 0 };
const PORT = 18_450;
const HTTP_PORT = 18_449;
const PASSWORD = 'correct horse battery';
/** From the kill on, with whatever else this machine does; without anything it is a little over a second. */
const BACK_MS_MAX = 30_000;
const TURN_MS = 16;

let folder: string;
let udp: UdpHost | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-resume-'));
});
afterEach(async () => {
  udp?.close();
  udp = undefined;
  await killServers();
  rmSync(folder, { recursive: true, force: true });
});

interface Crowd {
  readonly clients: readonly Client[];
  /** What was posted, by all. */
  readonly posted: Record<string, unknown>[];
  stop(): void;
}

/** Half by WebSocket, half by UDP; each fourth one has a name and a password. */
async function createCrowd(server: LaunchedServer, players: number): Promise<Crowd> {
  const host = await openUdpHost(players);
  udp = host;
  const posted: Record<string, unknown>[] = [];
  const post: PostJson = (url, body) => {
    posted.push({ ...(body as object) });
    return postJson(url, body);
  };
  const url = server.url();
  const links = Array.from({ length: players }, (_, index) => {
    const random = createRandom(index + 1);
    const isUdp = index % 2 === 1;
    return {
      random,
      isUdp,
      link: isUdp
        ? host.createLink(NO_CONDITIONS, random)
        : createLink(openSocket, NO_CONDITIONS, random, () => systemClock.now()),
    };
  });
  const clients: Client[] = [];
  for (const [index, { random, isUdp, link }] of links.entries()) {
    const account = index % 4 === 0 ? { name: `Player.${index}`, password: PASSWORD } : {};
    if ('name' in account) await openSession(url, { ...account, create: true });
    const client = createClient({
      game,
      requestSession: createSessionRequest({
        post,
        baseUrl: url,
        secret: createGuestSecret(),
        transport: isUdp ? 'udp' : undefined,
        ...account,
      }),
      openSocket: link.open,
      clock: systemClock,
      random: () => random.fraction(),
    });
    startClient(client, systemClock.now());
    clients.push(client);
  }
  const timer = setInterval(() => {
    const now = systemClock.now();
    host.leaveAt(now, now);
    for (const [index, client] of clients.entries()) {
      links[index]!.link.update(now);
      updateClient(client, now);
    }
    host.turn(now);
  }, TURN_MS);
  return {
    clients,
    posted,
    stop() {
      clearInterval(timer);
      for (const client of clients) stopClient(client);
    },
  };
}

const allPlay = (clients: readonly Client[]) => clients.every(({ state }) => state === PLAYING);

test('kill -9 of the node under twenty players: all play again within seconds, and none of them logs in', async () => {
  const server = await startServer(folder, ['--port', String(PORT), '--http-port', String(HTTP_PORT)]);
  const crowd = await createCrowd(server, 20);
  const { clients, posted } = crowd;
  await until('all play', () => allPlay(clients));
  await sleep(1_500);
  const before = clients.map(({ welcome }) => welcome);
  for (const kills of [1, 2]) {
    posted.length = 0;
    kill(server.nodePid(), 'SIGKILL');
    const killedMs = performance.now();
    await until('they notice', () => clients.every(({ stats }) => stats.reconnects === kills));
    await until('all play again', () => allPlay(clients));
    const backMs = performance.now() - killedMs;
    console.log(`all play again ${Math.round(backMs)} ms after kill ${kills}`);
    expect(backMs).toBeLessThan(BACK_MS_MAX);
    await untilUp(server, kills + 1);
    const snapshots = clients.map(({ stats }) => stats.snapshots);
    await until('more snapshots', () => clients.every(({ stats }, index) => stats.snapshots > snapshots[index]! + 5));
    expect(clients.map(({ stats }) => [stats.reconnects, stats.resumed, stats.malformed])).toEqual(
      clients.map(() => [kills, kills, 0]),
    );
    // Nobody showed anything but a ticket, and each is who it was.
    expect(new Set(posted.flatMap((body) => Object.keys(body)))).toEqual(new Set(['resume', 'transport']));
    expect(clients.map(({ welcome }) => [welcome?.playerId, welcome?.name])).toEqual(
      before.map((welcome) => [welcome?.playerId, welcome?.name]),
    );
    await sleep(1_500);
  }
  expect(await readMetric(server, 'darkages_sessions_resumed_total')).toBeGreaterThanOrEqual(clients.length);
  expect(await readMetric(server, 'darkages_sessions_refused_total')).toBe(0);
  crowd.stop();
});

test('a token of the process before is nothing to the next one, used or not; the ticket is good, until the account goes', async () => {
  const server = await startServer(folder);
  const { client, session } = await enter(game, server.url());
  const unused = await openSession(server.url(), { resume: session.resume });
  expect(unused.playerId).toBe(session.playerId);
  kill(server.nodePid(), 'SIGKILL');
  await until('the socket is closed', () => client.isClosed);
  await untilUp(server, 2);
  for (const token of [session.token, unused.token]) {
    const late = await connect(game, server.zoneUrl());
    await joinZone(late, token);
    expect([late.goodbye, late.snapshots]).toEqual(['token_invalid', 0]);
  }
  const again = await openSession(server.url(), { resume: session.resume });
  expect([again.status, again.playerId, again.boot === session.boot]).toEqual([200, session.playerId, false]);
  expect([session.node, again.node]).toEqual(Array(2).fill(readNodeId(folder)));
  // The character stands where it was, until it has lingered. The token would still be good, had the account not gone.
  const credentials = { guestSecret: session.guestSecret };
  await until('it may be deleted', async () => {
    const { status, body } = await ask(server, 'delete', credentials);
    expect([200, 409]).toContain(status);
    // It has to ask less often than the server allows.
    if (status === 409) await sleep(500);
    return body.deleted === session.playerId;
  });
  const gone = await connect(game, server.zoneUrl());
  await joinZone(gone, again.token);
  expect([gone.goodbye, gone.snapshots]).toEqual(['token_used', 0]);
  for (const body of [credentials, { resume: session.resume }, { resume: again.resume }]) {
    expect((await openSession(server.url(), body)).status).toBe(401);
  }
});

async function ask(server: LaunchedServer, what: 'export' | 'delete', body: object) {
  const response = await fetch(`${server.url()}/v1/account/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('an owner is told all that is kept, and can have it deleted once the character has left', async () => {
  const server = await startServer(folder);
  const { client, session } = await enter(game, server.url());
  const credentials = { guestSecret: session.guestSecret };
  const inPlay = await ask(server, 'delete', credentials);
  expect(inPlay).toMatchObject({ status: 409, body: { error: 'in_play' } });
  client.socket.terminate();
  await until('it may be deleted', async () => {
    const told = await ask(server, 'export', credentials);
    expect(told.status).toBe(200);
    expect(told.body.account).toMatchObject({ playerId: session.playerId, kind: 'guest' });
    expect(told.body.characters).toMatchObject([{ game: game.name, epoch: 1 }]);
    const [character] = told.body.characters as { columns?: Record<string, number> }[];
    if (character!.columns === undefined) {
      await sleep(500);
      return false;
    }
    expect(Object.keys(character!.columns)).toContain('positionX');
    expect(JSON.stringify(told.body)).not.toMatch(/hash|secret/i);
    if ((await ask(server, 'delete', credentials)).status === 200) return true;
    // It has to ask less often than the server allows.
    await sleep(500);
    return false;
  });
  expect((await ask(server, 'export', credentials)).status).toBe(401);
});
