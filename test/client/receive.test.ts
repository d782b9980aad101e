// Whatever a server sends, a client does not fall over: real frames, cut, flipped, mixed up and extended.

import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { receiveFrame } from '../../src/client/receive.ts';
import type { Client } from '../../src/client/state.ts';
import { PLAYING } from '../../src/client/state.ts';
import { game } from '../../src/game/game.ts';
import { encodeToBytes } from '../../src/wire/codec.ts';
import { PERFECT_LINE } from '../simulated-network.ts';
import { addClient, createSimulatedServer, run, type SimulatedServer } from './simulated-server.ts';

const SEED = Number(process.env.SEED ?? 4711);

function play(): { server: SimulatedServer; client: Client; frames: Uint8Array[] } {
  const server = createSimulatedServer(game, SEED, PERFECT_LINE);
  const client = addClient(server);
  const other = addClient(server);
  const frames: Uint8Array[] = [];
  run(server, 500);
  const { events } = server.links[0]!;
  const { received } = events;
  events.received = (bytes) => {
    frames.push(bytes.slice());
    received(bytes);
  };
  other.intent.moveX = 100;
  client.intent.moveZ = 100;
  run(server, 2_000);
  return { server, client, frames };
}

test('real frames that are cut or flipped are counted, and the next good ones go on', () => {
  console.log(`SEED=${SEED}`);
  const random = createRandom(SEED);
  const { server, client, frames } = play();
  expect(frames.length).toBeGreaterThan(30);
  expect(client.stats.malformed).toBe(0);
  const now = server.clock.now();
  for (let round = 0; round < 3000; round++) {
    const bytes = frames[random.below(frames.length)]!.slice();
    const kind = random.below(3);
    if (kind === 0) receiveFrame(client, bytes.subarray(0, random.below(bytes.length)), now);
    else {
      for (let flip = 0; flip <= random.below(4); flip++) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      receiveFrame(client, bytes, now);
    }
  }
  expect(client.stats.malformed).toBeGreaterThan(100);
  client.goodbye = undefined;
  client.replicas.tick = server.zone.sim.tick;
  run(server, 3_000);
  expect(client.state).toBe(PLAYING);
});

test('random bytes are survived', () => {
  const random = createRandom(SEED);
  const { server, client } = play();
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from({ length: random.below(60) }, () => random.below(256));
    // Half of them with the tag and length of a part, or nothing would get further than that.
    if (round % 2 === 0 && bytes.length > 2) {
      bytes[0] = ((1 + random.below(6)) << 3) | 2;
      bytes[1] = bytes.length - 2;
    }
    receiveFrame(client, bytes, server.clock.now());
  }
  expect(client.stats.malformed).toBeGreaterThan(500);
});

test('fields and parts that a newer server adds are skipped', () => {
  const { server, client } = play();
  const now = server.clock.now();
  const { serverMessage } = client.messages;
  const pong = encodeToBytes(serverMessage, { pong: { clientTimeMs: 0, tick: 1, tickAgeUs: 1 } });
  // Field 99 as a varint inside the pong, field 50 as a part, field 51 as fixed32.
  const extended = [pong[0]!, pong[1]! + 3, ...pong.slice(2), 0x98, 0x06, 0x05];
  receiveFrame(client, Uint8Array.from([...extended, 0x92, 0x03, 0x02, 0x41, 0x42, 0x9d, 0x03, 1, 2, 3, 4]), now);
  expect(client.stats.malformed).toBe(0);
});

test('a pong that was not asked for, or comes twice, says nothing', () => {
  const { server, client } = play();
  const { sampleCount, serverOffset } = client.sync;
  const { serverMessage } = client.messages;
  for (const clientTimeMs of [0, client.pingSeq, client.pingSeq + 1, 4_000_000_000]) {
    const bytes = encodeToBytes(serverMessage, { pong: { clientTimeMs, tick: 77_777, tickAgeUs: 0 } });
    receiveFrame(client, bytes, server.clock.now());
  }
  expect(client.sync).toMatchObject({ sampleCount, serverOffset });
});

test('a second welcome is not taken', () => {
  const { server, client } = play();
  const { welcome } = client;
  const value = { protocolVersion: 2, tickHz: 60, slot: 9, generation: 3, snapshotIntervalTicks: 0, seed: 1 };
  receiveFrame(client, encodeToBytes(client.messages.serverMessage, { welcome: value }), server.clock.now());
  expect(client.welcome).toBe(welcome);
});

test('snapshots that come before the welcome, as they may over UDP, are left alone', () => {
  const { server, client, frames } = play();
  const { welcome, snapshotMs } = { ...client };
  const before = { ...client.stats, tick: client.replicas.tick };
  // As after a reconnect: what the last connection has left is still there.
  client.welcome = undefined;
  client.replicas.tick = -1;
  for (const frame of frames) receiveFrame(client, frame, server.clock.now());
  expect(client.stats).toMatchObject({ snapshots: before.snapshots, snapshotsUnusable: 0, malformed: 0 });
  expect([client.replicas.tick, client.snapshotMs]).toEqual([-1, snapshotMs]);
  client.welcome = welcome;
  client.replicas.tick = before.tick;
  run(server, 1_000);
  expect(client.state).toBe(PLAYING);
  expect(client.stats.snapshots).toBeGreaterThan(before.snapshots + 15);
});
