// What the rules refuse players, by name: each is counted in /metrics and has its row in the guard's table. Zone thread.

import { REASONS } from './abilities.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { tellRefused } from './events.ts';

const DEAD_MOVING = 'deadMoving';

/** The reasons, in their order; who is dead and wants to walk; then what requests answer, as `request.code`. */
export const rules: readonly string[] = [
  ...Object.keys(REASONS),
  DEAD_MOVING,
  'respawn.not_dead',
  'respawn.too_soon',
  'whisper.no_such_player',
  'whisper.yourself',
  'partySay.no_party',
  'invite.no_such_player',
  'invite.yourself',
  'invite.in_party',
  'invite.not_leader',
  'invite.party_full',
  'invite.already_invited',
  'invite.declined',
  'invite.too_soon',
  'accept.no_invitation',
  'accept.in_party',
  'accept.party_full',
  'decline.no_invitation',
  'leaveParty.no_party',
  'kick.no_party',
  'kick.not_leader',
  'kick.yourself',
  'kick.no_such_member',
  'promote.no_party',
  'promote.not_leader',
  'promote.yourself',
  'promote.no_such_member',
  'scores.too_soon',
  'use.dead',
  'use.none_held',
  'use.too_soon',
  'use.no_need',
  'equip.none_held',
  'unequip.not_worn',
  'buy.dead',
  'buy.no_vendor',
  'buy.too_poor',
  'buy.no_room',
  'sell.dead',
  'sell.no_vendor',
  'sell.none_held',
  'sell.no_room',
  'tradeOffer.no_such_player',
  'tradeOffer.yourself',
  'tradeOffer.dead',
  'tradeOffer.too_far',
  'tradeOffer.busy',
  'tradeOffer.too_soon',
  'tradeAccept.no_offer',
  'tradeAccept.dead',
  'tradeAccept.too_far',
  'tradeDecline.no_trade',
  'tradeSet.no_trade',
  'tradeSet.none_held',
  'tradeConfirm.no_trade',
  'tradeConfirm.changed',
  'tradeConfirm.none_held',
  'tradeConfirm.no_room',
  'tradeConfirm.other_none_held',
  'tradeConfirm.other_no_room',
];

const DEAD_MOVING_RULE = rules.indexOf(DEAD_MOVING);

/** An ability was not begun, or was broken off: counted each time, told not too often. Creatures are not counted. */
export function refuse(sim: DarkAges, slot: number, ability: number, reason: number): void {
  if (columnsOf(sim).client[slot] === 0) return;
  sim.countRefusal(reason - 1);
  tellRefused(sim, slot, ability, reason);
}

/** For each tick in which the dead in `slot` would walk, jump or sprint. */
export function countDeadMoving(sim: DarkAges, slot: number): void {
  const { client, moveX, moveZ, buttons } = columnsOf(sim);
  if (client[slot] !== 0 && (moveX[slot] !== 0 || moveZ[slot] !== 0 || buttons[slot] !== 0)) {
    sim.countRefusal(DEAD_MOVING_RULE);
  }
}
