import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { applyDifference } from '../../src/sim/columns.ts';
import {
  APPLIED,
  applySnapshot,
  createReplicas,
  forgetReplicas,
  NO_BASELINE,
  newestState,
  type Replicas,
  readColumns,
  STALE,
} from '../../src/snapshot/replicas.ts';
import { encodeToBytes, MALFORMED, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { messageArbitrary } from '../wire/arbitrary.ts';
import { PROBE_ROWS, PROBE_SCHEMA } from '../wire/probe-schema.ts';

const { serverSnapshot } = createMessages(PROBE_SCHEMA);

function apply(replicas: Replicas, snapshot: WireObject): number {
  return applySnapshot(replicas, new Reader(encodeToBytes(serverSnapshot, snapshot)));
}

const entity = (slot: number, more: WireObject = {}): WireObject => ({ slot, generation: 1, kind: 1, ...more });

/** All a client can see; `toldIn` is the decoder's own note, void with the next snapshot. */
function picture({ tick, omitted, inputTick, inputLead, bySlot }: Replicas): unknown {
  const entities = [...bySlot.values()].map(({ ticks, values, count, toldIn: _, ...rest }) => ({
    ...rest,
    ticks: [...ticks.subarray(0, count)],
    values: [...values.subarray(0, count * PROBE_ROWS.length)],
  }));
  return structuredClone({ tick, omitted, inputTick, inputLead, entities });
}

test('in full, as differences to the snapshot’s baseline and to an entity’s own, then gone', () => {
  const replicas = createReplicas(PROBE_ROWS);
  const five = { slot: 5, generation: 2, kind: 9, name: 'eve', positionX: -100, heading: 65_530, secret: 4 };
  expect(apply(replicas, { tick: 10, inputAge: 3, inputLead: -2, entities: [entity(1), five] })).toBe(APPLIED);
  expect([replicas.tick, replicas.inputTick, replicas.inputLead]).toEqual([10, 7, -2]);
  expect(replicas.entered).toEqual([1, 5]);
  const replica = replicas.bySlot.get(5)!;
  expect(replica).toMatchObject({ generation: 2, kind: 9, name: 'eve' });
  expect(readColumns(replicas, replica)).toMatchObject({ positionX: -100 << 7, heading: 65_530, secret: 4, level: 0 });

  expect(apply(replicas, { tick: 13, baselineAge: 3, deltas: [{ slot: 5, heading: 10, positionXFine: 9 }] })).toBe(
    APPLIED,
  );
  expect(readColumns(replicas, replica)).toMatchObject({ positionX: (-100 << 7) | 9, heading: 4 });
  const older = [{ slot: 5, baselineAge: 6, positionX: 1 }];
  expect(apply(replicas, { tick: 16, baselineAge: 3, deltas: older })).toBe(APPLIED);
  expect(readColumns(replicas, replica)).toMatchObject({ positionX: -99 << 7, heading: 65_530 });

  expect(apply(replicas, { tick: 19, leaves: [5, 4000] })).toBe(APPLIED);
  expect([replicas.left, replicas.bySlot.has(5), replicas.bySlot.has(1)]).toEqual([[5], false, true]);
});

test('on another connection nothing is left of the one before, whatever its replicas held', () => {
  const step = fc.tuple(fc.boolean(), fc.nat(200), fc.uniqueArray(fc.nat(6), { maxLength: 6 }), fc.boolean());
  const steps = fc.array(step, { minLength: 1, maxLength: 40 });
  const play = (replicas: Replicas, all: typeof steps extends fc.Arbitrary<infer Steps> ? Steps : never): unknown[] =>
    all.map(([isState, level, slots, hasLeaves], index) => {
      const known = isState ? slots : slots.filter((slot) => replicas.bySlot.has(slot));
      const entities = known.map((slot) =>
        isState ? entity(slot, { level, name: `n${level}` }) : { slot, heat: level },
      );
      const leaves = hasLeaves ? [0, 1, 2] : [];
      const snapshot = { tick: 5 + 3 * index, baselineAge: 3, [isState ? 'entities' : 'deltas']: entities, leaves };
      return [apply(replicas, snapshot), picture(replicas), [...replicas.entered], [...replicas.left]];
    });
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const replicas = createReplicas(PROBE_ROWS);
      play(replicas, before);
      forgetReplicas(replicas);
      expect(picture(replicas)).toEqual(picture(createReplicas(PROBE_ROWS)));
      expect(play(replicas, after)).toEqual(play(createReplicas(PROBE_ROWS), after));
      expect(replicas.unused.length).toBeLessThanOrEqual(7);
    }),
  );
});

test('who looks at one entity only has that one as everybody has it, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(200), fc.nat(3)), { minLength: 1, maxLength: 30 }), (steps) => {
      const all = createReplicas(PROBE_ROWS);
      const own = createReplicas(PROBE_ROWS, 200);
      const slots = [200, 3, 300];
      for (const replicas of [all, own]) {
        apply(replicas, { tick: 1, entities: [7, ...slots].map((slot) => entity(slot, { level: 9 })) });
        apply(replicas, { tick: 2, baselineAge: 1, deltas: slots.map((slot) => ({ slot, heat: 1 })), leaves: [7] });
      }
      for (const [index, [isState, level, first]] of steps.entries()) {
        const entities = [...slots.slice(first), ...slots.slice(0, first)].map((slot) =>
          isState ? entity(slot, { level }) : { slot, positionX: level },
        );
        const snapshot = { tick: index + 3, baselineAge: 1, [isState ? 'entities' : 'deltas']: entities };
        expect([apply(all, snapshot), apply(own, snapshot)]).toEqual([APPLIED, APPLIED]);
        const [one] = [...own.bySlot.values()];
        expect(own.bySlot.size).toBe(1);
        expect(readColumns(own, one!)).toEqual(readColumns(all, all.bySlot.get(200)!));
      }
      // What builds on a state that only the others needed is no reason to refuse a snapshot.
      const stranger = {
        tick: 100,
        baselineAge: 98 - steps.length,
        deltas: [
          { slot: 4000, level: 1 },
          { slot: 200, level: 1 },
        ],
      };
      expect([apply(all, stranger), apply(own, stranger)]).toEqual([NO_BASELINE, APPLIED]);
    }),
    { numRuns: 50 },
  );
});

test('another generation in the slot is another entity; the same one in full again is the same', () => {
  const replicas = createReplicas(PROBE_ROWS);
  apply(replicas, { tick: 1, entities: [entity(3, { level: 1 })] });
  const first = replicas.bySlot.get(3);
  apply(replicas, { tick: 2, entities: [entity(3, { level: 2 })] });
  expect(replicas.bySlot.get(3)).toBe(first);
  apply(replicas, { tick: 3, entities: [entity(3, { generation: 2, level: 3 })] });
  expect(replicas.bySlot.get(3)).not.toBe(first);
  expect(replicas.entered).toEqual([3]);
});

test('an entity that was not mentioned stood still until the snapshot before', () => {
  const replicas = createReplicas(PROBE_ROWS);
  apply(replicas, { tick: 3, entities: [entity(1, { positionX: 7 })] });
  for (const tick of [6, 9, 12]) apply(replicas, { tick });
  apply(replicas, { tick: 15, deltas: [{ slot: 1, baselineAge: 12, positionX: 1 }] });
  const replica = replicas.bySlot.get(1)!;
  const row = PROBE_ROWS.findIndex(({ name }) => name === 'position_x');
  const states = [...replica.ticks.subarray(0, replica.count)].map((tick, index) => [
    tick,
    replica.values[index * PROBE_ROWS.length + row],
  ]);
  expect(states).toEqual([
    [3, 7],
    [12, 7],
    [15, 8],
  ]);
  // Unless something was left out there: then nobody knows.
  apply(replicas, { tick: 18, omitted: 1 });
  apply(replicas, { tick: 21, deltas: [{ slot: 1, baselineAge: 6, positionX: 1 }] });
  expect([...replica.ticks.subarray(0, replica.count)]).toEqual([3, 12, 15, 21]);
});

test.each<[string, number, WireObject]>([
  ['the same tick', STALE, { tick: 10, leaves: [1] }],
  ['an older one', STALE, { tick: 9, leaves: [1] }],
  ['none', STALE, { leaves: [1] }],
  ['a tick above 31 bits', MALFORMED, { tick: 0x8000_0000 }],
  ['a delta for a stranger', NO_BASELINE, { tick: 13, baselineAge: 3, leaves: [1], deltas: [{ slot: 9, level: 1 }] }],
  ['a baseline that is not held', NO_BASELINE, { tick: 13, baselineAge: 4, deltas: [{ slot: 1, level: 1 }] }],
  [
    'a baseline of its own that is not held',
    NO_BASELINE,
    { tick: 13, baselineAge: 3, deltas: [{ slot: 1, baselineAge: 2 }] },
  ],
  ['a slot above 16 bits', MALFORMED, { tick: 13, entities: [entity(2, { level: 9 }), entity(0x1_0000)] }],
])('a snapshot with %s changes nothing at all', (_, code, snapshot) => {
  const replicas = createReplicas(PROBE_ROWS);
  apply(replicas, { tick: 10, entities: [entity(1, { level: 5 })] });
  const before = picture(replicas);
  expect(apply(replicas, snapshot)).toBe(code);
  expect(picture(replicas)).toEqual(before);
});

test('states are kept as long as a delta may build on them, and no more than 128 of them', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 150 }), fc.nat(), (steps, seed) => {
      const replicas = createReplicas(PROBE_ROWS);
      const known = new Map<number, number>([[1, 0]]);
      apply(replicas, { tick: 1, entities: [entity(1)] });
      let tick = 1;
      for (const [index, step] of steps.entries()) {
        const distance = index % 3 === 0 ? step : 1;
        if (distance > 112) continue;
        tick += distance;
        const ages = [...known.keys()].map((at) => tick - at).filter((age) => age <= 112);
        const age = ages[(seed + index * 7) % ages.length]!;
        const level = (known.get(tick - age)! + (index & 3)) & 0xff;
        expect(apply(replicas, { tick, baselineAge: age, deltas: [{ slot: 1, level: index & 3 }] })).toBe(APPLIED);
        known.set(tick, level);
        const replica = replicas.bySlot.get(1)!;
        expect(replica.ticks.length).toBeLessThanOrEqual(128);
        expect(readColumns(replicas, replica).level).toBe(level);
      }
    }),
    { numRuns: 40 },
  );
});

test('differences go round as the column’s type says', () => {
  const replicas = createReplicas(PROBE_ROWS);
  const all = { level: 255, heading: 65_535, heat: 32_767, score: 0x7fff_ffff, depth: 0x7fff_ffff };
  apply(replicas, { tick: 1, entities: [entity(1, all)] });
  const step = { level: 1, heading: 1, heat: 1, score: 1, depth: 1 };
  apply(replicas, { tick: 2, deltas: [{ slot: 1, baselineAge: 1, ...step }] });
  const after = readColumns(replicas, replicas.bySlot.get(1)!);
  expect(after).toMatchObject({ level: 0, heading: 0, heat: -32_768, score: 0, depth: -0x8000_0000 });
  expect(applyDifference({ bits: 16, signed: false }, 3, -4)).toBe(65_535);
});

test('cut anywhere, any bit turned: a code, and nothing changes unless it is APPLIED', () => {
  const check = (base: Replicas, bytes: Uint8Array): void => {
    const before = picture(base);
    const code = applySnapshot(base, new Reader(bytes));
    expect([APPLIED, MALFORMED, STALE, NO_BASELINE]).toContain(code);
    if (code !== APPLIED) expect(picture(base)).toEqual(before);
    for (const replica of base.bySlot.values()) expect(newestState(base, replica)).toBeGreaterThanOrEqual(0);
  };
  fc.assert(
    fc.property(messageArbitrary(serverSnapshot), (snapshot) => {
      const bytes = encodeToBytes(serverSnapshot, snapshot).subarray(0, 90);
      const fresh = (): Replicas => {
        const replicas = createReplicas(PROBE_ROWS);
        apply(replicas, { tick: 1, entities: [entity(0), entity(1)] });
        return replicas;
      };
      for (let end = 0; end < bytes.length; end++) check(fresh(), bytes.subarray(0, end));
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        check(fresh(), flipped);
      }
    }),
    { numRuns: 6 },
  );
});
