// What is seen for a moment: the sweep of a blade, sparks, the burst of a meteor, numbers that rise.
// Browser main thread.

import { ABILITIES, SLASH } from '../game/abilities.ts';
import { type Camera, screenX, screenY, toRadians } from './camera.ts';
import { circle, isOnScreen } from './darkages-draw.ts';
import type { Fight, Float, Mark } from './darkages-fight.ts';
import type { Lead } from './darkages-lead.ts';
import { BIG_TEXT, SMALL_TEXT, stampText } from './darkages-stamps.ts';

const FLOAT_MS = 950;
const MARK_MS: Readonly<Record<Mark['kind'], number>> = {
  swing: 210,
  spark: 260,
  impact: 750,
  heal: 800,
  rise: 900,
  fall: 700,
};

const FLOAT_COLOURS: Readonly<Record<Float['tone'], string>> = {
  dealt: '#ffd27a',
  taken: '#ff6b6b',
  healed: '#7ee2a0',
  quiet: '#a9c4e8',
  gold: '#f0cf58',
};

export function drawMarks(context: CanvasRenderingContext2D, camera: Camera, fight: Fight, nowMs: number): void {
  drop(fight.marks, nowMs, (mark) => MARK_MS[mark.kind]);
  drop(fight.floats, nowMs, () => FLOAT_MS);
  for (const mark of fight.marks) drawMark(context, camera, fight, mark, nowMs);
  for (const float of fight.floats) drawFloat(context, camera, float, nowMs);
  context.globalAlpha = 1;
}

/** Small, and fainter the way to it: it helps who looks for it. */
export function drawLead(context: CanvasRenderingContext2D, camera: Camera, { view, isShown, xMm, zMm }: Lead): void {
  if (!isShown || view === undefined) return;
  const x = screenX(camera, xMm);
  const y = screenY(camera, zMm);
  context.strokeStyle = 'rgba(157, 176, 255, 0.28)';
  context.lineWidth = 1;
  context.setLineDash([3, 5]);
  context.beginPath();
  context.moveTo(screenX(camera, view.x), screenY(camera, view.z));
  context.lineTo(x, y);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = 'rgba(200, 211, 255, 0.85)';
  circle(context, x, y, 3);
  context.fill();
}

function drop<T extends { readonly atMs: number }>(list: T[], nowMs: number, lasts: (item: T) => number): void {
  let kept = 0;
  for (const item of list) if (nowMs - item.atMs < lasts(item)) list[kept++] = item;
  list.length = kept;
}

function drawMark(context: CanvasRenderingContext2D, camera: Camera, fight: Fight, mark: Mark, nowMs: number): void {
  const part = (nowMs - mark.atMs) / MARK_MS[mark.kind];
  // A swing goes with who swings.
  const { own, interpolation } = fight.client;
  const bearer = mark.slot === -1 ? own : interpolation.views.get(mark.slot);
  const x = screenX(camera, bearer?.x ?? mark.xMm);
  const y = screenY(camera, bearer?.z ?? mark.zMm);
  if (!isOnScreen(camera, x, y)) return;
  const size = mark.sizeMm * camera.pixelsPerMm;
  context.globalAlpha = 1 - part;
  if (mark.kind === 'swing') drawSwing(context, x, y, size, toRadians(bearer?.facing ?? mark.angle), part);
  else if (mark.kind === 'impact') drawImpact(context, x, y, size, part);
  else if (mark.kind === 'spark') drawRays(context, x, y, size * (0.4 + part * 0.6), 7, '#fff0c0', mark.atMs);
  else if (mark.kind === 'heal') drawMotes(context, x, y, size, part, '#7ee2a0');
  else if (mark.kind === 'rise') drawMotes(context, x, y, size * 1.4, part, '#a9d4ff');
  else drawRays(context, x, y, size * (0.3 + part), 9, '#ec6a6a', mark.atMs);
  context.globalAlpha = 1;
}

/** A blade of light that runs from one side of the cone to the other. */
function drawSwing(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  size: number,
  angle: number,
  part: number,
): void {
  const cone = toRadians(ABILITIES[SLASH]!.coneTurn);
  const end = angle - cone + 2 * cone * Math.min(1, part * 1.6);
  const start = Math.max(angle - cone, end - cone * 1.3);
  context.beginPath();
  context.arc(x, y, size, start, end);
  context.arc(x, y, size * 0.5, end, start, true);
  context.closePath();
  context.fillStyle = 'rgba(225, 236, 255, 0.34)';
  context.fill();
  context.strokeStyle = '#ffffff';
  context.lineWidth = 2.5;
  context.beginPath();
  context.arc(x, y, size, start, end);
  context.stroke();
}

function drawImpact(context: CanvasRenderingContext2D, x: number, y: number, size: number, part: number): void {
  const fade = context.createRadialGradient(x, y, 0, x, y, size * (0.7 + part * 0.5));
  fade.addColorStop(0, 'rgba(255, 240, 200, 0.95)');
  fade.addColorStop(0.4, 'rgba(255, 150, 60, 0.8)');
  fade.addColorStop(1, 'rgba(200, 50, 20, 0)');
  context.fillStyle = fade;
  circle(context, x, y, size * (0.7 + part * 0.5));
  context.fill();
  context.lineWidth = 5 * (1 - part) + 1;
  context.strokeStyle = '#ffcf8a';
  circle(context, x, y, size * (0.5 + part * 0.8));
  context.stroke();
  drawRays(context, x, y, size * (0.6 + part * 0.7), 12, '#ffb060', 3);
}

function drawRays(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  size: number,
  count: number,
  colour: string,
  turn: number,
): void {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  for (let ray = 0; ray < count; ray++) {
    const angle = turn + (ray / count) * Math.PI * 2;
    const long = ray % 2 === 0 ? 1 : 0.75;
    context.moveTo(x + Math.cos(angle) * size * 0.6 * long, y + Math.sin(angle) * size * 0.6 * long);
    context.lineTo(x + Math.cos(angle) * size * long, y + Math.sin(angle) * size * long);
  }
  context.stroke();
}

function drawMotes(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  size: number,
  part: number,
  colour: string,
): void {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  circle(context, x, y, size * (0.3 + part * 0.7));
  context.stroke();
  context.fillStyle = colour;
  for (let mote = 0; mote < 8; mote++) {
    const angle = mote * 2.4;
    const out = size * (0.25 + ((mote * 37) % 10) / 14);
    circle(context, x + Math.cos(angle) * out, y + Math.sin(angle) * out * 0.6 - part * 34, 2.2);
    context.fill();
  }
}

function drawFloat(context: CanvasRenderingContext2D, camera: Camera, float: Float, nowMs: number): void {
  const part = (nowMs - float.atMs) / FLOAT_MS;
  const x = screenX(camera, float.xMm) + float.drift * 16 * (0.4 + part);
  const y = screenY(camera, float.zMm) - 26 - 44 * (1 - (1 - part) ** 2);
  const isBig = float.tone === 'dealt' || float.tone === 'taken';
  const pop = part < 0.12 ? 1.5 - part * 4 : 1;
  context.globalAlpha = part < 0.6 ? 1 : (1 - part) / 0.4;
  stampText(context, isBig ? BIG_TEXT : SMALL_TEXT, float.text, FLOAT_COLOURS[float.tone], x, y, pop);
}
