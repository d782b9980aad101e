// A hostile client against the rules of what players own, over a real socket: one test a rule, named after it, as in
// hostile-game.test.ts.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { COUNT_MAX } from '../../src/game/columns.ts';
import { DAGGER, GOLD, HEALTH_POTION, PLACES, SWORD } from '../../src/game/items.ts';
import { VENDORS_MM } from '../../src/game/vendor.ts';
import type { WireObject } from '../../src/wire/codec.ts';
import { killServers, startServer, until } from './server.ts';
import { ask, type Changes, enterPlayers, expectRefused, type Player, type Stage, stand } from './stage.ts';

const GAME_FILE = joinPath(import.meta.dirname, 'fixtures', 'stage-game.ts');
const data = mkdtempSync(joinPath(tmpdir(), 'darkages-stage-'));

let stage: Stage;
let hostile: Player;
let victim: Player;
let third: Player;
let others: Player[];

beforeAll(async () => {
  const server = await startServer(data, ['--game', GAME_FILE, '--sessions-per-minute', '100000']);
  stage = { server, players: await enterPlayers(server, 4) };
  [hostile, victim, third, ...others] = stage.players as [Player, Player, Player, ...Player[]];
});

afterAll(async () => {
  await killServers();
  rmSync(data, { recursive: true, force: true });
});

/** Nobody trades or is asked to any more, and nobody has to wait before it offers. */
async function endTrades(): Promise<void> {
  for (const player of stage.players) for (let times = 0; times < 2; times++) await ask(player, { tradeDecline: {} });
  for (const player of stage.players) await ask(player, { forgetParties: {} });
}

/** Asked by the hostile one; the rule names the request and the code of its answer. */
async function refusedRequest(rule: string, values: WireObject = {}, changes?: Changes): Promise<void> {
  const [request, code] = rule.split('.') as [string, string];
  const deed = async (): Promise<void> => expect(await ask(hostile, { [request]: values })).toBe(code);
  expect(await expectRefused(stage, rule, deed, changes)).toBe(1);
}

const AT_VENDOR = { xMm: VENDORS_MM[0]![0], zMm: VENDORS_MM[0]![1] };

const own = async (player: Player, item: number, count: number): Promise<void> =>
  expect(await ask(player, { own: item === GOLD ? { gold: count } : { item, count } })).toBe('');

/** The victim trades with the hostile one. */
async function startTrade(): Promise<void> {
  expect(await ask(victim, { tradeOffer: { name: hostile.name } })).toBe('');
  expect(await ask(hostile, { tradeAccept: {} })).toBe('');
  await until('both know', () => hostile.revision > 0 && hostile.revision === victim.revision);
}

/** What a player gives, once the hostile one has seen it. */
async function setOffer(player: Player, item: number, count: number): Promise<void> {
  const seen = hostile.revision;
  expect(await ask(player, { tradeSet: { item, count } })).toBe('');
  await until('it is seen', () => hostile.revision > seen);
}

const refusedConfirm = (code: string) => refusedRequest(`tradeConfirm.${code}`, { revision: hostile.revision });

beforeEach(async () => {
  await Promise.all([
    stand(hostile, {}),
    stand(victim, { xMm: 1500 }),
    stand(third, { xMm: 3000 }),
    ...others.map((player, index) => stand(player, { xMm: -100_000, zMm: index * 4000 })),
  ]);
});

afterEach(async () => {
  await endTrades();
  for (const player of [hostile, victim]) {
    for (const item of [GOLD, HEALTH_POTION, DAGGER]) await own(player, item, item === GOLD ? 100 : 0);
  }
});

describe('using, buying, selling', () => {
  test('use.dead: the dead do not drink', async () => {
    await stand(hostile, { health: 0 });
    await refusedRequest('use.dead', { item: HEALTH_POTION });
  });

  test('use.none_held: a potion that is not there', () => refusedRequest('use.none_held', { item: HEALTH_POTION }));

  test('use.too_soon: a second potion at once', async () => {
    await own(hostile, HEALTH_POTION, 2);
    await stand(hostile, { health: 10 });
    expect(await ask(hostile, { use: { item: HEALTH_POTION } })).toBe('');
    await refusedRequest('use.too_soon', { item: HEALTH_POTION }, new Map([[hostile, ['health']]]));
  });

  test('use.no_need: a potion that would give nothing is kept', async () => {
    await own(hostile, HEALTH_POTION, 2);
    await refusedRequest('use.no_need', { item: HEALTH_POTION });
  });

  test('equip.none_held: a sword that is not there', () => refusedRequest('equip.none_held', { item: SWORD }));

  test('unequip.not_worn: what one does not wear', () => refusedRequest('unequip.not_worn', { item: SWORD }));

  test('buy.dead: the dead do not buy', async () => {
    await stand(hostile, { ...AT_VENDOR, health: 0 });
    await refusedRequest('buy.dead', { item: HEALTH_POTION, count: 1 });
  });

  test('buy.no_vendor: from the other end of the square', () =>
    refusedRequest('buy.no_vendor', { item: HEALTH_POTION, count: 1 }));

  test('buy.too_poor: for gold that is not there', async () => {
    await stand(hostile, AT_VENDOR);
    await refusedRequest('buy.too_poor', { item: SWORD, count: 1000 });
  });

  test('buy.no_room: into a full inventory', async () => {
    await stand(hostile, AT_VENDOR);
    await own(hostile, GOLD, 100_000);
    await own(hostile, DAGGER, PLACES);
    await refusedRequest('buy.no_room', { item: HEALTH_POTION, count: 1 });
  });

  test('sell.dead: the dead do not sell', async () => {
    await stand(hostile, { ...AT_VENDOR, health: 0 });
    await refusedRequest('sell.dead', { item: DAGGER, count: 1 });
  });

  test('sell.no_vendor: to the other end of the square', () =>
    refusedRequest('sell.no_vendor', { item: DAGGER, count: 1 }));

  test('sell.none_held: what is not there', async () => {
    await stand(hostile, AT_VENDOR);
    await own(hostile, DAGGER, 2);
    await refusedRequest('sell.none_held', { item: DAGGER, count: 3 });
  });

  test('sell.no_room: for gold that fits no purse', async () => {
    await stand(hostile, AT_VENDOR);
    await own(hostile, DAGGER, 1);
    await own(hostile, GOLD, COUNT_MAX - 1);
    await refusedRequest('sell.no_room', { item: DAGGER, count: 1 });
  });
});

describe('trading', () => {
  test('tradeOffer.no_such_player: to who is not there', () =>
    refusedRequest('tradeOffer.no_such_player', { name: 'not-here' }));

  test('tradeOffer.yourself: to oneself', () => refusedRequest('tradeOffer.yourself', { name: hostile.name }));

  test('tradeOffer.dead: by the dead', async () => {
    await stand(hostile, { health: 0 });
    await refusedRequest('tradeOffer.dead', { name: victim.name });
  });

  test('tradeOffer.too_far: to who stands elsewhere', () =>
    refusedRequest('tradeOffer.too_far', { name: others[0]!.name }));

  test('tradeOffer.busy: to who trades with another one', async () => {
    expect(await ask(third, { tradeOffer: { name: victim.name } })).toBe('');
    expect(await ask(victim, { tradeAccept: {} })).toBe('');
    await refusedRequest('tradeOffer.busy', { name: victim.name });
  });

  test('tradeOffer.too_soon: to the same one after a no', async () => {
    expect(await ask(hostile, { tradeOffer: { name: victim.name } })).toBe('');
    expect(await ask(victim, { tradeDecline: {} })).toBe('');
    await refusedRequest('tradeOffer.too_soon', { name: victim.name });
  });

  test('tradeAccept.no_offer: what nobody offered', () => refusedRequest('tradeAccept.no_offer'));

  test('tradeAccept.dead: by the dead', async () => {
    expect(await ask(victim, { tradeOffer: { name: hostile.name } })).toBe('');
    await stand(hostile, { health: 0 });
    await refusedRequest('tradeAccept.dead');
  });

  test('tradeAccept.too_far: after walking away', async () => {
    expect(await ask(victim, { tradeOffer: { name: hostile.name } })).toBe('');
    await stand(hostile, { zMm: 10_000 });
    await refusedRequest('tradeAccept.too_far');
  });

  test('tradeDecline.no_trade: none', () => refusedRequest('tradeDecline.no_trade'));

  test('tradeSet.no_trade: in none', () => refusedRequest('tradeSet.no_trade', { item: GOLD, count: 1 }));

  test('tradeSet.none_held: what is not there', async () => {
    await startTrade();
    await refusedRequest('tradeSet.none_held', { item: GOLD, count: COUNT_MAX });
  });

  test('tradeConfirm.no_trade: to none', () => refusedConfirm('no_trade'));

  test('tradeConfirm.changed: to what was on the table before', async () => {
    await startTrade();
    const { revision } = hostile;
    await setOffer(victim, GOLD, 1);
    await refusedRequest('tradeConfirm.changed', { revision });
  });

  test('tradeConfirm.none_held: to give what is gone by then', async () => {
    await own(hostile, DAGGER, 1);
    await startTrade();
    await setOffer(hostile, DAGGER, 1);
    await own(hostile, DAGGER, 0);
    await refusedConfirm('none_held');
  });

  test('tradeConfirm.no_room: to get what fits no inventory', async () => {
    await own(victim, HEALTH_POTION, 1);
    await own(hostile, DAGGER, PLACES);
    await startTrade();
    await setOffer(victim, HEALTH_POTION, 1);
    await refusedConfirm('no_room');
  });

  test('tradeConfirm.other_none_held: to get what is gone by then', async () => {
    await own(victim, DAGGER, 1);
    await startTrade();
    await setOffer(victim, DAGGER, 1);
    await own(victim, DAGGER, 0);
    await refusedConfirm('other_none_held');
  });

  test('tradeConfirm.other_no_room: to give what fits no inventory', async () => {
    await own(hostile, HEALTH_POTION, 1);
    await own(victim, DAGGER, PLACES);
    await startTrade();
    await setOffer(hostile, HEALTH_POTION, 1);
    await refusedConfirm('other_no_room');
  });
});
