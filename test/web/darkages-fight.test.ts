import { expect, test } from 'vitest';
import { game as tag } from '../../examples/tag/game.ts';
import { createClient } from '../../src/client/client.ts';
import type { EntityView } from '../../src/client/interpolation.ts';
import type { Client } from '../../src/client/state.ts';
import { BOLT, MEND, METEOR, SLASH } from '../../src/game/abilities.ts';
import { game } from '../../src/game/game.ts';
import { LOOT, PLAYER, WOLF } from '../../src/game/kinds.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import {
  createFight,
  type Fight,
  handleOf,
  hasFight,
  pressAbility,
  releaseAbility,
  viewOf,
  wantedAbility,
  writeFight,
} from '../../src/web/darkages-fight.ts';

const shipped = game as unknown as AnyGame;

function newFight(columns: Record<string, number> = {}): { client: Client; fight: Fight } {
  const client = createClient({
    game: shipped,
    requestSession: () => {},
    openSocket: () => ({ send: () => {}, close: () => {} }),
    clock: { now: () => 0 },
    random: () => 0,
  });
  Object.assign(client.own.columns, { health: 100, mana: 100, party: 0 }, columns);
  return { client, fight: createFight(client, () => {}) };
}

function addView(
  client: Client,
  slot: number,
  kind: number,
  x: number,
  columns: Record<string, number> = {},
): EntityView {
  const replica = {
    slot,
    generation: 3,
    kind,
    name: '',
    ticks: new Int32Array(),
    values: new Int32Array(),
    count: 0,
    baselineTick: -1,
    toldIn: 0,
  };
  const view: EntityView = {
    replica,
    slot,
    kind,
    name: '',
    x,
    y: 0,
    z: 0,
    facing: 0,
    columns: { health: 40, party: 0, ...columns },
    isExtrapolated: false,
    newestTick: 0,
    offsetX: 0,
    offsetY: 0,
    offsetZ: 0,
  };
  client.interpolation.views.set(slot, view);
  return view;
}

test('a game without these columns has no fight', () => {
  expect(hasFight(shipped)).toBe(true);
  expect(hasFight(tag as unknown as AnyGame)).toBe(false);
});

test('a tap counts for a moment, a held key until it is let go, the newest first', () => {
  const { fight } = newFight();
  pressAbility(fight, BOLT, 1000);
  releaseAbility(fight, BOLT);
  expect([wantedAbility(fight, 1100), wantedAbility(fight, 1200)]).toEqual([BOLT, 0]);
  pressAbility(fight, SLASH, 2000);
  pressAbility(fight, METEOR, 2000);
  expect(wantedAbility(fight, 9000)).toBe(METEOR);
  releaseAbility(fight, METEOR);
  expect(wantedAbility(fight, 9000)).toBe(SLASH);
});

test('the cursor says how far and at whom; nobody is named where that would be refused', () => {
  const { client, fight } = newFight({ party: 7 });
  const wolf = addView(client, 4, WOLF, 2000);
  fight.hasCursor = true;
  fight.cursorX = 2100;
  pressAbility(fight, SLASH, 0);
  writeFight(fight, 0);
  expect(client.intent.inputs).toEqual({ ability: SLASH, target: handleOf(wolf), reach: 210 });
  expect(viewOf(fight, handleOf(wolf))).toBe(wolf);
  expect(viewOf(fight, handleOf(wolf) + 0x1_0000)).toBeUndefined();
  wolf.x = 4000;
  fight.cursorX = 4000;
  writeFight(fight, 0);
  expect(client.intent.inputs.target).toBe(0);
  const friend = addView(client, 5, PLAYER, -3000, { party: 7 });
  fight.cursorX = -3000;
  writeFight(fight, 0);
  expect(client.intent.inputs.target).toBe(0);
  pressAbility(fight, MEND, 0);
  writeFight(fight, 0);
  expect(client.intent.inputs).toMatchObject({ ability: MEND, target: handleOf(friend) });
  fight.cursorX = 90_000;
  writeFight(fight, 0);
  expect(client.intent.inputs).toMatchObject({ target: 0, reach: 2500 });
});

test('fingers aim at the nearest enemy within reach, not at the dead, friends or loot', () => {
  const { client, fight } = newFight({ party: 7 });
  addView(client, 1, LOOT, 500);
  addView(client, 2, WOLF, 600, { health: 0 });
  addView(client, 3, PLAYER, 700, { party: 7 });
  const wolf = addView(client, 4, WOLF, -5000);
  fight.isAssisted = true;
  client.intent.aim = 123;
  pressAbility(fight, BOLT, 0);
  writeFight(fight, 0);
  expect(client.intent).toMatchObject({ aim: 32_768, inputs: { ability: BOLT, target: handleOf(wolf), reach: 500 } });
  wolf.x = -60_000;
  client.intent.aim = 123;
  writeFight(fight, 0);
  expect(client.intent).toMatchObject({ aim: 123, inputs: { target: 0 } });
});
