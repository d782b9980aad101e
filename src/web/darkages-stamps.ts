// Pictures that are drawn once and from then on copied, at whole pixels and unscaled: bodies in each of 64 directions,
// their shadows, texts. Browser main thread. Deliberate: without a graphics card, turning and scaling a hundred bodies
// and writing a hundred names each frame takes most of a frame's time (bench game.page); a copy takes a tenth of that.

import { bodySprite, SPRITE_REACH } from './darkages-sprites.ts';
import { toPixel } from './ground.ts';
import { PALETTE } from './palette.ts';

/** A power of two. */
const DIRECTIONS = 64;
const COLUMNS = 8;
/** Half a side of a direction's picture, in radii of the body: what is in a body's hand goes round with it. */
const REACH = SPRITE_REACH + 0.1;
/** Of one kind; each takes about a megabyte, four where pixels are twice as dense. */
const SHEETS_MAX = 24;
const TEXTS_MAX = 300;
const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

interface Sheet {
  readonly canvas: HTMLCanvasElement;
  /** Of one direction, device pixels. */
  readonly side: number;
}

/** Of one kind, at one size: by colour. */
interface Sheets {
  readonly radius: number;
  readonly byColour: Map<string, Sheet>;
}

const sheetsByKind: (Sheets | undefined)[] = [];
const shadows = new Map<number, HTMLCanvasElement>();

/** A body with its middle there, looking along `facing` (turns / 65536). */
export function stampBody(
  context: CanvasRenderingContext2D,
  kind: number,
  colour: string,
  radiusPx: number,
  facing: number,
  x: number,
  y: number,
): void {
  const { canvas, side } = sheetOf(kind, colour, radiusPx);
  const direction = Math.round((facing / 0x1_0000) * DIRECTIONS) & (DIRECTIONS - 1);
  const size = side / devicePixelRatio;
  context.drawImage(
    canvas,
    (direction % COLUMNS) * side,
    Math.floor(direction / COLUMNS) * side,
    side,
    side,
    toPixel(x - size / 2),
    toPixel(y - size / 2),
    size,
    size,
  );
}

function sheetOf(kind: number, colour: string, radiusPx: number): Sheet {
  const radius = Math.max(4, Math.round(radiusPx * devicePixelRatio));
  let sheets = sheetsByKind[kind];
  if (sheets === undefined || sheets.radius !== radius) {
    sheets = { radius, byColour: new Map() };
    sheetsByKind[kind] = sheets;
  }
  let sheet = sheets.byColour.get(colour);
  if (sheet !== undefined) return sheet;
  if (sheets.byColour.size >= SHEETS_MAX) sheets.byColour.clear();
  sheet = paintSheet(kind, colour, radiusPx, radius);
  sheets.byColour.set(colour, sheet);
  return sheet;
}

function paintSheet(kind: number, colour: string, radiusPx: number, radius: number): Sheet {
  const side = 2 * Math.ceil(radius * REACH);
  const canvas = createCanvas(side * COLUMNS, (side * DIRECTIONS) / COLUMNS);
  const context = canvas.getContext('2d');
  // From twice the size, so that a turned body is as sharp as an upright one.
  const body = bodySprite(kind, colour, radiusPx * 2, false);
  const half = radius * SPRITE_REACH;
  for (let direction = 0; direction < DIRECTIONS; direction++) {
    const turn = (direction / DIRECTIONS) * 2 * Math.PI;
    const x = (direction % COLUMNS) * side + side / 2;
    const y = Math.floor(direction / COLUMNS) * side + side / 2;
    context?.setTransform(Math.cos(turn), Math.sin(turn), -Math.sin(turn), Math.cos(turn), x, y);
    context?.drawImage(body, -half, -half, half * 2, half * 2);
  }
  return { canvas, side };
}

/** A round shadow with its middle there. */
export function stampShadow(context: CanvasRenderingContext2D, radiusPx: number, x: number, y: number): void {
  const radius = Math.round(radiusPx * devicePixelRatio);
  let canvas = shadows.get(radius);
  if (canvas === undefined) {
    if (shadows.size >= TEXTS_MAX) shadows.clear();
    canvas = createCanvas(2 * radius + 2, 2 * radius + 2);
    const painter = canvas.getContext('2d');
    if (painter !== null) {
      painter.fillStyle = PALETTE.shadow;
      painter.beginPath();
      painter.arc(radius + 1, radius + 1, radius, 0, 7);
      painter.fill();
    }
    shadows.set(radius, canvas);
  }
  stamp(context, canvas, x, y);
}

/** How a text is written; it keeps what was written so. */
export interface TextStyle {
  readonly font: string;
  readonly heightPx: number;
  readonly outlinePx: number;
  /** By colour, then by text. */
  readonly kept: Map<string, Map<string, HTMLCanvasElement>>;
}

function createStyle(weight: number, heightPx: number, outlinePx: number): TextStyle {
  return { font: `${weight} ${heightPx}px ${FAMILY}`, heightPx, outlinePx, kept: new Map() };
}

export const NAME_TEXT = createStyle(600, 12, 3);
export const SMALL_TEXT = createStyle(700, 15, 4);
export const BIG_TEXT = createStyle(700, 20, 4);

/** A text with its middle there, `scale` times as large. */
export function stampText(
  context: CanvasRenderingContext2D,
  style: TextStyle,
  text: string,
  colour: string,
  x: number,
  y: number,
  scale = 1,
): void {
  if (text === '') return;
  let byText = style.kept.get(colour);
  if (byText === undefined) {
    byText = new Map();
    style.kept.set(colour, byText);
  }
  let canvas = byText.get(text);
  if (canvas === undefined) {
    if (byText.size >= TEXTS_MAX) byText.clear();
    canvas = paintText(style, text, colour);
    byText.set(text, canvas);
  }
  if (scale === 1) stamp(context, canvas, x, y);
  else {
    const width = (canvas.width / devicePixelRatio) * scale;
    const height = (canvas.height / devicePixelRatio) * scale;
    context.drawImage(canvas, x - width / 2, y - height / 2, width, height);
  }
}

function paintText(style: TextStyle, text: string, colour: string): HTMLCanvasElement {
  const canvas = createCanvas(1, 1);
  const context = canvas.getContext('2d');
  if (context === null) return canvas;
  context.font = style.font;
  const width = context.measureText(text).width + 2 * style.outlinePx;
  const height = style.heightPx * 1.3 + 2 * style.outlinePx;
  canvas.width = Math.ceil(width * devicePixelRatio);
  canvas.height = Math.ceil(height * devicePixelRatio);
  // A canvas of a new size has forgotten its font.
  context.scale(devicePixelRatio, devicePixelRatio);
  context.font = style.font;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.lineWidth = style.outlinePx;
  context.lineJoin = 'round';
  context.strokeStyle = 'rgba(5, 8, 12, 0.85)';
  context.strokeText(text, width / 2, height / 2);
  context.fillStyle = colour;
  context.fillText(text, width / 2, height / 2);
  return canvas;
}

function stamp(context: CanvasRenderingContext2D, canvas: HTMLCanvasElement, x: number, y: number): void {
  const width = canvas.width / devicePixelRatio;
  const height = canvas.height / devicePixelRatio;
  context.drawImage(canvas, toPixel(x - width / 2), toPixel(y - height / 2), width, height);
}

function createCanvas(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  return canvas;
}
