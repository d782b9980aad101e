// Everything the game knows of an entity, beside the engine's columns, and its own inputs. Field numbers are on the
// wire: never given to something else. docs/game.md explains them to who writes a client.

import type { Simulation } from '../sim/game.ts';
import { PLAYER_ABILITIES } from './abilities.ts';
import type { FieldMap } from './map.ts';

/** What counts up stops here: a u31 holds no more. */
export const COUNT_MAX = 0x7fff_ffff;

/** Counts what a player owns. */
const asset = (field: number, comment: string) =>
  ({ type: 'u31', seenBy: 'owner', field, saved: true, asset: true, comment }) as const;
const hidden = (type: 'u8' | 'u16' | 'u31' | 'i32', comment: string) => ({ type, seenBy: 'nobody', comment }) as const;

export const columns = {
  health: { type: 'u16', seenBy: 'everyone', field: 16, saved: true, comment: 'hit points; a fighter with 0 is dead' },
  walkedM: { type: 'u31', seenBy: 'owner', field: 17, saved: true, comment: 'm, way made by walking and sprinting' },
  mana: { type: 'u16', seenBy: 'owner', field: 18, saved: true, comment: '0 … 100' },
  stamina: { type: 'u16', seenBy: 'owner', field: 19, comment: '0 … 1000' },
  castAbility: {
    type: 'u8',
    seenBy: 'everyone',
    field: 20,
    comment: 'ability being cast, 0 = none; of a projectile or area: which one it is',
  },
  castUntil: {
    type: 'u31',
    seenBy: 'everyone',
    field: 21,
    comment: 'tick at which the cast is done, or the area strikes',
  },
  actedAbility: { type: 'u8', seenBy: 'everyone', field: 22, comment: 'ability that took effect last' },
  actedTick: { type: 'u31', seenBy: 'everyone', field: 23, comment: 'tick at which it did' },
  readyTick1: { type: 'u31', seenBy: 'owner', field: 24, comment: 'tick from which ability 1 may be begun' },
  readyTick2: { type: 'u31', seenBy: 'owner', field: 25, comment: 'tick from which ability 2 may be begun' },
  readyTick3: { type: 'u31', seenBy: 'owner', field: 26, comment: 'tick from which ability 3 may be begun' },
  readyTick4: { type: 'u31', seenBy: 'owner', field: 27, comment: 'tick from which ability 4 may be begun' },
  deadUntil: {
    type: 'u31',
    seenBy: 'owner',
    field: 28,
    comment: 'of the dead: tick at which they come back by themselves',
  },
  shieldUntil: { type: 'u31', seenBy: 'everyone', field: 29, comment: 'nothing hurts before this tick' },
  party: { type: 'u16', seenBy: 'everyone', field: 30, comment: 'number of the party, 0 = none' },
  kills: { type: 'u31', seenBy: 'owner', field: 31, saved: true, comment: 'players killed' },
  deaths: { type: 'u31', seenBy: 'owner', field: 32, saved: true, comment: 'times died' },
  gold: asset(33, 'coins'),
  variant: { type: 'u8', seenBy: 'everyone', field: 34, comment: 'of loot: 1 + number of the item, 1 is gold' },
  healthPotion: asset(35, 'how many it has'),
  manaPotion: asset(36, 'how many it has'),
  dagger: asset(37, 'how many it has'),
  sword: asset(38, 'how many it has'),
  greatsword: asset(39, 'how many it has'),
  leatherArmour: asset(40, 'how many it has'),
  chainArmour: asset(41, 'how many it has'),
  wolfPelt: asset(42, 'how many it has'),
  arrowBundle: asset(43, 'how many it has'),
  trollTooth: asset(44, 'how many it has'),
  weapon: { type: 'u8', seenBy: 'owner', field: 45, saved: true, comment: 'item that it strikes with, 0 = none' },
  armour: { type: 'u8', seenBy: 'owner', field: 46, saved: true, comment: 'item that it wears, 0 = none' },
  potionTick: { type: 'u31', seenBy: 'owner', field: 47, comment: 'tick from which another potion may be drunk' },

  walkedRest: hidden('i32', 'way since the last whole metre, 1/128 mm'),
  countedX: hidden('i32', 'position up to which the way is counted'),
  countedZ: hidden('i32', 'position up to which the way is counted'),
  pressed: hidden('u8', 'ability of the tick before: what is new is a press'),
  toldTick: hidden('u31', 'tick of the last `refused`'),
  scoresTick: hidden('u31', 'tick from which the scoreboard may be asked for again'),
  castTarget: hidden('i32', 'handle of whom the cast is for'),
  combatTick: hidden('u31', 'tick of the last hit given or taken'),
  wantsRespawn: hidden('u8', '1 = asked for it'),
  truceParty: hidden('u16', 'party that it is safe from until `truceUntil`, in place of its own'),
  truceUntil: hidden('u31', 'tick from which it is safe from its own party alone'),
  partyRank: hidden('u31', 'order of joining the party; the lowest leads'),
  partyClient: hidden('u16', 'connection that was told who is in the party; another one is told anew'),
  partyTold: hidden('u31', 'health and place as the party was told last (party-state.ts); 0 = it was told nothing'),
  invitedBy: hidden('i32', 'handle of who invited to a party last; 0 = nobody has to wait'),
  inviteUntil: hidden('u31', 'tick at which that invitation is void'),
  invitesAllTick: hidden('u31', 'tick at which as many may be invited at once as ever'),
  homeX: hidden('i32', 'creature: where it belongs'),
  homeZ: hidden('i32', 'creature: where it belongs'),
  goalX: hidden('i32', 'creature: where it is going'),
  goalZ: hidden('i32', 'creature: where it is going'),
  mood: hidden('u8', 'creature: 0 at home, 1 fights, 2 goes home'),
  moodTick: hidden('u31', 'creature at home: when it sets out again; one that fights: when it last got at its target'),
  prey: hidden('i32', 'creature: handle of its target'),
  preyHurt: hidden('u31', 'creature: hit points that its target took from it in this fight'),
  striker: hidden('i32', 'creature: handle of who else hurt it last'),
  othersHurt: hidden('u31', 'creature: hit points that others than its target took from it in this fight'),
  camp: hidden('u16', 'creature: its pack, from 1'),
  owner: hidden('i32', 'projectile and area: handle of the caster'),
  ownerParty: hidden('u16', 'projectile and area: the party of the caster, who may be gone'),
  ownerKind: hidden('u8', 'projectile and area: kind of the caster'),
  stepX: hidden('i32', 'projectile: way a tick, 1/128 mm'),
  stepZ: hidden('i32', 'projectile: way a tick, 1/128 mm'),
  endTick: hidden('u31', 'projectile, area, loot: tick at which it is gone'),
  amount: hidden('u31', 'loot: how many'),
  offeredBy: hidden('i32', 'handle of who offered to trade last; 0 = nobody has to wait'),
  offerUntil: hidden('u31', 'tick at which that offer is void'),
  tradeWith: hidden('i32', 'handle of whom it trades with, 0 = nobody'),
  tradeClient: hidden('u16', 'connection that was told of the trade; with another one the trade is over'),
  tradeRevision: hidden('u31', 'of what both give, the same for both; grows with every change, and never falls'),
  tradeConfirmed: hidden('u8', '1 = it agrees to that revision'),
  tradeGold: hidden('u31', 'coins that it gives'),
  tradeItems1: hidden('u31', 'how many it gives of items 1, 2, 3: ten bits each'),
  tradeItems2: hidden('u31', 'how many it gives of items 4, 5, 6'),
  tradeItems3: hidden('u31', 'how many it gives of items 7, 8, 9'),
  tradeItems4: hidden('u31', 'how many it gives of items 10, 11, 12'),
} as const;

export const inputs = {
  ability: { field: 16, type: 'int', min: 0, max: PLAYER_ABILITIES, comment: 'ability to use, 0 = none' },
  target: { field: 17, type: 'int', min: 0, max: 0x7fff_ffff, comment: 'handle of whom to use it on, 0 = none' },
  reach: { field: 18, type: 'int', min: 0, max: 5000, comment: 'cm, how far along aim an area is to be' },
} as const;

type InputColumns = Readonly<Record<keyof typeof inputs, Int32Array>>;

/** The simulation as the game’s rules see it. */
export type DarkAges = Simulation<typeof columns, FieldMap>;
export type DarkAgesColumns = DarkAges['columns'] & InputColumns;

/** The columns with those of the inputs, which `defineGame` makes. */
export function columnsOf(sim: DarkAges): DarkAgesColumns {
  return sim.columns as DarkAgesColumns;
}

/** From when an ability may be begun again, of everyone. Creatures have one ability, and share the columns. */
export function readyTicksOf(columns: DarkAgesColumns, ability: number): Int32Array {
  switch ((ability - 1) & 3) {
    case 0:
      return columns.readyTick1;
    case 1:
      return columns.readyTick2;
    case 2:
      return columns.readyTick3;
    default:
      return columns.readyTick4;
  }
}
