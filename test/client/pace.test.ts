// Clients of a server that slows its time down: real zone, edge and client on simulated time and network.

import { expect, test } from 'vitest';
import { LOWER_RATE, TIME_DILATION } from '../../src/base/overload-steps.ts';
import { createRandom } from '../../src/base/random.ts';
import type { OpenSocket } from '../../src/client/ports.ts';
import { type Client, PLAYING, type ZoneLoad } from '../../src/client/state.ts';
import { SERVER_MESSAGE } from '../../src/wire/schema.ts';
import { quietGame } from '../game/quiet-game.ts';
import type { LineOptions } from '../simulated-network.ts';
import {
  addClient,
  createSimulatedServer,
  hostOf,
  openLink,
  run,
  type SimulatedServer,
  setServerPace,
} from './simulated-server.ts';

const line = (latencyMs: number, jitterMs: number, loss = 0): LineOptions => ({
  kind: 'stream',
  latencyMs,
  jitterMs,
  loss,
});
const LINES = [
  { what: 'on one machine', line: line(0, 0) },
  { what: 'near', line: line(20, 6) },
  { what: 'far', line: line(120, 10) },
  { what: 'lossy', line: line(40, 10, 0.02) },
];
const LOAD_TAG = (SERVER_MESSAGE.load << 3) | 2;

/** Walks in circles: each input differs from the one before. */
function circle(server: SimulatedServer, client: Client): void {
  hostOf(server, client).beforeFrame = () => {
    const angle = server.clock.now() / 900;
    client.intent.moveX = 127 * Math.cos(angle);
    client.intent.moveZ = 127 * Math.sin(angle);
    client.intent.aim = Math.round(angle * 10_000) & 0xffff;
  };
}

function counted(
  server: SimulatedServer,
): Record<'inputs' | 'starved' | 'stale' | 'early' | 'duplicate' | 'warps', number> {
  const { words, index } = server.zone.counters;
  return {
    inputs: words[index.inputs]!,
    starved: words[index.inputsStarved]!,
    stale: words[index.dropStale]!,
    early: words[index.dropEarly]!,
    duplicate: words[index.dropDuplicate]! + server.edge.counters.words[server.edge.counters.index.inputsRepeated]!,
    warps: words[index.guardTimeWarp]!,
  };
}

test.each(LINES)('a client that hears of it slows down with the server, and up again: $what', ({ line }) => {
  const server = createSimulatedServer(quietGame, 7, line);
  const loads: ZoneLoad[] = [];
  const client = addClient(server, { events: { loadChanged: (load) => loads.push(load) } });
  circle(server, client);
  run(server, 6_000);
  expect(client.state).toBe(PLAYING);
  expect(loads).toEqual([]);
  const { corrections } = client.stats;
  for (const [step, pacePercent] of [
    [LOWER_RATE, 100],
    [TIME_DILATION, 70],
    [TIME_DILATION, 40],
    [TIME_DILATION, 10],
    [TIME_DILATION, 60],
    [LOWER_RATE, 100],
    [0, 100],
  ] as const) {
    setServerPace(server, step, pacePercent);
    run(server, 2_000);
    const before = counted(server);
    const { sentTick, stats } = client;
    const inputsBefore = stats.inputsSent;
    const tickBefore = server.zone.sim.tick;
    run(server, 6_000);
    const after = counted(server);
    const ticks = server.zone.sim.tick - tickBefore;
    expect(ticks).toBeCloseTo((360 * pacePercent) / 100, -1);
    // An input a tick, in time, none of them for nothing.
    expect(Math.abs(client.sentTick - sentTick - ticks)).toBeLessThanOrEqual(Math.max(3, 0.05 * ticks));
    expect(stats.inputsSent - inputsBefore).toBe(client.sentTick - sentTick);
    expect([after.early, after.duplicate, after.warps]).toEqual([0, 0, 0]);
    // What a lossy line held up is forgotten after a while, and comes as a surprise again.
    expect(after.starved - before.starved).toBeLessThanOrEqual(line.loss === 0 ? 0 : 5);
    expect(after.stale - before.stale).toBeLessThanOrEqual(line.loss === 0 ? 0 : 5);
    expect(client.load).toMatchObject({
      step,
      pace: pacePercent / 100,
      snapshotIntervalTicks: step < LOWER_RATE || pacePercent <= 50 ? 3 : 6,
    });
    // The picture goes on in the server's time: not frozen, not ahead of what is known.
    expect(client.replicas.tick - client.interpolation.tick).toBeGreaterThan(-9);
    expect(client.replicas.tick - client.interpolation.tick).toBeLessThan(20);
  }
  expect(loads.map(({ step }) => step)).toEqual([2, 3, 3, 3, 3, 2, 0]);
  expect(client.stats.clockJumps).toBe(0);
  // A far client hears late that it goes faster, and a few inputs of each such moment come late.
  expect(client.stats.corrections - corrections).toBeLessThanOrEqual(12);
});

test('at any pace and change of it no input is lost unnamed, and nobody jumps (seeds)', () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = createRandom(seed);
    const server = createSimulatedServer(quietGame, seed, line(60 * random.fraction(), 5));
    const client = addClient(server);
    circle(server, client);
    run(server, 4_000);
    for (let change = 0; change < 20; change++) {
      const pacePercent = 10 + 5 * random.below(19);
      setServerPace(server, pacePercent === 100 ? 0 : TIME_DILATION, pacePercent);
      run(server, 200 + random.below(2_000));
    }
    setServerPace(server, 0, 100);
    run(server, 3_000);
    const told = `seed ${seed}`;
    expect(client.stats.clockJumps, told).toBe(0);
    const { inputs, stale, early, duplicate, warps } = counted(server);
    expect({ early, duplicate, warps }, told).toEqual({ early: 0, duplicate: 0, warps: 0 });
    const onTheWay = client.stats.inputsSent - inputs - stale;
    expect(onTheWay, told).toBeGreaterThanOrEqual(0);
    expect(onTheWay, told).toBeLessThanOrEqual(8);
    expect(stale, told).toBeLessThan(0.02 * inputs);
  }
});

test('who comes while time is slow is told at once', () => {
  const server = createSimulatedServer(quietGame, 3, line(30, 3));
  run(server, 1_000);
  setServerPace(server, TIME_DILATION, 40);
  run(server, 1_000);
  const client = addClient(server);
  circle(server, client);
  run(server, 5_000);
  expect(client.load).toMatchObject({ step: TIME_DILATION, pace: 0.4 });
  const before = counted(server);
  run(server, 3_000);
  expect({ ...counted(server), inputs: 0 }).toEqual({ ...before, inputs: 0 });
  expect(client.stats.clockJumps).toBe(0);
});

/** A client from before the ladder: what it doesn't know it skips. */
function deafSocket(server: SimulatedServer): OpenSocket {
  return (_, events) =>
    openLink(server, { ...events, received: (bytes) => bytes[0] !== LOAD_TAG && events.received(bytes) }, () => 0);
}

test('an older client follows the pongs: its inputs are taken or dropped by name, and it is punished for nothing', () => {
  const server = createSimulatedServer(quietGame, 5, line(30, 3));
  const client = addClient(server, { openSocket: deafSocket(server) });
  circle(server, client);
  run(server, 4_000);
  const ticks = server.zone.sim.tick;
  const before = counted(server);
  const sent = client.stats.inputsSent;
  setServerPace(server, TIME_DILATION, 30);
  run(server, 60_000);
  const after = counted(server);
  expect(client.load.pace).toBe(1);
  expect(client.state).toBe(PLAYING);
  expect(client.stats.reconnects).toBe(0);
  expect(after.warps).toBe(0);
  // It plays: for most ticks there is an input of its own.
  const ran = server.zone.sim.tick - ticks;
  expect(after.inputs - before.inputs).toBeGreaterThan(0.8 * ran);
  const taken = after.inputs - before.inputs;
  const dropped = after.stale + after.early + after.duplicate - (before.stale + before.early + before.duplicate);
  expect(client.stats.inputsSent - sent - taken - dropped).toBeGreaterThanOrEqual(-8);
  expect(client.stats.inputsSent - sent - taken - dropped).toBeLessThanOrEqual(8);
});
