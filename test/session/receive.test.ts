import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BYTES_BURST_MAX,
  FLOOD_FACTOR,
  FLOOD_SECONDS,
  FRAME_BYTES_MAX,
  FRAMES_BURST_MAX,
  FRAMES_PER_SECOND_MAX,
  INPUTS_PER_FRAME_MAX,
  REQUESTS_PER_SECOND_MAX,
} from '../../src/base/limits.ts';
import { closeConnection, JOINING } from '../../src/session/edge.ts';
import { countBadFrame, receiveControl, receiveText } from '../../src/session/receive.ts';
import { newestTick } from '../../src/sim/history.ts';
import { worldTick } from '../../src/sim/world.ts';
import { encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import { count as countOfZone } from '../zone/harness.ts';
import {
  type Client,
  count,
  createSession,
  enter,
  goodbyesOf,
  messages,
  moved,
  open,
  send,
  sendBytes,
  sendInput,
  sendJoin,
  slotOf,
  step,
  type TestSession,
} from './harness.ts';

const encode = (message: WireObject) => encodeToBytes(messages.clientMessage, message);
/** A part of a ClientMessage from bytes: field number, then what stands in it. */
const part = (field: number, ...body: readonly number[]) => Uint8Array.of((field << 3) | 2, body.length, ...body);
const GOOD_INPUT = [0x08, 0x05];
const join = (changes: Uint8Array) => Uint8Array.of(0x0a, changes.length, ...changes);

type Drop = 'dropMalformed' | 'dropRange' | 'dropSize' | 'dropSession';

/** Frames of a client that plays, and the one counter that each moves. */
const BROKEN: readonly (readonly [what: string, bytes: Uint8Array, drop: Drop])[] = [
  ['one byte over the limit', new Uint8Array(FRAME_BYTES_MAX + 1), 'dropSize'],
  ['70 KB', new Uint8Array(70_000), 'dropSize'],
  ['zeros', new Uint8Array(100), 'dropMalformed'],
  ['all ones', new Uint8Array(100).fill(0xff), 'dropMalformed'],
  ['an unknown part', part(5, ...GOOD_INPUT), 'dropMalformed'],
  ['a part of number 0', part(0, ...GOOD_INPUT), 'dropMalformed'],
  ['a part as a varint', Uint8Array.of(0x10, 1), 'dropMalformed'],
  ['a part as a group', Uint8Array.of(0x13, 0x14), 'dropMalformed'],
  ['a part as 64 bits', Uint8Array.of(0x11, 1, 2, 3, 4, 5, 6, 7, 8), 'dropMalformed'],
  ['a part longer than the frame', Uint8Array.of(0x12, 3, 0x08, 0x05), 'dropMalformed'],
  ['a length of 2³² − 1', Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0x0f, 8, 5), 'dropMalformed'],
  ['an overlong length', Uint8Array.of(0x12, 0x82, 0x00, 8, 5), 'dropMalformed'],
  ['an overlong tag', Uint8Array.of(0x92, 0x00, 2, 8, 5), 'dropMalformed'],
  ['a varint without end', part(2, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80), 'dropMalformed'],
  ['a varint of 64 bits', part(2, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), 'dropMalformed'],
  ['an unknown field of an input', part(2, ...GOOD_INPUT, 0x58, 1), 'dropMalformed'],
  ['a field of an input as bytes', part(2, ...GOOD_INPUT, 0x1a, 1, 1), 'dropMalformed'],
  ['an input that ends in a tag', part(2, ...GOOD_INPUT, 0x18), 'dropMalformed'],
  ['too many inputs', encode({ inputs: Array(INPUTS_PER_FRAME_MAX + 1).fill({ tick: 5 }) }), 'dropMalformed'],
  ['a good input, then a broken one', Uint8Array.of(...part(2, ...GOOD_INPUT), ...part(2, 0x18)), 'dropMalformed'],
  ['a tick of 2³¹', encode({ inputs: [{ tick: 2 ** 31 }] }), 'dropRange'],
  ['a move out of bounds', encode({ inputs: [{ tick: 5, moveX: 128 }] }), 'dropRange'],
  ['an aim out of bounds', encode({ inputs: [{ tick: 5, aim: 65_536 }] }), 'dropRange'],
  ['a field of the game out of bounds', encode({ inputs: [{ tick: 5, pitch: -91 }] }), 'dropRange'],
  ['a good input, then one out of bounds', encode({ inputs: [{ tick: 5 }, { tick: 6, moveZ: -128 }] }), 'dropRange'],
  ['two requests', Uint8Array.of(...part(3, 0x08, 1), ...part(3, 0x08, 1)), 'dropMalformed'],
  ['a request of no kind, with rubbish', part(3, 0x08, 1, 0x07), 'dropMalformed'],
  ['a request with an unknown body', part(3, 0x08, 1, 0xfa, 0x01, 0), 'dropMalformed'],
  ['a request out of bounds', encode({ request: { id: 1, pay: { amount: 1001 } } }), 'dropRange'],
  ['a text that is no UTF-8', part(3, 0x8a, 0x01, 3, 0x0a, 1, 0xff), 'dropMalformed'],
  ['a text too long', encode({ request: { shout: { text: 'x'.repeat(41) } } }), 'dropRange'],
  [
    'good inputs beside a request out of bounds',
    encode({ inputs: [{ tick: 5 }], request: { pay: { amount: 2000 } } }),
    'dropRange',
  ],
  ['two pings', Uint8Array.of(...part(4), ...part(4)), 'dropMalformed'],
  ['a ping with an unknown field', part(4, 0x10, 1), 'dropMalformed'],
  ['a ping beside rubbish', Uint8Array.of(...part(4, 8, 1), 0xff), 'dropMalformed'],
  [
    'a second join',
    encode({ join: { token: 'x', protocolVersion: 2, game: 'test-game', gameVersion: 3 } }),
    'dropSession',
  ],
  ['a second join beside inputs', encode({ join: {}, inputs: [{ tick: 5 }] }), 'dropSession'],
];

/** A session with one who plays, some ticks old. */
function playing(): { session: TestSession; client: Client } {
  const session = createSession();
  const client = enter(session);
  step(session, 5);
  client.got.length = 0;
  return { session, client };
}

test.for(BROKEN)('%s moves one counter and nothing else', ([, bytes, drop]) => {
  const { session, client } = playing();
  const changes = moved(session, () => sendBytes(session, client, bytes));
  expect(changes).toEqual({ frames: 1, bytesUp: bytes.length, [drop]: 1 });
  expect([client.got, client.isClosed]).toEqual([[], false]);
  const untouched = playing();
  for (let tick = 0; tick < 4; tick++) {
    step(session);
    step(untouched.session);
    expect(hashZone(session.zone.zone)).toBe(hashZone(untouched.session.zone.zone));
  }
  expect(session.zone.stream).toEqual(untouched.session.zone.stream);
  expect(client.frames).toEqual(untouched.client.frames);
});

test('any bytes, and honest frames cut or with a bit flipped, never end a session or move more than one counter', () => {
  const honest = encode({
    inputs: [{ tick: 12, ackAge: 3, moveX: -5, aim: 70, claimedX: 5, claimedY: 6, claimedZ: -7 }, { tick: 13 }],
    request: { id: 7, pay: { amount: 3 } },
    ping: { clientTimeMs: 9 },
  });
  const { session, client } = playing();
  const check = (bytes: Uint8Array): void => {
    session.nowMs += 1000;
    const changes = moved(session, () => sendBytes(session, client, bytes));
    const drops = Object.entries(changes).filter(([name]) => name.startsWith('drop'));
    expect(drops.length).toBeLessThanOrEqual(1);
    if (drops.length > 0) expect(Object.keys(changes).sort()).toEqual(['bytesUp', drops[0]![0], 'frames']);
    expect(client.isClosed).toBe(false);
  };
  for (let bit = 0; bit < honest.length * 8; bit++) {
    const flipped = honest.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    check(flipped);
  }
  for (let end = 0; end <= honest.length; end++) check(honest.slice(0, end));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 300 });
  step(session, 3);
  expect(client.applied).toBeGreaterThan(1);
});

test('frames before the join, and play before the welcome, are dropped', () => {
  const session = createSession();
  const client = open(session);
  const drop = { frames: 1, dropSession: 1, bytesUp: expect.any(Number) };
  expect(moved(session, () => send(session, client, { inputs: [{ tick: 5 }] }))).toEqual(drop);
  expect(moved(session, () => send(session, client, { request: { id: 1, pay: { amount: 1 } } }))).toEqual(drop);
  const both = { join: { token: 'x', protocolVersion: 2, game: 'test-game', gameVersion: 3 }, inputs: [{ tick: 5 }] };
  expect(
    moved(session, () => send(session, client, both)),
    'a join alone, or nothing',
  ).toEqual(drop);
  expect([client.connection!.state, session.asked]).toEqual([JOINING, []]);
  sendJoin(session, client);
  expect(moved(session, () => send(session, client, { inputs: [{ tick: 5 }] }))).toEqual(drop);
  expect(moved(session, () => sendJoin(session, client))).toEqual(drop);
  expect([client.isClosed, session.asked.length, session.zone.stream]).toEqual([false, 1, []]);
});

test.for([
  ['one of another protocol', { protocolVersion: 1 }, 'protocol_version'],
  ['one without a protocol', { protocolVersion: 0 }, 'protocol_version'],
  ['one of another game', { game: 'tag' }, 'game_version'],
  ['one of another version of the game', { gameVersion: 2 }, 'game_version'],
] as const)('a join: %s is told so and closed', ([, changes, reason]) => {
  const session = createSession();
  const client = open(session);
  expect(moved(session, () => sendJoin(session, client, changes))).toMatchObject({
    refusedProtocol: 1,
    connections: -1,
  });
  expect([goodbyesOf(client), client.isClosed, session.asked]).toEqual([[reason], true, []]);
  expect(moved(session, () => sendJoin(session, client))).toEqual({ frames: 1, bytesUp: expect.any(Number) });
});

test.for([
  ['a token too long', join(Uint8Array.of(0x0a, 0x81, 0x08, ...new Uint8Array(1025).fill(65))), 'dropMalformed'],
  ['an unknown field', join(Uint8Array.of(0x28, 1)), 'dropMalformed'],
  ['a token that is a number', join(Uint8Array.of(0x08, 1)), 'dropMalformed'],
  ['a game’s name too long', join(Uint8Array.of(0x1a, 33, ...new Uint8Array(33).fill(65))), 'dropRange'],
] as const)('a broken join, %s, is dropped; a good one may follow', ([, bytes, drop]) => {
  const session = createSession();
  const client = open(session);
  expect(moved(session, () => sendBytes(session, client, bytes))).toEqual({
    frames: 1,
    bytesUp: bytes.length,
    [drop]: 1,
  });
  sendJoin(session, client);
  expect(session.asked).toHaveLength(1);
});

test('a ping is answered at once, with the tick and how old it is', () => {
  const { session, client } = playing();
  session.nowMs += 4.5;
  send(session, client, { ping: { clientTimeMs: 0xffff_ffff } });
  const tick = newestTick(session.zone.zone.history);
  expect(client.got).toMatchObject([{ pong: { clientTimeMs: 0xffff_ffff, tick, tickAgeUs: 4500 } }]);
});

test('frames and bytes beyond the budget are dropped, to the exact one, and time gives them back', () => {
  const { session, client } = playing();
  session.nowMs += 60_000;
  const changes = moved(session, () => {
    for (let frame = 0; frame < FRAMES_BURST_MAX + 30; frame++) send(session, client, {});
  });
  expect(changes).toEqual({ frames: FRAMES_BURST_MAX + 30, dropRate: 30 });
  session.nowMs += 5000 / FRAMES_PER_SECOND_MAX + 0.001;
  expect(moved(session, () => Array.from({ length: 7 }, () => send(session, client, {})))).toEqual({
    frames: 7,
    dropRate: 2,
  });
  session.nowMs += 60_000;
  const big = encode({ request: { shout: { text: 'x'.repeat(FRAME_BYTES_MAX - 100) } } });
  const fits = Math.floor(BYTES_BURST_MAX / big.length);
  const bytes = moved(session, () => {
    for (let frame = 0; frame < fits + 3; frame++) sendBytes(session, client, big);
  });
  expect(bytes).toMatchObject({ dropRate: 3, dropRange: fits });
});

test('requests have their own budget', () => {
  const { session, client } = playing();
  session.nowMs += 60_000;
  const request = { request: { id: 3, pay: { amount: 0 } } };
  const changes = moved(session, () => {
    for (let sent = 0; sent < REQUESTS_PER_SECOND_MAX + 5; sent++) send(session, client, request);
  });
  expect(changes).toMatchObject({ dropRate: 5 });
  step(session);
  expect(client.got.filter(({ responses }) => (responses as unknown[]).length === 1)).toHaveLength(
    REQUESTS_PER_SECOND_MAX,
  );
});

test('acknowledgements of what was never sent are counted, and the client’s world stays right', () => {
  const { session, client } = playing();
  enter(session, 2);
  const claims = [1, 2, 3, 50, 127, 128, 1000, 0x7fff_ffff];
  for (let tick = 0; tick < 200; tick++) {
    const next = worldTick(session.zone.zone.world) + 1;
    const ackAge = claims[tick % claims.length]!;
    session.nowMs += 100;
    send(session, client, { inputs: [{ tick: next + (tick % 3), ackAge, moveX: 100 }] });
    step(session);
  }
  expect(count(session, 'acksUnknown')).toBeGreaterThan(50);
  expect(client.applied).toBeGreaterThan(60);
});

test('hostile inputs: ticks far off are dropped, claims are counted, the player goes no faster', () => {
  const { session, client } = playing();
  const { positionX } = session.zone.zone.world.columns;
  const slot = slotOf(session, client);
  const next = worldTick(session.zone.zone.world) + 1;
  for (const tick of [0, 1, next - 1, next + 32, next + 1000, 0x7fff_ffff]) sendInput(session, client, { tick });
  for (let tick = 0; tick < 60; tick++) {
    const far = { claimedX: 2_000_000_000, claimedY: -2_147_483_648, claimedZ: 2_147_483_647 };
    sendInput(session, client, { moveX: 127, moveZ: 127, aim: (tick * 30_000) & 0xffff, ...far });
    step(session);
  }
  expect(Math.abs(positionX[slot]!)).toBeLessThanOrEqual(60 * 12_800);
  expect(countOfZone(session.zone, 'dropStale')).toBe(3);
  expect(countOfZone(session.zone, 'dropEarly')).toBe(3);
  expect(countOfZone(session.zone, 'guardBounds')).toBeGreaterThan(30);
  expect(countOfZone(session.zone, 'guardMove')).toBe(60);
});

test('frames the carrier refused move their counter alone', () => {
  const { session } = playing();
  for (const reason of ['dropSize', 'dropMalformed'] as const) {
    expect(moved(session, () => countBadFrame(session.edge, reason))).toEqual({ frames: 1, [reason]: 1 });
  }
});

test('text frames, pings and frames have one budget', () => {
  const { session, client } = playing();
  const connection = client.connection!;
  session.nowMs += 60_000;
  const third = FRAMES_BURST_MAX / 3;
  let answered = 0;
  const changes = moved(session, () => {
    for (let sent = 0; sent < third; sent++) receiveText(session.edge, connection, 3, session.nowMs);
    for (let sent = 0; sent < third; sent++) {
      if (receiveControl(session.edge, connection, 5, session.nowMs)) answered++;
    }
    for (let sent = 0; sent < third; sent++) send(session, client, {});
    receiveText(session.edge, connection, 3, session.nowMs);
    expect(receiveControl(session.edge, connection, 5, session.nowMs)).toBe(false);
    send(session, client, {});
  });
  expect(answered).toBe(third);
  const bytesUp = (third + 1) * 8;
  expect(changes).toEqual({ frames: FRAMES_BURST_MAX + 3, bytesUp, dropType: third, dropRate: 3 });
});

test.for([
  ['frames', (session: TestSession, client: Client) => send(session, client, {})],
  ['bytes', (session: TestSession, client: Client) => sendBytes(session, client, new Uint8Array(20_000))],
  ['text', (session: TestSession, { connection }: Client) => receiveText(session.edge, connection!, 1, session.nowMs)],
  [
    'pings',
    (session: TestSession, { connection }: Client) => receiveControl(session.edge, connection!, 1, session.nowMs),
  ],
] as const)('a flood of %s is ended with a reason after five seconds, not before', ([, one]) => {
  const { session, client } = playing();
  const beganMs = session.nowMs;
  const changes = moved(session, () => {
    while (!client.isClosed) {
      // A second has a little more than a flood's share, in bursts.
      for (let sent = 0; sent < (FLOOD_FACTOR * FRAMES_PER_SECOND_MAX) / 10 + 2; sent++) one(session, client);
      session.nowMs += 100;
      expect(session.nowMs - beganMs).toBeLessThan(7000);
    }
  });
  expect(session.nowMs - beganMs).toBeGreaterThanOrEqual(1000 * FLOOD_SECONDS);
  expect(goodbyesOf(client)).toEqual(['rate']);
  expect(changes).toMatchObject({ closedRate: 1, connections: -1, heldUp: client.heldUpMs.length });
  // Once a second, for what is left of it.
  expect(client.heldUpMs.length).toBeGreaterThanOrEqual(FLOOD_SECONDS);
  expect(client.heldUpMs.length).toBeLessThanOrEqual(FLOOD_SECONDS + 2);
  for (const ms of client.heldUpMs) expect(ms).toBeGreaterThan(0);
  for (const ms of client.heldUpMs) expect(ms).toBeLessThan(1001);
});

test('an honest client whose line stands still again and again is never taken for a flood', () => {
  const { session, client } = playing();
  // 15 s of two frames a tick at once, then a second as it should be, then all over again.
  for (let round = 0; round < 20; round++) {
    session.nowMs += 14_900;
    for (let sent = 0; sent < 15 * 120; sent++) send(session, client, { ping: { clientTimeMs: sent } });
    for (let tick = 0; tick < 60; tick++) {
      session.nowMs += 1000 / 60;
      for (let sent = 0; sent < 2; sent++) send(session, client, {});
    }
  }
  expect(client.isClosed).toBe(false);
});

test('frames that come after the end of a session do nothing', () => {
  const { session, client } = playing();
  closeConnection(session.edge, client.connection!, 'idle');
  const changes = moved(session, () => sendInput(session, client, { moveX: 1 }));
  expect(changes).toEqual({ frames: 1, bytesUp: expect.any(Number) });
});
