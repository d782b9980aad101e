import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { TOLD_BYTES_MAX } from '../../src/base/limits.ts';
import { createTold, hasTold, sendTold, tell } from '../../src/session/told.ts';

const EVENTS = 3;
const RESPONSES = 4;

interface Part {
  readonly field: number;
  readonly bytes: Uint8Array;
}

function readParts(message: Uint8Array): Part[] {
  const parts: Part[] = [];
  const reader = new Reader(message);
  while (reader.remaining > 0) {
    const tag = reader.varint();
    expect(tag & 7).toBe(2);
    const length = reader.varint();
    parts.push({ field: tag >>> 3, bytes: message.slice(reader.offset, reader.offset + length) });
    reader.offset += length;
  }
  expect(reader.failed).toBe(false);
  return parts;
}

test('all parts arrive once, in order, in few messages of one kind each that are no longer than they may be', () => {
  const part = fc.record({
    field: fc.constantFrom(EVENTS, EVENTS, EVENTS, RESPONSES),
    bytes: fc
      .uint8Array({ maxLength: 3 * TOLD_BYTES_MAX, size: 'max' })
      .map((bytes) => bytes.slice(0, bytes.length ** 2 / 4000)),
  });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const told = createTold();
      const sent: Uint8Array[] = [];
      const link = { send: (bytes: Uint8Array) => void sent.push(bytes.slice()) };
      for (const { field, bytes } of parts) {
        const padded = Uint8Array.of(9, ...bytes, 9);
        tell(told, link, field, padded, 1, bytes.length + 1);
        padded.fill(0);
      }
      sendTold(told, link);
      sendTold(told, link);
      expect(hasTold(told)).toBe(false);
      const messages = sent.map(readParts);
      expect(messages.flat()).toEqual(parts);
      messages.forEach((message, index) => {
        expect(new Set(message.map(({ field }) => field)).size).toBe(1);
        if (message.length > 1) expect(sent[index]!.length).toBeLessThanOrEqual(TOLD_BYTES_MAX);
        const next = messages[index + 1];
        // Neither of two neighbours would have had room in the other.
        if (next !== undefined && next[0]!.field === message[0]!.field) {
          expect(sent[index]!.length + next[0]!.bytes.length + 4).toBeGreaterThan(TOLD_BYTES_MAX);
        }
      });
    }),
  );
});

test('what waits is gone before it is sent: a link that closes by it sends nothing twice', () => {
  const told = createTold();
  const sent: number[] = [];
  const link = {
    send(bytes: Uint8Array) {
      sent.push(bytes.length);
      sendTold(told, link);
    },
  };
  tell(told, link, EVENTS, new Uint8Array(10), 0, 10);
  sendTold(told, link);
  expect(sent).toEqual([12]);
});
