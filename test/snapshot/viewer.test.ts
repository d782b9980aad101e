import { expect, test } from 'vitest';
import { buildGrid } from '../../src/sim/grid.ts';
import { despawnEntity } from '../../src/sim/world.ts';
import { updateInterest } from '../../src/snapshot/interest.ts';
import {
  ACK_KNOWN,
  ACK_NEW,
  ACK_UNKNOWN,
  acknowledge,
  beginSent,
  GONE,
  isOwnAlive,
  isSeen,
  LEAVING,
  noteSent,
  SEEN,
  type Viewer,
  voidBaselines,
} from '../../src/snapshot/viewer.ts';
import { createRandomZone, type RandomZone, restTick, spawnRandom } from './random-zone.ts';
import { createLoneViewer, entriesOf, entryOf } from './viewer-entries.ts';

const RADIUS_MM = 4000;

/** A viewer in slot 0 at the origin and entities far away, which a test puts where it wants them. */
function createScene(entities: number): { zone: RandomZone; viewer: Viewer } {
  const capacity = entities + 1;
  const zone = createRandomZone({ seed: 1, capacity, players: 1, entities, radiusMm: RADIUS_MM, halfMm: 10 });
  zone.world.columns.positionX.fill(1_000_000_000);
  zone.world.columns.positionX[0] = 0;
  zone.world.columns.positionZ.fill(0);
  return { zone, viewer: createLoneViewer(capacity, 0, 1) };
}

function place({ world }: RandomZone, slot: number, mm: number): void {
  world.columns.positionX[slot] = mm << 7;
}

/** One tick; a snapshot that carries all that is seen and all leaves. */
function send(zone: RandomZone, viewer: Viewer): number {
  const tick = restTick(zone);
  buildGrid(zone.grid, zone.history, tick);
  updateInterest(viewer, zone.packer.interest, tick);
  beginSent(viewer, tick);
  for (const { index } of entriesOf(viewer)) noteSent(viewer, tick, index);
  return tick;
}

function stateOf(viewer: Viewer, slot: number): number {
  const state = entryOf(viewer, slot)?.state ?? GONE;
  expect(isSeen(viewer, slot)).toBe(state === SEEN);
  return state;
}

function ackedOf(viewer: Viewer, slot: number): number {
  return entryOf(viewer, slot)!.acked;
}

test('enters within the radius, stays within a tenth more, leaves beyond, is gone once the leave is acknowledged', () => {
  const { zone, viewer } = createScene(1);
  for (const [mm, state] of [
    [4001, 0],
    [4000, SEEN],
    [4400, SEEN],
    [4401, LEAVING],
    [4400, LEAVING],
    [-4000, SEEN],
    [-4401, LEAVING],
  ] as const) {
    place(zone, 1, mm);
    send(zone, viewer);
    expect([mm, stateOf(viewer, 1)]).toEqual([mm, state]);
  }
  const tick = send(zone, viewer);
  expect(acknowledge(viewer, tick)).toBe(ACK_NEW);
  expect(stateOf(viewer, 1)).toBe(0);
  expect(viewer.count).toBe(1);
});

test('another entity in the same slot has to come within the radius itself', () => {
  const { zone, viewer } = createScene(1);
  place(zone, 1, 4000);
  send(zone, viewer);
  despawnEntity(zone.world, 1);
  spawnRandom(zone, 5);
  zone.world.columns.positionZ[1] = 0;
  place(zone, 1, 4200);
  send(zone, viewer);
  expect(stateOf(viewer, 1)).toBe(LEAVING);
  place(zone, 1, 3900);
  send(zone, viewer);
  expect(stateOf(viewer, 1)).toBe(SEEN);
});

test('leaves and comes back while acknowledgements are on their way', () => {
  const { zone, viewer } = createScene(1);
  place(zone, 1, 1000);
  const seen = send(zone, viewer);
  place(zone, 1, 9000);
  const left = send(zone, viewer);
  place(zone, 1, 1000);
  const back = send(zone, viewer);
  acknowledge(viewer, seen);
  // The client may have applied the leave since, and with it forgotten what `seen` told it.
  expect(ackedOf(viewer, 1)).toBe(-1);
  place(zone, 1, 9000);
  const leftAgain = send(zone, viewer);
  acknowledge(viewer, left);
  // It may have applied `back` since: the second leave must be said until it is acknowledged itself.
  expect(stateOf(viewer, 1)).toBe(LEAVING);
  acknowledge(viewer, back);
  expect(stateOf(viewer, 1)).toBe(LEAVING);
  acknowledge(viewer, leftAgain);
  expect(stateOf(viewer, 1)).toBe(0);
});

test('only what was sent and is remembered can be acknowledged, and never backwards', () => {
  const { zone, viewer } = createScene(1);
  place(zone, 1, 1000);
  const first = send(zone, viewer);
  const second = send(zone, viewer);
  restTick(zone);
  const last = send(zone, viewer);
  for (const tick of [-1, 0, second + 1, last + 1, last + 128, first - 128, -0x8000_0000, 0x7fff_ffff, 1e15, 0.5]) {
    expect(acknowledge(viewer, tick)).toBe(ACK_UNKNOWN);
  }
  expect(viewer.ackedTick).toBe(-1);
  expect(acknowledge(viewer, second)).toBe(ACK_NEW);
  expect(acknowledge(viewer, second)).toBe(ACK_KNOWN);
  expect(acknowledge(viewer, first)).toBe(ACK_KNOWN);
  expect([viewer.ackedTick, ackedOf(viewer, 1)]).toEqual([second, second]);
  for (let count = 0; count < 128; count++) send(zone, viewer);
  expect(acknowledge(viewer, last)).toBe(ACK_UNKNOWN);
});

test('books are bounded: what a long unacknowledged past held is forgotten, oldest first', () => {
  const { zone, viewer } = createScene(200);
  for (let slot = 1; slot <= 200; slot++) place(zone, slot, slot);
  const ticks = Array.from({ length: 60 }, () => send(zone, viewer));
  expect(acknowledge(viewer, ticks[0]!)).toBe(ACK_UNKNOWN);
  expect(viewer.records).toHaveLength(8192);
  expect(acknowledge(viewer, ticks.at(-1)!)).toBe(ACK_NEW);
  for (let slot = 0; slot <= 200; slot++) expect(ackedOf(viewer, slot)).toBe(ticks.at(-1));
});

test('acknowledgements go on where the count of records sent goes beyond 2³¹, and beyond 2³²', () => {
  for (const top of [2 ** 31 - 300, -2, 2 ** 31 - 1]) {
    const { zone, viewer } = createScene(150);
    for (let slot = 1; slot <= 150; slot++) place(zone, slot, slot);
    viewer.recordTop = top;
    for (let count = 0; count < 30; count++) {
      const tick = send(zone, viewer);
      if (count > 0) expect(acknowledge(viewer, tick - 1)).toBe(ACK_NEW);
      if (count > 0) for (let slot = 0; slot <= 150; slot++) expect(ackedOf(viewer, slot)).toBe(tick - 1);
    }
    expect(acknowledge(viewer, viewer.frameTick - 100)).toBe(ACK_UNKNOWN);
    // Older than what the ring of records holds: forgotten, also across the turn.
    const old = send(zone, viewer);
    for (let count = 0; count < 90; count++) send(zone, viewer);
    expect(acknowledge(viewer, old)).toBe(ACK_UNKNOWN);
  }
});

test('voided baselines: nothing sent before counts any more, not even where its tick comes again', () => {
  const { zone, viewer } = createScene(1);
  place(zone, 1, 1000);
  const before = send(zone, viewer);
  acknowledge(viewer, before);
  const unacknowledged = send(zone, viewer);
  voidBaselines(viewer);
  expect([viewer.ackedTick, ackedOf(viewer, 0), ackedOf(viewer, 1)]).toEqual([-1, -1, -1]);
  zone.world.words[0] = zone.world.words[0]! - 2;
  expect(send(zone, viewer)).toBe(before);
  expect(acknowledge(viewer, before)).toBe(ACK_UNKNOWN);
  expect(send(zone, viewer)).toBe(unacknowledged);
  expect(acknowledge(viewer, unacknowledged)).toBe(ACK_UNKNOWN);
  const next = send(zone, viewer);
  expect(acknowledge(viewer, next)).toBe(ACK_NEW);
});

test('the own entity is dead when its slot is empty, also where the ring still holds its old record', () => {
  const { zone } = createScene(3);
  const viewer = createLoneViewer(4, 3, 1);
  for (let count = 0; count < 130; count++) expect(isOwnAlive(viewer, zone.history, restTick(zone))).toBe(true);
  despawnEntity(zone.world, 3);
  for (let count = 0; count < 130; count++) expect(isOwnAlive(viewer, zone.history, restTick(zone))).toBe(false);
});

test('another entity in the own slot is not the own one', () => {
  const { zone } = createScene(3);
  const viewer = createLoneViewer(4, 3, 1);
  despawnEntity(zone.world, 3);
  expect(spawnRandom(zone, 5)).toBe(3);
  for (let count = 0; count < 3; count++) expect(isOwnAlive(viewer, zone.history, restTick(zone))).toBe(false);
  expect(isOwnAlive(createLoneViewer(4, 3, 2), zone.history, restTick(zone))).toBe(true);
});
