// From the world to the screen: the own player in the middle, +X to the right, +Z down, the same stretch of ground
// whatever the screen. Pure; browser main thread.

/** Metres that the shorter side of the screen shows. */
const METRES_SHOWN = 19;
const PIXELS_PER_M_MIN = 16;
const PIXELS_PER_M_MAX = 48;

export interface Camera {
  /** Of the screen, in CSS pixels. */
  width: number;
  height: number;
  /** In the middle of the screen, mm. */
  xMm: number;
  zMm: number;
  pixelsPerMm: number;
  /** Thumbs have the lower corners. */
  hasTouch: boolean;
}

export function createCamera(): Camera {
  return { width: 1, height: 1, xMm: 0, zMm: 0, pixelsPerMm: 0.02, hasTouch: false };
}

export function resizeCamera(camera: Camera, width: number, height: number): void {
  camera.width = width;
  camera.height = height;
  const pixelsPerM = Math.min(width, height) / METRES_SHOWN;
  camera.pixelsPerMm = Math.max(PIXELS_PER_M_MIN, Math.min(pixelsPerM, PIXELS_PER_M_MAX)) / 1000;
}

export function screenX(camera: Camera, xMm: number): number {
  return camera.width / 2 + (xMm - camera.xMm) * camera.pixelsPerMm;
}

export function screenY(camera: Camera, zMm: number): number {
  return camera.height / 2 + (zMm - camera.zMm) * camera.pixelsPerMm;
}

/** Direction of a point on the screen as seen from its middle, in turns / 65536: 0 = right, 16384 = down. */
export function aimAt(camera: Camera, x: number, y: number): number {
  return toTurns(x - camera.width / 2, y - camera.height / 2);
}

/** Direction of a vector, in turns / 65536. */
export function toTurns(x: number, y: number): number {
  return Math.round((Math.atan2(y, x) / (2 * Math.PI)) * 0x1_0000) & 0xffff;
}

export function toRadians(turns: number): number {
  return (turns / 0x1_0000) * 2 * Math.PI;
}
