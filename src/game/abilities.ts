// What abilities there are and what they cost: data alone, read by the rules (casting.ts, strikes.ts), by creatures, by
// the page for its ability bar and by bots for their choices. Numbers of abilities and reasons are on the wire, so they
// are never given to something else.

import { TICK_HZ } from '../base/limits.ts';

export interface Ability {
  /** As in the input `ability` and in the columns that name one. */
  readonly id: number;
  readonly name: string;
  /**
   * melee: all enemies in a cone before the caster, at once. projectile: flies where the caster aims and hits the first
   * enemy. area: announced on the ground, strikes all enemies in it after `delayTicks`. heal: the caster or a party member.
   */
  readonly kind: 'melee' | 'projectile' | 'area' | 'heal';
  /** From the press until it takes effect. */
  readonly castTicks: number;
  /** Whether one may move meanwhile; otherwise moving breaks it off. */
  readonly isMobile: boolean;
  /** From when it takes effect until it may be begun again. */
  readonly cooldownTicks: number;
  /** Taken when it takes effect, and only then. */
  readonly mana: number;
  readonly rangeMm: number;
  /** Hit points taken or given. */
  readonly amount: number;
  /** Of the projectile or of the area. */
  readonly radiusMm: number;
  /** melee: half the angle of the cone, in 65536ths of a turn. */
  readonly coneTurn: number;
  /** projectile: how fast it flies. */
  readonly speedCmPerS: number;
  /** area: from the announcement to the strike. */
  readonly delayTicks: number;
}

const NOTHING = { castTicks: 0, isMobile: true, mana: 0, radiusMm: 0, coneTurn: 0, speedCmPerS: 0, delayTicks: 0 };

export const SLASH = 1;
export const BOLT = 2;
export const METEOR = 3;
export const MEND = 4;
export const BITE = 5;
export const ARROW = 6;
export const SMASH = 7;

/** Abilities that a player has: 1 up to this. */
export const PLAYER_ABILITIES = 4;

/** By id; [0] does nothing and is never begun. */
export const ABILITIES: readonly Ability[] = [
  { ...NOTHING, id: 0, name: 'none', kind: 'melee', cooldownTicks: 0, rangeMm: 0, amount: 0 },
  {
    ...NOTHING,
    id: SLASH,
    name: 'slash',
    kind: 'melee',
    cooldownTicks: 42,
    rangeMm: 2600,
    amount: 14,
    coneTurn: 10_000,
  },
  {
    ...NOTHING,
    id: BOLT,
    name: 'bolt',
    kind: 'projectile',
    castTicks: 18,
    cooldownTicks: 54,
    mana: 8,
    rangeMm: 36_000,
    amount: 20,
    radiusMm: 250,
    speedCmPerS: 3000,
  },
  {
    ...NOTHING,
    id: METEOR,
    name: 'meteor',
    kind: 'area',
    castTicks: 54,
    isMobile: false,
    cooldownTicks: 9 * TICK_HZ,
    mana: 30,
    rangeMm: 25_000,
    amount: 40,
    radiusMm: 3500,
    delayTicks: 36,
  },
  {
    ...NOTHING,
    id: MEND,
    name: 'mend',
    kind: 'heal',
    castTicks: 60,
    isMobile: false,
    cooldownTicks: 8 * TICK_HZ,
    mana: 25,
    rangeMm: 15_000,
    amount: 30,
  },
  {
    ...NOTHING,
    id: BITE,
    name: 'bite',
    kind: 'melee',
    castTicks: 10,
    cooldownTicks: 54,
    rangeMm: 1900,
    amount: 5,
    coneTurn: 8192,
  },
  {
    ...NOTHING,
    id: ARROW,
    name: 'arrow',
    kind: 'projectile',
    castTicks: 36,
    isMobile: false,
    cooldownTicks: 60,
    rangeMm: 24_000,
    amount: 9,
    radiusMm: 200,
    speedCmPerS: 2200,
  },
  {
    ...NOTHING,
    id: SMASH,
    name: 'smash',
    kind: 'melee',
    castTicks: 40,
    isMobile: false,
    cooldownTicks: 60,
    rangeMm: 3000,
    amount: 22,
    coneTurn: 12_000,
  },
];

/** Why an ability was not begun, or was broken off: `reason` of the event `refused`. */
export const REASONS = {
  /** The caster is dead. */
  dead: 1,
  /** Another cast is going on. */
  casting: 2,
  cooldown: 3,
  mana: 4,
  /** No such entity, an old handle, or one that the caster does not see: too far away, or behind something tall. */
  unknownTarget: 5,
  /** Nothing that the ability could be used on: dead, of a wrong kind, oneself. */
  badTarget: 6,
  /** Of the own party; for mend: not of the own party. */
  party: 7,
  range: 8,
  /** Something tall came in between since the target was seen; for an area: it is before the place. */
  sight: 9,
  /** The target of a melee attack is not in front. */
  facing: 10,
  /** Broken off: the caster moved. */
  moved: 11,
  /** Broken off by a hit of at least `INTERRUPTING_AMOUNT`. */
  hit: 12,
  /** Came to nothing: the zone is too full for what was to be let go. */
  crowded: 13,
} as const;

/** A hit of so many points breaks off what its target is casting. */
export const INTERRUPTING_AMOUNT = 15;
/** An ability that was broken off may be begun again after so long. */
export const INTERRUPTED_TICKS = 30;

export const HEALTH_MAX = 100;
export const MANA_MAX = 100;
/** Stamina is counted finely, so that it rises and falls by whole numbers a tick. */
export const STAMINA_MAX = 1000;

/** Dead players come back by themselves after this … */
export const DEAD_TICKS = 15 * TICK_HZ;
/** … and when they ask for it after this. */
export const RESPAWN_TICKS = 5 * TICK_HZ;
/** Nobody hurts who just came back, until he attacks. */
export const SHIELD_TICKS = 3 * TICK_HZ;

export const PARTY_SIZE_MAX = 5;
/** Who joins or leaves a party is safe from its members only so long after. */
export const TRUCE_TICKS = 5 * TICK_HZ;
/** An invitation that isn't accepted by then is void. */
export const INVITE_TICKS = 30 * TICK_HZ;
export const TEXT_CHARACTERS_MAX = 256;

/** How far players see; what is beyond can't be a target. */
export const INTEREST_RADIUS_MM = 50_000;
