// Bytes of one entity, encoded once per (entity, baseline) and frame, however many clients look at it: after
// bevy_replicon's `write_component_cached`. Edge threads; one encoder an edge. Reads history, writes its own cache.
// What only the owner sees is never in the cache: it is encoded for its owner alone.

import { varintBytes, zigzag } from '../base/bytes.ts';
import { VISIBLE_MAX } from '../base/limits.ts';
import { frameOffset, GENERATION, type History, KIND, ROWS } from '../sim/history.ts';
import { LENGTH_DELIMITED, VARINT } from '../wire/codec.ts';
import { ENTITY } from '../wire/schema.ts';

/** Baselines held per entity, by tick; a power of two. Clients served in one tick differ by few. */
const WAYS = 16;
const ENTRY_WORDS = 4;
/** Words of an entry of `deltaEntries`, beside its stamp. */
const BASELINE = 1;
export const DELTA_START = 2;
export const DELTA_LENGTH = 3;

export interface EntityEncoder {
  readonly history: History;
  /** ASCII names of players, `nameBytes` a slot: length, then letters. */
  readonly names: Uint8Array;
  readonly nameBytes: number;
  readonly publicRows: number;
  readonly fields: Int32Array;
  readonly signed: Uint8Array;
  /** 32 less the width of the row: what differences are shifted by to go round there (`wrapDifference`). */
  readonly spares: Uint8Array;
  readonly deltaBytesMax: number;
  readonly stateBytesMax: number;
  /** Of the part that everyone sees. */
  readonly publicStateBytesMax: number;
  /** Deltas of the frame that is being encoded, in the order in which they were asked for: what is sent lies close. */
  readonly deltas: Uint8Array;
  deltasEnd: number;
  /** Four words a slot and baseline: stamp, tick of the baseline, where its bytes begin in `deltas`, how many. */
  readonly deltaEntries: Int32Array;
  /** Entries with another stamp are of another frame. */
  stamp: number;
  /** Tick of that frame; −1 = none. */
  tick: number;
  readonly states: Uint8Array;
  readonly stateLengths: Uint16Array;
  readonly stateTicks: Int32Array;
}

/**
 * Whatever the column's type: nothing clamps what a game writes, and a value out of its range must not run into the
 * bytes of the entity beside it.
 */
const VALUE_BYTES_MAX = 5;

export function createEntityEncoder(history: History, names: Uint8Array, nameBytes: number): EntityEncoder {
  const { rows, capacity } = history;
  let rowBytes = 0;
  let publicRowBytes = 0;
  for (const row of rows) {
    const bytes = varintBytes(row.field << 3) + VALUE_BYTES_MAX;
    rowBytes += bytes;
    if (!row.ownerOnly) publicRowBytes += bytes;
  }
  const headBytes = 4 + 4 + 3 + 1 + nameBytes + 1;
  const deltaBytesMax = 4 + rowBytes;
  const stateBytesMax = headBytes + rowBytes;
  return {
    history,
    names,
    nameBytes,
    publicRows: rows.filter((row) => !row.ownerOnly).length,
    fields: Int32Array.from(rows, (row) => row.field),
    signed: Uint8Array.from(rows, (row) => Number(row.signed)),
    spares: Uint8Array.from(rows, (row) => 32 - row.bits),
    deltaBytesMax,
    stateBytesMax,
    publicStateBytesMax: headBytes + publicRowBytes,
    deltas: new Uint8Array(Math.max(2 * VISIBLE_MAX, capacity) * deltaBytesMax),
    deltasEnd: 0,
    deltaEntries: new Int32Array(capacity * WAYS * ENTRY_WORDS),
    stamp: 1,
    tick: -1,
    states: new Uint8Array(capacity * stateBytesMax),
    stateLengths: new Uint16Array(capacity),
    stateTicks: new Int32Array(capacity).fill(-1),
  };
}

/** Forgets what was encoded: for a new epoch, in which ticks may come again. */
export function resetEntityEncoder(encoder: EntityEncoder): void {
  forgetDeltas(encoder);
  encoder.stateTicks.fill(-1);
}

function forgetDeltas(encoder: EntityEncoder): void {
  encoder.stamp = (encoder.stamp + 1) | 0;
  encoder.deltasEnd = 0;
}

/** Before the deltas of a snapshot, which may be so many: entries found from here on hold until the next call. */
export function reserveDeltas(encoder: EntityEncoder, tick: number, count: number): void {
  const isFull = encoder.deltasEnd + count * encoder.deltaBytesMax > encoder.deltas.length;
  if (encoder.tick !== tick || isFull) forgetDeltas(encoder);
  encoder.tick = tick;
}

/**
 * Entry of the EntityDelta of `slot` between the frame reserved for and one that is held, as everyone sees it and without
 * baseline age: `deltaEntries[entry + DELTA_START]` and `[entry + DELTA_LENGTH]` say where its bytes are in `deltas`.
 */
export function encodeDelta(encoder: EntityEncoder, slot: number, baselineTick: number): number {
  const { deltaEntries, stamp } = encoder;
  const entry = (slot * WAYS + (baselineTick & (WAYS - 1))) * ENTRY_WORDS;
  if (deltaEntries[entry] === stamp && deltaEntries[entry + BASELINE] === baselineTick) return entry;
  const start = encoder.deltasEnd;
  const end = writeDelta(encoder, encoder.deltas, start, encoder.tick, slot, baselineTick, encoder.publicRows);
  encoder.deltasEnd = end;
  deltaEntries[entry] = stamp;
  deltaEntries[entry + BASELINE] = baselineTick;
  deltaEntries[entry + DELTA_START] = start;
  deltaEntries[entry + DELTA_LENGTH] = end - start;
  return entry;
}

/** Writes an EntityDelta over the first `rowCount` rows (all of them for the owner); returns the end. */
export function writeDelta(
  encoder: EntityEncoder,
  bytes: Uint8Array,
  offset: number,
  tick: number,
  slot: number,
  baselineTick: number,
  rowCount: number,
): number {
  const { fields, spares, history } = encoder;
  const { records, stride } = history;
  const now = frameOffset(history, tick) + slot * stride + ROWS;
  const was = frameOffset(history, baselineTick) + slot * stride + ROWS;
  bytes[offset] = (ENTITY.slot << 3) | VARINT;
  let at = putVarint(bytes, offset + 1, slot);
  for (let row = 0; row < rowCount; row++) {
    const difference = records[now + row]! - records[was + row]!;
    if (difference === 0) continue;
    at = putVarint(bytes, at, fields[row]! << 3);
    at = putVarint(bytes, at, zigzag((difference << spares[row]!) >> spares[row]!));
  }
  return at;
}

/** Makes sure that `states[slot * stateBytesMax …]` is the EntityState of `slot` as everyone sees it. */
export function encodeState(encoder: EntityEncoder, tick: number, slot: number): void {
  if (encoder.stateTicks[slot] === tick) return;
  const start = slot * encoder.stateBytesMax;
  encoder.stateLengths[slot] = writeState(encoder, encoder.states, start, tick, slot, encoder.publicRows) - start;
  encoder.stateTicks[slot] = tick;
}

/** Writes an EntityState over the first `rowCount` rows; returns the end. */
export function writeState(
  encoder: EntityEncoder,
  bytes: Uint8Array,
  offset: number,
  tick: number,
  slot: number,
  rowCount: number,
): number {
  const { fields, signed, names, nameBytes, history } = encoder;
  const { records, stride } = history;
  const record = frameOffset(history, tick) + slot * stride;
  let at = offset;
  bytes[at++] = (ENTITY.slot << 3) | VARINT;
  at = putVarint(bytes, at, slot);
  bytes[at++] = (ENTITY.generation << 3) | VARINT;
  at = putVarint(bytes, at, records[record + GENERATION]!);
  bytes[at++] = (ENTITY.kind << 3) | VARINT;
  at = putVarint(bytes, at, records[record + KIND]!);
  const nameLength = Math.min(names[slot * nameBytes]!, nameBytes - 1);
  if (nameLength > 0) {
    bytes[at++] = (ENTITY.name << 3) | LENGTH_DELIMITED;
    bytes[at++] = nameLength;
    for (let index = 1; index <= nameLength; index++) bytes[at++] = names[slot * nameBytes + index]!;
  }
  for (let row = 0; row < rowCount; row++) {
    const value = records[record + ROWS + row]!;
    if (value === 0) continue;
    at = putVarint(bytes, at, fields[row]! << 3);
    at = putVarint(bytes, at, signed[row] === 0 ? value : zigzag(value));
  }
  return at;
}

/** A varint without a bounds check: the callers' buffers are sized for the worst case. Returns the end. */
export function putVarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}
