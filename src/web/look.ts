// How an entity looks: what the game says of its kind, and a shade of its own by name so that players can be told
// apart. Browser main thread.

import type { EntityView } from '../client/interpolation.ts';
import type { Client } from '../client/state.ts';
import type { KindView } from '../sim/game.ts';

/** A game that draws its entities itself. */
export interface Painter {
  /** What lies on the ground. */
  ground(context: CanvasRenderingContext2D): void;
  /** Who stands there, in place of the plain players. */
  bodies(context: CanvasRenderingContext2D): void;
  /** Colour of an entity on the radar; undefined leaves it out. */
  radarColour(view: EntityView): string | undefined;
}

const UNKNOWN_KIND: KindView = { colour: '#9aa7b8', radiusMm: 400 };
/** Degrees of hue that a name moves a colour at most, either way. */
const HUE_SHIFT_MAX = 46;

const shades = new Map<string, string>();
/** Names come and go; a page that runs for days shall not keep them all. */
const SHADES_MAX = 1024;

export function lookOf(
  { game }: Client,
  kind: number,
  columns: Readonly<Record<string, number>>,
  name: string,
): KindView {
  const { view, kinds } = game;
  const kindName = Object.keys(kinds).find((candidate) => kinds[candidate] === kind);
  const look = (kindName === undefined ? undefined : view?.kinds[kindName]) ?? UNKNOWN_KIND;
  // A tint has a meaning in the game: it stays as it is.
  const colour = view?.tint?.(columns) ?? shadeOf(look.colour, name);
  return { colour, radiusMm: look.radiusMm };
}

/** The colour, turned a little by the name; anything but `#rrggbb` stays as it is. */
export function shadeOf(colour: string, name: string): string {
  if (name === '' || !/^#[0-9a-f]{6}$/i.test(colour)) return colour;
  const key = `${colour} ${name}`;
  const known = shades.get(key);
  if (known !== undefined) return known;
  if (shades.size >= SHADES_MAX) shades.clear();
  let hash = 0;
  for (let index = 0; index < name.length; index++) hash = (Math.imul(hash, 31) + name.charCodeAt(index)) | 0;
  const shift = ((((hash >>> 4) % 1000) / 999) * 2 - 1) * HUE_SHIFT_MAX;
  const shade = turnHue(colour, shift);
  shades.set(key, shade);
  return shade;
}

function turnHue(colour: string, degrees: number): string {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255) as [
    number,
    number,
    number,
  ];
  const most = Math.max(red, green, blue);
  const range = most - Math.min(red, green, blue);
  const lightness = most - range / 2;
  const saturation = range === 0 ? 0 : range / (1 - Math.abs(2 * lightness - 1));
  let hue = 0;
  if (range > 0) {
    if (most === red) hue = (green - blue) / range;
    else if (most === green) hue = 2 + (blue - red) / range;
    else hue = 4 + (red - green) / range;
  }
  const turned = (((hue * 60 + degrees) % 360) + 360) % 360;
  return `hsl(${turned.toFixed(0)} ${(saturation * 100).toFixed(0)}% ${(lightness * 100).toFixed(0)}%)`;
}
