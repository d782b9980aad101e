// Who is in sight of one client: within a radius, with hysteresis, past what the map puts in between; and in a crowd
// the nearest, as many as a viewer holds. Edge threads; reads the grid, writes the viewer and its own scratch. In a crowd
// the radius is what the ranks of this frame make it: it shrinks and grows with who is near, and the hysteresis is in
// ranks too, so that nobody comes and goes for standing at the edge of it.

import { assert } from '../base/assert.ts';
import { ENTITIES_MAX, LOOK_INTERVAL_TICKS, VISIBLE_MAX } from '../base/limits.ts';
import { ARRIVALS, bucketOf, type Grid, MOVED_MM } from '../sim/grid.ts';
import { isHidden, isInSight, type Sight } from './sight.ts';
import {
  ACKED,
  ENTRY_WORDS,
  enterView,
  findEntry,
  GENERATION,
  GONE,
  gainOf,
  HIDDEN,
  isSeen,
  LOOK,
  PRIORITY,
  PRIORITY_FIRST,
  SEEN,
  SLOT,
  STATE,
  setGain,
  startEntry,
  startLeaving,
  type Viewer,
  WAS_SENT,
} from './viewer.ts';

/** With more others than this in reach it is a crowd: nobody ranked beyond is kept. The rest of the room is for leaves. */
export const CROWD_KEPT = VISIBLE_MAX - 16;
/** In a crowd, who is ranked beyond this does not enter. */
export const CROWD_ENTERED = VISIBLE_MAX - 48;
/** A boundary may leave out so many whose rank would let them in. */
export const RANK_SLACK = 3;
/** Between who may enter and who has to leave, at least: more than boundaries are off by. */
const RANKS_BETWEEN_MIN = 8;
/** Who was seen is seen up to so many times the radius. */
const REACH = 1.1;
const RINGS = 256;
/** What somebody near gains of priority with each snapshot. */
const GAIN_NEAREST = 17;
/** And somebody at the edge of sight: a third as often is still more than once a second in a full view. */
const GAIN_FARTHEST = 5;
/** Each round makes the boundary 256 times finer; the last ones matter where many stand on one spot. */
const RANK_ROUNDS = 7;
/** Squared mm by which a higher slot counts as farther: who stands on one spot has a rank each, the same every time. */
const TIE_MM2 = 1 / 1024;

assert(RANKS_BETWEEN_MIN > 2 * RANK_SLACK, 'who enters is not at the edge of leaving');
assert(CROWD_ENTERED < CROWD_KEPT && CROWD_KEPT < VISIBLE_MAX, 'a crowd leaves room for those that leave');

/** What decides who enters a client's view; one an edge. */
export interface Interest {
  readonly grid: Grid;
  readonly radiusMm: number;
  /** Undefined where nothing blocks sight. */
  readonly sight: Sight | undefined;
  /** How many are kept in a crowd, and beyond which rank nobody enters: less while there is too much to do. */
  crowdKept: number;
  crowdEntered: number;
  /** Of the viewer looked at last: who is in reach, by their places in the grid, and how far (mm²). */
  readonly places: Int32Array;
  readonly distances: Float64Array;
  readonly buckets: Int32Array;
  readonly rings: Int32Array;
  /** Of the viewer that is being looked at: 1 + its entry by slot, 0 = none. All 0 in between. */
  readonly entryOf: Uint16Array;
  /**
   * Of the viewer refreshed last, its entries: of whom it has not acknowledged the newest change, the own one left out. The
   * packer puts the first of them in front where there are too many.
   */
  readonly changed: Int32Array;
  changedCount: number;
  /** And who is leaving: those no snapshot has listed yet from the front, the others from the back. */
  readonly leaving: Int32Array;
  leavingUnsent: number;
  leavingSent: number;
}

/** From its next look on each viewer sees no more than so many others, the nearest. */
export function limitSight(interest: Interest, seenMax: number): void {
  interest.crowdKept = Math.min(seenMax, CROWD_KEPT);
  interest.crowdEntered = Math.min(seenMax - RANKS_BETWEEN_MIN, CROWD_ENTERED);
}

/** How wide the cells of its grid are: a query reads 3 × 3 of them. */
export function cellMmFor(radiusMm: number): number {
  return Math.ceil(radiusMm * REACH);
}

export function createInterest(grid: Grid, radiusMm: number, sight: Sight | undefined): Interest {
  assert(grid.cellMm >= radiusMm * REACH, 'a query reads 3 × 3 cells');
  const capacity = grid.slots.length;
  return {
    grid,
    radiusMm,
    sight,
    crowdKept: CROWD_KEPT,
    crowdEntered: CROWD_ENTERED,
    places: new Int32Array(capacity),
    distances: new Float64Array(capacity),
    buckets: new Int32Array(9),
    rings: new Int32Array(RINGS),
    entryOf: new Uint16Array(capacity),
    changed: new Int32Array(VISIBLE_MAX),
    changedCount: 0,
    leaving: new Int32Array(VISIBLE_MAX),
    leavingUnsent: 0,
    leavingSent: 0,
  };
}

/**
 * Brings the visible set up to the frame of `tick`, for a snapshot, and finds what there is to say of it (`changed`,
 * `leaving`). All that is near is looked at five times a second, half of a snapshot’s time if it were each time; in
 * between who is gone leaves and who has just appeared enters, or a bolt would be seen when it is half way. Does not
 * allocate.
 */
export function refreshInterest(viewer: Viewer, interest: Interest, tick: number): void {
  const { grid } = interest;
  const ownX = grid.lastX[viewer.slot]!;
  const ownZ = grid.lastZ[viewer.slot]!;
  const isLook = isLookDue(viewer, grid, tick, ownX, ownZ);
  viewer.frameTick = tick;
  const arrived = grid.arrivalCount - viewer.arrivalCount;
  if (viewer.lookedTick >= 0 && arrived > 0 && arrived <= ARRIVALS) takeArrivals(viewer, interest, ownX, ownZ);
  if (isLook) updateInterest(viewer, interest, tick);
  else collect(viewer, interest, false);
}

/** Also at once where it is somewhere else all of a sudden, or more has appeared than is remembered. */
function isLookDue(viewer: Viewer, grid: Grid, tick: number, ownX: number, ownZ: number): boolean {
  return (
    viewer.lookedTick < 0 ||
    tick - viewer.lookedTick >= LOOK_INTERVAL_TICKS ||
    Math.abs(ownX - viewer.lookedX) > MOVED_MM ||
    Math.abs(ownZ - viewer.lookedZ) > MOVED_MM ||
    grid.arrivalCount - viewer.arrivalCount > ARRIVALS
  );
}

/**
 * Who appeared since the last snapshot enters if it is near enough and in sight, before all others; who was seen and is
 * suddenly somewhere else leaves if it is not. Where the viewer holds no more, the rest is taken with the next snapshot.
 */
function takeArrivals(viewer: Viewer, { grid, sight }: Interest, ownX: number, ownZ: number): void {
  for (; viewer.arrivalCount < grid.arrivalCount; viewer.arrivalCount++) {
    const slot = grid.arrivals[viewer.arrivalCount & (ARRIVALS - 1)]!;
    const generation = grid.generations[slot]!;
    if (generation === 0 || slot === viewer.slot) continue;
    const x = grid.lastX[slot]!;
    const z = grid.lastZ[slot]!;
    const squared = (x - ownX) ** 2 + (z - ownZ) ** 2;
    if (squared > viewer.enterSquared || (sight !== undefined && isHidden(sight, ownX, ownZ, x, z))) {
      if (isSeen(viewer, slot)) startLeaving(viewer, findEntry(viewer, slot));
      continue;
    }
    let index = findEntry(viewer, slot);
    if (index < 0) index = enterView(viewer, slot, generation);
    else if (!isInView(viewer, index, generation)) comeIntoView(viewer, index, generation, true);
    if (index < 0) return;
    viewer.entries[index * ENTRY_WORDS + PRIORITY] = PRIORITY_FIRST;
    setGain(viewer, index, GAIN_NEAREST);
  }
}

/**
 * Brings the visible set up to the frame of `tick`: enters what is within the radius, keeps what is within a tenth
 * more, turns the rest to leaving; in a crowd the radius is less. Nearness raises an entity's priority. Does not
 * allocate.
 */
export function updateInterest(viewer: Viewer, interest: Interest, tick: number): void {
  const { grid, radiusMm, places, distances, entryOf } = interest;
  const { slots, generations } = grid;
  const radius = radiusMm * radiusMm;
  beginLook(viewer, interest, tick);
  const count = gather(viewer, interest);
  const all = radius * REACH * REACH + ENTITIES_MAX * TIE_MM2;
  const keep = dropHidden(viewer, interest, count, all);
  const enter = keep < all ? Math.min(radius, distanceOfRank(interest, count, interest.crowdEntered, all)) : radius;
  const toLoss = (GAIN_NEAREST - GAIN_FARTHEST) / keep;
  viewer.enterSquared = enter;
  for (let index = 0; index < count; index++) {
    const distance = distances[index]!;
    if (distance > keep) continue;
    const slot = slots[places[index]!]!;
    markSeen(viewer, entryOf, slot, generations[slot]!, distance <= enter, GAIN_NEAREST - ((distance * toLoss) | 0));
  }
  entryOf[viewer.slot] = 0;
  collect(viewer, interest, true);
}

/**
 * One pass over the entries, which fetching them is worth: what changed waits one more snapshot, who is gone leaves, and
 * after a look who is left in `entryOf`, too.
 */
function collect(viewer: Viewer, interest: Interest, isLook: boolean): void {
  const { entries, end } = viewer;
  const { entryOf, changed, leaving } = interest;
  const { generations, changedTicks } = interest.grid;
  let changedCount = 0;
  let unsent = 0;
  let sent = 0;
  // The first entry is the client's own.
  for (let index = 1; index < end; index++) {
    const at = index * ENTRY_WORDS;
    const slot = entries[at + SLOT]!;
    if (entries[at + STATE] === SEEN) {
      const isOut = isLook && entryOf[slot] !== 0;
      if (!isOut && generations[slot] === entries[at + GENERATION]) {
        const ackedTick = entries[at + ACKED]!;
        if (ackedTick < 0 || changedTicks[slot]! > ackedTick) {
          entries[at + PRIORITY] = entries[at + PRIORITY]! + gainOf(entries[at + LOOK]!);
          changed[changedCount++] = index;
        } else entries[at + PRIORITY] = 0;
        continue;
      }
      startLeaving(viewer, index);
    } else if (entries[at + STATE] === GONE) continue;
    entryOf[slot] = 0;
    if (entries[at + WAS_SENT] === 0) leaving[unsent++] = index;
    else leaving[VISIBLE_MAX - ++sent] = index;
  }
  interest.changedCount = changedCount;
  interest.leavingUnsent = unsent;
  interest.leavingSent = sent;
}

/** An entity is near enough, and in sight; what is left in `entryOf` afterwards is not. */
function markSeen(
  viewer: Viewer,
  entryOf: Uint16Array,
  slot: number,
  generation: number,
  mayEnter: boolean,
  gain: number,
): void {
  let index = entryOf[slot]! - 1;
  entryOf[slot] = 0;
  if (index >= 0) {
    if (!isInView(viewer, index, generation) && !comeIntoView(viewer, index, generation, mayEnter)) return;
  } else if (mayEnter) index = enterView(viewer, slot, generation);
  if (index >= 0) setGain(viewer, index, gain);
}

function isInView({ entries }: Viewer, index: number, generation: number): boolean {
  const at = index * ENTRY_WORDS;
  return entries[at + STATE] === SEEN && entries[at + GENERATION] === generation;
}

/** The entity of an entry had begun to leave, or another one has its slot: whether it is in view from now on. */
function comeIntoView(viewer: Viewer, index: number, generation: number, mayEnter: boolean): boolean {
  const { entries } = viewer;
  const at = index * ENTRY_WORDS;
  const isAnother = entries[at + GENERATION] !== generation;
  if (!mayEnter) {
    if (entries[at + STATE] === SEEN) startLeaving(viewer, index);
    return false;
  }
  startEntry(viewer, index, generation);
  // Until its client hears of this one it draws the one before.
  if (isAnother) entries[at + PRIORITY] = PRIORITY_FIRST;
  return true;
}

function beginLook(viewer: Viewer, { grid, entryOf }: Interest, tick: number): void {
  const { entries, end } = viewer;
  // Who wasn't looked at for so long was not seen a moment ago: what is hidden now is hidden at once.
  const isOld = viewer.lookedTick < 0 || tick - viewer.lookedTick > 2 * LOOK_INTERVAL_TICKS;
  for (let index = 0; index < end; index++) {
    const at = index * ENTRY_WORDS;
    if (isOld) entries[at + LOOK] = entries[at + LOOK]! | HIDDEN;
    if (entries[at + STATE] !== GONE) entryOf[entries[at + SLOT]!] = index + 1;
  }
  // Each slot has a phase of its own: after a start, or a frame that came late, looks are as evenly spread as before.
  viewer.lookedTick = Math.max(0, tick - ((tick + viewer.slot) % LOOK_INTERVAL_TICKS));
  viewer.frameTick = tick;
  viewer.lookedX = grid.lastX[viewer.slot]!;
  viewer.lookedZ = grid.lastZ[viewer.slot]!;
  viewer.arrivalCount = grid.arrivalCount;
}

/** Fills in who else is near enough to be seen, hidden or not; returns how many. In a crowd no two are as far. */
function gather(viewer: Viewer, interest: Interest): number {
  const { grid, radiusMm, crowdKept, places, distances, buckets, entryOf } = interest;
  const { entries } = viewer;
  const { cellMm, starts, slots, x, z } = grid;
  const { lookedX, lookedZ } = viewer;
  const radius = radiusMm * radiusMm;
  const reach = radius * REACH * REACH;
  const cellX = Math.floor(lookedX / cellMm);
  const cellZ = Math.floor(lookedZ / cellMm);
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
      const dx = x[place]! - lookedX;
      const dz = z[place]! - lookedZ;
      const distance = dx * dx + dz * dz;
      if (distance > reach) continue;
      const slot = slots[place]!;
      // Beyond the radius is nothing but what was seen within.
      const entry = entryOf[slot]!;
      if (slot === viewer.slot) continue;
      if (distance > radius && (entry === 0 || entries[(entry - 1) * ENTRY_WORDS + STATE] !== SEEN)) continue;
      places[count] = place;
      distances[count++] = distance;
    }
  }
  if (count > crowdKept) {
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
function dropHidden(viewer: Viewer, interest: Interest, count: number, all: number): number {
  const { crowdKept } = interest;
  const isCrowd = count > crowdKept;
  if (interest.sight === undefined) return isCrowd ? distanceOfRank(interest, count, crowdKept, all) : all;
  const expected = crowdKept + viewer.hiddenCount;
  let looked = -1;
  let keep = count > expected ? distanceOfRank(interest, count, expected, all) : all;
  viewer.hiddenCount = 0;
  while (keep > looked) {
    viewer.hiddenCount += lookWithin(viewer, interest, count, looked, keep);
    looked = keep;
    if (isCrowd) keep = distanceOfRank(interest, count, crowdKept, all);
  }
  return keep;
}

/** Looks at who is further than `from` and not beyond `to`; returns how many are hidden. */
function lookWithin(viewer: Viewer, interest: Interest, count: number, from: number, to: number): number {
  const { grid, sight, places, distances, entryOf } = interest;
  const { x, z, slots, generations } = grid;
  const { lookedX, lookedZ } = viewer;
  let hidden = 0;
  for (let near = 0; near < count; near++) {
    const distance = distances[near]!;
    if (distance <= from || distance > to) continue;
    const place = places[near]!;
    const slot = slots[place]!;
    const index = entryOf[slot]! - 1;
    if (isInSight(sight!, viewer, index, generations[slot]!, lookedX, lookedZ, x[place]!, z[place]!)) continue;
    distances[near] = Number.POSITIVE_INFINITY;
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
