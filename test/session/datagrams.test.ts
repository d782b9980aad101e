// The session layer over the secure transport, without a socket: real tokens, netcode and channels on both sides.

import { expect, test } from 'vitest';
import { JOIN_TIMEOUT_MS, STRANGERS_PER_ADDRESS_MAX } from '../../src/base/limits.ts';
import { hasClosing } from '../../src/session/datagrams.ts';
import { beginPacket, endPacket, writeMessage } from '../../src/transport/channels/channels.ts';
import { createNodeShare } from '../../src/transport/channels/node-share.ts';
import { UNRELIABLE } from '../../src/transport/channels/packet.ts';
import { leaveServer, sendToServer } from '../../src/transport/client.ts';
import { CONNECTED, DISCONNECTED } from '../../src/transport/states.ts';
import { encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import {
  connect,
  createStage,
  enter,
  exchange,
  goodbyesOf,
  SEED,
  START_MS,
  say,
  step,
  TICK_MS,
} from './datagram-stage.ts';
import { count, messages } from './harness.ts';

test('a client connects, joins, gets its welcome and snapshots at 20 a second, and plays', () => {
  const stage = createStage();
  const client = enter(stage, 7);
  const welcome = client.got.find((message) => message.welcome !== undefined)!.welcome as WireObject;
  expect(welcome).toMatchObject({ playerId: '7', name: 'p7' });
  const before = client.snapshotTicks.length;
  step(stage, 60);
  expect(client.snapshotTicks.length - before).toBe(20);
  const { positionX } = stage.session.zone.zone.world.columns;
  expect(positionX[Number(welcome.slot)]).toBeGreaterThan(0);
  expect(stage.datagrams.links.filter((link) => link !== undefined)).toHaveLength(1);
});

test('the welcome comes before the first snapshot, so that none is thrown away', () => {
  const { got, snapshotTicks } = enter(createStage(), 8);
  const ticks = got.flatMap(({ snapshot }) => (snapshot === undefined ? [] : [(snapshot as WireObject).tick]));
  expect(ticks.length).toBeGreaterThan(1);
  // Those that came after it.
  expect(snapshotTicks).toEqual(ticks);
});

test('what the transport admitted is whom the session layer holds the join to', () => {
  const stage = createStage();
  connect(stage, 40);
  exchange(stage);
  const link = stage.datagrams.links.find((one) => one !== undefined)!;
  expect(link.connection!.link.playerId).toBe(40);
});

test('with a fifth of all datagrams lost everything reliable arrives once and in order, snapshots only forwards', () => {
  console.log(`SEED=${SEED}`);
  const stage = createStage();
  const client = enter(stage, 3);
  stage.loss = 0.2;
  for (let id = 1; id <= 40; id++) {
    say(stage, client, { request: { id, nothing: {} } });
    step(stage, 6);
  }
  step(stage, 120);
  const responses = client.got.flatMap((message) => message.responses as WireObject[]);
  expect(responses.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  expect(client.snapshotTicks).toEqual([...client.snapshotTicks].sort((a, b) => a - b));
  expect(client.snapshotTicks.length).toBeGreaterThan(60);
});

test('who is dismissed gets its goodbye, loss or not, and then the end of the connection', () => {
  const stage = createStage();
  const clients = [1, 2, 3, 4, 5, 6].map((id) => enter(stage, id));
  stage.loss = 0.3;
  for (const connection of [...stage.session.edge.connections]) {
    if (connection === undefined) continue;
    stage.datagrams.nowMs = stage.session.nowMs;
    connection.link.send(encodeToBytes(messages.serverMessage, { goodbye: { reason: 'shutting_down' } }), true);
    connection.link.close();
  }
  expect(hasClosing(stage.datagrams)).toBe(true);
  step(stage, 90);
  expect(hasClosing(stage.datagrams)).toBe(false);
  expect(clients.map(goodbyesOf)).toEqual(clients.map(() => ['shutting_down']));
  expect(clients.map(({ netcode }) => netcode.state)).toEqual(clients.map(() => DISCONNECTED));
  expect(count(stage.session, 'connections')).toBe(0);
});

test('who leaves, or falls silent, is gone from the edge, and from the door', () => {
  const stage = createStage();
  const leaving = enter(stage, 1);
  const silent = enter(stage, 2);
  const neverJoins = connect(stage, 3);
  exchange(stage);
  leaveServer(leaving.netcode, stage.session.nowMs);
  exchange(stage);
  expect(count(stage.session, 'connections')).toBe(2);
  step(stage, Math.ceil(JOIN_TIMEOUT_MS / TICK_MS) + 10);
  expect(goodbyesOf(neverJoins)).toEqual(['idle']);
  stage.clients.splice(stage.clients.indexOf(silent), 1);
  step(stage, 11 * 60);
  expect(count(stage.session, 'connections')).toBe(0);
  expect(stage.session.edge.strangers.total).toBe(0);
  expect(stage.session.edge.strangers.byAddress.size).toBe(0);
});

test.each([
  ['another address', '10.0.2.7:1007'],
  ['the same address', undefined],
])('whose program died is back at once from %s, in the same entity', (_, host) => {
  const stage = createStage();
  const before = enter(stage, 7);
  const other = enter(stage, 8);
  // It says nothing and hears nothing from now on.
  stage.clients.splice(stage.clients.indexOf(before), 1);
  step(stage, 30);
  const after = enter(stage, 7, host);
  const slotOf = ({ got }: typeof after): unknown => got.find(({ welcome }) => welcome !== undefined)!.welcome;
  expect(slotOf(after)).toMatchObject({ slot: (slotOf(before) as WireObject).slot, playerId: '7' });
  // Its goodbye is sent again for a second.
  step(stage, 90);
  expect(count(stage.session, 'connections')).toBe(2);
  expect(stage.datagrams.links.filter((link) => link !== undefined)).toHaveLength(2);
  expect([after, other].flatMap(goodbyesOf)).toEqual([]);
  const heard = after.snapshotTicks.length;
  step(stage, 60);
  expect(after.snapshotTicks.length - heard).toBe(20);
});

test('one host takes only its share of the door', () => {
  const stage = createStage();
  const clients = Array.from({ length: STRANGERS_PER_ADDRESS_MAX + 1 }, (_, index) =>
    connect(stage, index + 1, `10.9.9.9:${2000 + index}`),
  );
  exchange(stage);
  expect(count(stage.session, 'refusedAddress')).toBe(1);
  expect(clients.filter(({ netcode }) => netcode.state === CONNECTED)).toHaveLength(STRANGERS_PER_ADDRESS_MAX);
  const other = enter(stage, 200);
  expect(other.netcode.state).toBe(CONNECTED);
});

test('a flood of small messages in few datagrams is a flood, and is not listened to for the rest of its second', () => {
  const stage = createStage();
  const client = enter(stage, 1);
  const frame = encodeToBytes(messages.clientMessage, { ping: { clientTimeMs: 1 } });
  const { channels, outgoing, netcode } = client;
  for (let packet = 0; packet < 30; packet++) {
    channels.budget.own.bytes = 1e6;
    beginPacket(channels, outgoing, 0, stage.session.nowMs);
    while (writeMessage(channels, UNRELIABLE, frame, 0, frame.length));
    sendToServer(netcode, stage.session.nowMs, outgoing, 0, endPacket(channels, stage.session.nowMs));
    exchange(stage);
  }
  expect(count(stage.session, 'heldUp')).toBe(1);
  const dropped = count(stage.session, 'dropRate');
  const frames = count(stage.session, 'frames');
  expect(dropped).toBeGreaterThan(1000);
  say(stage, client, { ping: { clientTimeMs: 2 } }, false);
  exchange(stage);
  expect(count(stage.session, 'frames')).toBe(frames);
  step(stage, 70);
  expect(count(stage.session, 'frames')).toBeGreaterThan(frames);
});

test('a node without bandwidth lowers the rate of snapshots, and takes it up again', () => {
  const stage = createStage(createNodeShare(3_000, new SharedArrayBuffer(4), 0, START_MS));
  const clients = Array.from({ length: 12 }, (_, index) => enter(stage, index + 1));
  step(stage, 300);
  const rate = (ticks: number): number => {
    const before = clients.map(({ snapshotTicks }) => snapshotTicks.length);
    step(stage, ticks);
    return Math.max(...clients.map(({ snapshotTicks }, index) => snapshotTicks.length - before[index]!)) / (ticks / 60);
  };
  expect(rate(120)).toBeLessThanOrEqual(10.5);
  expect(stage.datagrams.links.some((link) => link !== undefined && link.plan.intervalTicks > 3)).toBe(true);
});
