// Trade between two players who stand together: one offers, the other accepts; each says what it gives, both see it, and
// when both have agreed to the same revision everything changes hands at once, or nothing. Whatever changes takes both
// agreements back and makes another revision, so nobody agrees to what it has not seen. A trade is in columns of both.
// Requests answer '' or the code of a refusal. Cold but for `runTrades`, which allocates only when a trade ends.

import { TICK_HZ } from '../base/limits.ts';
import { POSITION_SHIFT } from '../sim/game.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { dropWorn, fits, held, move } from './inventory.ts';
import { GOLD, ITEM_LAST } from './items.ts';
import { PLAYER } from './kinds.ts';
import { clearOffered, offered, printOffered, readOffered, setOffered } from './offers.ts';

/** From how near one offers, and how far apart a trade is over. */
const OFFER_MM = 6000;
const TRADE_MM = 9000;
/** An offer that isn't accepted by then is void, and who made it waits as long again. */
export const OFFER_TICKS = 15 * TICK_HZ;

function isNear(sim: DarkAges, slot: number, other: number, withinMm: number): boolean {
  const { positionX, positionZ } = sim.columns;
  const dx = positionX[other]! - positionX[slot]!;
  const dz = positionZ[other]! - positionZ[slot]!;
  const within = withinMm << POSITION_SHIFT;
  return dx * dx + dz * dz <= within * within;
}

/** Slot of whom the player in `slot` trades with, or −1. */
export function tradePartner(sim: DarkAges, slot: number): number {
  const { tradeWith } = columnsOf(sim);
  return tradeWith[slot] === 0 ? -1 : sim.find(tradeWith[slot]!);
}

/** Slot of who waits for an answer of the player in `slot`, or −1. */
function hostOf(sim: DarkAges, slot: number): number {
  const { offeredBy, offerUntil, kind, tradeWith } = columnsOf(sim);
  if (offerUntil[slot]! <= sim.tick) return -1;
  const host = sim.find(offeredBy[slot]!);
  return host >= 0 && kind[host] === PLAYER && tradeWith[host] === 0 ? host : -1;
}

export function offerTrade(sim: DarkAges, slot: number, name: string): string {
  const { health, offeredBy, offerUntil, tradeWith } = columnsOf(sim);
  const target = sim.findPlayer(name);
  if (target < 0) return 'no_such_player';
  if (target === slot) return 'yourself';
  if (health[slot] === 0) return 'dead';
  if (health[target] === 0 || !isNear(sim, slot, target, OFFER_MM)) return 'too_far';
  if (hostOf(sim, slot) === target) return acceptTrade(sim, slot);
  if (tradeWith[target] !== 0 || hostOf(sim, target) >= 0) return 'busy';
  // Else who asks again first would hold the only place for ever, or ask without end.
  const isTooSoon = offeredBy[target] === sim.handle(slot) && offerUntil[target]! + OFFER_TICKS > sim.tick;
  if (isTooSoon) return 'too_soon';
  endTrade(sim, slot, 'other');
  offeredBy[target] = sim.handle(slot);
  offerUntil[target] = sim.tick + OFFER_TICKS;
  sim.emit('tradeOffered', target, { from: sim.nameOf(slot) });
  return '';
}

export function acceptTrade(sim: DarkAges, slot: number): string {
  const { health, offeredBy, offerUntil } = columnsOf(sim);
  const host = hostOf(sim, slot);
  if (host < 0) return 'no_offer';
  if (health[slot] === 0) return 'dead';
  if (health[host] === 0 || !isNear(sim, slot, host, OFFER_MM)) return 'too_far';
  offeredBy[slot] = 0;
  offerUntil[slot] = 0;
  endTrade(sim, slot, 'other');
  beginTrade(sim, slot, host);
  return '';
}

function beginTrade(sim: DarkAges, slot: number, other: number): void {
  const { client, tradeWith, tradeClient, tradeRevision } = columnsOf(sim);
  tradeWith[slot] = sim.handle(other);
  tradeWith[other] = sim.handle(slot);
  for (const each of [slot, other]) tradeClient[each] = client[each]!;
  const revision = Math.max(tradeRevision[slot]!, tradeRevision[other]!);
  tradeRevision[slot] = revision;
  tradeRevision[other] = revision;
  changeTrade(sim, slot, other);
}

/** An offer, or the trade that goes on. */
export function declineTrade(sim: DarkAges, slot: number): string {
  if (hostOf(sim, slot) >= 0) {
    // Over, as if it had run out: who offered has to wait.
    columnsOf(sim).offerUntil[slot] = sim.tick;
    return '';
  }
  return endTrade(sim, slot, 'declined') ? '' : 'no_trade';
}

/** What the player in `slot` gives of an item in all. */
export function setOffer(sim: DarkAges, slot: number, item: number, count: number): string {
  const other = tradePartner(sim, slot);
  if (other < 0) return 'no_trade';
  if (held(sim, slot, item) < count) return 'none_held';
  if (offered(sim, slot, item) === count) return '';
  setOffered(sim, slot, item, count);
  changeTrade(sim, slot, other);
  return '';
}

/** What is on the table is another thing now: nobody has agreed to it. */
function changeTrade(sim: DarkAges, slot: number, other: number): void {
  const { tradeRevision, tradeConfirmed } = columnsOf(sim);
  for (const each of [slot, other]) {
    tradeRevision[each]!++;
    tradeConfirmed[each] = 0;
  }
  tellTrade(sim, slot, other);
}

function tellTrade(sim: DarkAges, slot: number, other: number): void {
  tellSide(sim, slot, other);
  tellSide(sim, other, slot);
}

function tellSide(sim: DarkAges, slot: number, other: number): void {
  const { tradeRevision, tradeConfirmed } = columnsOf(sim);
  sim.emit('trade', slot, {
    with: sim.nameOf(other),
    revision: tradeRevision[slot]!,
    gives: printOffered(sim, slot),
    gets: printOffered(sim, other),
    confirmed: tradeConfirmed[slot]!,
    otherConfirmed: tradeConfirmed[other]!,
    over: '',
  });
}

/** Agrees to what is on the table; who does so last carries it out. */
export function confirmTrade(sim: DarkAges, slot: number, revision: number): string {
  const { tradeRevision, tradeConfirmed } = columnsOf(sim);
  const other = tradePartner(sim, slot);
  if (other < 0) return 'no_trade';
  if (tradeRevision[slot] !== revision) return 'changed';
  const gives = readOffered(sim, slot);
  const gets = readOffered(sim, other);
  if (!holdsAll(sim, slot, gives)) return 'none_held';
  if (!holdsAll(sim, other, gets)) return 'other_none_held';
  if (!fits(sim, slot, gets, gives)) return 'no_room';
  if (!fits(sim, other, gives, gets)) return 'other_no_room';
  if (tradeConfirmed[other] === 0) {
    tradeConfirmed[slot] = 1;
    tellTrade(sim, slot, other);
    return '';
  }
  for (let item = GOLD; item <= ITEM_LAST; item++) {
    // Both may give of the same: what remains is moved one way, so no account is fuller in between than at the end.
    const more = gives[item]! - gets[item]!;
    if (more > 0) move(sim, item, more, slot, other);
    else if (more < 0) move(sim, item, -more, other, slot);
  }
  tellTraded(sim, slot, other);
  for (const each of [slot, other]) {
    dropWorn(sim, each);
    clearTrade(sim, each);
  }
  return '';
}

function holdsAll(sim: DarkAges, slot: number, gives: Int32Array): boolean {
  for (let item = GOLD; item <= ITEM_LAST; item++) if (held(sim, slot, item) < gives[item]!) return false;
  return true;
}

function tellTraded(sim: DarkAges, slot: number, other: number): void {
  const gave = printOffered(sim, slot);
  const got = printOffered(sim, other);
  sim.emit('traded', slot, { with: sim.nameOf(other), gave, got });
  sim.emit('traded', other, { with: sim.nameOf(slot), gave: got, got: gave });
}

function clearTrade(sim: DarkAges, slot: number): void {
  const { tradeWith, tradeConfirmed } = columnsOf(sim);
  tradeWith[slot] = 0;
  tradeConfirmed[slot] = 0;
  clearOffered(sim, slot);
}

/** Nothing comes of it; false when there was none. Both are told why. */
function endTrade(sim: DarkAges, slot: number, why: string): boolean {
  const { tradeWith, tradeRevision } = columnsOf(sim);
  if (tradeWith[slot] === 0) return false;
  const other = tradePartner(sim, slot);
  const ended = { gives: '', gets: '', confirmed: 0, otherConfirmed: 0, over: why };
  const revision = tradeRevision[slot]!;
  for (const each of [slot, other]) {
    if (each < 0) continue;
    const partner = each === slot ? other : slot;
    clearTrade(sim, each);
    sim.emit('trade', each, { with: partner < 0 ? '' : sim.nameOf(partner), revision, ...ended });
  }
  return true;
}

/** The player in `slot` is about to be gone: its trade, and what it offered. */
export function leaveTrade(sim: DarkAges, slot: number): void {
  const { offeredBy, offerUntil } = columnsOf(sim);
  endTrade(sim, slot, 'left');
  const host = sim.handle(slot);
  for (let guest = 0; guest < sim.slotCount; guest++) {
    if (offeredBy[guest] !== host || offerUntil[guest]! <= sim.tick) continue;
    offerUntil[guest] = sim.tick;
    sim.emit('tradeOffered', guest, { from: '' });
  }
}

/** Who walks away, dies or loses the connection trades no more. */
export function runTrades(sim: DarkAges): void {
  const { kind, health, client, tradeWith, tradeClient } = columnsOf(sim);
  const count = sim.slotCount;
  for (let slot = 0; slot < count; slot++) {
    if (kind[slot] !== PLAYER || tradeWith[slot] === 0) continue;
    const other = sim.find(tradeWith[slot]!);
    if (other < 0 || client[slot] !== tradeClient[slot]) endTrade(sim, slot, 'left');
    else if (health[slot] === 0) endTrade(sim, slot, 'dead');
    else if (!isNear(sim, slot, other, TRADE_MM)) endTrade(sim, slot, 'too_far');
  }
}
