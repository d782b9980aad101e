import { expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { createManualClock } from '../../src/base/clock.ts';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { TOKEN_LIFETIME_S } from '../../src/base/limits.ts';
import { createRingBuffer, createRingWriter } from '../../src/base/ring.ts';
import type { EnterRequest, PlayerMoved } from '../../src/io/store-client.ts';
import { createStoreKeeper } from '../../src/io/store-keeper.ts';
import { createStoreTrouble, type StoreTrouble } from '../../src/io/store-trouble.ts';
import type { Commit } from '../../src/store/commit.ts';
import type { CharacterColumns } from '../../src/store/records.ts';
import { writeSaveRecord } from '../../src/store/save-record.ts';
import type { FencedRecord, Store } from '../../src/store/store.ts';
import { createTestZone } from '../contract/store-ledger.ts';
import { createNaiveStore } from '../store/naive-store.ts';

function createFakeStore() {
  const naive = createNaiveStore();
  const characters = new Map<number, CharacterColumns>();
  const fake = {
    ...naive,
    /** As they are kept. */
    characters,
    fails: false,
    batches: [] as number[],
    async saveCharacters(records: readonly FencedRecord[]) {
      if (fake.fails) throw new Error('disk full');
      fake.batches.push(records.length);
      const results = await naive.saveCharacters(records);
      for (const { playerId, game } of records) {
        const columns = await naive.loadCharacter(playerId, game);
        if (columns !== undefined) characters.set(playerId, columns);
      }
      return results;
    },
    async takeCharacter(playerId: number, game: string, owner: string) {
      if (fake.fails) throw new Error('disk broken');
      return naive.takeCharacter(playerId, game, owner);
    },
  };
  return fake satisfies Store & Record<string, unknown>;
}

let tokens = 0;

function createBench(
  store = createFakeStore(),
  nodeId = 'node-1',
  whenApplied: (playerId: number) => Promise<void> = async () => {},
  trouble?: StoreTrouble,
  savedColumns: readonly string[] = ['health'],
) {
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
    nodeId,
    whenApplied,
    savedColumns,
    assets: ['gold', 'herb'],
    saveRings: rings,
    counters: counters.words.buffer as SharedArrayBuffer,
    onSaving: (state) => told.push(state),
    ...(trouble !== undefined && { trouble }),
  });
  /** As zones have it: whom they took in, in which epoch. */
  const epochs = new Map<string, number>();
  let tick = 0;
  const save = (zone: number, playerId: number, health: number, final = false, ...more: number[]) => {
    const writer = new Writer(new Uint8Array(64));
    writeSaveRecord(writer, playerId, epochs.get(`${zone} ${playerId}`) ?? 1, ++tick, final, [health, ...more]);
    return writers[zone]!.push(writer.bytes, 0, writer.offset);
  };
  const count = (name: keyof typeof counters.index) => counters.words[counters.index[name]];
  const moved: PlayerMoved[] = [];
  keeper.onMoved((one) => moved.push(one));
  const enter = async (playerId: number, zoneId = 1, more: Partial<EnterRequest> = {}) => {
    const expiresS = Math.floor(1_000 + clock.now() / 1000) + TOKEN_LIFETIME_S;
    const tokenId = `token-${tokens++}`;
    const entry = await keeper.methods.enterZone({ playerId, tokenId, expiresS, zoneId, isZoneFull: false, ...more });
    if ('epoch' in entry) epochs.set(`${zoneId - 1} ${playerId}`, entry.epoch);
    return entry;
  };
  const passTicks = (count: number) => {
    tick += count;
  };
  return { passTicks, store, clock, keeper, save, count, writers, told, enter, moved };
}

test('saves of all zones reach the store in one batch, the newest of each player', async () => {
  const { store, clock, keeper, save, count, enter } = createBench();
  await enter(1);
  await enter(2, 2);
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

test('who left finds what was saved last, be it in the ring, in the queue, or in the store', async () => {
  const { clock, keeper, save, count, enter } = createBench();
  expect(await enter(1)).toEqual({ character: undefined, epoch: 1, isNew: true, isStanding: false, answers: [] });
  save(0, 1, 10);
  expect(await enter(1)).toEqual({ isStanding: true });
  save(0, 1, 11, true);
  expect(await enter(1, 2)).toEqual({
    character: { health: 11 },
    epoch: 2,
    isNew: false,
    isStanding: false,
    answers: [],
  });
  save(1, 1, 12, true);
  clock.advance(1000);
  await keeper.update();
  expect(await enter(1)).toEqual({ character: { health: 12 }, epoch: 3, isNew: false, isStanding: false, answers: [] });
  expect(count('loads')).toBe(3);
});

test('who asks twice before it was heard of is let in twice in one epoch, and later in another', async () => {
  const { clock, enter } = createBench();
  const first = { character: undefined, epoch: 1, isNew: true, isStanding: false, answers: [] };
  expect(await Promise.all([enter(1), enter(1)])).toEqual([first, first]);
  expect(await enter(1)).toEqual(first);
  clock.advance(3_001);
  expect(await enter(1)).toEqual({ ...first, epoch: 2 });
});

test('a failing store is counted and told once, keeps the newest state, and catches up', async () => {
  const { store, clock, keeper, save, count, told, enter } = createBench();
  await enter(1);
  store.fails = true;
  save(0, 1, 10);
  for (let attempt = 0; attempt < 5; attempt++) {
    await keeper.update();
    clock.advance(10_000);
  }
  save(0, 1, 11);
  expect(await enter(1)).toEqual({ isStanding: true });
  expect(count('errors')).toBe(4);
  // It waited all that time, whatever newer state took its place.
  expect(count('lagSavesMs')).toBe(40_000);
  expect(await keeper.flush()).toBe(1);
  store.fails = false;
  await keeper.update();
  clock.advance(10_000);
  await keeper.update();
  expect(store.characters.get(1)).toEqual({ health: 11 });
  expect(told).toEqual(['failing', 'recovered']);
  expect(await keeper.flush()).toBe(0);
  clock.advance(1_000);
  await keeper.update();
  expect(count('lagSavesMs')).toBe(0);
});

test('a record of the wrong length only moves a counter', async () => {
  const { store, keeper, save, count, writers, enter } = createBench();
  await enter(3);
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
  expect(await enter(1, 1)).toEqual({ isStanding: true });
  save(0, 1, 3, true);
  expect(await enter(1, 2)).toEqual({
    character: { health: 3 },
    epoch: 2,
    isNew: false,
    isStanding: false,
    answers: [],
  });
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
  expect(await Promise.all(both)).toEqual([
    { character: undefined, epoch: 1, isNew: true, isStanding: false, answers: [] },
    { refused: 'still_leaving' },
  ]);
  expect(await keeper.methods.findZone(1)).toBe(1);
});

test('a character that can not be loaded leaves the player where it was', async () => {
  const { store, save, enter, moved, count } = createBench();
  store.fails = true;
  await expect(enter(1, 1)).rejects.toThrow('disk broken');
  store.fails = false;
  expect(await enter(1, 2)).toMatchObject({ character: undefined });
  expect(moved).toEqual([]);
  save(1, 1, 10);
  expect(await enter(1, 2)).toEqual({ isStanding: true });
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

test('two nodes that both believe they have the player: the later one has it, the other lets go and nothing of it is written', async () => {
  const first = createBench();
  const second = createBench(first.store, 'node-2');
  await first.enter(1);
  first.save(0, 1, 10);
  await first.keeper.flush();
  expect(await second.enter(1)).toMatchObject({ character: { health: 10 } });
  first.save(0, 1, 66);
  second.save(0, 1, 20);
  await Promise.all([first.keeper.flush(), second.keeper.flush()]);
  expect(first.store.characters.get(1)).toEqual({ health: 20 });
  expect([first.count('savesFenced'), first.moved, second.count('savesFenced')]).toEqual([
    1,
    [{ playerId: 1, zoneId: 0 }],
    0,
  ]);
  // What still stands there is older than what the other node has: nobody goes on with it.
  expect(await first.enter(1)).toEqual({ refused: 'still_leaving' });
  first.save(0, 1, 67, true);
  await first.keeper.flush();
  expect(await first.enter(1)).toEqual({
    character: { health: 20 },
    epoch: 3,
    isNew: false,
    isStanding: false,
    answers: [],
  });
  second.save(0, 1, 21);
  first.save(0, 1, 30);
  await Promise.all([first.keeper.flush(), second.keeper.flush()]);
  expect([first.store.characters.get(1), second.count('savesFenced')]).toEqual([{ health: 30 }, 1]);
});

test('what a node could not write before another one had the player is no longer anybody’s', async () => {
  const first = createBench();
  const second = createBench(first.store, 'node-2');
  await first.enter(1);
  first.save(0, 1, 10);
  await first.keeper.flush();
  first.store.fails = true;
  first.save(0, 1, 66, true);
  await first.keeper.update();
  first.store.fails = false;
  expect(await second.enter(1)).toMatchObject({ character: { health: 10 } });
  second.save(0, 1, 20, true);
  await second.keeper.flush();
  // Its own save still waits, and is older than what the other node has written.
  expect(await first.enter(1)).toMatchObject({ character: { health: 20 } });
  expect(await first.keeper.flush()).toBe(0);
  expect([first.store.characters.get(1), first.count('savesFenced')]).toEqual([{ health: 20 }, 1]);
});

test('what waits to be written is written before its player is taken again, even if that is done twice', async () => {
  const { store, keeper, save, enter, count } = createBench();
  await enter(1);
  await enter(2);
  save(0, 2, 5);
  await keeper.flush();
  const { saveCharacters, takeCharacter } = store;
  store.saveCharacters = async () => {
    throw new Error('disk full');
  };
  save(0, 1, 66, true);
  await keeper.update();
  await expect(enter(1, 2)).rejects.toThrow('disk full');
  // The store takes it again, but the first answer of the taking is lost, and the driver asks once more.
  store.saveCharacters = saveCharacters;
  store.takeCharacter = async (playerId, game, owner) => {
    await takeCharacter(playerId, game, owner);
    return takeCharacter(playerId, game, owner);
  };
  expect(await enter(1, 2)).toEqual({
    character: { health: 66 },
    epoch: 3,
    isNew: false,
    isStanding: false,
    answers: [],
  });
  save(1, 1, 67);
  await keeper.flush();
  expect([store.characters.get(1), store.batches, count('savesFenced')]).toEqual([{ health: 67 }, [1, 1, 1], 0]);
});

test('a save that is under way when its player comes back lands before the taking', async () => {
  const { store, keeper, save, enter, count } = createBench();
  await enter(1);
  save(0, 1, 10, true);
  const { saveCharacters } = store;
  let land = (): void => {};
  const landing = new Promise<void>((resolve) => {
    land = resolve;
  });
  store.saveCharacters = async (records) => {
    await landing;
    return saveCharacters(records);
  };
  const flushed = keeper.flush();
  const entered = enter(1, 2);
  land();
  expect(await entered).toEqual({ character: { health: 10 }, epoch: 2, isNew: false, isStanding: false, answers: [] });
  expect([await flushed, count('savesFenced')]).toEqual([0, 0]);
});

test('a token that another node has seen is used', async () => {
  const first = createBench();
  const second = createBench(first.store, 'node-2');
  await first.enter(1, 1, { tokenId: 'a' });
  expect(await second.enter(1, 1, { tokenId: 'a' })).toEqual({ refused: 'token_used' });
  expect(await second.keeper.methods.findZone(1)).toBeUndefined();
});

test('zones that have their players still go on saving them in their epochs with a keeper that begins anew', async () => {
  const before = createBench();
  await before.enter(1);
  await before.enter(2);
  before.save(0, 1, 10);
  await before.keeper.flush();
  await createBench(before.store, 'node-2').enter(2);
  // A store thread that takes the place of one that died, or a process that goes on after another one was killed.
  const after = createBench(before.store);
  after.passTicks(100);
  for (const playerId of [1, 2, 3]) after.save(0, playerId, 11);
  expect(await after.keeper.flush()).toBe(0);
  // 2 is another node's by now, and 3 was nobody's ever.
  expect(before.store.characters).toEqual(new Map([[1, { health: 11 }]]));
  expect([after.count('savesFenced'), after.moved]).toEqual([
    2,
    [
      { playerId: 2, zoneId: 0 },
      { playerId: 3, zoneId: 0 },
    ],
  ]);
  expect(await after.enter(1)).toEqual({ isStanding: true });
  expect(await after.enter(2)).toEqual({ refused: 'still_leaving' });
  after.save(0, 1, 12, true);
  expect(await after.enter(1)).toEqual({
    character: { health: 12 },
    epoch: 2,
    isNew: false,
    isStanding: false,
    answers: [],
  });
});

test('a character is as its account says, whether it was saved before or after its last transfer', async () => {
  const { store, keeper, enter, passTicks, clock } = createBench();
  const names = { game: 'g', id: (id: number) => id, name: (text: string) => text, word: (text: string) => text };
  const zone = createTestZone('n/1/1', names);
  const saved = async (epoch: number, columns: CharacterColumns) => {
    await store.saveCharacters([{ playerId: 1, game: 'g', columns, epoch, version: 1, final: true }]);
    clock.advance(10_000);
    return enter(1);
  };
  passTicks(1);
  await enter(1);
  // What it had before there were accounts is still its own.
  expect(await saved(1, { health: 5, gold: 3 })).toMatchObject({ character: { health: 5, gold: 3 }, epoch: 2 });
  zone.enter(1, 2, { seq: 0, balances: {} });
  await store.applyCommits([
    zone.commit('give', [
      ['gold', 3, 'opening', 1],
      ['gold', 1, 1, 'ground'],
    ]),
  ]);
  expect(await saved(2, { health: 6, gold: 3, ledgerSeq: 0 })).toMatchObject({
    character: { health: 6, gold: 2, herb: 0, ledgerSeq: 2 },
    epoch: 3,
  });
  expect(await saved(3, { health: 7, gold: 2, herb: 0, ledgerSeq: 2 })).toMatchObject({
    character: { health: 7, gold: 2, herb: 0, ledgerSeq: 2 },
  });
  // A transfer that nobody was promised: its zone died before it was written down.
  expect(await saved(4, { health: 8, gold: 90, herb: 4, ledgerSeq: 5 })).toMatchObject({
    character: { health: 8, gold: 2, herb: 0, ledgerSeq: 2 },
  });
  // One that was never saved, and has got something all the same.
  expect(await enter(2)).toMatchObject({ character: undefined, epoch: 1, isNew: true });
  zone.enter(2, 1, { seq: 0, balances: {} });
  await store.applyCommits([zone.commit('loot', [['herb', 2, 'ground', 2]])]);
  clock.advance(10_000);
  expect(await enter(2)).toMatchObject({ character: { gold: 0, herb: 2, ledgerSeq: 1 }, epoch: 2, isNew: true });
  expect(await keeper.flush()).toBe(0);
});

test('who left with a transfer that is still on its way to the disk is leaving until the ledger has it', async () => {
  const { store, enter, keeper, save, clock } = createBench(createFakeStore(), 'node-1', undefined, undefined, [
    'health',
    'ledgerSeq',
  ]);
  const names = { game: 'g', id: (id: number) => id, name: (text: string) => text, word: (text: string) => text };
  const zone = createTestZone('n/1/1', names);
  await enter(1);
  zone.enter(1, 1, { seq: 0, balances: {} });
  const loot = zone.commit('loot', [['gold', 5, 'ground', 1]]);
  save(0, 1, 7, true, 1);
  for (let turn = 0; turn < 2; turn++) expect(await enter(1, 2)).toEqual({ refused: 'still_leaving' });
  expect(await store.applyCommits([loot])).toEqual(['applied']);
  expect(await enter(1, 2)).toMatchObject({ character: { health: 7, ledgerSeq: 1 }, epoch: 2 });
  expect(await keeper.flush()).toBe(0);
  // Of a zone that did not get to write it down, and of a commit that was refused, nothing more is to come.
  save(1, 1, 8, true, 9);
  expect(await enter(1)).toEqual({ refused: 'still_leaving' });
  clock.advance(10_001);
  expect(await enter(1)).toMatchObject({ character: { health: 8, gold: 5, ledgerSeq: 1 }, epoch: 3 });
  save(0, 1, 9, true, 9);
  expect(await enter(1)).toEqual({ refused: 'still_leaving' });
  keeper.letGo(1);
  expect(await enter(1)).toMatchObject({ character: { gold: 5, ledgerSeq: 1 }, epoch: 4 });
});

test('nobody is taken before all that it was promised is in the ledger', async () => {
  const order: string[] = [];
  const { store, enter } = createBench(
    createFakeStore(),
    'node-1',
    async (playerId) => void order.push(`applied ${playerId}`),
  );
  const { takeCharacter } = store;
  store.takeCharacter = async (playerId, ...rest) => {
    order.push(`taken ${playerId}`);
    return takeCharacter(playerId, ...rest);
  };
  await enter(1);
  expect(order).toEqual(['applied 1', 'taken 1']);
});

test('saves that wait are bytes unprocessed; when there are too many nobody gets in and no account is made', async () => {
  const trouble = createStoreTrouble({ pauseBytes: 1_000, resumeBytes: 800 });
  const { store, clock, keeper, save, enter } = createBench(undefined, undefined, undefined, trouble);
  const account = { playerId: 9, name: 'abe', createdAtMs: 0 };
  await enter(1);
  trouble.backPressure.add(990);
  save(0, 1, 10);
  store.fails = true;
  await keeper.update();
  expect(trouble.backPressure.isPaused()).toBe(true);
  await expect(enter(2)).rejects.toMatchObject({ code: 'DARKAGES_STORE_BUSY' });
  await expect(keeper.methods.createAccount(account)).rejects.toMatchObject({ code: 'DARKAGES_STORE_BUSY' });
  store.fails = false;
  trouble.backPressure.remove(990);
  expect(trouble.backPressure.isPaused()).toBe(false);
  await enter(2);
  expect(await keeper.methods.createAccount(account)).toBe('created');
  clock.advance(100);
  await keeper.update();
  expect([store.characters.get(1), trouble.backPressure.bytes()]).toEqual([{ health: 10 }, 0]);
});

test('a batch that failed is tried again after the pauses that the budget says, the longest when it is spent', async () => {
  const retries = { share: 0, perSecond: 0, savedMax: 2, pauseMs: 100, pauseMsMax: 5_000 };
  const trouble = createStoreTrouble({ retries, random: () => 0 });
  const { store, clock, keeper, save, enter, count } = createBench(undefined, undefined, undefined, trouble);
  await enter(1);
  save(0, 1, 10);
  store.fails = true;
  await keeper.update();
  clock.advance(100);
  await keeper.update();
  for (const [index, pauseMs] of [50, 100, 2_500, 2_500].entries()) {
    clock.advance(pauseMs - 1);
    await keeper.update();
    expect(count('errors')).toBe(index + 1);
    clock.advance(1);
    await keeper.update();
    expect(count('errors')).toBe(index + 2);
  }
  store.fails = false;
  clock.advance(2_500);
  await keeper.update();
  expect(store.characters.get(1)).toEqual({ health: 10 });
});

const account = { playerId: 1, name: 'alice', passwordHash: 'x', createdAtMs: 0 };

test('who stands in a zone is not deleted; who has left is, with a save that still waits, and no token of before lets it in', async () => {
  const { store, clock, keeper, save, enter, count } = createBench();
  await store.createAccount(account);
  const request = { playerId: 1, nameKeptMs: 5 };
  await enter(1);
  save(0, 1, 10);
  expect(await keeper.methods.deletePlayer(request)).toBe('in_play');
  expect(await store.findAccountByName('alice')).toBeDefined();
  save(0, 1, 11, true);
  expect(await keeper.methods.deletePlayer(request)).toBe('deleted');
  expect([await store.findAccountByName('alice'), await store.listCharacters(1)]).toEqual([undefined, []]);
  expect(await enter(1)).toEqual({ refused: 'token_used' });
  clock.advance(10_000);
  await keeper.update();
  expect([await keeper.flush(), await store.listCharacters(1), count('savesFenced')]).toEqual([0, [], 0]);
  expect(await enter(1)).toEqual({ refused: 'token_used' });
  expect(await enter(2)).toMatchObject({ isStanding: false });
});

test('a deletion that the store refused changes nothing: the save that waits is written, the player gets in', async () => {
  const { store, clock, keeper, save, enter } = createBench();
  await store.createAccount(account);
  await enter(1);
  save(0, 1, 10, true);
  const { deleteAccount } = store;
  store.deleteAccount = async () => {
    throw new Error('disk broken');
  };
  await expect(keeper.methods.deletePlayer({ playerId: 1, nameKeptMs: 5 })).rejects.toThrow('disk broken');
  store.deleteAccount = deleteAccount;
  clock.advance(1_000);
  await keeper.update();
  expect(store.characters.get(1)).toEqual({ health: 10 });
  expect(await enter(1)).toMatchObject({ character: { health: 10 } });
});

test('what is exported is the newest, also what waits to be written', async () => {
  const { store, keeper, save, enter } = createBench();
  await store.setPresence(1, { nodeId: 'n', zoneId: 2, epoch: 3 }, 60_000);
  await enter(1);
  save(0, 1, 10);
  expect(await keeper.methods.exportPlayer(1)).toEqual({
    characters: [{ game: 'g', epoch: 1, version: expect.any(Number), columns: { health: 10 } }],
    accounts: [],
    presence: { nodeId: 'n', zoneId: 2, epoch: 3 },
  });
  expect(await keeper.methods.exportPlayer(2)).toEqual({ characters: [], accounts: [], presence: null });
});

test('what is exported has the newest entries of the account', async () => {
  const { store, keeper, enter } = createBench();
  await enter(1);
  const mint = (seq: number): Commit => ({
    id: `node-1/1/1/${seq}/0`,
    ...{ game: 'g', zoneId: 1, tick: seq, playerId: 1, key: seq, request: 'mint', refused: '' },
    transfers: [
      { asset: 'gold', amount: 2, from: { account: 'mint' }, to: { playerId: 1, epoch: 1, seq, balance: 2 * seq } },
    ],
  });
  await store.applyCommits(Array.from({ length: 1_200 }, (_, index) => mint(index + 1)));
  const [account] = (await keeper.methods.exportPlayer(1)).accounts;
  expect(account).toMatchObject({ game: 'g', balances: { gold: 2_400 }, olderEntries: 0 });
  expect(account!.entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 1_200 }, (_, index) => index + 1));
  expect(account!.entries.at(-1)).toMatchObject({ asset: 'gold', amount: 2, balance: 2_400, counterparty: 'mint' });
});
