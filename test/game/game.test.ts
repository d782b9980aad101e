import { expect, test } from 'vitest';
import type { DarkAges } from '../../src/game/columns.ts';
import { game } from '../../src/game/game.ts';
import { isFreeSpot, SPAWN_HALF_MM } from '../../src/game/map.ts';
import { POSITION_SHIFT } from '../../src/sim/game.ts';
import { createSimulation, NO_SURROUNDINGS, stepSimulation } from '../../src/sim/simulation.ts';
import { createWorld, resetWorld, spawnEntity } from '../../src/sim/world.ts';
import { createTestZone, input, join, receive, request, run, slotOf } from '../zone/harness.ts';
import { quietGame } from './quiet-game.ts';

type GameSimulation = DarkAges;

function makeGame(capacity: number) {
  const world = createWorld(game.allColumns, capacity);
  resetWorld(world, 21);
  return { world, sim: createSimulation(game, world, 21, NO_SURROUNDINGS) as GameSimulation };
}

test('new players appear at different free spots near the centre, in full health, not turning', () => {
  const { world, sim } = makeGame(203);
  const spots = new Set<string>();
  for (let slot = 0; slot < 203; slot++) {
    spawnEntity(world, game.kinds.player);
    game.join!(sim, slot, true);
    const [x, z] = [sim.columns.positionX[slot]!, sim.columns.positionZ[slot]!];
    spots.add(`${x} ${z}`);
    expect(isFreeSpot(sim.map, x, z)).toBe(true);
    expect(Math.max(Math.abs(x), Math.abs(z))).toBeLessThanOrEqual(SPAWN_HALF_MM << POSITION_SHIFT);
    expect(sim.columns.health[slot]).toBe(100);
    expect(sim.columns.aim[slot]).toBe(sim.columns.facing[slot]);
  }
  expect(spots.size).toBe(203);
});

test('a returning player stands where it left, keeps what is saved, and is pushed out of a box', () => {
  const { world, sim } = makeGame(2);
  const { positionX, positionZ, health, walkedM, facing } = sim.columns;
  spawnEntity(world, game.kinds.player);
  spawnEntity(world, game.kinds.player);
  positionX[0] = 1234;
  facing[0] = 77;
  health[0] = 35;
  walkedM[0] = 9;
  game.join!(sim, 0, false);
  expect([positionX[0], positionZ[0], facing[0], health[0], walkedM[0]]).toEqual([1234, 0, 77, 35, 9]);
  const [x0, z0, x1, z1] = sim.map.boxes.slice(0, 4) as unknown as [number, number, number, number];
  positionX[1] = (x0 + x1) >> 1;
  positionZ[1] = (z0 + z1) >> 1;
  game.join!(sim, 1, false);
  expect(isFreeSpot(sim.map, positionX[1]!, positionZ[1]!)).toBe(true);
  stepSimulation(game, sim);
  expect(walkedM[1]).toBe(0);
});

test('the way is counted in whole metres, the rest is kept, and blocked steps do not count', () => {
  const { world, sim } = makeGame(1);
  const { moveX, buttons, health, walkedM, positionX, positionZ } = sim.columns;
  spawnEntity(world, game.kinds.player);
  health[0] = 100;
  game.join!(sim, 0, false);
  buttons[0] = 1;
  for (let tick = 0; tick < 240; tick++) {
    moveX[0] = tick % 120 < 60 ? 127 : -127;
    stepSimulation(game, sim);
  }
  expect([walkedM[0], positionX[0], positionZ[0]]).toEqual([30, 0, 0]);
  positionX[0] = sim.map.half;
  game.join!(sim, 0, false);
  moveX[0] = 127;
  for (let tick = 0; tick < 60; tick++) stepSimulation(game, sim);
  expect(walkedM[0]).toBe(30);
});

test('what is saved, and what the page draws', () => {
  expect(game.savedColumns).toEqual([
    'positionX',
    'positionY',
    'positionZ',
    'facing',
    'ledgerSeq',
    'health',
    'walkedM',
    'mana',
    'kills',
    'deaths',
    ...game.assets,
    'weapon',
    'armour',
  ]);
  const map = game.createMap(1);
  const { boxesMm } = game.view!.map!(map);
  expect(boxesMm).toHaveLength(map.boxes.length);
  expect(boxesMm![0]! << POSITION_SHIFT).toBe(map.boxes[0]);
});

test('through a whole zone: a blow is told to both, a press is refused, words arrive', () => {
  const zone = createTestZone(quietGame as never, 1, 5);
  for (const client of [0, 1]) {
    const saved = new Int32Array(game.savedColumns.length);
    saved[game.savedColumns.indexOf('positionX')] = client * 1500 * 128;
    saved[game.savedColumns.indexOf('health')] = 100;
    join(zone, client, { name: `player${client}`, saved });
  }
  run(zone, 200);
  receive(zone);
  const [attacker, target] = [slotOf(zone, 0), slotOf(zone, 1)];
  // The harness calls the first input of a game's own by the name that its own game gives it.
  input(zone, 0, { pitch: 1 });
  run(zone);
  input(zone, 0, {});
  run(zone);
  input(zone, 0, { pitch: 1 });
  run(zone);
  request(zone, 1, { id: 7, whisper: { to: 'PLAYER0', text: 'ouch' } });
  run(zone);
  const messages = receive(zone);
  const { health } = zone.zone.world.columns;
  expect([health![attacker], health![target]]).toEqual([100, 86]);
  const said = { channel: 2, from: 'player1', to: 'player0', text: 'ouch' };
  const hit = { target: zone.zone.sim.handle(target), by: zone.zone.sim.handle(attacker), ability: 1, amount: 14 };
  expect(messages).toMatchObject([
    { kind: 'event', client: 1, value: { hit } },
    { kind: 'event', client: 0, value: { hit } },
    { kind: 'event', client: 0, value: { refused: { ability: 1, reason: 3 } } },
    { kind: 'event', client: 0, value: { said } },
    { kind: 'event', client: 1, value: { said } },
    { kind: 'response', client: 1, value: { id: 7 } },
  ]);
});
