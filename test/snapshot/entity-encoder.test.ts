import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wrapDifference } from '../../src/sim/columns.ts';
import { publishFrame } from '../../src/sim/history.ts';
import { advanceTick } from '../../src/sim/world.ts';
import {
  CHANGE_BITS,
  CHANGE_START,
  type EntityEncoder,
  encodeChange,
  encodeState,
  putVarint,
  reserveChanges,
  resetEntityEncoder,
  writeOwnDelta,
  writeState,
} from '../../src/snapshot/entity-encoder.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { bitsToBytes, bytesToBits, deltasOf } from '../wire/changes-model.ts';
import { PROBE_SCHEMA } from '../wire/probe-schema.ts';
import { createReference } from '../wire/reference.ts';
import { createRandomZone, isAlive, liveTick, type RandomZone, readTruth } from './random-zone.ts';

const { entityDelta, entityState } = createMessages(PROBE_SCHEMA);
const reference = createReference(PROBE_SCHEMA);
const { rows } = PROBE_SCHEMA;
const rowNames = rows.map((row) => row.name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()));

const zoneArbitrary = fc.integer().map((seed) => {
  const zone = createRandomZone({ seed, capacity: 40, players: 3, entities: 30, radiusMm: 5000, halfMm: 9000 });
  for (let tick = 0; tick < 60; tick++) liveTick(zone);
  return zone;
});

function expectedState(zone: RandomZone, tick: number, slot: number, isOwner: boolean): Record<string, unknown> {
  const { kind, generation, name, values } = readTruth(zone, tick, slot, isOwner);
  const state: Record<string, unknown> = { slot, kind, generation, name };
  for (const [index, value] of values.entries()) state[rowNames[index]!] = value;
  return Object.fromEntries(Object.entries(state).filter(([, value]) => value !== 0 && value !== ''));
}

function expectedDelta(zone: RandomZone, tick: number, slot: number, baseline: number, isOwner: boolean) {
  const now = readTruth(zone, tick, slot, isOwner).values;
  const was = readTruth(zone, baseline, slot, isOwner).values;
  const delta: Record<string, unknown> = slot === 0 ? {} : { slot };
  for (const [index, row] of zone.history.rows.entries()) {
    if (now[index] !== was[index]) delta[rowNames[index]!] = wrapDifference(row.bits, now[index]! - was[index]!);
  }
  return delta;
}

/** The record of one entity, as the model reads it from a `changes` that holds nothing else. */
function changeOf(encoder: EntityEncoder, tick: number, slot: number, baseline: number): Record<string, number> {
  reserveChanges(encoder, tick, 1);
  const entry = encodeChange(encoder, slot, baseline);
  const start = encoder.changeEntries[entry + CHANGE_START]!;
  const length = encoder.changeEntries[entry + CHANGE_BITS]!;
  expect(length).toBeLessThanOrEqual(encoder.changeBytesMax * 8);
  const bytes = new Uint8Array(encoder.changes.buffer, start, Math.ceil(length / 32) * 4);
  const bits = bytesToBits(bytes);
  expect(bits.slice(length)).not.toContain('1');
  const head = bytesToBits(Uint8Array.of((encoder.slotBits - 1) | (1 << 4), 0));
  return deltasOf(bitsToBytes(`${head}0${bits.slice(0, length)}`), rows)[0]!;
}

test('full states and deltas decode with protobufjs, records with the model, to what history says', () => {
  fc.assert(
    fc.property(zoneArbitrary, (zone) => {
      const { encoder } = zone;
      const bytes = new Uint8Array(1024);
      for (let slot = 0; slot < 40; slot++) {
        if (!isAlive(zone, 60, slot)) continue;
        for (const isOwner of [false, true]) {
          const rowCount = isOwner ? rows.length : encoder.publicRows;
          const end = writeState(encoder, bytes, 5, 60, slot, rowCount);
          expect(end - 5).toBeLessThanOrEqual(encoder.stateBytesMax);
          const expected = expectedState(zone, 60, slot, isOwner);
          expect(reference.decode(entityState, bytes.subarray(5, end))).toEqual(expected);
          for (const baseline of [59, 44, 1 + zone.random.below(58)]) {
            const delta = expectedDelta(zone, 60, slot, baseline, isOwner);
            if (isOwner) {
              const deltaEnd = writeOwnDelta(encoder, bytes, 5, 60, slot, baseline);
              expect(deltaEnd - 5).toBeLessThanOrEqual(encoder.stateBytesMax);
              expect(reference.decode(entityDelta, bytes.subarray(5, deltaEnd))).toEqual(delta);
            } else expect(changeOf(encoder, 60, slot, baseline)).toEqual({ slot: 0, ...delta });
          }
        }
      }
    }),
    { numRuns: 12 },
  );
});

test('what is cached is what is true, whoever asked for which baseline before', () => {
  fc.assert(
    fc.property(zoneArbitrary, fc.array(fc.nat(), { minLength: 80, maxLength: 80 }), (zone, draws) => {
      const { encoder } = zone;
      const bytes = new Uint8Array(1024);
      for (const draw of draws) {
        const tick = 60 - (draw % 3);
        const slot = (draw >> 3) % 40;
        const baseline = 1 + ((draw >> 10) % 57);
        if (!isAlive(zone, tick, slot)) continue;
        // Little room is left for some of them: what was found before may be gone then, and is encoded again.
        const roomFor = Math.floor((encoder.changes.byteLength - 4) / encoder.changeBytesMax);
        reserveChanges(encoder, tick, draw % 7 === 0 ? roomFor - 3 : 1);
        const entry = encodeChange(encoder, slot, baseline);
        const end = encoder.changesEnd;
        expect([encodeChange(encoder, slot, baseline), encoder.changesEnd]).toEqual([entry, end]);
        const delta = expectedDelta(zone, tick, slot, baseline, false);
        expect(changeOf(encoder, tick, slot, baseline)).toEqual({ slot: 0, ...delta });
        encodeState(encoder, tick, slot);
        const from = slot * encoder.stateBytesMax;
        const stateEnd = writeState(encoder, bytes, 0, tick, slot, encoder.publicRows);
        expect(encoder.states.slice(from, from + encoder.stateLengths[slot]!)).toEqual(bytes.slice(0, stateEnd));
      }
    }),
    { numRuns: 12 },
  );
});

test('a value out of its column’s range stays within its own bytes', () => {
  const zone = createRandomZone({ seed: 7, capacity: 6, players: 1, entities: 4, radiusMm: 5000, halfMm: 100 });
  const { encoder, world, history } = zone;
  for (const row of rows) {
    const { column } = history.rows.find(({ name }) => name === row.name)!;
    for (let slot = 0; slot < 5; slot++) world.columns[column]![slot] = slot === 2 ? -1 : 0;
  }
  advanceTick(world);
  publishFrame(history, world);
  advanceTick(world);
  publishFrame(history, world);
  for (let slot = 0; slot < 5; slot++) encodeState(encoder, 2, slot);
  for (let slot = 0; slot < 5; slot++) {
    expect(encoder.stateLengths[slot]).toBeLessThanOrEqual(encoder.stateBytesMax);
    const from = slot * encoder.stateBytesMax;
    const bytes = encoder.states.subarray(from, from + encoder.stateLengths[slot]!);
    if (slot !== 2) expect(reference.decode(entityState, bytes)).toEqual(expectedState(zone, 2, slot, false));
  }
});

test('a new epoch: the same tick is encoded anew', () => {
  const zone = createRandomZone({ seed: 9, capacity: 6, players: 1, entities: 4, radiusMm: 5000, halfMm: 100 });
  const { encoder, world, history } = zone;
  const before = [advanceTick(world), advanceTick(world)];
  publishFrame(history, world);
  encodeState(encoder, before[1]!, 1);
  world.columns.level[1] = 200;
  publishFrame(history, world);
  resetEntityEncoder(encoder);
  encodeState(encoder, before[1]!, 1);
  const from = encoder.stateBytesMax;
  const bytes = encoder.states.subarray(from, from + encoder.stateLengths[1]!);
  expect(reference.decode(entityState, bytes)).toMatchObject({ level: 200 });
});

test('putVarint writes every u32 as protobuf does', () => {
  const bytes = new Uint8Array(16);
  for (const [value, expected] of [
    [0, [0]],
    [127, [127]],
    [128, [0x80, 1]],
    [0xffff_ffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
    [-1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ] as const) {
    const end = putVarint(bytes, 3, value);
    expect([...bytes.subarray(3, end)]).toEqual([...expected]);
  }
});
