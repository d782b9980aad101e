// The other entities, a little in the past: each is shown between the two states around the time of the picture, so
// it moves smoothly whatever the network does. How far in the past follows from how snapshots arrive: two intervals
// when they come evenly, more when they don't. Past the newest state an entity goes on as it went, for an eighth of a
// second; when the truth then differs, the picture glides to it. Browser main thread; no clock.

import type { Row } from '../sim/columns.ts';
import type { Replica, Replicas } from '../snapshot/replicas.ts';
import { type FadingOffset, fadeOffset, setOffset } from './fading-offset.ts';

/** How long an entity goes on as it went when nothing newer has come; no longer than the server believes (src/rewind). */
const EXTRAPOLATE_TICKS_MAX = 8;
/** The picture is at most so far ahead of a snapshot that just arrived: most of what is shown is known, not guessed. */
const AHEAD_TICKS_MAX = 1;
/**
 * The picture's time runs this much faster or slower to reach where it should be, per tick of error. At most by less
 * than the server moves what it takes for the age of the picture (src/rewind): what is seen is what is judged.
 */
const RATE_PER_TICK = 0.03;
const RATE_CHANGE_MAX = 0.05;
/** Off by more, it jumps. */
const JUMP_TICKS = 30;
/** 24 m/s; the fastest any game allows is 20. */
const JUMP_MM_PER_TICK = 400;
/** The deviation of arrivals that the picture stays behind: all but the worst moments. */
const DEVIATIONS = 3;

/** An entity as it is shown. Positions are mm, fractional. */
export interface EntityView extends FadingOffset {
  readonly replica: Replica;
  readonly slot: number;
  kind: number;
  name: string;
  x: number;
  y: number;
  z: number;
  /** Turns / 65536, fractional, 0 … 65536. */
  facing: number;
  /** What else everyone sees of it, by column; not interpolated. */
  readonly columns: Record<string, number>;
  /** Shown from beyond its newest state, which was that of `newestTick`. */
  isExtrapolated: boolean;
  newestTick: number;
}

export interface Interpolation {
  readonly rows: readonly Row[];
  readonly rowX: number;
  readonly rowY: number;
  readonly rowZ: number;
  readonly rowFacing: number;
  /** Facings are sent in coarser steps. */
  readonly facingShift: number;
  /** Time of the picture, a fractional tick; −1 before the first. */
  tick: number;
  updatedMs: number;
  /** What is shown, by slot. */
  readonly views: Map<number, EntityView>;
}

export function createInterpolation(rows: readonly Row[]): Interpolation {
  const rowOf = (column: string): number => rows.findIndex((row) => row.column === column && !row.ownerOnly);
  return {
    rows,
    rowX: rowOf('positionX'),
    rowY: rowOf('positionY'),
    rowZ: rowOf('positionZ'),
    rowFacing: rowOf('facing'),
    facingShift: rows[rowOf('facing')]!.shift,
    tick: -1,
    updatedMs: 0,
    views: new Map(),
  };
}

export function resetInterpolation(interpolation: Interpolation): void {
  interpolation.tick = -1;
  interpolation.views.clear();
}

/**
 * How far the picture shall be behind the server's tick. `ageTicks` and `jitterTicks` are how far behind it snapshots
 * are when they arrive and how much that varies. `judgedTicks` is how far back hits are judged, from the server's tick
 * as well: on a long way the picture gives up its reserve, then runs ahead of the snapshots a little, not to be older.
 */
export function pictureDelay(
  ageTicks: number,
  jitterTicks: number,
  intervalTicks: number,
  judgedTicks: number,
): number {
  const smooth = ageTicks + intervalTicks + Math.max(intervalTicks, DEVIATIONS * jitterTicks);
  return Math.min(smooth, Math.max(judgedTicks, ageTicks - AHEAD_TICKS_MAX));
}

/** Moves the picture's time on, towards the tick `wanted`. */
export function advanceInterpolation(
  interpolation: Interpolation,
  nowMs: number,
  tickMs: number,
  wanted: number,
): void {
  const elapsed = Math.max(0, nowMs - interpolation.updatedMs) / tickMs;
  interpolation.updatedMs = nowMs;
  const error = wanted - (interpolation.tick + elapsed);
  if (interpolation.tick < 0 || Math.abs(error) > JUMP_TICKS) {
    interpolation.tick = Math.max(0, wanted);
    return;
  }
  const change = Math.max(-RATE_CHANGE_MAX, Math.min(error * RATE_PER_TICK, RATE_CHANGE_MAX));
  interpolation.tick += elapsed * (1 + change);
}

/** The tick that is shown: past the newest snapshot nothing goes on for longer than it is extrapolated. */
export function shownTickOf(interpolation: Interpolation, replicas: Replicas): number {
  if (replicas.tick < 0) return -1;
  return Math.min(interpolation.tick, replicas.tick + EXTRAPOLATE_TICKS_MAX);
}

/** Brings the views up to the picture's time: everything the client sees but its own entity. */
export function showEntities(
  interpolation: Interpolation,
  replicas: Replicas,
  ownSlot: number,
  elapsedMs: number,
): void {
  const { views } = interpolation;
  for (const [slot, view] of views) if (replicas.bySlot.get(slot) !== view.replica) views.delete(slot);
  for (const [slot, replica] of replicas.bySlot) {
    if (slot === ownSlot) continue;
    let view = views.get(slot);
    if (view === undefined) {
      // Not before its time: it would stand still until the picture gets there.
      if (replica.ticks[0]! > interpolation.tick) continue;
      view = createView(replica);
      views.set(slot, view);
      showEntity(interpolation, replicas, view, 0);
      view.offsetX = 0;
      view.offsetY = 0;
      view.offsetZ = 0;
    } else showEntity(interpolation, replicas, view, elapsedMs);
  }
}

function createView(replica: Replica): EntityView {
  return {
    replica,
    slot: replica.slot,
    kind: replica.kind,
    name: replica.name,
    x: 0,
    y: 0,
    z: 0,
    facing: 0,
    columns: {},
    isExtrapolated: false,
    newestTick: -1,
    offsetX: 0,
    offsetY: 0,
    offsetZ: 0,
  };
}

function showEntity(interpolation: Interpolation, replicas: Replicas, view: EntityView, elapsedMs: number): void {
  const { rows, rowFacing, facingShift } = interpolation;
  const { replica } = view;
  const { values } = replica;
  const newestTick = replica.ticks[replica.count - 1]!;
  const { a, b, part } = findSpan(interpolation, replicas, replica);
  const { x, y, z } = mixPlace(interpolation, values, a, b, part);
  // The picture was a guess: it goes on from where it was, and fades to where the entity is.
  if (view.isExtrapolated && newestTick !== view.newestTick) setOffset(view, view.x - x, view.y - y, view.z - z);
  fadeOffset(view, elapsedMs);
  view.isExtrapolated = part > 1;
  view.newestTick = newestTick;
  view.x = x + view.offsetX;
  view.y = y + view.offsetY;
  view.z = z + view.offsetZ;
  const facing = values[a + rowFacing]! << facingShift;
  view.facing = mixAngle(facing, values[b + rowFacing]! << facingShift, Math.min(part, 1));
  view.kind = replica.kind;
  view.name = replica.name;
  const at = part >= 1 ? b : a;
  const stride = rows.length;
  for (let row = 0; row < stride; row++) if (!rows[row]!.ownerOnly) view.columns[rows[row]!.column] = values[at + row]!;
}

/** Where somebody is seen, mm. */
export interface Place {
  x: number;
  y: number;
  z: number;
}

/**
 * Where an entity is shown at the picture's time, but for the fading rest of a wrong guess. For bots, which look at one
 * of many now and then: the same that a player would see, without bringing up all views in each frame.
 */
export function placeShown(interpolation: Interpolation, replicas: Replicas, replica: Replica): Place {
  const { a, b, part } = findSpan(interpolation, replicas, replica);
  return mixPlace(interpolation, replica.values, a, b, part);
}

/** Filled by the two functions below, to be read at once: nothing is allocated for each entity in each frame. */
const span = { a: 0, b: 0, part: 0 };
const place: Place = { x: 0, y: 0, z: 0 };

/** The two states around the picture's time (where their values begin), and how much of the way between has passed. */
function findSpan(interpolation: Interpolation, replicas: Replicas, replica: Replica): Readonly<typeof span> {
  const { rows, tick } = interpolation;
  const { values, ticks } = replica;
  let newer = replica.count - 1;
  const newestTick = ticks[newer]!;
  while (newer > 0 && ticks[newer - 1]! >= tick) newer--;
  const isPast = newestTick < tick;
  const older = isPast && !isMoving(replicas, replica) ? newer : Math.max(0, newer - 1);
  const between = ticks[newer]! - ticks[older]!;
  span.a = older * rows.length;
  span.b = newer * rows.length;
  span.part = between === 0 ? 1 : (Math.min(tick, newestTick + EXTRAPOLATE_TICKS_MAX) - ticks[older]!) / between;
  if (isJump(interpolation, values, span.a, span.b, between)) span.part = span.part < 1 ? 0 : 1;
  return span;
}

function mixPlace({ rowX, rowY, rowZ }: Interpolation, values: Int32Array, a: number, b: number, part: number): Place {
  place.x = mix(values[a + rowX]!, values[b + rowX]!, part);
  place.y = mix(values[a + rowY]!, values[b + rowY]!, part);
  place.z = mix(values[a + rowZ]!, values[b + rowZ]!, part);
  return place;
}

/** Faster than anything goes by its own will: the entity was moved, so nothing lies between the two states. */
function isJump(interpolation: Interpolation, values: Int32Array, a: number, b: number, span: number): boolean {
  const { rowX, rowY, rowZ } = interpolation;
  const dx = values[b + rowX]! - values[a + rowX]!;
  const dy = values[b + rowY]! - values[a + rowY]!;
  const dz = values[b + rowZ]! - values[a + rowZ]!;
  return Math.hypot(dx, dy, dz) > JUMP_MM_PER_TICK * (span + 1);
}

/** A newest state older than the newest snapshot means that the entity stood still since, if nothing was left out. */
function isMoving(replicas: Replicas, replica: Replica): boolean {
  if (replica.count < 2) return false;
  return replica.ticks[replica.count - 1] === replicas.tick || replicas.omitted > 0;
}

function mix(a: number, b: number, part: number): number {
  return a + (b - a) * part;
}

/** The shortest way round. */
export function mixAngle(a: number, b: number, part: number): number {
  const difference = ((b - a) << 16) >> 16;
  return (((a + difference * part) % 0x1_0000) + 0x1_0000) % 0x1_0000;
}
