import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ENGINE_COLUMNS } from '../../src/sim/columns.ts';
import {
  aliveCount,
  createWorld,
  despawnEntity,
  entityHandle,
  findSlot,
  resetWorld,
  restoreWorld,
  setWorldTick,
  slotCount,
  spawnEntity,
  type World,
  worldBytes,
  worldRandom,
  worldTick,
} from '../../src/sim/world.ts';

function makeWorld(capacity: number): World {
  const world = createWorld(ENGINE_COLUMNS, capacity);
  resetWorld(world, 1);
  return world;
}

interface Model {
  /** Slot to handle. */
  readonly alive: Map<number, number>;
  readonly dead: Set<number>;
}

/** What must hold between any two calls. */
function compare(world: World, { alive, dead }: Model): void {
  expect(aliveCount(world)).toBe(alive.size);
  expect(slotCount(world)).toBe(Math.max(0, ...[...alive.keys()].map((slot) => slot + 1)));
  for (const [slot, handle] of alive) {
    expect(entityHandle(world, slot)).toBe(handle);
    expect(findSlot(world, handle)).toBe(slot);
    expect(handle).toBeGreaterThan(0);
  }
  for (const handle of dead) expect(findSlot(world, handle)).toBe(-1);
}

function lowestFree({ alive }: Model, capacity: number): number {
  for (let slot = 0; slot < capacity; slot++) if (!alive.has(slot)) return slot;
  return -1;
}

const command = fc.oneof(
  { weight: 5, arbitrary: fc.record({ what: fc.constant('spawn' as const), value: fc.integer({ min: 1, max: 255 }) }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('despawn' as const), value: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('restore' as const), value: fc.constant(0) }) },
);

test('spawn and despawn in any order: lowest slot first, columns zeroed, dead handles stay dead', () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 3, 7, 37, 100), fc.array(command, { maxLength: 150 }), (capacity, commands) => {
      const world = makeWorld(capacity);
      const model: Model = { alive: new Map(), dead: new Set() };
      for (const { what, value } of commands) {
        if (what === 'spawn') {
          const expected = lowestFree(model, capacity);
          const slot = spawnEntity(world, value);
          expect(slot).toBe(expected);
          if (slot < 0) continue;
          expect(world.columns.positionX[slot]).toBe(0);
          expect(world.columns.kind[slot]).toBe(value);
          world.columns.positionX[slot] = value;
          model.alive.set(slot, entityHandle(world, slot));
        } else if (what === 'despawn') {
          const slots = [...model.alive.keys()];
          if (slots.length === 0) continue;
          const slot = slots[value % slots.length]!;
          model.dead.add(model.alive.get(slot)!);
          model.alive.delete(slot);
          despawnEntity(world, slot);
        } else {
          restoreWorld(world, world.words.slice());
        }
        compare(world, model);
      }
    }),
    { numRuns: 60 },
  );
});

test('nonsense handles are not found', () => {
  fc.assert(
    fc.property(fc.integer(), (handle) => {
      const world = makeWorld(5);
      const slots = [spawnEntity(world, 1), spawnEntity(world, 1)];
      const living = slots.map((slot) => entityHandle(world, slot));
      expect(findSlot(world, handle)).toBe(living.indexOf(handle));
    }),
  );
});

test('generations wrap from 32,767 to 1, so that a handle is a positive int32', () => {
  const world = makeWorld(1);
  world.columns.generation[0] = 0x7fff;
  expect(spawnEntity(world, 1)).toBe(0);
  expect(entityHandle(world, 0)).toBe(0x1_0000);
  despawnEntity(world, 0);
  world.columns.generation[0] = 0x7ffe;
  spawnEntity(world, 1);
  expect(entityHandle(world, 0)).toBe(0x7fff_0000);
});

test('handles from before a reset stay dead, and a reset world is as new but for generations', () => {
  const world = makeWorld(9);
  const before = [0, 1, 2].map(() => entityHandle(world, spawnEntity(world, 3)));
  setWorldTick(world, 77);
  resetWorld(world, 5);
  for (const handle of before) expect(findSlot(world, handle)).toBe(-1);
  expect([worldTick(world), aliveCount(world), slotCount(world)]).toEqual([0, 0, 0]);
  expect(before).not.toContain(entityHandle(world, spawnEntity(world, 3)));
});

test('the generator is part of the state', () => {
  const world = makeWorld(3);
  worldRandom(world);
  const saved = world.words.slice();
  const next = [worldRandom(world), worldRandom(world), worldRandom(world)];
  expect(new Set(next).size).toBe(3);
  restoreWorld(world, saved);
  expect([worldRandom(world), worldRandom(world), worldRandom(world)]).toEqual(next);
});

test('a world over a buffer that holds one already goes on with it', () => {
  const buffer = new SharedArrayBuffer(worldBytes(ENGINE_COLUMNS, 11));
  const first = createWorld(ENGINE_COLUMNS, 11, buffer);
  resetWorld(first, 2);
  const handle = entityHandle(first, spawnEntity(first, 4));
  const second = createWorld(ENGINE_COLUMNS, 11, buffer);
  expect(findSlot(second, handle)).toBe(0);
  expect(spawnEntity(second, 4)).toBe(1);
});

test('misuse is an assertion', () => {
  const world = makeWorld(2);
  expect(() => spawnEntity(world, 0)).toThrow('a kind is from 1 to 255');
  expect(() => despawnEntity(world, 0)).toThrow('is alive');
  expect(() => restoreWorld(world, new Int32Array(3))).toThrow('layout');
  expect(() => createWorld(ENGINE_COLUMNS, 9, new ArrayBuffer(64))).toThrow('holds the world');
});
