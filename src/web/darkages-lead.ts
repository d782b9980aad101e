// Where to aim a bolt for it to meet somebody who runs: as far ahead on its way as the bolt flies, and as the picture is
// older than what bolts are judged by (src/game/projectiles.ts). On a line without delay the second is nothing; at
// 150 ms nobody finds it by eye. For the foe under the cursor, and while the cursor goes from there to the mark.
// Browser main thread; draws nothing itself.

import type { EntityView } from '../client/interpolation.ts';
import { ABILITIES, BOLT } from '../game/abilities.ts';
import { PICTURE_AGE_TICKS } from '../game/projectiles.ts';
import { cooldownTicks, type Fight, isAlive, isFoe } from './darkages-fight.ts';

/** Others' velocities aren't sent: they are taken from the picture, over so many ticks. */
const SAMPLE_TICKS = 12;
const SAMPLE_TICKS_MIN = 4;
/** Who is slower is hit where it stands. */
const RUN_MM_PER_TICK_MIN = 15;
/** Faster than anybody goes: was moved, by a respawn for instance. */
const JUMP_MM_PER_TICK = 400;
/** How far beside the way from the foe to the mark the cursor may be. */
const HOLD_MM = 2000;
const BOLT_MM_PER_TICK = (ABILITIES[BOLT]!.speedCmPerS * 10) / 60;
/** Each time is nearer to where bolt and runner meet by their ratio of speeds, a fourth at most. */
const ROUNDS = 5;

export interface Lead {
  /** Whose way is looked at. */
  view: EntityView | undefined;
  /** Where it was seen in the last ticks: tick, x, z by turns, the oldest first. */
  readonly seen: number[];
  isShown: boolean;
  xMm: number;
  zMm: number;
}

export function createLead(): Lead {
  return { view: undefined, seen: [], isShown: false, xMm: 0, zMm: 0 };
}

/** Once a frame, after the client was brought up to date. */
export function updateLead(lead: Lead, fight: Fight): void {
  const { interpolation } = fight.client;
  const view = isBoltReady(fight) ? findLed(lead, fight) : undefined;
  if (view !== lead.view) lead.seen.length = 0;
  lead.view = view;
  lead.isShown = false;
  if (view === undefined) return;
  noteSeen(lead.seen, interpolation.tick, view.x, view.z);
  placeMark(lead, fight, view);
}

function isBoltReady(fight: Fight): boolean {
  const { columns } = fight.client.own;
  if (!isAlive(columns)) return false;
  if (columns.castAbility === BOLT) return true;
  return cooldownTicks(fight, BOLT) === 0 && (columns.mana ?? 0) >= ABILITIES[BOLT]!.mana;
}

/** The foe under the cursor, else the one from before while the cursor is on its way to the mark, or there. */
function findLed(lead: Lead, fight: Fight): EntityView | undefined {
  const { views } = fight.client.interpolation;
  const under = views.get(fight.hoverSlot);
  if (under !== undefined && isFoe(fight, under)) return under;
  const { view } = lead;
  if (view === undefined || !fight.hasCursor || views.get(view.slot) !== view || !isFoe(fight, view)) return undefined;
  return lead.seen.length > 0 && isOnWay(lead, view, fight.cursorX, fight.cursorZ) ? view : undefined;
}

function isOnWay({ xMm, zMm }: Lead, { x, z }: EntityView, cursorX: number, cursorZ: number): boolean {
  const dx = xMm - x;
  const dz = zMm - z;
  const squared = Math.max(1, dx * dx + dz * dz);
  const part = Math.max(0, Math.min(((cursorX - x) * dx + (cursorZ - z) * dz) / squared, 1));
  return Math.hypot(cursorX - x - dx * part, cursorZ - z - dz * part) < HOLD_MM;
}

function noteSeen(seen: number[], tick: number, x: number, z: number): void {
  const at = seen.length - 3;
  if (at >= 0) {
    const passed = tick - seen[at]!;
    if (passed <= 0) return;
    if (Math.hypot(x - seen[at + 1]!, z - seen[at + 2]!) > JUMP_MM_PER_TICK * passed) seen.length = 0;
  }
  seen.push(tick, x, z);
  while (tick - seen[0]! > SAMPLE_TICKS) seen.splice(0, 3);
}

/** Without a mark the place is the foe's own: that is what the cursor is held to. */
function placeMark(lead: Lead, { client }: Fight, view: EntityView): void {
  const { seen } = lead;
  lead.xMm = view.x;
  lead.zMm = view.z;
  const passed = client.interpolation.tick - seen[0]!;
  if (passed < SAMPLE_TICKS_MIN) return;
  const velocityX = (view.x - seen[1]!) / passed;
  const velocityZ = (view.z - seen[2]!) / passed;
  if (Math.hypot(velocityX, velocityZ) < RUN_MM_PER_TICK_MIN) return;
  const olderTicks = client.sync.tick - client.shownTick - PICTURE_AGE_TICKS;
  const { own } = client;
  let flownMm = 0;
  for (let round = 0; round < ROUNDS; round++) {
    flownMm = Math.hypot(lead.xMm - own.x, lead.zMm - own.z);
    const ticks = flownMm / BOLT_MM_PER_TICK + olderTicks;
    lead.xMm = view.x + velocityX * ticks;
    lead.zMm = view.z + velocityZ * ticks;
  }
  lead.isShown = flownMm < ABILITIES[BOLT]!.rangeMm;
}
