import { expect, test } from 'vitest';
import { game as tag } from '../../../examples/tag/game.ts';
import { createRandom } from '../../../src/base/random.ts';
import { game } from '../../../src/game/game.ts';
import { GOLD, HEALTH_POTION, SWORD } from '../../../src/game/items.ts';
import { PLAYER } from '../../../src/game/kinds.ts';
import { isAtVendor } from '../../../src/game/vendor.ts';
import { createFighter, type FighterView, type Seen } from '../../../tools/swarm/fighter.ts';
import { canTrade, createTrader, noteTradeEvent, resetTrader, updateTrader } from '../../../tools/swarm/trader.ts';
import { createWander } from '../../../tools/swarm/wander.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Asked = [name: string, values: Readonly<Record<string, number | string>>];

const OFFERED = { revision: 7, gives: '', gets: '', confirmed: 0, otherConfirmed: 0, with: 'ann', over: '' };

function createStage(owns: Readonly<Record<number, number>> = {}, seed = 3) {
  const trader = createTrader(createRandom(seed));
  const fighter = createFighter(createWander(game, createRandom(seed), 20), createRandom(seed));
  const asked: Asked[] = [];
  const others: Seen[] = [];
  const view: Mutable<FighterView> = {
    tick: 1000,
    shownTick: 990,
    x: trader.x,
    z: trader.z,
    own: { health: 100 },
    intent: { moveX: 0, moveZ: 0, aim: 0, buttons: 0, inputs: {} },
    seeAll: () => others,
    see: () => undefined,
    request: (name, values) => void asked.push([name, values]),
  };
  const play = (ticks: number): void => {
    for (let count = 0; count < ticks; count++) {
      view.tick++;
      updateTrader(trader, fighter, view, (item) => owns[item] ?? 0);
    }
  };
  return { trader, fighter, view, asked, others, play };
}

test('only a game with vendors and trade is one to trade in', () => {
  expect([canTrade(game), canTrade(tag)]).toEqual([true, false]);
});

test('it goes to a place in reach of a vendor, and does nothing before', () => {
  const { trader, view, asked, play } = createStage();
  expect(isAtVendor(trader.x, trader.z)).toBe(true);
  view.x = trader.x - 9000;
  play(300);
  expect([view.intent.moveX > 100, asked]).toEqual([true, []]);
  view.x = trader.x;
  play(1);
  expect(view.intent.moveX).toBe(0);
});

test('it buys, sells what it has, uses what it has, and offers to who stands near', () => {
  const { view, asked, others, play } = createStage({ [GOLD]: 500, [HEALTH_POTION]: 2, [SWORD]: 1 });
  others.push({
    ...{ handle: 5, kind: PLAYER, name: 'ann', health: 100, party: 0, isShielded: false },
    x: view.x + 1000,
    z: view.z,
  });
  play(20_000);
  const names = new Set(asked.map(([name]) => name));
  expect([...names].sort()).toEqual(['buy', 'sell', 'tradeOffer', 'use']);
  for (const [name, { item }] of asked) if (name === 'sell') expect([HEALTH_POTION, SWORD]).toContain(item);
});

test('it accepts, says what it gives, agrees to what it was shown, and again when that changed', () => {
  const { trader, asked, play } = createStage({ [GOLD]: 2 });
  noteTradeEvent(trader, 'tradeOffered', { from: 'ann' });
  play(100);
  expect(asked[0]![0]).toBe('tradeAccept');
  asked.length = 0;
  noteTradeEvent(trader, 'trade', OFFERED);
  for (let tick = 0; tick < 100 && asked.length === 0; tick++) play(1);
  expect(asked[0]).toEqual(['tradeSet', { item: GOLD, count: expect.any(Number) }]);
  noteTradeEvent(trader, 'trade', { ...OFFERED, revision: 8 });
  play(120);
  expect(asked.slice(1)).toEqual([['tradeConfirm', { revision: 8 }]]);
  noteTradeEvent(trader, 'trade', { ...OFFERED, revision: 8, confirmed: 1 });
  play(120);
  expect(asked.length).toBe(2);
  noteTradeEvent(trader, 'trade', { ...OFFERED, revision: 9 });
  play(120);
  expect(asked.slice(2)).toEqual([['tradeConfirm', { revision: 9 }]]);
  noteTradeEvent(trader, 'traded', { with: 'ann', gave: '', got: '' });
  asked.length = 0;
  play(300);
  expect(asked.map(([name]) => name)).not.toContain('tradeConfirm');
});

test('it loses patience, and forgets what a zone forgot', () => {
  const { trader, asked, play } = createStage();
  noteTradeEvent(trader, 'trade', { ...OFFERED, confirmed: 1 });
  play(800);
  expect(asked.map(([name]) => name)).toContain('tradeDecline');
  noteTradeEvent(trader, 'trade', OFFERED);
  noteTradeEvent(trader, 'trade', { ...OFFERED, over: 'left' });
  expect(trader.revision).toBe(-1);
  noteTradeEvent(trader, 'trade', OFFERED);
  resetTrader(trader);
  expect(trader.revision).toBe(-1);
});

test('dead, it asks to come back', () => {
  const { view, asked, play } = createStage();
  view.own = { health: 0 };
  play(400);
  expect(asked.map(([name]) => name)).toContain('respawn');
});
