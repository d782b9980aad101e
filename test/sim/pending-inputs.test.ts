import fc from 'fast-check';
import { expect, test } from 'vitest';
import { INPUT_REPEAT_TICKS_MAX, PENDING_INPUTS } from '../../src/base/limits.ts';
import { ENGINE_COLUMNS } from '../../src/sim/columns.ts';
import {
  applyInputs,
  checkInputTick,
  clearInputs,
  createPendingInputs,
  INPUT_DUPLICATE,
  INPUT_EARLY,
  INPUT_STALE,
  INPUT_TAKEN,
  type PendingInputs,
  storeInput,
} from '../../src/sim/pending-inputs.ts';
import { createWorld, resetWorld, spawnEntity, type World } from '../../src/sim/world.ts';

const SPECS = { ...ENGINE_COLUMNS, pitch: { type: 'i32', seenBy: 'nobody' } } as const;

function make(players: number): { world: World; pending: PendingInputs } {
  const world = createWorld(SPECS, players);
  resetWorld(world, 1);
  for (let slot = 0; slot < players; slot++) world.columns.client[spawnEntity(world, 1)] = slot + 1;
  return { world, pending: createPendingInputs(world, ['pitch']) };
}

interface Model {
  readonly waiting: Map<number, number[]>;
  newest: number;
  lastApplied: number;
  force: number[];
}

function modelCheck(model: Model, tick: number, nextTick: number): number {
  if (tick < nextTick) return INPUT_STALE;
  if (tick >= nextTick + PENDING_INPUTS) return INPUT_EARLY;
  return model.waiting.has(tick) ? INPUT_DUPLICATE : INPUT_TAKEN;
}

/** Puts the model's input in force; true when there was none though the player has sent some. */
function modelApply(model: Model, tick: number): boolean {
  if (model.newest === 0) return false;
  const values = model.waiting.get(tick);
  if (values) {
    model.force = values;
    model.lastApplied = tick;
    return false;
  }
  if (tick - model.lastApplied > INPUT_REPEAT_TICKS_MAX) model.force = [0, 0, model.force[2]!, 0, 0, 0];
  return true;
}

function inForce(world: World, slot: number): number[] {
  const { moveX, moveZ, aim, buttons, viewAge, pitch } = world.columns;
  return [moveX[slot]!, moveZ[slot]!, aim[slot]!, buttons[slot]!, viewAge[slot]!, pitch![slot]!];
}

const arrival = fc.record({
  slot: fc.nat({ max: 2 }),
  ahead: fc.oneof(fc.integer({ min: -3, max: 5 }), fc.integer({ min: -40, max: 40 })),
  value: fc.integer({ min: 1, max: 99 }),
});

test('taken, stale, early, duplicate, in force, repeated, standing: as in a slow model', () => {
  const ticks = fc.array(fc.oneof(fc.constant([]), fc.array(arrival, { maxLength: 5 })), { maxLength: 120 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), ticks, (firstTick, list) => {
      const { world, pending } = make(3);
      const models: Model[] = [0, 1, 2].map(() => ({
        waiting: new Map(),
        newest: 0,
        lastApplied: 0,
        force: [0, 0, 0, 0, 0, 0],
      }));
      for (const [index, arrivals] of list.entries()) {
        const nextTick = firstTick + index;
        for (const { slot, ahead, value } of arrivals) {
          const tick = nextTick + ahead;
          if (tick < 1) continue;
          const model = models[slot]!;
          const expected = modelCheck(model, tick, nextTick);
          expect(checkInputTick(pending, slot, tick, nextTick)).toBe(expected);
          if (expected === INPUT_TAKEN || expected === INPUT_STALE) model.newest = Math.max(model.newest, tick);
          if (expected !== INPUT_TAKEN) continue;
          const values = [value, -value, value * 7, value * 11, value * 3, value * 13];
          storeInput(pending, slot, tick, Int32Array.from([0, ...values]), 1);
          model.waiting.set(tick, values);
        }
        const starved = models.filter((model) => modelApply(model, nextTick)).length;
        expect(applyInputs(pending, world, nextTick)).toBe(starved);
        for (const [slot, model] of models.entries()) {
          expect(inForce(world, slot)).toEqual(model.force);
          expect(world.columns.inputTick[slot]).toBe(model.lastApplied);
        }
      }
    }),
    { numRuns: 80 },
  );
});

test('an input is repeated for 15 ticks, then the player stands and keeps its aim', () => {
  const { world, pending } = make(1);
  storeInput(pending, 0, 100, Int32Array.from([5, 6, 7, 1, 9, 3]), 0);
  for (let tick = 100; tick <= 100 + INPUT_REPEAT_TICKS_MAX; tick++) {
    applyInputs(pending, world, tick);
    expect(inForce(world, 0)).toEqual([5, 6, 7, 1, 9, 3]);
  }
  applyInputs(pending, world, 101 + INPUT_REPEAT_TICKS_MAX);
  expect(inForce(world, 0)).toEqual([0, 0, 7, 0, 0, 0]);
});

test('the inputs of a slot without a client are left alone, and a cleared slot has none', () => {
  const { world, pending } = make(2);
  world.columns.client[0] = 0;
  for (const slot of [0, 1]) storeInput(pending, slot, 9, Int32Array.from([5, 6, 7, 1, 9, 3]), 0);
  clearInputs(pending, 1);
  expect(applyInputs(pending, world, 9)).toBe(0);
  expect(inForce(world, 0)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(inForce(world, 1)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(checkInputTick(pending, 1, 9, 9)).toBe(INPUT_TAKEN);
});

/** Runs ticks 1001 …, in each of which the client's input for `tick + lead` arrives; returns the lead told last. */
function runLead(world: World, pending: PendingInputs, fromTick: number, leads: readonly number[]): number {
  for (const [index, lead] of leads.entries()) {
    const nextTick = fromTick + index;
    const tick = nextTick + lead;
    if (checkInputTick(pending, 0, tick, nextTick) === INPUT_TAKEN) {
      storeInput(pending, 0, tick, new Int32Array(5), 0);
    }
    applyInputs(pending, world, nextTick);
  }
  return world.columns.inputLead[0]!;
}

test('lead: none before the first input, at once with it, down at once, up by one every 16 ticks', () => {
  const { world, pending } = make(1);
  for (let tick = 900; tick < 1000; tick++) applyInputs(pending, world, tick);
  expect(world.columns.inputLead[0]).toBe(0);
  expect(runLead(world, pending, 1001, Array(10).fill(6))).toBe(6);
  expect(runLead(world, pending, 1011, [6, 6, 6, 6, 6, 6, ...Array(6).fill(2)])).toBeLessThanOrEqual(6);
  expect(runLead(world, pending, 1023, Array(64).fill(2))).toBe(2);
  expect(runLead(world, pending, 1087, Array(32).fill(5))).toBe(4);
});

test('lead: a client whose inputs all come too late is told by how much', () => {
  const { world, pending } = make(1);
  expect(runLead(world, pending, 1001, Array(200).fill(-4))).toBe(-4);
});

test('lead: after a pause it is taken anew', () => {
  const { world, pending } = make(1);
  runLead(world, pending, 1001, Array(40).fill(3));
  for (let tick = 1041; tick < 1300; tick++) applyInputs(pending, world, tick);
  expect(world.columns.inputLead[0]).toBe(-PENDING_INPUTS);
  expect(runLead(world, pending, 1300, Array(5).fill(3))).toBe(3);
});
