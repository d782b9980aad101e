// Builds one client's snapshot, a whole ServerMessage, into a buffer of the packer's: what changed since what this
// client acknowledged, the most important first where the byte budget does not hold all. Edge threads. The bytes are
// ordinary protobuf (proto/game.proto), but for what changed of others: `changes` is a stream of bits (wire/changes.ts).
//
// Baselines are per client and entity, because a budget leaves entities out: the snapshot names one baseline, and an
// entity that builds on another names its own. An entity whose newest change the client has acknowledged is not sent.
// Full states have three named reasons: new (never sent), unacked (sent, nothing acknowledged), expired (the
// acknowledged frame is older than history keeps).

import { assert } from '../base/assert.ts';
import { zigzag } from '../base/bytes.ts';
import type { Counters } from '../base/counters.ts';
import {
  BASELINE_AGE_TICKS_MAX,
  FRAME_LAG_TICKS_MAX,
  SNAPSHOT_BYTES_MAX,
  SNAPSHOT_HEADROOM_BYTES,
  VISIBLE_MAX,
} from '../base/limits.ts';
import { frameOffset, INPUT_LEAD, INPUT_TICK, newestTick } from '../sim/history.ts';
import { AGE_BITS, CHANGES_HEAD_BYTES, COUNT_BITS, SLOT_WIDTH_BITS } from '../wire/changes.ts';
import { LENGTH_DELIMITED, VARINT } from '../wire/codec.ts';
import { SERVER_MESSAGE, SNAPSHOT } from '../wire/schema.ts';
import {
  CHANGE_BASELINE,
  CHANGE_BITS,
  CHANGE_START,
  type EntityEncoder,
  encodeChange,
  encodeState,
  putVarint,
  reserveChanges,
  writeOwnDelta,
  writeState,
} from './entity-encoder.ts';
import { type Interest, refreshInterest } from './interest.ts';
import {
  ACKED,
  beginSent,
  dropSent,
  ENTRY_WORDS,
  noteSent,
  PRIORITY,
  PRIORITY_FIRST,
  SLOT,
  type Viewer,
  WAS_SENT,
} from './viewer.ts';

/** Room before the body for the message's tag and length, and before these for what a carrier puts in front. */
const HEAD_BYTES = 3;
const BODY_AT = SNAPSHOT_HEADROOM_BYTES + HEAD_BYTES;

/** Priorities are told apart up to here: who waited for thirty snapshots and more is first, all alike. */
const RANKS = PRIORITY_FIRST;
/** More than fit a snapshot, unless next to nothing changed of each: then so many are in it, and the others in the next. */
const ENCODED_MAX = 192;
/** What `changes` takes beside its records: tag, length, head, and what they leave of the last byte. */
const CHANGES_FRAME_BYTES = 3 + CHANGES_HEAD_BYTES + 1;
assert(ENCODED_MAX < 1 << COUNT_BITS, 'their number fits the head');
assert(BASELINE_AGE_TICKS_MAX < 1 << AGE_BITS, 'the age of a baseline fits a record');

export interface Packer {
  readonly encoder: EntityEncoder;
  readonly interest: Interest;
  readonly counters: Counters<'edge'>;
  /** The message lies at `bytes[start, end)` until the next call. */
  readonly bytes: Uint8Array;
  start: number;
  end: number;
  /** Of the same bytes: it writes a word anywhere in one instruction. */
  readonly view: DataView;
  /** Of the candidates of the snapshot being built, which are `interest.changed`: where their bits are, how many. */
  readonly places: Int32Array;
  readonly lengths: Int32Array;
  /** Candidates by priority, where they don't all fit, and how many have which. */
  readonly order: Int32Array;
  readonly ranks: Int32Array;
}

export function createPacker(encoder: EntityEncoder, interest: Interest, counters: Counters<'edge'>): Packer {
  // What never fits beside the own entity and the leaves would be left out for ever.
  const bytes = encoder.publicStateBytesMax;
  assert(
    bytes <= SNAPSHOT_BYTES_MAX / 2,
    `the columns of this game that everyone sees take up to ${bytes} bytes an entity, and half a snapshot is ` +
      `${SNAPSHOT_BYTES_MAX / 2}: state fewer of them, or show some to their owner alone (seenBy)`,
  );
  // Budget, plus the parts that are never left out: the own entity, the leaves, the header.
  const message = new Uint8Array(4096 + encoder.stateBytesMax);
  return {
    encoder,
    interest,
    counters,
    bytes: message,
    start: 0,
    end: 0,
    view: new DataView(message.buffer),
    places: new Int32Array(ENCODED_MAX),
    lengths: new Int32Array(ENCODED_MAX),
    order: new Int32Array(VISIBLE_MAX),
    ranks: new Int32Array(RANKS),
  };
}

/**
 * Packs the snapshot of the frame of `tick` for one viewer. The grid must be built for that frame. Returns false when
 * the frame was overwritten meanwhile: nothing may be sent, the viewer's books say that it never was. Does not allocate.
 */
export function packSnapshot(packer: Packer, viewer: Viewer, tick: number, budgetBytes: number): boolean {
  const { encoder, counters } = packer;
  const { history } = encoder;
  refreshInterest(viewer, packer.interest, tick);
  const isBaselineHeld = viewer.ackedTick >= 0 && tick - viewer.ackedTick <= BASELINE_AGE_TICKS_MAX;
  const baselineTick = isBaselineHeld ? viewer.ackedTick : -1;
  beginSent(viewer, tick);
  let at = writeHeader(packer, viewer, tick, baselineTick);
  at = writeLeaves(packer, viewer, tick, at, budgetBytes / 2);
  at = writeOwn(packer, viewer, tick, baselineTick, at);
  const changed = packer.interest.changedCount;
  // In a crowd only those that may get a place are encoded.
  if (changed > ENCODED_MAX) keepFirst(packer, viewer, changed);
  const count = Math.min(changed, ENCODED_MAX);
  const totalBits = encodeCandidates(packer, viewer, tick, baselineTick, count);
  const room = BODY_AT + budgetBytes - at - CHANGES_FRAME_BYTES;
  let omitted = changed - count;
  if (omitted > 0 || totalBits > room * 8) {
    if (omitted === 0) sortByPriority(packer, viewer, count);
    omitted += cutToRoom(packer, count, (room - 3) * 8);
    at = putVarint(packer.bytes, at, (SNAPSHOT.omitted << 3) | VARINT);
    at = putVarint(packer.bytes, at, omitted);
    counters.words[counters.index.snapshotOmitted]! += omitted;
  }
  at = copyCandidates(packer, viewer, tick, baselineTick, count, at);
  finishMessage(packer, at);
  if (newestTick(history) - tick <= FRAME_LAG_TICKS_MAX) return true;
  dropSent(viewer, tick);
  return false;
}

function writeHeader(packer: Packer, viewer: Viewer, tick: number, baselineTick: number): number {
  const { bytes, encoder } = packer;
  const { records, stride } = encoder.history;
  const own = frameOffset(encoder.history, tick) + viewer.slot * stride;
  let at = BODY_AT;
  bytes[at++] = (SNAPSHOT.tick << 3) | VARINT;
  at = putVarint(bytes, at, tick);
  if (baselineTick >= 0) {
    bytes[at++] = (SNAPSHOT.baselineAge << 3) | VARINT;
    at = putVarint(bytes, at, tick - baselineTick);
  }
  const inputAge = tick - records[own + INPUT_TICK]!;
  if (inputAge > 0) {
    bytes[at++] = (SNAPSHOT.inputAge << 3) | VARINT;
    at = putVarint(bytes, at, inputAge);
  }
  const inputLead = records[own + INPUT_LEAD]!;
  if (inputLead !== 0) {
    bytes[at++] = (SNAPSHOT.inputLead << 3) | VARINT;
    at = putVarint(bytes, at, zigzag(inputLead));
  }
  return at;
}

/** Where many leave at once, those that no snapshot has listed yet come first, and not all are in each. */
function writeLeaves(packer: Packer, viewer: Viewer, tick: number, offset: number, bytesMax: number): number {
  const { bytes } = packer;
  const { leaving, leavingUnsent, leavingSent } = packer.interest;
  const { entries } = viewer;
  const total = leavingUnsent + leavingSent;
  if (total === 0) return offset;
  let count = 0;
  let length = 0;
  for (; count < total && length < bytesMax; count++) {
    length += slotBytes(entries[leavingAt(leaving, leavingUnsent, count) * ENTRY_WORDS + SLOT]!);
  }
  let at = offset;
  bytes[at++] = (SNAPSHOT.leaves << 3) | LENGTH_DELIMITED;
  at = putVarint(bytes, at, length);
  for (let place = 0; place < count; place++) {
    const index = leavingAt(leaving, leavingUnsent, place);
    at = putVarint(bytes, at, entries[index * ENTRY_WORDS + SLOT]!);
    noteSent(viewer, tick, index);
  }
  return at;
}

function leavingAt(leaving: Int32Array, unsent: number, place: number): number {
  return place < unsent ? leaving[place]! : leaving[VISIBLE_MAX - 1 - (place - unsent)]!;
}

function slotBytes(slot: number): number {
  return slot < 0x80 ? 1 : slot < 0x4000 ? 2 : 3;
}

/** The client's own entity, in every snapshot, with what only its owner may see. */
function writeOwn(packer: Packer, viewer: Viewer, tick: number, baselineTick: number, offset: number): number {
  const { bytes, encoder } = packer;
  const rows = encoder.history.rows.length;
  const ackedTick = viewer.entries[ACKED]!;
  const isDelta = ackedTick >= 0 && ackedTick === baselineTick;
  const field = isDelta ? SNAPSHOT.deltas : SNAPSHOT.entities;
  // The length goes in front and is not known yet: two bytes are left for it, and the body moves when one is enough.
  const body = offset + 3;
  const end = isDelta
    ? writeOwnDelta(encoder, bytes, body, tick, viewer.slot, baselineTick)
    : writeState(encoder, bytes, body, tick, viewer.slot, rows);
  bytes[offset] = (field << 3) | LENGTH_DELIMITED;
  const at = putVarint(bytes, offset + 1, end - body);
  if (at !== body) bytes.copyWithin(at, body, end);
  noteSent(viewer, tick, 0);
  return at + end - body;
}

/** Of so many candidates the first ENCODED_MAX by priority stay, in that order. */
function keepFirst(packer: Packer, viewer: Viewer, count: number): void {
  const { order } = packer;
  const { changed } = packer.interest;
  sortByPriority(packer, viewer, count);
  for (let place = 0; place < ENCODED_MAX; place++) order[place] = changed[order[place]!]!;
  for (let place = 0; place < ENCODED_MAX; place++) {
    changed[place] = order[place]!;
    order[place] = place;
  }
}

/**
 * Encodes the candidates, or finds them encoded: `places` is the entry of a record (≥ 0), ~slot for full states. Returns
 * how many bits they all take.
 */
function encodeCandidates(packer: Packer, viewer: Viewer, tick: number, baselineTick: number, count: number): number {
  const { encoder, places, lengths, counters } = packer;
  const { entries } = viewer;
  reserveChanges(encoder, tick, count);
  const missesBefore = encoder.misses;
  let total = 0;
  for (let candidate = 0; candidate < count; candidate++) {
    const at = packer.interest.changed[candidate]! * ENTRY_WORDS;
    const slot = entries[at + SLOT]!;
    const ackedTick = entries[at + ACKED]!;
    let bits: number;
    if (ackedTick >= 0 && tick - ackedTick <= BASELINE_AGE_TICKS_MAX) {
      const place = encodeChange(encoder, slot, ackedTick);
      places[candidate] = place;
      bits = encoder.changeEntries[place + CHANGE_BITS]! + (ackedTick === baselineTick ? 1 : 1 + AGE_BITS);
    } else {
      const reason = ackedTick >= 0 ? 'fullExpired' : entries[at + WAS_SENT] === 1 ? 'fullUnacked' : 'fullNew';
      counters.words[counters.index[reason]]!++;
      encodeState(encoder, tick, slot);
      places[candidate] = ~slot;
      const length = encoder.stateLengths[slot]!;
      bits = (length + (length < 0x80 ? 2 : 3)) * 8;
    }
    lengths[candidate] = bits;
    total += bits;
  }
  const misses = (encoder.misses - missesBefore) | 0;
  counters.words[counters.index.cacheMisses]! += misses;
  counters.words[counters.index.cacheHits]! += count - misses;
  return total;
}

/** Into `order`: the largest priority first, of equal ones whoever came first. Counting sort. */
function sortByPriority(packer: Packer, viewer: Viewer, count: number): void {
  const { order, ranks } = packer;
  const { changed } = packer.interest;
  ranks.fill(0);
  for (let index = 0; index < count; index++) ranks[rankOf(viewer, changed[index]!)]!++;
  let before = 0;
  for (let rank = 0; rank < RANKS; rank++) {
    const equal = ranks[rank]!;
    ranks[rank] = before;
    before += equal;
  }
  for (let index = 0; index < count; index++) order[ranks[rankOf(viewer, changed[index]!)]!++] = index;
}

function rankOf(viewer: Viewer, index: number): number {
  const priority = viewer.entries[index * ENTRY_WORDS + PRIORITY]!;
  return priority < RANKS ? RANKS - 1 - priority : 0;
}

/** Marks with length 0 what doesn't fit; returns how many. A smaller one may still go where a larger one did not. */
function cutToRoom(packer: Packer, count: number, roomBits: number): number {
  const { order, lengths } = packer;
  let left = roomBits;
  let omitted = 0;
  for (let place = 0; place < count; place++) {
    const index = order[place]!;
    const length = lengths[index]!;
    if (length <= left) left -= length;
    else {
      lengths[index] = 0;
      omitted++;
    }
  }
  return omitted;
}

/** Those that were not cut: full states as they come, then the records, whose length stands in front of them. */
function copyCandidates(
  packer: Packer,
  viewer: Viewer,
  tick: number,
  baselineTick: number,
  count: number,
  offset: number,
): number {
  const { bytes, encoder, places, lengths } = packer;
  const { changed } = packer.interest;
  let at = offset;
  let records = 0;
  let recordBits = 0;
  for (let candidate = 0; candidate < count; candidate++) {
    if (lengths[candidate] === 0) continue;
    noteSent(viewer, tick, changed[candidate]!);
    const place = places[candidate]!;
    if (place >= 0) {
      records++;
      recordBits += lengths[candidate]!;
      continue;
    }
    const length = encoder.stateLengths[~place]!;
    bytes[at++] = (SNAPSHOT.entities << 3) | LENGTH_DELIMITED;
    at = putVarint(bytes, at, length);
    at = copyBytes(encoder.states, ~place * encoder.stateBytesMax, length, bytes, at);
  }
  return records === 0 ? at : writeChanges(packer, tick, baselineTick, count, at, records, recordBits);
}

function writeChanges(
  packer: Packer,
  tick: number,
  baselineTick: number,
  count: number,
  offset: number,
  records: number,
  recordBits: number,
): number {
  const { bytes, view, encoder, places, lengths, counters } = packer;
  const { changes, changeEntries } = encoder;
  const length = CHANGES_HEAD_BYTES + ((recordBits + 7) >>> 3);
  bytes[offset] = (SNAPSHOT.changes << 3) | LENGTH_DELIMITED;
  let at = putVarint(bytes, offset + 1, length);
  const end = at + length;
  // As BitWriter does it, in locals: 3 % of what a snapshot costs in all.
  let word = (encoder.slotBits - 1) | (records << SLOT_WIDTH_BITS);
  let filled = CHANGES_HEAD_BYTES * 8;
  for (let candidate = 0; candidate < count; candidate++) {
    const place = places[candidate]!;
    if (place < 0 || lengths[candidate] === 0) continue;
    const recordTick = changeEntries[place + CHANGE_BASELINE]!;
    let from = changeEntries[place + CHANGE_START]!;
    let left = changeEntries[place + CHANGE_BITS]!;
    let value = recordTick === baselineTick ? 0 : 1 | ((tick - recordTick) << 1);
    let width = recordTick === baselineTick ? 1 : 1 + AGE_BITS;
    for (;;) {
      word |= value << filled;
      filled += width;
      if (filled >= 32) {
        view.setInt32(at, word, true);
        at += 4;
        filled -= 32;
        word = filled === 0 ? 0 : value >>> (width - filled);
      }
      if (left <= 0) break;
      value = changes.getInt32(from, true);
      width = left < 32 ? left : 32;
      from += 4;
      left -= 32;
    }
  }
  // A whole word: the buffer goes on behind the message.
  view.setInt32(at, word, true);
  counters.words[counters.index.snapshotChanges]! += records;
  counters.words[counters.index.snapshotChangeBytes]! += end - offset;
  return end;
}

function copyBytes(source: Uint8Array, from: number, length: number, target: Uint8Array, offset: number): number {
  for (let index = 0; index < length; index++) target[offset + index] = source[from + index]!;
  return offset + length;
}

/** Puts tag and length in front of the body. */
function finishMessage(packer: Packer, end: number): void {
  const { bytes } = packer;
  const length = end - BODY_AT;
  packer.start = SNAPSHOT_HEADROOM_BYTES + (length < 0x80 ? 1 : 0);
  bytes[packer.start] = (SERVER_MESSAGE.snapshot << 3) | LENGTH_DELIMITED;
  putVarint(bytes, packer.start + 1, length);
  packer.end = end;
}
