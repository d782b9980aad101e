import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader, Writer } from '../../src/base/bytes.ts';
import {
  DECODED,
  decodeMessage,
  encodeMessage,
  encodeToBytes,
  MALFORMED,
  OUT_OF_RANGE,
  type WireObject,
} from '../../src/wire/codec.ts';
import { createMessages, type Message } from '../../src/wire/schema.ts';
import { messageArbitrary, normalise } from './arbitrary.ts';
import { PROBE_SCHEMA } from './probe-schema.ts';
import { createReference } from './reference.ts';

const messages = createMessages(PROBE_SCHEMA);
const reference = createReference(PROBE_SCHEMA);
const all = Object.values(messages) as Message[];

function decode(message: Message, bytes: Uint8Array, unknown: 'reject' | 'skip' = 'reject') {
  return decodeMessage(new Reader(bytes), message, unknown);
}

test.each(all)('$name: both ways the same as protobufjs', (message) => {
  fc.assert(
    fc.property(messageArbitrary(message), (value) => {
      const expected = normalise(message, value);
      const ours = encodeToBytes(message, value);
      expect(reference.decode(message, ours)).toEqual(expected);
      for (const bytes of [ours, reference.encode(message, value)]) {
        const { code, value: decoded } = decode(message, bytes);
        expect(code).toBe(DECODED);
        expect(normalise(message, decoded)).toEqual(expected);
      }
    }),
    { numRuns: 60 },
  );
});

function checkRanges(message: Message, value: WireObject): void {
  for (const field of message.fields) {
    const content = value[field.name];
    for (const one of Array.isArray(content) ? content : [content]) {
      if (typeof one === 'number') {
        expect(one).toBeGreaterThanOrEqual(field.min ?? -0x8000_0000);
        expect(one).toBeLessThanOrEqual(field.max ?? 0xffff_ffff);
      } else if (typeof one === 'object' && !(one instanceof Uint8Array)) checkRanges(field.type as Message, one);
    }
  }
}

test.each(all)('$name: cut anywhere, any bit turned: a code, and what is taken protobufjs takes too', (message) => {
  const check = (bytes: Uint8Array): void => {
    for (const unknown of ['reject', 'skip'] as const) {
      const { code, value } = decode(message, bytes, unknown);
      expect([DECODED, MALFORMED, OUT_OF_RANGE]).toContain(code);
      if (code !== DECODED) continue;
      checkRanges(message, value);
      if (unknown === 'reject' && !hasMerge(bytes, message)) {
        expect(normalise(message, value)).toEqual(reference.decode(message, bytes));
      }
    }
  };
  fc.assert(
    fc.property(messageArbitrary(message), (value) => {
      const bytes = encodeToBytes(message, value).subarray(0, 120);
      for (let end = 0; end < bytes.length; end++) check(bytes.subarray(0, end));
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        check(flipped);
      }
    }),
    { numRuns: 4 },
  );
});

/** A message that came twice: protobuf merges the two, we take the last. Nobody sends it. */
function hasMerge(bytes: Uint8Array, message: Message): boolean {
  const seen = new Set<number>();
  const reader = new Reader(bytes);
  while (reader.remaining > 0) {
    const tag = reader.varint();
    const field = message.fields.find(({ field: number }) => number === tag >>> 3);
    if ((tag & 7) === 0) {
      reader.varint();
      continue;
    }
    const length = reader.varint();
    const from = reader.offset;
    reader.skip(length);
    if (typeof field?.type !== 'object') continue;
    if (hasMerge(bytes.subarray(from, from + length), field.type)) return true;
    if (field.repeated !== true && (field.oneof !== undefined || seen.has(field.field))) {
      if (seen.size > 0) return true;
    }
    seen.add(field.field);
  }
  return false;
}

test('unknown fields are refused by a server and skipped by a client; groups by both', () => {
  const ping = encodeToBytes(messages.clientPing, { clientTimeMs: 300 });
  const extras: Record<string, number[]> = {
    varint: [15 << 3, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    fixed64: [(15 << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8],
    bytes: [(15 << 3) | 2, 3, 1, 2, 3],
    fixed32: [(15 << 3) | 5, 1, 2, 3, 4],
  };
  for (const extra of Object.values(extras)) {
    const bytes = Uint8Array.from([...extra, ...ping]);
    expect(decode(messages.clientPing, bytes).code).toBe(MALFORMED);
    expect(decode(messages.clientPing, bytes, 'skip')).toEqual({ code: DECODED, value: { clientTimeMs: 300 } });
    for (let end = 1; end < extra.length; end++) {
      expect(decode(messages.clientPing, bytes.subarray(0, end), 'skip').code).toBe(MALFORMED);
    }
  }
  for (const bad of [[(15 << 3) | 3, (15 << 3) | 4], [(15 << 3) | 6], [(15 << 3) | 7], [0, 1], [2, 0]]) {
    expect(decode(messages.clientPing, Uint8Array.from(bad)).code).toBe(MALFORMED);
    expect(decode(messages.clientPing, Uint8Array.from(bad), 'skip').code).toBe(MALFORMED);
  }
});

test.each<[string, number[]]>([
  ['overlong varint', [8, 0x80, 0]],
  ['six bytes', [8, 0x80, 0x80, 0x80, 0x80, 0x80, 1]],
  ['above 32 bits', [8, 0xff, 0xff, 0xff, 0xff, 0x1f]],
  ['overlong tag', [0x88, 0, 1]],
  ['wrong wire type', [(1 << 3) | 5, 1, 2, 3, 4]],
  ['a length instead', [(1 << 3) | 2, 1, 1]],
])('a number is refused as %s', (_, bytes) => {
  expect(decode(messages.clientPing, Uint8Array.from(bytes)).code).toBe(MALFORMED);
});

test('bounds hold, for texts in bytes and for what was left out', () => {
  const encode = (value: WireObject) =>
    decode(messages.clientRequest, encodeToBytes(messages.clientRequest, value)).code;
  expect(encode({ id: 1, trade: { withWhom: 1, amount: -1000, note: 'ä'.repeat(10) } })).toBe(DECODED);
  expect(encode({ id: 1, trade: { withWhom: 1, amount: -1001, note: '' } })).toBe(OUT_OF_RANGE);
  expect(encode({ id: 1, trade: { withWhom: 1, amount: 1001, note: '' } })).toBe(OUT_OF_RANGE);
  expect(encode({ id: 1, trade: { withWhom: 1, amount: 0, note: `${'ä'.repeat(10)}x` } })).toBe(OUT_OF_RANGE);
  expect(encode({ id: 1, trade: { amount: 0, note: '' } })).toBe(OUT_OF_RANGE);
  expect(encode({ id: 1, say: { channel: 4, words: '' } })).toBe(OUT_OF_RANGE);
});

test('of two bodies the last one counts', () => {
  const first = encodeToBytes(messages.clientRequest, { id: 1, say: { words: 'first' } });
  const second = encodeToBytes(messages.clientRequest, { trade: { withWhom: 2 } });
  const { value } = decode(messages.clientRequest, Uint8Array.from([...first, ...second]));
  expect(value).toMatchObject({ id: 1, say: undefined, trade: { withWhom: 2 } });
});

test('a text keeps a byte order mark, here and in protobufjs', () => {
  const bytes = encodeToBytes(messages.serverGoodbye, { reason: '\uFEFFidle' });
  expect(decode(messages.serverGoodbye, bytes).value).toEqual({ reason: '\uFEFFidle' });
  expect(reference.decode(messages.serverGoodbye, bytes)).toEqual({ reason: '\uFEFFidle' });
});

test('invalid UTF-8 is malformed', () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
    const frame = Uint8Array.from([(1 << 3) | 2, bytes.length, ...bytes]);
    expect(decode(messages.clientJoin, frame).code).toBe(MALFORMED);
  }
});

test('a full writer fails, it does not write past its end', () => {
  const value = { reason: 'shutting_down' };
  const length = encodeToBytes(messages.serverGoodbye, value).length;
  for (let room = 0; room < length; room++) {
    const bytes = new Uint8Array(length + 8).fill(0xaa);
    const writer = new Writer(bytes);
    writer.reset(bytes, 0, room);
    encodeMessage(writer, messages.serverGoodbye, value);
    expect(writer.failed).toBe(true);
    expect(bytes.subarray(room).every((byte) => byte === 0xaa)).toBe(true);
  }
  expect(() => encodeToBytes(messages.serverGoodbye, { reason: 'x'.repeat(65_536) })).toThrow('takes more than');
});
