// What players ask for: coming back to life, chat, parties, the scoreboard, using, buying, selling and trading things. Runs before the systems of its tick; values
// were checked against the bounds stated here, and texts were screened by the guard (empty and too long ones refused
// too). Cold: it may allocate.

import { DEAD_TICKS, RESPAWN_TICKS } from './abilities.ts';
import { COUNT_MAX, columnsOf, type DarkAges } from './columns.ts';
import { CHANNEL_PARTY, CHANNEL_WHISPER, CHANNEL_ZONE, SCORES_TOP, TEXT_BYTES } from './events.ts';
import { drink, equip, unequip } from './inventory.ts';
import { EQUIPMENT_FIRST, EQUIPMENT_LAST, ITEM_COUNT_MAX, ITEM_LAST, POTION_LAST, SOLD_LAST } from './items.ts';
import { PLAYER } from './kinds.ts';
import {
  acceptInvitation,
  declineInvitation,
  inviteToParty,
  kickMember,
  leaveParty,
  partyMembers,
  promoteMember,
} from './party.ts';
import { acceptTrade, confirmTrade, declineTrade, offerTrade, setOffer } from './trade.ts';
import { buy, sell } from './vendor.ts';

/** The scoreboard goes over all players, so it isn't made for the same one more often than this. */
const SCORES_TICKS = 30;

type Values = Readonly<Record<string, number | string>>;

const TEXT = { type: 'text', maxBytes: TEXT_BYTES, comment: 'at most 256 characters' } as const;
const WHISPERED = { ...TEXT, heardBy: 'named' } as const;
const NAME = { type: 'text', maxBytes: 24, screen: 'name', comment: 'of a player, in any case' } as const;
const WORN = {
  type: 'int',
  min: EQUIPMENT_FIRST,
  max: EQUIPMENT_LAST,
  comment: 'a weapon or an armour',
} as const;
const ITEM_COUNT = { type: 'int', min: 1, max: ITEM_COUNT_MAX } as const;

export const requests = {
  respawn: { field: 16, fields: {}, run: requestRespawn },
  say: { field: 17, fields: { text: { field: 1, ...TEXT } }, run: say },
  whisper: { field: 18, fields: { to: { field: 1, ...NAME }, text: { field: 2, ...WHISPERED } }, run: whisper },
  partySay: { field: 19, fields: { text: { field: 1, ...TEXT, heardBy: 'few' } }, run: partySay },
  invite: {
    field: 20,
    fields: { name: { field: 1, ...NAME } },
    run: (sim: DarkAges, slot: number, values: Values) => inviteToParty(sim, slot, values.name as string),
  },
  accept: { field: 21, fields: {}, run: acceptInvitation },
  decline: { field: 22, fields: {}, run: declineInvitation },
  leaveParty: { field: 23, fields: {}, run: leaveParty },
  kick: {
    field: 25,
    fields: { name: { field: 1, ...NAME } },
    run: (sim: DarkAges, slot: number, values: Values) => kickMember(sim, slot, values.name as string),
  },
  promote: {
    field: 26,
    fields: { name: { field: 1, ...NAME } },
    run: (sim: DarkAges, slot: number, values: Values) => promoteMember(sim, slot, values.name as string),
  },
  scores: { field: 24, fields: {}, run: tellScores },
  use: {
    field: 27,
    committed: true,
    fields: { item: { field: 1, type: 'int', min: 1, max: POTION_LAST, comment: 'a potion' } },
    run: (sim: DarkAges, slot: number, values: Values) => drink(sim, slot, values.item as number),
  },
  equip: {
    field: 28,
    fields: { item: { field: 1, ...WORN } },
    run: (sim: DarkAges, slot: number, values: Values) => equip(sim, slot, values.item as number),
  },
  unequip: {
    field: 29,
    fields: { item: { field: 1, ...WORN } },
    run: (sim: DarkAges, slot: number, values: Values) => unequip(sim, slot, values.item as number),
  },
  buy: {
    field: 30,
    committed: true,
    fields: { item: { field: 1, type: 'int', min: 1, max: SOLD_LAST }, count: { field: 2, ...ITEM_COUNT } },
    run: (sim: DarkAges, slot: number, { item, count }: Values) => buy(sim, slot, item as number, count as number),
  },
  sell: {
    field: 31,
    committed: true,
    fields: { item: { field: 1, type: 'int', min: 1, max: ITEM_LAST }, count: { field: 2, ...ITEM_COUNT } },
    run: (sim: DarkAges, slot: number, { item, count }: Values) => sell(sim, slot, item as number, count as number),
  },
  tradeOffer: {
    field: 32,
    fields: { name: { field: 1, ...NAME } },
    run: (sim: DarkAges, slot: number, values: Values) => offerTrade(sim, slot, values.name as string),
  },
  tradeAccept: { field: 33, fields: {}, run: acceptTrade },
  tradeDecline: { field: 34, fields: {}, run: declineTrade },
  tradeSet: {
    field: 35,
    fields: {
      item: { field: 1, type: 'int', min: 0, max: ITEM_LAST, comment: '0 is gold' },
      count: { field: 2, type: 'int', min: 0, max: COUNT_MAX, comment: 'how many to give in all' },
    },
    run: (sim: DarkAges, slot: number, { item, count }: Values) => setOffer(sim, slot, item as number, count as number),
  },
  tradeConfirm: {
    field: 36,
    committed: true,
    fields: { revision: { field: 1, type: 'int', min: 0, max: COUNT_MAX, comment: 'of the last `trade`' } },
    run: (sim: DarkAges, slot: number, values: Values) => confirmTrade(sim, slot, values.revision as number),
  },
} as const;

function requestRespawn(sim: DarkAges, slot: number): string {
  const { health, deadUntil, wantsRespawn } = columnsOf(sim);
  if (health[slot]! > 0) return 'not_dead';
  if (sim.tick < deadUntil[slot]! - DEAD_TICKS + RESPAWN_TICKS) return 'too_soon';
  wantsRespawn[slot] = 1;
  return '';
}

function say(sim: DarkAges, slot: number, values: Values): string {
  sim.emit('said', -1, { channel: CHANNEL_ZONE, from: sim.nameOf(slot), to: '', text: values.text! });
  return '';
}

function whisper(sim: DarkAges, slot: number, values: Values): string {
  const target = sim.findPlayer(values.to as string);
  if (target < 0) return 'no_such_player';
  if (target === slot) return 'yourself';
  const said = { channel: CHANNEL_WHISPER, from: sim.nameOf(slot), to: sim.nameOf(target), text: values.text! };
  sim.emit('said', target, said);
  sim.emit('said', slot, said);
  return '';
}

function partySay(sim: DarkAges, slot: number, values: Values): string {
  const party = columnsOf(sim).party[slot]!;
  if (party === 0) return 'no_party';
  const said = { channel: CHANNEL_PARTY, from: sim.nameOf(slot), to: '', text: values.text! };
  for (const member of partyMembers(sim, party)) sim.emit('said', member, said);
  return '';
}

/** In one pass over the players, without sorting them: many may ask in one tick. */
function tellScores(sim: DarkAges, slot: number): string {
  const { kind, kills, deaths, scoresTick } = columnsOf(sim);
  if (sim.tick < scoresTick[slot]!) return 'too_soon';
  scoresTick[slot] = sim.tick + SCORES_TICKS;
  const top: number[] = [];
  let players = 0;
  let rank = 1;
  for (let other = 0; other < sim.slotCount; other++) {
    if (kind[other] !== PLAYER) continue;
    players++;
    if (isAhead(sim, other, slot)) rank++;
    let place = top.length;
    while (place > 0 && isAhead(sim, other, top[place - 1]!)) place--;
    if (place < SCORES_TOP) top.splice(place, 0, other);
    if (top.length > SCORES_TOP) top.pop();
  }
  const lines = top.map((each) => `${sim.nameOf(each)}:${kills[each]}:${deaths[each]}`);
  sim.emit('scores', slot, { top: lines.join(','), rank, players });
  return '';
}

/** More kills first, then fewer deaths, then who has the lower slot. */
function isAhead(sim: DarkAges, slot: number, other: number): boolean {
  const { kills, deaths } = columnsOf(sim);
  return (kills[other]! - kills[slot]! || deaths[slot]! - deaths[other]! || slot - other) < 0;
}
