import { expect, test } from 'vitest';
import { lowestBit } from '../../src/base/bits.ts';

test('the lowest bit of each word, the sign bit too', () => {
  for (let place = 0; place < 32; place++) {
    expect(lowestBit(1 << place)).toBe(place);
    expect(lowestBit(-1 << place)).toBe(place);
    expect(lowestBit((1 << place) | (1 << 31))).toBe(place);
  }
});
