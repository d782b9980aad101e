import { expect, test } from 'vitest';
import { game } from '../../src/game/game.ts';
import { PURSE_GOLD } from '../../src/game/inventory.ts';
import { HEALTH_POTION } from '../../src/game/items.ts';
import { VENDORS_MM } from '../../src/game/vendor.ts';
import { count, createTestZone, join, receive, request, run, slotOf, type TestZone } from '../zone/harness.ts';
import { quietGame } from './quiet-game.ts';

const NAMES = ['anna', 'bert'];

/** Two players beside a vendor, each with the purse it began with. */
function enter(): TestZone {
  const zone = createTestZone(quietGame as never, 1, 5);
  for (const client of [0, 1]) {
    const saved = new Int32Array(game.savedColumns.length);
    saved[game.savedColumns.indexOf('positionX')] = VENDORS_MM[0]![0] * 128;
    saved[game.savedColumns.indexOf('positionZ')] = client * 1500 * 128;
    saved[game.savedColumns.indexOf('health')] = 100;
    join(zone, client, { saved, name: NAMES[client]! });
  }
  run(zone);
  receive(zone);
  return zone;
}

function answers(zone: TestZone): unknown[] {
  return receive(zone).flatMap(({ kind, value }) => (kind === 'response' ? [value!.refused] : []));
}

const owns = ({ zone }: TestZone, client: number, asset: string): number =>
  zone.world.columns[asset]![zone.slotOfClient[client]! - 1]!;

test('a repeated key does nothing twice and gets the first answer, also when that was no', () => {
  const zone = enter();
  expect(owns(zone, 0, 'gold')).toBe(PURSE_GOLD);
  const buy = (id: number, key: number, wanted: number): void =>
    request(zone, 0, { id, key, buy: { item: HEALTH_POTION, count: wanted } });
  buy(1, 900, 3);
  buy(2, 900, 3);
  run(zone);
  buy(3, 900, 3);
  buy(4, 901, 3);
  run(zone, 5);
  expect(answers(zone)).toEqual(['', '', '', 'too_poor']);
  expect([owns(zone, 0, 'gold'), owns(zone, 0, 'healthPotion')]).toEqual([PURSE_GOLD - 30, 3]);
  // Rich enough by now: the answer to that key stays what it was.
  request(zone, 0, { id: 5, key: 902, sell: { item: HEALTH_POTION, count: 3 } });
  run(zone);
  buy(6, 901, 1);
  buy(7, 0, 1);
  buy(8, 0, 1);
  run(zone);
  expect(answers(zone)).toEqual(['', 'too_poor', '', '']);
  expect([owns(zone, 0, 'gold'), owns(zone, 0, 'healthPotion')]).toEqual([PURSE_GOLD - 30 + 15 - 20, 2]);
  expect(count(zone, 'commandsRepeated')).toBe(3);
});

test('keys are each player’s own', () => {
  const zone = enter();
  for (const client of [0, 1]) request(zone, client, { id: 1, key: 7, buy: { item: HEALTH_POTION, count: 1 } });
  run(zone);
  expect([owns(zone, 0, 'healthPotion'), owns(zone, 1, 'healthPotion')]).toEqual([1, 1]);
});

test('a trade whose last agreement is sent twice is carried out once', () => {
  const zone = enter();
  const columns = zone.zone.world.columns;
  request(zone, 0, { id: 1, tradeOffer: { name: 'bert' } });
  request(zone, 1, { id: 1, tradeAccept: {} });
  request(zone, 0, { id: 2, tradeSet: { item: 0, count: 10 } });
  run(zone);
  const revision = columns.tradeRevision![slotOf(zone, 0)]!;
  request(zone, 0, { id: 3, key: 31, tradeConfirm: { revision } });
  for (const id of [2, 3]) request(zone, 1, { id, key: 32, tradeConfirm: { revision } });
  run(zone);
  request(zone, 1, { id: 4, key: 32, tradeConfirm: { revision } });
  request(zone, 0, { id: 4, key: 31, tradeConfirm: { revision } });
  run(zone);
  const messages = receive(zone);
  expect([owns(zone, 0, 'gold'), owns(zone, 1, 'gold')]).toEqual([PURSE_GOLD - 10, PURSE_GOLD + 10]);
  expect(messages.flatMap(({ kind, value }) => (kind === 'response' ? [value!.refused] : []))).toEqual(
    Array(8).fill(''),
  );
  const traded = messages.flatMap(({ kind, client, value }) =>
    kind === 'event' && value!.traded !== undefined ? [[client, value!.traded]] : [],
  );
  expect(traded).toEqual([
    [1, { with: 'anna', gave: '', got: '0:10' }],
    [0, { with: 'bert', gave: '0:10', got: '' }],
  ]);
});
