// The bandwidth of a node, through real tokens, netcode and channels: who gets how much when it does not last for all.

import { expect, test } from 'vitest';
import { createNodeShare, type NodeShare } from '../../src/transport/channels/node-share.ts';
import type { WireObject } from '../../src/wire/codec.ts';
import { createStage, enter, START_MS, type Stage, say, step, type TestClient } from './datagram-stage.ts';

const CLIENTS = 12;
/** As IPv4 and UDP have them. */
const HEADER_BYTES = 28;

function createShare(bytesPerSecond: number, edge = 0, clients = new SharedArrayBuffer(8)): NodeShare {
  return createNodeShare(bytesPerSecond, clients, edge, START_MS);
}

function enterAll(stage: Stage, count = CLIENTS): TestClient[] {
  return Array.from({ length: count }, (_, index) => enter(stage, index + 1));
}

interface Seen {
  /** Snapshots a second, of each client. */
  readonly rates: readonly number[];
  /** On the line, headers included. */
  readonly bytesPerSecond: number;
  /** Ticks from a request to its answer, of all. */
  readonly waits: readonly number[];
}

/** Plays on; each client asks for something twice a second. */
function play(stage: Stage, clients: readonly TestClient[], seconds: number): Seen {
  const snapshots = clients.map(({ snapshotTicks }) => snapshotTicks.length);
  const answers = clients.map(({ got }) => answersIn(got));
  const waits: number[] = [];
  const { counts } = stage.datagrams.server;
  const bytesBefore = counts[3]! + counts[2]! * HEADER_BYTES;
  for (let half = 0; half < 2 * seconds; half++) {
    for (let tick = 0; tick < 30; tick++) {
      for (const [index, client] of clients.entries()) {
        if (index % 30 === tick) say(stage, client, { request: { id: half + 1, nothing: {} } });
      }
      step(stage);
      for (const [index, client] of clients.entries()) {
        for (const count = answersIn(client.got); answers[index]! < count; answers[index]!++)
          waits.push(tick - (index % 30));
      }
    }
  }
  return {
    rates: clients.map(({ snapshotTicks }, index) => (snapshotTicks.length - snapshots[index]!) / seconds),
    bytesPerSecond: (counts[3]! + counts[2]! * HEADER_BYTES - bytesBefore) / seconds,
    waits,
  };
}

const answersIn = (got: readonly WireObject[]): number => got.flatMap(({ responses }) => responses as unknown[]).length;

test('half of what all need: fewer snapshots for each alike, every answer as soon as ever, and no more than that on the line', () => {
  const free = createStage();
  const wanted = play(free, enterAll(free), 10);
  expect(Math.min(...wanted.rates)).toBe(20);
  const limit = wanted.bytesPerSecond / 2;
  const stage = createStage(createShare(limit));
  const clients = enterAll(stage);
  play(stage, clients, 10);
  const { rates, bytesPerSecond, waits } = play(stage, clients, 40);
  expect(bytesPerSecond).toBeLessThan(limit * 1.01);
  expect(bytesPerSecond).toBeGreaterThan(limit * 0.5);
  expect(Math.min(...rates)).toBeGreaterThanOrEqual(5);
  expect(Math.max(...rates) / Math.min(...rates)).toBeLessThan(1.1);
  expect(waits).toHaveLength(CLIENTS * 80);
  expect(Math.max(...waits)).toBeLessThanOrEqual(Math.max(...wanted.waits) + 1);
});

test('far too little even for the fewest and smallest snapshots: everybody gets some', () => {
  const stage = createStage(createShare(24_000));
  const clients = enterAll(stage, 2 * CLIENTS);
  play(stage, clients, 10);
  const { rates, bytesPerSecond } = play(stage, clients, 40);
  expect(Math.max(...rates)).toBeLessThan(5);
  expect(Math.min(...rates)).toBeGreaterThan(0.2);
  // Served in the same ticks, and so from the same bytes.
  for (let client = 0; client < CLIENTS; client++) {
    expect(Math.abs(rates[client]! - rates[client + CLIENTS]!)).toBeLessThan(0.8);
  }
  expect(bytesPerSecond).toBeLessThan(24_000 * 1.01);
});

test('a crowd in one zone lowers nothing in another zone of the node', () => {
  const shared = new SharedArrayBuffer(8);
  const limit = 30_000;
  const crowd = createStage(createShare(limit, 0, shared));
  const few = createStage(createShare(limit, 1, shared));
  const crowdClients = enterAll(crowd);
  const fewClients = [enter(few, 100), enter(few, 101)];
  for (let second = 0; second < 10; second++) for (const stage of [crowd, few]) step(stage, 60);
  const node = crowd.datagrams.node!;
  expect(node.bucket.bytesPerSecond).toBeCloseTo((limit * CLIENTS) / (CLIENTS + 2));
  expect(few.datagrams.node!.bucket.bytesPerSecond).toBeCloseTo((limit * 2) / (CLIENTS + 2));
  expect(play(crowd, crowdClients, 4).rates.every((rate) => rate < 20)).toBe(true);
  expect(play(few, fewClients, 4).rates).toEqual([20, 20]);
});

test('what goes to strangers is on the line too, and is charged', () => {
  const stage = createStage(createShare(1_000_000));
  enter(stage, 1);
  const { counts } = stage.datagrams.server;
  const { datagrams } = stage;
  step(stage);
  expect([datagrams.chargedPackets, datagrams.chargedBytes]).toEqual([counts[2], counts[3]]);
});
