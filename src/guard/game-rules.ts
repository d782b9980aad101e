// Rows of the table of checks (rules.ts says what it is for): those of the game that ships. Each is counted under the rule
// that src/game/refusals.ts states, and tested by a hostile client over a real socket, in a test named after it. Data alone.

import type { Row } from './edge-rules.ts';

/** The rule, what is refused, the limit, what the test's title says behind the rule's name; a code unless it is the rule. */
type GameRow = readonly [rule: string, what: string, limit: number | string, title: string, code?: string];

const ABILITY_ROWS: readonly GameRow[] = [
  ['dead', 'dead men acting', 'health > 0', 'a dead man who strikes hits nobody'],
  ['casting', 'a second cast at once', 1, 'a second ability during a cast is not begun'],
  ['cooldown', 'an ability too soon', 'of the ability', 'an ability that was just used is not begun again'],
  ['mana', 'more than there is', 'of the ability', 'what can not be paid is not begun'],
  [
    'unknownTarget',
    'a handle of nothing, of the dead, of who had the slot before',
    'generation and slot',
    'handles of nothing, of another life, of who had the slot before',
  ],
  [
    'unknownTarget',
    'a guessed handle of somebody out of sight',
    '50 m, tall boxes',
    'who scans handles is told the same of the hidden as of nobody',
    'hiddenTarget',
  ],
  ['badTarget', 'who can not be hurt or healed', 'living fighters', 'the dead, and oneself'],
  ['party', 'hurting one’s own party, healing others', 'party', 'striking a member, mending who is none'],
  ['range', 'too far', 'of the ability, ≤ 36 m', 'a bolt and a meteor further than they reach'],
  ['sight', 'through what blocks sight', 'tall boxes', 'a meteor behind a wall'],
  ['facing', 'behind one’s back', 'cone of the ability', 'a blow at who stands behind'],
  ['moved', 'moving while casting', 'of the ability', 'who walks on while it casts gets nothing of it'],
  [
    'hit',
    'casting through a hard hit',
    '15 points',
    'a hard hit breaks a cast off, whatever its caster goes on to send',
  ],
  ['crowded', 'what a zone has no room for', 'half of 8,192', 'a bolt and a meteor in a full zone cost nothing'],
];

const REQUEST_ROWS: readonly GameRow[] = [
  ['respawn.not_dead', 'coming back alive', 'health 0', 'the living do not come back'],
  ['respawn.too_soon', 'coming back at once', '5 s', 'the dead lie for five seconds'],
  ['scores.too_soon', 'the scoreboard again', '30 ticks', 'the scoreboard is not made twice within half a second'],
  ['whisper.no_such_player', 'a whisper to nobody', 'in the zone', 'to who is not there'],
  ['whisper.yourself', 'a whisper to oneself', 'others', 'to oneself'],
  ['partySay.no_party', 'a word to no party', 'party', 'to a party of one'],
  ['invite.no_such_player', 'inviting nobody', 'in the zone', 'who is not there'],
  ['invite.yourself', 'inviting oneself', 'others', 'oneself'],
  ['invite.in_party', 'taking members from another party', 'one party a player', 'who is in another party'],
  ['invite.not_leader', 'inviting into another one’s party', 'the leader', 'into a party that another one leads'],
  ['invite.party_full', 'inviting too many', '5', 'a sixth'],
  ['invite.already_invited', 'inviting without end', 'one in 30 s', 'again and again'],
  ['invite.declined', 'inviting again who did not want to', '30 s later', 'the same one after a no'],
  ['invite.too_soon', 'inviting everybody', '5, then one in 6 s', 'one after the other'],
  ['accept.no_invitation', 'joining unasked', 'an invitation', 'what nobody offered'],
  [
    'accept.no_invitation',
    'bringing somebody in past the leader',
    'the leader invites',
    'of who has joined another leader since',
    'accept.pastLeader',
  ],
  ['accept.in_party', 'joining twice', 'one party a player', 'a second party'],
  ['accept.party_full', 'one member too many', '5', 'a place that somebody else took'],
  ['decline.no_invitation', 'declining nothing', 'an invitation', 'what nobody offered'],
  ['leaveParty.no_party', 'leaving nothing', 'party', 'none'],
  ['kick.no_party', 'throwing out of no party', 'party', 'out of none'],
  ['kick.not_leader', 'throwing out without the lead', 'the leader', 'without having the lead'],
  ['kick.yourself', 'throwing oneself out', 'others', 'oneself'],
  ['kick.no_such_member', 'throwing out of another party', 'the own party', 'who is in another party'],
  ['promote.no_party', 'handing on no lead', 'party', 'in none'],
  ['promote.not_leader', 'taking the lead', 'the leader', 'oneself, by who has not the lead'],
  ['promote.yourself', 'handing the lead to oneself', 'others', 'to what one is'],
  ['promote.no_such_member', 'leading another party', 'the own party', 'who is in another party'],
];

const NEAR_VENDOR = '4 m';

const THING_ROWS: readonly GameRow[] = [
  ['use.dead', 'drinking dead', 'health > 0', 'the dead do not drink'],
  ['use.none_held', 'drinking what one has not', 'the inventory', 'a potion that is not there'],
  ['use.too_soon', 'potion after potion', '5 s', 'a second potion at once'],
  ['use.no_need', 'drinking for nothing', 'less than full', 'a potion that would give nothing is kept'],
  ['equip.none_held', 'wearing what one has not', 'the inventory', 'a sword that is not there'],
  ['unequip.not_worn', 'taking off what one does not wear', 'what is worn', 'what one does not wear'],
  ['buy.dead', 'buying dead', 'health > 0', 'the dead do not buy'],
  ['buy.no_vendor', 'buying from afar', NEAR_VENDOR, 'from the other end of the square'],
  ['buy.too_poor', 'buying without gold', 'the price', 'for gold that is not there'],
  ['buy.no_room', 'buying more than one can carry', '20 places', 'into a full inventory'],
  ['sell.dead', 'selling dead', 'health > 0', 'the dead do not sell'],
  ['sell.no_vendor', 'selling from afar', NEAR_VENDOR, 'to the other end of the square'],
  ['sell.none_held', 'selling what one has not', 'the inventory', 'what is not there'],
  ['sell.no_room', 'gold beyond what a purse holds', '2³¹ − 1', 'for gold that fits no purse'],
  ['tradeOffer.no_such_player', 'a trade with nobody', 'in the zone', 'to who is not there'],
  ['tradeOffer.yourself', 'a trade with oneself', 'others', 'to oneself'],
  ['tradeOffer.dead', 'trading dead', 'health > 0', 'by the dead'],
  ['tradeOffer.too_far', 'a trade from afar', '6 m', 'to who stands elsewhere'],
  ['tradeOffer.busy', 'a trade with who trades', 'one trade a player', 'to who trades with another one'],
  ['tradeOffer.too_soon', 'offering again who was declined', '15 s later', 'to the same one after a no'],
  ['tradeAccept.no_offer', 'accepting nothing', 'an offer', 'what nobody offered'],
  ['tradeAccept.dead', 'accepting dead', 'health > 0', 'by the dead'],
  ['tradeAccept.too_far', 'accepting from afar', '6 m', 'after walking away'],
  ['tradeDecline.no_trade', 'ending no trade', 'a trade', 'none'],
  ['tradeSet.no_trade', 'giving without a trade', 'a trade', 'in none'],
  ['tradeSet.none_held', 'giving what one has not', 'the inventory', 'what is not there'],
  ['tradeConfirm.no_trade', 'agreeing to no trade', 'a trade', 'to none'],
  ['tradeConfirm.changed', 'agreeing to what was changed', 'the last revision', 'to what was on the table before'],
  ['tradeConfirm.none_held', 'giving what is gone', 'the inventory', 'to give what is gone by then'],
  ['tradeConfirm.no_room', 'getting more than one can carry', '20 places', 'to get what fits no inventory'],
  ['tradeConfirm.other_none_held', 'getting what is gone', 'the inventory', 'to get what is gone by then'],
  [
    'tradeConfirm.other_no_room',
    'giving more than the other one can carry',
    '20 places',
    'to give what fits no inventory',
  ],
];

function toRow([rule, what, limit, title, code = rule]: GameRow): Row {
  return [`darkages.${code}`, what, limit, 'game', 'refuse', `rule.${rule}`, `${rule}: ${title}`];
}

export const GAME_ROWS: readonly Row[] = [
  ...ABILITY_ROWS.map(toRow),
  [
    'darkages.deadMoving',
    'dead men walking',
    'health > 0',
    'game',
    'correct',
    'rule.deadMoving',
    'deadMoving: a dead man who walks and jumps stays where he fell',
  ],
  ...REQUEST_ROWS.map(toRow),
  ...THING_ROWS.map(toRow),
];
