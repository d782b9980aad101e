import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRecords, encodeRecords, type JournalRecord } from '../../../src/store/journal/records.ts';

const u53 = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const place = { zoneId: u53, zoneEpoch: u53, tick: u53 };
const payload = fc.uint8Array({ maxLength: 70_000, size: 'medium' });
const text = fc.string();
const record: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record({ kind: fc.constant('tick'), ...place, payload, hasCommits: fc.boolean() }),
  fc.record({ kind: fc.constant('keyframe'), ...place, file: text, sha256: fc.uint8Array({ maxLength: 32 }) }),
  fc.record({ kind: fc.constant('closed') }),
  fc.record({
    kind: fc.constant('start'),
    ...place,
    game: text,
    gameVersion: text,
    assets: fc.array(text),
    accounts: fc.array(text),
  }),
);

test('records come back as they were', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (records) => {
      expect(decodeRecords(encodeRecords(records).slice())).toEqual(records);
    }),
  );
});

test('a payload may lie in shared memory', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(5)).fill(9);
  const bytes = encodeRecords([{ kind: 'tick', zoneId: 1, zoneEpoch: 2, tick: 3, payload: shared, hasCommits: false }]);
  expect(decodeRecords(bytes.slice())).toEqual([
    { kind: 'tick', zoneId: 1, zoneEpoch: 2, tick: 3, payload: new Uint8Array(5).fill(9), hasCommits: false },
  ]);
});

test('what is no array of records is refused, and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const records = decodeRecords(bytes);
      if (records !== undefined) expect(Array.isArray(records)).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 3 }), fc.nat(), (records, pick) => {
      const bytes = encodeRecords(records).slice();
      expect(decodeRecords(bytes.subarray(0, pick % bytes.length))).toBeUndefined();
    }),
  );
});
