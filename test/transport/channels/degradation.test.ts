import { expect, test } from 'vitest';
import { SNAPSHOT_BYTES_MAX, TICK_HZ } from '../../../src/base/limits.ts';
import { createRandom } from '../../../src/base/random.ts';
import {
  chargeBucket,
  createSendBudget,
  createTokenBucket,
  mayWriteMessage,
  refillBudget,
  spend,
  type TokenBucket,
} from '../../../src/transport/channels/budget.ts';
import { isPacketDue, messageRoom, writeMessage } from '../../../src/transport/channels/channels.ts';
import {
  createDegradation,
  type Degradation,
  decideLevel,
  PERIOD_MS,
  SNAPSHOT_PLANS,
  snapshotPlan,
  updateDegradation,
} from '../../../src/transport/channels/degradation.ts';
import { DOWN } from '../../../src/transport/channels/directions.ts';
import { RELIABLE, SEQUENCED } from '../../../src/transport/channels/packet.ts';
import { createLine } from '../../simulated-network.ts';
import { createEnds, FAST_UP, messageOf, packetOf, queue, TICK_MS, take } from './harness.ts';

const SNAPSHOT = new Uint8Array(SNAPSHOT_BYTES_MAX);

test('the rate goes down before a snapshot does: 20, 10, 5 a second, then 5 of half the size', () => {
  expect(SNAPSHOT_PLANS.map(({ intervalTicks, bytesMax }) => [TICK_HZ / intervalTicks, bytesMax])).toEqual([
    [20, SNAPSHOT_BYTES_MAX],
    [10, SNAPSHOT_BYTES_MAX],
    [5, SNAPSHOT_BYTES_MAX],
    [5, SNAPSHOT_BYTES_MAX / 2],
  ]);
  expect(snapshotPlan({ ...createDegradation(0), level: 2 })).toBe(SNAPSHOT_PLANS[2]);
});

interface Case {
  readonly what: string;
  readonly state?: Partial<Degradation>;
  readonly isShort: boolean;
  readonly usedShare: number;
  readonly level: number;
  readonly waitMs?: number;
}

// All decided at 100,000 ms.
test.each<Case>([
  { what: 'plenty of room, at the top', isShort: false, usedShare: 0.1, level: 0 },
  { what: 'everything used, nothing refused', isShort: false, usedShare: 1, level: 0 },
  { what: 'short for the first time', isShort: true, usedShare: 1, level: 0 },
  { what: 'short for the second time', state: { shortPeriods: 1 }, isShort: true, usedShare: 1, level: 1 },
  { what: 'short on level 1', state: { level: 1, shortPeriods: 1 }, isShort: true, usedShare: 1, level: 2 },
  { what: 'short on level 2', state: { level: 2, shortPeriods: 1 }, isShort: true, usedShare: 1, level: 3 },
  { what: 'short at the bottom', state: { level: 3, shortPeriods: 1 }, isShort: true, usedShare: 1, level: 3 },
  { what: 'short, then not', state: { level: 1, shortPeriods: 1 }, isShort: false, usedShare: 0.9, level: 1 },
  {
    what: 'room for twice as much',
    state: { level: 1, roomSinceMs: 99_000 },
    isShort: false,
    usedShare: 0.5,
    level: 0,
  },
  { what: 'room, not for long', state: { level: 1, roomSinceMs: 99_001 }, isShort: false, usedShare: 0.1, level: 1 },
  { what: 'room, not for twice', state: { level: 1, roomSinceMs: 0 }, isShort: false, usedShare: 0.51, level: 1 },
  { what: 'room, refused all the same', state: { level: 1, roomSinceMs: 0 }, isShort: true, usedShare: 0.2, level: 1 },
  { what: 'one level at a time', state: { level: 3, roomSinceMs: 0 }, isShort: false, usedShare: 0, level: 2 },
  {
    what: 'room, the wait is longer',
    state: { level: 1, roomSinceMs: 95_000, waitMs: 8_000 },
    isShort: false,
    usedShare: 0.1,
    level: 1,
    waitMs: 8_000,
  },
  {
    what: 'short soon after it went up: the wait doubles',
    state: { raisedMs: 90_001, shortPeriods: 1, waitMs: 2_000 },
    isShort: true,
    usedShare: 1,
    level: 1,
    waitMs: 4_000,
  },
  {
    what: 'short long after it went up: the wait stays',
    state: { raisedMs: 90_000, shortPeriods: 1, waitMs: 2_000 },
    isShort: true,
    usedShare: 1,
    level: 1,
    waitMs: 2_000,
  },
  {
    what: 'the wait has an end',
    state: { raisedMs: 99_000, shortPeriods: 1, waitMs: 64_000 },
    isShort: true,
    usedShare: 1,
    level: 1,
    waitMs: 64_000,
  },
  {
    what: 'the full rate for long: the wait halves',
    state: { waitMs: 8_000, waitChangedMs: 90_000 },
    isShort: false,
    usedShare: 0.9,
    level: 0,
    waitMs: 4_000,
  },
  {
    what: 'lowered for long: the wait stays',
    state: { level: 1, waitMs: 8_000, waitChangedMs: 80_000 },
    isShort: false,
    usedShare: 0.9,
    level: 1,
    waitMs: 8_000,
  },
])('$what', ({ state, isShort, usedShare, level, waitMs }) => {
  const degradation: Degradation = { ...createDegradation(0), roomSinceMs: 100_000, waitChangedMs: 100_000, ...state };
  decideLevel(degradation, isShort, usedShare, 100_000);
  expect([degradation.level, degradation.waitMs]).toEqual([level, waitMs ?? 1_000]);
});

interface Client {
  readonly budget: ReturnType<typeof createSendBudget>;
  readonly state: Degradation;
  levels: string;
  snapshots: number;
}

function createClients(count: number, node?: TokenBucket): Client[] {
  return Array.from({ length: count }, () => ({
    budget: createSendBudget(20_000, 4_000, node, 0),
    state: createDegradation(0),
    levels: '0',
    snapshots: 0,
  }));
}

/** Serves clients for some seconds, each wanting snapshots of `wanted` bytes; notes every change of level. */
function serve(clients: readonly Client[], fromS: number, toS: number, wanted: (nowMs: number) => number): void {
  for (let tick = fromS * TICK_HZ; tick < toS * TICK_HZ; tick++) {
    const nowMs = tick * TICK_MS;
    for (const [index, client] of clients.entries()) {
      const { budget, state } = client;
      updateDegradation(state, budget.own, budget.node, nowMs);
      if (client.levels.at(-1) !== String(state.level)) client.levels += state.level;
      const { intervalTicks, bytesMax } = snapshotPlan(state);
      if (tick % intervalTicks !== index % intervalTicks) continue;
      refillBudget(budget, nowMs);
      if (!mayWriteMessage(budget)) continue;
      const bytes = Math.min(bytesMax, wanted(nowMs));
      spend(budget, bytes, false);
      if (budget.node !== undefined) chargeBucket(budget.node, bytes);
      client.snapshots++;
    }
  }
}

test('who needs the whole budget keeps the full rate, who chats beside it goes down once and stays there', () => {
  const [client] = createClients(1);
  serve([client!], 0, 60, () => 1000);
  expect([client!.levels, client!.snapshots]).toEqual(['0', 1200]);
  const chatting = createClients(1)[0]!;
  for (let second = 0; second < 60; second++) {
    serve([chatting], second, second + 1, () => 1000);
    for (let message = 0; message < 4; message++) spend(chatting.budget, 1000, true);
  }
  expect(chatting.levels).toBe('01');
  expect(chatting.snapshots).toBeGreaterThan(60 * 9);
});

test('when the crowd leaves, the rate comes back within seconds', () => {
  const node = createTokenBucket(40_000, 8_000, 0);
  const clients = createClients(10, node);
  serve(clients, 0, 30, () => 1000);
  expect(new Set(clients.map(({ state }) => state.level))).toEqual(new Set([3]));
  serve(clients, 30, 40, () => 100);
  expect(new Set(clients.map(({ state }) => state.level))).toEqual(new Set([0]));
});

test('a load just at the edge doesn’t make it swing: ever fewer tries, not one a second', () => {
  for (const bytes of [1001, 1050, 1100, 1200]) {
    const node = createTokenBucket(100_000, 20_000, 0);
    const clients = createClients(5, node);
    serve(clients, 0, 600, () => Math.min(1000, bytes) + (bytes - 1000));
    for (const { levels } of clients) expect([bytes, levels.length < 25]).toEqual([bytes, true]);
  }
});

test('no decision before its time, and none without buckets being asked', () => {
  const { budget, state } = createClients(1)[0]!;
  budget.own.bytes = 0;
  for (let nowMs = 0; nowMs < 2 * PERIOD_MS; nowMs += 10) {
    mayWriteMessage(budget);
    updateDegradation(state, budget.own, undefined, nowMs);
  }
  expect(state.level).toBe(0);
  mayWriteMessage(budget);
  updateDegradation(state, budget.own, undefined, 2 * PERIOD_MS);
  expect(state.level).toBe(1);
});

test('through the channels, over a bad line: snapshots make room, events stay quick, the line carries what it may', () => {
  const SEED = 31;
  const random = createRandom(SEED);
  const { server, client } = createEnds(DOWN, FAST_UP);
  const line = { kind: 'datagrams', latencyMs: 40, jitterMs: 20, loss: 0.05 } as const;
  const down = createLine(random, line);
  const up = createLine(random, line);
  const state = createDegradation(0);
  let levels = '0';
  const ages: number[] = [];
  let snapshots = 0;
  const SECONDS = 60;
  for (let tick = 0; tick < SECONDS * TICK_HZ; tick++) {
    const nowMs = tick * TICK_MS;
    updateDegradation(state, server.budget.own, undefined, nowMs);
    if (levels.at(-1) !== String(state.level)) levels += state.level;
    // Six events of 600 bytes a second beside snapshots that alone would take all.
    if (tick % 10 === 0) queue(server, messageOf(tick, 600));
    const isDue = tick % snapshotPlan(state).intervalTicks === 0;
    for (let first = true; first || isPacketDue(server, nowMs); first = false) {
      const packet = packetOf(server, nowMs, () => {
        if (first && isDue && messageRoom(server) > 0) writeMessage(server, SEQUENCED, SNAPSHOT, 0, SNAPSHOT.length);
      });
      if (packet !== undefined) down.send(nowMs, packet);
    }
    down.deliver(nowMs, (packet) => {
      for (const { kind, bytes } of take(client, packet, nowMs).messages) {
        if (kind === RELIABLE) ages.push(nowMs - (bytes[0]! | (bytes[1]! << 8)) * TICK_MS);
        else snapshots++;
      }
    });
    const answer = packetOf(client, nowMs);
    if (answer !== undefined) up.send(nowMs, answer);
    up.deliver(nowMs, (packet) => take(server, packet, nowMs));
  }
  const sorted = ages.toSorted((a, b) => a - b);
  expect([SEED, levels]).toEqual([SEED, '01']);
  expect(ages.length).toBeGreaterThan(6 * SECONDS - 10);
  expect(sorted[Math.floor(0.9 * sorted.length)]).toBeLessThan(200);
  expect(sorted.at(-1)).toBeLessThan(1000);
  expect(snapshots).toBeGreaterThan(SECONDS * 10 * 0.9);
  expect(server.stats.bytesOut / SECONDS).toBeLessThan(20_000);
});
