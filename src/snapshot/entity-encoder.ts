// What one entity is on the wire, encoded once per (entity, baseline) and frame, however many clients look at it: after
// bevy_replicon's `write_component_cached`. Edge threads; one encoder an edge. Reads history, writes its own cache: bits
// of a record of `changes` (src/wire/changes.ts), bytes of a full state.
// What only the owner sees is never in the cache: it is encoded for its owner alone.

import { BitWriter } from '../base/bit-stream.ts';
import { varintBytes, zigzag } from '../base/bytes.ts';
import { VISIBLE_MAX } from '../base/limits.ts';
import { frameOffset, frameSlotCount, GENERATION, type History, KIND, ROWS } from '../sim/history.ts';
import { CLASS_BITS, createWidths, groupCount, ROWS_A_GROUP } from '../wire/changes.ts';
import { LENGTH_DELIMITED, VARINT } from '../wire/codec.ts';
import { ENTITY } from '../wire/schema.ts';

/** Baselines held per entity, by tick; a power of two. Clients served in one tick differ by few. */
const WAYS = 16;
const ENTRY_WORDS = 4;
/** Words of an entry of `changeEntries`, beside its stamp. */
export const CHANGE_BASELINE = 1;
export const CHANGE_START = 2;
export const CHANGE_BITS = 3;

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
  /** Widths of differences by row and class. */
  readonly widths: Uint8Array;
  /** Differences of the record that is being written. */
  readonly differences: Int32Array;
  /** Of a record, in whole words. */
  readonly changeBytesMax: number;
  readonly stateBytesMax: number;
  /** Of the part that everyone sees. */
  readonly publicStateBytesMax: number;
  /**
   * Records of the frame that is being encoded, without what they say of their baseline, in the order in which they were
   * asked for: what is sent lies close. Each begins a word, and what it leaves of its last one is 0.
   */
  readonly changes: DataView;
  readonly writer: BitWriter;
  changesEnd: number;
  /** Of slots in that frame. */
  slotBits: number;
  /** Four words a slot and baseline: stamp, tick of the baseline, byte at which its record begins, how many bits it has. */
  readonly changeEntries: Int32Array;
  /** Entries with another stamp are of another frame. */
  stamp: number;
  /** Tick of that frame; −1 = none. */
  tick: number;
  readonly states: Uint8Array;
  readonly stateLengths: Uint16Array;
  readonly stateTicks: Int32Array;
  /** Records and states that were not there yet; goes round at 32 bits. */
  misses: number;
}

/**
 * Whatever the column's type: nothing clamps what a game writes, and a value out of its range must not run into the
 * bytes of the entity beside it.
 */
const VALUE_BYTES_MAX = 5;
const SLOT_BITS_MAX = 16;

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
  const stateBytesMax = headBytes + rowBytes;
  const publicRows = rows.filter((row) => !row.ownerOnly);
  const changeBits = publicRows.reduce((bits, row) => bits + CLASS_BITS + row.bits, SLOT_BITS_MAX);
  const maskBits = groupCount(publicRows.length) * (ROWS_A_GROUP + 1);
  const changeBytesMax = Math.ceil((changeBits + maskBits) / 32) * 4;
  const changes = new DataView(new ArrayBuffer(Math.max(2 * VISIBLE_MAX, capacity) * changeBytesMax + 4));
  return {
    history,
    names,
    nameBytes,
    publicRows: publicRows.length,
    fields: Int32Array.from(rows, (row) => row.field),
    signed: Uint8Array.from(rows, (row) => Number(row.signed)),
    spares: Uint8Array.from(rows, (row) => 32 - row.bits),
    widths: createWidths(rows),
    differences: new Int32Array(publicRows.length),
    changeBytesMax,
    stateBytesMax,
    publicStateBytesMax: headBytes + publicRowBytes,
    changes,
    writer: new BitWriter(changes),
    changesEnd: 0,
    slotBits: 1,
    changeEntries: new Int32Array(capacity * WAYS * ENTRY_WORDS),
    stamp: 1,
    tick: -1,
    states: new Uint8Array(capacity * stateBytesMax),
    stateLengths: new Uint16Array(capacity),
    stateTicks: new Int32Array(capacity).fill(-1),
    misses: 0,
  };
}

/** Forgets what was encoded: for a new epoch, in which ticks may come again. */
export function resetEntityEncoder(encoder: EntityEncoder): void {
  forgetChanges(encoder);
  encoder.stateTicks.fill(-1);
}

function forgetChanges(encoder: EntityEncoder): void {
  encoder.stamp = (encoder.stamp + 1) | 0;
  encoder.changesEnd = 0;
}

/** Before the records of a snapshot, which may be so many: entries found from here on hold until the next call. */
export function reserveChanges(encoder: EntityEncoder, tick: number, count: number): void {
  const isFull = encoder.changesEnd + count * encoder.changeBytesMax > encoder.changes.byteLength - 4;
  if (encoder.tick !== tick || isFull) forgetChanges(encoder);
  encoder.tick = tick;
  encoder.slotBits = Math.max(1, 32 - Math.clz32(frameSlotCount(encoder.history, tick) - 1));
}

/**
 * Entry of the record of `slot` between the frame reserved for and one that is held, without what it says of its baseline:
 * `changeEntries[entry + CHANGE_START]` and `[entry + CHANGE_BITS]` say where its bits are in `changes`.
 */
export function encodeChange(encoder: EntityEncoder, slot: number, baselineTick: number): number {
  const { changeEntries, stamp, writer } = encoder;
  const entry = ((baselineTick & (WAYS - 1)) * encoder.history.capacity + slot) * ENTRY_WORDS;
  if (changeEntries[entry] === stamp && changeEntries[entry + CHANGE_BASELINE] === baselineTick) return entry;
  encoder.misses = (encoder.misses + 1) | 0;
  writer.reset(encoder.changesEnd);
  writeChange(encoder, writer, slot, baselineTick);
  changeEntries[entry] = stamp;
  changeEntries[entry + CHANGE_BASELINE] = baselineTick;
  changeEntries[entry + CHANGE_START] = encoder.changesEnd;
  changeEntries[entry + CHANGE_BITS] = writer.bitLength;
  encoder.changesEnd = (writer.finish() + 3) & ~3;
  return entry;
}

function writeChange(encoder: EntityEncoder, writer: BitWriter, slot: number, baselineTick: number): void {
  const { differences, widths, publicRows } = encoder;
  writer.put(slot, encoder.slotBits);
  const rowEnd = readDifferences(encoder, slot, baselineTick);
  for (let row = 0; ; ) {
    let mask = 0;
    for (let bit = 1; bit < 1 << ROWS_A_GROUP && row < publicRows; bit <<= 1) if (differences[row++] !== 0) mask |= bit;
    const isLast = row >= rowEnd;
    writer.put(isLast ? mask : mask | (1 << ROWS_A_GROUP), ROWS_A_GROUP + 1);
    if (isLast) break;
  }
  for (let row = 0; row < rowEnd; row++) {
    if (differences[row] === 0) continue;
    const value = zigzag(differences[row]!);
    const first = row << CLASS_BITS;
    let at = first;
    // The last class holds them all: its width is the row's.
    while (at < first + 3 && value >>> widths[at]! !== 0) at++;
    writer.put(at - first, CLASS_BITS);
    writer.put(value, widths[at]!);
  }
}

/** Into `differences`; returns the end of those that are not 0. */
function readDifferences(
  { history, spares, differences, tick }: EntityEncoder,
  slot: number,
  baselineTick: number,
): number {
  const { records, stride } = history;
  const now = frameOffset(history, tick) + slot * stride + ROWS;
  const was = frameOffset(history, baselineTick) + slot * stride + ROWS;
  let end = 0;
  for (let row = 0; row < differences.length; row++) {
    const spare = spares[row]!;
    const difference = ((records[now + row]! - records[was + row]!) << spare) >> spare;
    differences[row] = difference;
    if (difference !== 0) end = row + 1;
  }
  return end;
}

/** Writes the EntityDelta of a client's own entity, which has all rows; returns the end. */
export function writeOwnDelta(
  encoder: EntityEncoder,
  bytes: Uint8Array,
  offset: number,
  tick: number,
  slot: number,
  baselineTick: number,
): number {
  const { fields, spares, history } = encoder;
  const { records, stride } = history;
  const now = frameOffset(history, tick) + slot * stride + ROWS;
  const was = frameOffset(history, baselineTick) + slot * stride + ROWS;
  bytes[offset] = (ENTITY.slot << 3) | VARINT;
  let at = putVarint(bytes, offset + 1, slot);
  for (let row = 0; row < fields.length; row++) {
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
  encoder.misses = (encoder.misses + 1) | 0;
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
