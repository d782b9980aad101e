import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader, varintBytes, Writer, zigzag } from '../../src/base/bytes.ts';

const u32 = fc.oneof(
  fc.nat(0xffff_ffff),
  fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32 - 1),
);
const i32 = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 1, -(2 ** 31), 2 ** 31 - 1));
const u53 = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1));

type Item =
  | { kind: 'u8' | 'u16' | 'u32' | 'i32' | 'u53' | 'varint' | 'zigzag'; value: number }
  | { kind: 'text'; value: string }
  | { kind: 'raw'; value: Uint8Array };

const items: fc.Arbitrary<Item[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('u8' as const), value: fc.nat(255) }),
    fc.record({ kind: fc.constant('u16' as const), value: fc.nat(65_535) }),
    fc.record({ kind: fc.constantFrom('u32' as const, 'varint' as const), value: u32 }),
    fc.record({ kind: fc.constantFrom('i32' as const, 'zigzag' as const), value: i32 }),
    fc.record({ kind: fc.constant('u53' as const), value: u53 }),
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme', maxLength: 20 }) }),
    fc.record({ kind: fc.constant('raw' as const), value: fc.uint8Array({ maxLength: 20 }) }),
  ),
  { maxLength: 20 },
);

function write(writer: Writer, item: Item): void {
  if (item.kind === 'text') writer.text(item.value);
  else if (item.kind === 'raw') writer.raw(item.value);
  else if (item.kind === 'i32') writer.u32(item.value);
  else writer[item.kind](item.value);
}

function read(reader: Reader, item: Item): string | number | Uint8Array {
  if (item.kind === 'text') return reader.text(reader.varint());
  if (item.kind !== 'raw') return reader[item.kind]();
  const from = reader.offset;
  reader.skip(item.value.length);
  return reader.bytes.slice(from, reader.offset);
}

test('what is written is read, at any offset of the buffer, and fits its exact size', () => {
  fc.assert(
    fc.property(items, fc.nat(9), (list, offset) => {
      const writer = new Writer(new Uint8Array(2000));
      writer.reset(writer.bytes, offset);
      for (const item of list) write(writer, item);
      expect(writer.failed).toBe(false);
      const exact = new Writer(new Uint8Array(writer.offset - offset));
      for (const item of list) write(exact, item);
      expect(exact.failed).toBe(false);
      expect(exact.bytes).toEqual(writer.copy(offset));
      const reader = new Reader();
      reader.reset(writer.bytes, offset, writer.offset);
      for (const item of list) expect(read(reader, item)).toEqual(item.value);
      expect([reader.failed, reader.remaining]).toEqual([false, 0]);
    }),
  );
});

test('cut off at any byte, the reader fails, yields zeros and stays failed', () => {
  fc.assert(
    fc.property(items, (list) => {
      const writer = new Writer(new Uint8Array(2000));
      for (const item of list) write(writer, item);
      for (let end = 0; end < writer.offset; end++) {
        const reader = new Reader();
        reader.reset(writer.bytes, 0, end);
        for (const item of list) {
          const value = read(reader, item);
          expect(reader.offset).toBeLessThanOrEqual(end);
          if (!reader.failed) expect(value).toEqual(item.value);
          else if (item.kind !== 'raw') expect(value).toBe(item.kind === 'text' ? '' : 0);
        }
        expect(reader.failed).toBe(true);
        expect([reader.u8(), reader.u16(), reader.u32(), reader.u53(), reader.varint(), reader.zigzag()]).toEqual([
          0, 0, 0, 0, 0, 0,
        ]);
      }
    }),
    { numRuns: 30 },
  );
});

test('a writer without room fails, never writes past its end, and stays failed', () => {
  fc.assert(
    fc.property(items, fc.nat(60), (list, size) => {
      const bytes = new Uint8Array(size + 40).fill(0xee);
      const writer = new Writer(bytes);
      writer.reset(bytes, 0, size);
      let failedAt = -1;
      for (const item of list) {
        write(writer, item);
        if (writer.failed && failedAt === -1) failedAt = writer.offset;
        if (failedAt !== -1) expect([writer.failed, writer.offset]).toEqual([true, failedAt]);
      }
      expect(bytes.subarray(size).every((byte) => byte === 0xee)).toBe(true);
      writer.reset(bytes, 0, size);
      expect([writer.failed, writer.offset, writer.end]).toEqual([false, 0, size]);
    }),
  );
});

test('a varint is what protobuf says, and takes as many bytes as varintBytes says', () => {
  fc.assert(
    fc.property(u32, (value) => {
      const writer = new Writer(new Uint8Array(5));
      writer.varint(value);
      const naive: number[] = [];
      let rest = BigInt(value);
      do {
        naive.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
        rest >>= 7n;
      } while (rest > 0n);
      expect([...writer.copy()]).toEqual(naive);
      expect(varintBytes(value)).toBe(naive.length);
    }),
  );
});

test.for([
  ['zero in two bytes', [0x80, 0x00]],
  ['one in two bytes', [0x81, 0x00]],
  ['127 in five bytes', [0xff, 0x80, 0x80, 0x80, 0x00]],
  ['33 bits', [0xff, 0xff, 0xff, 0xff, 0x1f]],
  ['six bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ['minus one as a 64-bit varint', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['no end', [0xff, 0xff, 0xff]],
  ['nothing', []],
] as const)('a malformed varint fails: %s', ([, bytes]) => {
  for (const kind of ['varint', 'zigzag'] as const) {
    const reader = new Reader(Uint8Array.from(bytes));
    expect([reader[kind](), reader.failed, reader.remaining]).toEqual([0, true, 0]);
  }
});

test('the largest varint of five bytes is read', () => {
  const reader = new Reader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f));
  expect([reader.varint(), reader.failed]).toEqual([0xffff_ffff, false]);
});

test('zigzag keeps small magnitudes small', () => {
  expect([0, -1, 1, -2, 2, 2 ** 31 - 1, -(2 ** 31)].map(zigzag)).toEqual([0, 1, 2, 3, 4, 2 ** 32 - 2, 2 ** 32 - 1]);
});

test.for([
  ['a lone continuation byte', [0x80]],
  ['a start without its end', [0xe2, 0x82]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['past U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['a byte that is never one', [0x61, 0xff, 0x61]],
] as const)('invalid UTF-8 fails: %s', ([, bytes]) => {
  const reader = new Reader(Uint8Array.from(bytes));
  expect([reader.text(bytes.length), reader.failed]).toEqual(['', true]);
});

test('text: a length past the end fails, none is empty, a byte-order mark stays, shared memory will do', () => {
  const reader = new Reader(Uint8Array.of(0x61));
  expect([reader.text(0), reader.failed]).toEqual(['', false]);
  expect([reader.text(2), reader.failed]).toEqual(['', true]);
  const writer = new Writer(new Uint8Array(new SharedArrayBuffer(32)));
  writer.text('\uFEFFé');
  const again = new Reader(writer.bytes);
  expect(again.text(again.varint())).toBe('\uFEFFé');
  expect(writer.offset).toBe(6);
});

test.each(['Player-12', 'Player-12é', '', 'ééééé', 'é'.repeat(100)])('text that does not fit fails: %s', (text) => {
  const bytes = new TextEncoder().encode(text).length;
  const whole = bytes + varintBytes(bytes);
  const writer = new Writer(new Uint8Array(300));
  writer.reset(writer.bytes, 0, whole);
  writer.text(text);
  expect([writer.failed, writer.offset]).toEqual([false, whole]);
  for (let end = 0; end < whole; end++) {
    writer.reset(writer.bytes, 0, end);
    writer.text(text);
    expect(writer.failed).toBe(true);
  }
});

test('a u53 above 2⁵³−1 fails', () => {
  const reader = new Reader(Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0));
  expect([reader.u53(), reader.failed]).toEqual([0, true]);
});

test('texts are the same on the short way of plain characters and on the long one', () => {
  for (const length of [1, 24, 63, 64, 65, 200]) {
    const plain = Array.from({ length }, (_, index) => String.fromCharCode((index * 37) & 0x7f)).join('');
    for (const text of [plain, `${plain.slice(1)}é`]) {
      const bytes = new TextEncoder().encode(`x${text}y`);
      const reader = new Reader(bytes);
      reader.u8();
      expect([reader.text(bytes.length - 2), reader.u8(), reader.failed]).toEqual([text, 0x79, false]);
      bytes[length] = 0xff;
      const broken = new Reader(bytes);
      broken.u8();
      expect([broken.text(bytes.length - 2), broken.failed]).toEqual(['', true]);
    }
  }
});
