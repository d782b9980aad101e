// Records on the rings between edges and a zone, and so the zone's input stream: joins, leaves, evictions, inputs and
// requests, in the order the zone takes them, are all that can change it. Pure, any thread.
//
//   to the zone     u8 kind | u16 client |  join: u53 player, u32 epoch, u8 length + name, u8 state (0 new, 1 saved,
//                                           2 standing here, 3 new with an account); when 1 or 3: i32 a saved column
//                                           leave: –      input: zigzag a word of InputLayout   request: ClientRequest
//                                           reset: – (the edge starts: all clients it had are gone; in the place of
//                                           the connection index: which start it is)
//                                           evict: u53 player, u32 epoch (what stands of the player goes, if it was taken
//                                           in that epoch or before; no connection index)
//   from the zone   u8 kind | u16 client |  joined: u16 slot, u16 generation, u32 tick     left: u8 length + reason
//                                           response: ServerResponse     event: ServerEvent (client 0xFFFF = all)
//                                           near: u16 slot, ServerEvent (for who sees that slot; client 0xFFFF)
//                                           gone: – (answers each leave)           reset: – (answers that reset)
//
// A client is named by a number of 16 bits: edge index << 13 | connection index. An index is used again only after
// `gone`, and an edge listens only after `reset`: so nothing meant for somebody before reaches somebody after.

import { assert } from '../base/assert.ts';
import type { Reader, Writer } from '../base/bytes.ts';
import { CONNECTIONS_MAX, EDGES_MAX, NAME_LENGTH_MAX } from '../base/limits.ts';

export const RECORD_JOIN = 1;
export const RECORD_LEAVE = 2;
export const RECORD_INPUT = 3;
export const RECORD_REQUEST = 4;
export const RECORD_RESET = 5;
export const RECORD_EVICT = 6;

export const RECORD_JOINED = 1;
export const RECORD_LEFT = 2;
export const RECORD_RESPONSE = 3;
export const RECORD_EVENT = 4;
export const RECORD_GONE = 6;
export const RECORD_NEAR = 7;

export const CLIENT_BITS = 13;
export const CLIENT_ALL = 0xffff;
/** Of all of these. A journal that holds records of another format is not replayed. */
export const RECORD_FORMAT = 2;
/** Bytes of the largest record: a request fills a client's frame. */
export const RECORD_BYTES_MAX = 8192;

assert(CONNECTIONS_MAX < 1 << CLIENT_BITS, 'an edge numbers its connections in 13 bits, and none is CLIENT_ALL');
assert(2 * EDGES_MAX <= 1 << (16 - CLIENT_BITS), 'what is left of 16 bits numbers the edges of both kinds');

export interface JoinRecord {
  readonly playerId: number;
  readonly name: string;
  /** In which the character was taken for this zone; 0 when it is standing. */
  readonly epoch: number;
  /** Saved columns in the game's order; undefined for a new character without an account, and for one that is standing. */
  readonly saved: Int32Array | undefined;
  /** The player was last heard of standing in this zone. If it is gone by now, its last save is on its way to the store. */
  readonly isStanding?: boolean;
  /** Never saved: of `saved`, if there is any, only what belongs to its account counts. */
  readonly isNew?: boolean;
  /** To the newest commands of the player, wherever it gave them; the newest first. */
  readonly answers?: readonly JoinAnswer[];
}

export interface JoinAnswer {
  readonly key: number;
  /** '' = done. */
  readonly refused: string;
}

const STATE_NEW = 0;
const STATE_SAVED = 1;
const STATE_STANDING = 2;
const STATE_NEW_WITH_ACCOUNT = 3;

export function writeJoinRecord(writer: Writer, client: number, join: JoinRecord): void {
  assert(join.name.length <= NAME_LENGTH_MAX, 'a name was checked before it joins');
  writer.u8(RECORD_JOIN);
  writer.u16(client);
  writer.u53(join.playerId);
  writer.u32(join.epoch);
  writeAscii(writer, join.name);
  const { saved } = join;
  const state = stateOf(join);
  writer.u8(state);
  if (saved !== undefined && state !== STATE_STANDING) for (const value of saved) writer.u32(value >>> 0);
  const { answers = [] } = join;
  writer.u8(answers.length);
  for (const { key, refused } of answers) {
    writer.u32(key);
    writeAscii(writer, refused);
  }
}

function stateOf({ saved, isStanding, isNew }: JoinRecord): number {
  if (isStanding === true) return STATE_STANDING;
  if (saved === undefined) return STATE_NEW;
  return isNew === true ? STATE_NEW_WITH_ACCOUNT : STATE_SAVED;
}

/** Behind kind and client. */
export function readJoinRecord(reader: Reader, savedCount: number): JoinRecord {
  const playerId = reader.u53();
  const epoch = reader.u32();
  const name = readAscii(reader);
  const state = reader.u8();
  const isStanding = state === STATE_STANDING;
  const isNew = state === STATE_NEW || state === STATE_NEW_WITH_ACCOUNT;
  const hasSaved = !isStanding && state !== STATE_NEW;
  const saved = hasSaved ? new Int32Array(savedCount) : undefined;
  if (saved !== undefined) for (let index = 0; index < savedCount; index++) saved[index] = reader.i32();
  return { playerId, epoch, name, saved, isStanding, isNew, answers: readJoinAnswers(reader) };
}

function readJoinAnswers(reader: Reader): JoinAnswer[] {
  const answers: JoinAnswer[] = [];
  const count = reader.u8();
  for (let index = 0; index < count && !reader.failed; index++) {
    const key = reader.u32();
    answers.push({ key, refused: readAscii(reader) });
  }
  return answers;
}

export interface EvictRecord {
  readonly playerId: number;
  /** The newest one that has ended. */
  readonly epoch: number;
}

export function writeEvictRecord(writer: Writer, client: number, { playerId, epoch }: EvictRecord): void {
  writer.u8(RECORD_EVICT);
  writer.u16(client);
  writer.u53(playerId);
  writer.u32(epoch);
}

/** Behind kind and client. */
export function readEvictRecord(reader: Reader): EvictRecord {
  return { playerId: reader.u53(), epoch: reader.u32() };
}

/** A record that is no more than its kind: leave, gone, reset. */
export function writeBareRecord(writer: Writer, kind: number, client: number): void {
  writer.u8(kind);
  writer.u16(client);
}

export function writeInputRecord(writer: Writer, client: number, words: Int32Array, from: number, count: number): void {
  writer.u8(RECORD_INPUT);
  writer.u16(client);
  for (let index = 0; index < count; index++) writer.zigzag(words[from + index]!);
}

/** Behind kind and client. */
export function readInputRecord(reader: Reader, words: Int32Array): void {
  for (let index = 0; index < words.length; index++) words[index] = reader.zigzag();
}

export function writeRequestRecord(writer: Writer, client: number, frame: Uint8Array, from: number, end: number): void {
  writer.u8(RECORD_REQUEST);
  writer.u16(client);
  writer.raw(frame, from, end);
}

export function writeJoinedRecord(
  writer: Writer,
  client: number,
  slot: number,
  generation: number,
  tick: number,
): void {
  writer.u8(RECORD_JOINED);
  writer.u16(client);
  writer.u16(slot);
  writer.u16(generation);
  writer.u32(tick);
}

export function writeLeftRecord(writer: Writer, client: number, reason: string): void {
  writer.u8(RECORD_LEFT);
  writer.u16(client);
  writeAscii(writer, reason);
}

function writeAscii(writer: Writer, text: string): void {
  writer.u8(text.length);
  for (let index = 0; index < text.length; index++) writer.u8(text.charCodeAt(index));
}

export function readAscii(reader: Reader): string {
  const length = reader.u8();
  let text = '';
  for (let index = 0; index < length; index++) text += String.fromCharCode(reader.u8());
  return text;
}
