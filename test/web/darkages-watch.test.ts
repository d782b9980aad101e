import { expect, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import type { Client } from '../../src/client/state.ts';
import { METEOR, SLASH } from '../../src/game/abilities.ts';
import { game } from '../../src/game/game.ts';
import { AREA } from '../../src/game/kinds.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { createFight, type Fight } from '../../src/web/darkages-fight.ts';
import { noteHeal, noteHit, noteLoot, watchFight } from '../../src/web/darkages-watch.ts';

const OWN_HANDLE = 9 + 2 * 0x1_0000;

function newFight(): { client: Client; fight: Fight; sounds: string[] } {
  const client = createClient({
    game: game as unknown as AnyGame,
    requestSession: () => {},
    openSocket: () => ({ send: () => {}, close: () => {} }),
    clock: { now: () => 0 },
    random: () => 0,
  });
  const welcome = { zoneId: 1, seed: 1, slot: 9, generation: 2, name: 'Aldric', playerId: 'p' };
  client.welcome = { ...welcome, snapshotIntervalTicks: 3 };
  Object.assign(client.own.columns, { health: 100, actedTick: 0 });
  const sounds: string[] = [];
  return { client, fight: createFight(client, (name) => sounds.push(name)), sounds };
}

test('a hit on oneself is a number, a flash and pain; one on whom nobody sees is nothing', () => {
  const { fight, sounds } = newFight();
  noteHit(fight, { target: OWN_HANDLE, by: 0, ability: SLASH, amount: 14 }, 500);
  expect(fight.floats).toMatchObject([{ text: '14', tone: 'taken' }]);
  expect([fight.hurtMs, fight.hurtAmount, fight.flashes.get(-1)]).toEqual([500, 14, 500]);
  noteHit(fight, { target: OWN_HANDLE, by: 0, ability: SLASH, amount: 0 }, 600);
  expect(fight.floats[1]).toMatchObject({ text: 'shielded', tone: 'quiet' });
  expect(fight.hurtMs).toBe(500);
  noteHit(fight, { target: 77, by: OWN_HANDLE, ability: SLASH, amount: 14 }, 700);
  expect(fight.floats.length).toBe(2);
  expect(sounds).toEqual(['hurt', 'shield']);
});

test('heals and loot rise as numbers', () => {
  const { fight } = newFight();
  noteHeal(fight, { target: OWN_HANDLE, by: OWN_HANDLE, ability: 4, amount: 30 }, 0);
  noteLoot(fight, { variant: 1, amount: 7 }, 0);
  expect(fight.floats.map(({ text }) => text)).toEqual(['+30', '+7 gold']);
});

test('death and coming back are seen once each, and what was before the page is not', () => {
  const { client, fight, sounds } = newFight();
  watchFight(fight, 0);
  expect(sounds).toEqual([]);
  fight.held.push(SLASH);
  client.own.columns.health = 0;
  watchFight(fight, 16);
  watchFight(fight, 32);
  expect(fight.held).toEqual([]);
  client.own.columns.health = 100;
  watchFight(fight, 48);
  expect(sounds).toEqual(['death', 'rise']);
});

test('an act is shown when its tick changes; the own slash that was shown already is not shown again', () => {
  const { client, fight, sounds } = newFight();
  watchFight(fight, 0);
  client.sync.tick = 1000;
  Object.assign(client.own.columns, { actedAbility: SLASH, actedTick: 995 });
  watchFight(fight, 16);
  watchFight(fight, 32);
  expect(sounds).toEqual(['swing']);
  fight.swungTick = 1040;
  client.own.columns.actedTick = 1042;
  client.sync.tick = 1045;
  watchFight(fight, 48);
  expect(sounds).toEqual(['swing']);
});

test('an area strikes once, when the own time reaches it', () => {
  const { client, fight } = newFight();
  const columns = { castAbility: METEOR, castUntil: 500 };
  const view = { slot: 3, kind: AREA, x: 0, z: 0, facing: 0, columns } as never;
  client.interpolation.views.set(3, view);
  for (const tick of [499, 500, 501]) {
    client.sync.tick = tick;
    watchFight(fight, tick);
  }
  expect(fight.marks).toMatchObject([{ kind: 'impact', sizeMm: 3500, atMs: 500 }]);
});
