// Columns: what is known of every entity, as one Int32Array a column over shared memory. This file says which columns
// the engine has, what a game module may state about its own, and how columns become rows on the wire.
// Every column is int32 whatever its type: a type is a range. It keeps the inner loops monomorphic, an int32 never
// tears between threads, and the state hash is a walk over words (docs/decisions/0003-int32-columns.md).

import { assert } from '../base/assert.ts';
import { toSnakeCase } from '../base/fields.ts';

export type ColumnType = 'u8' | 'u16' | 'i16' | 'u31' | 'i32';

export interface ColumnSpec {
  /** Range of the values; `u16` that go round (angles) are sent as the shortest way. */
  readonly type: ColumnType;
  /** Who receives it: everyone who sees the entity, only the player who owns it, or no client at all. */
  readonly seenBy: 'everyone' | 'owner' | 'nobody';
  /** Protobuf field number, needed unless nobody sees it. The engine has 1–15, a game 16 and up. Never reused. */
  readonly field?: number;
  /** Low bits that others don't need: sent as `value >> shift`. The owner gets them too, under `fineField`. */
  readonly shift?: number;
  readonly fineField?: number;
  /** Written to the store with the character and loaded at join. */
  readonly saved?: boolean;
  /** What players own and nobody makes up: only `sim.transfer` changes it, and every change is a promise. A `u31`, saved. */
  readonly asset?: boolean;
  readonly comment?: string;
}

export type ColumnSpecs = Readonly<Record<string, ColumnSpec>>;
export type Columns<Specs extends ColumnSpecs> = { readonly [Name in keyof Specs]: Int32Array };

/** Internal position units in a millimetre, as a shift: 1/128 mm (20 m/s is 333.3 mm a tick). */
export const POSITION_SHIFT = 7;
/** Facings are 65536ths of a turn; others see 1024ths, a third of a degree: six bits less in each difference. */
const FACING_SHIFT = 6;
/** Field numbers of the engine's that nobody but an owner sees: beyond those of a game, still two bytes. */
const FINE_FIELDS_FROM = 2001;

const position = (field: number, fineField: number, comment: string): ColumnSpec => ({
  type: 'i32',
  seenBy: 'everyone',
  field,
  shift: POSITION_SHIFT,
  fineField,
  saved: true,
  comment,
});
/** Its owner predicts with it; others see where an entity goes by where it was, and save two differences. */
const velocity = (field: number): ColumnSpec => ({ type: 'i16', seenBy: 'owner', field, comment: 'cm/s' });
const hidden = (type: ColumnType, comment: string): ColumnSpec => ({ type, seenBy: 'nobody', comment });

/** The engine's own columns. Slot, generation, kind, name and baseline age have the field numbers left out here. */
export const ENGINE_COLUMNS = {
  kind: hidden('u8', 'which of the game’s kinds; 0 = the slot is free'),
  generation: hidden('u16', 'how often the slot was taken; part of the entity handle'),
  positionX: position(4, 13, 'mm'),
  positionY: position(5, 14, 'mm, height'),
  positionZ: position(6, 15, 'mm'),
  facing: {
    type: 'u16',
    seenBy: 'everyone',
    field: 7,
    shift: FACING_SHIFT,
    fineField: FINE_FIELDS_FROM,
    saved: true,
    comment: 'turns / 1024; 0 = +X, 256 = +Z',
  },
  velocityX: velocity(8),
  velocityY: velocity(9),
  velocityZ: velocity(10),
  client: hidden('u16', 'connection that owns the entity, 1 + index; 0 = none'),
  lingerTicks: hidden('u16', 'ticks until a player without connection is removed; 0 = connected'),
  playerLow: hidden('i32', 'player id, low 32 bits'),
  playerHigh: hidden('i32', 'player id, high bits'),
  inputTick: hidden('u31', 'tick of the newest input applied'),
  inputLead: hidden('i16', 'ticks by which inputs arrive early: recent minimum, negative = too late'),
  moveX: hidden('i16', 'input in force: −127 … 127'),
  moveZ: hidden('i16', 'input in force: −127 … 127'),
  aim: hidden('u16', 'input in force: facing the player wants, turns / 65536'),
  buttons: hidden('u16', 'input in force: bits, meaning is the game’s'),
  viewAge: hidden('u8', 'input in force: ticks between what the player saw of others and this tick; 0 = not said'),
  textTick: hidden('u31', 'guard: tick at which the present window of texts began; 0 = none'),
  textCount: hidden('u16', 'guard: texts in that window'),
  textHash: hidden('i32', 'guard: the last text taken'),
  textNewTick: hidden('u31', 'guard: when it was taken last'),
  textOldTick: hidden('u31', 'guard: when it was taken before that; 0 = it was not'),
  heardCost: hidden('u16', 'guard: what others’ texts to this player cost, as of heardTick'),
  heardTick: hidden('u31', 'guard: when the last of them was let through'),
  rewindTicks: hidden(
    'u16',
    'how far back hits are judged: 1 + 1/16 ticks of view age, clamped and smoothed; 0 = not known yet',
  ),
  epoch: hidden('u31', 'in which this zone took the player’s character: no save of an earlier one counts'),
  ledgerSeq: {
    type: 'u31',
    seenBy: 'nobody',
    saved: true,
    comment: 'how many transfers there were of the player’s account',
  },
} as const satisfies ColumnSpecs;

export type EngineColumns = Columns<typeof ENGINE_COLUMNS>;

const BITS: Readonly<Record<ColumnType, number>> = { u8: 8, u16: 16, i16: 16, u31: 31, i32: 32 };

/** One number of an entity as clients get it. */
export interface Row {
  /** As in the .proto: snake_case. */
  readonly name: string;
  readonly field: number;
  readonly column: string;
  /** Width of the value: it and differences of it go round at 2^bits. */
  readonly bits: number;
  /** The row is `(value >> shift) & mask`; a mask of −1 takes all. */
  readonly shift: number;
  readonly mask: number;
  readonly signed: boolean;
  readonly ownerOnly: boolean;
  readonly comment: string;
}

/** Rows in the order they are encoded: what everyone sees by field number, then what only the owner sees. */
export function createRows(specs: ColumnSpecs): readonly Row[] {
  const rows: Row[] = [];
  for (const [column, spec] of Object.entries(specs)) {
    if (spec.seenBy === 'nobody') continue;
    const shift = spec.shift ?? 0;
    const common = { column, comment: spec.comment ?? '' };
    assert(spec.field !== undefined, `column ${column} is seen by ${spec.seenBy} and needs a field number`);
    const name = toSnakeCase(column);
    const signed = spec.type === 'i16' || spec.type === 'i32';
    const ownerOnly = spec.seenBy === 'owner';
    rows.push({
      ...common,
      name,
      field: spec.field,
      bits: BITS[spec.type] - shift,
      shift,
      mask: -1,
      signed,
      ownerOnly,
    });
    if (shift === 0) continue;
    assert(spec.fineField !== undefined, `column ${column} has a shift, so its owner needs the low bits: fineField`);
    const comment = `low ${shift} bits of ${name}, to its owner only`;
    const mask = (1 << shift) - 1;
    rows.push({
      ...common,
      name: `${name}_fine`,
      field: spec.fineField,
      bits: shift,
      shift: 0,
      mask,
      signed: false,
      ownerOnly: true,
      comment,
    });
  }
  const fields = new Set(rows.map((row) => row.field));
  assert(fields.size === rows.length, 'two columns have the same field number');
  return rows.sort((a, b) => Number(a.ownerOnly) - Number(b.ownerOnly) || a.field - b.field);
}

/** Difference of two values of a row, the shortest way round at its width: what a delta carries. */
export function wrapDifference(bits: number, difference: number): number {
  const spare = 32 - bits;
  return (difference << spare) >> spare;
}

/** Value of a row from its baseline and a delta. The inverse of `wrapDifference`, whatever the delta. */
export function applyDifference(
  { bits, signed }: Pick<Row, 'bits' | 'signed'>,
  baseline: number,
  difference: number,
): number {
  const spare = 32 - bits;
  const high = (baseline + difference) << spare;
  return signed ? high >> spare : high >>> spare;
}
