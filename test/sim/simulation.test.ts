import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { game } from '../../src/game/game.ts';
import { hashText, hashWords } from '../../src/sim/hash.ts';
import { applyInputs, createPendingInputs, type PendingInputs, storeInput } from '../../src/sim/pending-inputs.ts';
import { createSimulation, NO_SURROUNDINGS, predictStep, stepSimulation } from '../../src/sim/simulation.ts';
import {
  advanceTick,
  createWorld,
  despawnEntity,
  resetWorld,
  restoreWorld,
  spawnEntity,
  type World,
} from '../../src/sim/world.ts';

const CAPACITY = 53;

interface Run {
  readonly world: World;
  readonly pending: PendingInputs;
  readonly sim: Parameters<NonNullable<typeof game.join>>[0];
}

function makeRun(worldSeed: number): Run {
  const world = createWorld(game.allColumns, CAPACITY);
  resetWorld(world, worldSeed);
  const sim = createSimulation(game, world, worldSeed, NO_SURROUNDINGS) as Run['sim'];
  return { world, pending: createPendingInputs(world, game.inputNames), sim };
}

function hashRun({ world, pending }: Run): string {
  const hash = { low: 0, high: 0 };
  hashWords(hash, world.words);
  hashWords(hash, pending.words);
  return hashText(hash);
}

/** Joins, leaves and inputs of one tick, drawn from the script's seed. */
function play({ world, pending, sim }: Run, scriptSeed: number, fromTick: number, ticks: number): void {
  const values = new Int32Array(4);
  for (let tick = fromTick; tick < fromTick + ticks; tick++) {
    const random = createRandom(scriptSeed * 1000 + tick);
    if (random.below(4) === 0) {
      const slot = spawnEntity(world, 1);
      if (slot >= 0) {
        world.columns.client[slot] = slot + 1;
        game.join!(sim, slot, random.below(3) > 0);
      }
    }
    const leaving = random.below(CAPACITY);
    if (random.below(9) === 0 && world.columns.kind[leaving] !== 0) despawnEntity(world, leaving);
    for (let slot = 0; slot < CAPACITY; slot++) {
      if (world.columns.kind[slot] === 0 || random.below(5) === 0) continue;
      values.set([random.below(255) - 127, random.below(255) - 127, random.below(65_536), random.below(2)]);
      storeInput(pending, slot, tick, values, 0);
    }
    advanceTick(world);
    applyInputs(pending, world, tick);
    stepSimulation(game, sim);
  }
}

test('the same seed and the same inputs give the same state; another seed or another input another one', () => {
  const [first, second, other, otherWorld, otherInput] = [makeRun(5), makeRun(5), makeRun(5), makeRun(6), makeRun(5)];
  play(first, 1, 1, 400);
  play(second, 1, 1, 400);
  play(other, 2, 1, 400);
  play(otherWorld, 1, 1, 400);
  play(otherInput, 1, 1, 399);
  storeInput(otherInput.pending, 0, 400, Int32Array.of(3, 3, 3, 3), 0);
  play(otherInput, 1, 400, 1);
  expect(hashRun(second)).toBe(hashRun(first));
  expect(hashRun(other)).not.toBe(hashRun(first));
  expect(hashRun(otherWorld)).not.toBe(hashRun(first));
});

test('one bit of one input is enough for another state', () => {
  const runs = [0, 1].map((bit) => {
    const run = makeRun(5);
    play(run, 1, 1, 50);
    const slot = run.world.columns.kind.findIndex((kind) => kind !== 0);
    run.world.columns.aim[slot]! ^= bit;
    stepSimulation(game, run.sim);
    return hashRun(run);
  });
  expect(runs[0]).not.toBe(runs[1]);
});

test('a restored state goes on as the original does', () => {
  const original = makeRun(9);
  play(original, 3, 1, 250);
  const restored = makeRun(9);
  restoreWorld(restored.world, original.world.words.slice());
  restored.pending.words.set(original.pending.words);
  expect(hashRun(restored)).toBe(hashRun(original));
  play(original, 3, 251, 250);
  play(restored, 3, 251, 250);
  expect(hashRun(restored)).toBe(hashRun(original));
});

test('a client predicts only the systems that say so', () => {
  const { world, sim } = makeRun(1);
  const ran: string[] = [];
  const systems = [
    { name: 'a', predicted: true, run: () => ran.push('a') },
    { name: 'b', run: () => ran.push('b') },
    { name: 'c', predicted: true, run: () => ran.push('c') },
  ];
  predictStep({ ...game, systems }, sim, world);
  expect(ran).toEqual(['a', 'c']);
  expect(sim.tick).toBe(1);
  stepSimulation({ ...game, systems }, sim);
  expect(ran).toEqual(['a', 'c', 'a', 'b', 'c']);
  expect(sim.tick).toBe(1);
});

test('the simulation a game gets is its world', () => {
  const { world, sim } = makeRun(1);
  const slot = sim.spawn(1);
  expect(sim.slotCount).toBe(slot + 1);
  expect(sim.find(sim.handle(slot))).toBe(slot);
  expect(sim.columns).toBe(world.columns);
  sim.despawn(slot);
  expect(sim.slotCount).toBe(0);
  expect(sim.random()).toBeLessThan(2 ** 32);
});
