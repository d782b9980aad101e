// How an entity looks: what the game says of its kind, and a shade of its own by name so that players can be told
// apart. Browser main thread.

import type { EntityView } from '../client/interpolation.ts';
import type { Client } from '../client/state.ts';
import type { AnyGame, KindView } from '../sim/game.ts';

/** A game that draws its entities itself. */
export interface Painter {
  /** What lies on the ground. */
  ground(context: CanvasRenderingContext2D): void;
  /** Who stands there, in place of the plain players. */
  bodies(context: CanvasRenderingContext2D): void;
  /** Colour of an entity on the radar; undefined leaves it out. */
  radarColour(view: EntityView): string | undefined;
  /** Friends who aren't in sight, but known of: marked on the radar, at its rim when they are further away. */
  friendsAway(): readonly { readonly xMm: number; readonly zMm: number }[];
}

const UNKNOWN_KIND: KindView = { colour: '#9aa7b8', radiusMm: 400 };
/** Degrees of hue that a name moves a colour at most, either way. */
const HUE_SHIFT_MAX = 46;

/** Shades that names have: each is drawn in many directions and kept (darkages-sprites.ts), so there are few. */
const SHADES = 16;

/** By the colour that is turned, then by name. */
const shades = new Map<string, Map<string, string>>();
/** Names come and go; a page that runs for days shall not keep them all. */
const NAMES_MAX = 1024;

/** By game, then by number of the kind. */
const kindViews = new Map<AnyGame, readonly (KindView | undefined)[]>();

export function lookOf(
  client: Client,
  kind: number,
  columns: Readonly<Record<string, number>>,
  name: string,
): KindView {
  return { colour: colourOf(client, kind, columns, name), radiusMm: kindViewOf(client, kind).radiusMm };
}

/** The colour alone: nothing is allocated, so it may be asked for each entity in each frame. */
export function colourOf(
  client: Client,
  kind: number,
  columns: Readonly<Record<string, number>>,
  name: string,
): string {
  // A tint has a meaning in the game: it stays as it is.
  return client.game.view?.tint?.(columns) ?? shadeOf(kindViewOf(client, kind).colour, name);
}

function kindViewOf({ game }: Client, kind: number): KindView {
  let views = kindViews.get(game);
  if (views === undefined) {
    const byKind: (KindView | undefined)[] = [];
    for (const [name, number] of Object.entries(game.kinds)) byKind[number] = game.view?.kinds[name];
    kindViews.set(game, byKind);
    views = byKind;
  }
  return views[kind] ?? UNKNOWN_KIND;
}

/** The colour, turned a little by the name; anything but `#rrggbb` stays as it is. */
export function shadeOf(colour: string, name: string): string {
  if (name === '') return colour;
  let byName = shades.get(colour);
  if (byName === undefined) {
    byName = new Map();
    shades.set(colour, byName);
  }
  let shade = byName.get(name);
  if (shade === undefined) {
    if (byName.size >= NAMES_MAX) byName.clear();
    shade = /^#[0-9a-f]{6}$/i.test(colour) ? turnHue(colour, hueShiftOf(name)) : colour;
    byName.set(name, shade);
  }
  return shade;
}

/** Degrees. */
function hueShiftOf(name: string): number {
  let hash = 0;
  for (let index = 0; index < name.length; index++) hash = (Math.imul(hash, 31) + name.charCodeAt(index)) | 0;
  return ((((hash >>> 4) % SHADES) / (SHADES - 1)) * 2 - 1) * HUE_SHIFT_MAX;
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
