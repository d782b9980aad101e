// The kinds of entities and what is fixed about those that fight: data alone. The numbers are on the wire.

import { TICK_HZ } from '../base/limits.ts';
import { ARROW, BITE, HEALTH_MAX, SMASH } from './abilities.ts';
import { ARROW_BUNDLE, TROLL_TOOTH, WOLF_PELT } from './items.ts';

export const PLAYER = 1;
export const WOLF = 2;
export const ARCHER = 3;
export const TROLL = 4;
export const PROJECTILE = 5;
export const LOOT = 6;
export const AREA = 7;
export const VENDOR = 8;

export const KINDS = {
  player: PLAYER,
  wolf: WOLF,
  archer: ARCHER,
  troll: TROLL,
  projectile: PROJECTILE,
  loot: LOOT,
  area: AREA,
  vendor: VENDOR,
} as const;

/** Kinds that have health, move and use abilities are 1 up to this. */
export const FIGHTER_LAST = TROLL;

/** What a loot entity holds: the column `variant`, 1 + number of the item. */
export const LOOT_GOLD = 1;
export const LOOT_HEALTH = 2;
export const LOOT_MANA = 3;

export interface Fighter {
  readonly healthMax: number;
  /** For hits and for drawing. In boxes every fighter takes the room of a player. */
  readonly radiusMm: number;
  readonly walkCmPerS: number;
  readonly sprintCmPerS: number;
}

export interface Creature extends Fighter {
  readonly ability: number;
  /** It comes no nearer to its target than this, and keeps off when it is nearer than `shyMm`. */
  readonly stopMm: number;
  readonly shyMm: number;
  readonly noticeMm: number;
  /** Dropped at death: gold of at least, up to; potion in so many of 100 cases. */
  readonly goldLeast: number;
  readonly goldMost: number;
  readonly potionPercent: number;
  /** An item in so many. */
  readonly spoil: number;
  readonly spoilPercent: number;
  readonly respawnTicks: number;
}

const PLAYER_FIGHTER: Fighter = { healthMax: HEALTH_MAX, radiusMm: 400, walkCmPerS: 500, sprintCmPerS: 750 };

const CREATURES: readonly Creature[] = [
  {
    healthMax: 40,
    radiusMm: 450,
    walkCmPerS: 160,
    sprintCmPerS: 610,
    ability: BITE,
    stopMm: 1300,
    shyMm: 0,
    noticeMm: 14_000,
    goldLeast: 4,
    goldMost: 9,
    potionPercent: 20,
    spoil: WOLF_PELT,
    spoilPercent: 40,
    respawnTicks: 30 * TICK_HZ,
  },
  {
    healthMax: 50,
    radiusMm: 400,
    walkCmPerS: 140,
    sprintCmPerS: 430,
    ability: ARROW,
    stopMm: 17_000,
    shyMm: 7000,
    noticeMm: 22_000,
    goldLeast: 7,
    goldMost: 14,
    potionPercent: 30,
    spoil: ARROW_BUNDLE,
    spoilPercent: 40,
    respawnTicks: 35 * TICK_HZ,
  },
  {
    healthMax: 180,
    radiusMm: 800,
    walkCmPerS: 120,
    sprintCmPerS: 380,
    ability: SMASH,
    stopMm: 1900,
    shyMm: 0,
    noticeMm: 16_000,
    goldLeast: 25,
    goldMost: 40,
    potionPercent: 80,
    spoil: TROLL_TOOTH,
    spoilPercent: 70,
    respawnTicks: 60 * TICK_HZ,
  },
];

/** By kind, 1 … FIGHTER_LAST; [0] is a player too, so that a look-up never fails. */
export const FIGHTERS: readonly Fighter[] = [PLAYER_FIGHTER, PLAYER_FIGHTER, ...CREATURES];

/** What a creature of this kind is like. */
export function creatureOf(kind: number): Creature {
  return CREATURES[kind - WOLF]!;
}
