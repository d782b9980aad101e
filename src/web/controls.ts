// Keyboard, mouse and touch as intent: WASD or arrows to go, the mouse to look, Shift to sprint; on a touch screen the
// left half moves, the right half looks, a button sprints. Browser main thread.
// Buttons of the wire, for any game: bit 0 Shift or the sprint button, 1 Space, 2 left and 3 right mouse button,
// 4 E, 5 Q.

import type { Intent } from '../client/state.ts';
import { aimAt, type Camera, toTurns } from './camera.ts';

const MOVE_MAX = 127;
/** How far the thumb goes for full speed, CSS pixels; nearer than a fifth of it is standing. */
const STICK_PX = 56;
/** Frames; at least one tick at 144 Hz. */
const TAP_READS = 3;

const BUTTON_OF_KEY: Readonly<Record<string, number>> = {
  ShiftLeft: 1,
  ShiftRight: 1,
  Space: 2,
  KeyE: 16,
  KeyQ: 32,
};
const BUTTON_OF_MOUSE: readonly number[] = [4, 0, 8];
const MOVE_OF_KEY: Readonly<Record<string, readonly [number, number]>> = {
  KeyW: [0, -1],
  ArrowUp: [0, -1],
  KeyS: [0, 1],
  ArrowDown: [0, 1],
  KeyA: [-1, 0],
  ArrowLeft: [-1, 0],
  KeyD: [1, 0],
  ArrowRight: [1, 0],
};

export interface Controls {
  readonly keys: Set<string>;
  mouseButtons: number;
  mouseX: number;
  mouseY: number;
  hasMouse: boolean;
  /** Pointer that holds the stick, or −1; where it went down and where it is. */
  stickPointer: number;
  stickX: number;
  stickY: number;
  thumbX: number;
  thumbY: number;
  lookPointer: number;
  lookX: number;
  lookY: number;
  aim: number;
  isSprintHeld: boolean;
  /** Bits that buttons of a game's own hold. */
  extraButtons: number;
  /** Bits of keys just pressed, and how many reads they still count: a tap between two ticks is a press too. */
  tapped: number;
  tapReads: number;
}

export interface ControlElements {
  readonly scene: HTMLElement;
  readonly touch: HTMLElement;
  readonly stick: HTMLElement;
  readonly knob: HTMLElement;
  readonly sprint: HTMLElement;
}

export function createControls(elements: ControlElements): Controls {
  const controls: Controls = {
    keys: new Set(),
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
    aim: 0,
    isSprintHeld: false,
    extraButtons: 0,
    tapped: 0,
    tapReads: 0,
  };
  listenToKeys(controls);
  listenToPointers(controls, elements);
  listenToSprint(controls, elements.sprint);
  return controls;
}

function listenToKeys(controls: Controls): void {
  addEventListener('keydown', (event) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.code in MOVE_OF_KEY || event.code in BUTTON_OF_KEY) {
      controls.keys.add(event.code);
      if (!event.repeat) {
        controls.tapped = BUTTON_OF_KEY[event.code] ?? 0;
        controls.tapReads = TAP_READS;
      }
      event.preventDefault();
    }
  });
  addEventListener('keyup', (event) => controls.keys.delete(event.code));
  // A window that loses the focus hears no key go up: the player would walk on forever.
  addEventListener('blur', () => {
    controls.keys.clear();
    controls.mouseButtons = 0;
  });
}

function listenToPointers(controls: Controls, { scene, touch, stick, knob }: ControlElements): void {
  scene.addEventListener('contextmenu', (event) => event.preventDefault());
  scene.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse') {
      controls.mouseButtons |= BUTTON_OF_MOUSE[event.button] ?? 0;
      return;
    }
    touch.hidden = false;
    scene.setPointerCapture(event.pointerId);
    if (event.clientX < innerWidth / 2 && controls.stickPointer < 0) takeStick(controls, event);
    else if (controls.lookPointer < 0) {
      controls.lookPointer = event.pointerId;
      controls.lookX = event.clientX;
      controls.lookY = event.clientY;
    }
    showStick(controls, stick, knob);
  });
  scene.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse') {
      controls.hasMouse = true;
      controls.mouseX = event.clientX;
      controls.mouseY = event.clientY;
    } else if (event.pointerId === controls.stickPointer) {
      controls.thumbX = event.clientX;
      controls.thumbY = event.clientY;
      showStick(controls, stick, knob);
    } else if (event.pointerId === controls.lookPointer) {
      const x = event.clientX - controls.lookX;
      const y = event.clientY - controls.lookY;
      if (Math.hypot(x, y) > STICK_PX / 4) controls.aim = toTurns(x, y);
    }
  });
  const release = (event: PointerEvent): void => {
    if (event.pointerType === 'mouse') controls.mouseButtons &= ~(BUTTON_OF_MOUSE[event.button] ?? 0);
    if (event.pointerId === controls.stickPointer) controls.stickPointer = -1;
    if (event.pointerId === controls.lookPointer) controls.lookPointer = -1;
    showStick(controls, stick, knob);
  };
  scene.addEventListener('pointerup', release);
  scene.addEventListener('pointercancel', release);
}

function takeStick(controls: Controls, event: PointerEvent): void {
  controls.stickPointer = event.pointerId;
  controls.stickX = event.clientX;
  controls.stickY = event.clientY;
  controls.thumbX = event.clientX;
  controls.thumbY = event.clientY;
}

function showStick(controls: Controls, stick: HTMLElement, knob: HTMLElement): void {
  const isHeld = controls.stickPointer >= 0;
  stick.style.transform = isHeld ? `translate(${controls.stickX}px, ${controls.stickY}px)` : '';
  const x = isHeld ? controls.thumbX - controls.stickX : 0;
  const y = isHeld ? controls.thumbY - controls.stickY : 0;
  const scale = Math.min(1, STICK_PX / Math.max(1, Math.hypot(x, y)));
  knob.style.transform = `translate(${x * scale}px, ${y * scale}px)`;
}

function listenToSprint(controls: Controls, sprint: HTMLElement): void {
  const hold = (isHeld: boolean): void => {
    controls.isSprintHeld = isHeld;
    sprint.classList.toggle('held', isHeld);
  };
  sprint.addEventListener('pointerdown', (event) => {
    sprint.setPointerCapture(event.pointerId);
    hold(true);
  });
  sprint.addEventListener('pointerup', () => hold(false));
  sprint.addEventListener('pointercancel', () => hold(false));
  sprint.addEventListener('contextmenu', (event) => event.preventDefault());
}

/** What the player wants at this moment. */
export function readControls(controls: Controls, camera: Camera, intent: Intent): void {
  let x = 0;
  let z = 0;
  let buttons = controls.mouseButtons | controls.extraButtons | (controls.isSprintHeld ? 1 : 0);
  if (controls.tapReads > 0) {
    controls.tapReads--;
    buttons |= controls.tapped;
  }
  for (const key of controls.keys) {
    const move = MOVE_OF_KEY[key];
    x += move?.[0] ?? 0;
    z += move?.[1] ?? 0;
    buttons |= BUTTON_OF_KEY[key] ?? 0;
  }
  // Two keys of one direction are no faster than one, nor is the diagonal.
  const length = Math.max(1, Math.hypot(Math.sign(x), Math.sign(z)));
  intent.moveX = (Math.sign(x) * MOVE_MAX) / length;
  intent.moveZ = (Math.sign(z) * MOVE_MAX) / length;
  if (controls.stickPointer >= 0) readStick(controls, intent);
  intent.buttons = buttons;
  if (controls.lookPointer < 0 && controls.hasMouse) controls.aim = aimAt(camera, controls.mouseX, controls.mouseY);
  intent.aim = controls.aim;
}

/** Without a second finger the player looks where it goes. */
function readStick(controls: Controls, intent: Intent): void {
  const x = controls.thumbX - controls.stickX;
  const y = controls.thumbY - controls.stickY;
  const length = Math.hypot(x, y);
  if (length < STICK_PX / 5) return;
  const scale = (MOVE_MAX * Math.min(1, length / STICK_PX)) / length;
  intent.moveX = x * scale;
  intent.moveZ = y * scale;
  if (controls.lookPointer < 0) controls.aim = toTurns(x, y);
}
