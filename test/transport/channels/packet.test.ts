import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader, Writer } from '../../../src/base/bytes.ts';
import { PACKET_BYTES_MAX } from '../../../src/base/limits.ts';
import {
  BAD_LAYOUT,
  BAD_SEGMENT,
  BAD_SIZE,
  checkMessages,
  createPacketHeader,
  MESSAGE_BYTES_MAX,
  readHeader,
  TAKEN,
  writeHeader,
} from '../../../src/transport/channels/packet.ts';
import { PAYLOAD_BYTES_MAX } from '../../../src/transport/layout.ts';
import { forge, segment, withAcks } from './harness.ts';

const u16 = fc.nat(0xffff);

test('a header reads as it was written', () => {
  const header = fc.record({
    sequence: u16,
    newest: u16,
    bits: fc.integer().map((bits) => bits | 1),
    delayTenths: u16,
  });
  fc.assert(
    fc.property(header, (fields) => {
      const writer = new Writer(new Uint8Array(10));
      writeHeader({ ...fields, hasSegments: false }, writer);
      const read = createPacketHeader();
      expect(readHeader(read, new Reader(writer.bytes))).toBe(TAKEN);
      expect(read).toEqual({ ...fields, hasSegments: false });
    }),
    { seed: 1 },
  );
});

test.each<[string, Uint8Array, number]>([
  ['nothing', new Uint8Array(0), BAD_SIZE],
  ['a header cut short', forge(0).subarray(0, 9), BAD_SIZE],
  ['more than a datagram holds', new Uint8Array(1201), BAD_SIZE],
  ['a newest packet that was not received', withAcks(forge(0), 5, 0b10), BAD_LAYOUT],
  ['a newest packet, and nothing received', withAcks(forge(0), 5, 0), BAD_LAYOUT],
  ['a delay, and nothing received', withAcks(forge(0), 0, 0, 1), BAD_LAYOUT],
  ['a bare header', forge(0), TAKEN],
])('header: %s', (_, bytes, code) => {
  expect(readHeader(createPacketHeader(), new Reader(bytes))).toBe(code);
});

const unreliable = (...content: number[]): number[] => [content.length << 2, 0, ...content];

test.each<[string, readonly (readonly number[])[], number]>([
  ['no messages', [], TAKEN],
  ['one of each kind', [unreliable(1), [5, 0, 1], segment(65_535, [1, 2])], TAKEN],
  ['an unknown kind', [[7, 0, 1]], BAD_LAYOUT],
  ['an empty message', [[0, 0]], BAD_LAYOUT],
  ['an empty sequenced message', [[1, 0]], BAD_LAYOUT],
  ['an empty segment', [segment(65_535, [])], BAD_LAYOUT],
  ['half a head', [[4]], BAD_LAYOUT],
  ['a message longer than the packet', [[12, 0, 1, 2]], BAD_LAYOUT],
  ['the longest length there is', [[0xfc, 0xff, 1]], BAD_LAYOUT],
  ['a segment without its id', [[6, 0]], BAD_LAYOUT],
  ['a segment with half its id', [[6, 0, 1]], BAD_LAYOUT],
  ['a segment without its bytes', [[6, 0, 1, 0]], BAD_LAYOUT],
  ['a segment at the end of the window', [segment(14, [1])], TAKEN],
  ['a segment beyond the window', [segment(15, [1])], BAD_SEGMENT],
  ['a segment half the circle ahead', [segment(32_766, [1])], BAD_SEGMENT],
  ['a segment of long ago', [segment(40_000, [1])], TAKEN],
  [
    'a segment too long',
    [
      segment(
        0,
        Array.from({ length: 1025 }, () => 1),
      ),
    ],
    BAD_LAYOUT,
  ],
  ['something wrong behind something right', [unreliable(1, 2, 3), [7, 0, 1]], BAD_LAYOUT],
])('messages: %s', (_, messages, code) => {
  const reader = new Reader(forge(0, ...messages));
  reader.skip(10);
  expect(checkMessages(createPacketHeader(), reader, 65_535, 16)).toBe(code);
});

test('a packet is what one datagram of the transport below carries', () => {
  expect(PACKET_BYTES_MAX).toBe(PAYLOAD_BYTES_MAX);
});

test('the longest message fills a packet to its end', () => {
  expect(forge(0, unreliable(...new Uint8Array(MESSAGE_BYTES_MAX)))).toHaveLength(1200);
});
