// The ground: soft spots and a grid, drawn once at the size of the screen's pixels and repeated, so that moving over
// empty ground is seen. Browser main thread.
// Deliberate: not scaled when it is drawn. Without a graphics card a picture that is scaled costs several times one that
// is only copied, and the ground covers the whole screen.

import { type Camera, screenX, screenY } from './camera.ts';
import { PALETTE } from './palette.ts';

/** Side of the tile on the ground: lines of both grids fall on its edges. */
const TILE_MM = 20_000;
const GRID_MM = 2_000;
const GRID_COARSE_MM = 10_000;
const SPOTS = 62;

export interface Ground {
  readonly tile: HTMLCanvasElement;
  /** For which the tile was drawn, device pixels. */
  sidePx: number;
}

export function createGround(): Ground {
  return { tile: document.createElement('canvas'), sidePx: 0 };
}

/** Fills the screen with the field and what lies beyond its edge. */
export function drawGround(context: CanvasRenderingContext2D, camera: Camera, ground: Ground, halfMm: number): void {
  const sidePx = TILE_MM * camera.pixelsPerMm * devicePixelRatio;
  if (ground.sidePx !== sidePx) paintTile(ground, sidePx);
  const { tile } = ground;
  const side = tile.width / devicePixelRatio;
  const reachX = camera.width / 2 / camera.pixelsPerMm;
  const reachZ = camera.height / 2 / camera.pixelsPerMm;
  const endX = camera.xMm + reachX;
  const endZ = camera.zMm + reachZ;
  for (let x = Math.floor((camera.xMm - reachX) / TILE_MM) * TILE_MM; x < endX; x += TILE_MM) {
    const left = toPixel(screenX(camera, x));
    for (let z = Math.floor((camera.zMm - reachZ) / TILE_MM) * TILE_MM; z < endZ; z += TILE_MM) {
      context.drawImage(tile, left, toPixel(screenY(camera, z)), side, side);
    }
  }
  drawBeyond(context, camera, halfMm);
}

/** The nearest place where a picture falls on whole pixels, so that it is copied as it is. */
export function toPixel(at: number): number {
  return Math.round(at * devicePixelRatio) / devicePixelRatio;
}

function drawBeyond(context: CanvasRenderingContext2D, camera: Camera, halfMm: number): void {
  const { width, height } = camera;
  const left = screenX(camera, -halfMm);
  const right = screenX(camera, halfMm);
  const top = screenY(camera, -halfMm);
  const bottom = screenY(camera, halfMm);
  if (left < 0 && top < 0 && right > width && bottom > height) return;
  context.fillStyle = PALETTE.outside;
  context.fillRect(0, 0, left, height);
  context.fillRect(right, 0, width - right, height);
  context.fillRect(0, 0, width, top);
  context.fillRect(0, bottom, width, height - bottom);
  context.strokeStyle = PALETTE.border;
  context.lineWidth = 2;
  context.strokeRect(left, top, right - left, bottom - top);
}

function paintTile(ground: Ground, sidePx: number): void {
  const { tile } = ground;
  ground.sidePx = sidePx;
  // Rounded up: two of them overlap by less than a pixel rather than leave a gap.
  const side = Math.ceil(sidePx);
  tile.width = side;
  tile.height = side;
  const context = tile.getContext('2d', { alpha: false });
  if (context === null) return;
  context.fillStyle = PALETTE.ground;
  context.fillRect(0, 0, side, side);
  paintSpots(context, side);
  paintGrid(context, side, GRID_MM, PALETTE.gridFine);
  paintGrid(context, side, GRID_COARSE_MM, PALETTE.gridCoarse);
}

function paintSpots(context: CanvasRenderingContext2D, side: number): void {
  // Any fixed sequence will do: the same ground for everyone, without a generator.
  let state = 12_345;
  const next = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
  for (let spot = 0; spot < SPOTS; spot++) {
    const x = next() * side;
    const y = next() * side;
    const radius = (0.03 + next() * 0.16) * side;
    const isLight = next() < 0.55;
    // Nine times, so that what crosses an edge comes in on the other side.
    for (let place = 0; place < 9; place++) {
      paintSpot(context, x + ((place % 3) - 1) * side, y + (Math.floor(place / 3) - 1) * side, radius, isLight);
    }
  }
}

function paintSpot(context: CanvasRenderingContext2D, x: number, y: number, radius: number, isLight: boolean): void {
  const fade = context.createRadialGradient(x, y, 0, x, y, radius);
  fade.addColorStop(0, isLight ? 'rgba(132, 168, 160, 0.09)' : 'rgba(8, 14, 24, 0.13)');
  fade.addColorStop(1, 'rgba(0, 0, 0, 0)');
  context.fillStyle = fade;
  context.fillRect(x - radius, y - radius, radius * 2, radius * 2);
}

function paintGrid(context: CanvasRenderingContext2D, side: number, stepMm: number, colour: string): void {
  context.fillStyle = colour;
  const line = Math.max(1, Math.round(devicePixelRatio));
  for (let at = 0; at < TILE_MM; at += stepMm) {
    const place = Math.round((at / TILE_MM) * side);
    context.fillRect(place, 0, line, side);
    context.fillRect(0, place, side, line);
  }
}
