import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clearLabels, createLabelRoom, takeLabel } from '../../src/web/label-room.ts';

const SEED = 20;
const label = fc.record({ x: fc.integer({ min: -90, max: 900 }), y: fc.integer({ min: -30, max: 500 }) });

test(`no two names that were given room lie on each other, and one alone always has it, seed ${SEED}`, () => {
  const room = createLabelRoom();
  fc.assert(
    fc.property(
      fc.array(label, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 20, max: 160 }),
      (labels, width) => {
        clearLabels(room, 801, 403);
        const given = labels.filter(({ x, y }) => takeLabel(room, x, y, width, 12));
        expect(given[0]).toBe(labels[0]);
        for (const a of given) {
          for (const b of given) {
            const isOn = (at: { x: number; y: number }): boolean => at.x > 0 && at.y > 0 && at.x < 801 && at.y < 403;
            if (a === b || !isOn(a) || !isOn(b)) continue;
            expect(Math.abs(a.x - b.x) >= width || Math.abs(a.y - b.y) >= 12).toBe(true);
          }
        }
      },
    ),
    { seed: SEED },
  );
});

test('the same names in the same order get room in each frame', () => {
  const room = createLabelRoom();
  const frame = (): boolean[] => {
    clearLabels(room, 300, 200);
    return [takeLabel(room, 50, 50, 60, 12), takeLabel(room, 70, 52, 60, 12), takeLabel(room, 200, 50, 60, 12)];
  };
  expect(frame()).toEqual([true, false, true]);
  expect(frame()).toEqual([true, false, true]);
});
