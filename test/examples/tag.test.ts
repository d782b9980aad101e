import { beforeEach, expect, test } from 'vitest';
import { game } from '../../examples/tag/game.ts';
import { POSITION_SHIFT } from '../../src/sim/game.ts';
import { createSimulation, NO_SURROUNDINGS, stepSimulation } from '../../src/sim/simulation.ts';
import { advanceTick, createWorld, despawnEntity, resetWorld, spawnEntity, type World } from '../../src/sim/world.ts';

type TagSimulation = Parameters<NonNullable<typeof game.join>>[0];

let world: World;
let sim: TagSimulation;
let events: { event: string; to: number; values: object }[];

beforeEach(() => {
  world = createWorld(game.allColumns, 7);
  resetWorld(world, 11);
  events = [];
  const emit = (event: string, to: number, values: object): unknown => events.push({ event, to, values });
  sim = createSimulation(game, world, 11, { ...NO_SURROUNDINGS, emit }) as TagSimulation;
});

/** A player at (x, 0) metres. */
function enter(xM: number): number {
  const slot = spawnEntity(world, game.kinds.player);
  game.join!(sim, slot, true);
  sim.columns.positionX[slot] = (xM * 1000) << POSITION_SHIFT;
  sim.columns.positionZ[slot] = 0;
  return slot;
}

function step(ticks: number): void {
  for (let tick = 0; tick < ticks; tick++) {
    advanceTick(world);
    stepSimulation(game, sim);
  }
}

function whoIsIt(): number[] {
  return [...sim.columns.it.keys()].filter((slot) => sim.columns.kind[slot] !== 0 && sim.columns.it[slot] === 1);
}

test('the first to join is it, a touch passes it on and is told to all, and not back at once', () => {
  const first = enter(0);
  const second = enter(3);
  expect(whoIsIt()).toEqual([first]);
  sim.columns.moveX[first] = 127;
  step(30);
  expect(whoIsIt()).toEqual([second]);
  expect(sim.columns.tags[first]).toBe(1);
  expect(events).toEqual([{ event: 'tagged', to: -1, values: { by: sim.handle(first), whom: sim.handle(second) } }]);
  sim.columns.moveX[first] = 0;
  step(70);
  expect(whoIsIt()).toEqual([second]);
  step(30);
  expect(whoIsIt()).toEqual([first]);
});

test('there is always exactly one who is it, whoever leaves', () => {
  const slots = [enter(0), enter(10), enter(20)];
  for (let left = 3; left > 0; left--) {
    expect(whoIsIt()).toHaveLength(1);
    const leaving = whoIsIt()[0]!;
    game.leave!(sim, leaving);
    despawnEntity(world, leaving);
  }
  expect(whoIsIt()).toEqual([]);
  expect(events).toHaveLength(2);
  enter(0);
  expect(whoIsIt()).toEqual([slots[0]]);
});

test('a taunt is refused with a reason or told to all', () => {
  const taunt = game.requests!.taunt!;
  const it = enter(0);
  const other = enter(20);
  expect(taunt.run(sim, it, { how: 1 })).toBe('you_are_it');
  expect(taunt.run(sim, other, { how: 2 })).toBe('');
  expect(taunt.run(sim, other, { how: 2 })).toBe('too_soon');
  expect(events).toEqual([{ event: 'taunted', to: -1, values: { by: sim.handle(other), how: 2 } }]);
  step(121);
  expect(taunt.run(sim, other, { how: 0 })).toBe('');
});

test('nobody runs faster than the limit, in any direction, nor out of the world', () => {
  const slot = enter(0);
  const { moveX, moveZ, positionX, positionZ } = sim.columns;
  const limit = (game.limits.speedMmPerS << POSITION_SHIFT) / 60;
  for (const [x, z] of [
    [127, 127],
    [-127, 127],
    [127, 0],
    [-90, 91],
    [32_767, -32_768],
  ] as const) {
    moveX[slot] = x;
    moveZ[slot] = z;
    const before = { x: positionX[slot]!, z: positionZ[slot]! };
    step(1);
    expect(Math.hypot(positionX[slot]! - before.x, positionZ[slot]! - before.z)).toBeLessThanOrEqual(limit);
    step(900);
    expect(Math.abs(positionX[slot]!)).toBeLessThanOrEqual(game.limits.worldHalfMm << POSITION_SHIFT);
  }
});

test('the page shows who is it', () => {
  expect(game.view!.tint!({ it: 1 })).toBe('#d04040');
  expect(game.view!.tint!({ it: 0 })).toBeUndefined();
});
