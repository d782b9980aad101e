import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeKeyframeHeader,
  encodeKeyframeHeader,
  KEYFRAME_HEADER_BYTES,
  keyframeName,
  keyframeOfName,
} from '../../../src/store/journal/keyframe-file.ts';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u53 = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

test('a header comes back, and none with a bit flipped or cut short', () => {
  const header = fc.record({
    zoneId: u32,
    zoneEpoch: u53,
    tick: u53,
    contentBytes: u53,
    startBytes: fc.constant(0),
    packedBytes: u53,
    sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  });
  fc.assert(
    fc.property(header, fc.nat(KEYFRAME_HEADER_BYTES * 8 - 1), (given, bit) => {
      const bytes = encodeKeyframeHeader(given, crc32);
      expect(decodeKeyframeHeader(bytes, crc32)).toEqual({ version: 1, ...given });
      expect(decodeKeyframeHeader(bytes.subarray(0, bit >>> 3), crc32)).toBeUndefined();
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      expect(decodeKeyframeHeader(bytes, crc32)).toBeUndefined();
    }),
  );
});

test('names of keyframes', () => {
  const place = { zoneId: 2, zoneEpoch: 17, tick: 36_000 };
  expect(keyframeName(place)).toBe('zone-2-17-36000.keyframe');
  expect(keyframeOfName('zone-2-17-36000.keyframe')).toEqual({ ...place, name: 'zone-2-17-36000.keyframe' });
  expect(keyframeOfName('zone-2-17-36000.keyframe.tmp')).toBeUndefined();
  expect(keyframeOfName('zone-2-17.keyframe')).toBeUndefined();
});
