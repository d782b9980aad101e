// What a journal keeps, in MessagePack: a record is an array `[kind, zoneId, zoneEpoch, tick, …]`, a group's body the array
// of its records. What a tick holds is the zone's own business and opaque here. Store thread; pure.
//
//   0 start     …, game, gameVersion, assets, accounts
//   1 tick      …, payload, whether it has commits
//   2 keyframe  …, file, SHA-256 of the content
//   3 reserved: it once said that ticks were missing, which their numbers say
//   4 closed    zone, epoch and tick are 0

import { Decoder, Encoder } from '@msgpack/msgpack';

/** A zone begins, anew (tick 0) or from the state at the end of `tick`; in each segment again, with the same epoch. */
export interface StartRecord {
  readonly kind: 'start';
  readonly zoneId: number;
  /** Of the zone's run: greater than that of any start before. */
  readonly zoneEpoch: number;
  readonly tick: number;
  readonly game: string;
  readonly gameVersion: string;
  /** What commits of these ticks name by place. */
  readonly assets: readonly string[];
  readonly accounts: readonly string[];
}

export interface TickRecord {
  readonly kind: 'tick';
  readonly zoneId: number;
  readonly zoneEpoch: number;
  readonly tick: number;
  readonly payload: Uint8Array;
  readonly hasCommits: boolean;
}

/** A keyframe of the zone has been written, read again and found whole. */
export interface KeyframeRecord {
  readonly kind: 'keyframe';
  readonly zoneId: number;
  readonly zoneEpoch: number;
  readonly tick: number;
  readonly file: string;
  readonly sha256: Uint8Array;
}

/** A clean end: whoever wrote until here had nothing more. */
export interface ClosedRecord {
  readonly kind: 'closed';
}

export type JournalRecord = StartRecord | TickRecord | KeyframeRecord | ClosedRecord;

const START = 0;
const TICK = 1;
const KEYFRAME = 2;
const CLOSED = 4;

const encoder = new Encoder();
const decoder = new Decoder();

/** The body of a group, valid until the next call. */
export function encodeRecords(records: readonly JournalRecord[]): Uint8Array {
  return encoder.encodeSharedRef(records.map(toRow));
}

function toRow(record: JournalRecord): unknown[] {
  if (record.kind === 'closed') return [CLOSED, 0, 0, 0];
  const { zoneId, zoneEpoch, tick } = record;
  switch (record.kind) {
    case 'tick':
      return [TICK, zoneId, zoneEpoch, tick, record.payload, record.hasCommits];
    case 'start': {
      const { game, gameVersion, assets, accounts } = record;
      return [START, zoneId, zoneEpoch, tick, game, gameVersion, assets, accounts];
    }
    case 'keyframe':
      return [KEYFRAME, zoneId, zoneEpoch, tick, record.file, record.sha256];
  }
}

/** The records of a body, or undefined when it is none of ours. Payloads lie in `body`. */
export function decodeRecords(body: Uint8Array): JournalRecord[] | undefined {
  let rows: unknown;
  try {
    rows = decoder.decode(body);
  } catch {
    // Whatever it can't read is not what `encodeRecords` wrote: the caller says where.
    return undefined;
  }
  if (!Array.isArray(rows)) return undefined;
  const records: JournalRecord[] = [];
  for (const row of rows) {
    const record = Array.isArray(row) ? fromRow(row) : undefined;
    if (record === undefined) return undefined;
    records.push(record);
  }
  return records;
}

function fromRow(row: readonly unknown[]): JournalRecord | undefined {
  const [kind, zoneId, zoneEpoch, tick] = row;
  if (kind === CLOSED) return { kind: 'closed' };
  if (!isCount(zoneId) || !isCount(zoneEpoch) || !isCount(tick)) return undefined;
  const place = { zoneId, zoneEpoch, tick };
  switch (kind) {
    case TICK:
      return isBytes(row[4]) && typeof row[5] === 'boolean'
        ? { kind: 'tick', ...place, payload: row[4], hasCommits: row[5] }
        : undefined;
    case START:
      return startFromRow(row, place);
    case KEYFRAME:
      return typeof row[4] === 'string' && isBytes(row[5])
        ? { kind: 'keyframe', ...place, file: row[4], sha256: row[5] }
        : undefined;
    default:
      return undefined;
  }
}

type Place = Pick<StartRecord, 'zoneId' | 'zoneEpoch' | 'tick'>;

function startFromRow(row: readonly unknown[], place: Place): StartRecord | undefined {
  const [, , , , game, gameVersion, assets, accounts] = row;
  if (typeof game !== 'string' || typeof gameVersion !== 'string') return undefined;
  if (!isTexts(assets) || !isTexts(accounts)) return undefined;
  return { kind: 'start', ...place, game, gameVersion, assets, accounts };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}
