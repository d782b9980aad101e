import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REWIND_TICKS_MAX } from '../../src/base/limits.ts';
import { positionAt } from '../../src/rewind/past.ts';
import { createTestZone, input, join, run, slotOf } from '../zone/harness.ts';

test('the past is what the zone published, mm by mm, for as long as hits may reach back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 25, maxLength: 60 }), (moves) => {
      const zone = createTestZone();
      join(zone, 0);
      run(zone);
      const slot = slotOf(zone, 0);
      const { positionX } = zone.zone.world.columns;
      const seen: number[] = [positionX[slot]!];
      for (const moveX of moves) {
        input(zone, 0, { moveX });
        run(zone);
        seen.push(positionX[slot]!);
      }
      const out = new Int32Array(3);
      for (let back = 0; back <= REWIND_TICKS_MAX; back++) {
        expect(positionAt(zone.zone.past, slot, back, out)).toBe(true);
        const then = seen.at(-1 - back)!;
        expect(out[0]).toBe(back === 0 ? then : (then >> 7) << 7);
      }
      expect(positionAt(zone.zone.past, slot, REWIND_TICKS_MAX + 1, out)).toBe(false);
    }),
    { numRuns: 20 },
  );
});

test('who was not there then is not found there: before it joined, and whoever had the slot', () => {
  const zone = createTestZone();
  run(zone, 20);
  join(zone, 0);
  run(zone, 3);
  const out = new Int32Array(3);
  expect(positionAt(zone.zone.past, slotOf(zone, 0), 2, out)).toBe(true);
  expect(positionAt(zone.zone.past, slotOf(zone, 0), 3, out)).toBe(false);
  expect(positionAt(zone.zone.past, 50, 0, out)).toBe(false);
});
