import { expect, test } from 'vitest';
import {
  FRAME_LAG_TICKS_MAX,
  LOOK_INTERVAL_TICKS,
  SNAPSHOT_INTERVAL_TICKS,
  SOCKET_BACKLOG_BYTES_MAX,
} from '../../src/base/limits.ts';
import { forgetConnection } from '../../src/session/edge.ts';
import { serveClients } from '../../src/session/serve.ts';
import { newestTick } from '../../src/sim/history.ts';
import { CLIENT_BITS } from '../../src/wire/zone-records.ts';
import { join, request, run } from '../zone/harness.ts';
import {
  admit,
  count,
  createSession,
  enter,
  goodbyesOf,
  leave,
  moved,
  open,
  restart,
  send,
  sendInput,
  sendJoin,
  slotOf,
  snapshotTicks,
  step,
} from './harness.ts';

test('a third of the clients is served each tick, each of them every third', () => {
  const session = createSession();
  const clients = [1, 2, 3, 4, 5, 6, 7].map((playerId) => enter(session, playerId));
  step(session, 3);
  const before = clients.map(({ got }) => got.length);
  const served: number[] = [];
  for (let tick = 0; tick < 6 * SNAPSHOT_INTERVAL_TICKS; tick++) {
    const changes = moved(session, () => step(session));
    served.push(changes.snapshots ?? 0);
  }
  expect(clients.map(({ got }, index) => got.length - before[index]!)).toEqual(Array(7).fill(6));
  expect(Math.max(...served)).toBe(3);
  expect(Math.min(...served)).toBe(2);
  for (const client of clients) {
    const ticks = snapshotTicks(client).slice(-6);
    for (let index = 1; index < ticks.length; index++) expect(ticks[index]! - ticks[index - 1]!).toBe(3);
  }
});

test('who comes in gets its first snapshot in the tick of its welcome, whoever’s turn it is, and then in its turn', () => {
  const session = createSession();
  for (let playerId = 1; playerId <= 2 * SNAPSHOT_INTERVAL_TICKS; playerId++) {
    const client = open(session, playerId);
    sendJoin(session, client);
    admit(session, client);
    step(session);
    expect([client.welcome !== undefined, client.applied]).toEqual([true, 1]);
    step(session, SNAPSHOT_INTERVAL_TICKS);
    expect(client.applied).toBe(2);
  }
});

test('an edge that slept through some ticks serves each client once, from the newest frame', () => {
  const session = createSession();
  const clients = [1, 2, 3, 4].map((playerId) => enter(session, playerId));
  for (const lag of [2, 3, 5, FRAME_LAG_TICKS_MAX - 1]) {
    const before = clients.map(({ applied }) => applied);
    run(session.zone, lag - 1);
    step(session);
    const newest = newestTick(session.zone.zone.history);
    clients.forEach((client, index) => {
      expect(client.applied - before[index]!).toBeLessThanOrEqual(1);
      if (lag >= 3) expect(snapshotTicks(client).at(-1)).toBe(newest);
    });
    step(session, 3);
  }
});

test('an edge that lagged far behind skips what it missed; the worlds are right again with the next snapshot', () => {
  const session = createSession();
  const clients = [1, 2, 3].map((playerId) => enter(session, playerId));
  let skipped = 0;
  for (const lag of [FRAME_LAG_TICKS_MAX, 100, 127, 128, 129, 300, 1000]) {
    for (const client of clients) sendInput(session, client, { moveX: 90, moveZ: -20 });
    run(session.zone, lag);
    const before = clients.map(({ applied }) => applied);
    step(session, SNAPSHOT_INTERVAL_TICKS);
    expect(clients.map(({ applied }, index) => applied - before[index]!)).toEqual([1, 1, 1]);
    skipped += lag;
    expect(count(session, 'framesSkipped')).toBe(skipped);
  }
  expect(count(session, 'fullExpired')).toBeGreaterThan(0);
});

test('a client that never acknowledges, or long ago, gets full states and a right world', () => {
  const session = createSession();
  const mute = enter(session, 1);
  const walker = enter(session, 2);
  for (let tick = 0; tick < 300; tick++) {
    sendInput(session, walker, { moveX: tick % 90 });
    if (tick === 50) sendInput(session, mute);
    step(session);
  }
  expect(mute.applied).toBeGreaterThan(95);
  expect(count(session, 'fullUnacked')).toBeGreaterThan(30);
  expect(count(session, 'fullExpired')).toBeGreaterThan(10);
});

test('a socket that is behind gets no snapshots until it has caught up; far behind it is told and closed', () => {
  const session = createSession();
  const slow = enter(session, 1);
  const fine = enter(session, 2);
  slow.backlog = SOCKET_BACKLOG_BYTES_MAX;
  let applied = slow.applied;
  step(session, 3);
  expect(slow.applied - applied).toBe(1);
  slow.backlog = SOCKET_BACKLOG_BYTES_MAX + 1;
  applied = slow.applied;
  expect(moved(session, () => step(session, 6))).toMatchObject({ snapshotSkipped: 2 });
  expect(slow.applied).toBe(applied);
  slow.backlog = 0;
  step(session, 3);
  expect(slow.applied).toBe(applied + 1);
  slow.backlog = 4 * SOCKET_BACKLOG_BYTES_MAX + 1;
  expect(moved(session, () => step(session, 3))).toMatchObject({ closedBacklog: 1, connections: -1 });
  expect([goodbyesOf(slow), slow.isClosed]).toEqual([['backlog'], true]);
  step(session);
  const { lingerTicks } = session.zone.zone.world.columns;
  expect(lingerTicks[Number(slow.welcome!.slot)]).toBeGreaterThan(0);
  expect(fine.isClosed).toBe(false);
});

test('a zone that starts again voids baselines: clients keep their sockets and slots, and their worlds are right', () => {
  const session = createSession();
  const clients = [1, 2, 3].map((playerId) => enter(session, playerId));
  const slots = clients.map((client) => slotOf(session, client));
  for (let epoch = 0; epoch < 4; epoch++) {
    for (let tick = 0; tick < 30 * epoch + 5; tick++) {
      for (const client of clients) sendInput(session, client, { moveX: 60, moveZ: epoch * 20 });
      step(session);
    }
    const applied = clients.map((client) => client.applied);
    restart(session);
    serveClients(session.edge, session.nowMs);
    expect(
      clients.map((client) => client.applied),
      'nothing to show yet',
    ).toEqual(applied);
    step(session, SNAPSHOT_INTERVAL_TICKS);
    expect(clients.map((client, index) => client.applied - applied[index]!)).toEqual([1, 1, 1]);
  }
  expect(clients.map((client) => slotOf(session, client))).toEqual(slots);
  expect(clients.map((client) => [goodbyesOf(client).length, client.isClosed])).toEqual(Array(3).fill([0, false]));
});

test('responses and events reach whom they are for; an event for all reaches everyone who plays', () => {
  const session = createSession();
  const [first, second] = [enter(session, 1), enter(session, 2)];
  for (const client of [first, second]) client.got.length = 0;
  send(session, first, { request: { id: 11, pay: { amount: 20 } } });
  send(session, second, { request: { id: 12, shout: { text: 'hear me' } } });
  step(session);
  const eventsOf = (client: typeof first) => client.got.flatMap(({ events }) => events as object[]);
  const responsesOf = (client: typeof first) => client.got.flatMap(({ responses }) => responses as object[]);
  expect(eventsOf(first)).toMatchObject([{ paid: { amount: 20 } }, { heard: { text: 'hear me' } }]);
  expect(eventsOf(second)).toMatchObject([{ heard: { text: 'hear me' } }]);
  expect([responsesOf(first), responsesOf(second)]).toEqual([[{ id: 11, refused: '' }], [{ id: 12, refused: '' }]]);
});

test('what one client is told in a pass comes in one message, before the snapshot; what precedes a goodbye before it', () => {
  const session = createSession();
  const client = enter(session, 1);
  const slot = slotOf(session, client);
  step(session, 2);
  client.got.length = 0;
  for (let index = 0; index < 20; index++) session.zone.zone.sim.emit('heard', -1, { text: `event ${index}` });
  for (let id = 0; id < 3; id++) send(session, client, { request: { id, pay: { amount: 1 } } });
  step(session);
  const kindsOf = (): string[] =>
    client.got.map(({ events, responses, goodbye, snapshot }) =>
      [
        (events as object[]).length > 0 && `events ${(events as object[]).length}`,
        (responses as object[]).length > 0 && `responses ${(responses as object[]).length}`,
        goodbye !== undefined && 'goodbye',
        snapshot !== undefined && 'snapshot',
      ]
        .filter(Boolean)
        .join(),
    );
  expect(kindsOf()).toEqual([
    'events 21',
    'responses 1',
    'events 1',
    'responses 1',
    'events 1',
    'responses 1',
    'snapshot',
  ]);
  client.got.length = 0;
  session.zone.zone.sim.emit('heard', slot, { text: 'the last' });
  const next = open(session, client.playerId);
  sendJoin(session, next);
  admit(session, next);
  step(session);
  expect(kindsOf()).toEqual(['events 1', 'goodbye']);
});

test('an event near an entity reaches who sees it, and nobody who does not, not any more or not yet', () => {
  const session = createSession();
  const [subject, near, far, late] = [enter(session, 1), enter(session, 2), enter(session, 3), open(session, 4)];
  const { columns } = session.zone.zone.world;
  const slot = slotOf(session, subject);
  const clients = [subject, near, far, late];
  const tellNear = (text: string): number[] => {
    for (const client of clients) client.got.length = 0;
    session.zone.zone.sim.emitNear('heard', slot, { text });
    step(session);
    const heard = (client: typeof near) => client.got.flatMap(({ events }) => events as object[]);
    for (const client of clients) for (const event of heard(client)) expect(event).toMatchObject({ heard: { text } });
    return clients.map((client) => heard(client).length);
  };
  expect(tellNear('to all three')).toEqual([1, 1, 1, 0]);
  columns.positionX[slotOf(session, far)] = 60_000 * 128;
  step(session, LOOK_INTERVAL_TICKS + SNAPSHOT_INTERVAL_TICKS);
  expect(tellNear('to two'), 'it left, which nothing has acknowledged').toEqual([1, 1, 0, 0]);
  columns.positionX[slotOf(session, near)] = -60_000 * 128;
  columns.positionX[slotOf(session, far)] = 0;
  step(session, LOOK_INTERVAL_TICKS + SNAPSHOT_INTERVAL_TICKS);
  expect(tellNear('to two others')).toEqual([1, 0, 1, 0]);
});

test('two edges of one zone serve their own clients, and see each other’s in the world', () => {
  const session = createSession(1, 2);
  const other = 0;
  join(session.zone, other, { playerId: 900 });
  const client = enter(session, 7);
  expect(slotOf(session, client)).toBe(session.zone.zone.slotOfClient[(1 << CLIENT_BITS) | 0]! - 1);
  expect(client.replicas.bySlot.size).toBe(3);
  request(session.zone, other, { id: 5, pay: { amount: 1 } });
  client.got.length = 0;
  step(session, 3);
  expect(client.got.every(({ responses, events }) => [responses, events].flat().length === 0)).toBe(true);
});

test('a client whose entity is gone is shown nothing of what took its slot', () => {
  const session = createSession();
  const client = enter(session, 1);
  const { generation } = session.zone.zone.world.columns;
  generation[Number(client.welcome!.slot)]!++;
  const { applied } = client;
  step(session, 9);
  expect(client.applied).toBe(applied);
});

test('nothing is sent to a link after it closed, nor for a leave that came with the frame', () => {
  const session = createSession();
  const client = enter(session, 1);
  send(session, client, { request: { id: 1, shout: { text: 'x' } } });
  run(session.zone);
  const frames = client.frames.length;
  forgetConnection(session.edge, client.connection!);
  serveClients(session.edge, session.nowMs);
  step(session, 3);
  expect(client.frames).toHaveLength(frames);
  leave(session, client);
  expect(count(session, 'connections'), 'a second end counts once').toBe(0);
});
