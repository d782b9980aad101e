import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HISTORY_FRAMES } from '../../src/base/limits.ts';
import { type ColumnSpecs, createRows, ENGINE_COLUMNS } from '../../src/sim/columns.ts';
import {
  CHANGED_TICK,
  createHistory,
  frameOffset,
  frameSlotCount,
  GENERATION,
  type History,
  historyBytes,
  historyEpoch,
  INPUT_LEAD,
  INPUT_TICK,
  isFrameHeld,
  KIND,
  newestTick,
  publishFrame,
  ROWS,
  resetHistory,
} from '../../src/sim/history.ts';
import {
  advanceTick,
  createWorld,
  despawnEntity,
  resetWorld,
  setWorldTick,
  slotCount,
  spawnEntity,
  type World,
} from '../../src/sim/world.ts';
import { BELIEVED, REFUSED, rowsOfTick, STOP, slotsOfTick, TORN, testRows, testSpecs } from './history-model.ts';

const SPECS = {
  ...ENGINE_COLUMNS,
  health: { type: 'u16', seenBy: 'everyone', field: 16 },
  coins: { type: 'u31', seenBy: 'owner', field: 17 },
  secret: { type: 'i32', seenBy: 'nobody' },
} as const satisfies ColumnSpecs;

function makeHistory(rows: History['rows'], capacity: number): History {
  const history = createHistory(rows, capacity, new SharedArrayBuffer(historyBytes(rows, capacity)));
  resetHistory(history, 1);
  return history;
}

interface Seen {
  readonly kind: number;
  readonly generation: number;
  readonly shown: string;
  readonly changed: number;
}

/** What the next frame's records must be, from the world and the frame before; the slow and obvious way. */
function look(world: World, history: History, before: readonly Seen[], tick: number): Seen[] {
  return Array.from({ length: slotCount(world) }, (_, slot) => {
    const kind = world.columns.kind[slot]!;
    const generation = world.columns.generation[slot]!;
    const shown = history.rows
      .filter((row) => !row.ownerOnly)
      .map((row) => (world.columns[row.column]![slot]! >> row.shift) & row.mask)
      .join();
    const was = before[slot];
    const isSame = was?.kind === kind && was.generation === generation && was.shown === shown;
    return { kind, generation, shown, changed: isSame ? was.changed : tick };
  });
}

function compareFrame(world: World, history: History, seen: readonly Seen[], tick: number): void {
  expect(isFrameHeld(history, tick)).toBe(true);
  expect(newestTick(history)).toBe(tick);
  expect(frameSlotCount(history, tick)).toBe(seen.length);
  for (const [slot, { kind, generation, changed }] of seen.entries()) {
    const at = frameOffset(history, tick) + slot * history.stride;
    const record = history.records.subarray(at, at + history.stride);
    expect([record[KIND], record[GENERATION], record[CHANGED_TICK]]).toEqual([kind, generation, changed]);
    expect([record[INPUT_TICK], record[INPUT_LEAD]]).toEqual([
      world.columns.inputTick[slot],
      world.columns.inputLead[slot],
    ]);
    const rows = history.rows.map((row) => (world.columns[row.column]![slot]! >> row.shift) & row.mask);
    expect([...record.subarray(ROWS)]).toEqual(rows);
  }
}

const EDITED = ['positionX', 'facing', 'velocityZ', 'health', 'coins', 'secret', 'inputTick', 'inputLead'] as const;
const edit = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('spawn'), at: fc.nat(), value: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('despawn'), at: fc.nat(), value: fc.constant(0) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constantFrom(...EDITED),
      at: fc.nat(),
      value: fc.integer({ min: -300, max: 300 }),
    }),
  },
);

function applyEdit(world: World, what: string, at: number, value: number): void {
  const living = Array.from({ length: slotCount(world) }, (_, slot) => slot).filter(
    (slot) => world.columns.kind[slot] !== 0,
  );
  if (what === 'spawn') spawnEntity(world, value);
  else if (living.length === 0) return;
  else if (what === 'despawn') despawnEntity(world, living[at % living.length]!);
  else world.columns[what]![living[at % living.length]!] = value;
}

test('a frame holds the quantised columns, and its changed ticks are those of a slow model', () => {
  const ticks = fc.array(fc.array(edit, { maxLength: 6 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(fc.constantFrom(1, 3, 13), fc.constantFrom(1, 100, 127, 5000), ticks, (capacity, firstTick, list) => {
      const world = createWorld(SPECS, capacity);
      resetWorld(world, 1);
      setWorldTick(world, firstTick - 1);
      const history = makeHistory(createRows(SPECS), capacity);
      let seen: Seen[] = [];
      for (const edits of list) {
        const tick = advanceTick(world);
        for (const { what, at, value } of edits) applyEdit(world, what, at, value);
        publishFrame(history, world);
        seen = look(world, history, seen, tick);
        compareFrame(world, history, seen, tick);
      }
    }),
    { numRuns: 50 },
  );
});

test('stamps: the newest 127 frames are held, older, future and negative ones are not; a reset forgets all', () => {
  const world = createWorld(SPECS, 2);
  resetWorld(world, 1);
  const history = makeHistory(createRows(SPECS), 2);
  expect([newestTick(history), historyEpoch(history)]).toEqual([-1, 1]);
  for (let tick = 1; tick <= 300; tick++) {
    advanceTick(world);
    publishFrame(history, world);
  }
  for (let tick = -300; tick <= 600; tick++) {
    expect(isFrameHeld(history, tick)).toBe(tick <= 300 && tick > 300 - (HISTORY_FRAMES - 1));
  }
  resetHistory(history, 2);
  expect([newestTick(history), historyEpoch(history)]).toEqual([-1, 2]);
  for (let tick = -5; tick <= 305; tick++) expect(isFrameHeld(history, tick)).toBe(false);
});

test('after a gap in the ticks everything counts as changed', () => {
  const world = createWorld(SPECS, 3);
  resetWorld(world, 1);
  const history = makeHistory(createRows(SPECS), 3);
  spawnEntity(world, 1);
  advanceTick(world);
  publishFrame(history, world);
  setWorldTick(world, 9);
  publishFrame(history, world);
  expect(history.records[frameOffset(history, 9) + CHANGED_TICK]).toBe(9);
});

test('a reader in another thread believes no torn frame while the writer laps it', { timeout: 30_000 }, async () => {
  const capacity = 41;
  const history = makeHistory(testRows, capacity);
  const world = createWorld(testSpecs, capacity);
  resetWorld(world, 1);
  for (let slot = 0; slot < capacity; slot++) spawnEntity(world, 1);
  const counts = new Int32Array(new SharedArrayBuffer(16));
  const buffer = history.records.buffer;
  const reader = new Worker(new URL('./history-reader.ts', import.meta.url), {
    workerData: { buffer, counts, capacity },
  });
  const { a, b, c } = world.columns as unknown as Record<string, Int32Array>;
  const isDone = (): boolean => counts[BELIEVED]! >= 3000 && counts[REFUSED]! >= 30;
  for (let tick = 1; tick < 3_000_000 && !isDone(); tick++) {
    const value = rowsOfTick(tick);
    a!.fill(value);
    b!.fill(value);
    c!.fill(value);
    world.words[1] = slotsOfTick(tick, capacity);
    setWorldTick(world, tick);
    publishFrame(history, world);
  }
  Atomics.store(counts, STOP, 1);
  await once(reader, 'exit');
  expect(counts[TORN]).toBe(0);
  expect(counts[BELIEVED]).toBeGreaterThanOrEqual(3000);
  expect(counts[REFUSED]).toBeGreaterThanOrEqual(30);
});
