// Sockets over UDP against the real netcode server and channels, on a simulated network.

import { expect, test } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/base/clock.ts';
import {
  createDatagramSocket,
  type DatagramSocket,
  receiveDatagram,
  updateDatagramSocket,
} from '../../src/client/datagram-socket.ts';
import { type Address, isSameAddress } from '../../src/transport/address.ts';
import { RELIABLE, UNRELIABLE } from '../../src/transport/channels/packet.ts';
import { COUNT } from '../../src/transport/counts.ts';
import { CONNECTED } from '../../src/transport/states.ts';
import { FEATURE_REKEY } from '../../src/transport/token.ts';
import { createLine, type Line, type LineOptions } from '../simulated-network.ts';
import { clientAddress, createLab, createMailbox, type Lab, SERVER_ADDRESS, START_MS } from '../transport/lab.ts';
import { keyExchange } from '../transport/rekey-lab.ts';
import { createDatagramServer, type DatagramServer, type Guest } from './datagram-server.ts';

const SEED = Number(process.env.SEED ?? 90210);
const GOOD: LineOptions = { kind: 'datagrams', latencyMs: 20, jitterMs: 0, loss: 0 };
const BAD: LineOptions = { kind: 'datagrams', latencyMs: 40, jitterMs: 30, loss: 0.2 };
const STEP_MS = 5;

interface Player {
  readonly socket: DatagramSocket;
  readonly address: Address;
  readonly up: Line;
  readonly down: Line;
  readonly log: string[];
  readonly got: Uint8Array[];
  take(): { readonly bytes: Uint8Array }[];
}

interface World {
  readonly lab: Lab;
  readonly clock: ManualClock;
  readonly server: DatagramServer;
  readonly players: Player[];
  line: LineOptions;
}

function createWorld(seed: number, line: LineOptions): World {
  console.log(`SEED=${seed}`);
  const lab = createLab(seed);
  return { lab, clock: createManualClock(START_MS), server: createDatagramServer(lab), players: [], line };
}

function addPlayer(world: World, token = world.lab.mint(), onOpened: (socket: DatagramSocket) => void = () => {}) {
  const { lab, clock, players, line } = world;
  const { outbox, take } = createMailbox();
  const log: string[] = [];
  const got: Uint8Array[] = [];
  const events = {
    opened: () => {
      log.push('opened');
      onOpened(socket);
    },
    received: (bytes: Uint8Array) => void got.push(bytes.slice()),
    closed: (reason?: string) => void log.push(`closed ${reason}`),
  };
  const socket = createDatagramSocket({ aead: lab.aead, keyExchange, token, outbox, clock, events });
  const lines = { up: createLine(lab.random, line), down: createLine(lab.random, line) };
  const player: Player = { socket, address: clientAddress(players.length), ...lines, log, got, take };
  players.push(player);
  return player;
}

/** Simulated time passes; `each` runs once a step. */
function run(world: World, ms: number, each: () => void = () => {}): void {
  const { clock, server, players } = world;
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    clock.advance(STEP_MS);
    const now = clock.now();
    each();
    server.update(now);
    for (const { socket, address, up, down, take } of players) {
      updateDatagramSocket(socket);
      for (const { bytes } of take()) up.send(now, bytes);
      up.deliver(now, (bytes) => server.receive(now, address, bytes));
      for (const packet of server.take()) {
        const to = players.find((player) => isSameAddress(player.address, 0, packet.address, 0));
        // Nobody is left at an address that a player has moved away from.
        to?.down.send(now, packet.bytes);
      }
      down.deliver(now, (bytes) => receive(socket, bytes));
    }
  }
}

function receive(socket: DatagramSocket, bytes: Uint8Array, from = SERVER_ADDRESS): void {
  receiveDatagram(socket, from, 0, bytes, 0, bytes.length);
}

/** Message number `index`, with bytes of its own. */
function message(index: number, length = 4 + (index % 40)): Uint8Array {
  const bytes = new Uint8Array(length).fill(index);
  new DataView(bytes.buffer).setUint32(0, index, true);
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  const index = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  expect([...bytes]).toEqual([...message(index, bytes.length)]);
  return index;
}

const numbersOf = (guest: Guest, kind: number): number[] =>
  guest.inbox.filter((one) => one.kind === kind).map(({ bytes }) => numberOf(bytes));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('opens after two round trips, and what is sent then is there half of one later; before that nothing is sent', () => {
  const world = createWorld(SEED, GOOD);
  const { socket, log } = addPlayer(world, undefined, (opened) => opened.send(message(0), true));
  socket.send(message(7), true);
  run(world, 80);
  expect(log).toEqual([]);
  run(world, 10);
  expect(log).toEqual(['opened']);
  run(world, 30);
  const [guest] = world.server.guests;
  expect(numbersOf(guest!, RELIABLE)).toEqual([0]);
});

test('twenty connect through a fifth of all packets lost; joins and requests arrive once and in order, both ways', () => {
  const world = createWorld(SEED, BAD);
  const players = upTo(20).map(() => addPlayer(world, undefined, (socket) => socket.send(message(0), true)));
  let sent = 1;
  let said = 0;
  run(world, 20_000, () => {
    // One in half a second: more would wait for the budget, which isn't what this is about.
    if (sent < 20 && world.clock.now() % 500 < STEP_MS && players.every(({ socket }) => socket.isOpen)) {
      for (const { socket } of players) socket.send(message(sent), true);
      sent++;
    }
    if (said < 100 && world.server.guests.length === 20) {
      for (const guest of world.server.guests) world.server.sendReliable(guest, message(said));
      said++;
    }
  });
  expect(world.server.guests).toHaveLength(20);
  for (const guest of world.server.guests) expect(numbersOf(guest, RELIABLE)).toEqual(upTo(20));
  for (const { log, got } of players) {
    expect(log).toEqual(['opened']);
    expect(got.map(numberOf)).toEqual(upTo(100));
  }
});

test('a player that changes its address, on purpose or not, loses no message that has to arrive', () => {
  const world = createWorld(SEED, BAD);
  Object.assign(world, { server: createDatagramServer(world.lab, { keyExchange }) });
  const token = world.lab.mint({ features: FEATURE_REKEY, timeoutS: 10 });
  const { socket, log, got } = addPlayer(world, token);
  expect(socket.migrate()).toBe(false);
  run(world, 6_000);
  const [guest] = world.server.guests;
  const [player] = world.players;
  let sent = 0;
  let moves = 0;
  run(world, 40_000, () => {
    const passed = world.clock.now() - START_MS;
    if (passed % 500 === 0 && sent < 70) {
      socket.send(message(sent), true);
      world.server.sendReliable(guest!, message(sent++));
    }
    if (passed % 5_000 !== 0 || moves === 5) return;
    Object.assign(player!, { address: clientAddress(500 + moves++) });
    if (moves % 2 === 0) expect(socket.migrate()).toBe(true);
  });
  expect([log, moves]).toEqual([['opened'], 5]);
  expect(numbersOf(guest!, RELIABLE)).toEqual(upTo(sent));
  expect(got.map(numberOf)).toEqual(upTo(sent));
  expect(world.server.netcode.counts[COUNT.moves]).toBe(5);
  socket.close();
  expect(socket.migrate()).toBe(false);
});

test('frames that may be lost leave at once, a packet each with what else is due; those lost are not sent again', () => {
  const world = createWorld(SEED, { ...BAD, jitterMs: 0 });
  const { socket } = addPlayer(world);
  run(world, 2_000);
  const [guest] = world.server.guests;
  const packetsBefore = socket.line.packetsOut;
  let sent = 0;
  run(world, 10_000, () => {
    if (world.clock.now() % 20 !== 0) return;
    const counted = socket.line.packetsOut;
    if (sent % 50 === 0) world.server.sendReliable(guest!, message(sent));
    socket.send(message(sent++, 20), false);
    expect(socket.line.packetsOut).toBe(counted + 1);
  });
  const got = numbersOf(guest!, UNRELIABLE);
  expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
  expect(got.length / sent).toBeGreaterThan(0.7);
  expect(got.length / sent).toBeLessThan(0.9);
  // Acknowledgements need no packets of their own here.
  expect(socket.line.packetsOut - packetsBefore).toBeLessThan(sent * 1.02);
  expect(socket.line.rttMs).toBeGreaterThan(78);
  expect(socket.line.rttMs).toBeLessThan(90);
  expect(socket.line.lossOutShare).toBeGreaterThan(0.1);
});

test('of snapshots only those come that are newer than the last; each is heard in bytes of its own', () => {
  const world = createWorld(SEED, { ...BAD, jitterMs: 40 });
  const { got, socket } = addPlayer(world);
  run(world, 2_000);
  const [guest] = world.server.guests;
  let sent = 0;
  run(world, 10_000, () => {
    if (world.clock.now() % 25 === 0) world.server.sendSequenced(guest!, world.clock.now(), message(sent++, 200));
  });
  const numbers = got.map(numberOf);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(numbers.length / sent).toBeGreaterThan(0.4);
  expect(socket.line.sequencedLate).toBeGreaterThan(5);
  expect(socket.line.lossInShare).toBeGreaterThan(0.1);
  expect(socket.line.jitterMs).toBeGreaterThan(0);
});

test('a frame too long for a packet and a snapshot too long for one come by the stream', () => {
  const world = createWorld(SEED, BAD);
  const { socket, got } = addPlayer(world);
  run(world, 2_000);
  const [guest] = world.server.guests;
  socket.send(message(1, 4_000), false);
  world.server.sendReliable(guest!, message(2, 6_000));
  run(world, 8_000);
  expect(numbersOf(guest!, RELIABLE)).toEqual([1]);
  expect(got.map(numberOf)).toEqual([2]);
});

test('what more than fits is sent ends what there is to spare, not what has to be sent', () => {
  const world = createWorld(SEED, GOOD);
  const { socket } = addPlayer(world);
  run(world, 1_000);
  expect(socket.spareBytes!()).toBeGreaterThan(200);
  const { packetsOut } = socket.line;
  for (let count = 0; count < 12; count++) socket.send(message(count, 100), false);
  expect(socket.spareBytes!()).toBeLessThanOrEqual(0);
  socket.send(message(99, 100), false);
  socket.send(message(100, 100), true);
  expect(socket.line.packetsOut).toBe(packetsOut + 14);
  run(world, 100);
  const [guest] = world.server.guests;
  expect(numbersOf(guest!, UNRELIABLE)).toEqual([...upTo(12), 99]);
  expect(numbersOf(guest!, RELIABLE)).toEqual([100]);
  run(world, 1_000);
  expect(socket.spareBytes!()).toBeGreaterThan(200);
});

test.each([
  [0, 2_000],
  [0.05, 4_096],
])('with %d lost, frames that are filled with what there is to spare take %d bytes a second', (loss, limit) => {
  const world = createWorld(SEED, { ...GOOD, loss });
  const { socket } = addPlayer(world);
  let bytes = 0;
  const play = (): void => {
    if (world.clock.now() % 15 !== 0) return;
    const frame = message(1, 16 + Math.max(0, Math.min(100, Math.floor(socket.spareBytes!()))));
    socket.send(frame, false);
    bytes += frame.length;
  };
  run(world, 5_000, play);
  bytes = 0;
  run(world, 30_000, play);
  expect(bytes / 30).toBeGreaterThan(limit * 0.97);
  expect(bytes / 30).toBeLessThan(limit * 1.01);
  expect(socket.line.messagesRefused).toBe(0);
});

test('closing tells the server and nobody else; nothing is sent or heard any more', () => {
  const world = createWorld(SEED, GOOD);
  const { socket, log, got, take } = addPlayer(world);
  run(world, 1_000);
  const [guest] = world.server.guests;
  world.server.sendReliable(guest!, message(1));
  run(world, STEP_MS);
  socket.close();
  socket.close();
  socket.send(message(2), true);
  socket.send(message(3), false);
  expect(take().length).toBe(10);
  run(world, 1_000);
  expect([log, got]).toEqual([['opened'], []]);
});

test('a goodbye is heard before the server hangs up', () => {
  const world = createWorld(SEED, GOOD);
  const { log, got } = addPlayer(world);
  run(world, 1_000);
  const [guest] = world.server.guests;
  world.server.sendReliable(guest!, message(1));
  run(world, STEP_MS);
  world.server.disconnect(guest!, world.clock.now());
  run(world, 100);
  expect(got.map(numberOf)).toEqual([1]);
  expect(log).toEqual(['opened', 'closed undefined']);
});

test('who hears a goodbye and closes hears nothing behind it', () => {
  const world = createWorld(SEED, GOOD);
  const { socket, got, log } = addPlayer(world);
  run(world, 1_000);
  const [guest] = world.server.guests;
  const { received } = socket.events;
  Object.assign(socket.events, {
    received(bytes: Uint8Array) {
      received(bytes);
      socket.close();
    },
  });
  world.server.sendReliable(guest!, message(1));
  world.server.sendReliable(guest!, message(2));
  run(world, 1_000);
  expect(got.map(numberOf)).toEqual([1]);
  expect(log).toEqual(['opened']);
  expect(guest!.isGone).toBe(true);
});

test.each<[string, string, (world: World) => Uint8Array, Partial<LineOptions>]>([
  ['that is none', 'undefined', () => new Uint8Array(2048), {}],
  ['for a full server', 'zone_full', fillServer, {}],
  ['of an hour ago', 'undefined', mintOld, {}],
  ['whose lifetime ends while nobody answers', 'token_expired', mintShort, { loss: 1 }],
  ['that is good, to a server that is gone', 'undefined', ({ lab }) => lab.mint(), { loss: 1 }],
])('a token %s: closed, %s', (_, reason, mint, line) => {
  const world = createWorld(SEED, { ...GOOD, ...line });
  const { log } = addPlayer(world, mint(world));
  // Not before it has returned to whom it was asked by.
  expect(log).toEqual([]);
  run(world, 8_000);
  expect(log).toEqual([`closed ${reason}`]);
  run(world, 8_000);
  expect(log).toHaveLength(1);
});

function fillServer(world: World): Uint8Array {
  Object.assign(world, { server: createDatagramServer(world.lab, { clientsMax: 1 }) });
  addPlayer(world);
  run(world, 500);
  expect(world.server.guests).toHaveLength(1);
  return world.lab.mint();
}

function mintOld({ lab }: World): Uint8Array {
  return lab.mint({ createdS: START_MS / 1000 - 3600, expiresS: START_MS / 1000 - 3540 });
}

function mintShort({ lab }: World): Uint8Array {
  return lab.mint({ expiresS: START_MS / 1000 + 2 });
}

test('a server that falls silent: closed after the token’s timeout', () => {
  const world = createWorld(SEED, GOOD);
  const { log, down } = addPlayer(world);
  run(world, 1_000);
  // It was heard half a second before that at the latest.
  run(world, 4_400, () => down.cut());
  expect(log).toEqual(['opened']);
  run(world, 700, () => down.cut());
  expect(log).toEqual(['opened', 'closed undefined']);
});

test('packets of strangers, forged, flipped and said again are dropped and change nothing', () => {
  const world = createWorld(SEED, GOOD);
  const { lab } = world;
  const { socket, got, log } = addPlayer(world);
  run(world, 1_000);
  const [guest] = world.server.guests;
  const { counts } = socket.transport;
  world.server.sendReliable(guest!, message(1));
  world.server.update(world.clock.now());
  const [{ bytes: good } = { bytes: new Uint8Array() }] = world.server.take();
  for (let cut = 0; cut < good.length; cut++) receive(socket, good.subarray(0, cut));
  for (let bit = 0; bit < good.length * 8; bit++) {
    const flipped = good.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    receive(socket, flipped);
  }
  for (let round = 0; round < 1000; round++) {
    const junk = Uint8Array.from({ length: lab.random.below(1300) }, () => lab.random.below(256));
    receive(socket, junk);
  }
  receive(socket, good, clientAddress(9));
  expect(counts[COUNT.dropStranger]).toBe(1);
  expect(got).toEqual([]);
  receive(socket, good);
  expect(got.map(numberOf)).toEqual([1]);
  const replayed = counts[COUNT.dropReplayed]!;
  receive(socket, good);
  expect(got).toHaveLength(1);
  expect(counts[COUNT.dropReplayed]).toBe(replayed + 1);
  expect(log).toEqual(['opened']);
  expect(socket.transport.state).toBe(CONNECTED);
});

test('payloads that are no packets of the channels are dropped; a stream that can not be one ends the connection', () => {
  const world = createWorld(SEED, GOOD);
  const { socket, got, log } = addPlayer(world);
  run(world, 1_000);
  const [guest] = world.server.guests;
  for (let round = 0; round < 500; round++) {
    // Too short, or a header that says nothing was received and no message of a kind that there is.
    const length = round % 2 === 0 ? 1 + world.lab.random.below(9) : 11 + world.lab.random.below(60);
    const junk = Uint8Array.from({ length }, () => world.lab.random.below(256));
    junk.fill(0, 2, 10);
    if (length > 10) junk[10]! |= 3;
    world.server.sendRaw(guest!, world.clock.now(), junk);
    run(world, STEP_MS);
  }
  run(world, 100);
  expect(socket.line.dropped.reduce((sum, count) => sum + count)).toBe(500);
  expect(log).toEqual(['opened']);
  // A segment whose message claims to have no bytes.
  const { count } = guest!.channels.sent;
  world.server.sendRaw(guest!, world.clock.now(), Uint8Array.of(count, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0));
  run(world, 100);
  expect(got).toEqual([]);
  expect(log).toEqual(['opened', 'closed undefined']);
  expect(guest!.isGone).toBe(true);
});
