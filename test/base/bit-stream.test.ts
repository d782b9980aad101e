import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BitReader, BitWriter } from '../../src/base/bit-stream.ts';
import { bitsToBytes } from '../wire/changes-model.ts';

const part = fc.integer({ min: 1, max: 32 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    value: fc.oneof(fc.constantFrom(0, 2 ** count - 1, 2 ** (count - 1)), fc.integer({ min: 0, max: 2 ** count - 1 })),
  }),
);

test('what is written is what strings of 0 and 1 say, wherever it begins, and is read as it was', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), fc.nat(9), fc.boolean(), (parts, offset, isSigned) => {
      const bytes = new Uint8Array(300).fill(0xa5);
      const writer = new BitWriter(new DataView(bytes.buffer));
      writer.reset(offset);
      let text = '';
      for (const { value, count } of parts) {
        // An i32 with the same 32 bits is as good as the u32.
        writer.put(isSigned && count === 32 ? value | 0 : value, count);
        text += [...value.toString(2).padStart(count, '0')].toReversed().join('');
      }
      expect(writer.bitLength).toBe(text.length);
      const end = writer.finish();
      expect(end).toBe(offset + Math.ceil(text.length / 8));
      expect(bytes.subarray(offset, end)).toEqual(bitsToBytes(text));
      expect([...bytes.subarray(0, offset)]).toEqual(Array(offset).fill(0xa5));
      const reader = new BitReader();
      reader.reset(bytes, offset, end);
      for (const { value, count } of parts) expect(reader.take(count)).toBe(value);
      expect([reader.failed, reader.remaining]).toEqual([false, (end - offset) * 8 - text.length]);
      expect([reader.take(8), reader.failed, reader.take(1), reader.remaining]).toEqual([0, true, 0, 0]);
    }),
  );
});

test('zigzag numbers of every width come out as they went in', () => {
  const bytes = new Uint8Array(16);
  const writer = new BitWriter(new DataView(bytes.buffer));
  const reader = new BitReader();
  for (let count = 1; count <= 32; count++) {
    for (const value of [0, -1, 2 ** (count - 1) - 1, -(2 ** (count - 1))]) {
      writer.reset(1);
      writer.put(5, 3);
      writer.put(value < 0 ? -2 * value - 1 : 2 * value, count);
      reader.reset(bytes, 1, writer.finish());
      expect([reader.take(3), reader.takeZigzag(count)]).toEqual([5, value]);
    }
  }
});
