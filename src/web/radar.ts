// The round map in the corner: everything the client sees, further than the screen shows. Browser main thread.

import type { Client } from '../client/state.ts';
import type { Camera } from './camera.ts';
import { toPixel } from './ground.ts';
import { colourOf, type Painter } from './look.ts';
import { PALETTE } from './palette.ts';

const RADIUS_PX = 74;
const RADIUS_PX_SMALL = 50;
const MARGIN_PX = 18;
const TOP_PX = 54;
/** On screens narrower than this it is smaller, and at the top, away from the thumb. */
const SMALL_SCREEN_PX = 560;
const FRIEND_PX = 4;
/** Drawn anew every so many frames, and copied in those between: others move a pixel in as many. */
const FRAMES = 3;

export interface Radar {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D | null;
  framesLeft: number;
}

export function createRadar(): Radar {
  const canvas = document.createElement('canvas');
  return { canvas, context: canvas.getContext('2d'), framesLeft: 0 };
}

/** Where it is on the screen: its middle and its rim, which is as far as the client is told of others. */
export function placeRadar({ width, height, hasTouch }: Camera): { x: number; y: number; radius: number } {
  const isSmall = width < SMALL_SCREEN_PX || (hasTouch && height < SMALL_SCREEN_PX);
  const radius = isSmall ? RADIUS_PX_SMALL : RADIUS_PX;
  const inset = MARGIN_PX + radius;
  if (isSmall || hasTouch) return { x: inset, y: TOP_PX + radius, radius };
  return { x: width - inset, y: height - inset, radius };
}

export function drawRadar(
  radar: Radar,
  context: CanvasRenderingContext2D,
  camera: Camera,
  client: Client,
  boxesMm: Int32Array,
  painter: Painter | undefined,
): void {
  const { x, y, radius } = placeRadar(camera);
  const side = 2 * radius + 2;
  if (radar.framesLeft-- <= 0) {
    radar.framesLeft = FRAMES - 1;
    paintRadar(radar, radius, side, camera, client, boxesMm, painter);
  }
  const { canvas } = radar;
  const scale = devicePixelRatio;
  context.drawImage(canvas, toPixel(x - side / 2), toPixel(y - side / 2), canvas.width / scale, canvas.height / scale);
}

function paintRadar(
  { canvas, context }: Radar,
  radius: number,
  side: number,
  camera: Camera,
  client: Client,
  boxesMm: Int32Array,
  painter: Painter | undefined,
): void {
  if (context === null) return;
  const sidePx = Math.ceil(side * devicePixelRatio);
  if (canvas.width !== sidePx) {
    canvas.width = sidePx;
    canvas.height = sidePx;
  }
  const middle = sidePx / 2;
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, middle, middle);
  context.clearRect(-middle, -middle, sidePx, sidePx);
  context.beginPath();
  context.arc(0, 0, radius, 0, 7);
  context.fillStyle = 'rgba(12, 17, 24, 0.82)';
  context.fill();
  context.save();
  context.clip();
  const scale = radius / client.game.limits.interestRadiusMm;
  paintBoxes(context, client, boxesMm, radius, scale);
  drawBorder(context, client, scale);
  context.strokeStyle = PALETTE.radarView;
  context.lineWidth = 1;
  const viewScale = scale / camera.pixelsPerMm;
  const viewWidth = camera.width * viewScale;
  const viewHeight = camera.height * viewScale;
  context.strokeRect(-viewWidth / 2, -viewHeight / 2, viewWidth, viewHeight);
  paintOthers(context, client, painter, scale);
  if (painter !== undefined) paintFriendsAway(context, client, painter, radius, scale);
  context.restore();
  context.strokeStyle = PALETTE.radarRim;
  context.lineWidth = 1;
  context.beginPath();
  context.arc(0, 0, radius, 0, 7);
  context.stroke();
}

function paintBoxes(
  context: CanvasRenderingContext2D,
  { own }: Client,
  boxesMm: Int32Array,
  radius: number,
  scale: number,
): void {
  context.fillStyle = PALETTE.radarBox;
  for (let box = 0; box < boxesMm.length; box += 4) {
    const x = (boxesMm[box]! - own.x) * scale;
    const y = (boxesMm[box + 1]! - own.z) * scale;
    const width = (boxesMm[box + 2]! - boxesMm[box]!) * scale;
    const height = (boxesMm[box + 3]! - boxesMm[box + 1]!) * scale;
    if (x < radius && y < radius && x + width > -radius && y + height > -radius) context.fillRect(x, y, width, height);
  }
}

function paintOthers(
  context: CanvasRenderingContext2D,
  client: Client,
  painter: Painter | undefined,
  scale: number,
): void {
  const { own } = client;
  for (const view of client.interpolation.views.values()) {
    const colour =
      painter === undefined ? colourOf(client, view.kind, view.columns, view.name) : painter.radarColour(view);
    if (colour === undefined) continue;
    context.fillStyle = colour;
    context.beginPath();
    context.arc((view.x - own.x) * scale, (view.z - own.z) * scale, 2.6, 0, 7);
    context.fill();
  }
  context.fillStyle = PALETTE.ownRing;
  context.beginPath();
  context.arc(0, 0, 3, 0, 7);
  context.fill();
}

function paintFriendsAway(
  context: CanvasRenderingContext2D,
  { own }: Client,
  painter: Painter,
  radius: number,
  scale: number,
): void {
  context.strokeStyle = PALETTE.good;
  context.lineWidth = 1.5;
  for (const { xMm, zMm } of painter.friendsAway()) {
    const x = (xMm - own.x) * scale;
    const y = (zMm - own.z) * scale;
    const shrink = Math.min(1, (radius - FRIEND_PX) / Math.max(1, Math.hypot(x, y)));
    context.beginPath();
    context.arc(x * shrink, y * shrink, FRIEND_PX - 1, 0, 7);
    context.stroke();
  }
}

function drawBorder(context: CanvasRenderingContext2D, client: Client, scale: number): void {
  const half = client.game.limits.worldHalfMm;
  context.strokeStyle = PALETTE.border;
  context.lineWidth = 1.5;
  context.strokeRect(
    (-half - client.own.x) * scale,
    (-half - client.own.z) * scale,
    2 * half * scale,
    2 * half * scale,
  );
}
