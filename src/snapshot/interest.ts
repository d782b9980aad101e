// Who is in sight of one client: within a radius, with hysteresis, past what the map puts in between; and in a crowd
// the nearest, as many as a viewer holds. Edge threads; reads the grid and history, writes the viewer and its own
// scratch. In a crowd the radius is what the ranks of this frame make it: it shrinks and grows with who is near, and
// the hysteresis is in ranks too, so that nobody comes and goes for standing at the edge of it.

import { assert } from '../base/assert.ts';
import { ENTITIES_MAX, LOOK_INTERVAL_TICKS, VISIBLE_MAX } from '../base/limits.ts';
import { ARRIVALS, bucketOf, type Grid } from '../sim/grid.ts';
import { frameOffset, type History } from '../sim/history.ts';
import { isInSight, type Sight } from './sight.ts';
import { beginRound, endRound, markSeen, SEEN, startLeaving, type Viewer } from './viewer.ts';

/** With more others than this in reach it is a crowd: nobody ranked beyond is kept. The rest of the room is for leaves. */
export const CROWD_KEPT = VISIBLE_MAX - 8;
/** In a crowd, who is ranked beyond this does not enter. */
export const CROWD_ENTERED = VISIBLE_MAX - 24;
/** A boundary may leave out so many whose rank would let them in. */
export const RANK_SLACK = 3;
/** Who was seen is seen up to so many times the radius. */
const REACH = 1.1;
const RINGS = 256;
/** What somebody near gains of priority with each snapshot. */
const GAIN_NEAREST = 17;
/** Nobody walks so far between two looks. */
const MOVED_MM = 4_000;
/** Each round makes the boundary 256 times finer; the last ones matter where many stand on one spot. */
const RANK_ROUNDS = 7;
/** Squared mm by which a higher slot counts as farther: who stands on one spot has a rank each, the same every time. */
const TIE_MM2 = 1 / 1024;

assert(CROWD_ENTERED < CROWD_KEPT && CROWD_KEPT < VISIBLE_MAX, 'a crowd leaves room for those that leave');

/** What decides who enters a client's view; one an edge. */
export interface Interest {
  readonly grid: Grid;
  readonly radiusMm: number;
  /** Undefined where nothing blocks sight. */
  readonly sight: Sight | undefined;
  /** Of the viewer looked at last: who is in reach, by their places in the grid, and how far (mm²). */
  readonly places: Int32Array;
  readonly distances: Float64Array;
  readonly buckets: Int32Array;
  readonly rings: Int32Array;
}

export function createInterest(grid: Grid, radiusMm: number, sight: Sight | undefined): Interest {
  assert(grid.cellMm >= radiusMm * REACH, 'a query reads 3 × 3 cells');
  const capacity = grid.slots.length;
  return {
    grid,
    radiusMm,
    sight,
    places: new Int32Array(capacity),
    distances: new Float64Array(capacity),
    buckets: new Int32Array(9),
    rings: new Int32Array(RINGS),
  };
}

/**
 * Brings the visible set up to the frame of `tick`, for a snapshot. All that is near is looked at five times a second,
 * half of a snapshot’s time if it were each time; in between who is gone leaves and who has just appeared enters, or a
 * bolt would be seen when it is half way. Does not allocate.
 */
export function refreshInterest(viewer: Viewer, history: History, interest: Interest, tick: number): void {
  const own = frameOffset(history, tick) + viewer.slot * history.stride;
  const ownX = history.records[own + interest.grid.rowX]!;
  const ownZ = history.records[own + interest.grid.rowZ]!;
  if (isLookDue(viewer, interest, tick, ownX, ownZ)) {
    updateInterest(viewer, history, interest, tick);
    return;
  }
  const { slots, states, generations, priorities, gains } = viewer;
  const present = interest.grid.generations;
  viewer.frameTick = tick;
  for (let index = 0; index < viewer.count; index++) {
    priorities[index] = priorities[index]! + gains[index]!;
    if (present[slots[index]!] !== generations[index] && states[index] === SEEN) startLeaving(viewer, index);
  }
  if (viewer.arrivalCount !== interest.grid.arrivalCount) enterArrivals(viewer, history, interest, tick, ownX, ownZ);
}

/** Also at once where it is somewhere else all of a sudden, or more has appeared than is remembered. */
function isLookDue(viewer: Viewer, { grid }: Interest, tick: number, ownX: number, ownZ: number): boolean {
  return (
    viewer.lookedTick < 0 ||
    tick - viewer.lookedTick >= LOOK_INTERVAL_TICKS ||
    Math.abs(ownX - viewer.lookedX) > MOVED_MM ||
    Math.abs(ownZ - viewer.lookedZ) > MOVED_MM ||
    grid.arrivalCount - viewer.arrivalCount > ARRIVALS
  );
}

/** Who appeared since the last snapshot, near enough and in sight. */
function enterArrivals(
  viewer: Viewer,
  history: History,
  { grid, sight }: Interest,
  tick: number,
  ownX: number,
  ownZ: number,
): void {
  const { records, stride } = history;
  const frame = frameOffset(history, tick);
  for (let arrival = viewer.arrivalCount; arrival < grid.arrivalCount; arrival++) {
    const slot = grid.arrivals[arrival & (ARRIVALS - 1)]!;
    const generation = grid.generations[slot]!;
    if (generation === 0 || slot === viewer.slot) continue;
    const x = records[frame + slot * stride + grid.rowX]!;
    const z = records[frame + slot * stride + grid.rowZ]!;
    if ((x - ownX) ** 2 + (z - ownZ) ** 2 > viewer.enterSquared) continue;
    if (sight !== undefined && !isInSight(sight, viewer, ownX, ownZ, slot, generation, x, z)) continue;
    markSeen(viewer, slot, generation, true, GAIN_NEAREST);
  }
  viewer.arrivalCount = grid.arrivalCount;
}

/**
 * Brings the visible set up to the frame of `tick`: enters what is within the radius, keeps what is within a tenth
 * more, turns the rest to leaving; in a crowd the radius is less. Nearness raises an entity's priority. Does not
 * allocate.
 */
export function updateInterest(viewer: Viewer, history: History, interest: Interest, tick: number): void {
  const { grid, radiusMm, places, distances } = interest;
  const { slots, generations } = grid;
  const radius = radiusMm * radiusMm;
  const reach = radius * REACH * REACH;
  const count = gather(viewer, history, interest, tick);
  const all = reach + ENTITIES_MAX * TIE_MM2;
  const keep = dropHidden(viewer, history, interest, tick, count, all);
  const enter = keep < all ? Math.min(radius, distanceOfRank(interest, count, CROWD_ENTERED, all)) : radius;
  const toLoss = (GAIN_NEAREST - 1) / keep;
  noteLook(viewer, history, grid, tick, enter);
  beginRound(viewer, tick);
  markSeen(viewer, viewer.slot, viewer.generation, true, 0);
  for (let index = 0; index < count; index++) {
    const distance = distances[index]!;
    if (distance > keep) continue;
    const slot = slots[places[index]!]!;
    markSeen(viewer, slot, generations[slot]!, distance <= enter, GAIN_NEAREST - ((distance * toLoss) | 0));
  }
  endRound(viewer);
}

function noteLook(viewer: Viewer, history: History, grid: Grid, tick: number, enterSquared: number): void {
  const own = frameOffset(history, tick) + viewer.slot * history.stride;
  // After a start all look in one frame; their second looks come at different times.
  viewer.lookedTick = viewer.lookedTick < 0 ? Math.max(0, tick - (viewer.slot % LOOK_INTERVAL_TICKS)) : tick;
  viewer.lookedX = history.records[own + grid.rowX]!;
  viewer.lookedZ = history.records[own + grid.rowZ]!;
  viewer.enterSquared = enterSquared;
  viewer.arrivalCount = grid.arrivalCount;
}

/** Fills in who else is near enough to be seen, hidden or not; returns how many. In a crowd no two are as far. */
function gather(viewer: Viewer, history: History, interest: Interest, tick: number): number {
  const { grid, radiusMm, places, distances, buckets } = interest;
  const { records } = history;
  const { cellMm, starts, slots, x, z } = grid;
  const radius = radiusMm * radiusMm;
  const reach = radius * REACH * REACH;
  const own = frameOffset(history, tick) + viewer.slot * history.stride;
  const ownX = records[own + grid.rowX]!;
  const ownZ = records[own + grid.rowZ]!;
  const cellX = Math.floor(ownX / cellMm);
  const cellZ = Math.floor(ownZ / cellMm);
  let count = 0;
  for (let cell = 0; cell < 9; cell++) {
    const bucket = bucketOf(grid, cellX - 1 + (cell % 3), cellZ - 1 + ((cell / 3) | 0));
    buckets[cell] = bucket;
    // Cells may share a bucket.
    let before = 0;
    while (buckets[before] !== bucket) before++;
    if (before < cell) continue;
    const end = starts[bucket + 1]!;
    for (let place = starts[bucket]!; place < end; place++) {
      const dx = x[place]! - ownX;
      const dz = z[place]! - ownZ;
      const distance = dx * dx + dz * dz;
      if (distance > reach) continue;
      const slot = slots[place]!;
      // Beyond the radius is nothing but what was seen within.
      if (slot === viewer.slot || (distance > radius && viewer.indexOf[slot] === 0)) continue;
      places[count] = place;
      distances[count++] = distance;
    }
  }
  if (count > CROWD_KEPT) {
    for (let index = 0; index < count; index++) {
      distances[index] = distances[index]! + slots[places[index]!]! * TIE_MM2;
    }
  }
  return count;
}

/**
 * Moves who is hidden out of reach, and returns the distance (mm²) within which all are in sight and as many as a crowd
 * keeps; `all` where there are no more. The nearest are looked at first, those beyond only to fill the places of hidden
 * ones.
 */
function dropHidden(
  viewer: Viewer,
  history: History,
  interest: Interest,
  tick: number,
  count: number,
  all: number,
): number {
  const isCrowd = count > CROWD_KEPT;
  if (interest.sight === undefined) return isCrowd ? distanceOfRank(interest, count, CROWD_KEPT, all) : all;
  const expected = CROWD_KEPT + viewer.hiddenCount;
  let looked = -1;
  let keep = count > expected ? distanceOfRank(interest, count, expected, all) : all;
  viewer.hiddenCount = 0;
  while (keep > looked) {
    viewer.hiddenCount += lookWithin(viewer, history, interest, tick, count, looked, keep);
    looked = keep;
    if (isCrowd) keep = distanceOfRank(interest, count, CROWD_KEPT, all);
  }
  return keep;
}

/** Looks at who is further than `from` and not beyond `to`; returns how many are hidden. */
function lookWithin(
  viewer: Viewer,
  history: History,
  { grid, sight, places, distances }: Interest,
  tick: number,
  count: number,
  from: number,
  to: number,
): number {
  const { x, z, slots, generations } = grid;
  const own = frameOffset(history, tick) + viewer.slot * history.stride;
  const ownX = history.records[own + grid.rowX]!;
  const ownZ = history.records[own + grid.rowZ]!;
  let hidden = 0;
  for (let index = 0; index < count; index++) {
    const distance = distances[index]!;
    if (distance <= from || distance > to) continue;
    const place = places[index]!;
    const slot = slots[place]!;
    if (isInSight(sight!, viewer, ownX, ownZ, slot, generations[slot]!, x[place]!, z[place]!)) continue;
    distances[index] = Number.POSITIVE_INFINITY;
    hidden++;
  }
  return hidden;
}

/** The distance (mm²) within which at most `rank` of them are, and hardly fewer; `all` where there are no more. */
function distanceOfRank({ distances, rings }: Interest, count: number, rank: number, all: number): number {
  let from = 0;
  let width = all / RINGS;
  let within = 0;
  for (let round = 0; round < RANK_ROUNDS; round++) {
    rings.fill(0);
    const toRing = 1 / width;
    for (let index = 0; index < count; index++) {
      const ring = (distances[index]! - from) * toRing;
      if (ring >= 0 && ring < RINGS) rings[ring | 0]!++;
    }
    let ring = 0;
    while (ring < RINGS && within + rings[ring]! <= rank) within += rings[ring++]!;
    from += ring * width;
    if (within >= rank - RANK_SLACK || ring === RINGS) break;
    width /= RINGS;
  }
  return from;
}
