// What a bot of the game that ships does with itself: wanders, looks for creatures and players near, fights with all
// four abilities, flees and mends when hurt, dies and comes back, chats, finds a party. Seeded. It knows of the world what
// its client shows it, at the time at which a player would see it, and acts through inputs and requests alone.

import type { Random } from '../../src/base/random.ts';
import type { Intent } from '../../src/client/state.ts';
import { ABILITIES, BOLT, HEALTH_MAX, MEND, METEOR, SLASH } from '../../src/game/abilities.ts';
import { FIGHTER_LAST, FIGHTERS, PLAYER } from '../../src/game/kinds.ts';
import { BUTTON_JUMP, BUTTON_SPRINT } from '../../src/game/movement.ts';
import { PICTURE_AGE_TICKS } from '../../src/game/projectiles.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { updateWander, type Wander } from './wander.ts';

/** Somebody in sight, as shown; mm, and mm a tick as it seems to move. */
export interface Seen {
  readonly handle: number;
  readonly kind: number;
  readonly name: string;
  readonly x: number;
  readonly z: number;
  readonly health: number;
  readonly party: number;
  readonly isShielded: boolean;
}

/** What the bot looks at and acts through. The client's in bot.ts, made up in tests. */
export interface FighterView {
  /** Of the next input. */
  readonly tick: number;
  /** At which the others are shown. */
  readonly shownTick: number;
  readonly x: number;
  readonly z: number;
  /** Its own columns, by name. */
  readonly own: Readonly<Record<string, number>>;
  readonly intent: Intent;
  /** Fighters in sight, without itself. Looked at a few times a second. */
  seeAll(): readonly Seen[];
  /** One of them, as shown now; undefined when it is not in sight any more. */
  see(handle: number): Seen | undefined;
  request(name: string, values: Readonly<Record<string, number | string>>): void;
}

export const FIGHTER_STATES = ['IDLE', 'WANDERING', 'IN_COMBAT', 'DEAD', 'SOCIAL', 'RESPAWNING'] as const;
export type FighterState = (typeof FIGHTER_STATES)[number];

export interface Fighter {
  readonly random: Random;
  readonly wander: Wander;
  state: FighterState;
  /** Handle of whom it fights; 0 = nobody. */
  target: number;
  isFleeing: boolean;
  /** Ticks at which it looks round, has something to say, asks to come back. */
  lookTick: number;
  socialTick: number;
  socialUntil: number;
  respawnTick: number;
  /** Until when an ability that takes time isn't moved through. */
  stillUntil: number;
  side: number;
  sideTick: number;
  /** Where the target was seen last, and how it moved, mm a tick. */
  lastX: number;
  lastZ: number;
  lastTick: number;
  speedX: number;
  speedZ: number;
  /** Who invited it, until it has answered. */
  invitedBy: string;
  /** Names of the others in its party, and whether it leads them. */
  mates: readonly string[];
  isLeader: boolean;
}

const TURN = 0x1_0000;
const MOVE_MAX = 127;
const LOOK_TICKS = 15;
/** From how far it goes for somebody, and at which distance it gives up. */
const SEEK_MM = 30_000;
const LOSE_MM = 38_000;
/** Creatures are sought first: they are there for it. */
const PLAYER_RELUCTANCE_MM = 6_000;
const FLEE_HEALTH = 28;
const BRAVE_HEALTH = 55;
const MEND_HEALTH = 60;
/** Nobody near by this much: time to mend. */
const SAFE_MM = 7_000;
/** Bolts are thrown from about here. */
const BOLT_MM = 14_000;
const METEOR_SHARE = 0.25;
/** It faces its target within this before it strikes, a sixteenth of a turn. */
const FACED = TURN / 16;
const SOCIAL_TICKS_MIN = 480;
const SOCIAL_TICKS_MAX = 1800;
/** Shares of its social moments in a party in which it leaves, and in which it throws somebody out if it leads. */
const LEAVE_SHARE = 0.04;
const KICK_SHARE = 0.08;
/** It stands still that long to type. */
const TYPING_TICKS = 90;
/** The game lets the dead come back five seconds after they died; asked a little later. */
const RESPAWN_AFTER_TICKS = 310;
const RESPAWN_AGAIN_TICKS = 60;
const WORDS = [
  'hello',
  'wolves near the wall',
  'anyone for trolls',
  'well fought',
  'need a hand',
  'on my way',
  'over here',
];

/** Only this game has what it takes; others get wander.ts alone. */
export function canFight(game: AnyGame): boolean {
  const { columns, inputs, requests } = game as unknown as Readonly<Record<string, object | undefined>>;
  const has = (what: object | undefined, names: readonly string[]): boolean =>
    what !== undefined && names.every((name) => name in what);
  return (
    has(columns, ['health', 'mana', 'readyTick1', 'readyTick4', 'castAbility', 'deadUntil', 'shieldUntil', 'party']) &&
    has(inputs, ['ability', 'target', 'reach']) &&
    has(requests, ['respawn', 'say', 'whisper', 'invite', 'accept'])
  );
}

export function createFighter(wander: Wander, random: Random): Fighter {
  return {
    random,
    wander,
    state: 'IDLE',
    target: 0,
    isFleeing: false,
    lookTick: 0,
    socialTick: 0,
    socialUntil: 0,
    respawnTick: 0,
    stillUntil: 0,
    side: 1,
    sideTick: 0,
    lastX: 0,
    lastZ: 0,
    lastTick: -1,
    speedX: 0,
    speedZ: 0,
    invitedBy: '',
    mates: [],
    isLeader: false,
  };
}

/** Somebody invited it to a party: it answers at the next moment at which it has time. */
export function noteInvitation(fighter: Fighter, from: string): void {
  fighter.invitedBy = from;
  fighter.socialTick = 1;
}

/** The server said who is in its party, the leader first, with commas between. */
export function noteParty(fighter: Fighter, members: string, ownName: string): void {
  const names = members.split(',');
  fighter.isLeader = names[0] === ownName;
  fighter.mates = names.filter((name) => name !== '' && name !== ownName);
}

/** Its turn: writes what it wants into the view's intent, and asks what it has to ask. */
export function updateFighter(fighter: Fighter, view: FighterView, nowMs: number): void {
  const { intent, tick, own } = view;
  intent.inputs.ability = 0;
  intent.inputs.target = 0;
  intent.inputs.reach = 0;
  if (own.health === 0) {
    beDead(fighter, view);
    return;
  }
  if (fighter.state === 'DEAD' || fighter.state === 'RESPAWNING') fighter.state = 'IDLE';
  if (tick >= fighter.lookTick) look(fighter, view);
  const target = fighter.target === 0 ? undefined : view.see(fighter.target);
  if (target !== undefined && target.health > 0) {
    fighter.state = 'IN_COMBAT';
    track(fighter, view, target);
    fight(fighter, view, target);
    return;
  }
  fighter.target = 0;
  if (tick < fighter.stillUntil) {
    stand(intent);
    return;
  }
  if (wantsToMend(view)) {
    press(fighter, view, MEND);
    stand(intent);
    fighter.state = 'IDLE';
    return;
  }
  if (tick < fighter.socialUntil) {
    stand(intent);
    return;
  }
  if (tick >= fighter.socialTick) {
    socialise(fighter, view);
    return;
  }
  updateWander(fighter.wander, nowMs, view.x, view.z, intent, false);
  fighter.state = fighter.wander.isIdle ? 'IDLE' : 'WANDERING';
}

/** Asks to come back, when it may. */
export function beDead(fighter: Fighter, view: FighterView): void {
  const { tick } = view;
  stand(view.intent);
  fighter.target = 0;
  fighter.isFleeing = false;
  fighter.lookTick = tick + LOOK_TICKS;
  if (fighter.state !== 'DEAD' && fighter.state !== 'RESPAWNING') {
    fighter.state = 'DEAD';
    fighter.respawnTick = tick + RESPAWN_AFTER_TICKS;
  }
  if (tick < fighter.respawnTick) return;
  fighter.state = 'RESPAWNING';
  fighter.respawnTick = tick + RESPAWN_AGAIN_TICKS;
  view.request('respawn', {});
}

/** Chooses whom to fight: stays with the one it has, else takes the nearest. */
function look(fighter: Fighter, view: FighterView): void {
  fighter.lookTick = view.tick + LOOK_TICKS;
  const { own } = view;
  const health = own.health!;
  if (health < FLEE_HEALTH) fighter.isFleeing = true;
  else if (health > BRAVE_HEALTH) fighter.isFleeing = false;
  const kept = fighter.target === 0 ? undefined : view.see(fighter.target);
  if (kept !== undefined && isFoe(view, kept) && distanceOf(view, kept) < LOSE_MM) return;
  fighter.target = 0;
  fighter.lastTick = -1;
  let least = SEEK_MM;
  for (const seen of view.seeAll()) {
    if (!isFoe(view, seen)) continue;
    const distance = distanceOf(view, seen) + (seen.kind === PLAYER ? PLAYER_RELUCTANCE_MM : 0);
    if (distance >= least) continue;
    least = distance;
    fighter.target = seen.handle;
  }
}

function isFoe({ own }: FighterView, { kind, health, party, isShielded }: Seen): boolean {
  if (kind > FIGHTER_LAST || health === 0 || isShielded) return false;
  return kind !== PLAYER || party === 0 || party !== own.party;
}

function distanceOf(view: FighterView, { x, z }: Seen): number {
  return Math.hypot(x - view.x, z - view.z);
}

function track(fighter: Fighter, view: FighterView, { x, z }: Seen): void {
  const ticks = view.tick - fighter.lastTick;
  if (fighter.lastTick >= 0 && ticks > 0 && ticks < LOOK_TICKS) {
    fighter.speedX += ((x - fighter.lastX) / ticks - fighter.speedX) / 4;
    fighter.speedZ += ((z - fighter.lastZ) / ticks - fighter.speedZ) / 4;
  } else if (ticks !== 0) {
    fighter.speedX = 0;
    fighter.speedZ = 0;
  }
  fighter.lastX = x;
  fighter.lastZ = z;
  fighter.lastTick = view.tick;
}

function fight(fighter: Fighter, view: FighterView, target: Seen): void {
  const { intent, tick, own } = view;
  const distance = distanceOf(view, target);
  const dx = target.x - view.x;
  const dz = target.z - view.z;
  aimAt(intent, dx, dz);
  if (own.castAbility === BOLT) aimLed(fighter, view, dx, dz);
  if (own.castAbility === METEOR) intent.inputs.reach = reachOf(distance);
  if (tick < fighter.stillUntil) {
    stand(intent);
    return;
  }
  moveInFight(fighter, view, dx, dz, distance);
  if (fighter.isFleeing && distance > SAFE_MM && isReady(own, MEND, tick)) {
    press(fighter, view, MEND);
    stand(intent);
    return;
  }
  strike(fighter, view, target, distance);
}

function strike(fighter: Fighter, view: FighterView, target: Seen, distance: number): void {
  const { intent, own, tick, x, z } = view;
  if (own.castAbility !== 0) return;
  const edge = FIGHTERS[target.kind]!.radiusMm;
  if (distance <= ABILITIES[SLASH]!.rangeMm + edge && isReady(own, SLASH, tick)) {
    const off = ((intent.aim - (own.facing ?? intent.aim)) << 16) >> 16;
    if (Math.abs(off) > FACED) return;
    intent.inputs.target = target.handle;
    press(fighter, view, SLASH);
  } else if (
    isReady(own, METEOR, tick) &&
    distance > 5000 &&
    distance < 20_000 &&
    fighter.random.fraction() < METEOR_SHARE
  ) {
    intent.inputs.reach = reachOf(distance);
    stand(intent);
    press(fighter, view, METEOR);
  } else if (isReady(own, BOLT, tick) && distance < ABILITIES[BOLT]!.rangeMm * 0.7) {
    aimLed(fighter, view, target.x - x, target.z - z);
    intent.inputs.target = target.handle;
    press(fighter, view, BOLT);
  }
}

/** Presses it; what mustn't be moved through is stood through. */
function press(fighter: Fighter, view: FighterView, ability: number): void {
  const { castTicks, isMobile } = ABILITIES[ability]!;
  view.intent.inputs.ability = ability;
  if (!isMobile) fighter.stillUntil = view.tick + castTicks + 6;
}

/** Comes near, keeps at the distance its abilities want, sidesteps, runs away when hurt. */
function moveInFight(fighter: Fighter, view: FighterView, dx: number, dz: number, distance: number): void {
  const { random } = fighter;
  const { intent, own, tick } = view;
  if (tick >= fighter.sideTick) {
    fighter.side = random.below(2) === 0 ? 1 : -1;
    fighter.sideTick = tick + 30 + random.below(60);
  }
  const isMelee = !isReady(own, BOLT, tick) || own.mana! < ABILITIES[BOLT]!.mana || distance < BOLT_MM / 2;
  const wanted = isMelee ? ABILITIES[SLASH]!.rangeMm * 0.7 : BOLT_MM;
  const toward = fighter.isFleeing ? -1 : Math.max(-1, Math.min((distance - wanted) / 1500, 1));
  const aside = fighter.side * (1 - Math.abs(toward) * 0.6);
  const scale = MOVE_MAX / Math.max(1, Math.hypot(toward, aside) * distance);
  intent.moveX = (dx * toward - dz * aside) * scale;
  intent.moveZ = (dz * toward + dx * aside) * scale;
  const hasBreath = (own.stamina ?? 0) > 200;
  intent.buttons = hasBreath && (fighter.isFleeing || distance > wanted + 4000) ? BUTTON_SPRINT : 0;
  if (hasBreath && random.below(240) === 0) intent.buttons |= BUTTON_JUMP;
}

function aimAt(intent: Intent, dx: number, dz: number): void {
  intent.aim = Math.round((Math.atan2(dz, dx) / (2 * Math.PI)) * TURN) & (TURN - 1);
}

/** Where the target will be when a bolt gets there, from a picture that may be older than bolts take it to be. */
function aimLed({ speedX, speedZ }: Fighter, view: FighterView, dx: number, dz: number): void {
  const stepMm = (ABILITIES[BOLT]!.speedCmPerS * 10) / 60;
  const ticks = Math.hypot(dx, dz) / stepMm + view.tick - view.shownTick - PICTURE_AGE_TICKS;
  aimAt(view.intent, dx + speedX * ticks, dz + speedZ * ticks);
}

function reachOf(distance: number): number {
  return Math.round(Math.min(distance, ABILITIES[METEOR]!.rangeMm) / 10);
}

function isReady(own: Readonly<Record<string, number>>, ability: number, tick: number): boolean {
  return readyTick(own, ability) <= tick && own.mana! >= ABILITIES[ability]!.mana && own.castAbility === 0;
}

/** By name each: a name put together for every look would have to be looked up among all names. */
function readyTick(own: Readonly<Record<string, number>>, ability: number): number {
  if (ability === SLASH) return own.readyTick1!;
  if (ability === BOLT) return own.readyTick2!;
  return ability === METEOR ? own.readyTick3! : own.readyTick4!;
}

function wantsToMend({ own, tick }: FighterView): boolean {
  return own.health! < Math.min(MEND_HEALTH, HEALTH_MAX) && isReady(own, MEND, tick);
}

export function stand(intent: Intent): void {
  intent.moveX = 0;
  intent.moveZ = 0;
  intent.buttons = 0;
}

/** Answers an invitation, leaves its party or throws somebody out, invites somebody near, says or whispers something. */
function socialise(fighter: Fighter, view: FighterView): void {
  const { random } = fighter;
  const isFirst = fighter.socialTick === 0;
  fighter.socialTick = view.tick + SOCIAL_TICKS_MIN + random.below(SOCIAL_TICKS_MAX - SOCIAL_TICKS_MIN);
  // Not all at once when they come.
  if (isFirst) fighter.socialTick = view.tick + random.below(SOCIAL_TICKS_MIN);
  if (isFirst && fighter.invitedBy === '') return;
  fighter.state = 'SOCIAL';
  fighter.socialUntil = view.tick + TYPING_TICKS;
  stand(view.intent);
  const text = `${WORDS[random.below(WORDS.length)]!} ${random.below(1000)}`;
  if (fighter.invitedBy !== '') {
    fighter.invitedBy = '';
    if (view.own.party === 0) {
      view.request('accept', {});
      return;
    }
  }
  if (changesParty(fighter, view)) return;
  const others = view.seeAll().filter(({ kind, name }) => kind === PLAYER && name !== '');
  const other = others.length === 0 ? undefined : others[random.below(others.length)]!;
  const what = random.fraction();
  if (other !== undefined && other.party === 0 && what < 0.35) view.request('invite', { name: other.name });
  else if (view.own.party !== 0 && what < 0.55) view.request('partySay', { text });
  else if (other !== undefined && what < 0.75) view.request('whisper', { to: other.name, text });
  else view.request('say', { text });
}

/** Now and then a party goes apart; true when the moment is used up by that. */
function changesParty({ random, mates, isLeader }: Fighter, view: FighterView): boolean {
  if (mates.length === 0) return false;
  const what = random.fraction();
  if (what < LEAVE_SHARE) view.request('leaveParty', {});
  else if (isLeader && what < LEAVE_SHARE + KICK_SHARE)
    view.request('kick', { name: mates[random.below(mates.length)]! });
  else return false;
  return true;
}
