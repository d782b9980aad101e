import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { fadeOffset } from '../../src/client/fading-offset.ts';
import {
  createPrediction,
  inputPlace,
  type Prediction,
  predictedAt,
  predictTick,
  reconcile,
  resetPrediction,
} from '../../src/client/prediction.ts';
import { game } from '../../src/game/game.ts';
import { createSimulation, NO_SURROUNDINGS, stepSimulation } from '../../src/sim/simulation.ts';
import { advanceTick, createWorld, resetWorld, setWorldTick, spawnEntity, type World } from '../../src/sim/world.ts';
import { createReplicas, type Replica } from '../../src/snapshot/replicas.ts';
import { createInputLayout, INPUT_VALUES_WORD } from '../../src/wire/client-frame.ts';

const SEED = 99;
const layout = createInputLayout(game);

/** The state of slot 0 as its owner's client has it after a snapshot. */
function receive(world: World, tick: number): { replicas: ReturnType<typeof createReplicas>; own: Replica } {
  const replicas = createReplicas(game.rows);
  replicas.tick = tick;
  const values = new Int32Array(game.rows.length);
  for (let row = 0; row < values.length; row++) {
    const { column, shift, mask } = game.rows[row]!;
    values[row] = (world.columns[column]![0]! >> shift) & mask;
  }
  const own: Replica = {
    slot: 0,
    generation: 1,
    kind: 1,
    name: 'p',
    ticks: Int32Array.of(tick),
    values,
    count: 1,
    baselineTick: -1,
    toldIn: 0,
  };
  return { replicas, own };
}

function createServer(): { world: World; step(input: readonly number[]): number } {
  const world = createWorld(game.allColumns, 4);
  resetWorld(world, SEED);
  setWorldTick(world, 1000);
  const sim = createSimulation(game, world, SEED, NO_SURROUNDINGS);
  spawnEntity(world, 1);
  game.join?.(sim as never, 0, true);
  const { moveX, moveZ, aim, buttons } = world.columns;
  return {
    world,
    step(input) {
      const tick = advanceTick(world);
      [moveX[0], moveZ[0], aim[0], buttons[0]] = input as [number, number, number, number];
      stepSimulation(game, sim);
      return tick;
    },
  };
}

function predict(prediction: Prediction, tick: number, input: readonly number[]): void {
  prediction.inputs.set(input, inputPlace(prediction, tick) + INPUT_VALUES_WORD);
  predictTick(prediction, tick);
}

function randomInput(random: ReturnType<typeof createRandom>): number[] {
  const angle = random.fraction() * 7;
  return [Math.trunc(Math.cos(angle) * 127), Math.trunc(Math.sin(angle) * 127), random.below(65_536), random.below(2)];
}

test('client and server run the same inputs to the same bits, and nothing is corrected', () => {
  const random = createRandom(SEED);
  const server = createServer();
  const prediction = createPrediction(game, layout, SEED);
  let state = receive(server.world, 1000);
  expect(reconcile(prediction, state.replicas, state.own)).toBe(-1);
  let input = randomInput(random);
  for (let count = 0; count < 5000; count++) {
    if (count % 40 === 0) input = randomInput(random);
    const tick = server.step(input);
    predict(prediction, tick, input);
    state = receive(server.world, tick);
    // walkedM is its owner's to see and not predicted: taking it must not count as a wrong position.
    expect(reconcile(prediction, state.replicas, state.own)).toBe(0);
  }
});

test('a lost input is corrected by running the later ones again, whatever the delay', () => {
  for (const delay of [1, 7, 40, 100]) {
    const random = createRandom(SEED + delay);
    const server = createServer();
    const prediction = createPrediction(game, layout, SEED);
    let state = receive(server.world, 1000);
    reconcile(prediction, state.replicas, state.own);
    const waiting: ReturnType<typeof receive>[] = [];
    const errors: number[] = [];
    for (let count = 1; count <= 400; count++) {
      const input = randomInput(random);
      const isLost = count === 50;
      const tick = server.step(isLost ? [0, 0, 0, 0] : input);
      predict(prediction, tick, input);
      waiting.push(receive(server.world, tick));
      if (waiting.length <= delay) continue;
      state = waiting.shift()!;
      errors.push(reconcile(prediction, state.replicas, state.own));
    }
    expect(errors.filter((mm) => mm > 0)).toHaveLength(1);
    expect(predictedAt(prediction, 1400, 'positionX')).toBe(server.world.columns.positionX[0]);
    expect(predictedAt(prediction, 1400, 'positionZ')).toBe(server.world.columns.positionZ[0]);
  }
});

test('what is shown moves on without a jump and fades to the truth; what was moved far is there at once', () => {
  const server = createServer();
  const prediction = createPrediction(game, layout, SEED);
  const first = receive(server.world, 1000);
  reconcile(prediction, first.replicas, first.own);
  const step = (): ReturnType<typeof receive> => {
    const tick = server.step([0, 0, 0, 0]);
    predict(prediction, tick, [0, 0, 0, 0]);
    return receive(server.world, tick);
  };
  step();
  const shown = server.world.columns.positionX[0]! / 128;
  server.world.columns.positionX[0]! += 500 * 128;
  let state = step();
  expect(reconcile(prediction, state.replicas, state.own)).toBe(500);
  expect(prediction.world.columns.positionX[0]! / 128 + prediction.offsetX).toBeCloseTo(shown, 6);
  fadeOffset(prediction, 100);
  expect(Math.abs(prediction.offsetX)).toBeLessThan(60);
  server.world.columns.positionX[0]! -= 30_000 * 128;
  state = step();
  expect(reconcile(prediction, state.replicas, state.own)).toBe(30_000);
  expect(prediction.offsetX).toBe(0);
});

test('a state that comes before any prediction, one from the future and one from long ago are taken as they are', () => {
  const server = createServer();
  const prediction = createPrediction(game, layout, SEED);
  predict(prediction, 5, [127, 0, 0, 0]);
  expect(prediction.tick).toBe(-1);
  let state = receive(server.world, 1000);
  expect(reconcile(prediction, state.replicas, state.own)).toBe(-1);
  expect(prediction.tick).toBe(1000);
  state = receive(server.world, 1010);
  expect(reconcile(prediction, state.replicas, state.own)).toBe(-1);
  expect(prediction.tick).toBe(1010);
  for (let tick = 1011; tick <= 1500; tick++) predict(prediction, tick, [127, 0, 0, 0]);
  state = receive(server.world, 1011);
  expect(reconcile(prediction, state.replicas, state.own)).toBe(-1);
  expect(prediction.tick).toBe(1011);
  resetPrediction(prediction);
  expect(prediction.tick).toBe(-1);
  expect(predictedAt(prediction, 1011, 'positionX')).toBeUndefined();
});
