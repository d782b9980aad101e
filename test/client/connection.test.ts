// How a client comes and goes, with a socket and a server of the test's own.

import { expect, test } from 'vitest';
import { createManualClock } from '../../src/base/clock.ts';
import { createClient, startClient, stopClient, updateClient } from '../../src/client/client.ts';
import type { Session, SessionRefusal, SocketEvents } from '../../src/client/ports.ts';
import { CONNECTING, FAILED, IDLE, JOINING, RECONNECTING } from '../../src/client/state.ts';
import { game } from '../../src/game/game.ts';
import { createClientFrame, readClientFrame } from '../../src/wire/client-frame.ts';
import { DECODED, encodeToBytes } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';

const messages = createMessages(game);

function setUp() {
  const clock = createManualClock(5000);
  const asked: ((answer: Session | SessionRefusal) => void)[] = [];
  const avoided: string[][] = [];
  const sockets: { events: SocketEvents; sent: Uint8Array[]; isClosed: boolean; url: string }[] = [];
  const client = createClient({
    game,
    requestSession: (done, fullZones) => {
      asked.push(done);
      avoided.push([...fullZones]);
    },
    openSocket({ url }, events) {
      const socket = { events, sent: [] as Uint8Array[], isClosed: false, url };
      sockets.push(socket);
      return {
        send: (bytes) => socket.sent.push(bytes.slice()),
        close: () => {
          socket.isClosed = true;
        },
      };
    },
    clock,
    random: () => 0,
  });
  const pass = (ms: number): void => {
    clock.advance(ms);
    updateClient(client, clock.now());
  };
  startClient(client, clock.now());
  return { client, asked, avoided, sockets, pass, clock };
}

const SESSION: Session = { token: 'abc', url: 'ws://zone' };

test('asks for a session, opens its socket and joins with its token', () => {
  const { client, asked, sockets } = setUp();
  expect(client.state).toBe(CONNECTING);
  asked[0]!(SESSION);
  expect(sockets[0]!.url).toBe('ws://zone');
  expect(sockets[0]!.sent).toHaveLength(0);
  sockets[0]!.events.opened();
  expect(client.state).toBe(JOINING);
  const frame = createClientFrame(game);
  expect(readClientFrame(frame, sockets[0]!.sent[0]!)).toBe(DECODED);
  expect(frame.joinOffset).toBeGreaterThanOrEqual(0);
  expect(frame.hasPing).toBe(true);
});

test('waits longer with each attempt that fails, and asks for a new session each time', () => {
  const { client, asked, sockets, pass } = setUp();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    asked[attempt]!(SESSION);
    sockets[attempt]!.events.closed();
    expect(client.state).toBe(RECONNECTING);
    expect(client.reason).toBe('unreachable');
    let waited = 0;
    while (client.state === RECONNECTING) {
      pass(50);
      waited += 50;
    }
    waits.push(waited);
  }
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test('a final refusal ends it, another is waited out', () => {
  const { client, asked, pass } = setUp();
  asked[0]!({ refused: 'rate_limited', isFinal: false });
  expect(client.state).toBe(RECONNECTING);
  pass(300);
  asked[1]!({ refused: 'bad_name', isFinal: true });
  expect([client.state, client.reason]).toEqual([FAILED, 'bad_name']);
  pass(60_000);
  expect(asked).toHaveLength(2);
});

test.each([
  ['game_version', FAILED],
  ['protocol_version', FAILED],
  ['replaced', FAILED],
  ['shutting_down', RECONNECTING],
  ['token_expired', RECONNECTING],
  ['something_new', RECONNECTING],
])('the server’s goodbye %s leads to state %d', (reason, state) => {
  const { client, asked, sockets } = setUp();
  asked[0]!(SESSION);
  const { events } = sockets[0]!;
  events.opened();
  events.received(encodeToBytes(messages.serverMessage, { goodbye: { reason } }));
  events.closed();
  expect([client.state, client.reason]).toEqual([state, reason]);
  expect(sockets[0]!.isClosed).toBe(true);
});

test('zones that were full are named at the next attempt, until none is left', () => {
  const { asked, avoided, sockets, pass } = setUp();
  const goodbye = encodeToBytes(messages.serverMessage, { goodbye: { reason: 'zone_full' } });
  for (const [attempt, url] of ['ws://1', 'ws://2', 'ws://1'].entries()) {
    asked[attempt]!({ token: 't', url });
    sockets[attempt]!.events.opened();
    sockets[attempt]!.events.received(goodbye);
    pass(8_000);
  }
  expect(avoided).toEqual([[], ['ws://1'], ['ws://1', 'ws://2'], ['ws://1']]);
});

test('a socket that says why it closed is believed: a full zone is avoided, anything else waited out', () => {
  const { client, asked, avoided, sockets, pass } = setUp();
  for (const [attempt, reason] of ['zone_full', 'token_expired', undefined].entries()) {
    asked[attempt]!({ token: 't', url: `ws://${attempt}` });
    sockets[attempt]!.events.closed(reason);
    expect([client.state, client.reason]).toEqual([RECONNECTING, reason ?? 'unreachable']);
    pass(8_000);
  }
  expect(avoided).toEqual([[], ['ws://0'], ['ws://0'], ['ws://0']]);
});

test('a session or a socket that never answers is given up', () => {
  const { client, asked, sockets, pass } = setUp();
  pass(8_000);
  expect(client.state).toBe(RECONNECTING);
  pass(250);
  asked[1]!(SESSION);
  pass(8_000);
  expect(client.state).toBe(RECONNECTING);
  pass(500);
  asked[2]!(SESSION);
  sockets[1]!.events.opened();
  expect(client.state).toBe(JOINING);
  pass(8_000);
  expect(client.state).toBe(RECONNECTING);
});

test('what belongs to an attempt given up is ignored', () => {
  const { client, asked, sockets, pass } = setUp();
  asked[0]!(SESSION);
  sockets[0]!.events.closed();
  pass(250);
  expect(client.state).toBe(CONNECTING);
  sockets[0]!.events.opened();
  sockets[0]!.events.received(new Uint8Array([1, 2, 3]));
  sockets[0]!.events.closed();
  asked[0]!(SESSION);
  expect(client.state).toBe(CONNECTING);
  expect(sockets).toHaveLength(1);
  expect(client.stats.bytesDown).toBe(0);
  stopClient(client);
  asked[1]!(SESSION);
  expect(client.state).toBe(IDLE);
  expect(sockets).toHaveLength(1);
});

test('starting twice is one start, stopping twice one stop', () => {
  const { client, asked, clock } = setUp();
  startClient(client, clock.now());
  expect(asked).toHaveLength(1);
  stopClient(client);
  stopClient(client);
  expect(client.state).toBe(IDLE);
});
