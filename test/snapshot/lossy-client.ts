// One viewer and its client with a bad line between them, and the check that what the client holds is true. The server
// side is judged by brute force (who is in sight), the client by history (what it knows of them).

import { expect } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { LOOK_INTERVAL_TICKS } from '../../src/base/limits.ts';
import type { Random } from '../../src/base/random.ts';
import { frameOffset, GENERATION } from '../../src/sim/history.ts';
import { packSnapshot } from '../../src/snapshot/packer.ts';
import { APPLIED, applySnapshot, createReplicas, newestState, type Replicas } from '../../src/snapshot/replicas.ts';
import { acknowledge, SEEN, type Viewer } from '../../src/snapshot/viewer.ts';
import { isAlive, type RandomZone, readTruth, type Truth } from './random-zone.ts';
import { createLoneViewer, entriesOf } from './viewer-entries.ts';

export interface Line {
  /** Of 256. */
  readonly loss: number;
  readonly delayTicksMax: number;
  /** Ticks for which nothing at all gets through, once in a while. */
  readonly pauseTicksMax: number;
}

interface Sent {
  readonly bytes: Uint8Array;
  readonly tick: number;
  readonly truths: ReadonlyMap<number, Truth>;
}

export interface LossyClient {
  readonly slot: number;
  readonly viewer: Viewer;
  readonly replicas: Replicas;
  readonly line: Line;
  readonly random: Random;
  readonly intervalTicks: number;
  readonly down: { readonly atTick: number; readonly sent: Sent }[];
  readonly up: { readonly atTick: number; readonly ack: number }[];
  /** In sight by the rules: slot → generation. */
  readonly inSight: Map<number, number>;
  /** When and from where (mm) all that is near was looked at last; −1: not yet. */
  lookedTick: number;
  lookedX: number;
  lookedZ: number;
  /** All that was in the world at the last snapshot, of this tick: slot → generation. What is not among them has appeared. */
  readonly known: Map<number, number>;
  servedTick: number;
  pausedUntil: number;
  newestSent: Sent | undefined;
  applied: number;
  complete: number;
  /** Of the newest snapshot applied. */
  truth: ReadonlyMap<number, Truth> | undefined;
}

export function createLossyClient(
  zone: RandomZone,
  slot: number,
  line: Line,
  intervalTicks: number,
  random: Random,
): LossyClient {
  return {
    slot,
    viewer: createLoneViewer(zone.world.capacity, slot, zone.world.columns.generation[slot]!),
    replicas: createReplicas(zone.history.rows),
    line,
    random,
    intervalTicks,
    down: [],
    up: [],
    inSight: new Map(),
    lookedTick: -1,
    lookedX: 0,
    lookedZ: 0,
    known: new Map(),
    servedTick: -1,
    pausedUntil: 0,
    newestSent: undefined,
    applied: 0,
    complete: 0,
    truth: undefined,
  };
}

/**
 * Who is in sight, from the definition: enters within the radius, stays within a tenth more while it is the same. Between
 * two looks who is gone leaves and who has appeared enters; who jumped has done both.
 */
function updateInSight(zone: RandomZone, client: LossyClient, tick: number): void {
  const { records, stride } = zone.history;
  const offset = frameOffset(zone.history, tick);
  const own = offset + client.slot * stride;
  const before = new Map(client.inSight);
  client.inSight.clear();
  const known = new Map(client.known);
  client.known.clear();
  const isFirst = client.lookedTick < 0;
  const ownX = records[own + zone.grid.rowX]!;
  const ownZ = records[own + zone.grid.rowZ]!;
  const movedMm = Math.max(Math.abs(ownX - client.lookedX), Math.abs(ownZ - client.lookedZ));
  const isLook = isFirst || tick - client.lookedTick >= LOOK_INTERVAL_TICKS || movedMm > 4_000;
  if (isLook) {
    client.lookedTick = Math.max(0, tick - ((tick + client.slot) % LOOK_INTERVAL_TICKS));
    client.lookedX = ownX;
    client.lookedZ = ownZ;
  }
  for (let slot = 0; slot < zone.world.capacity; slot++) {
    if (!isAlive(zone, tick, slot)) continue;
    const at = offset + slot * stride;
    const dx = records[at + zone.grid.rowX]! - ownX;
    const dz = records[at + zone.grid.rowZ]! - ownZ;
    const distance = dx * dx + dz * dz;
    const generation = records[at + GENERATION]!;
    client.known.set(slot, generation);
    const isSeen = before.get(slot) === generation;
    const isKnown = known.get(slot) === generation;
    const jumped = !isFirst && isKnown && hasJumped(zone, slot, client.servedTick, tick);
    if (!isLook && isKnown && !jumped) {
      if (isSeen) client.inSight.set(slot, generation);
      continue;
    }
    const reach = isSeen && !jumped ? zone.radiusMm * zone.radiusMm * 1.21 : zone.radiusMm ** 2;
    if (distance <= reach) client.inSight.set(slot, generation);
  }
  client.servedTick = tick;
}

/** Whether it was more than four metres off from one frame to the next. */
function hasJumped({ history, grid }: RandomZone, slot: number, fromTick: number, tick: number): boolean {
  const { records, stride } = history;
  const at = (frame: number, row: number): number => records[frameOffset(history, frame) + slot * stride + row]!;
  for (let frame = fromTick + 1; frame <= tick; frame++) {
    for (const row of [grid.rowX, grid.rowZ]) if (Math.abs(at(frame, row) - at(frame - 1, row)) > 4_000) return true;
  }
  return false;
}

/** Server side of one tick: acknowledgements that arrive, then a snapshot when one is due. */
export function serveClient(zone: RandomZone, client: LossyClient, tick: number, budgetBytes: number): void {
  for (let index = client.up.length - 1; index >= 0; index--) {
    if (client.up[index]!.atTick > tick) continue;
    acknowledge(client.viewer, client.up[index]!.ack);
    client.up.splice(index, 1);
  }
  if ((tick + client.slot) % client.intervalTicks !== 0) return;
  updateInSight(zone, client, tick);
  const { packer } = zone;
  const { viewer, line, random } = client;
  expect(packSnapshot(packer, viewer, tick, budgetBytes)).toBe(true);
  const seen = new Map<number, number>();
  for (const { slot, generation, state } of entriesOf(viewer)) if (state === SEEN) seen.set(slot, generation);
  expect(seen, `in sight at ${tick}`).toEqual(client.inSight);
  const truths = new Map([...seen.keys()].map((slot) => [slot, readTruth(zone, tick, slot, slot === client.slot)]));
  const sent: Sent = { bytes: packer.bytes.slice(packer.start, packer.end), tick, truths };
  client.newestSent = sent;
  if (random.below(300) === 0) client.pausedUntil = tick + random.below(line.pauseTicksMax + 1);
  if (random.below(256) < line.loss) return;
  client.down.push({ atTick: arrival(client, tick), sent });
}

function arrival({ random, line, pausedUntil }: LossyClient, tick: number): number {
  return Math.max(tick, pausedUntil) + random.below(line.delayTicksMax + 1);
}

/** Client side of one tick: snapshots that arrive, in any order, then an acknowledgement of the newest. */
export function runClient(client: LossyClient, tick: number): void {
  for (let index = client.down.length - 1; index >= 0; index--) {
    if (client.down[index]!.atTick > tick) continue;
    receive(client, client.down[index]!.sent);
    client.down.splice(index, 1);
  }
  const { random, line, replicas } = client;
  if (replicas.tick < 0 || random.below(256) < line.loss) return;
  client.up.push({ atTick: arrival(client, tick), ack: replicas.tick });
}

function receive(client: LossyClient, sent: Sent): void {
  const { replicas } = client;
  const isNewer = sent.tick > replicas.tick;
  const code = applySnapshot(replicas, readerOf(sent.bytes));
  // An honest client can always build on what it is sent.
  expect(code === APPLIED, `snapshot ${sent.tick} after ${replicas.tick}: ${code}`).toBe(isNewer);
  if (!isNewer) return;
  client.applied++;
  client.truth = sent.truths;
  if (replicas.omitted === 0) client.complete++;
  checkReplicas(client, sent);
}

/** The ServerSnapshot inside a ServerMessage that holds nothing else. */
export function readerOf(message: Uint8Array): Reader {
  const reader = new Reader(message);
  expect(reader.u8()).toBe(0x12);
  expect(reader.varint()).toBe(reader.remaining);
  return reader;
}

export function isTrue(replicas: Replicas, slot: number, truth: Truth): boolean {
  const replica = replicas.bySlot.get(slot);
  if (replica === undefined || replica.generation !== truth.generation) return false;
  if (replica.kind !== truth.kind) return false;
  const at = newestState(replicas, replica);
  return truth.values.every((value, row) => replica.values[at + row] === value);
}

/** Nothing is there that is out of sight; what was just told is true; when nothing was left out, everything is. */
function checkReplicas({ replicas }: LossyClient, { tick, truths }: Sent): void {
  for (const [slot, replica] of replicas.bySlot) {
    expect(truths.has(slot), `slot ${slot} is out of sight at ${tick}`).toBe(true);
    expect(replica.ticks.length).toBeLessThanOrEqual(128);
    if (replica.ticks[replica.count - 1] === tick) expect(isTrue(replicas, slot, truths.get(slot)!)).toBe(true);
  }
  let wrong = 0;
  for (const [slot, truth] of truths) if (!isTrue(replicas, slot, truth)) wrong++;
  expect(wrong, `of ${truths.size} entities at ${tick}`).toBeLessThanOrEqual(replicas.omitted);
}
