import { expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { createManualClock } from '../../src/base/clock.ts';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { TOKEN_LIFETIME_S } from '../../src/base/limits.ts';
import { createRingBuffer, createRingWriter } from '../../src/base/ring.ts';
import type { EnterRequest, PlayerMoved } from '../../src/io/store-client.ts';
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
    loadCharacter: async (playerId: number) => {
      if (fake.fails) throw new Error('disk broken');
      return characters.get(playerId);
    },
    createAccount: async () => 'created' as const,
    findAccountByGuestSecret: async () => undefined,
    findAccountByName: async () => undefined,
    deleteUnusedGuests: async () => 0,
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
    nowS: () => 1_000 + clock.now() / 1000,
    tokensFromS: 1_000,
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
  const moved: PlayerMoved[] = [];
  keeper.onMoved((one) => moved.push(one));
  let tokens = 0;
  const enter = (playerId: number, zoneId = 1, more: Partial<EnterRequest> = {}) => {
    const expiresS = Math.floor(1_000 + clock.now() / 1000) + TOKEN_LIFETIME_S;
    const tokenId = `token-${tokens++}`;
    return keeper.methods.enterZone({ playerId, tokenId, expiresS, zoneId, isZoneFull: false, ...more });
  };
  return { store, clock, keeper, save, count, writers, told, enter, moved };
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
  const { clock, keeper, save, count, enter } = createBench();
  expect(await enter(1)).toMatchObject({ character: undefined });
  save(0, 1, 10);
  expect(await enter(1)).toMatchObject({ character: { health: 10 } });
  expect(await enter(1)).toMatchObject({ character: { health: 10 } });
  clock.advance(1000);
  await keeper.update();
  expect(await enter(1)).toMatchObject({ character: { health: 10 } });
  expect(count('loads')).toBe(4);
});

test('a failing store is counted and told once, keeps the newest state, and catches up', async () => {
  const { store, clock, keeper, save, count, told, enter } = createBench();
  store.fails = true;
  save(0, 1, 10, true);
  for (let attempt = 0; attempt < 5; attempt++) {
    await keeper.update();
    clock.advance(10_000);
  }
  save(0, 1, 11);
  expect(await enter(1)).toMatchObject({ character: { health: 11 } });
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

test('a token works once in all zones together, and none from before the keeper began', async () => {
  const { enter } = createBench();
  expect(await enter(1, 1, { tokenId: 'a' })).toMatchObject({ character: undefined });
  expect(await enter(1, 1, { tokenId: 'a' })).toEqual({ refused: 'token_used' });
  expect(await enter(1, 2, { tokenId: 'a' })).toEqual({ refused: 'token_used' });
  expect(await enter(2, 1, { expiresS: 999 + TOKEN_LIFETIME_S })).toEqual({ refused: 'token_used' });
});

test('a player who stands in a zone gets into another one once that has saved it for the last time', async () => {
  const { clock, store, keeper, save, count, enter, moved } = createBench();
  await enter(1, 1);
  save(0, 1, 10);
  expect(await enter(1, 2)).toEqual({ refused: 'still_leaving' });
  expect(moved).toEqual([{ playerId: 1, zoneId: 2 }]);
  expect(await keeper.methods.findZone(1)).toBe(1);
  // What happens to it while it lingers counts.
  save(0, 1, 4);
  expect(await enter(1, 1)).toEqual({ character: { health: 4 }, isStanding: true });
  save(0, 1, 3, true);
  expect(await enter(1, 2)).toEqual({ character: { health: 3 }, isStanding: false });
  save(1, 1, 20);
  await keeper.update();
  clock.advance(100);
  await keeper.update();
  expect(store.characters.get(1)).toEqual({ health: 20 });
  expect(count('savesIgnored')).toBe(0);
});

test('after a long silence another zone may have the player: what the one before saves is ignored, its copy kept from all', async () => {
  const { clock, keeper, save, enter, moved, count } = createBench();
  await enter(1, 1);
  clock.advance(20_001);
  expect(await enter(1, 2)).toMatchObject({ character: undefined });
  expect(moved).toEqual([{ playerId: 1, zoneId: 2 }]);
  save(0, 1, 5);
  save(1, 1, 7, true);
  await keeper.update();
  expect(count('savesIgnored')).toBe(1);
  expect(await enter(1, 1)).toEqual({ refused: 'still_leaving' });
  save(0, 1, 5, true);
  expect(await enter(1, 1)).toMatchObject({ character: { health: 7 } });
});

test('two zones that ask at once: the first has the player, the other is refused', async () => {
  const { enter, keeper } = createBench();
  const both = [enter(1, 1), enter(1, 2)];
  expect(await Promise.all(both)).toEqual([{ character: undefined, isStanding: false }, { refused: 'still_leaving' }]);
  expect(await keeper.methods.findZone(1)).toBe(1);
});

test('a character that can not be loaded leaves the player where it was', async () => {
  const { store, save, enter, moved, count } = createBench();
  await enter(1, 1);
  store.fails = true;
  await expect(enter(1, 1)).rejects.toThrow('disk broken');
  await expect(enter(2, 1)).rejects.toThrow('disk broken');
  store.fails = false;
  expect(await enter(2, 2)).toMatchObject({ character: undefined });
  expect(moved).toEqual([]);
  save(0, 1, 10);
  expect(await enter(1, 1)).toMatchObject({ character: { health: 10 } });
  expect(count('savesIgnored')).toBe(0);
});

test('a full zone takes those who stand in it and changes nothing for others', async () => {
  const { keeper, save, enter } = createBench();
  await enter(1, 1);
  expect(await enter(1, 1, { isZoneFull: true })).toMatchObject({ character: undefined });
  expect(await enter(1, 2, { isZoneFull: true })).toEqual({ refused: 'zone_full' });
  expect(await keeper.methods.findZone(1)).toBe(1);
  save(0, 1, 10, true);
  await keeper.update();
  expect(await keeper.methods.findZone(1)).toBeUndefined();
  expect(await enter(1, 1, { isZoneFull: true })).toEqual({ refused: 'zone_full' });
});

test('a keeper that begins anew hears from the edges who is where; of two that have a player the later entry holds', async () => {
  const { keeper, save, count, moved } = createBench();
  const { claimPlayers, findZone } = keeper.methods;
  await claimPlayers({ zoneId: 2, players: [{ playerId: 1, sinceMs: 200 }] });
  await claimPlayers({ zoneId: 1, players: [{ playerId: 1, sinceMs: 100 }] });
  expect(await findZone(1)).toBe(2);
  expect(moved).toEqual([{ playerId: 1, zoneId: 2 }]);
  save(0, 1, 10);
  await keeper.update();
  expect(count('savesIgnored')).toBe(1);
  await claimPlayers({ zoneId: 1, players: [{ playerId: 1, sinceMs: 300 }] });
  expect(moved.at(-1)).toEqual({ playerId: 1, zoneId: 1 });
});
