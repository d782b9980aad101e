// A zone on disk: the whole state at the end of a tick as one run of bytes, and the way back: a keyframe, and the ticks
// after it done again from what was taken in them. Zone thread. What a zone does depends on nothing else: neither on
// clients, which are gone by then, nor on time.
//
//   text game | u32 version | u32 hash of the records' format and the columns' names | u32 capacity | u32 tick | u32 slots ever | header words |
//   columns, slots ever each | waiting inputs: u32 n | u16 slot, i32 newest, u8 m | m of: i32 tick, values …
//   frames: u8 n | u32 tick, u16 slots | kind, generation, x, y, z each
//   names: u32 n | u16 slot, text …  | answers

import type { Reader, Writer } from '../base/bytes.ts';
import { PENDING_INPUTS, REWIND_TICKS_MAX } from '../base/limits.ts';
import type { AnyGame } from '../sim/game.ts';
import { hashText, hashWords, type StateHash } from '../sim/hash.ts';
import { frameOffset, frameSlotCount, GENERATION, isFrameHeld, KIND, restoreFrame } from '../sim/history.ts';
import { playerIdOf, restoreWorld, slotCount, type World, worldTick } from '../sim/world.ts';
import { eachTaken, readTickHead } from '../store/tick-record.ts';
import { RECORD_FORMAT } from '../wire/zone-records.ts';
import { readAnswers, writeAnswers } from './answers.ts';
import { nameOf, setName } from './names.ts';
import type { Replayed, Zone } from './state.ts';

const one = new Int32Array(1);

/** Two numbers over everything that decides how the zone goes on. */
export function hashState({ world, pending }: Zone): StateHash {
  const hash = { low: 0, high: 0 };
  hashWords(hash, headerOf(world));
  for (let index = 0; index < world.columnList.length; index++)
    hashUsed(hash, world.columnList[index]!, world.slotsEver);
  const { ticks, newest, values } = pending;
  const count = slotCount(world);
  hashUsed(hash, newest, count);
  // The values of a place that is empty are left from before, and mean nothing.
  for (let place = 0; place < count * PENDING_INPUTS; place++) {
    if (ticks[place] === 0) continue;
    hashWord(hash, place);
    hashWord(hash, ticks[place]!);
    for (let index = 0; index < values.length; index++) hashWord(hash, values[index]![place]!);
  }
  return hash;
}

function hashUsed(hash: StateHash, column: Int32Array, count: number): void {
  hashWords(hash, column.subarray(0, count));
}

function hashWord(hash: StateHash, value: number): void {
  one[0] = value;
  hashWords(hash, one);
}

/** 16 hexadecimal digits. */
export function hashZone(zone: Zone): string {
  return hashText(hashState(zone));
}

/** The words before the columns. */
function headerOf({ words, columnList }: World): Int32Array {
  return words.subarray(0, (columnList[0]!.byteOffset - words.byteOffset) / 4);
}

function bytesOf(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** Which columns a keyframe has, and of which format the records after it are: others can't be put into this zone. */
function hashLayout(game: AnyGame): number {
  const hash = { low: 0, high: 0 };
  hashWord(hash, RECORD_FORMAT);
  // A join has the saved ones.
  for (const name of [...Object.keys(game.allColumns), '/', ...game.savedColumns]) {
    for (const char of name) hashWord(hash, char.codePointAt(0)!);
  }
  return hash.low;
}

export function writeZoneKeyframe(zone: Zone, writer: Writer): void {
  const { game, world } = zone;
  writer.reset();
  writer.text(game.name);
  writer.u32(game.version);
  writer.u32(hashLayout(game));
  writer.u32(world.capacity);
  writer.u32(worldTick(world));
  writer.u32(world.slotsEver);
  writer.raw(bytesOf(headerOf(world)));
  for (const column of world.columnList) writer.raw(bytesOf(column.subarray(0, world.slotsEver)));
  writePending(zone, writer);
  writeFrames(zone, writer);
  writeNames(zone, writer);
  writeAnswers(writer, zone.answers);
}

/** Puts the state into a zone that has nothing in it; false when it is of another game, version or columns. */
export function readZoneKeyframe(zone: Zone, reader: Reader): boolean {
  const { game, world } = zone;
  const isOurs =
    reader.text(reader.varint()) === game.name &&
    reader.u32() === game.version &&
    reader.u32() === hashLayout(game) >>> 0 &&
    reader.u32() === world.capacity;
  if (!isOurs || reader.failed) return false;
  const tick = reader.u32();
  const slotsEver = reader.u32();
  const words = new Int32Array(world.words.length);
  const header = headerOf(world);
  readWords(reader, words, 0, header.length);
  for (const column of world.columnList) {
    readWords(reader, words, (column.byteOffset - world.words.byteOffset) / 4, slotsEver);
  }
  restoreWorld(world, words);
  if (worldTick(world) !== tick) return false;
  readPending(zone, reader);
  readFrames(zone, reader);
  readNames(zone, reader);
  readAnswers(reader, zone.answers);
  return !reader.failed;
}

function readWords(reader: Reader, words: Int32Array, from: number, count: number): void {
  for (let index = from; index < from + count && !reader.failed; index++) words[index] = reader.i32();
}

function writePending({ world, pending }: Zone, writer: Writer): void {
  const { ticks, newest, values } = pending;
  const slots: number[] = [];
  for (let slot = 0; slot < slotCount(world); slot++) if (newest[slot] !== 0) slots.push(slot);
  writer.u32(slots.length);
  for (const slot of slots) {
    const places: number[] = [];
    for (let place = slot * PENDING_INPUTS; place < (slot + 1) * PENDING_INPUTS; place++) {
      if (ticks[place] !== 0) places.push(place);
    }
    writer.u16(slot);
    writer.u32(newest[slot]!);
    writer.u8(places.length);
    for (const place of places) {
      writer.u32(ticks[place]!);
      for (const value of values) writer.u32(value[place]!);
    }
  }
}

function readPending({ pending }: Zone, reader: Reader): void {
  const { ticks, newest, values } = pending;
  const slots = reader.u32();
  for (let index = 0; index < slots && !reader.failed; index++) {
    const slot = reader.u16();
    newest[slot] = reader.i32();
    const count = reader.u8();
    for (let each = 0; each < count && !reader.failed; each++) {
      const tick = reader.i32();
      const place = slot * PENDING_INPUTS + (tick & (PENDING_INPUTS - 1));
      ticks[place] = tick;
      for (const value of values) value[place] = reader.i32();
    }
  }
}

/** What is judged in the past is judged by the last frames: where everybody was. */
function writeFrames({ world, history, past }: Zone, writer: Writer): void {
  const { records, stride } = history;
  const newest = worldTick(world);
  const held: number[] = [];
  for (let tick = Math.max(1, newest - REWIND_TICKS_MAX); tick <= newest; tick++) {
    if (isFrameHeld(history, tick)) held.push(tick);
  }
  writer.u8(held.length);
  for (const tick of held) {
    const count = frameSlotCount(history, tick);
    writer.u32(tick);
    writer.u16(count);
    for (let slot = 0; slot < count; slot++) {
      const at = frameOffset(history, tick) + slot * stride;
      writer.u32(records[at + KIND]!);
      writer.u32(records[at + GENERATION]!);
      writer.u32(records[at + past.rowX]!);
      writer.u32(records[at + past.rowY]!);
      writer.u32(records[at + past.rowZ]!);
    }
  }
}

function readFrames({ history, past }: Zone, reader: Reader): void {
  const { records, stride } = history;
  const count = reader.u8();
  for (let index = 0; index < count && !reader.failed; index++) {
    const tick = reader.u32();
    const slots = reader.u16();
    for (let slot = 0; slot < slots && !reader.failed; slot++) {
      const at = frameOffset(history, tick) + slot * stride;
      records[at + KIND] = reader.i32();
      records[at + GENERATION] = reader.i32();
      records[at + past.rowX] = reader.i32();
      records[at + past.rowY] = reader.i32();
      records[at + past.rowZ] = reader.i32();
    }
    restoreFrame(history, tick, slots);
  }
}

function writeNames({ world, names }: Zone, writer: Writer): void {
  const slots: number[] = [];
  for (let slot = 0; slot < slotCount(world); slot++) if (playerIdOf(world, slot) !== 0) slots.push(slot);
  writer.u32(slots.length);
  for (const slot of slots) {
    writer.u16(slot);
    writer.text(nameOf(names, slot));
  }
}

function readNames({ names }: Zone, reader: Reader): void {
  const count = reader.u32();
  for (let index = 0; index < count && !reader.failed; index++) {
    const slot = reader.u16();
    setName(names, slot, reader.text(reader.varint()));
  }
}

/** The parts of a zone that do a tick, handed in: this file is below zone.ts. */
export interface ReplaySteps {
  begin(isOpen: boolean): void;
  take(bytes: Uint8Array, from: number, end: number): void;
  step(): void;
  end(): void;
}

export type ReplayEnd = Pick<Replayed, 'ticks' | 'end' | 'error'>;

/** Does the ticks again, from the state that a keyframe gave. @param records of the zone, oldest first */
export function replayTicks(zone: Zone, records: Iterable<Uint8Array>, steps: ReplaySteps): ReplayEnd {
  const { world, commits } = zone;
  let ticks = 0;
  let isBroken = false;
  for (const record of records) {
    const head = readTickHead(record);
    if (head === undefined) return { ticks, end: 'diverged' };
    if (head.tick <= worldTick(world)) continue;
    isBroken ||= head.isCut || head.tick !== worldTick(world) + 1;
    const promised = record.subarray(head.inputsEnd);
    if (isBroken) {
      if (promised.length > 0) return { ticks, end: 'promises_beyond' };
      continue;
    }
    steps.begin(head.isOpen);
    eachTaken(record, head, (from, end) => steps.take(record, from, end));
    steps.step();
    const isRight = head.hash === undefined || isSame(hashState(zone), head.hash);
    if (!isRight || !isEqual(commits.writer.bytes, commits.writer.offset, promised)) return { ticks, end: 'diverged' };
    steps.end();
    ticks++;
  }
  return { ticks, end: 'whole' };
}

function isSame(a: StateHash, b: StateHash): boolean {
  return a.low === b.low && a.high === b.high;
}

function isEqual(bytes: Uint8Array, length: number, other: Uint8Array): boolean {
  if (length !== other.length) return false;
  for (let index = 0; index < length; index++) if (bytes[index] !== other[index]) return false;
  return true;
}
