import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANGLES, angleOf, cosineOf, SINES, sineOf, TRIG_ONE } from '../../src/sim/trig.ts';

const TURN = 2 * Math.PI;

test('the tables are what they say', () => {
  for (let index = 0; index <= 256; index++) {
    expect(SINES[index]).toBe(Math.round(TRIG_ONE * Math.sin((index * Math.PI) / 512)));
    expect(ANGLES[index]).toBe(Math.round((65_536 * 16 * Math.atan(index / 256)) / TURN));
  }
  expect([SINES.length, ANGLES.length]).toEqual([257, 257]);
});

test('sine and cosine of every angle are off by less than 1.5, and of any integer like those of its turn', () => {
  for (let angle = 0; angle < 65_536; angle++) {
    const sine = sineOf(angle);
    if (Math.abs(sine - TRIG_ONE * Math.sin((angle / 65_536) * TURN)) >= 1.5)
      throw new Error(`sine of ${angle}: ${sine}`);
    const cosine = cosineOf(angle);
    if (Math.abs(cosine - TRIG_ONE * Math.cos((angle / 65_536) * TURN)) >= 1.5) throw new Error(`cosine of ${angle}`);
  }
  expect([sineOf(16_384), cosineOf(0), sineOf(-16_384), cosineOf(32_768)]).toEqual([65_536, 65_536, -65_536, -65_536]);
  expect(sineOf(65_536 * 9 + 5)).toBe(sineOf(5));
});

test('the angle of a vector is off by at most 1.5, whatever its length', () => {
  const length = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -(2 ** 37), max: 2 ** 37 }));
  fc.assert(
    fc.property(length, length, (x, z) => {
      fc.pre(x !== 0 || z !== 0);
      const exact = (Math.atan2(z, x) / TURN) * 65_536;
      const angle = angleOf(x, z);
      expect(angle).toBe(angle & 0xffff);
      const off = Math.abs(angle - exact) % 65_536;
      expect(Math.min(off, 65_536 - off)).toBeLessThanOrEqual(1.5);
    }),
    { numRuns: 3000 },
  );
  expect([angleOf(0, 0), angleOf(5, 0), angleOf(0, 5), angleOf(-5, 0), angleOf(0, -5)]).toEqual([
    0, 0, 16_384, 32_768, 49_152,
  ]);
});
