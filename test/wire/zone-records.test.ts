import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader, Writer } from '../../src/base/bytes.ts';
import {
  readAscii,
  readEvictRecord,
  readInputRecord,
  readJoinRecord,
  writeBareRecord,
  writeEvictRecord,
  writeInputRecord,
  writeJoinedRecord,
  writeJoinRecord,
  writeLeftRecord,
  writeRequestRecord,
} from '../../src/wire/zone-records.ts';

const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const client = fc.nat({ max: 0xffff });

function written(write: (writer: Writer) => void): Reader {
  const writer = new Writer(new Uint8Array(8192));
  write(writer);
  expect(writer.failed).toBe(false);
  return new Reader(writer.copy());
}

test('joins come back as they were written, with and without a saved character', () => {
  const playerId = fc.integer({ min: 1, max: 2 ** 53 - 1 });
  const epoch = fc.integer({ min: 0, max: 2 ** 31 - 1 });
  const name = fc.stringMatching(/^[A-Za-z0-9_.-]{3,24}$/);
  const saved = fc.array(int32, { minLength: 4, maxLength: 4 }).map((values) => Int32Array.from(values));
  const answer = fc.record({
    key: fc.integer({ min: 0, max: 0xffff_ffff }),
    refused: fc.constantFrom('', 'too_poor', 'no_room'),
  });
  const answers = fc.array(answer, { maxLength: 16 });
  const join = fc.oneof(
    fc.record({
      playerId,
      epoch,
      name,
      saved: fc.constant(undefined),
      isStanding: fc.constant(true),
      isNew: fc.constant(false),
      answers,
    }),
    fc.record({
      playerId,
      epoch,
      name,
      saved: fc.constant(undefined),
      isStanding: fc.constant(false),
      isNew: fc.constant(true),
      answers,
    }),
    fc.record({ playerId, epoch, name, saved, isStanding: fc.constant(false), isNew: fc.boolean(), answers }),
  );
  fc.assert(
    fc.property(client, join, (number, value) => {
      const reader = written((writer) => writeJoinRecord(writer, number, value));
      expect([reader.u8(), reader.u16()]).toEqual([1, number]);
      expect(readJoinRecord(reader, 4)).toEqual(value);
      expect([reader.remaining, reader.failed]).toEqual([0, false]);
    }),
  );
});

test('inputs, requests, joined, left and bare records keep their bytes', () => {
  fc.assert(
    fc.property(
      client,
      fc.array(int32, { minLength: 9, maxLength: 9 }),
      fc.uint8Array({ maxLength: 300 }),
      (number, words, bytes) => {
        const input = written((writer) => writeInputRecord(writer, number, Int32Array.from(words), 2, 7));
        expect([input.u8(), input.u16()]).toEqual([3, number]);
        const read = new Int32Array(7);
        readInputRecord(input, read);
        expect([...read, input.remaining, input.failed]).toEqual([...words.slice(2), 0, false]);
        const request = written((writer) => writeRequestRecord(writer, number, bytes, 0, bytes.length));
        expect([request.u8(), request.u16(), ...request.bytes.subarray(3)]).toEqual([4, number, ...bytes]);
      },
    ),
  );
  const evicted = { playerId: 2 ** 52 + 3, epoch: 2 ** 32 - 1 };
  const evict = written((writer) => writeEvictRecord(writer, 8192, evicted));
  expect([evict.u8(), evict.u16(), readEvictRecord(evict), evict.remaining]).toEqual([6, 8192, evicted, 0]);
  const joined = written((writer) => writeJoinedRecord(writer, 9, 65_535, 32_767, 2 ** 31));
  expect([joined.u8(), joined.u16(), joined.u16(), joined.u16(), joined.u32()]).toEqual([
    1,
    9,
    65_535,
    32_767,
    2 ** 31,
  ]);
  const left = written((writer) => writeLeftRecord(writer, 9, 'zone_full'));
  expect([left.u8(), left.u16(), readAscii(left)]).toEqual([2, 9, 'zone_full']);
  expect([...written((writer) => writeBareRecord(writer, 5, 4096)).bytes]).toEqual([5, 0, 16]);
});

test('a truncated join fails instead of inventing values', () => {
  const whole = written((writer) =>
    writeJoinRecord(writer, 1, { playerId: 7, epoch: 1, name: 'anna', saved: new Int32Array(3) }),
  ).bytes;
  for (let length = 3; length < whole.length; length++) {
    const reader = new Reader(whole.subarray(3, length));
    readJoinRecord(reader, 3);
    expect(reader.failed).toBe(true);
  }
});
