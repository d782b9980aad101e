import { expect, test } from 'vitest';
import { LOOK_INTERVAL_TICKS, VISIBLE_MAX } from '../../src/base/limits.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { ARRIVALS, buildGrid } from '../../src/sim/grid.ts';
import { frameOffset } from '../../src/sim/history.ts';
import { despawnEntity, spawnEntity, worldTick } from '../../src/sim/world.ts';
import {
  CROWD_ENTERED,
  CROWD_KEPT,
  createInterest,
  limitSight,
  RANK_SLACK,
  refreshInterest,
  updateInterest,
} from '../../src/snapshot/interest.ts';
import { createSight, type Sight } from '../../src/snapshot/sight.ts';
import { acknowledge, beginSent, findEntry, isSeen, noteSent, SEEN, type Viewer } from '../../src/snapshot/viewer.ts';
import { createRandomZone, type RandomZone, restTick } from './random-zone.ts';
import { createLoneViewer, entriesOf } from './viewer-entries.ts';

const CROWD = 1_200;
const RADIUS_MM = 60_000;
/** Of those nearest, the own entity counted, so many are surely seen. */
const SURE = CROWD_ENTERED - RANK_SLACK + 1;

interface Scene {
  readonly zone: RandomZone;
  readonly viewer: Viewer;
  readonly random: Random;
  readonly x: Float64Array;
  readonly z: Float64Array;
  /** What was seen in the frame before, and how often somebody entered or left since. */
  seen: Set<number>;
  changes: number;
}

function createScene(seed: number, halfMm: number): Scene {
  const capacity = CROWD + 1;
  const zone = createRandomZone({ seed, capacity, players: 1, entities: CROWD, radiusMm: RADIUS_MM, halfMm });
  const random = createRandom(seed);
  const place = (): number => random.below(2 * halfMm + 1) - halfMm;
  const x = Float64Array.from({ length: capacity }, place);
  const z = Float64Array.from({ length: capacity }, place);
  x[0] = 0;
  z[0] = 0;
  return { zone, viewer: createLoneViewer(capacity, 0, 1), random, x, z, seen: new Set(), changes: 0 };
}

/** A snapshot of all that is seen, acknowledged four snapshots later; returns what is seen. */
function look(scene: Scene, interest = scene.zone.packer.interest): Set<number> {
  const { zone, viewer, x, z } = scene;
  for (let slot = 0; slot <= CROWD; slot++) {
    zone.world.columns.positionX[slot] = x[slot]! << 7;
    zone.world.columns.positionZ[slot] = z[slot]! << 7;
  }
  const tick = restTick(zone);
  buildGrid(zone.grid, zone.history, tick);
  updateInterest(viewer, interest, tick);
  beginSent(viewer, tick);
  const seen = new Set<number>();
  for (const { index, slot, state } of entriesOf(viewer)) {
    noteSent(viewer, tick, index);
    if (state === SEEN) seen.add(slot);
  }
  acknowledge(viewer, tick - 4);
  for (const slot of seen) if (!scene.seen.has(slot)) scene.changes++;
  for (const slot of scene.seen) if (!seen.has(slot)) scene.changes++;
  scene.seen = seen;
  return seen;
}

/** Slots from the nearest on, from the definition. */
function ranked({ zone, viewer }: Scene): number[] {
  const { records, stride } = zone.history;
  const offset = frameOffset(zone.history, viewer.frameTick);
  const of = (slot: number): number => {
    const x = records[offset + slot * stride + zone.grid.rowX]! - records[offset + zone.grid.rowX]!;
    const z = records[offset + slot * stride + zone.grid.rowZ]! - records[offset + zone.grid.rowZ]!;
    return x * x + z * z;
  };
  return Array.from({ length: CROWD + 1 }, (_, slot) => slot).sort((a, b) => of(a) - of(b) || a - b);
}

function expectNearest(scene: Scene, seen: ReadonlySet<number>): void {
  const ranks = ranked(scene);
  for (const slot of ranks.slice(0, SURE)) expect(seen.has(slot), `slot ${slot} is near`).toBe(true);
  for (const slot of ranks.slice(CROWD_KEPT + 1)) expect(seen.has(slot), `slot ${slot} is far`).toBe(false);
}

test('in a crowd of 1,200 the nearest are seen, from the first frame on; who stands still neither comes nor goes', () => {
  for (const halfMm of [300, 5_000, 40_000]) {
    const scene = createScene(halfMm, halfMm);
    expectNearest(scene, look(scene));
    scene.changes = 0;
    for (let count = 0; count < 20; count++) expectNearest(scene, look(scene));
    expect(scene.changes).toBe(0);
  }
});

test('a crowd that shifts from foot to foot makes nobody flicker', () => {
  const scene = createScene(3, 30_000);
  look(scene);
  const homes = [scene.x.slice(), scene.z.slice()] as const;
  scene.changes = 0;
  for (let count = 0; count < 100; count++) {
    for (let slot = 1; slot <= CROWD; slot++) {
      scene.x[slot] = homes[0][slot]! + scene.random.below(301) - 150;
      scene.z[slot] = homes[1][slot]! + scene.random.below(301) - 150;
    }
    look(scene);
  }
  // Ranks of 512 and 544 are 700 mm apart here: one or the other crosses both, once.
  expect(scene.changes).toBeLessThan(40);
  const flickering = scene.changes;
  for (let count = 0; count < 100; count++) look(scene);
  expect(scene.changes - flickering).toBe(0);
});

test('a crowd that runs: the nearest are seen while leaves and acknowledgements are on their way', () => {
  const scene = createScene(4, 30_000);
  const ways = Float64Array.from({ length: CROWD + 1 }, () => scene.random.below(65_536) / 10_430);
  for (let count = 0; count < 300; count++) {
    // 6 m/s, seen 20 times a second.
    for (let slot = 1; slot <= CROWD; slot++) {
      scene.x[slot] = scene.x[slot]! + Math.round(300 * Math.cos(ways[slot]!));
      scene.z[slot] = scene.z[slot]! + Math.round(300 * Math.sin(ways[slot]!));
      if (Math.abs(scene.x[slot]!) > 30_000 || Math.abs(scene.z[slot]!) > 30_000) ways[slot] = ways[slot]! + Math.PI;
    }
    const seen = look(scene);
    const ranks = ranked(scene);
    // Leaves that wait for their acknowledgement may take the places of the last ones for a moment.
    for (const slot of ranks.slice(0, SURE - 20)) expect(seen.has(slot), `at ${count}`).toBe(true);
    for (const slot of ranks.slice(CROWD_KEPT + 1)) expect(seen.has(slot), `at ${count}`).toBe(false);
  }
});

test('hundreds on one spot: the same of them each time, and whoever comes nearer is seen at once', () => {
  const scene = createScene(5, 10);
  scene.x.fill(20_000, 1);
  scene.z.fill(-3_000, 1);
  const seen = look(scene);
  expect(seen.size).toBeGreaterThanOrEqual(SURE);
  scene.changes = 0;
  for (let count = 0; count < 10; count++) expect(look(scene)).toEqual(seen);
  expect(scene.changes).toBe(0);
  for (let slot = CROWD - 4; slot <= CROWD; slot++) {
    expect(seen.has(slot)).toBe(false);
    scene.x[slot] = 5_000;
    expect(look(scene).has(slot)).toBe(true);
  }
});

test('when the crowd has gone the whole radius is seen again', () => {
  const scene = createScene(6, 20_000);
  look(scene);
  for (let slot = 101; slot <= CROWD; slot++) scene.x[slot] = 200_000;
  for (let slot = 1; slot <= 100; slot++) scene.x[slot] = 55_000;
  for (let count = 0; count < 8; count++) look(scene);
  expect(look(scene).size).toBe(101);
});

test('who is hidden takes no place in a crowd', () => {
  const scene = createScene(7, 30_000);
  const isHidden: Sight['isBlocked'] = (fromX, _z, toX) => (fromX === 0 ? toX > 0 : fromX > 0);
  const interest = createInterest(scene.zone.grid, RADIUS_MM, createSight(isHidden));
  const seen = look(scene, interest);
  const ranks = ranked(scene).filter((slot) => scene.x[slot]! <= 0);
  expect(ranks.length).toBeGreaterThan(CROWD_KEPT);
  for (const slot of ranks.slice(0, SURE)) expect(seen.has(slot)).toBe(true);
  for (const slot of seen) expect(scene.x[slot]).toBeLessThanOrEqual(0);
});

test('a crowd behind walls: whom nothing hides is seen as if nobody else were there, whatever was hidden before', () => {
  const scene = createScene(8, 30_000);
  let hiddenShare = 0;
  // Whoever it is by a hash of the way between: as good as any map, and the same both ways round.
  const isHidden: Sight['isBlocked'] = (fromX, fromZ, toX, toZ) => {
    const hash = (Math.imul(fromX ^ toX, 0x9e37_79b1) ^ Math.imul(fromZ ^ toZ, 0x85eb_ca6b)) >>> 0;
    return hash / 0x1_0000_0000 < hiddenShare;
  };
  const interest = createInterest(scene.zone.grid, RADIUS_MM, createSight(isHidden));
  for (const share of [0, 0.5, 0.9, 1, 0.2, 0]) {
    hiddenShare = share;
    // Who was seen is lost at the second look.
    for (let count = 0; count < 30; count++) look(scene, interest);
    const seen = look(scene, interest);
    const offset = frameOffset(scene.zone.history, scene.viewer.frameTick);
    const { records, stride } = scene.zone.history;
    const { rowX, rowZ } = scene.zone.grid;
    const place = (slot: number, row: number): number => records[offset + slot * stride + row]!;
    const inSight = ranked(scene).filter(
      (slot) => slot === 0 || !isHidden(place(0, rowX), place(0, rowZ), place(slot, rowX), place(slot, rowZ)),
    );
    for (const slot of inSight.slice(0, SURE)) expect(seen.has(slot), `${share}: ${slot} is near`).toBe(true);
    const visible = new Set(inSight);
    for (const slot of seen) expect(visible.has(slot), `${share}: ${slot} is hidden`).toBe(true);
  }
});

test('between two looks: who appears in sight enters at once, who is hidden or beyond a crowd does not', () => {
  for (const [halfMm, isCrowd] of [
    [300_000, false],
    [20_000, true],
  ] as const) {
    const scene = createScene(9, halfMm);
    const { zone, viewer } = scene;
    const wall: Sight['isBlocked'] = (fromX, _z, toX) => fromX < 0 !== toX < 0;
    const sight = createSight(wall);
    const interest = createInterest(zone.grid, RADIUS_MM, sight);
    // The last three come later.
    for (let slot = CROWD - 2; slot <= CROWD; slot++) despawnEntity(zone.world, slot);
    look(scene, interest);
    const { lookedTick } = viewer;
    const places = [1_000, -1_000, isCrowd ? 19_900 : 59_000];
    const slots: number[] = [];
    for (const x of places) {
      const slot = spawnEntity(zone.world, 1);
      slots.push(slot);
      zone.world.columns.positionX[slot] = x << 7;
      zone.world.columns.positionZ[slot] = (isCrowd ? x : 0) << 7;
    }
    const tick = restTick(zone);
    buildGrid(zone.grid, zone.history, tick);
    sight.looks = 0;
    refreshInterest(viewer, interest, tick);
    expect(viewer.lookedTick).toBe(lookedTick);
    expect(sight.looks).toBeLessThanOrEqual(3);
    expect(slots.map((slot) => isSeen(viewer, slot), `half of the side ${halfMm}`)).toEqual([true, false, !isCrowd]);
  }
});

/** Whether all that is near was looked at for the frame that comes next. */
function looksAround(scene: Scene, interest: ReturnType<typeof createInterest>): boolean {
  const tick = restTick(scene.zone);
  buildGrid(scene.zone.grid, scene.zone.history, tick);
  interest.sight!.looks = 0;
  refreshInterest(scene.viewer, interest, tick);
  return interest.sight!.looks > 20;
}

function createWatch(seed: number): readonly [Scene, ReturnType<typeof createInterest>] {
  const scene = createScene(seed, 20_000);
  const interest = createInterest(
    scene.zone.grid,
    RADIUS_MM,
    createSight(() => false),
  );
  look(scene, interest);
  return [scene, interest];
}

test.for([1, 3, 6, 12])(
  'all that is near is looked at every twelve ticks, with a snapshot every %i, late or not',
  (interval) => {
    const [scene, interest] = createWatch(10);
    const { random, zone, viewer } = scene;
    let sinceTicks = 0;
    let due = worldTick(zone.world) + interval;
    for (let count = 0; count < 300; count++) {
      const isLate = random.below(4) === 0;
      while (worldTick(zone.world) + 1 < due + Number(isLate)) {
        restTick(zone);
        sinceTicks++;
      }
      due += interval;
      sinceTicks++;
      if (looksAround(scene, interest)) sinceTicks = 0;
      expect(sinceTicks).toBeLessThanOrEqual(LOOK_INTERVAL_TICKS + interval);
    }
    expect(viewer.count).toBeGreaterThan(CROWD_ENTERED - RANK_SLACK);
  },
);

test('looks are as evenly spread after a stall as before', () => {
  const { zone } = createScene(12, 20_000);
  const viewers = Array.from({ length: 60 }, (_, slot) => createLoneViewer(CROWD + 1, slot, 1));
  const { interest } = zone.packer;
  const serve = (): number => {
    const tick = restTick(zone);
    buildGrid(zone.grid, zone.history, tick);
    return viewers.filter((viewer) => {
      const { lookedTick } = viewer;
      refreshInterest(viewer, interest, tick);
      return viewer.lookedTick !== lookedTick;
    }).length;
  };
  expect(serve()).toBe(60);
  for (let count = 0; count < 30; count++) serve();
  for (let ticks = 0; ticks < 40; ticks++) restTick(zone);
  expect(serve()).toBe(60);
  for (let count = 0; count < 30; count++) expect(serve()).toBe(60 / LOOK_INTERVAL_TICKS);
});

test('who is somewhere else all of a sudden looks around at once, whichever way it went', () => {
  const [scene, interest] = createWatch(13);
  const { columns } = scene.zone.world;
  for (const column of [columns.positionX, columns.positionZ]) {
    while (looksAround(scene, interest));
    while (!looksAround(scene, interest));
    column[0] = column[0]! + (5_000 << 7);
    expect(looksAround(scene, interest)).toBe(true);
    expect(looksAround(scene, interest)).toBe(false);
  }
});

test('who is seen and suddenly elsewhere is lost at once; who is suddenly near is seen at once', () => {
  const scene = createScene(14, 20_000);
  const { zone, viewer, x } = scene;
  for (let slot = 2; slot <= CROWD; slot++) x[slot] = 200_000;
  x[1] = 1_000;
  const wall: Sight['isBlocked'] = (fromX, _z, toX) => fromX < 0 !== toX < 0;
  const interest = createInterest(zone.grid, RADIUS_MM, createSight(wall));
  const { columns } = zone.world;
  expect(look(scene, interest)).toEqual(new Set([0, 1]));
  for (const [place, isThere] of [
    [80_000, false],
    [1_000, true],
    [-5_000, false],
    [9_000, true],
  ] as const) {
    // In the middle between two looks.
    while ((worldTick(zone.world) + viewer.slot) % LOOK_INTERVAL_TICKS !== 5) restTick(zone);
    buildGrid(zone.grid, zone.history, worldTick(zone.world));
    refreshInterest(viewer, interest, worldTick(zone.world));
    columns.positionX[1] = place << 7;
    const tick = restTick(zone);
    buildGrid(zone.grid, zone.history, tick);
    refreshInterest(viewer, interest, tick);
    expect(isSeen(viewer, 1), `at ${place}`).toBe(isThere);
  }
});

test('who was not served for long sees at once that somebody is hidden by now', () => {
  const scene = createScene(15, 20_000);
  const { viewer, x } = scene;
  for (let slot = 2; slot <= CROWD; slot++) x[slot] = 200_000;
  x[1] = 1_000;
  let isHidden = false;
  const interest = createInterest(
    scene.zone.grid,
    RADIUS_MM,
    createSight(() => isHidden),
  );
  expect(look(scene, interest)).toEqual(new Set([0, 1]));
  isHidden = true;
  expect(look(scene, interest)).toEqual(new Set([0, 1]));
  isHidden = false;
  expect(look(scene, interest)).toEqual(new Set([0, 1]));
  isHidden = true;
  for (let ticks = 0; ticks < 3 * LOOK_INTERVAL_TICKS; ticks++) restTick(scene.zone);
  expect(look(scene, interest)).toEqual(new Set([0]));
  expect(viewer.count).toBe(2);
});

test('more appear than are remembered: all that is near is looked at', () => {
  const [scene, interest] = createWatch(11);
  while (looksAround(scene, interest));
  while (!looksAround(scene, interest));
  scene.zone.grid.arrivalCount += ARRIVALS + 1;
  expect(looksAround(scene, interest)).toBe(true);
});

test('in a full view who appears waits for a place, and is seen as soon as there is one', () => {
  const scene = createScene(16, 20_000);
  const { zone, viewer } = scene;
  const interest = createInterest(zone.grid, RADIUS_MM, undefined);
  for (let slot = CROWD - 80; slot <= CROWD; slot++) despawnEntity(zone.world, slot);
  look(scene, interest);
  const serve = (): void => {
    const tick = restTick(zone);
    buildGrid(zone.grid, zone.history, tick);
    refreshInterest(viewer, interest, tick);
  };
  while ((worldTick(zone.world) + viewer.slot) % LOOK_INTERVAL_TICKS !== 2) serve();
  const bolts: number[] = [];
  for (let count = 0; count < 80; count++) {
    bolts.push(spawnEntity(zone.world, 1));
    zone.world.columns.positionX[bolts.at(-1)!] = 100 << 7;
    zone.world.columns.positionZ[bolts.at(-1)!] = 100 << 7;
  }
  serve();
  expect(viewer.count).toBe(VISIBLE_MAX);
  const missing = bolts.filter((slot) => !isSeen(viewer, slot));
  expect(missing.length).toBeGreaterThan(0);
  // One that it sees leaves, and the leave is acknowledged.
  const gone = entriesOf(viewer)[5]!.slot;
  despawnEntity(zone.world, gone);
  serve();
  beginSent(viewer, viewer.frameTick);
  noteSent(viewer, viewer.frameTick, findEntry(viewer, gone));
  acknowledge(viewer, viewer.frameTick);
  serve();
  expect(bolts.filter((slot) => !isSeen(viewer, slot))).toHaveLength(missing.length - 1);
});

test('with too much to do a viewer sees fewer, the nearest, and nobody flickers; then as many as before', () => {
  const scene = createScene(9, 30_000);
  const { interest } = scene.zone.packer;
  look(scene);
  for (const seenMax of [32, 100, 12, VISIBLE_MAX]) {
    limitSight(interest, seenMax);
    // Who leaves has to be acknowledged before there is room for others.
    for (let count = 0; count < 8; count++) look(scene);
    const seen = look(scene);
    const ranks = ranked(scene);
    const kept = Math.min(seenMax, CROWD_KEPT);
    for (const slot of ranks.slice(kept + 1)) expect(seen.has(slot), `of ${seenMax}`).toBe(false);
    const sure = Math.min(seenMax - 8, CROWD_ENTERED) - RANK_SLACK;
    for (const slot of ranks.slice(0, sure)) expect(seen.has(slot), `of ${seenMax}`).toBe(true);
    scene.changes = 0;
    for (let count = 0; count < 20; count++) look(scene);
    expect(scene.changes, `of ${seenMax}`).toBe(0);
  }
});
