import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyframeName } from '../../../src/store/journal/keyframe-file.ts';
import type { JournalRecord } from '../../../src/store/journal/records.ts';
import { createRetention, type ZonePlace } from '../../../src/store/journal/retention.ts';

function tick(zoneId: number, number: number, zoneEpoch = 1): JournalRecord {
  return { kind: 'tick', zoneId, zoneEpoch, tick: number, payload: new Uint8Array(0), hasCommits: false };
}

function keyframe(place: ZonePlace) {
  return { ...place, name: keyframeName(place) };
}

interface Kept {
  readonly name: string;
  readonly first: number;
  readonly records: ZonePlace[];
}

test('what goes is needed by nobody: property against a naive model', () => {
  let removed = 0;
  const step = fc.record({
    what: fc.constantFrom('segment', 'tick', 'tick', 'tick', 'keyframe', 'unverified', 'applied', 'remove'),
    zone: fc.integer({ min: 1, max: 3 }),
    back: fc.nat(30),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
      const retention = createRetention();
      const ticks = [0, 0, 0, 0];
      const segments: Kept[] = [{ name: 's1', first: 1, records: [] }];
      retention.beginSegment('s1', 1);
      const verified: ZonePlace[] = [];
      let sequence = 0;
      let names = 1;
      let applied = 0;
      for (const { what, zone, back } of steps) {
        const place = { zoneId: zone, zoneEpoch: 1, tick: Math.max(1, ticks[zone]! - back) };
        if (what === 'tick') {
          sequence++;
          const record = tick(zone, ++ticks[zone]!);
          retention.noteRecord(record);
          segments.at(-1)!.records.push(record as ZonePlace);
        } else if (what === 'segment') {
          const name = `s${++names}`;
          segments.push({ name, first: sequence + 1, records: [] });
          retention.beginSegment(name, sequence + 1);
        } else if (what === 'keyframe') {
          retention.noteKeyframe(keyframe(place), true);
          if (!verified.some((other) => other.zoneId === zone && other.tick === place.tick)) verified.push(place);
        } else if (what === 'unverified') {
          if (verified.some((other) => other.zoneId === zone && other.tick === place.tick)) continue;
          retention.noteKeyframe(keyframe(place), false);
        } else if (what === 'applied') {
          applied = Math.max(applied, sequence - back);
          retention.noteApplied(sequence - back);
        } else {
          for (const name of retention.dueSegments()) {
            const [oldest, next] = segments;
            expect(name).toBe(oldest!.name);
            expect(next!.first - 1).toBeLessThanOrEqual(applied);
            for (const record of oldest!.records) {
              const newer = verified.filter((file) => file.zoneId === record.zoneId && file.tick >= record.tick);
              expect(newer.length).toBeGreaterThanOrEqual(2);
            }
            segments.shift();
            retention.forget(name);
            removed++;
          }
          for (const name of retention.dueKeyframes()) {
            const [zoneId, , number] = name.match(/\d+/g)!.map(Number);
            expect(
              verified.filter((file) => file.zoneId === zoneId && file.tick > number!).length,
            ).toBeGreaterThanOrEqual(2);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(removed).toBeGreaterThan(20);
});

test('a keyframe of an earlier run of the zone doesn’t cover a later one, the other way round it does', () => {
  const retention = createRetention();
  retention.beginSegment('a', 1);
  retention.noteRecord(tick(1, 5, 2));
  retention.beginSegment('b', 2);
  retention.noteApplied(1);
  for (const number of [900, 901]) retention.noteKeyframe(keyframe({ zoneId: 1, zoneEpoch: 1, tick: number }), true);
  expect(retention.dueSegments()).toEqual([]);
  for (const number of [1, 2]) retention.noteKeyframe(keyframe({ zoneId: 1, zoneEpoch: 3, tick: number }), true);
  expect(retention.dueSegments()).toEqual(['a']);
  expect(retention.dueKeyframes()).toEqual(['zone-1-1-900.keyframe', 'zone-1-1-901.keyframe']);
});

test('a zone that isn’t run any more holds nothing, until it is again', () => {
  const retention = createRetention();
  retention.beginSegment('a', 1);
  retention.noteRecord(tick(1, 5));
  retention.beginSegment('b', 2);
  retention.noteApplied(1);
  const file = keyframe({ zoneId: 1, zoneEpoch: 1, tick: 4 });
  retention.noteKeyframe(file, true);
  expect([retention.dueSegments(), retention.dueKeyframes()]).toEqual([[], []]);
  retention.dropZone(1);
  expect([retention.dueSegments(), retention.dueKeyframes()]).toEqual([['a'], [file.name]]);
  retention.noteRecord(tick(1, 6));
  expect([retention.dueSegments(), retention.dueKeyframes()]).toEqual([[], []]);
});
