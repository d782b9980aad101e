// What a picture is off by after the truth turned out to be elsewhere: it is added to the truth and fades, so that
// nothing jumps. For the own entity after a correction, for others after a guess. Pure; browser main thread, bots.

/** An offset has faded to a tenth after a tenth of a second. */
const FADE_MS = 43;
/** What is off by more was moved by the server, it was no wrong guess: it is shown where it is at once. */
const SNAP_MM = 3000;

/** In mm. */
export interface FadingOffset {
  offsetX: number;
  offsetY: number;
  offsetZ: number;
}

export function setOffset(target: FadingOffset, x: number, y: number, z: number): void {
  const isNear = Math.hypot(x, y, z) <= SNAP_MM;
  target.offsetX = isNear ? x : 0;
  target.offsetY = isNear ? y : 0;
  target.offsetZ = isNear ? z : 0;
}

export function fadeOffset(target: FadingOffset, elapsedMs: number): void {
  const rest = Math.exp(-elapsedMs / FADE_MS);
  target.offsetX *= rest;
  target.offsetY *= rest;
  target.offsetZ *= rest;
}
