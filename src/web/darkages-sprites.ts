// Bodies from above, one look for each kind, drawn once and kept: a frame only copies them. Browser main thread.

import { ARCHER, TROLL, WOLF } from '../game/kinds.ts';

const SPRITES_MAX = 400;
/** Half the side of a sprite, in radii of the body: arms and weapons reach beyond it. */
export const SPRITE_REACH = 2;

const sprites = new Map<string, HTMLCanvasElement>();

/** The body looks to the right; its middle is the sprite's. `style` is its colour, or `white` for one just struck. */
export function bodySprite(kind: number, colour: string, radiusPx: number, isWhite: boolean): HTMLCanvasElement {
  const radius = Math.max(4, Math.round(radiusPx * devicePixelRatio));
  const key = `${kind} ${colour} ${radius} ${isWhite}`;
  const known = sprites.get(key);
  if (known !== undefined) return known;
  if (sprites.size >= SPRITES_MAX) sprites.clear();
  const canvas = document.createElement('canvas');
  const side = radius * SPRITE_REACH * 2;
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext('2d');
  if (context !== null) {
    context.translate(side / 2, side / 2);
    context.scale(radius, radius);
    context.lineJoin = 'round';
    context.lineCap = 'round';
    drawBody(context, kind, colour);
    if (isWhite) {
      context.globalCompositeOperation = 'source-atop';
      context.fillStyle = 'rgba(255, 255, 255, 0.8)';
      context.fillRect(-SPRITE_REACH, -SPRITE_REACH, SPRITE_REACH * 2, SPRITE_REACH * 2);
    }
  }
  sprites.set(key, canvas);
  return canvas;
}

function drawBody(context: CanvasRenderingContext2D, kind: number, colour: string): void {
  if (kind === WOLF) drawWolf(context, colour);
  else if (kind === ARCHER) drawArcher(context, colour);
  else if (kind === TROLL) drawTroll(context, colour);
  else drawPlayer(context, colour);
}

const EDGE = 'rgba(5, 8, 12, 0.85)';

function fillShape(context: CanvasRenderingContext2D, colour: string, width = 0.12): void {
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = EDGE;
  context.lineWidth = width;
  context.stroke();
}

function ellipse(context: CanvasRenderingContext2D, x: number, y: number, alongX: number, alongY: number): void {
  context.beginPath();
  context.ellipse(x, y, alongX, alongY, 0, 0, 7);
}

function line(
  context: CanvasRenderingContext2D,
  points: readonly (readonly [number, number])[],
  colour: string,
  width: number,
): void {
  context.beginPath();
  for (const [index, [x, y]] of points.entries()) {
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

/** Light from the upper left of the body, whichever way it looks: soft enough not to matter. */
function shade(context: CanvasRenderingContext2D, radius: number): void {
  const fade = context.createRadialGradient(-0.2, 0, 0, 0, 0, radius);
  fade.addColorStop(0, 'rgba(255, 255, 255, 0.28)');
  fade.addColorStop(0.6, 'rgba(255, 255, 255, 0)');
  fade.addColorStop(1, 'rgba(0, 0, 0, 0.28)');
  context.fillStyle = fade;
  context.fill();
}

function drawPlayer(context: CanvasRenderingContext2D, colour: string): void {
  line(
    context,
    [
      [0.15, 0.95],
      [1.75, 0.7],
    ],
    EDGE,
    0.3,
  );
  line(
    context,
    [
      [0.15, 0.95],
      [1.7, 0.71],
    ],
    '#d9e4f2',
    0.16,
  );
  line(
    context,
    [
      [0.5, 0.62],
      [0.6, 1.14],
    ],
    '#c79b52',
    0.16,
  );
  ellipse(context, 0.3, -0.86, 0.26, 0.52);
  fillShape(context, '#8b6a3c');
  ellipse(context, -0.1, 0, 0.78, 1.02);
  fillShape(context, colour);
  shade(context, 1.05);
  ellipse(context, 0.18, 0, 0.5, 0.5);
  fillShape(context, '#efd9bd', 0.1);
  context.beginPath();
  context.arc(0.1, 0, 0.5, 1.1, -1.1);
  context.closePath();
  context.fillStyle = colour;
  context.fill();
  context.fillStyle = 'rgba(8, 12, 18, 0.45)';
  context.fill();
}

function drawWolf(context: CanvasRenderingContext2D, colour: string): void {
  line(
    context,
    [
      [-0.9, 0],
      [-1.5, 0.3],
      [-1.8, 0.15],
    ],
    EDGE,
    0.36,
  );
  line(
    context,
    [
      [-0.9, 0],
      [-1.5, 0.3],
      [-1.78, 0.16],
    ],
    colour,
    0.22,
  );
  for (const [x, y] of [
    [0.45, 0.55],
    [0.45, -0.55],
    [-0.7, 0.5],
    [-0.7, -0.5],
  ] as const) {
    ellipse(context, x, y, 0.28, 0.16);
    fillShape(context, '#5d6068', 0.08);
  }
  ellipse(context, -0.2, 0, 1.05, 0.56);
  fillShape(context, colour);
  shade(context, 1.1);
  context.beginPath();
  context.moveTo(0.6, -0.48);
  context.lineTo(1.0, -0.42);
  context.lineTo(1.62, -0.12);
  context.lineTo(1.62, 0.12);
  context.lineTo(1.0, 0.42);
  context.lineTo(0.6, 0.48);
  context.closePath();
  fillShape(context, colour);
  for (const side of [-1, 1]) {
    context.beginPath();
    context.moveTo(0.62, 0.46 * side);
    context.lineTo(0.42, 0.74 * side);
    context.lineTo(0.9, 0.5 * side);
    context.closePath();
    fillShape(context, '#4c4f57', 0.06);
    ellipse(context, 1.08, 0.2 * side, 0.09, 0.07);
    context.fillStyle = '#ffcf5c';
    context.fill();
  }
  ellipse(context, 1.58, 0, 0.1, 0.1);
  context.fillStyle = '#14161b';
  context.fill();
}

function drawArcher(context: CanvasRenderingContext2D, colour: string): void {
  context.beginPath();
  context.arc(0.2, 0, 1.2, -1.0, 1.0);
  context.strokeStyle = EDGE;
  context.lineWidth = 0.28;
  context.stroke();
  context.strokeStyle = '#a9763a';
  context.lineWidth = 0.16;
  context.stroke();
  line(
    context,
    [
      [0.85, -1.0],
      [0.62, 0],
      [0.85, 1.0],
    ],
    'rgba(235, 235, 235, 0.8)',
    0.05,
  );
  line(
    context,
    [
      [0.5, 0],
      [1.7, 0],
    ],
    '#e8dcc0',
    0.09,
  );
  ellipse(context, -0.1, 0, 0.74, 0.92);
  fillShape(context, colour);
  shade(context, 1);
  context.beginPath();
  context.moveTo(-0.75, 0);
  context.lineTo(-0.05, -0.52);
  context.arc(0.05, 0, 0.52, -1.4, 1.4);
  context.closePath();
  fillShape(context, '#6b4a26', 0.1);
  ellipse(context, 0.3, 0, 0.2, 0.27);
  context.fillStyle = '#1a120a';
  context.fill();
}

function drawTroll(context: CanvasRenderingContext2D, colour: string): void {
  line(
    context,
    [
      [0.4, 0.95],
      [1.75, 0.75],
    ],
    EDGE,
    0.5,
  );
  line(
    context,
    [
      [0.4, 0.95],
      [1.72, 0.75],
    ],
    '#6f5233',
    0.36,
  );
  for (const side of [-1, 1]) {
    ellipse(context, 0.32, 0.94 * side, 0.44, 0.32);
    fillShape(context, colour, 0.1);
  }
  ellipse(context, -0.15, 0, 0.86, 1.08);
  fillShape(context, colour);
  shade(context, 1.1);
  for (const [x, y, size] of [
    [-0.55, 0.3, 0.13],
    [-0.4, -0.45, 0.17],
    [-0.75, -0.1, 0.1],
  ] as const) {
    ellipse(context, x, y, size, size);
    context.fillStyle = 'rgba(20, 40, 18, 0.5)';
    context.fill();
  }
  ellipse(context, 0.42, 0, 0.42, 0.46);
  fillShape(context, colour, 0.1);
  for (const side of [-1, 1]) {
    ellipse(context, 0.62, 0.18 * side, 0.08, 0.08);
    context.fillStyle = '#ffdf6b';
    context.fill();
    line(
      context,
      [
        [0.78, 0.16 * side],
        [0.98, 0.2 * side],
      ],
      '#efe6cf',
      0.1,
    );
  }
}
