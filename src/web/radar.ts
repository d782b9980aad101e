// The round map in the corner: everything the client sees, further than the screen shows. Browser main thread.

import type { Client } from '../client/state.ts';
import type { Camera } from './camera.ts';
import { lookOf, type Painter } from './look.ts';
import { PALETTE } from './palette.ts';

const RADIUS_PX = 74;
const RADIUS_PX_SMALL = 50;
const MARGIN_PX = 18;
/** Screens narrower than this have the map at the left, away from the thumb. */
const SMALL_SCREEN_PX = 560;

export function drawRadar(
  context: CanvasRenderingContext2D,
  camera: Camera,
  client: Client,
  boxesMm: Int32Array,
  painter: Painter | undefined,
): void {
  const isSmall = camera.width < SMALL_SCREEN_PX;
  const radius = isSmall ? RADIUS_PX_SMALL : RADIUS_PX;
  const centreX = isSmall ? MARGIN_PX + radius : camera.width - MARGIN_PX - radius;
  const centreY = isSmall ? 54 + radius : camera.height - MARGIN_PX - radius;
  const scale = radius / client.game.limits.interestRadiusMm;
  context.save();
  context.translate(centreX, centreY);
  context.beginPath();
  context.arc(0, 0, radius, 0, 7);
  context.fillStyle = 'rgba(12, 17, 24, 0.82)';
  context.fill();
  context.save();
  context.clip();
  context.fillStyle = PALETTE.radarBox;
  const { x: ownX, z: ownZ } = client.own;
  for (let box = 0; box < boxesMm.length; box += 4) {
    const x = (boxesMm[box]! - ownX) * scale;
    const y = (boxesMm[box + 1]! - ownZ) * scale;
    const width = (boxesMm[box + 2]! - boxesMm[box]!) * scale;
    const height = (boxesMm[box + 3]! - boxesMm[box + 1]!) * scale;
    if (x < radius && y < radius && x + width > -radius && y + height > -radius) context.fillRect(x, y, width, height);
  }
  drawBorder(context, client, scale);
  context.strokeStyle = PALETTE.radarView;
  context.lineWidth = 1;
  const viewScale = scale / camera.pixelsPerMm;
  const viewWidth = camera.width * viewScale;
  const viewHeight = camera.height * viewScale;
  context.strokeRect(-viewWidth / 2, -viewHeight / 2, viewWidth, viewHeight);
  for (const view of client.interpolation.views.values()) {
    const colour =
      painter === undefined ? lookOf(client, view.kind, view.columns, view.name).colour : painter.radarColour(view);
    if (colour === undefined) continue;
    context.fillStyle = colour;
    context.beginPath();
    context.arc((view.x - ownX) * scale, (view.z - ownZ) * scale, 2.6, 0, 7);
    context.fill();
  }
  context.fillStyle = PALETTE.ownRing;
  context.beginPath();
  context.arc(0, 0, 3, 0, 7);
  context.fill();
  context.restore();
  context.strokeStyle = PALETTE.radarRim;
  context.lineWidth = 1;
  context.beginPath();
  context.arc(0, 0, radius, 0, 7);
  context.stroke();
  context.restore();
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
