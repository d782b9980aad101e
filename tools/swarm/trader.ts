// What a bot does that trades: stands by a vendor, buys and sells there, and trades with others who stand by. Seeded. Dead it
// comes back like a fighter; it never strikes. It goes by what the server tells it (events, own columns) and asks by
// requests alone, those that are committed with a key (bot.ts).

import type { Random } from '../../src/base/random.ts';
import { type Client, PLAYING } from '../../src/client/state.ts';
import { ITEM_LAST, ITEMS, POTION_LAST, SOLD_LAST } from '../../src/game/items.ts';
import { PLAYER } from '../../src/game/kinds.ts';
import { VENDORS_MM } from '../../src/game/vendor.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { newestState } from '../../src/snapshot/replicas.ts';
import { beDead, type Fighter, type FighterView, stand } from './fighter.ts';

type Values = Readonly<Record<string, number | string>>;

export interface Trader {
  readonly random: Random;
  /** Where it stands, mm. */
  readonly x: number;
  readonly z: number;
  /** Who offered to trade with it, until it has answered. */
  offeredBy: string;
  /** Revision of the trade that it is in; −1: none. */
  revision: number;
  hasSet: boolean;
  hasConfirmed: boolean;
  /** Tick from which the trade has lasted too long. */
  giveUpTick: number;
  /** Tick of its next deed. */
  deedTick: number;
}

const STAND_MM = 2400;
const ARRIVED_MM = 500;
const MOVE_MAX = 127;
const DEED_TICKS_MIN = 15;
const DEED_TICKS_SPAN = 45;
/** It offers to who stands no further away. */
const NEAR_MM = 5500;
const TRADE_TICKS_MAX = 600;
const OFFER_SHARE = 0.5;
const BUY_SHARE = 0.75;
const SELL_SHARE = 0.9;
/** It gives so many of a thing at most. */
const GIVE_MAX = 3;

/** Only this game has what it takes. */
export function canTrade(game: AnyGame): boolean {
  const { requests } = game;
  return requests !== undefined && ['buy', 'sell', 'tradeOffer', 'tradeConfirm'].every((name) => name in requests);
}

export function createTrader(random: Random): Trader {
  const [x, z] = VENDORS_MM[random.below(VENDORS_MM.length)]!;
  const aside = (): number => random.below(2 * STAND_MM + 1) - STAND_MM;
  return {
    random,
    x: x + aside(),
    z: z + aside(),
    offeredBy: '',
    revision: -1,
    hasSet: false,
    hasConfirmed: false,
    giveUpTick: 0,
    deedTick: 0,
  };
}

/** The zone knows nothing of what was before. */
export function resetTrader(trader: Trader): void {
  trader.offeredBy = '';
  trader.revision = -1;
}

export function noteTradeEvent(trader: Trader, name: string, values: Values): void {
  if (name === 'tradeOffered') trader.offeredBy = String(values.from);
  else if (name === 'traded') trader.revision = -1;
  else if (name === 'trade') noteTrade(trader, values);
}

function noteTrade(trader: Trader, values: Values): void {
  if (values.over !== '') {
    trader.revision = -1;
    return;
  }
  if (trader.revision < 0) {
    trader.hasSet = false;
    trader.giveUpTick = 0;
  }
  trader.revision = Number(values.revision);
  trader.hasConfirmed = values.confirmed === 1;
}

/** How many of an item (0: coins) the player of a client has, as the server said last. */
export function createPurse(client: Client): (item: number) => number {
  const rows = ITEMS.map(({ asset }) => client.game.rows.findIndex(({ column }) => column === asset));
  return (item) => {
    const replica = client.welcome && client.replicas.bySlot.get(client.welcome.slot);
    if (replica === undefined || client.state !== PLAYING) return 0;
    return replica.values[newestState(client.replicas, replica) + rows[item]!]!;
  };
}

/** Its turn. */
export function updateTrader(
  trader: Trader,
  fighter: Fighter,
  view: FighterView,
  owned: (item: number) => number,
): void {
  const { intent, own, tick } = view;
  intent.inputs.ability = 0;
  if (own.health === 0) {
    beDead(fighter, view);
    return;
  }
  const dx = trader.x - view.x;
  const dz = trader.z - view.z;
  const way = Math.hypot(dx, dz);
  if (way > ARRIVED_MM) {
    fighter.state = 'WANDERING';
    intent.moveX = (dx / way) * MOVE_MAX;
    intent.moveZ = (dz / way) * MOVE_MAX;
    intent.buttons = 0;
    return;
  }
  stand(intent);
  fighter.state = 'SOCIAL';
  if (tick < trader.deedTick) return;
  trader.deedTick = tick + DEED_TICKS_MIN + trader.random.below(DEED_TICKS_SPAN);
  if (trader.revision >= 0) goOn(trader, view, owned);
  else if (trader.offeredBy !== '') {
    trader.offeredBy = '';
    view.request('tradeAccept', {});
  } else doBusiness(trader, view, owned);
}

/** The next step of the trade that it is in: says what it gives, agrees, loses patience. */
function goOn(trader: Trader, { request, tick }: FighterView, owned: (item: number) => number): void {
  if (trader.giveUpTick === 0) trader.giveUpTick = tick + TRADE_TICKS_MAX;
  if (tick >= trader.giveUpTick) {
    trader.revision = -1;
    request('tradeDecline', {});
  } else if (!trader.hasSet) {
    trader.hasSet = true;
    const item = pickOwned(trader, owned, 0);
    if (item >= 0) request('tradeSet', { item, count: someOf(trader, owned(item)) });
  } else if (!trader.hasConfirmed) {
    trader.hasConfirmed = true;
    request('tradeConfirm', { revision: trader.revision });
  }
}

function doBusiness(trader: Trader, view: FighterView, owned: (item: number) => number): void {
  const { random } = trader;
  const what = random.fraction();
  const others = view
    .seeAll()
    .filter(({ kind, name, x, z }) => kind === PLAYER && name !== '' && Math.hypot(x - view.x, z - view.z) < NEAR_MM);
  if (what < OFFER_SHARE && others.length > 0) {
    view.request('tradeOffer', { name: others[random.below(others.length)]!.name });
  } else if (what < BUY_SHARE) {
    const item = 1 + random.below(random.below(4) === 0 ? SOLD_LAST : POTION_LAST);
    view.request('buy', { item, count: 1 });
  } else if (what < SELL_SHARE) {
    const item = pickOwned(trader, owned, 1);
    if (item > 0) view.request('sell', { item, count: 1 });
  } else {
    const item = 1 + random.below(POTION_LAST);
    if (owned(item) > 0) view.request('use', { item });
  }
}

/** One of the things that it has, from `first` on; −1: none. */
function pickOwned({ random }: Trader, owned: (item: number) => number, first: number): number {
  const span = ITEM_LAST + 1 - first;
  const start = random.below(span);
  for (let step = 0; step < span; step++) {
    const item = first + ((start + step) % span);
    if (owned(item) > 0) return item;
  }
  return -1;
}

function someOf({ random }: Trader, most: number): number {
  return 1 + random.below(Math.min(most, GIVE_MAX));
}
