// `changes`, from the server's encoder and the client's decoder, against the model of test/wire/changes-model.ts: with the
// columns of any game, any widths, any baselines, and what no server of ours would send.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { type ColumnSpec, type ColumnSpecs, createRows, ENGINE_COLUMNS, type Row } from '../../src/sim/columns.ts';
import { createHistory, frameOffset, historyBytes, publishFrame, ROWS } from '../../src/sim/history.ts';
import { advanceTick, createWorld, spawnEntity } from '../../src/sim/world.ts';
import {
  CHANGE_BITS,
  CHANGE_START,
  createEntityEncoder,
  encodeChange,
  reserveChanges,
} from '../../src/snapshot/entity-encoder.ts';
import { APPLIED, applySnapshot, createReplicas, NO_BASELINE, type Replicas } from '../../src/snapshot/replicas.ts';
import { encodeToBytes, MALFORMED } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { bitsToBytes, bytesToBits, type ModelRecord, readModel, writeModel } from '../wire/changes-model.ts';
import { PROBE_ROWS, PROBE_SCHEMA } from '../wire/probe-schema.ts';
import { randomValue } from './random-zone.ts';

const TYPES = ['u8', 'u16', 'i16', 'u31', 'i32'] as const;

/** The columns of a game beside the engine's: any number of any types, shifted or not, some for their owner alone. */
const columnsArbitrary = fc
  .array(fc.tuple(fc.constantFrom(...TYPES), fc.boolean(), fc.nat(7)), { maxLength: 40 })
  .map((columns): ColumnSpecs => {
    const specs: Record<string, ColumnSpec> = {};
    for (const [index, [type, isPublic, shift]] of columns.entries()) {
      specs[`extra${index}`] = {
        type,
        seenBy: isPublic ? 'everyone' : 'owner',
        field: 16 + index,
        ...(shift > 0 && isPublic && { shift, fineField: 3000 + index }),
      };
    }
    return specs;
  });

const publicOf = (rows: readonly Row[]): Row[] => rows.filter(({ ownerOnly }) => !ownerOnly);

/** Modulo 2^bits, without the tricks of the code. */
function around({ bits, signed }: Pick<Row, 'bits' | 'signed'>, value: number): number {
  const whole = BigInt(value);
  return Number(signed ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole));
}

test('the encoder’s records are the model’s, with the columns of any game', () => {
  fc.assert(
    fc.property(columnsArbitrary, fc.integer(), fc.constantFrom(1, 2, 3, 40, 700), (specs, seed, capacity) => {
      const columns: ColumnSpecs = { ...ENGINE_COLUMNS, ...specs };
      const rows = createRows(columns);
      const random = createRandom(seed);
      const world = createWorld(columns, capacity);
      const history = createHistory(rows, capacity, new SharedArrayBuffer(historyBytes(rows, capacity)));
      for (let slot = 0; slot < capacity; slot++) spawnEntity(world, 1);
      for (let count = 0; count < 4; count++) {
        for (let draw = 0; draw < 60; draw++) {
          const slot = random.below(capacity);
          for (const row of rows) {
            if (random.below(3) > 0) continue;
            world.columns[row.column]![slot] = randomValue(random, columns[row.column]!.type);
          }
        }
        advanceTick(world);
        publishFrame(history, world);
      }
      const encoder = createEntityEncoder(history, new Uint8Array(capacity * 9), 9);
      for (let draw = 0; draw < 20; draw++) {
        const slot = random.below(capacity);
        const baselineTick = 1 + random.below(3);
        reserveChanges(encoder, 4, 1);
        const entry = encodeChange(encoder, slot, baselineTick);
        const start = encoder.changeEntries[entry + CHANGE_START]!;
        const length = encoder.changeEntries[entry + CHANGE_BITS]!;
        expect(length).toBeLessThanOrEqual(encoder.changeBytesMax * 8);
        const words = new Uint8Array(encoder.changes.buffer, start, Math.ceil(length / 32) * 4);
        const at = (tick: number, row: number): number =>
          history.records[frameOffset(history, tick) + slot * history.stride + ROWS + row]!;
        const differences = publicOf(rows).map(({ bits }, row) => {
          const difference = around({ bits, signed: true }, at(4, row) - at(baselineTick, row));
          return difference === 0 ? undefined : difference;
        });
        const slotBits = Math.max(1, (capacity - 1).toString(2).length);
        const text = writeModel({ slotBits, records: [{ age: undefined, slot, differences }] }, rows);
        // Behind the head and the bit that names no baseline.
        expect(bytesToBits(words)).toBe(text.slice(17).padEnd(words.length * 8, '0'));
      }
    }),
    { numRuns: 60 },
  );
});

/** Any difference of a row that fits its width. */
function difference(random: Random, bits: number): number {
  const most = 2 ** (bits - 1);
  const small = Math.min(most, 2 ** random.below(bits));
  const limit = random.below(3) === 0 ? most : small;
  return random.below(4) === 0 ? -limit : Math.floor((random.fraction() - 0.5) * 2 * limit);
}

test('what the model writes, in whatever widths, the client has as the model says', () => {
  fc.assert(
    fc.property(columnsArbitrary, fc.integer(), (specs, seed) => {
      const rows = createRows({ ...ENGINE_COLUMNS, ...specs });
      const random = createRandom(seed);
      const { serverSnapshot } = createMessages({ name: 'any', version: 1, rows });
      const replicas = createReplicas(rows);
      const apply = (value: Parameters<typeof encodeToBytes>[1]): number =>
        applySnapshot(replicas, new Reader(encodeToBytes(serverSnapshot, value)));
      const slots = [0, 1, 77, 900, 65_535];
      const known = new Map<number, number[][]>(slots.map((slot) => [slot, [rows.map(() => 0)]]));
      expect(apply({ tick: 1, entities: slots.map((slot) => ({ slot, generation: 1, kind: 1 })) })).toBe(APPLIED);
      for (let tick = 2; tick < 8; tick++) {
        const told = slots.filter(() => random.below(4) > 0);
        const records = told.map((slot): ModelRecord => {
          const baselineTick = 1 + random.below(tick - 1);
          const differences = publicOf(rows).map(({ bits }) =>
            random.below(3) === 0 ? difference(random, bits) : undefined,
          );
          return { age: tick - baselineTick === 1 ? undefined : tick - baselineTick, slot, differences };
        });
        // What was not told of in a tick is no baseline of it: here all are as they were, so it is written down for the model.
        const full = slots.filter((slot) => !told.includes(slot));
        const text = writeModel({ slotBits: 16, records }, rows, () => random.below(3));
        const entities = full.map((slot) => ({ slot, generation: 1, kind: 1 }));
        expect(apply({ tick, baselineAge: 1, entities, changes: bitsToBytes(text) })).toBe(APPLIED);
        for (const slot of full) known.get(slot)!.push(rows.map(() => 0));
        for (const { age = 1, slot, differences } of records) {
          const baseline = known.get(slot)![tick - age - 1]!;
          known.get(slot)!.push(baseline.map((value, row) => around(rows[row]!, value + (differences[row] ?? 0))));
        }
        for (const slot of slots) {
          const { values, count } = replicas.bySlot.get(slot)!;
          expect([...values.subarray((count - 1) * rows.length, count * rows.length)]).toEqual(
            known.get(slot)![tick - 1],
          );
        }
      }
    }),
    { numRuns: 100 },
  );
});

const { serverSnapshot } = createMessages(PROBE_SCHEMA);
const PUBLIC = publicOf(PROBE_ROWS).length;

function prepared(): Replicas {
  const replicas = createReplicas(PROBE_ROWS);
  const entities = [1, 5, 9].map((slot) => ({ slot, generation: 1, kind: 1 }));
  applySnapshot(replicas, new Reader(encodeToBytes(serverSnapshot, { tick: 3, entities })));
  return replicas;
}

/** What comes of the client when it is sent these bits; nothing, where they are refused. */
function codeOf(changes: Uint8Array, replicas = prepared()): number {
  const picture = (): unknown =>
    structuredClone(
      [...replicas.bySlot.values()].map(({ toldIn: _, ...rest }) => rest).concat([replicas.tick as never]),
    );
  const before = picture();
  const message = encodeToBytes(serverSnapshot, { tick: 6, baselineAge: 3, leaves: [9], changes });
  const code = applySnapshot(replicas, new Reader(message));
  if (code !== APPLIED) expect(picture()).toEqual(before);
  return code;
}

const recordOf = (slot: number, row = 0, age?: number): ModelRecord => ({
  age,
  slot,
  differences: Array.from({ length: PUBLIC }, (_, at) => (at === row ? -7 : undefined)),
});
const bitsOf = (...records: ModelRecord[]): string => writeModel({ slotBits: 4, records }, PROBE_ROWS);
const good = bitsOf(recordOf(1), recordOf(5, 4, 3));
const headOf = (count: number): string => bytesToBits(Uint8Array.of(3 | ((count & 15) << 4), count >> 4));

test.each<[string, number, string]>([
  ['two records', APPLIED, good],
  ['an entity of which nothing is different', APPLIED, bitsOf(recordOf(5, -1))],
  ['a stranger', NO_BASELINE, bitsOf(recordOf(1), recordOf(2))],
  ['a baseline that is not held', NO_BASELINE, bitsOf(recordOf(1, 0, 2))],
  ['an age of 0', NO_BASELINE, bitsOf(recordOf(1, 0, 0))],
  ['a slot twice', MALFORMED, bitsOf(recordOf(1), recordOf(1, 1))],
  ['fewer records than it says', MALFORMED, headOf(3) + good.slice(16)],
  ['more than it says', MALFORMED, headOf(1) + good.slice(16)],
  ['4,095 records in no room', MALFORMED, headOf(4095)],
  ['a head that is cut', MALFORMED, '11000000'],
  ['a bit set behind the last record', MALFORMED, `${good}1`],
  ['a byte of nothing behind it', MALFORMED, good.padEnd(Math.ceil(good.length / 8) * 8 + 8, '0')],
  [
    'a row that there is not',
    MALFORMED,
    `${headOf(1)}0${'1000'}${'00001'.repeat(Math.floor(PUBLIC / 4))}11110${'0'.repeat(200)}`,
  ],
  ['a mask that goes on behind the last row', MALFORMED, `${headOf(1)}0${'1000'}${'00001'.repeat(40)}`],
])('%s: %i, and nothing changes unless it is applied', (_, code, bits) => {
  expect(codeOf(bitsToBytes(bits))).toBe(code);
});

test('the message’s own entity may not be told of a second time in it', () => {
  const replicas = prepared();
  const twice = { tick: 6, baselineAge: 3, deltas: [{ slot: 1, level: 1 }], changes: bitsToBytes(bitsOf(recordOf(1))) };
  expect(applySnapshot(replicas, new Reader(encodeToBytes(serverSnapshot, twice)))).toBe(MALFORMED);
  const inFull = { tick: 6, baselineAge: 3, entities: [{ slot: 1, generation: 2, kind: 1 }], changes: twice.changes };
  expect(applySnapshot(prepared(), new Reader(encodeToBytes(serverSnapshot, inFull)))).toBe(MALFORMED);
  const once = { ...twice, changes: bitsToBytes(bitsOf(recordOf(5))) };
  expect(applySnapshot(replicas, new Reader(encodeToBytes(serverSnapshot, once)))).toBe(APPLIED);
});

test('who looks at one entity alone passes the field over, whatever is in it', () => {
  const replicas = createReplicas(PROBE_ROWS, 5);
  const entities = [1, 5].map((slot) => ({ slot, generation: 1, kind: 1 }));
  applySnapshot(replicas, new Reader(encodeToBytes(serverSnapshot, { tick: 3, entities })));
  const message = encodeToBytes(serverSnapshot, { tick: 6, changes: Uint8Array.of(0xff, 0xff, 0xff) });
  expect([applySnapshot(replicas, new Reader(message)), replicas.tick]).toEqual([APPLIED, 6]);
});

test('cut anywhere, any bit turned, any bytes: it is taken exactly where the model takes it', () => {
  const check = (bytes: Uint8Array): void => {
    const code = codeOf(bytes);
    let isRead = true;
    let records: readonly ModelRecord[] = [];
    try {
      records = readModel(bytes, PROBE_ROWS).records;
    } catch {
      isRead = false;
    }
    const slots = records.map(({ slot }) => slot);
    const isHeld = records.every(({ age = 3, slot }) => age === 3 && [1, 5, 9].includes(slot));
    expect(code === APPLIED).toBe(isRead && isHeld && new Set(slots).size === slots.length);
  };
  const bytes = bitsToBytes(good);
  for (let end = 1; end <= bytes.length; end++) check(bytes.slice(0, end));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    check(flipped);
  }
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 30 }), check), { numRuns: 500 });
});
