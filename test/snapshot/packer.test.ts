import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { createCounters } from '../../src/base/counters.ts';
import { FRAME_LAG_TICKS_MAX, SNAPSHOT_INTERVAL_TICKS, TICK_HZ, VISIBLE_MAX } from '../../src/base/limits.ts';
import { createRandom } from '../../src/base/random.ts';
import { createRows } from '../../src/sim/columns.ts';
import { buildGrid, createGrid } from '../../src/sim/grid.ts';
import { createHistory, historyBytes, publishFrame, resetHistory } from '../../src/sim/history.ts';
import { advanceTick, despawnEntity, spawnEntity } from '../../src/sim/world.ts';
import { createEntityEncoder, resetEntityEncoder } from '../../src/snapshot/entity-encoder.ts';
import { CROWD_ENTERED, createInterest } from '../../src/snapshot/interest.ts';
import { createPacker, packSnapshot } from '../../src/snapshot/packer.ts';
import { applySnapshot } from '../../src/snapshot/replicas.ts';
import { acknowledge, ENTRY_WORDS, PRIORITY, voidBaselines } from '../../src/snapshot/viewer.ts';
import { DECODED, decodeMessage, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { normalise } from '../wire/arbitrary.ts';
import { deltasOf, readModel } from '../wire/changes-model.ts';
import { PROBE_ROWS, PROBE_SCHEMA } from '../wire/probe-schema.ts';
import { createReference } from '../wire/reference.ts';
import {
  createLossyClient,
  isTrue,
  type Line,
  type LossyClient,
  readerOf,
  runClient,
  serveClient,
} from './lossy-client.ts';
import { createRandomZone, liveTick, type RandomZone, restTick, spawnRandom } from './random-zone.ts';
import { createLoneViewer, entriesOf } from './viewer-entries.ts';

const { serverMessage } = createMessages(PROBE_SCHEMA);
const reference = createReference(PROBE_SCHEMA);

const line: fc.Arbitrary<Line> = fc.record({
  loss: fc.constantFrom(0, 13, 80, 180),
  delayTicksMax: fc.constantFrom(0, 3, 20, 70),
  pauseTicksMax: fc.constantFrom(0, 60, 300),
});
const scene = fc.record({
  seed: fc.integer(),
  lines: fc.array(line, { minLength: 1, maxLength: 3 }),
  intervalTicks: fc.integer({ min: 1, max: 6 }),
  capacity: fc.constantFrom(13, 40, 90),
  budgetBytes: fc.constantFrom(120, 300, 700, 3000),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function createScene({ seed, lines, intervalTicks, capacity }: Scene): { zone: RandomZone; clients: LossyClient[] } {
  const entities = Math.floor(capacity * 0.7) - lines.length;
  const zone = createRandomZone({ seed, capacity, players: lines.length, entities, radiusMm: 4000, halfMm: 6000 });
  const clients = lines.map((one, index) =>
    createLossyClient(zone, zone.players[index]!, one, intervalTicks, createRandom(seed + index + 1)),
  );
  return { zone, clients };
}

function runTick(zone: RandomZone, clients: readonly LossyClient[], tick: number, budgetBytes: number): void {
  buildGrid(zone.grid, zone.history, tick);
  for (const client of clients) serveClient(zone, client, tick, budgetBytes);
  for (const client of clients) runClient(client, tick);
}

function isUpToDate({ truth, replicas }: LossyClient): boolean {
  if (truth === undefined || replicas.omitted > 0) return false;
  return [...truth].every(([slot, one]) => isTrue(replicas, slot, one)) && truth.size === replicas.bySlot.size;
}

/** What is left to do when the world has gone quiet: let every line heal, then at most one entity a snapshot. */
function settle(zone: RandomZone, clients: readonly LossyClient[], budgetBytes: number): void {
  const healed = clients.map((client) => ({ ...client, line: { loss: 0, delayTicksMax: 5, pauseTicksMax: 0 } }));
  const ticks = 400 + zone.world.capacity * 2 * healed[0]!.intervalTicks;
  for (let count = 0; count < ticks; count++) runTick(zone, healed, restTick(zone), budgetBytes);
  for (const client of healed) expect(isUpToDate(client), `client of slot ${client.slot}`).toBe(true);
}

test('whatever is lost, late or out of order: each client’s world is the one it sees', () => {
  let complete = 0;
  fc.assert(
    fc.property(scene, (one) => {
      const { zone, clients } = createScene(one);
      for (let count = 0; count < 500; count++) runTick(zone, clients, liveTick(zone), one.budgetBytes);
      settle(zone, clients, Math.max(one.budgetBytes, 400));
      for (const client of clients) complete += client.complete;
    }),
    { numRuns: 14 },
  );
  expect(complete).toBeGreaterThan(0);
});

test('the bytes are protobuf: protobufjs and our codec read the same', () => {
  let told = 0;
  fc.assert(
    fc.property(scene, (one) => {
      const { zone, clients } = createScene(one);
      for (let count = 0; count < 150; count++) {
        runTick(zone, clients, liveTick(zone), one.budgetBytes);
        const bytes = clients[0]!.newestSent?.bytes;
        if (bytes === undefined || count % 10 > 0) continue;
        const { code, value } = decodeMessage(new Reader(bytes), serverMessage, 'reject');
        expect(code).toBe(DECODED);
        expect(normalise(serverMessage, value)).toEqual(reference.decode(serverMessage, bytes));
        const { deltas, entities, changes } = value.snapshot as Record<string, WireObject[]>;
        // Others are in `changes` alone, the own entity never is.
        expect(deltas!.map(({ slot }) => slot)).toEqual(deltas!.map(() => clients[0]!.slot));
        if (changes!.length === 0) continue;
        const { records } = readModel(changes as unknown as Uint8Array, PROBE_ROWS);
        told += records.length;
        const slots = [...records, ...deltas!, ...entities!].map(({ slot }) => slot);
        expect(new Set(slots).size).toBe(slots.length);
      }
    }),
    { numRuns: 6 },
  );
  expect(told).toBeGreaterThan(100);
});

const hostile = fc.oneof(
  fc.constant(() => -1),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }).map((tick) => () => tick),
  fc.integer({ min: 1, max: 400 }).map((age) => (now: number) => now - age),
  fc.integer({ min: 1, max: 400 }).map((lead) => (now: number) => now + lead),
);

test('acknowledging what was never sent, or is long past, harms nobody, least of all the one who does it', () => {
  fc.assert(
    fc.property(scene, fc.array(hostile, { minLength: 1, maxLength: 20 }), (one, acks) => {
      const { zone, clients } = createScene(one);
      for (let count = 0; count < 300; count++) {
        const tick = liveTick(zone);
        for (const { viewer } of clients) {
          const ack = acks[count % acks.length]!(tick);
          // What was sent and then lost could be acknowledged by a liar only; that is the next test.
          if (!viewer.sent.includes(ack)) acknowledge(viewer, ack);
        }
        runTick(zone, clients, tick, one.budgetBytes);
      }
      settle(zone, clients, Math.max(one.budgetBytes, 400));
    }),
    { numRuns: 6 },
  );
});

test('a client that lies about what it got is right again once it stops', () => {
  const zone = createRandomZone({ seed: 3, capacity: 40, players: 2, entities: 30, radiusMm: 4000, halfMm: 5000 });
  const liar = createLossyClient(zone, 0, { loss: 0, delayTicksMax: 0, pauseTicksMax: 0 }, 3, createRandom(1));
  for (let count = 0; count < 300; count++) {
    const tick = liveTick(zone);
    buildGrid(zone.grid, zone.history, tick);
    packSnapshot(zone.packer, liar.viewer, tick, 700);
    acknowledge(liar.viewer, tick);
  }
  let isRight = false;
  for (let count = 0; count < 200 && !isRight; count++) {
    const tick = liveTick(zone);
    buildGrid(zone.grid, zone.history, tick);
    packSnapshot(zone.packer, liar.viewer, tick, 3000);
    const code = applySnapshot(liar.replicas, readerOf(zone.packer.bytes.slice(zone.packer.start, zone.packer.end)));
    isRight = code === DECODED && liar.replicas.omitted === 0;
    if (code === DECODED) acknowledge(liar.viewer, tick);
  }
  expect(isRight).toBe(true);
});

test('700 entities in sight: the nearest are sent, within the budget, the rest when those have left', () => {
  const zone = createRandomZone({ seed: 5, capacity: 701, players: 1, entities: 700, radiusMm: 20_000, halfMm: 100 });
  const viewer = createLoneViewer(701, 0, 1);
  const client = createLossyClient(zone, 0, { loss: 0, delayTicksMax: 0, pauseTicksMax: 0 }, 1, createRandom(1));
  const apply = (tick: number): void => {
    buildGrid(zone.grid, zone.history, tick);
    expect(packSnapshot(zone.packer, viewer, tick, 1000)).toBe(true);
    const { bytes, start, end } = zone.packer;
    expect(end - start).toBeLessThanOrEqual(1003);
    expect(applySnapshot(client.replicas, readerOf(bytes.slice(start, end)))).toBe(DECODED);
    acknowledge(viewer, tick);
  };
  for (let count = 0; count < 60; count++) apply(restTick(zone));
  expect(client.replicas.bySlot.size).toBeGreaterThan(CROWD_ENTERED - 5);
  expect(client.replicas.bySlot.size).toBeLessThanOrEqual(VISIBLE_MAX);
  const first = [...client.replicas.bySlot.keys()].filter((slot) => slot > 0).slice(0, 300);
  for (const slot of first) despawnEntity(zone.world, slot);
  for (let count = 0; count < 60; count++) apply(restTick(zone));
  expect(client.replicas.bySlot.size).toBe(401);
  for (const slot of first) expect(client.replicas.bySlot.has(slot)).toBe(false);
});

test('in a crowd of 500 everybody is said at least once a second, the nearest more often, with room for 80', () => {
  const zone = createRandomZone({
    seed: 8,
    capacity: 500,
    players: 1,
    entities: 499,
    radiusMm: 36_000,
    halfMm: 25_000,
  });
  const { world, packer, grid, history } = zone;
  world.columns.positionX[0] = 0;
  world.columns.positionZ[0] = 0;
  const viewer = createLoneViewer(500, 0, 1);
  const saidTicks = new Int32Array(500);
  const times = new Int32Array(500);
  let oldest = 0;
  let said = 0;
  for (let round = 0; round < 200; round++) {
    let tick = 0;
    for (let count = 0; count < SNAPSHOT_INTERVAL_TICKS; count++) {
      world.columns.level.fill(round & 0xff, 1, 500);
      tick = advanceTick(world);
      publishFrame(history, world);
    }
    buildGrid(grid, history, tick);
    // 27 bits each: the level alone, where nobody names a baseline of its own; beside the head and the own entity.
    expect(packSnapshot(packer, viewer, tick, (80 * 27) / 8 + 50)).toBe(true);
    acknowledge(viewer, tick);
    const waiting = entriesOf(viewer).filter(({ slot }) => slot > 0);
    const isWarm = round >= 60;
    if (isWarm) expect(waiting).toHaveLength(499);
    for (const { index, slot } of waiting) {
      if (viewer.entries[index * ENTRY_WORDS + PRIORITY] !== 0) continue;
      if (isWarm) oldest = Math.max(oldest, tick - saidTicks[slot]!);
      if (isWarm) times[slot]!++;
      saidTicks[slot] = tick;
      said += Number(isWarm);
    }
  }
  expect(said / 140).toBeGreaterThan(60);
  expect(said / 140).toBeLessThan(90);
  expect(oldest).toBeLessThanOrEqual(TICK_HZ);
  const ranks = [...saidTicks.keys()].slice(1).sort((a, b) => distanceOf(zone, a) - distanceOf(zone, b));
  const share = (slots: readonly number[]): number => slots.reduce((sum, slot) => sum + times[slot]!, 0) / slots.length;
  expect(share(ranks.slice(0, 50)) / share(ranks.slice(-50))).toBeGreaterThan(1.4);
});

function distanceOf({ grid }: RandomZone, slot: number): number {
  return (grid.lastX[slot]! - grid.lastX[0]!) ** 2 + (grid.lastZ[slot]! - grid.lastZ[0]!) ** 2;
}

test('a whole crowd that leaves at once takes half of a snapshot, until each of its leaves was acknowledged', () => {
  const zone = createRandomZone({
    seed: 9,
    capacity: 800,
    players: 1,
    entities: 799,
    radiusMm: 40_000,
    halfMm: 20_000,
  });
  const { world, packer, grid, history } = zone;
  const { positionX } = world.columns;
  // The last of them stand where the player goes.
  for (let slot = 550; slot < 800; slot++) positionX[slot] = positionX[slot]! + (500_000 << 7);
  const client = createLossyClient(zone, 0, { loss: 0, delayTicksMax: 0, pauseTicksMax: 0 }, 3, createRandom(1));
  const { replicas, viewer } = client;
  const unacknowledged: number[] = [];
  const serve = (): void => {
    const tick = advanceTick(world);
    world.columns.level.fill(tick & 0xff, 1, 800);
    publishFrame(history, world);
    buildGrid(grid, history, tick);
    expect(packSnapshot(packer, viewer, tick, 900)).toBe(true);
    const { bytes, start, end } = packer;
    expect(end - start).toBeLessThanOrEqual(906);
    expect(applySnapshot(replicas, readerOf(bytes.slice(start, end)))).toBe(DECODED);
    unacknowledged.push(tick);
    // A round trip of four snapshots.
    if (unacknowledged.length > 4) acknowledge(viewer, unacknowledged.shift()!);
  };
  for (let count = 0; count < 100; count++) serve();
  expect(replicas.bySlot.size).toBeGreaterThan(450);
  positionX[0] = positionX[0]! + (500_000 << 7);
  const isThere = (slot: number): boolean => slot >= 550;
  serve();
  expect([...replicas.bySlot.keys()].some(isThere)).toBe(true);
  for (let count = 0; count < 60; count++) serve();
  expect([...replicas.bySlot.keys()].sort((a, b) => a - b)).toEqual([
    0,
    ...Array.from({ length: 250 }, (_, at) => 550 + at),
  ]);
});

test('who appears is in the next snapshot, also where not all have room; who takes a slot is sent in place of who was there', () => {
  const zone = createRandomZone({ seed: 12, capacity: 90, players: 1, entities: 80, radiusMm: 20_000, halfMm: 3_000 });
  const { world, packer, grid, history } = zone;
  const { level } = world.columns;
  const viewer = createLoneViewer(90, 0, 1);
  const serve = (round: number): WireObject => {
    for (let slot = 1; slot < 90; slot++) level[slot] = round & 0xff;
    const tick = advanceTick(world);
    publishFrame(history, world);
    buildGrid(grid, history, tick);
    expect(packSnapshot(packer, viewer, tick, 160)).toBe(true);
    acknowledge(viewer, tick);
    const bytes = packer.bytes.slice(packer.start, packer.end);
    return decodeMessage(new Reader(bytes), serverMessage, 'reject').value!.snapshot as WireObject;
  };
  for (let round = 1; round < 200; round++) expect(serve(round).omitted).toBeGreaterThan(0);
  for (let round = 200; round < 300; round++) {
    if (round % 2 === 0) despawnEntity(world, 7);
    const slot = spawnEntity(world, 1);
    const { entities, omitted } = serve(round) as { entities: WireObject[]; omitted: number };
    expect(omitted).toBeGreaterThan(0);
    const sent = entities.find((entity) => entity.slot === slot);
    expect(sent, `round ${round}`).toMatchObject({ generation: world.columns.generation[slot] });
    if (round % 2 === 1) {
      despawnEntity(world, slot);
      serve(round);
    }
  }
});

test('the nearest go first, and everyone has a turn', () => {
  const zone = createRandomZone({ seed: 11, capacity: 61, players: 1, entities: 60, radiusMm: 20_000, halfMm: 10 });
  const { world, packer, grid, history } = zone;
  const { positionX, positionZ, level } = world.columns;
  positionX[0] = 0;
  positionZ[0] = 0;
  for (let slot = 1; slot <= 60; slot++) {
    positionX[slot] = (9000 + slot * 180) << 7;
    positionZ[slot] = 0;
  }
  const viewer = createLoneViewer(61, 0, 1);
  const last = new Int32Array(61);
  const times = new Int32Array(61);
  const gaps = new Int32Array(61);
  let fewest = 60;
  for (let round = 1; round <= 600; round++) {
    for (let slot = 1; slot <= 60; slot++) level[slot] = round & 0xff;
    const tick = advanceTick(world);
    publishFrame(history, world);
    buildGrid(grid, history, tick);
    expect(packSnapshot(packer, viewer, tick, 110)).toBe(true);
    const bytes = packer.bytes.slice(packer.start, packer.end);
    const { snapshot } = decodeMessage(new Reader(bytes), serverMessage, 'reject').value as { snapshot: WireObject };
    const slots = [...deltasOf(snapshot.changes as Uint8Array, PROBE_ROWS), ...(snapshot.entities as WireObject[])]
      .map(({ slot }) => slot as number)
      .filter((slot) => slot > 0);
    expect(slots.length + (snapshot.omitted as number)).toBe(60);
    if (round === 1) {
      // All wait for the first time: those that were sent are the nearest, the own entity apart.
      expect(slots).toEqual(slots.map((_, index) => index + 1));
    }
    fewest = Math.min(fewest, slots.length);
    for (const slot of slots) {
      gaps[slot] = Math.max(gaps[slot]!, round - last[slot]!);
      last[slot] = round;
      times[slot]!++;
    }
    acknowledge(viewer, tick);
  }
  expect(fewest).toBeGreaterThan(0);
  // The farthest gains 1 a round, the nearest 17: what has waited R rounds is passed by another only once in R / 17.
  const roundsMax = 17 * Math.ceil(60 / fewest + 2);
  for (let slot = 1; slot <= 60; slot++)
    expect(Math.max(gaps[slot]!, 600 - last[slot]!)).toBeLessThanOrEqual(roundsMax);
  const sum = (from: number): number => times.subarray(from, from + 20).reduce((a, b) => a + b, 0);
  expect(sum(1)).toBeGreaterThan(sum(21));
  expect(sum(21)).toBeGreaterThan(sum(41));
});

test('a zone that was resumed: ticks come again with another content, and the client is right all the same', () => {
  fc.assert(
    fc.property(scene, fc.integer({ min: 0, max: 40 }), (one, back) => {
      const { zone, clients } = createScene(one);
      for (let count = 0; count < 200; count++) runTick(zone, clients, liveTick(zone), one.budgetBytes);
      resetHistory(zone.history, 2);
      resetEntityEncoder(zone.encoder);
      zone.world.words[0] = zone.world.words[0]! - back;
      const resumed = clients.map((client) => {
        voidBaselines(client.viewer);
        client.down.length = 0;
        return { ...client, lookedTick: -1, line: { loss: 60, delayTicksMax: 8, pauseTicksMax: 0 } };
      });
      for (let count = 0; count < 200; count++) runTick(zone, resumed, liveTick(zone), one.budgetBytes);
      settle(zone, resumed, Math.max(one.budgetBytes, 400));
    }),
    { numRuns: 6 },
  );
});

test('a frame that the zone overwrites meanwhile is not sent, and acknowledging it says nothing', () => {
  const zone = createRandomZone({ seed: 2, capacity: 10, players: 1, entities: 5, radiusMm: 4000, halfMm: 500 });
  const viewer = createLoneViewer(10, 0, 1);
  const tick = restTick(zone);
  buildGrid(zone.grid, zone.history, tick);
  for (let count = 0; count <= FRAME_LAG_TICKS_MAX; count++) restTick(zone);
  expect(packSnapshot(zone.packer, viewer, tick, 1000)).toBe(false);
  acknowledge(viewer, tick);
  expect(viewer.ackedTick).toBe(-1);
});

test('what was encoded for one is found for the next who sees it, and counted: states and changes', () => {
  const zone = createRandomZone({ seed: 4, capacity: 12, players: 2, entities: 8, radiusMm: 20_000, halfMm: 500 });
  const [first, second] = zone.players.map((own) => createLoneViewer(12, own, 1));
  const { words, index } = zone.packer.counters;
  const serve = (viewer: ReturnType<typeof createLoneViewer>, tick: number) => {
    const before = [words[index.cacheMisses]!, words[index.cacheHits]!] as const;
    expect(packSnapshot(zone.packer, viewer, tick, 3000)).toBe(true);
    acknowledge(viewer, tick);
    return { misses: words[index.cacheMisses]! - before[0], hits: words[index.cacheHits]! - before[1] };
  };
  for (let round = 0; round < 2; round++) {
    for (let slot = 0; slot < 10; slot++) zone.world.columns.positionX[slot] = (round * 100 + slot) << 7;
    const tick = restTick(zone);
    buildGrid(zone.grid, zone.history, tick);
    // The own one is encoded for its owner alone.
    expect(serve(first!, tick)).toEqual({ misses: 9, hits: 0 });
    expect(serve(second!, tick)).toEqual({ misses: 1, hits: 8 });
  }
});

test('columns of the owner are in the owner’s snapshots and in nobody else’s', () => {
  const zone = createRandomZone({ seed: 4, capacity: 12, players: 2, entities: 8, radiusMm: 20_000, halfMm: 500 });
  for (let slot = 0; slot < 10; slot++) {
    zone.world.columns.secret[slot] = 77_000 + slot;
    zone.world.columns.mood[slot] = -5;
  }
  const tick = restTick(zone);
  buildGrid(zone.grid, zone.history, tick);
  for (const own of zone.players) {
    packSnapshot(zone.packer, createLoneViewer(12, own, 1), tick, 3000);
    const bytes = zone.packer.bytes.slice(zone.packer.start, zone.packer.end);
    const { snapshot } = reference.decode(serverMessage, bytes) as { snapshot: { entities: WireObject[] } };
    expect(snapshot.entities).toHaveLength(10);
    for (const entity of snapshot.entities) {
      const { slot = 0, secret, mood, positionXFine } = entity;
      if (slot === own) expect([secret, mood]).toEqual([77_000 + own, -5]);
      else expect([secret, mood, positionXFine]).toEqual([undefined, undefined, undefined]);
    }
  }
});

test('a game whose entities would never fit a snapshot is told so in a sentence at the start', () => {
  const rowsOf = (count: number, seenBy: 'everyone' | 'owner') =>
    createRows(
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `extra${index}`,
          { field: 16 + index, type: 'i32', seenBy } as const,
        ]),
      ),
    );
  const create = (count: number, seenBy: 'everyone' | 'owner') => {
    const rows = [...PROBE_ROWS, ...rowsOf(count, seenBy)];
    const history = createHistory(rows, 4, new SharedArrayBuffer(historyBytes(rows, 4)));
    const encoder = createEntityEncoder(history, new Uint8Array(4 * 25), 25);
    return createPacker(encoder, createInterest(createGrid(history, 1100), 1000, undefined), createCounters('edge'));
  };
  expect(() => create(40, 'everyone')).not.toThrow();
  expect(() => create(80, 'everyone')).toThrow(
    /columns of this game that everyone sees take up to \d+ bytes .* \(seenBy\)/,
  );
  expect(() => create(80, 'owner')).not.toThrow();
});

test('who is gone is listed as left, and who appears is there, in the very next snapshot, also between two looks', () => {
  const zone = createRandomZone({ seed: 6, capacity: 9, players: 1, entities: 8, radiusMm: 20_000, halfMm: 500 });
  const viewer = createLoneViewer(9, 0, 1);
  const leavesAt = (ticks: number): unknown => {
    let tick = 0;
    for (let count = 0; count < ticks; count++) tick = restTick(zone);
    buildGrid(zone.grid, zone.history, tick);
    expect(packSnapshot(zone.packer, viewer, tick, 1000)).toBe(true);
    acknowledge(viewer, tick);
    const bytes = zone.packer.bytes.slice(zone.packer.start, zone.packer.end);
    const { snapshot } = decodeMessage(new Reader(bytes), serverMessage, 'reject').value as { snapshot: WireObject };
    return {
      leaves: snapshot.leaves,
      entered: (snapshot.entities as WireObject[]).map(({ slot }) => slot as number).sort(),
    };
  };
  expect(leavesAt(3)).toEqual({ leaves: [], entered: [0, 1, 2, 3, 4, 5, 6, 7, 8] });
  despawnEntity(zone.world, 5);
  expect(leavesAt(3)).toEqual({ leaves: [5], entered: [] });
  expect(leavesAt(3)).toEqual({ leaves: [], entered: [] });
  expect(spawnRandom(zone, 9)).toBe(5);
  expect(leavesAt(3)).toEqual({ leaves: [], entered: [5] });
  // Another one in the slot takes the place of the old one.
  despawnEntity(zone.world, 5);
  expect(spawnRandom(zone, 9)).toBe(5);
  expect(leavesAt(3)).toEqual({ leaves: [], entered: [5] });
});
