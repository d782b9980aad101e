// The player's own entity, ahead of the server: each input takes effect at once, in a world of one entity that runs
// the game's predicted systems; what the server says of a past tick is compared with what was predicted for it, and
// where they differ the server's state is taken and the inputs since are run again. The picture doesn't jump: the
// difference is shown as an offset that fades. Browser main thread, bots; no clock.

import { INPUT_REPEAT_TICKS_MAX } from '../base/limits.ts';
import { type ColumnSpecs, POSITION_SHIFT } from '../sim/columns.ts';
import type { AnyGame, Simulation } from '../sim/game.ts';
import { createSimulation, NO_SURROUNDINGS, predictStep } from '../sim/simulation.ts';
import { createWorld, resetWorld, setWorldTick, spawnEntity, type World } from '../sim/world.ts';
import { newestState, type Replica, type Replicas } from '../snapshot/replicas.ts';
import { INPUT_VALUES_WORD, type InputLayout } from '../wire/client-frame.ts';
import { type FadingOffset, setOffset } from './fading-offset.ts';

/** Ticks of states and inputs held, a power of two: two seconds, beyond any playable round trip. */
const RING_TICKS = 128;
const MASK = RING_TICKS - 1;
const UNITS_PER_MM = 1 << POSITION_SHIFT;

export interface Prediction extends FadingOffset {
  readonly game: AnyGame;
  readonly layout: InputLayout;
  readonly world: World;
  readonly sim: Simulation;
  /** Columns that the owner is sent, and the same as arrays of `world`. */
  readonly columnNames: readonly string[];
  readonly columns: readonly Int32Array[];
  /** Index in `columns` of each row's column, and of the three of the position. */
  readonly rowColumns: readonly number[];
  readonly positions: readonly number[];
  readonly facing: number;
  /** Columns that an input sets, in the order of its words. */
  readonly inputColumns: readonly Int32Array[];
  /** Newest predicted tick; −1 before the first state. */
  tick: number;
  readonly stateTicks: Int32Array;
  readonly states: Int32Array;
  readonly inputTicks: Int32Array;
  readonly inputs: Int32Array;
  readonly received: Int32Array;
}

export function createPrediction(game: AnyGame, layout: InputLayout, seed: number): Prediction {
  const world = createWorld(game.allColumns, 1);
  resetWorld(world, seed);
  spawnEntity(world, game.kinds.player);
  const specs = game.allColumns as ColumnSpecs;
  const columnNames = Object.keys(specs).filter((name) => specs[name]!.seenBy !== 'nobody');
  const inputNames = ['moveX', 'moveZ', 'aim', 'buttons', 'viewAge', ...game.inputNames];
  return {
    game,
    layout,
    world,
    sim: createSimulation(game, world, seed, NO_SURROUNDINGS),
    columnNames,
    columns: columnNames.map((name) => world.columns[name]!),
    rowColumns: game.rows.map(({ column }) => columnNames.indexOf(column)),
    positions: ['positionX', 'positionY', 'positionZ'].map((name) => columnNames.indexOf(name)),
    facing: columnNames.indexOf('facing'),
    inputColumns: inputNames.map((name) => world.columns[name]!),
    tick: -1,
    stateTicks: new Int32Array(RING_TICKS).fill(-1),
    states: new Int32Array(RING_TICKS * columnNames.length),
    inputTicks: new Int32Array(RING_TICKS).fill(-1),
    inputs: new Int32Array(RING_TICKS * layout.words),
    received: new Int32Array(columnNames.length),
    offsetX: 0,
    offsetY: 0,
    offsetZ: 0,
  };
}

/** Forgets everything but the map: a new connection, maybe with another entity. */
export function resetPrediction(prediction: Prediction): void {
  prediction.tick = -1;
  prediction.stateTicks.fill(-1);
  prediction.inputTicks.fill(-1);
  prediction.offsetX = 0;
  prediction.offsetY = 0;
  prediction.offsetZ = 0;
}

/** Where in `prediction.inputs` the input of a tick lies, for the caller to write it. */
export function inputPlace(prediction: Prediction, tick: number): number {
  return (tick & MASK) * prediction.layout.words;
}

export function hasInput(prediction: Prediction, tick: number): boolean {
  return prediction.inputTicks[tick & MASK] === tick;
}

/** Notes that the input of `tick` was written, and runs the tick with it. */
export function predictTick(prediction: Prediction, tick: number): void {
  prediction.inputTicks[tick & MASK] = tick;
  if (prediction.tick < 0 || tick <= prediction.tick) return;
  // After a jump of the clock: the ticks between had no input of ours.
  const first = Math.max(prediction.tick + 1, tick - RING_TICKS + 1);
  for (let next = first; next <= tick; next++) runTick(prediction, next);
}

function runTick(prediction: Prediction, tick: number): void {
  applyInput(prediction, tick);
  setWorldTick(prediction.world, tick - 1);
  predictStep(prediction.game, prediction.sim, prediction.world);
  storeState(prediction, tick);
  prediction.tick = tick;
}

/** Puts in force what the server does: the tick's input, or the last one for a quarter of a second, or none. */
function applyInput(prediction: Prediction, tick: number): void {
  const { inputs, inputColumns, world } = prediction;
  let from = tick;
  while (!hasInput(prediction, from)) {
    if (tick - --from <= INPUT_REPEAT_TICKS_MAX) continue;
    world.columns.moveX[0] = 0;
    world.columns.moveZ[0] = 0;
    world.columns.buttons[0] = 0;
    return;
  }
  const at = inputPlace(prediction, from) + INPUT_VALUES_WORD;
  for (let index = 0; index < inputColumns.length; index++) inputColumns[index]![0] = inputs[at + index]!;
}

function storeState(prediction: Prediction, tick: number): void {
  const { columns, states } = prediction;
  const at = (tick & MASK) * columns.length;
  for (let index = 0; index < columns.length; index++) states[at + index] = columns[index]![0]!;
  prediction.stateTicks[tick & MASK] = tick;
}

/**
 * The server's state of the own entity at `replicas.tick` arrived. Returns by how many mm the predicted position of
 * that tick was off, 0 when it was right, −1 when nothing was predicted for it.
 */
export function reconcile(prediction: Prediction, replicas: Replicas, own: Replica): number {
  const { tick } = replicas;
  const { columns, received, states, world } = prediction;
  readReceived(prediction, replicas, own);
  world.columns.kind[0] = own.kind & 0xff || prediction.game.kinds.player;
  world.columns.generation[0] = own.generation & 0x7fff;
  const isPredicted = prediction.stateTicks[tick & MASK] === tick && tick <= prediction.tick;
  const at = (tick & MASK) * columns.length;
  let isSame = isPredicted;
  for (let index = 0; isSame && index < columns.length; index++) isSame = states[at + index] === received[index];
  if (isSame) return 0;
  const errorMm = isPredicted ? distanceMm(prediction, at) : -1;
  const { positionX, positionY, positionZ } = world.columns;
  const beforeX = positionX[0]!;
  const beforeY = positionY[0]!;
  const beforeZ = positionZ[0]!;
  replay(prediction, tick);
  if (errorMm !== 0) {
    moveOffset(prediction, beforeX - positionX[0]!, beforeY - positionY[0]!, beforeZ - positionZ[0]!);
  }
  return errorMm;
}

/** Coarse and fine parts of what the owner is sent, joined: the columns as the server has them. */
function readReceived(prediction: Prediction, replicas: Replicas, own: Replica): void {
  const { rowColumns, received } = prediction;
  const { rows } = replicas;
  const at = newestState(replicas, own);
  received.fill(0);
  for (let row = 0; row < rows.length; row++) {
    received[rowColumns[row]!]! |= own.values[at + row]! << rows[row]!.shift;
  }
}

/** Takes the received state for that of `tick`, and runs what was predicted since again. */
function replay(prediction: Prediction, tick: number): void {
  const { columns, received } = prediction;
  const newest = prediction.tick;
  applyInput(prediction, tick);
  for (let index = 0; index < columns.length; index++) columns[index]![0] = received[index]!;
  setWorldTick(prediction.world, tick);
  storeState(prediction, tick);
  prediction.tick = tick;
  if (newest - tick >= RING_TICKS) return;
  for (let next = tick + 1; next <= newest; next++) runTick(prediction, next);
}

function distanceMm(prediction: Prediction, at: number): number {
  const { positions, states, received } = prediction;
  let squared = 0;
  for (const index of positions) {
    const difference = states[at + index]! - received[index]!;
    squared += difference * difference;
  }
  return Math.sqrt(squared) / UNITS_PER_MM;
}

function moveOffset(prediction: Prediction, unitsX: number, unitsY: number, unitsZ: number): void {
  const { offsetX, offsetY, offsetZ } = prediction;
  const x = offsetX + unitsX / UNITS_PER_MM;
  setOffset(prediction, x, offsetY + unitsY / UNITS_PER_MM, offsetZ + unitsZ / UNITS_PER_MM);
}

/** Where in `prediction.states` the state of a tick lies, its columns side by side; −1 when it is not held. */
export function statePlace(prediction: Prediction, tick: number): number {
  return prediction.stateTicks[tick & MASK] === tick ? (tick & MASK) * prediction.columns.length : -1;
}

/** Value of a predicted column at a tick, or undefined when that is not held. For tests. */
export function predictedAt(prediction: Prediction, tick: number, column: string): number | undefined {
  const index = prediction.columnNames.indexOf(column);
  const at = statePlace(prediction, tick);
  return index < 0 || at < 0 ? undefined : prediction.states[at + index];
}
