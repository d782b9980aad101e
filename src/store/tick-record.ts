// What a zone puts on its journal ring each tick: all records it took, in order, which replay it; and the commits that it
// made. Pure: the zone thread writes it, the store thread reads it, and so does a zone that is recovered.
//
//   tick     u32 tick | u32 epoch of the zone | u8 flags (1: commits were allowed, 2: with a hash, 4: what was taken is left out) | u32 low, u32 high where there is one |
//            u32 bytes of what was taken | u16 length, bytes … | commits to the end
//   commit   u53 player | u32 key | text request | text refused | u16 transfers | transfer …
//   transfer u8 asset, by place | u32 amount | side from | side to
//   side     u8 0 | u53 player | u32 epoch | u32 seq | u32 balance          u8 1 + place of the account

import { Reader, type Writer } from '../base/bytes.ts';
import type { Commit, Side, Transfer } from './commit.ts';

const COMMITS_ALLOWED = 1;
const HAS_HASH = 2;
const IS_CUT = 4;
/** Places of the fields that are known only when all is written. */
const FLAGS_AT = 8;

export interface TickHead {
  readonly tick: number;
  /** Of the zone: each of its threads has one of its own, greater than those before. */
  readonly epoch: number;
  readonly isOpen: boolean;
  /** More was taken than a record holds: it has the commits alone, and nothing can be replayed across it. */
  readonly isCut: boolean;
  /** Of the state at the end of the tick; undefined where it was not computed. */
  readonly hash: { readonly low: number; readonly high: number } | undefined;
  /** What was taken lies at `[inputsFrom, inputsEnd)`, commits behind it. */
  readonly inputsFrom: number;
  readonly inputsEnd: number;
}

/** Begins a record; what was taken follows by `writeTaken`, then `endTaken`, then commits. */
export function beginTickRecord(writer: Writer, tick: number, epoch: number, isOpen: boolean, hasHash: boolean): void {
  writer.reset();
  writer.u32(tick);
  writer.u32(epoch);
  writer.u8((isOpen ? COMMITS_ALLOWED : 0) | (hasHash ? HAS_HASH : 0));
  if (hasHash) for (let word = 0; word < 2; word++) writer.u32(0);
  writer.u32(0);
}

/** A record of the commits of a tick alone. */
export function beginCutRecord(writer: Writer, tick: number, epoch: number): void {
  writer.reset();
  writer.u32(tick);
  writer.u32(epoch);
  writer.u8(COMMITS_ALLOWED | IS_CUT);
  writer.u32(0);
}

export function writeTaken(writer: Writer, bytes: Uint8Array, from: number, end: number): void {
  writer.u16(end - from);
  writer.raw(bytes, from, end);
}

function inputsStart(bytes: Uint8Array, from: number): number {
  return from + FLAGS_AT + 1 + ((bytes[from + FLAGS_AT]! & HAS_HASH) !== 0 ? 8 : 0) + 4;
}

export function endTaken({ bytes, offset }: Writer): void {
  const from = inputsStart(bytes, 0);
  putU32(bytes, from - 4, offset - from);
}

/** Into a record that was begun with one. */
export function putHash({ bytes }: Writer, low: number, high: number): void {
  putU32(bytes, FLAGS_AT + 1, low);
  putU32(bytes, FLAGS_AT + 5, high);
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  for (let byte = 0; byte < 4; byte++) bytes[at + byte] = value >>> (8 * byte);
}

/** Undefined when it is no record of this format. */
export function readTickHead(bytes: Uint8Array): TickHead | undefined {
  const reader = new Reader(bytes);
  const tick = reader.u32();
  const epoch = reader.u32();
  const flags = reader.u8();
  const hash = (flags & HAS_HASH) === 0 ? undefined : { low: reader.u32(), high: reader.u32() };
  const length = reader.u32();
  if (reader.failed || length > reader.remaining) return undefined;
  return {
    tick,
    epoch,
    isOpen: (flags & COMMITS_ALLOWED) !== 0,
    isCut: (flags & IS_CUT) !== 0,
    hash,
    inputsFrom: reader.offset,
    inputsEnd: reader.offset + length,
  };
}

/** Calls `take` for each record that the zone took, in order; false when they don't fit their length. */
export function eachTaken(
  bytes: Uint8Array,
  { inputsFrom, inputsEnd }: TickHead,
  take: (from: number, end: number) => void,
): boolean {
  const reader = new Reader();
  reader.reset(bytes, inputsFrom, inputsEnd);
  while (reader.remaining > 0) {
    const length = reader.u16();
    const from = reader.offset;
    reader.skip(length);
    if (reader.failed) return false;
    take(from, from + length);
  }
  return true;
}

export function writeCommitHead(
  writer: Writer,
  playerId: number,
  key: number,
  request: string,
  refused: string,
  transfers: number,
): void {
  writer.u53(playerId);
  writer.u32(key);
  writer.text(request);
  writer.text(refused);
  writer.u16(transfers);
}

export function writeTransferHead(writer: Writer, asset: number, amount: number): void {
  writer.u8(asset);
  writer.u32(amount);
}

export function writePlayerSide(writer: Writer, playerId: number, epoch: number, seq: number, balance: number): void {
  writer.u8(0);
  writer.u53(playerId);
  writer.u32(epoch);
  writer.u32(seq);
  writer.u32(balance);
}

export function writeNamedSide(writer: Writer, account: number): void {
  writer.u8(1 + account);
}

/** What a commit says beyond its bytes. */
export interface CommitSource {
  /** `node/zone`. */
  readonly origin: string;
  readonly zoneId: number;
  readonly game: string;
  readonly assets: readonly string[];
  readonly accounts: readonly string[];
}

/** Undefined when they are not whole, or of another game. Allocates. */
export function readCommits(bytes: Uint8Array, head: TickHead, source: CommitSource): readonly Commit[] | undefined {
  const { tick, epoch, inputsEnd } = head;
  const { origin, zoneId, game } = source;
  const reader = new Reader();
  reader.reset(bytes, inputsEnd, bytes.length);
  const commits: Commit[] = [];
  while (reader.remaining > 0) {
    const playerId = reader.u53();
    const key = reader.u32();
    const request = reader.text(reader.varint());
    const refused = reader.text(reader.varint());
    const count = reader.u16();
    const transfers: Transfer[] = [];
    for (let index = 0; index < count && !reader.failed; index++) {
      const asset = source.assets[reader.u8()];
      const amount = reader.u32();
      const from = readSide(reader, source);
      const to = readSide(reader, source);
      if (asset === undefined || from === undefined || to === undefined) return undefined;
      transfers.push({ asset, amount, from, to });
    }
    if (reader.failed) return undefined;
    const id = `${origin}/${epoch}/${tick}/${commits.length}`;
    commits.push({ id, game, zoneId, tick, playerId, key, request, refused, transfers });
  }
  return commits;
}

function readSide(reader: Reader, { accounts }: CommitSource): Side | undefined {
  const account = reader.u8();
  if (account > 0) {
    const name = accounts[account - 1];
    return name === undefined ? undefined : { account: name };
  }
  return { playerId: reader.u53(), epoch: reader.u32(), seq: reader.u32(), balance: reader.u32() };
}
