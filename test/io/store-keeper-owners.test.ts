// Whose a character is: nodes that both believe they own it, saves that wait, the account behind it.

import { expect, test } from 'vitest';
import type { CharacterColumns } from '../../src/store/records.ts';
import { createTestZone } from '../contract/store-ledger.ts';
import { createPlainNames } from '../contract/store-operations.ts';
import { createBench, createFakeStore } from './keeper-bench.ts';

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
    [{ playerId: 1, zoneId: 0, lostEpoch: 1 }],
    0,
  ]);
  // What still stands there is older than what the other node has: nobody goes on with it.
  expect(await first.enter(1)).toEqual({ refused: 'still_leaving' });
  expect(first.moved.slice(1)).toEqual([{ playerId: 1, zoneId: 0, lostEpoch: 1 }]);
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
      { playerId: 2, zoneId: 0, lostEpoch: 1 },
      { playerId: 3, zoneId: 0, lostEpoch: 1 },
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
  const zone = createTestZone('n/1/1', createPlainNames());
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
  const zone = createTestZone('n/1/1', createPlainNames());
  await enter(1);
  zone.enter(1, 1, { seq: 0, balances: {} });
  const loot = zone.commit('loot', [['gold', 5, 'ground', 1]]);
  save(0, 1, 7, true, 1);
  for (let turn = 0; turn < 2; turn++) expect(await enter(1, 2)).toEqual({ refused: 'still_leaving' });
  // Another's half of it may be promised by the time that the disk has it.
  expect(await keeper.methods.deletePlayer({ playerId: 1, nameKeptMs: 5 })).toBe('in_play');
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
  keeper.letGo(1, 3);
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

/** Calls of `work` wait until the test lets them go on, in their order. */
function createHold() {
  const waiting: (() => void)[] = [];
  return {
    waiting,
    wrap:
      <A extends unknown[], R>(work: (...values: A) => Promise<R>) =>
      async (...values: A): Promise<R> => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        return work(...values);
      },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('an entry that the store answers late takes nobody away who came after it', async () => {
  const { store, clock, keeper, save, enter, count } = createBench();
  const hold = createHold();
  const { takeCharacter } = store;
  store.takeCharacter = hold.wrap(takeCharacter);
  // Its caller gives up after five seconds, and its client comes with another token.
  const first = enter(1);
  await settled();
  clock.advance(5_300);
  const second = enter(1);
  await settled();
  for (const goOn of hold.waiting) goOn();
  expect(await second).toMatchObject({ epoch: 1 });
  save(0, 1, 10);
  await keeper.flush();
  expect(await first).toMatchObject({ epoch: 1 });
  save(0, 1, 11, true);
  await keeper.flush();
  expect([store.characters.get(1), count('savesFenced'), count('loads')]).toEqual([{ health: 11 }, 0, 1]);
});

test('who comes back waits for its own save, not for those of all who play on', async () => {
  const { store, clock, keeper, save, enter } = createBench();
  await enter(1);
  await enter(2);
  const hold = createHold();
  store.saveCharacters = hold.wrap(store.saveCharacters);
  save(0, 1, 10, true);
  const writing = keeper.update();
  const entered = enter(1, 2);
  await settled();
  expect(hold.waiting).toHaveLength(1);
  // A slow store: whenever a batch has landed the next one is due.
  save(0, 2, 10);
  void keeper.update();
  clock.advance(1_000);
  hold.waiting[0]!();
  expect(await entered).toMatchObject({ character: { health: 10 }, epoch: 2 });
  expect(hold.waiting).toHaveLength(2);
  hold.waiting[1]!();
  await writing;
  expect(store.characters.get(2)).toEqual({ health: 10 });
});

test('an entry that waited longer than anybody asked for it makes no character of a deleted account', async () => {
  const hold = createHold();
  const applied = [hold.wrap(async () => {})];
  const { store, clock, keeper, enter } = createBench(createFakeStore(), 'node-1', async () => applied.pop()?.());
  await store.createAccount({ playerId: 1, name: 'alice', passwordHash: 'x', createdAtMs: 0 });
  const entered = enter(1);
  await settled();
  // The node has forgotten by then that it was about to come.
  clock.advance(60_001);
  await keeper.update();
  const deleted = keeper.methods.deletePlayer({ playerId: 1, nameKeptMs: 5 });
  await settled();
  hold.waiting[0]!();
  expect([await entered, await deleted]).toEqual([{ refused: 'replaced' }, 'deleted']);
  expect(await store.listCharacters(1)).toEqual([]);
});
