import { expect, test } from 'vitest';
import { TOKEN_LIFETIME_S } from '../../src/base/limits.ts';
import { createStoreTrouble } from '../../src/io/store-trouble.ts';
import type { Commit } from '../../src/store/commit.ts';
import { createBench } from './keeper-bench.ts';

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
  // Who was refused has an answer, and nothing else.
  const asked = { key: 5, request: 'buy', refused: 'too_poor' };
  const commit = { id: 'node-1/1/1/1/0', game: 'g', zoneId: 1, tick: 1, playerId: 3, ...asked, transfers: [] };
  await store.applyCommits([commit]);
  const account = { game: 'g', balances: {}, answers: [asked], entries: [], olderEntries: 0 };
  expect((await keeper.methods.exportPlayer(3)).accounts).toEqual([account]);
});

test('what is exported has the newest 10,000 entries of the account, and says how many are older', async () => {
  const { store, keeper, enter } = createBench();
  await enter(1);
  const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const mint = (first: number, last: number): Commit => ({
    id: `node-1/1/1/${first}/0`,
    ...{ game: 'g', zoneId: 1, tick: first, playerId: 1, key: first, request: 'mint', refused: '' },
    transfers: range(first, last).map((seq) => ({
      ...{ asset: 'gold', amount: 2, from: { account: 'mint' } },
      to: { playerId: 1, epoch: 1, seq, balance: 2 * seq },
    })),
  });
  const exported = async () => (await keeper.methods.exportPlayer(1)).accounts[0]!;
  await store.applyCommits([mint(1, 1_200)]);
  const all = await exported();
  expect(all).toMatchObject({ game: 'g', balances: { gold: 2_400 }, olderEntries: 0 });
  expect(all.entries.map(({ seq }) => seq)).toEqual(range(1, 1_200));
  expect(all.entries.at(-1)).toMatchObject({ asset: 'gold', amount: 2, balance: 2_400, counterparty: 'mint' });
  await store.applyCommits([mint(1_201, 10_003)]);
  const newest = await exported();
  expect(newest).toMatchObject({ balances: { gold: 20_006 }, olderEntries: 3 });
  expect(newest.entries.map(({ seq }) => seq)).toEqual(range(4, 10_003));
});
