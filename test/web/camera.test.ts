import { expect, test } from 'vitest';
import { aimAt, createCamera, resizeCamera, screenX, screenY, toRadians, toTurns } from '../../src/web/camera.ts';

test('the own player is in the middle, +X to the right, +Z down', () => {
  const camera = createCamera();
  resizeCamera(camera, 1280, 720);
  camera.xMm = 5_000;
  camera.zMm = -2_000;
  expect([screenX(camera, 5_000), screenY(camera, -2_000)]).toEqual([640, 360]);
  expect(screenX(camera, 6_000)).toBeGreaterThan(640);
  expect(screenY(camera, 0)).toBeGreaterThan(360);
});

test('a phone and a wall of screens both show enough and not too small', () => {
  const camera = createCamera();
  resizeCamera(camera, 320, 200);
  expect(camera.pixelsPerMm * 1000).toBe(16);
  resizeCamera(camera, 8000, 6000);
  expect(camera.pixelsPerMm * 1000).toBe(48);
});

test.each([
  [1, 0, 0],
  [0, 1, 16_384],
  [-1, 0, 32_768],
  [0, -1, 49_152],
])('the direction %d, %d is %d turns / 65536', (x, y, turns) => {
  expect(toTurns(x, y)).toBe(turns);
  const camera = createCamera();
  resizeCamera(camera, 800, 600);
  expect(aimAt(camera, 400 + x * 50, 300 + y * 50)).toBe(turns);
  expect(Math.cos(toRadians(turns))).toBeCloseTo(x, 9);
  expect(Math.sin(toRadians(turns))).toBeCloseTo(y, 9);
});
