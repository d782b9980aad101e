// Clients whose server is gone for a while come back by themselves and by their ticket, without a login: against the real
// zone and edge on simulated time, and step by step with a server of the test's own.

import { describe, expect, test } from 'vitest';
import { stopClient } from '../../src/client/client.ts';
import { RESUME_MS_MAX } from '../../src/client/connection.ts';
import type { Session, SessionRefusal } from '../../src/client/ports.ts';
import { type Client, FAILED, isResuming, PLAYING, RECONNECTING } from '../../src/client/state.ts';
import { game } from '../../src/game/game.ts';
import { closeConnection, forgetConnection } from '../../src/session/edge.ts';
import { addClient, createSimulatedServer, openLink, run, type SimulatedServer } from './simulated-server.ts';

const SEED = Number(process.env.SEED ?? 4711);
const LINE = { kind: 'stream', latencyMs: 20, jitterMs: 2, loss: 0 } as const;
const LOGIN = 'login';

/** What answers sessions: a process by its name, which knows some tickets and all logins. */
interface Gateway {
  node: string;
  boot: string;
  /** As when the player's own network is gone; snapshots stop by `frozenUntilMs`. */
  isUnreachable: boolean;
  /** Answers that the test gives later; undefined: they come at once. */
  held: (() => void)[] | undefined;
  refusal: SessionRefusal | undefined;
  isTicketGood: boolean;
  /** Of each request what was shown, and when. */
  readonly asked: { readonly shown: string; readonly atMs: number }[];
}

function setUp(players = 1) {
  const server = createSimulatedServer(game, SEED, LINE);
  const gateway: Gateway = {
    ...{ node: 'one', boot: 'first', isUnreachable: false, held: undefined },
    refusal: undefined,
    isTicketGood: true,
    asked: [],
  };
  const states: number[][] = [];
  const clients = Array.from({ length: players }, (_, index) => {
    const own: number[] = [];
    states.push(own);
    return addClient(server, {
      requestSession(done, _full, ticket) {
        gateway.asked.push({ shown: ticket ?? LOGIN, atMs: server.clock.now() });
        const answer = () => done(answerOf(server, gateway, index + 1, ticket));
        if (gateway.held === undefined) answer();
        else gateway.held.push(answer);
      },
      openSocket: (_session, events) => openLink(server, events, () => 0),
      events: { stateChanged: (state) => own.push(state) },
    });
  });
  run(server, 2_000);
  expect(clients.map(({ state }) => state)).toEqual(clients.map(() => PLAYING));
  gateway.asked.length = 0;
  return { server, gateway, clients, client: clients[0]!, states };
}

function answerOf(server: SimulatedServer, gateway: Gateway, player: number, ticket: string | undefined) {
  if (!server.isUp || gateway.isUnreachable) return { refused: 'unreachable', isFinal: false };
  if (gateway.refusal !== undefined) return gateway.refusal;
  if (ticket !== undefined && !gateway.isTicketGood) return { refused: 'ticket_refused', isFinal: false };
  const { node, boot } = gateway;
  const session: Session = { token: String(player), url: 'zone', ticket: `ticket ${player}`, node, boot };
  return session;
}

/** As `kill -9` does. Over UDP nobody is told. */
function kill({ server, gateway }: { server: SimulatedServer; gateway: Gateway }, isTold: boolean): void {
  server.isUp = false;
  gateway.boot += ' next';
  for (const link of server.links) {
    if (link.connection !== undefined) forgetConnection(server.edge, link.connection);
    if (!isTold) continue;
    link.isClosed = true;
    link.events.closed();
  }
}

/** Milliseconds until they all play again. */
function runUntilPlaying(server: SimulatedServer, clients: readonly Client[], msMax: number): number {
  for (let ms = 0; ms < msMax; ms++) {
    if (clients.every(({ state }) => state === PLAYING)) return ms;
    run(server, 1);
  }
  throw new Error(`SEED=${SEED}: not all play within ${msMax} ms: ${clients.map(({ state }) => state)}`);
}

describe.each([
  ['told', true],
  ['not told', false],
])('a server that is killed and up again 1.2 s later, clients are %s', (_what, isTold) => {
  test('all play again soon after, by their tickets alone', () => {
    const bench = setUp(20);
    const { server, gateway, clients } = bench;
    kill(bench, isTold);
    run(server, 1_200);
    for (const client of clients) expect([isResuming(client), client.state === PLAYING]).toEqual([true, false]);
    server.isUp = true;
    expect(runUntilPlaying(server, clients, 1_500)).toBeGreaterThan(0);
    for (const [index, client] of clients.entries()) {
      expect([isResuming(client), client.reason]).toEqual([false, '']);
      expect(client.stats).toMatchObject({ reconnects: 1, resumed: 1, malformed: 0 });
      expect(gateway.asked.filter(({ shown }) => shown === `ticket ${index + 1}`).length).toBeGreaterThan(1);
    }
    expect(gateway.asked.filter(({ shown }) => shown === LOGIN)).toEqual([]);
  });
});

test('a silent server that is another process by now is left for that one, with the session that told so', () => {
  const bench = setUp();
  const { server, gateway, client } = bench;
  const { welcome } = client;
  kill(bench, false);
  run(server, 200);
  server.isUp = true;
  expect(runUntilPlaying(server, [client], 10)).toBe(0);
  run(server, 250);
  expect([client.state, gateway.asked.length]).toEqual([PLAYING, 0]);
  for (let ms = 0; ms < 400 && !isResuming(client); ms++) run(server, 1);
  expect(isResuming(client)).toBe(true);
  expect(runUntilPlaying(server, [client], 1_000)).toBeGreaterThan(0);
  expect(gateway.asked.map(({ shown }) => shown)).toEqual(['ticket 1']);
  expect(client.stats).toMatchObject({ reconnects: 1, resumed: 1 });
  // Slot and handle are the new one's, and nothing is built on what the dead one sent.
  expect(client.welcome).not.toBe(welcome);
  expect([...client.replicas.bySlot.keys()]).toContain(client.welcome!.slot);
});

test('who hears nothing for half a second to three quarters asks, not all at once', () => {
  const bench = setUp(20);
  const { server, gateway, clients } = bench;
  const killedMs = server.clock.now();
  server.frozenUntilMs = killedMs + 1_000;
  run(server, 2_000);
  const waits = gateway.asked.map(({ atMs }) => atMs - killedMs);
  // The last snapshot came up to 50 ms before, or up to 25 ms after; a client is updated each tick.
  expect(Math.min(...waits)).toBeGreaterThan(440);
  expect(Math.max(...waits)).toBeLessThan(800);
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(100);
  expect(new Set(gateway.asked.map(({ shown }) => shown)).size).toBe(clients.length);
  expect(waits).toHaveLength(clients.length);
  expect(clients.map(({ state, stats }) => [state, stats.reconnects])).toEqual(clients.map(() => [PLAYING, 0]));
});

test('who is sent five snapshots a second, as on a thin line, doubts no sooner than after several of them', () => {
  const { server, gateway, client } = setUp();
  for (let gap = 0; gap < 30; gap++) {
    server.frozenUntilMs = server.clock.now() + 190;
    run(server, 200);
  }
  gateway.asked.length = 0;
  expect(client.snapshotGapMs).toBeGreaterThan(150);
  const silentMs = server.clock.now();
  server.frozenUntilMs = silentMs + 2_000;
  run(server, 600);
  expect(gateway.asked).toEqual([]);
  run(server, 600);
  expect(gateway.asked).toHaveLength(1);
  run(server, 6_000);
  expect(client.snapshotGapMs).toBeLessThan(100);
});

test('the first attempt is at once, the next ones after waits from 50 ms to 2 s, no two clients’ alike; then as before', () => {
  const bench = setUp(2);
  const { server, gateway, client } = bench;
  kill(bench, true);
  const killedMs = server.clock.now();
  run(server, RESUME_MS_MAX + 40_000);
  const times = (player: number) =>
    gateway.asked.filter(({ shown }) => shown.endsWith(` ${player}`)).map((a) => a.atMs);
  const [own, other] = [times(1), times(2)];
  const waits = own.map((atMs, index) => atMs - (own[index - 1] ?? killedMs));
  // A client is updated each tick.
  expect(waits[0]).toBeLessThanOrEqual(34);
  expect(waits[1]).toBeGreaterThanOrEqual(25);
  expect(waits[1]).toBeLessThanOrEqual(67);
  const atFirst = waits.filter((_, index) => own[index]! - killedMs < 5_000);
  expect(atFirst.length).toBeGreaterThan(14);
  expect(Math.max(...atFirst)).toBeLessThanOrEqual(417);
  const resuming = waits.filter((_, index) => own[index]! - killedMs < RESUME_MS_MAX);
  expect(Math.max(...resuming)).toBeGreaterThan(1_000);
  expect(Math.max(...resuming)).toBeLessThanOrEqual(2_017);
  expect(Math.max(...waits)).toBeGreaterThan(3_000);
  expect(own.slice(2, 12)).not.toEqual(other.slice(2, 12));
  expect([client.state, isResuming(client)]).toEqual([RECONNECTING, false]);
  server.isUp = true;
  runUntilPlaying(server, [client], 9_000);
  // It was let in by its ticket, but had to be waited for too long to call it that.
  expect(client.stats).toMatchObject({ reconnects: 1, resumed: 0 });
});

test('silence of a server that still answers is waited out, without a new connection', () => {
  const { server, gateway, client } = setUp();
  server.frozenUntilMs = server.clock.now() + 4_000;
  run(server, 5_000);
  expect(gateway.asked.length).toBeGreaterThan(0);
  expect(gateway.asked.length).toBeLessThan(4);
  expect([client.state, client.stats.reconnects]).toEqual([PLAYING, 0]);
});

test('another node at the same host says nothing of a silent one: it is waited for, until the silence is too long', () => {
  const { server, gateway, client } = setUp();
  gateway.node = 'two';
  gateway.boot = 'another';
  server.frozenUntilMs = server.clock.now() + 4_000;
  run(server, 5_000);
  expect(gateway.asked.length).toBeGreaterThan(1);
  expect([client.state, client.node, client.boot, client.stats.reconnects]).toEqual([PLAYING, 'one', 'first', 0]);
  server.frozenUntilMs = server.clock.now() + 7_000;
  run(server, 5_900);
  expect([client.state, client.stats.reconnects]).toEqual([PLAYING, 0]);
  run(server, 2_000);
  expect([client.state, client.node, client.boot]).toEqual([PLAYING, 'two', 'another']);
  expect(client.stats).toMatchObject({ reconnects: 1, resumed: 1 });
});

test('a blip in which neither snapshots come nor anybody answers ends no connection; asked twice in vain, it is left', () => {
  const { server, gateway, clients } = setUp(20);
  const silentMs = server.clock.now();
  const ofPlayer = (index: number) => gateway.asked.filter(({ shown }) => shown === `ticket ${index + 1}`);
  gateway.isUnreachable = true;
  server.frozenUntilMs = silentMs + 3_000;
  run(server, 640);
  expect(gateway.asked.length).toBeGreaterThan(0);
  expect(gateway.asked.length).toBeLessThanOrEqual(clients.length);
  server.frozenUntilMs = 0;
  run(server, 1_000);
  expect(clients.map(({ state, stats }) => [state, stats.reconnects])).toEqual(clients.map(() => [PLAYING, 0]));
  gateway.asked.length = 0;
  const goneMs = server.clock.now();
  server.frozenUntilMs = goneMs + 3_000;
  const leftMs = clients.map(() => 0);
  for (let ms = 0; ms < 1_200; ms++) {
    run(server, 1);
    for (const [index, client] of clients.entries()) {
      if (leftMs[index] === 0 && isResuming(client)) leftMs[index] = server.clock.now();
    }
  }
  for (const [index, atMs] of leftMs.entries()) {
    const [first, second] = ofPlayer(index);
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(200);
    expect(second!.atMs - first!.atMs).toBeLessThan(220);
    expect(atMs).toBe(second!.atMs);
  }
});

test('after a second of silence it takes one probe that nobody answers', () => {
  const { server, gateway, client } = setUp();
  server.frozenUntilMs = server.clock.now() + 5_000;
  gateway.refusal = { refused: 'busy', isFinal: false };
  run(server, 1_000);
  expect([client.state, gateway.asked.length]).toEqual([PLAYING, 1]);
  gateway.isUnreachable = true;
  for (let ms = 0; ms < 2_500 && gateway.asked.length < 2; ms++) run(server, 1);
  expect([isResuming(client), gateway.asked.length]).toEqual([true, 2]);
});

test('a probe that is told when to ask again waits for that', () => {
  const { server, gateway, client } = setUp();
  server.frozenUntilMs = server.clock.now() + 5_500;
  gateway.refusal = { refused: 'rate_limited', isFinal: false, retryAfterS: 4 };
  run(server, 4_400);
  expect([client.state, gateway.asked.length]).toEqual([PLAYING, 1]);
  run(server, 500);
  expect(gateway.asked).toHaveLength(2);
});

test('a ticket that is refused is said once, and a login follows at once', () => {
  const bench = setUp();
  const { server, gateway, client, states } = bench;
  kill(bench, true);
  gateway.isTicketGood = false;
  server.isUp = true;
  const reasons: string[] = [];
  for (let ms = 0; ms < 3_000; ms++) {
    run(server, 1);
    if (client.reason !== reasons.at(-1)) reasons.push(client.reason);
  }
  expect(reasons).toEqual(['lost', 'ticket_refused', '']);
  expect(gateway.asked.map(({ shown }) => shown)).toEqual(['ticket 1', LOGIN]);
  expect(gateway.asked[1]!.atMs - gateway.asked[0]!.atMs).toBeLessThan(40);
  expect(client.stats).toMatchObject({ reconnects: 1, resumed: 0 });
  expect(states[0]!.at(-1)).toBe(PLAYING);
});

test.each([
  ['shutting_down', true],
  ['store_unavailable', true],
  ['rate', false],
  ['backlog', false],
  ['idle', false],
])('the goodbye %s to somebody who plays: resumes at once is %s', (reason, resumes) => {
  const { server, client, gateway } = setUp();
  for (const link of server.links) closeConnection(server.edge, link.connection!, reason);
  run(server, 100);
  expect(isResuming(client) || client.stats.resumed === 1).toBe(resumes);
  expect(gateway.asked).toHaveLength(resumes ? 1 : 0);
  run(server, 2_000);
  expect([client.state, client.stats.resumed]).toEqual([PLAYING, resumes ? 1 : 0]);
});

test.each(['cheating', 'replaced'])(
  'after the goodbye %s nothing is asked any more, and its ticket is forgotten',
  (reason) => {
    const { server, client, gateway } = setUp();
    for (const link of server.links) closeConnection(server.edge, link.connection!, reason);
    run(server, 20_000);
    expect([client.state, client.reason, client.ticket, gateway.asked]).toEqual([FAILED, reason, undefined, []]);
  },
);

test('who leaves is forgotten, whatever was under way', () => {
  const bench = setUp();
  const { server, client, gateway } = bench;
  kill(bench, true);
  run(server, 100);
  stopClient(client);
  server.isUp = true;
  gateway.asked.length = 0;
  run(server, 5_000);
  expect([client.ticket, isResuming(client), gateway.asked]).toEqual([undefined, false, []]);
});

/** Between the requests of the first player, in ms. */
function waitsOf({ asked }: Gateway): number[] {
  const times = asked.filter(({ shown }) => shown === 'ticket 1').map(({ atMs }) => atMs);
  return times.slice(1).map((atMs, index) => atMs - times[index]!);
}

test.each(['rate_limited', 'store_unavailable', 'busy', 'http_502'])(
  'a gateway that answers %s is asked after waits that grow to 2 s from the first on',
  (refused) => {
    const bench = setUp();
    const { server, gateway, client } = bench;
    kill(bench, true);
    server.isUp = true;
    gateway.refusal = { refused, isFinal: false };
    run(server, 5_000);
    expect(isResuming(client)).toBe(true);
    expect(Math.max(...waitsOf(gateway))).toBeGreaterThan(420);
    expect(gateway.asked.length).toBeLessThan(14);
  },
);

test('an attempt that is answered by nothing for long is no sign of a server that is gone', () => {
  const bench = setUp();
  const { server, gateway, client } = bench;
  kill(bench, true);
  run(server, 2_000);
  expect(client.failures).toBeGreaterThan(7);
  const held: (() => void)[] = [];
  gateway.held = held;
  const waits: number[] = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    while (held.length === 0) run(server, 1);
    // The second one's refusal comes late, and still before it is given up.
    if (attempt === 1) run(server, 1_800);
    held.shift()!();
    expect([client.state, client.reason]).toEqual([RECONNECTING, 'unreachable']);
    waits.push(client.deadlineMs - server.clock.now());
  }
  expect(waits[0]).toBeLessThanOrEqual(400);
  expect(waits[1]).toBeGreaterThan(425);
});

test('nobody asks sooner than a gateway says, and not all at that moment', () => {
  const bench = setUp(20);
  const { server, gateway, clients } = bench;
  kill(bench, true);
  server.isUp = true;
  gateway.refusal = { refused: 'rate_limited', isFinal: false, retryAfterS: 3 };
  run(server, 100);
  expect(gateway.asked).toHaveLength(clients.length);
  const refusedMs = Math.min(...gateway.asked.map(({ atMs }) => atMs));
  gateway.asked.length = 0;
  gateway.refusal = undefined;
  run(server, 4_800);
  const waits = gateway.asked.map(({ atMs }) => atMs - refusedMs);
  expect(waits).toHaveLength(clients.length);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(3_000);
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(500);
  runUntilPlaying(server, clients, 1_000);
});

test('a gateway that is busy, or knows no zone yet, is asked again until the time is over', () => {
  const bench = setUp();
  const { server, gateway, client } = bench;
  kill(bench, true);
  server.isUp = true;
  gateway.refusal = { refused: 'store_unavailable', isFinal: false };
  run(server, 3_000);
  expect([client.reason, isResuming(client)]).toEqual(['store_unavailable', true]);
  gateway.refusal = undefined;
  expect(runUntilPlaying(server, [client], 2_500)).toBeGreaterThan(0);
  expect(client.stats.resumed).toBe(1);
});
