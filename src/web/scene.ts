// Draws the field from above on a 2D canvas: ground, boxes with a little height, players with their names.
// Browser main thread; draws what the client library shows, changes nothing.

import type { Client } from '../client/state.ts';
import type { KindView } from '../sim/game.ts';
import { type Camera, screenX, screenY, toRadians } from './camera.ts';
import { createGround, drawGround, type Ground } from './ground.ts';
import { lookOf, type Painter } from './look.ts';
import { PALETTE } from './palette.ts';
import { createRadar, drawRadar, type Radar } from './radar.ts';

/** How much further from the middle of the screen the top of a box is drawn than its foot. */
const BOX_RISE = 1.09;
const LOW_RISE = 1.025;
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

export interface Scene {
  readonly context: CanvasRenderingContext2D;
  readonly camera: Camera;
  /** Boxes of the map, mm; set when the client is welcomed. */
  boxesMm: Int32Array;
  /** For each of them whether it is tall: what a game doesn't say is. */
  tall: Uint8Array;
  painter: Painter | undefined;
  /** Boxes on the screen, furthest from its middle first. */
  readonly order: number[];
  readonly ground: Ground;
  readonly radar: Radar;
}

export function createScene(context: CanvasRenderingContext2D, camera: Camera): Scene {
  return {
    context,
    camera,
    boxesMm: new Int32Array(0),
    tall: new Uint8Array(0),
    painter: undefined,
    order: [],
    ground: createGround(),
    radar: createRadar(),
  };
}

/** Takes over the map of the zone that the client has entered. */
export function setSceneMap(scene: Scene, client: Client): void {
  const { boxesMm = new Int32Array(0), tallBoxesMm } = client.game.view?.map?.(client.map) ?? {};
  scene.boxesMm = boxesMm;
  scene.tall = new Uint8Array(boxesMm.length / 4).fill(tallBoxesMm === undefined ? 1 : 0);
  const keyOf = (boxes: Int32Array, box: number): string => boxes.subarray(box, box + 4).join();
  const tallKeys = new Set<string>();
  for (let box = 0; box < (tallBoxesMm?.length ?? 0); box += 4) tallKeys.add(keyOf(tallBoxesMm!, box));
  for (let box = 0; box < boxesMm.length; box += 4) if (tallKeys.has(keyOf(boxesMm, box))) scene.tall[box / 4] = 1;
}

export function drawScene(scene: Scene, client: Client): void {
  const { context, camera } = scene;
  // On whole pixels: who walks sees the ground glide, not shimmer.
  const pixelsPerMm = camera.pixelsPerMm * devicePixelRatio;
  camera.xMm = Math.round(client.own.x * pixelsPerMm) / pixelsPerMm;
  camera.zMm = Math.round(client.own.z * pixelsPerMm) / pixelsPerMm;
  drawGround(context, camera, scene.ground, client.game.limits.worldHalfMm);
  if (client.welcome !== undefined) scene.painter?.ground(context);
  drawBoxes(scene);
  if (client.welcome === undefined) return;
  if (scene.painter === undefined) drawPlayers(scene, client);
  else scene.painter.bodies(context);
  drawRadar(scene.radar, context, camera, client, scene.boxesMm, scene.painter);
}

function drawBoxes(scene: Scene): void {
  const { boxesMm, order, camera } = scene;
  const reach = Math.hypot(camera.width, camera.height) / 2 / camera.pixelsPerMm;
  order.length = 0;
  for (let box = 0; box < boxesMm.length; box += 4) {
    const isNear =
      boxesMm[box]! < camera.xMm + reach &&
      boxesMm[box + 2]! > camera.xMm - reach &&
      boxesMm[box + 1]! < camera.zMm + reach &&
      boxesMm[box + 3]! > camera.zMm - reach;
    if (isNear) order.push(box);
  }
  order.sort((a, b) => distanceToBox(scene, b) - distanceToBox(scene, a));
  for (const box of order) drawBox(scene, box);
}

function distanceToBox({ boxesMm, camera }: Scene, box: number): number {
  const x = Math.max(boxesMm[box]! - camera.xMm, 0, camera.xMm - boxesMm[box + 2]!);
  const z = Math.max(boxesMm[box + 1]! - camera.zMm, 0, camera.zMm - boxesMm[box + 3]!);
  return x * x + z * z;
}

/** Foot, the sides that face the middle of the screen, top. */
function drawBox({ context, camera, boxesMm, tall }: Scene, box: number): void {
  const isTall = tall[box / 4] === 1;
  const x0 = screenX(camera, boxesMm[box]!);
  const y0 = screenY(camera, boxesMm[box + 1]!);
  const x1 = screenX(camera, boxesMm[box + 2]!);
  const y1 = screenY(camera, boxesMm[box + 3]!);
  const middleX = camera.width / 2;
  const middleY = camera.height / 2;
  const raise = (at: number, middle: number): number => middle + (at - middle) * (isTall ? BOX_RISE : LOW_RISE);
  const topX0 = raise(x0, middleX);
  const topX1 = raise(x1, middleX);
  const topY0 = raise(y0, middleY);
  const topY1 = raise(y1, middleY);
  context.fillStyle = PALETTE.shadow;
  const shadow = isTall ? 16 : 5;
  context.fillRect(x0 - 1, y0 - 1, x1 - x0 + shadow, y1 - y0 + shadow * 1.2);
  context.fillStyle = isTall ? PALETTE.boxSide : PALETTE.lowSide;
  fillQuad(context, x0, y0, x1, y0, topX1, topY0, topX0, topY0);
  fillQuad(context, x0, y0, x0, y1, topX0, topY1, topX0, topY0);
  context.fillStyle = isTall ? PALETTE.boxSideLit : PALETTE.lowSideLit;
  fillQuad(context, x0, y1, x1, y1, topX1, topY1, topX0, topY1);
  fillQuad(context, x1, y0, x1, y1, topX1, topY1, topX1, topY0);
  context.fillStyle = isTall ? PALETTE.boxTop : PALETTE.lowTop;
  context.fillRect(topX0, topY0, topX1 - topX0, topY1 - topY0);
  context.strokeStyle = PALETTE.boxEdge;
  context.lineWidth = 1;
  context.strokeRect(topX0 + 0.5, topY0 + 0.5, topX1 - topX0 - 1, topY1 - topY0 - 1);
}

function fillQuad(
  context: CanvasRenderingContext2D,
  ax: number,
  ay: number,
  bx: number,
  by: number,
  cx: number,
  cy: number,
  dx: number,
  dy: number,
): void {
  context.beginPath();
  context.moveTo(ax, ay);
  context.lineTo(bx, by);
  context.lineTo(cx, cy);
  context.lineTo(dx, dy);
  context.closePath();
  context.fill();
}

function drawPlayers(scene: Scene, client: Client): void {
  const { camera } = scene;
  const { game, own, welcome, interpolation } = client;
  const name = welcome?.name ?? '';
  for (const view of interpolation.views.values()) {
    const look = lookOf(client, view.kind, view.columns, view.name);
    drawPlayer(scene, screenX(camera, view.x), screenY(camera, view.z), view.facing, look, false);
  }
  const ownLook = lookOf(client, game.kinds.player, own.columns, name);
  drawPlayer(scene, screenX(camera, own.x), screenY(camera, own.z), own.facing, ownLook, true);
  for (const view of interpolation.views.values()) {
    const { radiusMm } = lookOf(client, view.kind, view.columns, view.name);
    drawName(scene, screenX(camera, view.x), screenY(camera, view.z), radiusMm, view.name, PALETTE.name);
  }
  drawName(scene, screenX(camera, own.x), screenY(camera, own.z), ownLook.radiusMm, name, PALETTE.text);
}

function drawPlayer(
  { context, camera }: Scene,
  x: number,
  y: number,
  facing: number,
  look: KindView,
  isOwn: boolean,
): void {
  const radius = Math.max(5, look.radiusMm * camera.pixelsPerMm);
  if (x < -40 || y < -40 || x > camera.width + 40 || y > camera.height + 40) {
    drawMarker(context, camera, x, y, look.colour);
    return;
  }
  const angle = toRadians(facing);
  context.fillStyle = PALETTE.shadow;
  context.beginPath();
  context.ellipse(x + radius * 0.18, y + radius * 0.3, radius * 1.12, radius * 1.05, 0, 0, 7);
  context.fill();
  drawGaze(context, x, y, radius, angle, look.colour);
  context.fillStyle = look.colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.fill();
  const shine = context.createRadialGradient(x - radius * 0.4, y - radius * 0.5, 0, x, y, radius);
  shine.addColorStop(0, 'rgba(255, 255, 255, 0.34)');
  shine.addColorStop(0.6, 'rgba(255, 255, 255, 0)');
  shine.addColorStop(1, 'rgba(0, 0, 0, 0.22)');
  context.fillStyle = shine;
  context.fill();
  context.lineWidth = isOwn ? 2 : 1.25;
  context.strokeStyle = isOwn ? PALETTE.ownRing : 'rgba(5, 8, 12, 0.75)';
  context.stroke();
  context.fillStyle = 'rgba(6, 10, 16, 0.8)';
  context.beginPath();
  context.arc(x + Math.cos(angle) * radius * 0.52, y + Math.sin(angle) * radius * 0.52, radius * 0.26, 0, 7);
  context.fill();
}

/** A tick at the rim of the screen for who is near but not on it. */
export function drawMarker(
  context: CanvasRenderingContext2D,
  camera: Camera,
  x: number,
  y: number,
  colour: string,
): void {
  const middleX = camera.width / 2;
  const middleY = camera.height / 2;
  const inset = 10;
  const scale = Math.min((middleX - inset) / Math.abs(x - middleX), (middleY - inset) / Math.abs(y - middleY));
  const angle = Math.atan2(y - middleY, x - middleX);
  context.save();
  context.translate(middleX + (x - middleX) * scale, middleY + (y - middleY) * scale);
  context.rotate(angle);
  context.globalAlpha = 0.55;
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(5, 0);
  context.lineTo(-4, -4);
  context.lineTo(-4, 4);
  context.closePath();
  context.fill();
  context.restore();
}

/** A faint cone where the player looks. */
function drawGaze(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  angle: number,
  colour: string,
): void {
  const reach = radius * 4;
  const fade = context.createRadialGradient(x, y, radius, x, y, reach);
  fade.addColorStop(0, colour);
  fade.addColorStop(1, 'transparent');
  context.globalAlpha = 0.42;
  context.fillStyle = fade;
  context.beginPath();
  context.moveTo(x, y);
  context.arc(x, y, reach, angle - 0.42, angle + 0.42);
  context.closePath();
  context.fill();
  context.globalAlpha = 1;
}

function drawName(
  { context, camera }: Scene,
  x: number,
  y: number,
  radiusMm: number,
  name: string,
  colour: string,
): void {
  if (name === '') return;
  const at = y - Math.max(5, radiusMm * camera.pixelsPerMm) - 8;
  context.font = FONT;
  context.textAlign = 'center';
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.strokeStyle = 'rgba(8, 11, 16, 0.8)';
  context.strokeText(name, x, at);
  context.fillStyle = colour;
  context.fillText(name, x, at);
}
