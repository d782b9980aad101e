// The ground under the grid: one tile of soft spots, drawn once and repeated, so that moving over empty ground is seen.
// Browser main thread.

import { type Camera, screenX, screenY } from './camera.ts';

/** Side of the tile on the ground. */
const TILE_MM = 24_000;
const TILE_PX = 512;
const SPOTS = 90;

/** Made once; undefined when the browser has no canvas to spare. */
export function createGroundTile(): HTMLCanvasElement | undefined {
  const tile = document.createElement('canvas');
  tile.width = TILE_PX;
  tile.height = TILE_PX;
  const context = tile.getContext('2d');
  if (context === null) return undefined;
  // Any fixed sequence will do: the same ground for everyone, without a generator.
  let state = 12_345;
  const next = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
  for (let spot = 0; spot < SPOTS; spot++) {
    const x = next() * TILE_PX;
    const y = next() * TILE_PX;
    const radius = 14 + next() * 70;
    const isLight = next() < 0.55;
    // Nine times, so that what crosses an edge comes in on the other side.
    for (let place = 0; place < 9; place++) {
      drawSpot(context, x + ((place % 3) - 1) * TILE_PX, y + (Math.floor(place / 3) - 1) * TILE_PX, radius, isLight);
    }
  }
  return tile;
}

function drawSpot(context: CanvasRenderingContext2D, x: number, y: number, radius: number, isLight: boolean): void {
  const fade = context.createRadialGradient(x, y, 0, x, y, radius);
  fade.addColorStop(0, isLight ? 'rgba(110, 150, 175, 0.06)' : 'rgba(4, 8, 14, 0.14)');
  fade.addColorStop(1, 'rgba(0, 0, 0, 0)');
  context.fillStyle = fade;
  context.fillRect(x - radius, y - radius, radius * 2, radius * 2);
}

/** Repeats the tile over the field. */
export function drawGround(
  context: CanvasRenderingContext2D,
  camera: Camera,
  tile: HTMLCanvasElement,
  halfMm: number,
): void {
  const side = TILE_MM * camera.pixelsPerMm;
  const reachX = camera.width / 2 / camera.pixelsPerMm;
  const reachZ = camera.height / 2 / camera.pixelsPerMm;
  const first = (at: number): number => Math.floor(Math.max(-halfMm, at) / TILE_MM) * TILE_MM;
  const endX = Math.min(halfMm, camera.xMm + reachX);
  const endZ = Math.min(halfMm, camera.zMm + reachZ);
  context.save();
  context.beginPath();
  const edge = 2 * halfMm * camera.pixelsPerMm;
  context.rect(screenX(camera, -halfMm), screenY(camera, -halfMm), edge, edge);
  context.clip();
  for (let x = first(camera.xMm - reachX); x < endX; x += TILE_MM) {
    for (let z = first(camera.zMm - reachZ); z < endZ; z += TILE_MM) {
      context.drawImage(tile, screenX(camera, x), screenY(camera, z), side + 0.5, side + 0.5);
    }
  }
  context.restore();
}

/** Darker towards the corners. */
export function drawVignette(context: CanvasRenderingContext2D, camera: Camera): void {
  const { width, height } = camera;
  const outer = Math.hypot(width, height) / 2;
  const fade = context.createRadialGradient(width / 2, height / 2, outer * 0.45, width / 2, height / 2, outer);
  fade.addColorStop(0, 'rgba(5, 8, 12, 0)');
  fade.addColorStop(1, 'rgba(5, 8, 12, 0.42)');
  context.fillStyle = fade;
  context.fillRect(0, 0, width, height);
}
