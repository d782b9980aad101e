import { expect, test } from 'vitest';
import {
  CONNECTIONS_MAX,
  IDLE_TIMEOUT_MS,
  INPUT_RING_BYTES,
  JOIN_TIMEOUT_MS,
  LINGER_TICKS,
  PLAY_IDLE_TIMEOUT_MS,
  STRANGERS_MAX,
  STRANGERS_PER_ADDRESS_MAX,
} from '../../src/base/limits.ts';
import { createRingWriter } from '../../src/base/ring.ts';
import {
  AUTHENTICATING,
  CLOSED,
  closeConnection,
  ENTERING,
  evictPlayer,
  forgetStranger,
  JOINING,
  openConnection,
  PLAYING,
  updateEdge,
  welcomeStranger,
} from '../../src/session/edge.ts';
import { serveClients } from '../../src/session/serve.ts';
import { SNAPSHOT_PLANS } from '../../src/transport/channels/degradation.ts';
import { RECORD_LEAVE } from '../../src/wire/zone-records.ts';
import { run } from '../zone/harness.ts';
import {
  admit,
  count,
  createSession,
  enter,
  goodbyesOf,
  leave,
  loseAnswers,
  moved,
  open,
  restart,
  send,
  sendInput,
  sendJoin,
  slotOf,
  snapshotTicks,
  startEdge,
  step,
  type TestSession,
} from './harness.ts';

/** Fills the ring to the zone with records of another kind of nothing: resets of an edge that has no clients. */
function fillRing(session: TestSession): void {
  const writer = createRingWriter(session.zone.buffers.inputRings[0]!);
  const filler = Uint8Array.of(5, 0, 0xf0);
  for (let record = 0; record < INPUT_RING_BYTES; record++) if (!writer.push(filler, 0, 3)) return;
}

test('open, join, authenticate, enter, play, leave: each state in its turn, the welcome before any snapshot', () => {
  const session = createSession();
  step(session, 3);
  const client = open(session, 41);
  expect(client.connection!.state).toBe(JOINING);
  sendJoin(session, client);
  expect(client.connection!.state).toBe(AUTHENTICATING);
  expect(session.asked).toEqual([{ connection: client.connection, token: 'token-41' }]);
  step(session, 3);
  expect(client.got).toEqual([]);
  admit(session, client);
  expect(client.connection!.state).toBe(ENTERING);
  step(session, 3);
  expect(client.connection!.state).toBe(PLAYING);
  const slot = slotOf(session, client);
  expect(client.welcome).toEqual({
    protocolVersion: 2,
    zoneId: 5,
    tickHz: 60,
    snapshotIntervalTicks: 3,
    seed: 77,
    slot,
    generation: 1,
    tick: 7,
    name: 'p41',
    playerId: '41',
  });
  expect(client.got[0]).toHaveProperty('welcome');
  // One with the welcome, and one in its turn.
  expect(snapshotTicks(client)).toEqual([7, 9]);
  const { positionX, lingerTicks } = session.zone.zone.world.columns;
  sendInput(session, client, { moveX: 127 });
  step(session);
  expect(positionX[slot]).toBe(12_800);
  leave(session, client);
  step(session);
  expect([client.connection!.state, lingerTicks[slot], count(session, 'connections')]).toEqual([
    CLOSED,
    LINGER_TICKS - 1,
    0,
  ]);
});

test('a refused token ends the connection with its reason; its late admission does nothing', () => {
  const session = createSession();
  const client = open(session);
  sendJoin(session, client);
  closeConnection(session.edge, client.connection!, 'token_expired');
  admit(session, client);
  step(session, 2);
  expect([goodbyesOf(client), client.isClosed, session.zone.zone.slotOfPlayer.size]).toEqual([
    ['token_expired'],
    true,
    0,
  ]);
});

test('who is gone before the answer to its token never enters', () => {
  const session = createSession();
  const client = open(session);
  sendJoin(session, client);
  leave(session, client);
  const next = open(session, 2);
  expect(next.connection!.index, 'the zone never heard of it, so its index is free').toBe(client.connection!.index);
  admit(session, client);
  step(session, 2);
  expect([session.zone.zone.slotOfPlayer.size, client.got, next.got]).toEqual([0, [], []]);
});

test('an index is used again only after the zone answered the leave, so nothing reaches the next one', () => {
  const session = createSession();
  const first = enter(session, 1);
  send(session, first, { request: { id: 99, pay: { amount: 1 } } });
  leave(session, first);
  const second = open(session, 2);
  expect(second.connection!.index).not.toBe(first.connection!.index);
  run(session.zone);
  const third = open(session, 3);
  expect(third.connection!.index, 'answered, but the answer is not read yet').not.toBe(first.connection!.index);
  serveClients(session.edge, session.nowMs);
  const fourth = open(session, 4);
  expect(fourth.connection!.index).toBe(first.connection!.index);
  sendJoin(session, fourth);
  admit(session, fourth);
  step(session, 3);
  expect(fourth.got.filter(({ responses }) => (responses as unknown[]).length > 0)).toEqual([]);
  expect(fourth.welcome).toMatchObject({ playerId: '4' });
});

test('a second connection of a player replaces the first, in the same entity', () => {
  const session = createSession();
  const first = enter(session, 7);
  const slot = slotOf(session, first);
  const second = enter(session, 7);
  expect(goodbyesOf(first)).toEqual(['replaced']);
  expect(first.isClosed).toBe(true);
  expect(slotOf(session, second)).toBe(slot);
  expect(second.welcome).toMatchObject({ slot, generation: 1 });
  sendInput(session, second, { moveX: 127 });
  step(session, 3);
  expect(session.zone.zone.world.columns.lingerTicks[slot], 'the leave of the first does no harm').toBe(0);
  expect(session.zone.zone.world.columns.positionX[slot]).toBeGreaterThan(0);
});

test('who is lost to another node is closed and gone from the zone, in the same tick; others play on', () => {
  const session = createSession();
  const [lost, other] = [enter(session, 7), enter(session, 8)];
  evictPlayer(session.edge, { playerId: 7, epoch: 1 });
  step(session);
  expect([goodbyesOf(lost), lost.isClosed, goodbyesOf(other)]).toEqual([['replaced'], true, []]);
  expect([...session.zone.zone.slotOfPlayer.keys()]).toEqual([8]);
});

test('who comes back within the linger time gets the same slot and generation, later a new one', () => {
  const session = createSession();
  const before = enter(session, 7);
  leave(session, before);
  step(session, LINGER_TICKS - 5);
  const again = enter(session, 7);
  expect(again.welcome).toMatchObject({ slot: before.welcome!.slot, generation: before.welcome!.generation });
  leave(session, again);
  step(session, LINGER_TICKS + 2);
  const late = enter(session, 7);
  expect(late.welcome).not.toMatchObject({ generation: before.welcome!.generation });
});

test('a full zone says so and lets go', () => {
  const session = createSession(0, 1, 2);
  const inside = enter(session, 1);
  const outside = enter(session, 2);
  expect([goodbyesOf(inside), goodbyesOf(outside), outside.isClosed]).toEqual([[], ['zone_full'], true]);
  step(session);
  expect(open(session, 3).connection!.index).toBe(outside.connection!.index);
});

test('who has not joined takes no place of a player, and one address only its share of the door', () => {
  const session = createSession(0, 1, 512);
  const refused = (address: string, reason: 'refusedAddress' | 'refusedDoorFull'): void =>
    expect(moved(session, () => expect(open(session, 1, address).connection).toBeUndefined())).toEqual({ [reason]: 1 });
  const silent = Array.from({ length: STRANGERS_PER_ADDRESS_MAX }, () => open(session, 1, 'flood'));
  refused('flood', 'refusedAddress');
  // More from one address play all the same, when they join one after the other.
  const players = Array.from({ length: STRANGERS_PER_ADDRESS_MAX + 60 }, (_, index) => {
    const client = open(session, index + 1, 'bots');
    sendJoin(session, client);
    admit(session, client);
    return client;
  });
  step(session, 3);
  expect(players.every(({ connection }) => connection!.state === PLAYING)).toBe(true);
  expect(session.edge.strangers.total).toBe(silent.length);
  for (let index = silent.length; index < STRANGERS_MAX; index++) silent.push(open(session, 1, `host ${index >> 6}`));
  refused('somebody new', 'refusedDoorFull');
  session.nowMs += JOIN_TIMEOUT_MS + 1;
  for (const client of players) send(session, client, { ping: { clientTimeMs: 1 } });
  updateEdge(session.edge, session.nowMs);
  expect([...session.edge.strangers.byAddress]).toEqual([]);
  expect(enter(session, 2000).welcome).toMatchObject({ playerId: '2000' });
  expect(players.every(({ isClosed }) => !isClosed)).toBe(true);
});

test('a connection that was closed counts at the door until its socket is gone', () => {
  const session = createSession();
  const stranger = welcomeStranger(session.edge, 'flood')!;
  const link = {
    plan: SNAPSHOT_PLANS[0]!,
    playerId: undefined,
    send: () => {},
    backlogBytes: () => 0,
    holdUp: () => {},
    close: () => {},
  };
  closeConnection(session.edge, openConnection(session.edge, link, stranger, 0)!, 'idle');
  expect(session.edge.strangers.total).toBe(1);
  forgetStranger(session.edge, stranger);
  forgetStranger(session.edge, stranger);
  expect([session.edge.strangers.total, session.edge.strangers.byAddress.size]).toEqual([0, 0]);
});

test('an edge without an index left refuses the next connection and counts it', () => {
  const session = createSession();
  const link = {
    plan: SNAPSHOT_PLANS[0]!,
    playerId: undefined,
    send: () => {},
    backlogBytes: () => 0,
    holdUp: () => {},
    close: () => {},
  };
  const stranger = { address: '', isLoopback: false, isAtDoor: false, isPlayer: false, isGone: false };
  const another = () => openConnection(session.edge, link, stranger, session.nowMs);
  const connections = Array.from({ length: CONNECTIONS_MAX }, another);
  expect(connections.every((connection) => connection !== undefined)).toBe(true);
  expect(moved(session, () => expect(another()).toBeUndefined())).toEqual({ refusedFull: 1 });
  closeConnection(session.edge, connections[77]!, 'idle');
  expect(another()!.index).toBe(77);
});

test('who does not join in time is closed and counted, also while its token is looked at', () => {
  const session = createSession();
  const silent = open(session, 1);
  const asking = open(session, 2);
  session.nowMs += 1;
  const punctual = enter(session, 3);
  sendJoin(session, asking);
  session.nowMs = 1000 + JOIN_TIMEOUT_MS;
  updateEdge(session.edge, session.nowMs);
  expect([silent.isClosed, asking.isClosed]).toEqual([false, false]);
  session.nowMs += 1;
  expect(moved(session, () => updateEdge(session.edge, session.nowMs))).toEqual({
    refusedJoinTimeout: 2,
    connections: -2,
  });
  expect([goodbyesOf(silent), goodbyesOf(asking), goodbyesOf(punctual)]).toEqual([['idle'], ['idle'], []]);
});

test('who falls silent is closed; a ping is enough to stay', () => {
  const session = createSession();
  const silent = enter(session, 1);
  const pinging = enter(session, 2);
  session.nowMs += IDLE_TIMEOUT_MS - 1000;
  send(session, pinging, { ping: { clientTimeMs: 5 } });
  session.nowMs += 1100;
  const changes = moved(session, () => updateEdge(session.edge, session.nowMs));
  expect(changes).toEqual({ closedIdle: 1, connections: -1 });
  expect([goodbyesOf(silent), goodbyesOf(pinging)]).toEqual([['idle'], []]);
  step(session);
  expect(session.zone.zone.world.columns.lingerTicks[Number(silent.welcome!.slot)]).toBeGreaterThan(0);
});

test('a player who does nothing for ten minutes but ping is closed; who asks for something or moves stays', () => {
  const session = createSession();
  const [pinging, walking, asking] = [enter(session, 1), enter(session, 2), enter(session, 3)];
  for (let waitedMs = 0; waitedMs < PLAY_IDLE_TIMEOUT_MS; waitedMs += IDLE_TIMEOUT_MS / 2) {
    for (const client of [pinging, walking, asking]) send(session, client, { ping: { clientTimeMs: 5 } });
    if (waitedMs === PLAY_IDLE_TIMEOUT_MS / 2) sendInput(session, walking);
    if (waitedMs === PLAY_IDLE_TIMEOUT_MS / 2) send(session, asking, { request: { id: 1, pay: { amount: 0 } } });
    updateEdge(session.edge, session.nowMs);
    expect(pinging.isClosed).toBe(false);
    session.nowMs += IDLE_TIMEOUT_MS / 2;
  }
  expect(moved(session, () => updateEdge(session.edge, session.nowMs))).toEqual({ closedIdle: 1, connections: -1 });
  expect([pinging, walking, asking].map(goodbyesOf)).toEqual([['idle'], [], []]);
});

test('a leave that finds the ring full is repeated until it is in, and the index waits for it', () => {
  const session = createSession();
  const client = enter(session, 1);
  const slot = slotOf(session, client);
  fillRing(session);
  expect(moved(session, () => leave(session, client))).toEqual({ connections: -1, dropRingFull: 1 });
  expect(moved(session, () => updateEdge(session.edge, session.nowMs))).toEqual({ dropRingFull: 1 });
  step(session, 2);
  expect(session.zone.zone.world.columns.lingerTicks[slot], 'the zone has not heard').toBe(0);
  expect(open(session, 2).connection!.index).not.toBe(client.connection!.index);
  updateEdge(session.edge, session.nowMs);
  step(session);
  expect(session.zone.zone.world.columns.lingerTicks[slot]).toBeGreaterThan(0);
  expect(open(session, 3).connection!.index).toBe(client.connection!.index);
});

test('a join that finds the ring full is refused with zone_full', () => {
  const session = createSession();
  const client = open(session);
  sendJoin(session, client);
  fillRing(session);
  admit(session, client);
  expect(goodbyesOf(client)).toEqual(['zone_full']);
});

test('inputs that find the ring full are counted', () => {
  const session = createSession();
  const client = enter(session);
  fillRing(session);
  expect(moved(session, () => sendInput(session, client))).toMatchObject({ dropRingFull: 1 });
});

test('an edge that starts anew: what was meant for its forerunner’s clients is dropped, they linger', () => {
  const session = createSession();
  const old = enter(session, 1);
  const slot = slotOf(session, old);
  send(session, old, { request: { id: 9, pay: { amount: 1 } } });
  run(session.zone);
  session.edge = startEdge(session);
  const fresh = open(session, 2);
  expect(fresh.connection!.index).toBe(old.connection!.index);
  sendJoin(session, fresh);
  admit(session, fresh);
  const framesOfOld = old.frames.length;
  step(session, 3);
  expect(old.frames).toHaveLength(framesOfOld);
  expect(fresh.welcome).toMatchObject({ playerId: '2' });
  expect(fresh.got.every(({ responses }) => (responses as unknown[]).length === 0)).toBe(true);
  expect(session.zone.zone.world.columns.lingerTicks[slot]).toBeGreaterThan(0);
  const again = enter(session, 1);
  expect(again.welcome).toMatchObject({ slot, generation: 1 });
});

test('an edge that starts twice before the zone looks takes no answer meant for the first start as its own', () => {
  const session = createSession();
  const old = open(session, 1);
  sendJoin(session, old);
  admit(session, old);
  session.edge = startEdge(session);
  expect(count(session, 'connections')).toBe(0);
  const fresh = open(session, 2);
  sendJoin(session, fresh);
  run(session.zone);
  admit(session, fresh);
  serveClients(session.edge, session.nowMs);
  expect([fresh.connection!.state, fresh.welcome]).toEqual([ENTERING, undefined]);
  step(session, 3);
  expect(fresh.welcome).toMatchObject({ playerId: '2', slot: slotOf(session, fresh) });
  expect(count(session, 'starts')).toBe(2);
});

test('an edge that starts while the ring is full lets nobody in until its reset is through', () => {
  const session = createSession();
  enter(session, 1);
  fillRing(session);
  session.edge = startEdge(session);
  const early = open(session, 2);
  sendJoin(session, early);
  step(session);
  admit(session, early);
  expect(goodbyesOf(early)).toEqual(['zone_full']);
  updateEdge(session.edge, session.nowMs);
  expect(enter(session, 3).welcome).toMatchObject({ playerId: '3' });
});

test('the tick that kills the zone swallows no leave, welcomes nobody it forgot, nor frees an index too early', () => {
  const session = createSession();
  const killer = enter(session, 1);
  const leaver = enter(session, 2);
  const slot = slotOf(session, leaver);
  const joiner = open(session, 3);
  sendJoin(session, joiner);
  admit(session, joiner);
  leave(session, leaver);
  send(session, killer, { request: { id: 1, boom: {} } });
  expect(() => run(session.zone)).toThrow('the game is faulty');
  serveClients(session.edge, session.nowMs);
  expect([joiner.welcome, joiner.connection!.state]).toEqual([undefined, ENTERING]);
  expect(open(session, 4).connection!.index).not.toBe(leaver.connection!.index);
  restart(session);
  step(session, 3);
  expect([joiner.welcome, goodbyesOf(joiner)]).toEqual([undefined, ['zone_restarted']]);
  expect(session.zone.zone.world.columns.lingerTicks[slot]).toBeGreaterThan(0);
  const free = [leaver, joiner].map(({ connection }) => connection!.index).sort();
  const taken = [open(session, 5), open(session, 6)].map(({ connection }) => connection!.index).sort();
  expect(taken).toEqual(free);
  const { applied } = killer;
  step(session, 3);
  expect(killer.applied - applied).toBe(1);
  step(session, LINGER_TICKS);
  expect(session.zone.zone.slotOfPlayer.size).toBe(1);
});

test('a lost answer to a leave is asked for again, once it cannot be on its way any more', () => {
  const session = createSession();
  const client = enter(session, 1);
  const { index } = client.connection!;
  leave(session, client);
  const leaves = () => session.zone.stream.filter(({ bytes }) => bytes[0] === RECORD_LEAVE).length;
  updateEdge(session.edge, session.nowMs);
  run(session.zone);
  updateEdge(session.edge, session.nowMs);
  loseAnswers(session);
  for (let tick = 0; tick < 2; tick++) {
    serveClients(session.edge, session.nowMs);
    updateEdge(session.edge, session.nowMs);
    expect([leaves(), session.edge.freeIndexes]).toEqual([1, []]);
    run(session.zone);
  }
  serveClients(session.edge, session.nowMs);
  updateEdge(session.edge, session.nowMs);
  step(session);
  expect([leaves(), session.edge.freeIndexes, session.edge.leaves.size]).toEqual([2, [index], 0]);
  for (let tick = 0; tick < 5; tick++) {
    step(session);
    updateEdge(session.edge, session.nowMs);
  }
  expect([leaves(), session.edge.freeIndexes]).toEqual([2, [index]]);
});

test('an answer to a leave that nobody waits for frees nothing', () => {
  const session = createSession();
  const client = enter(session, 1);
  leave(session, client);
  const writer = createRingWriter(session.zone.buffers.inputRings[0]!);
  writer.push(Uint8Array.of(RECORD_LEAVE, client.connection!.index, 0), 0, 3);
  step(session, 2);
  expect(session.edge.freeIndexes).toEqual([client.connection!.index]);
});

test('an edge whose reset lost its answer asks again and is not deaf; who wanted in meanwhile is told to try later', () => {
  const session = createSession();
  const early = open(session, 1);
  sendJoin(session, early);
  admit(session, early);
  run(session.zone);
  loseAnswers(session);
  for (let tick = 0; tick < 3; tick++) {
    step(session);
    updateEdge(session.edge, session.nowMs);
  }
  expect(goodbyesOf(early)).toEqual(['zone_full']);
  step(session, 3);
  expect(session.edge.isReset).toBe(true);
  expect(enter(session, 2).welcome).toMatchObject({ playerId: '2' });
});

test('a join whose answer was lost does not wait for ever', () => {
  const session = createSession();
  step(session, 3);
  const client = open(session, 1);
  sendJoin(session, client);
  admit(session, client);
  run(session.zone);
  loseAnswers(session);
  serveClients(session.edge, session.nowMs);
  updateEdge(session.edge, session.nowMs);
  expect(goodbyesOf(client), 'it may still come').toEqual([]);
  step(session);
  updateEdge(session.edge, session.nowMs);
  expect(goodbyesOf(client)).toEqual(['zone_full']);
  const again = enter(session, 1);
  expect(again.welcome).toMatchObject({ slot: slotOf(session, again) });
});
