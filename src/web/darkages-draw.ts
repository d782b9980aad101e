// Draws the fight: areas that are about to strike, loot, fighters with their bars and names, projectiles with trails.
// Browser main thread; draws what the client library shows, changes nothing of it.

import type { EntityView } from '../client/interpolation.ts';
import { ABILITIES, ARROW, METEOR } from '../game/abilities.ts';
import { ITEMS } from '../game/items.ts';
import { AREA, FIGHTER_LAST, FIGHTERS, LOOT, LOOT_GOLD, PLAYER, PROJECTILE, VENDOR } from '../game/kinds.ts';
import { type Camera, screenX, screenY, toRadians } from './camera.ts';
import { type Fight, isAlive, isFoe, wantedAbility } from './darkages-fight.ts';
import { bodySprite, SPRITE_REACH } from './darkages-sprites.ts';
import { NAME_TEXT, stampBody, stampShadow, stampText } from './darkages-stamps.ts';
import { clearLabels, createLabelRoom, takeLabel } from './label-room.ts';
import { colourOf } from './look.ts';
import { PALETTE } from './palette.ts';
import { drawMarker } from './scene.ts';

const FLASH_MS = 130;
const TRAIL_POINTS = 14;
const OWN = -1;
const DEAD_COLOUR = '#59616d';
const MARGIN_PX = 60;
/** Of a name, about. */
const LETTER_PX = 7;
/** How far above the middle of the screen the own name is, about. */
const OWN_PLATE_PX = 44;

const labels = createLabelRoom();
/** Where projectiles were in the last frames: x, z by turns, by slot. */
const trails = new Map<number, number[]>();

export function drawGroundOfFight(
  context: CanvasRenderingContext2D,
  camera: Camera,
  fight: Fight,
  nowMs: number,
): void {
  for (const view of fight.client.interpolation.views.values()) {
    if (view.kind === AREA) drawArea(context, camera, fight, view, nowMs);
    else if (view.kind === LOOT) drawLoot(context, camera, fight, view, nowMs);
    else if (view.kind === VENDOR) drawVendor(context, camera, view);
  }
  drawPlan(context, camera, fight, nowMs);
}

/** The ring closes in as the strike comes near; the player's own and its party's don't hurt it, but look alike. */
function drawArea(
  context: CanvasRenderingContext2D,
  camera: Camera,
  fight: Fight,
  view: EntityView,
  nowMs: number,
): void {
  const ability = ABILITIES[view.columns.castAbility ?? METEOR] ?? ABILITIES[METEOR]!;
  const left = (view.columns.castUntil ?? 0) - fight.client.sync.tick;
  if (left <= 0) return;
  const x = screenX(camera, view.x);
  const y = screenY(camera, view.z);
  const radius = ability.radiusMm * camera.pixelsPerMm;
  const part = Math.max(0, Math.min(1 - left / ability.delayTicks, 1));
  const pulse = 0.5 + 0.5 * Math.sin(nowMs / 60);
  context.fillStyle = `rgba(232, 92, 48, ${0.16 + 0.2 * part})`;
  circle(context, x, y, radius);
  context.fill();
  context.fillStyle = `rgba(255, 150, 70, ${0.2 + 0.25 * part})`;
  circle(context, x, y, radius * part);
  context.fill();
  context.lineWidth = 2 + pulse;
  context.strokeStyle = `rgba(255, 140, 80, ${0.65 + 0.35 * pulse})`;
  circle(context, x, y, radius);
  context.stroke();
  // What falls: a burning stone that comes down from above the screen's edge.
  const height = (1 - part) * 320;
  context.strokeStyle = 'rgba(255, 190, 110, 0.5)';
  context.lineWidth = 7;
  context.beginPath();
  context.moveTo(x + height * 0.5 + 34, y - height - 70);
  context.lineTo(x + height * 0.5, y - height);
  context.stroke();
  context.fillStyle = '#ffd9a0';
  circle(context, x + height * 0.5, y - height, 7);
  context.fill();
}

function drawLoot(
  context: CanvasRenderingContext2D,
  camera: Camera,
  fight: Fight,
  view: EntityView,
  nowMs: number,
): void {
  const { own } = fight.client;
  const x = screenX(camera, view.x);
  const y = screenY(camera, view.z) + Math.sin(nowMs / 300 + view.slot) * 2;
  if (!isOnScreen(camera, x, y)) return;
  const colour = colourOf(fight.client, view.kind, view.columns, '');
  context.globalAlpha = 0.22 + 0.1 * Math.sin(nowMs / 250 + view.slot);
  context.fillStyle = colour;
  circle(context, x, y, 15);
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = 'rgba(5, 8, 12, 0.85)';
  context.lineWidth = 1.5;
  if ((view.columns.variant ?? LOOT_GOLD) === LOOT_GOLD) {
    for (const [dx, dy] of [
      [-4, 2],
      [4, 2],
      [0, -3],
    ] as const) {
      context.fillStyle = colour;
      circle(context, x + dx, y + dy, 4.5);
      context.fill();
      context.stroke();
      context.fillStyle = 'rgba(255, 246, 200, 0.8)';
      circle(context, x + dx - 1, y + dy - 1, 1.6);
      context.fill();
    }
  } else {
    context.fillStyle = colour;
    circle(context, x, y + 2, 6.5);
    context.fill();
    context.stroke();
    context.fillStyle = '#d9c7a0';
    context.fillRect(x - 2.5, y - 9, 5, 6);
    context.strokeRect(x - 2.5, y - 9, 5, 6);
  }
  if (Math.hypot(view.x - own.x, view.z - own.z) < 6_000) {
    const name = ITEMS[(view.columns.variant ?? LOOT_GOLD) - 1]?.label ?? 'loot';
    stampText(context, NAME_TEXT, name, colour, x, y - 20);
  }
}

/** A striped awning over a counter, which is told from afar. */
function drawVendor(context: CanvasRenderingContext2D, camera: Camera, view: EntityView): void {
  const x = screenX(camera, view.x);
  const y = screenY(camera, view.z);
  if (!isOnScreen(camera, x, y)) return;
  context.fillStyle = '#5b4632';
  context.fillRect(x - 22, y - 4, 44, 14);
  for (let stripe = 0; stripe < 6; stripe++) {
    context.fillStyle = stripe % 2 === 0 ? '#8f5fb4' : '#e6dcc4';
    context.fillRect(x - 27 + stripe * 9, y - 24, 9, 15);
  }
  stampText(context, NAME_TEXT, 'vendor', '#cdb0e6', x, y - 32);
}

/** Where a meteor would come down and how far it could, while it is called. */
function drawPlan(context: CanvasRenderingContext2D, camera: Camera, fight: Fight, nowMs: number): void {
  const { own, intent } = fight.client;
  const isMeant = wantedAbility(fight, nowMs) === METEOR || own.columns.castAbility === METEOR;
  if (!isMeant || !isAlive(own.columns)) return;
  const { rangeMm, radiusMm } = ABILITIES[METEOR]!;
  const angle = toRadians(intent.aim);
  const reachMm = (intent.inputs.reach ?? 0) * 10;
  context.setLineDash([6, 6]);
  context.lineDashOffset = -nowMs / 40;
  context.lineWidth = 1.5;
  context.strokeStyle = 'rgba(255, 190, 120, 0.3)';
  circle(context, screenX(camera, own.x), screenY(camera, own.z), rangeMm * camera.pixelsPerMm);
  context.stroke();
  context.strokeStyle = 'rgba(255, 190, 120, 0.9)';
  const x = screenX(camera, own.x + Math.cos(angle) * reachMm);
  const y = screenY(camera, own.z + Math.sin(angle) * reachMm);
  circle(context, x, y, radiusMm * camera.pixelsPerMm);
  context.stroke();
  context.setLineDash([]);
}

export function drawBodiesOfFight(
  context: CanvasRenderingContext2D,
  camera: Camera,
  fight: Fight,
  nowMs: number,
): void {
  const { client } = fight;
  const { own, interpolation, welcome } = client;
  const name = welcome?.name ?? '';
  const { views } = interpolation;
  for (const view of views.values()) {
    if (view.kind <= FIGHTER_LAST && !isAlive(view.columns)) drawFighter(context, camera, fight, view, nowMs);
  }
  for (const view of views.values()) {
    if (view.kind <= FIGHTER_LAST && isAlive(view.columns)) drawFighter(context, camera, fight, view, nowMs);
  }
  const colour = colourOf(client, PLAYER, own.columns, name);
  drawOne(context, camera, fight, OWN, PLAYER, own, own.columns, colour, true, nowMs);
  for (const view of views.values()) if (view.kind === PROJECTILE) drawProjectile(context, camera, view);
  for (const slot of trails.keys()) if (views.get(slot)?.kind !== PROJECTILE) trails.delete(slot);
  drawPlates(context, camera, fight, name);
}

function drawFighter(
  context: CanvasRenderingContext2D,
  camera: Camera,
  fight: Fight,
  view: EntityView,
  nowMs: number,
): void {
  const colour = colourOf(fight.client, view.kind, view.columns, view.name);
  const x = screenX(camera, view.x);
  const y = screenY(camera, view.z);
  if (!isOnScreen(camera, x, y)) {
    if (view.kind === PLAYER && isAlive(view.columns)) drawMarker(context, camera, x, y, colour);
    return;
  }
  drawOne(context, camera, fight, view.slot, view.kind, view, view.columns, colour, false, nowMs);
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly facing: number;
}

function drawOne(
  context: CanvasRenderingContext2D,
  camera: Camera,
  fight: Fight,
  slot: number,
  kind: number,
  place: Place,
  columns: Readonly<Record<string, number>>,
  colour: string,
  isOwn: boolean,
  nowMs: number,
): void {
  const isUp = isAlive(columns);
  const radius = Math.max(6, FIGHTERS[kind]!.radiusMm * camera.pixelsPerMm * 1.12);
  const x = screenX(camera, place.x);
  const ground = screenY(camera, place.z);
  // Feet off the ground: the body rises, its shadow stays.
  const lift = (Math.max(0, place.y) * camera.pixelsPerMm) / 1.6;
  const y = ground - lift;
  const isStruck = nowMs - (fight.flashes.get(slot) ?? -1000) < FLASH_MS;
  stampShadow(context, radius * (1.1 - Math.min(0.3, lift / 150)), x + radius * 0.2, ground + radius * 0.32);
  if (isUp && (isOwn || slot === fight.hoverSlot)) {
    drawFootRing(context, x, ground, radius, isOwn ? PALETTE.ownRing : PALETTE.foe);
  }
  if (isUp) drawPreparing(context, camera, fight, x, y, radius, place.facing, columns, nowMs);
  const shown = isUp ? colour : DEAD_COLOUR;
  if (!isUp) context.globalAlpha = 0.38;
  if (isStruck || lift > 0) drawTurned(context, kind, shown, radius, place.facing, x, y, 1 + lift / 600, isStruck);
  else stampBody(context, kind, shown, radius, place.facing, x, y);
  context.globalAlpha = 1;
  if (!isUp) drawDead(context, x, y, radius);
  const tick = isOwn ? fight.client.sync.tick : fight.client.interpolation.tick;
  if (isUp && (columns.shieldUntil ?? 0) > tick) drawShield(context, x, y, radius, nowMs);
}

/** For the few that are white from a blow or in the air. */
function drawTurned(
  context: CanvasRenderingContext2D,
  kind: number,
  colour: string,
  radius: number,
  facing: number,
  x: number,
  y: number,
  scale: number,
  isWhite: boolean,
): void {
  context.save();
  context.translate(x, y);
  context.rotate(toRadians(facing));
  const half = radius * SPRITE_REACH * scale;
  context.drawImage(bodySprite(kind, colour, radius, isWhite), -half, -half, half * 2, half * 2);
  context.restore();
}

function drawFootRing(context: CanvasRenderingContext2D, x: number, y: number, radius: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1.75;
  circle(context, x, y, radius * 1.42);
  context.globalAlpha = 0.7;
  context.stroke();
  context.globalAlpha = 1;
}

/** A cast gathers around its caster; a troll's smash and a meteor also show where and when. */
function drawPreparing(
  context: CanvasRenderingContext2D,
  camera: Camera,
  fight: Fight,
  x: number,
  y: number,
  radius: number,
  facing: number,
  columns: Readonly<Record<string, number>>,
  nowMs: number,
): void {
  const ability = ABILITIES[columns.castAbility ?? 0];
  if (ability === undefined || ability.castTicks === 0) return;
  const left = (columns.castUntil ?? 0) - fight.client.interpolation.tick;
  const part = Math.max(0, Math.min(1 - left / ability.castTicks, 1));
  const colour = CAST_COLOURS[ability.id] ?? '200, 210, 230';
  if (ability.kind === 'melee') {
    const angle = toRadians(facing);
    const cone = toRadians(ability.coneTurn);
    context.fillStyle = `rgba(${colour}, ${0.12 + 0.3 * part})`;
    context.beginPath();
    context.moveTo(x, y);
    context.arc(x, y, ability.rangeMm * camera.pixelsPerMm, angle - cone, angle + cone);
    context.closePath();
    context.fill();
    return;
  }
  context.lineWidth = 3;
  context.strokeStyle = `rgba(${colour}, 0.85)`;
  context.beginPath();
  context.arc(x, y, radius * 1.75, -Math.PI / 2, -Math.PI / 2 + part * Math.PI * 2);
  context.stroke();
  context.fillStyle = `rgba(${colour}, 0.9)`;
  for (let mote = 0; mote < 5; mote++) {
    const turn = nowMs / 260 + (mote * Math.PI * 2) / 5;
    const out = radius * (2.3 - part);
    circle(context, x + Math.cos(turn) * out, y + Math.sin(turn) * out, 2);
    context.fill();
  }
}

const CAST_COLOURS: Readonly<Record<number, string>> = {
  2: '150, 170, 255',
  3: '255, 150, 80',
  4: '110, 230, 150',
  5: '235, 110, 100',
  6: '240, 210, 150',
  7: '235, 110, 90',
};

function drawDead(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  const arm = radius * 0.45;
  context.strokeStyle = 'rgba(236, 106, 106, 0.75)';
  context.lineWidth = 2.5;
  context.beginPath();
  context.moveTo(x - arm, y - arm);
  context.lineTo(x + arm, y + arm);
  context.moveTo(x + arm, y - arm);
  context.lineTo(x - arm, y + arm);
  context.stroke();
}

function drawShield(context: CanvasRenderingContext2D, x: number, y: number, radius: number, nowMs: number): void {
  const shimmer = 0.5 + 0.5 * Math.sin(nowMs / 140);
  circle(context, x, y, radius * 1.7);
  context.fillStyle = `rgba(140, 200, 255, ${0.1 + 0.08 * shimmer})`;
  context.fill();
  context.strokeStyle = `rgba(170, 220, 255, ${0.5 + 0.4 * shimmer})`;
  context.lineWidth = 1.5;
  context.stroke();
  context.lineWidth = 3;
  context.strokeStyle = 'rgba(230, 245, 255, 0.9)';
  context.beginPath();
  context.arc(x, y, radius * 1.7, nowMs / 400, nowMs / 400 + 0.9);
  context.stroke();
}

function drawProjectile(context: CanvasRenderingContext2D, camera: Camera, view: EntityView): void {
  let trail = trails.get(view.slot);
  if (trail === undefined) {
    trail = [];
    trails.set(view.slot, trail);
  }
  trail.push(view.x, view.z);
  if (trail.length > TRAIL_POINTS * 2) trail.splice(0, 2);
  const x = screenX(camera, view.x);
  const y = screenY(camera, view.z);
  const isArrow = view.columns.castAbility === ARROW;
  context.strokeStyle = isArrow ? 'rgb(232, 220, 192)' : 'rgb(128, 150, 255)';
  for (let point = 2; point < trail.length; point += 2) {
    const part = point / trail.length;
    context.globalAlpha = (isArrow ? 0.3 : 0.75) * part;
    context.lineWidth = isArrow ? 1.5 : 1 + 7 * part;
    context.beginPath();
    context.moveTo(screenX(camera, trail[point - 2]!), screenY(camera, trail[point - 1]!));
    context.lineTo(screenX(camera, trail[point]!), screenY(camera, trail[point + 1]!));
    context.stroke();
  }
  context.globalAlpha = 1;
  if (isArrow) drawArrow(context, x, y, trail);
  else {
    context.fillStyle = 'rgba(150, 170, 255, 0.35)';
    circle(context, x, y, 12);
    context.fill();
    context.fillStyle = '#f1f4ff';
    circle(context, x, y, 4.5);
    context.fill();
  }
}

function drawArrow(context: CanvasRenderingContext2D, x: number, y: number, trail: readonly number[]): void {
  const dx = trail.at(-2)! - trail[0]!;
  const dz = trail.at(-1)! - trail[1]!;
  const length = Math.max(1, Math.hypot(dx, dz));
  context.strokeStyle = '#f0e2c2';
  context.lineWidth = 2.5;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x - (dx / length) * 15, y - (dz / length) * 15);
  context.stroke();
  context.fillStyle = '#ffffff';
  circle(context, x, y, 2.5);
  context.fill();
}

/** The own plate always and above all, then that under the cursor, friends', and others' as far as there is room. */
function drawPlates(context: CanvasRenderingContext2D, camera: Camera, fight: Fight, name: string): void {
  const { views } = fight.client.interpolation;
  clearLabels(labels, camera.width, camera.height);
  takeLabel(labels, camera.width / 2, camera.height / 2 - OWN_PLATE_PX, name.length * LETTER_PX, NAME_TEXT.heightPx);
  const under = views.get(fight.hoverSlot);
  if (under !== undefined) drawPlate(context, camera, fight, under);
  for (const view of views.values()) {
    if (view !== under && isFriend(fight, view)) drawPlate(context, camera, fight, view);
  }
  for (const view of views.values()) {
    if (view.kind <= FIGHTER_LAST && view !== under && !isFriend(fight, view)) drawPlate(context, camera, fight, view);
  }
  drawOwnPlate(context, camera, fight, name);
}

function isFriend(fight: Fight, view: EntityView): boolean {
  return view.kind === PLAYER && isAlive(view.columns) && !isFoe(fight, view);
}

function drawName(context: CanvasRenderingContext2D, text: string, colour: string, x: number, y: number): void {
  if (!takeLabel(labels, x, y, text.length * LETTER_PX, NAME_TEXT.heightPx)) return;
  stampText(context, NAME_TEXT, text, colour, x, y);
}

/** Name and health: of players always, of creatures when they are hurt or under the cursor. */
function drawPlate(context: CanvasRenderingContext2D, camera: Camera, fight: Fight, view: EntityView): void {
  if (!isAlive(view.columns)) return;
  const x = screenX(camera, view.x);
  const top = screenY(camera, view.z) - (Math.max(0, view.y) * camera.pixelsPerMm) / 1.6;
  if (!isOnScreen(camera, x, top)) return;
  const most = FIGHTERS[view.kind]!.healthMax;
  const health = view.columns.health ?? most;
  const isPlayer = view.kind === PLAYER;
  if (!isPlayer && health >= most && view.slot !== fight.hoverSlot) return;
  const radius = Math.max(6, FIGHTERS[view.kind]!.radiusMm * camera.pixelsPerMm * 1.12);
  const y = top - radius * 1.5 - 8;
  const isGood = isFriend(fight, view);
  const width = isPlayer ? 46 : Math.min(64, 30 + most / 5);
  drawHealth(context, x, y, width, health / most, isGood ? PALETTE.good : isPlayer ? PALETTE.foe : PALETTE.beast);
  const text = isPlayer ? view.name : CREATURE_NAMES[view.kind]!;
  const nameColour = isGood ? PALETTE.good : isPlayer ? PALETTE.text : PALETTE.quiet;
  drawName(context, text, nameColour, x, y - 10);
}

const CREATURE_NAMES: readonly string[] = ['', '', 'wolf', 'archer', 'troll'];

function drawOwnPlate(context: CanvasRenderingContext2D, camera: Camera, fight: Fight, name: string): void {
  const { own } = fight.client;
  if (!isAlive(own.columns)) return;
  const x = screenX(camera, own.x);
  const radius = Math.max(6, FIGHTERS[PLAYER]!.radiusMm * camera.pixelsPerMm * 1.12);
  const y = screenY(camera, own.z) - (Math.max(0, own.y) * camera.pixelsPerMm) / 1.6 - radius * 1.5 - 8;
  const { healthMax } = FIGHTERS[PLAYER]!;
  drawHealth(context, x, y, 46, (own.columns.health ?? healthMax) / healthMax, PALETTE.good);
  stampText(context, NAME_TEXT, name, '#ffffff', x, y - 10);
}

function drawHealth(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  part: number,
  colour: string,
): void {
  context.fillStyle = 'rgba(5, 8, 12, 0.85)';
  context.fillRect(x - width / 2 - 1, y - 1, width + 2, 6);
  context.fillStyle = colour;
  context.fillRect(x - width / 2, y, width * Math.max(0, Math.min(part, 1)), 4);
}

export function circle(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, Math.max(0, radius), 0, 7);
}

export function isOnScreen(camera: Camera, x: number, y: number): boolean {
  return x > -MARGIN_PX && y > -MARGIN_PX && x < camera.width + MARGIN_PX && y < camera.height + MARGIN_PX;
}
