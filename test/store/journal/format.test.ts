import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BLOCK_BYTES,
  decodeSegmentHeader,
  encodeSegmentHeader,
  GROUP_HEAD_BYTES,
  groupBytes,
  isZero,
  readGroup,
  sealGroup,
  segmentName,
  segmentOfName,
} from '../../../src/store/journal/format.ts';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u53 = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const header = fc.record({
  version: fc.constant(1),
  salt: u32,
  segment: u53,
  first: u53,
  previous: u32,
  wallMs: u53,
  nodeId: fc.string({ maxLength: 11, unit: 'grapheme-ascii' }),
});
const HEADER_BYTES = 96;

test('a header comes back, and none with a bit flipped or cut short', () => {
  fc.assert(
    fc.property(header, fc.nat(HEADER_BYTES * 8 - 1), fc.nat(HEADER_BYTES - 1), (given, bit, length) => {
      const bytes = encodeSegmentHeader(given, crc32);
      expect(bytes.length).toBe(BLOCK_BYTES);
      expect(decodeSegmentHeader(bytes, crc32)).toEqual(given);
      expect(decodeSegmentHeader(bytes.subarray(0, length), crc32)).toBeUndefined();
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      expect(decodeSegmentHeader(bytes, crc32)).toBeUndefined();
    }),
  );
});

test('a group comes back from any block, and none with a bit of head or body flipped or cut short', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 9000 }),
      fc.record({ sequence: u53, salt: u32, previous: u32 }),
      fc.nat(3),
      fc.nat(),
      (body, place, block, pick) => {
        const whole = new Uint8Array(block * BLOCK_BYTES + groupBytes(body.length)).fill(0xaa);
        const group = whole.subarray(block * BLOCK_BYTES);
        group.set(body, GROUP_HEAD_BYTES);
        const checksum = sealGroup(group, body.length, place, crc32);
        const offset = block * BLOCK_BYTES;
        const read = readGroup(whole, offset, crc32);
        expect(read).toMatchObject({ ...place, checksum, end: whole.length });
        expect(whole.subarray(read!.bodyFrom, read!.bodyEnd)).toEqual(body);
        expect(isZero(whole, read!.bodyEnd, whole.length)).toBe(true);
        const meantBytes = GROUP_HEAD_BYTES + body.length;
        const cut = whole.slice(0, offset + (pick % meantBytes));
        expect(readGroup(cut, offset, crc32)).toBeUndefined();
        const bit = pick % (meantBytes * 8);
        group[bit >>> 3]! ^= 1 << (bit & 7);
        expect(readGroup(whole, offset, crc32)).toBeUndefined();
      },
    ),
  );
});

test('the checksum of a group depends on the one before it', () => {
  const checksums = [1, 2].map((previous) => {
    const bytes = new Uint8Array(groupBytes(3));
    bytes.set([7, 7, 7], GROUP_HEAD_BYTES);
    return sealGroup(bytes, 3, { sequence: 9, salt: 4, previous }, crc32);
  });
  expect(checksums[0]).not.toBe(checksums[1]);
});

test('names of segments', () => {
  expect(segmentName(7)).toBe('00000007.journal');
  expect(segmentOfName('00000007.journal')).toBe(7);
  expect(segmentOfName('123456789.journal.zst')).toBe(123_456_789);
  for (const name of ['7.journal', '00000007.journal.tmp', 'x00000007.journal', '00000007.keyframe']) {
    expect(segmentOfName(name)).toBeUndefined();
  }
});
