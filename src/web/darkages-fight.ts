// The fight as this player takes part in it: which ability it wants and on whom, what struck, what is to be shown of it
// and for how long. Reads what the client library holds, writes `client.intent`. Browser main thread; time is handed in.

import type { EntityView } from '../client/interpolation.ts';
import type { Client } from '../client/state.ts';
import { ABILITIES, BOLT, MEND, METEOR, SLASH } from '../game/abilities.ts';
import { FIGHTER_LAST, FIGHTERS, PLAYER } from '../game/kinds.ts';
import type { AnyGame } from '../sim/game.ts';
import { toTurns } from './camera.ts';
import { findMendTarget } from './darkages-mend.ts';

/** A press lasts at least this long, so that a tap between two ticks counts, and one a little early does too. */
const PRESS_MS = 160;
const SLOT_MASK = 0xffff;
/** How far beside an entity the cursor may be. */
const HOVER_MM = 700;
const REACH_CM_MAX = 5000;
/** How far around a finger's aim is searched. */
const ASSIST_MM = 20_000;
const FLOATS_MAX = 60;
const MARKS_MAX = 80;

/** A number that rises from where something was struck. */
export interface Float {
  readonly xMm: number;
  readonly zMm: number;
  readonly text: string;
  readonly tone: 'dealt' | 'taken' | 'healed' | 'quiet' | 'gold';
  readonly atMs: number;
  readonly drift: number;
}

/** Something that is seen for a moment where an ability took effect. */
export interface Mark {
  readonly kind: 'swing' | 'impact' | 'spark' | 'heal' | 'rise' | 'fall';
  readonly xMm: number;
  readonly zMm: number;
  readonly angle: number;
  readonly sizeMm: number;
  readonly atMs: number;
  readonly slot: number;
}

export interface Fight {
  readonly client: Client;
  /** Abilities whose key or button is down, the newest last. */
  readonly held: number[];
  pressed: number;
  pressedUntilMs: number;
  /** Where the cursor is on the ground. */
  cursorX: number;
  cursorZ: number;
  hasCursor: boolean;
  /** The finger's presses look for an enemy themselves. */
  isAssisted: boolean;
  hoverSlot: number;
  /** Name of the party member that mend is for; '' = none is chosen. */
  chosenMember: string;
  readonly floats: Float[];
  readonly marks: Mark[];
  /** Slots that were struck, and when. */
  readonly flashes: Map<number, number>;
  /** `actedTick` as last seen, by slot; areas by their slot once they struck. */
  readonly acted: Map<number, number>;
  readonly alive: Map<number, boolean>;
  /** Own slash shown ahead of the server's word. */
  swungTick: number;
  hurtMs: number;
  hurtAmount: number;
  killedBy: string;
  readonly heard: (sound: string, xMm: number, zMm: number) => void;
}

/** Whether a game has what this fight is made of; a page of another game leaves all of it out. */
export function hasFight(game: AnyGame): boolean {
  const columns = ['health', 'mana', 'castAbility', 'actedTick', 'readyTick1', 'deadUntil', 'shieldUntil', 'party'];
  const inputs = ['ability', 'target', 'reach'];
  return (
    columns.every((name) => game.columns[name] !== undefined) &&
    inputs.every((name) => game.inputs?.[name] !== undefined)
  );
}

export function createFight(client: Client, heard: Fight['heard']): Fight {
  return {
    client,
    held: [],
    pressed: 0,
    pressedUntilMs: 0,
    cursorX: 0,
    cursorZ: 0,
    hasCursor: false,
    isAssisted: false,
    hoverSlot: -1,
    chosenMember: '',
    floats: [],
    marks: [],
    flashes: new Map(),
    acted: new Map(),
    alive: new Map(),
    swungTick: -1000,
    hurtMs: -10_000,
    hurtAmount: 0,
    killedBy: '',
    heard,
  };
}

/** A new connection: slots mean others now. */
export function resetFight(fight: Fight): void {
  fight.floats.length = 0;
  fight.marks.length = 0;
  fight.flashes.clear();
  fight.acted.clear();
  fight.alive.clear();
  fight.swungTick = -1000;
}

export function pressAbility(fight: Fight, ability: number, nowMs: number): void {
  releaseAbility(fight, ability);
  fight.held.push(ability);
  fight.pressed = ability;
  fight.pressedUntilMs = nowMs + PRESS_MS;
}

export function releaseAbility(fight: Fight, ability: number): void {
  const at = fight.held.indexOf(ability);
  if (at >= 0) fight.held.splice(at, 1);
}

export function releaseAll(fight: Fight): void {
  fight.held.length = 0;
}

/** What is wanted at this moment: what is held, else what was pressed just now. */
export function wantedAbility(fight: Fight, nowMs: number): number {
  const held = fight.held.at(-1);
  if (held !== undefined) return held;
  return nowMs < fight.pressedUntilMs ? fight.pressed : 0;
}

/** Ticks until the ability may be begun; 0 = now. */
export function cooldownTicks({ client }: Fight, ability: number): number {
  return Math.max(0, (client.own.columns[`readyTick${ability}`] ?? 0) - client.sync.tick);
}

export function isAlive(columns: Readonly<Record<string, number>>): boolean {
  return (columns.health ?? 1) > 0;
}

export function isFoe({ client }: Fight, view: EntityView): boolean {
  if (view.kind < PLAYER || view.kind > FIGHTER_LAST || !isAlive(view.columns)) return false;
  const party = client.own.columns.party ?? 0;
  return party === 0 || view.columns.party !== party;
}

export function handleOf(view: EntityView): number {
  return view.slot + view.replica.generation * 0x1_0000;
}

/** The view of a handle; undefined when it is gone, or oneself. */
export function viewOf({ client }: Fight, handle: number): EntityView | undefined {
  const view = client.interpolation.views.get(handle & SLOT_MASK);
  return view !== undefined && handleOf(view) === handle ? view : undefined;
}

export function isOwnHandle({ client }: Fight, handle: number): boolean {
  const { welcome } = client;
  return welcome !== undefined && handle === welcome.slot + welcome.generation * 0x1_0000;
}

/** Turns what is pressed into the game's inputs; call it after the controls were read. */
export function writeFight(fight: Fight, nowMs: number): void {
  const { client } = fight;
  const { intent, own } = client;
  const ability = wantedAbility(fight, nowMs);
  fight.hoverSlot = fight.hasCursor ? findUnder(fight) : -1;
  let reachMm = fight.hasCursor ? Math.hypot(fight.cursorX - own.x, fight.cursorZ - own.z) : 8000;
  let targetSlot = fight.hoverSlot;
  const casting = own.columns.castAbility ?? 0;
  const aimed = ability !== 0 ? ability : casting;
  if (fight.isAssisted && aimed !== 0 && aimed !== MEND) {
    const foe = findNearest(fight, Math.min(ABILITIES[aimed]!.rangeMm + 1500, ASSIST_MM));
    if (foe !== undefined) {
      intent.aim = toTurns(foe.x - own.x, foe.z - own.z);
      reachMm = Math.hypot(foe.x - own.x, foe.z - own.z);
      targetSlot = foe.slot;
    }
  }
  reachMm = Math.min(reachMm, ABILITIES[METEOR]!.rangeMm);
  intent.inputs.ability = ability;
  intent.inputs.reach = Math.min(Math.round(reachMm / 10), REACH_CM_MAX);
  intent.inputs.target = targetFor(fight, aimed, targetSlot);
  if (ability === SLASH) swingAhead(fight, nowMs);
}

/** Whom the ability is for. An enemy is only named where that can't be refused: a blow at the air is a blow too. */
function targetFor(fight: Fight, ability: number, slot: number): number {
  const { own, interpolation } = fight.client;
  if (ability === MEND) {
    const mended = findMendTarget(fight);
    return mended === undefined ? 0 : handleOf(mended);
  }
  const view = interpolation.views.get(slot);
  if (view === undefined || (ability !== SLASH && ability !== BOLT) || !isFoe(fight, view)) return 0;
  const distance = Math.hypot(view.x - own.x, view.z - own.z);
  return distance < ABILITIES[ability]!.rangeMm * 0.85 ? handleOf(view) : 0;
}

/** The fighter under the cursor. */
function findUnder({ client, cursorX, cursorZ }: Fight): number {
  let best = -1;
  let bestMm = Number.POSITIVE_INFINITY;
  for (const view of client.interpolation.views.values()) {
    if (view.kind > FIGHTER_LAST) continue;
    const distance = Math.hypot(view.x - cursorX, view.z - cursorZ);
    if (distance > HOVER_MM + FIGHTERS[view.kind]!.radiusMm || distance >= bestMm) continue;
    best = view.slot;
    bestMm = distance;
  }
  return best;
}

function findNearest(fight: Fight, reachMm: number): EntityView | undefined {
  const { own, interpolation } = fight.client;
  let best: EntityView | undefined;
  let bestMm = reachMm;
  for (const view of interpolation.views.values()) {
    if (!isFoe(fight, view)) continue;
    const distance = Math.hypot(view.x - own.x, view.z - own.z);
    if (distance >= bestMm) continue;
    best = view;
    bestMm = distance;
  }
  return best;
}

/** The own slash is shown at once where nothing speaks against it; the server's word on it then adds nothing. */
function swingAhead(fight: Fight, nowMs: number): void {
  const { own, sync } = fight.client;
  if (!isAlive(own.columns) || (own.columns.castAbility ?? 0) !== 0 || cooldownTicks(fight, SLASH) > 0) return;
  if (sync.tick - fight.swungTick < ABILITIES[SLASH]!.cooldownTicks) return;
  fight.swungTick = sync.tick;
  addMark(fight, 'swing', own.x, own.z, own.facing, ABILITIES[SLASH]!.rangeMm, nowMs, -1);
  fight.heard('swing', own.x, own.z);
}

export function addFloat(
  fight: Fight,
  xMm: number,
  zMm: number,
  text: string,
  tone: Float['tone'],
  nowMs: number,
): void {
  if (fight.floats.length >= FLOATS_MAX) fight.floats.shift();
  const drift = (fight.floats.length % 3) - 1;
  fight.floats.push({ xMm, zMm, text, tone, atMs: nowMs, drift });
}

export function addMark(
  fight: Fight,
  kind: Mark['kind'],
  xMm: number,
  zMm: number,
  angle: number,
  sizeMm: number,
  nowMs: number,
  slot: number,
): void {
  if (fight.marks.length >= MARKS_MAX) fight.marks.shift();
  fight.marks.push({ kind, xMm, zMm, angle, sizeMm, atMs: nowMs, slot });
}
