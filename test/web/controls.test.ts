import { expect, test } from 'vitest';
import type { Intent } from '../../src/client/state.ts';
import { createCamera, resizeCamera } from '../../src/web/camera.ts';
import { type Controls, readControls } from '../../src/web/controls.ts';

const camera = createCamera();
resizeCamera(camera, 800, 600);

function read(change: Partial<Omit<Controls, 'keys'>>, ...keys: string[]): Intent {
  const controls: Controls = {
    keys: new Set(keys),
    mouseButtons: 0,
    mouseX: 0,
    mouseY: 0,
    hasMouse: false,
    stickPointer: -1,
    stickX: 0,
    stickY: 0,
    thumbX: 0,
    thumbY: 0,
    lookPointer: -1,
    lookX: 0,
    lookY: 0,
    aim: 77,
    isSprintHeld: false,
    extraButtons: 0,
    tapped: 0,
    tapReads: 0,
    ...change,
  };
  const intent: Intent = { moveX: 9, moveZ: 9, aim: 9, buttons: 9, inputs: {} };
  readControls(controls, camera, intent);
  return intent;
}

test.each<[string[], number, number]>([
  [[], 0, 0],
  [['KeyW'], 0, -127],
  [['KeyW', 'ArrowUp'], 0, -127],
  [['KeyD', 'ArrowRight'], 127, 0],
  [['KeyA', 'KeyD'], 0, 0],
  [['KeyS', 'KeyA'], -127 * Math.SQRT1_2, 127 * Math.SQRT1_2],
])('the keys %j go to %d, %d', (keys, x, z) => {
  const intent = read({}, ...keys);
  expect(intent.moveX).toBeCloseTo(x, 9);
  expect(intent.moveZ).toBeCloseTo(z, 9);
  expect(Math.hypot(intent.moveX, intent.moveZ)).toBeLessThanOrEqual(127.000001);
});

test('buttons of keys, mouse and the sprint button are one set of bits', () => {
  expect(read({}, 'ShiftLeft', 'ShiftRight').buttons).toBe(1);
  expect(read({ isSprintHeld: true }).buttons).toBe(1);
  expect(read({ tapped: 2, tapReads: 1 }).buttons).toBe(2);
  expect(read({ tapped: 2 }).buttons).toBe(0);
  expect(read({ isSprintHeld: true, extraButtons: 2 }).buttons).toBe(3);
  expect(read({ mouseButtons: 4 }, 'Space', 'KeyE').buttons).toBe(2 | 4 | 16);
});

test('the mouse looks; before it moved, the aim stays', () => {
  expect(read({}).aim).toBe(77);
  expect(read({ hasMouse: true, mouseX: 500, mouseY: 300 }).aim).toBe(0);
  expect(read({ hasMouse: true, mouseX: 400, mouseY: 400 }).aim).toBe(16_384);
});

test('the stick moves as far as the thumb is out, and looks there unless another finger does', () => {
  const stick = { stickPointer: 5, stickX: 100, stickY: 100 };
  expect(read({ ...stick, thumbX: 105, thumbY: 100 })).toMatchObject({ moveX: 0, moveZ: 0, aim: 77 });
  expect(read({ ...stick, thumbX: 100, thumbY: 128 })).toMatchObject({ moveX: 0, moveZ: 63.5, aim: 16_384 });
  const far = read({ ...stick, thumbX: 400, thumbY: 400 });
  expect(Math.hypot(far.moveX, far.moveZ)).toBeCloseTo(127, 9);
  expect(read({ ...stick, thumbX: 156, thumbY: 100, lookPointer: 6, aim: 500 })).toMatchObject({
    moveX: 127,
    aim: 500,
  });
});
