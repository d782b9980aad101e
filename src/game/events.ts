// What the game tells clients beside columns, and the functions that tell it. The engine encodes an event before `emit`
// returns, so those of the fight use one object again and again: a thousand hits a second allocate nothing here.

import { PARTY_SIZE_MAX, TEXT_CHARACTERS_MAX } from './abilities.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { KINDS_OF_THING } from './items.ts';
import { WORLD_HALF_MM } from './map.ts';

const NAME_BYTES = 24;
/** A character is at most four bytes of UTF-8. */
export const TEXT_BYTES = TEXT_CHARACTERS_MAX * 4;
export const SCORES_TOP = 10;
/** A handle, a name or a number in the texts below, and what stands between. */
const ENTRY_BYTES = NAME_BYTES + 24;

const HANDLE = { type: 'int', min: 0, max: 0x7fff_ffff } as const;
const NAME = { type: 'text', maxBytes: NAME_BYTES } as const;
const ABILITY = { type: 'int', min: 0, max: 255 } as const;
const AMOUNT = { type: 'int', min: 0, max: 65_535 } as const;
const METRES = { type: 'int', min: -WORLD_HALF_MM / 1000, max: WORLD_HALF_MM / 1000 } as const;
const COUNT = { type: 'int', min: 0, max: 0x7fff_ffff } as const;
const FLAG = { type: 'int', min: 0, max: 1 } as const;
/** Each an item of two digits and a count of ten at most. */
const THINGS = { type: 'text', maxBytes: KINDS_OF_THING * 14 } as const;

export const CHANNEL_ZONE = 1;
export const CHANNEL_WHISPER = 2;
export const CHANNEL_PARTY = 3;

/** A player who keeps pressing is not told more often than this. */
const REFUSED_TICKS = 6;

export const events = {
  refused: {
    field: 16,
    fields: {
      ability: { field: 1, ...ABILITY },
      reason: { field: 2, type: 'int', min: 0, max: 255, comment: 'REASONS in abilities.ts' },
    },
  },
  hit: {
    field: 17,
    fields: {
      target: { field: 1, ...HANDLE },
      by: { field: 2, ...HANDLE },
      ability: { field: 3, ...ABILITY },
      amount: { field: 4, ...AMOUNT, comment: 'hit points; 0 = a shield took it' },
    },
  },
  healed: {
    field: 18,
    fields: {
      target: { field: 1, ...HANDLE },
      by: { field: 2, ...HANDLE },
      ability: { field: 3, ...ABILITY, comment: '0 = a potion' },
      amount: { field: 4, ...AMOUNT },
    },
  },
  killed: {
    field: 19,
    fields: {
      target: { field: 1, ...HANDLE },
      name: { field: 2, ...NAME, comment: 'of the dead, if a player' },
      by: { field: 3, ...NAME, comment: 'of the killer, if a player' },
      byKind: { field: 4, type: 'int', min: 0, max: 255, comment: 'kind of the killer' },
      ability: { field: 5, ...ABILITY },
    },
  },
  looted: {
    field: 20,
    committed: true,
    fields: {
      variant: { field: 1, type: 'int', min: 0, max: 255, comment: '1 + number of the item, 1 is gold' },
      amount: { field: 2, ...COUNT },
    },
  },
  said: {
    field: 21,
    fields: {
      channel: { field: 1, type: 'int', min: 0, max: 255, comment: '1 zone, 2 whisper, 3 party' },
      from: { field: 2, ...NAME },
      to: { field: 3, ...NAME, comment: 'of a whisper; its sender gets it too' },
      text: { field: 4, type: 'text', maxBytes: TEXT_BYTES },
    },
  },
  invited: {
    field: 22,
    fields: { from: { field: 1, ...NAME, comment: 'empty: the invitation is taken back' } },
  },
  party: {
    field: 23,
    fields: {
      members: {
        field: 1,
        type: 'text',
        maxBytes: PARTY_SIZE_MAX * ENTRY_BYTES,
        comment: 'names with commas between, the leader first; empty: in no party any more',
      },
      thrownOut: { field: 2, ...NAME, comment: 'whom the leader just threw out; empty: nobody' },
    },
  },
  scores: {
    field: 24,
    fields: {
      top: {
        field: 1,
        type: 'text',
        maxBytes: SCORES_TOP * ENTRY_BYTES,
        comment: 'the best, "name:kills:deaths" with commas between',
      },
      rank: { field: 2, ...COUNT, comment: 'own, from 1' },
      players: { field: 3, ...COUNT, comment: 'in the zone' },
    },
  },
  partyState: {
    field: 25,
    fields: {
      member: { field: 1, type: 'int', min: 0, max: PARTY_SIZE_MAX, comment: 'place in the last `party`, from 1' },
      health: { field: 2, ...AMOUNT, comment: '0 = dead' },
      x: { field: 3, ...METRES, comment: 'm, where it is' },
      z: { field: 4, ...METRES, comment: 'm' },
    },
  },
  tradeOffered: {
    field: 26,
    fields: { from: { field: 1, ...NAME, comment: 'empty: the offer is taken back' } },
  },
  trade: {
    field: 27,
    fields: {
      with: { field: 1, ...NAME },
      revision: { field: 2, ...COUNT, comment: 'of what both give: to be named when one agrees' },
      gives: { field: 3, ...THINGS, comment: 'oneself: "item:count" with commas between, item 0 is gold' },
      gets: { field: 4, ...THINGS, comment: 'what the other one gives' },
      confirmed: { field: 5, ...FLAG, comment: '1 = agreed to this revision' },
      otherConfirmed: { field: 6, ...FLAG, comment: '1 = so has the other one' },
      over: { field: 7, type: 'text', maxBytes: 24, comment: 'not empty: nothing comes of it, and why' },
    },
  },
  traded: {
    field: 28,
    committed: true,
    fields: { with: { field: 1, ...NAME }, gave: { field: 2, ...THINGS }, got: { field: 3, ...THINGS } },
  },
} as const;

const refused = { ability: 0, reason: 0 };
const struck = { target: 0, by: 0, ability: 0, amount: 0 };
const killed = { target: 0, name: '', by: '', byKind: 0, ability: 0 };
const looted = { variant: 0, amount: 0 };
const memberState = { member: 0, health: 0, x: 0, z: 0 };

/** Tells the player in `slot` why an ability was not begun or was broken off; a creature is told nothing. */
export function tellRefused(sim: DarkAges, slot: number, ability: number, reason: number): void {
  const { client, toldTick } = columnsOf(sim);
  if (client[slot] === 0) return;
  const { tick } = sim;
  if (toldTick[slot] !== 0 && tick - toldTick[slot]! < REFUSED_TICKS) return;
  toldTick[slot] = tick;
  refused.ability = ability;
  refused.reason = reason;
  sim.emit('refused', slot, refused);
}

/** A hit or a heal, to both sides. `source` is −1 when it is gone or when it is nobody. */
export function tellStruck(
  sim: DarkAges,
  event: 'hit' | 'healed',
  source: number,
  target: number,
  ability: number,
  amount: number,
): void {
  const { client } = columnsOf(sim);
  const isSourceTold = source >= 0 && source !== target && client[source] !== 0;
  if (client[target] === 0 && !isSourceTold) return;
  struck.target = sim.handle(target);
  struck.by = source < 0 ? 0 : sim.handle(source);
  struck.ability = ability;
  struck.amount = amount;
  if (client[target] !== 0) sim.emit(event, target, struck);
  if (isSourceTold) sim.emit(event, source, struck);
}

/** To everyone who sees the dead. Names, no handle of the killer: it may be hidden from them. */
export function tellKilled(sim: DarkAges, target: number, source: number, byKind: number, ability: number): void {
  killed.target = sim.handle(target);
  killed.name = sim.nameOf(target);
  killed.by = source < 0 ? '' : sim.nameOf(source);
  killed.byKind = byKind;
  killed.ability = ability;
  sim.emitNear('killed', target, killed);
}

export function tellLooted(sim: DarkAges, slot: number, variant: number, amount: number): void {
  looted.variant = variant;
  looted.amount = amount;
  sim.emit('looted', slot, looted);
}

/** @param member place of the one it is about in the last `party`, from 1; @param x in m, as `z` */
export function tellMemberState(sim: DarkAges, to: number, member: number, health: number, x: number, z: number): void {
  memberState.member = member;
  memberState.health = health;
  memberState.x = x;
  memberState.z = z;
  sim.emit('partyState', to, memberState);
}
