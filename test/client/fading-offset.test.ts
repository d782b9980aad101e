import { expect, test } from 'vitest';
import { fadeOffset, setOffset } from '../../src/client/fading-offset.ts';

test('an offset fades to a tenth within a tenth of a second, however time is cut; a large one is none', () => {
  const once = { offsetX: 0, offsetY: 0, offsetZ: 0 };
  setOffset(once, 1000, -500, 2000);
  const often = { ...once };
  fadeOffset(once, 100);
  for (let frame = 0; frame < 25; frame++) fadeOffset(often, 4);
  expect(once.offsetX).toBeGreaterThan(90);
  expect(once.offsetX).toBeLessThan(105);
  expect(often.offsetX).toBeCloseTo(once.offsetX, 6);
  expect(often.offsetZ).toBeCloseTo(2 * once.offsetX, 6);
  setOffset(once, 0, 0, 3001);
  expect(once).toEqual({ offsetX: 0, offsetY: 0, offsetZ: 0 });
  setOffset(once, 0, -3000, 0);
  expect(once.offsetY).toBe(-3000);
});
