import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader, Writer } from '../../src/base/bytes.ts';
import { readSpan, SPAN_BYTES_MAX, writeSpan } from '../../src/observe/span-record.ts';
import {
  SPAN_ATTRIBUTES,
  SPAN_TEXT_CHARACTERS_MAX,
  SPANS,
  type SpanAttributes,
  type SpanName,
  type SpanRecord,
} from '../../src/observe/spans.ts';

const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits });
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 });
const values = Object.entries(SPAN_ATTRIBUTES).map(([name, type]) => [
  name,
  type === 'number' ? fc.nat(Number.MAX_SAFE_INTEGER) : text,
]);
const attributes = fc.record(Object.fromEntries(values), { requiredKeys: [] }) as fc.Arbitrary<SpanAttributes>;
const spans: fc.Arbitrary<SpanRecord> = fc
  .record({
    name: fc.constantFrom(...(Object.keys(SPANS) as SpanName[])),
    traceId: hex(32),
    spanId: hex(16),
    parentId: fc.oneof(fc.constant(''), hex(16)),
    startUs: fc.nat(2_000_000_000_000_000),
    durationUs: fc.nat(10_000_000_000),
    isError: fc.boolean(),
    attributes,
  })
  .map(({ startUs, durationUs, ...span }) => ({
    ...span,
    startMs: startUs / 1000,
    endMs: (startUs + durationUs) / 1000,
  }));

function write(span: SpanRecord): Uint8Array {
  const writer = new Writer(new Uint8Array(SPAN_BYTES_MAX));
  writeSpan(writer, span);
  expect(writer.failed).toBe(false);
  return writer.copy();
}

const read = (bytes: Uint8Array) => {
  const reader = new Reader();
  reader.reset(bytes);
  return readSpan(reader);
};

test('what was written is read, with texts cut to their length', () => {
  fc.assert(
    fc.property(spans, (span) => {
      const found = read(write(span))!;
      const { attributes: said, ...rest } = span;
      expect(found).toMatchObject(rest);
      for (const [name, value] of Object.entries(said)) {
        if (typeof value === 'number') expect(found.attributes).toMatchObject({ [name]: value });
      }
      for (const value of Object.values(found.attributes)) {
        if (typeof value === 'string') expect(value.length).toBeLessThanOrEqual(SPAN_TEXT_CHARACTERS_MAX);
      }
      expect(Object.keys(found.attributes).toSorted()).toEqual(Object.keys(said).toSorted());
    }),
  );
});

test('a time is kept to the microsecond', () => {
  const span = { name: 'join', traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentId: '', isError: false } as const;
  const found = read(write({ ...span, startMs: 1_795_333_234_621.087, endMs: 1_795_333_234_999.999, attributes: {} }))!;
  expect([found.startMs, found.endMs]).toEqual([1_795_333_234_621.087, 1_795_333_234_999.999]);
});

test('bytes that are no span, or end too early, are none', () => {
  const bytes = write({
    ...{ name: 'command', traceId: '0'.repeat(32), spanId: '1'.repeat(16), parentId: '', startMs: 1, endMs: 2 },
    ...{ isError: false, attributes: { request: 'buy', tick: 5 } },
  });
  for (let length = 0; length < bytes.length; length++) expect(read(bytes.slice(0, length))).toBeUndefined();
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (any) => void read(any)));
});
