import { expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { createManualClock } from '../../src/base/clock.ts';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { createRingBuffer, createRingWriter } from '../../src/base/ring.ts';
import { createStoreKeeper } from '../../src/io/store-keeper.ts';
import type { CharacterColumns, CharacterRecord } from '../../src/store/records.ts';
import { writeSaveRecord } from '../../src/store/save-record.ts';
import type { Store } from '../../src/store/store.ts';

function createFakeStore() {
  const characters = new Map<number, CharacterColumns>();
  const fake = {
    characters,
    fails: false,
    batches: [] as number[],
    saveCharacters: async (records: readonly CharacterRecord[]) => {
      if (fake.fails) throw new Error('disk full');
      fake.batches.push(records.length);
      for (const { playerId, columns } of records) characters.set(playerId, columns);
    },
    loadCharacter: async (playerId: number) => characters.get(playerId),
    createAccount: async () => 'created' as const,
    findAccountByGuestSecret: async () => undefined,
    findAccountByName: async () => undefined,
    ping: async () => {},
    close: async () => {},
  };
  return fake satisfies Store & Record<string, unknown>;
}

function createBench() {
  const store = createFakeStore();
  const clock = createManualClock();
  const rings = [createRingBuffer(4096), createRingBuffer(4096)];
  const writers = rings.map(createRingWriter);
  const counters = createCounters('store', createCounterBuffer('store'));
  const told: string[] = [];
  const keeper = createStoreKeeper({
    store,
    clock,
    gameName: 'g',
    savedColumns: ['health'],
    saveRings: rings,
    counters: counters.words.buffer as SharedArrayBuffer,
    onSaving: (state) => told.push(state),
  });
  const save = (zone: number, playerId: number, health: number, final = false) => {
    const writer = new Writer(new Uint8Array(64));
    writeSaveRecord(writer, playerId, final, [health]);
    return writers[zone]!.push(writer.bytes, 0, writer.offset);
  };
  const count = (name: keyof typeof counters.index) => counters.words[counters.index[name]];
  return { store, clock, keeper, save, count, writers, told };
}

test('saves of all zones reach the store in one batch, the newest of each player', async () => {
  const { store, clock, keeper, save, count } = createBench();
  save(0, 1, 10);
  save(1, 2, 20);
  save(0, 1, 11);
  await keeper.update();
  expect(store.batches).toEqual([]);
  expect(count('pending')).toBe(2);
  clock.advance(100);
  await keeper.update();
  expect(store.batches).toEqual([2]);
  expect(store.characters.get(1)).toEqual({ health: 11 });
  expect([count('saves'), count('pending'), count('errors')]).toEqual([2, 0, 0]);
});

test('a load sees a save that is still in the ring, in the queue, or in the store', async () => {
  const { clock, keeper, save, count } = createBench();
  expect(await keeper.methods.loadCharacter(1)).toBeUndefined();
  save(0, 1, 10);
  expect(await keeper.methods.loadCharacter(1)).toEqual({ health: 10 });
  expect(await keeper.methods.loadCharacter(1)).toEqual({ health: 10 });
  clock.advance(1000);
  await keeper.update();
  expect(await keeper.methods.loadCharacter(1)).toEqual({ health: 10 });
  expect(count('loads')).toBe(4);
});

test('a failing store is counted and told once, keeps the newest state, and catches up', async () => {
  const { store, clock, keeper, save, count, told } = createBench();
  store.fails = true;
  save(0, 1, 10, true);
  for (let attempt = 0; attempt < 5; attempt++) {
    await keeper.update();
    clock.advance(10_000);
  }
  save(0, 1, 11);
  expect(await keeper.methods.loadCharacter(1)).toEqual({ health: 11 });
  expect(count('errors')).toBe(5);
  expect(await keeper.flush()).toBe(1);
  store.fails = false;
  await keeper.update();
  clock.advance(10_000);
  await keeper.update();
  expect(store.characters.get(1)).toEqual({ health: 11 });
  expect(told).toEqual(['failing', 'recovered']);
  expect(await keeper.flush()).toBe(0);
});

test('a record of the wrong length only moves a counter', async () => {
  const { store, keeper, save, count, writers } = createBench();
  writers[0]!.push(new Uint8Array(7), 0, 7);
  writers[0]!.push(new Uint8Array(100), 0, 100);
  save(0, 3, 1);
  expect(await keeper.flush()).toBe(0);
  expect(count('errors')).toBe(2);
  expect(store.characters.get(3)).toEqual({ health: 1 });
});
