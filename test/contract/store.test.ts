// The store contract: one suite, run over every implementation. Stores are slow to empty, so each test has players, names
// and a game of its own instead.

import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AccountRecord } from '../../src/store/records.ts';
import type { FencedRecord, Store } from '../../src/store/store.ts';
import { createNaiveStore } from '../store/naive-store.ts';
import { IMPLEMENTATIONS, shareCassandra, stopCassandra } from './store-implementations.ts';
import { describeLedger } from './store-ledger.ts';
import { createOperations, type Names } from './store-operations.ts';
import { describeRedisScylla } from './store-redis-scylla.ts';

const LONG_MS = 600_000;

const account = (playerId: number, name: string, more: Partial<AccountRecord> = {}): AccountRecord => ({
  playerId,
  name,
  createdAtMs: 1_700_000_000_000,
  ...more,
});

let worlds = 0;

/** Letters alone, none of which looks like another. */
function spell(number: number): string {
  return [...number.toString(8)].map((digit) => 'abcdefgh'[Number(digit)]).join('');
}

function createNames(): Names {
  worlds++;
  const suffix = spell(worlds + 8 ** 4);
  const base = worlds * 1000;
  return {
    game: `game-${suffix}`,
    id: (number) => base + number,
    name: (text) => `${text}${suffix}`,
    word: (text) => `${text}-${suffix}`,
  };
}

afterAll(stopCassandra, 60_000);

for (const implementation of IMPLEMENTATIONS) {
  describe.skipIf(implementation.isMissing)(`store contract: ${implementation.name}`, () => {
    /** Two nodes on one store; where only one process may have it, both are the same. */
    let store: Store;
    let other: Store;
    let names: Names;
    const { open, openOther } = implementation;
    beforeAll(async () => {
      await implementation.start();
      store = await open();
      other = await openOther(store);
    }, 240_000);
    afterAll(async () => {
      if (other !== store) await other?.close();
      await store?.close();
      await implementation.stop();
    }, 120_000);
    beforeEach(() => {
      names = createNames();
    });

    const own = (playerId: number, columns: FencedRecord['columns'], epoch = 1, version = 1, more = {}) => ({
      ...{ playerId: names.id(playerId), game: names.game, columns, epoch, version, final: false },
      ...more,
    });
    const take = (playerId: number, owner = 'node/1', from = store) =>
      from.takeCharacter(names.id(playerId), names.game, owner);
    const load = (playerId: number, from = store) => from.loadCharacter(names.id(playerId), names.game);

    describe('accounts', () => {
      test('an account is found by its name in any case and by its guest secret', async () => {
        const [secret, guestName, name] = [names.word('hash'), names.name('Guest.One'), names.name('alice')];
        const guest = account(2 ** 52 - 1 - worlds, guestName, { guestSecretHash: secret });
        const named = account(names.id(7), name, { passwordHash: '$argon2id$x' });
        expect(await store.createAccount(guest)).toBe('created');
        expect(await store.createAccount(named)).toBe('created');
        expect(await other.findAccountByName(guestName.toUpperCase())).toEqual(guest);
        expect(await other.findAccountByGuestSecret(secret)).toEqual(guest);
        expect(await other.findAccountByName(name)).toEqual(named);
        expect(await store.findAccountByName(names.name('nobody'))).toBeUndefined();
        expect(await store.findAccountByGuestSecret(names.word('nothing'))).toBeUndefined();
        expect(await store.findAccountByGuestSecret('')).toBeUndefined();
      });

      test('guests of old of whom no character was taken go, and nobody else', async () => {
        const { id, name, word } = names;
        await store.createAccount(account(id(1), name('unused'), { guestSecretHash: word('a'), createdAtMs: 999 }));
        await store.createAccount(account(id(2), name('played'), { guestSecretHash: word('b'), createdAtMs: 999 }));
        await store.createAccount(account(id(3), name('young'), { guestSecretHash: word('c'), createdAtMs: 1000 }));
        await store.createAccount(account(id(4), name('named'), { passwordHash: 'd', createdAtMs: 999 }));
        await store.takeCharacter(id(2), 'another', 'node/1');
        expect(await store.deleteUnusedGuests(1000)).toBe(1);
        expect(await store.deleteUnusedGuests(1000)).toBe(0);
        expect(await store.findAccountByGuestSecret(word('a'))).toBeUndefined();
        expect(await store.findAccountByName(name('unused'))).toBeUndefined();
        for (const text of ['played', 'young', 'named'])
          expect(await store.findAccountByName(name(text)), text).toBeDefined();
        expect(await store.createAccount(account(id(5), name('Unused')))).toBe('created');
      });

      test('who is looked for while guests of old go, and found, stays', async () => {
        const { id, name, word } = names;
        const guests = Array.from({ length: 20 }, (_, index) => index + 1);
        for (const guest of guests) {
          const more = { guestSecretHash: word(`s${guest}`), createdAtMs: 999 };
          await store.createAccount(account(id(guest), name(spell(guest + 8)), more));
        }
        const find = (guest: number) =>
          guest % 2 === 0
            ? store.findAccountByGuestSecret(word(`s${guest}`))
            : store.findAccountByName(name(spell(guest + 8)));
        const deleting = store.deleteUnusedGuests(1000);
        const found = await Promise.all(guests.map(find));
        await deleting;
        expect(await Promise.all(guests.map(find))).toEqual(found);
      });

      test('a taken name or playerId is refused and changes nothing', async () => {
        const { id, name } = names;
        await store.createAccount(account(id(1), name('Bob'), { passwordHash: 'first' }));
        expect(await other.createAccount(account(id(2), name('bOB'), { passwordHash: 'second' }))).toBe('name_taken');
        expect(await other.createAccount(account(id(1), name('carol')))).toBe('player_id_taken');
        expect(await store.findAccountByName(name('bob'))).toMatchObject({ playerId: id(1), passwordHash: 'first' });
        expect(await store.findAccountByName(name('carol'))).toBeUndefined();
        expect(await store.createAccount(account(id(3), name('carol')))).toBe('created');
      });

      test('name_twin: a name that looks like another one is taken, and finds nobody', async () => {
        const { id, name } = names;
        await store.createAccount(account(id(1), name('Bob')));
        for (const twin of ['B0b', 'Bob.', '_bob_', 'B-o-b'].map(name)) {
          expect([twin, await store.createAccount(account(id(2), twin))]).toEqual([twin, 'name_taken']);
          expect([twin, await store.findAccountByName(twin)]).toEqual([twin, undefined]);
        }
        expect(await store.createAccount(account(id(2), name('Bobby')))).toBe('created');
      });

      test('a password hash is replaced by who knows the one before', async () => {
        const { id, name } = names;
        await store.createAccount(account(id(1), name('alice'), { passwordHash: 'old' }));
        expect(await store.replacePasswordHash(id(1), 'other', 'evil')).toBe(false);
        expect(await store.replacePasswordHash(id(2), 'old', 'evil')).toBe(false);
        const both = await Promise.all(
          [store, other].map((one, n) => one.replacePasswordHash(id(1), 'old', `new${n}`)),
        );
        expect([...both].sort()).toEqual([false, true]);
        const { passwordHash } = (await store.findAccountByName(name('alice')))!;
        expect(passwordHash).toBe(both[0] ? 'new0' : 'new1');
      });

      test('a deleted account is found by nothing, nor its characters, copies, answers and presence; its number is nobody’s', async () => {
        const { id, name, word, game } = names;
        await store.createAccount(account(id(1), name('Gone'), { guestSecretHash: word('g') }));
        await store.createAccount(account(id(2), name('Stays'), { guestSecretHash: word('s') }));
        await Promise.all([take(1), take(2), store.takeCharacter(id(1), `${game}-2`, 'node/1')]);
        await store.saveCharacters([own(1, { gold: 1 }), own(2, { gold: 2 }), own(1, {}, 1, 1, { game: `${game}-2` })]);
        await store.setPresence(id(1), { nodeId: 'n', zoneId: 1, epoch: 9 }, LONG_MS);
        const asked = { key: 5, request: 'buy', refused: 'too_poor' };
        const commitId = `${word('n')}/1/1/1/0`;
        const commit = { id: commitId, game, zoneId: 1, tick: 1, playerId: id(1), ...asked, transfers: [] };
        expect(await store.applyCommits([commit])).toEqual(['applied']);
        expect(await store.recentAnswers(id(1), game)).toEqual([asked]);
        expect(await other.deleteAccount(id(1), LONG_MS)).toBe(true);
        for (const from of [store, other]) {
          expect(await from.findAccountByName(name('gone'))).toBeUndefined();
          expect(await from.findAccountByGuestSecret(word('g'))).toBeUndefined();
          expect(await from.listCharacters(id(1))).toEqual([]);
          expect(await load(1, from)).toBeUndefined();
          expect(await from.findPresence(id(1))).toBeUndefined();
          expect(await from.recentAnswers(id(1), game)).toEqual([]);
        }
        // A zone that does not know it yet writes nothing any more.
        expect(await store.saveCharacters([own(1, { gold: 3 }, 1, 2, { final: true })])).toEqual(['fenced']);
        expect(await store.saveCharacters([own(1, { gold: 3 }, 2, 1)])).toEqual(['fenced']);
        expect(await load(1)).toBeUndefined();
        expect(await store.deleteAccount(id(1), LONG_MS)).toBe(false);
        expect(await store.createAccount(account(id(1), name('another')))).toBe('player_id_taken');
        expect(await store.deleteUnusedGuests(2 ** 52)).toBeGreaterThanOrEqual(0);
        expect(await store.createAccount(account(id(1), name('another')))).toBe('player_id_taken');
        expect(await load(2)).toEqual({ gold: 2 });
        expect(await store.findAccountByGuestSecret(word('s'))).toMatchObject({ name: name('Stays') });
      });

      test('the name of a deleted account is kept for its time, twins of it too, and then anybody’s, once', async () => {
        const { id, name } = names;
        await store.createAccount(account(id(1), name('Bob'), { passwordHash: 'x' }));
        await store.createAccount(account(id(2), name('Eve'), { passwordHash: 'x' }));
        await store.deleteAccount(id(1), LONG_MS);
        await store.deleteAccount(id(2), 1);
        for (const text of ['Bob', 'bob', 'B0b']) {
          expect(await other.createAccount(account(id(3), name(text)))).toBe('name_taken');
        }
        const free = () => other.createAccount(account(id(4), name('eve')));
        await expect.poll(free, { timeout: 10_000, interval: 20 }).toBe('created');
        expect(await store.createAccount(account(id(5), name('Eve')))).toBe('name_taken');
        expect(await store.findAccountByName(name('EVE'))).toMatchObject({ playerId: id(4) });
      });

      test('of many who want one name at once one gets it, and of many with one playerId', async () => {
        const { id, name } = names;
        const wanted = Array.from({ length: 8 }, (_, index) => account(id(index), name(index % 2 ? 'Zed' : 'zED')));
        const results = await Promise.all(wanted.map((one, nth) => (nth % 2 ? store : other).createAccount(one)));
        expect(results.filter((result) => result === 'created')).toHaveLength(1);
        const winner = id(results.indexOf('created'));
        expect((await store.findAccountByName(name('zed')))?.playerId).toBe(winner);
        const twins = Array.from({ length: 8 }, (_, index) => account(id(20), name(`y${spell(index)}`)));
        const made = await Promise.all(twins.map((one, nth) => (nth % 2 ? store : other).createAccount(one)));
        expect([...made].sort()).toEqual(['created', ...Array(7).fill('player_id_taken')]);
        for (const [index, twin] of twins.entries()) {
          const found = await store.findAccountByName(twin.name);
          expect(found?.name).toBe(made[index] === 'created' ? twin.name : undefined);
        }
      });

      test('names are data, not statements', async () => {
        const name = names.name("x'); DROP TABLE accounts; --");
        await store.createAccount(account(names.id(3), name));
        expect((await store.findAccountByName(name))?.playerId).toBe(names.id(3));
      });
    });

    describe('characters', () => {
      test('a character is per player and game, and a save replaces it entirely', async () => {
        expect(await load(1)).toBeUndefined();
        expect(await take(1)).toEqual({ epoch: 1, columns: undefined });
        await store.takeCharacter(names.id(1), 'tag', 'node/1');
        await take(2);
        expect(await load(1)).toBeUndefined();
        const saved = await store.saveCharacters([
          own(1, { positionX: -2147483648, health: 2147483647, kills: 0 }),
          own(1, { isIt: 1 }, 1, 1, { game: 'tag' }),
          own(2, {}),
        ]);
        expect(saved).toEqual(['saved', 'saved', 'saved']);
        expect(await load(1, other)).toEqual({ positionX: -2147483648, health: 2147483647, kills: 0 });
        expect(await store.loadCharacter(names.id(1), 'tag')).toEqual({ isIt: 1 });
        expect(await load(2)).toEqual({});
        await store.saveCharacters([own(1, { positionX: 5 }, 1, 2)]);
        expect(await load(1)).toEqual({ positionX: 5 });
      });

      test('all of a player’s characters are listed, with the newest of each', async () => {
        const { id, game } = names;
        expect(await store.listCharacters(id(1))).toEqual([]);
        await take(1, 'a/1');
        await take(1, 'b/1');
        await store.takeCharacter(id(1), `${game}-2`, 'c/1');
        await take(2);
        await store.saveCharacters([own(1, { gold: 1 }, 2, 1, { final: true })]);
        await store.saveCharacters([own(1, { gold: 2 }, 2, 2)]);
        expect(await other.listCharacters(id(1))).toEqual([
          { game, epoch: 2, version: 2, columns: { gold: 2 } },
          { game: `${game}-2`, epoch: 1, version: 0, columns: undefined },
        ]);
      });

      test('a batch that can not be said is not written, and the next one is', async () => {
        await Promise.all([take(1), take(2)]);
        await store.saveCharacters([own(1, { health: 1 })]);
        const circular: Record<string, number> = {};
        (circular as Record<string, unknown>).self = circular;
        const batch = [own(1, { health: 2 }, 1, 2), own(2, circular)];
        await expect(store.saveCharacters(batch)).rejects.toMatchObject({ code: 'DARKAGES_STORE_FAILED' });
        expect(await load(1)).toEqual({ health: 1 });
        await store.saveCharacters([own(1, { health: 3 }, 1, 2)]);
        expect(await load(1)).toEqual({ health: 3 });
      });

      test('two zones that both believe they own a character: the store refuses the one with the old epoch', async () => {
        expect(await take(1, 'first/1')).toEqual({ epoch: 1, columns: undefined });
        expect(await store.saveCharacters([own(1, { gold: 10 })])).toEqual(['saved']);
        expect(await take(1, 'second/1', other)).toEqual({ epoch: 2, columns: { gold: 10 } });
        expect(await store.saveCharacters([own(1, { gold: 66 }, 1, 2)])).toEqual(['fenced']);
        expect(await load(1, other)).toEqual({ gold: 10 });
        expect(await other.saveCharacters([own(1, { gold: 20 }, 2, 1)])).toEqual(['saved']);
        // Many more of them, late and final ones too, together with others that are right.
        await take(2);
        const late = [own(1, { gold: 67 }, 1, 9000, { final: true }), own(2, { gold: 1 }), own(3, { gold: 1 })];
        expect(await store.saveCharacters(late)).toEqual(['fenced', 'saved', 'fenced']);
        expect([await load(1), await load(2), await load(3)]).toEqual([{ gold: 20 }, { gold: 1 }, undefined]);
      });

      test('of many who take it at once some have it, each in an epoch of its own, and the last one alone can save', async () => {
        const takers = Array.from({ length: 8 }, (_, index) => `node-${index}/1`);
        const taken = await Promise.all(takers.map((owner, nth) => take(1, owner, nth % 2 ? store : other)));
        const epochs = taken.flatMap((one) => (one === undefined ? [] : [one.epoch]));
        const last = Math.max(...epochs);
        expect([epochs.length > 0, new Set(epochs).size]).toEqual([true, epochs.length]);
        const saves = epochs.map((epoch, nth) =>
          (nth % 2 ? store : other).saveCharacters([own(1, { epoch }, epoch, 1, { final: nth % 3 === 0 })]),
        );
        const results = (await Promise.all(saves)).flat();
        expect(results).toEqual(epochs.map((epoch) => (epoch === last ? 'saved' : 'fenced')));
        expect(await load(1)).toEqual({ epoch: last });
      });

      test('a taking that is not wanted any more changes nothing, at whatever step that shows', async () => {
        await take(1, 'first/1');
        await store.saveCharacters([own(1, { gold: 1 })]);
        for (let steps = 0; steps < 2; steps++) {
          let asked = 0;
          const isWanted = () => asked++ < steps;
          const taken = await other.takeCharacter(names.id(1), names.game, 'second/1', isWanted);
          // One write has one step: then it is done.
          if (taken !== undefined) expect([implementation.name, steps, asked]).toEqual(['embedded', 1, 1]);
          else expect(await store.saveCharacters([own(1, { steps }, 1, 2 + steps)])).toEqual(['saved']);
        }
      });

      test('a taking in the midst of saves: every save that was refused is in no state, and all others came before', async () => {
        await take(1, 'first/1');
        let isRefused = false;
        const results: string[] = [];
        const saving = (async () => {
          for (let version = 1; version <= 40; version++) {
            const [result] = await store.saveCharacters([
              own(1, { version }, 1, version, { final: version % 7 === 0 }),
            ]);
            results.push(result!);
          }
        })();
        const taken = await take(1, 'second/1', other);
        const { version } = { version: 0, ...taken?.columns };
        await saving;
        for (const [index, result] of results.entries()) {
          // One that was under way may be answered either way, if it is not kept.
          if (result === 'saved') expect([isRefused, index + 1 <= version]).toEqual([false, true]);
          else isRefused = true;
        }
        expect(results.at(-1)).toBe(version === 40 ? 'saved' : 'fenced');
        expect(await load(1)).toEqual(taken?.columns);
      });

      test('a save that comes late, or twice, does not undo a newer one', async () => {
        await take(1);
        const older = own(1, { step: 1 }, 1, 1);
        const newer = own(1, { step: 2 }, 1, 2, { final: true });
        expect(await store.saveCharacters([newer])).toEqual(['saved']);
        expect(await store.saveCharacters([older])).toEqual(['saved']);
        expect(await other.saveCharacters([newer])).toEqual(['saved']);
        expect(await load(1)).toEqual({ step: 2 });
        expect((await take(1, 'node/2'))?.columns).toEqual({ step: 2 });
        expect(await load(1)).toEqual({ step: 2 });
      });
    });

    describe('ledger', () => {
      const stage = () => ({ store, other, names });
      describeLedger(stage, createNames, implementation.propertyRuns, implementation.openAudit);
    });

    describe('directory', () => {
      /** Until it is so; the store's own clock says when. */
      const until = (what: string, isSo: () => Promise<boolean>) =>
        expect.poll(isSo, { message: what, timeout: 10_000, interval: 20 }).toBe(true);

      test('a token is used once, until it has expired', async () => {
        const [long, short] = [names.word('long'), names.word('short')];
        const used = await Promise.all([store, other, store].map((one) => one.useToken(long, LONG_MS)));
        expect(used.filter(Boolean)).toHaveLength(1);
        expect(await store.useToken(short, 50)).toBe(true);
        await until('it may be used again', () => other.useToken(short, LONG_MS));
        expect(await store.useToken(long, LONG_MS)).toBe(false);
      });

      test('a presence is of the latest epoch, and gone when nobody says it again', async () => {
        const id = names.id(1);
        const at = (nodeId: string, epoch: number) => ({ nodeId, zoneId: 3, epoch });
        expect(await store.findPresence(id)).toBeUndefined();
        expect(await store.setPresence(id, at('a', 2), LONG_MS)).toBe(true);
        expect(await other.setPresence(id, at('b', 1), LONG_MS)).toBe(false);
        await other.clearPresence(id, 1);
        expect(await other.findPresence(id)).toEqual(at('a', 2));
        expect(await other.setPresence(id, at('b', 3), LONG_MS)).toBe(true);
        expect(await store.findPresence(id)).toEqual(at('b', 3));
        await other.clearPresence(id, 3);
        expect(await store.findPresence(id)).toBeUndefined();
        await store.setPresence(id, at('a', 4), 50);
        await until('it is over', async () => (await store.findPresence(id)) === undefined);
      });

      test('zones are listed by node and number until their node says nothing any more', async () => {
        const zone = (nodeId: string, zoneId: number, players = 0) => ({
          ...{ nodeId: names.word(nodeId), zoneId, game: names.game, url: `ws://h:${zoneId}`, players, playersMax: 9 },
        });
        const listed = async () => (await other.listZones()).filter(({ game }) => game === names.game);
        await store.announceZones(names.word('b'), [zone('b', 2), zone('b', 1)], LONG_MS);
        await other.announceZones(names.word('a'), [zone('a', 10), zone('a', 9)], LONG_MS);
        expect(await listed()).toEqual([zone('a', 9), zone('a', 10), zone('b', 1), zone('b', 2)]);
        await store.announceZones(names.word('b'), [zone('b', 1, 5)], LONG_MS);
        await store.announceZones(names.word('a'), [], LONG_MS);
        expect(await listed()).toEqual([zone('b', 1, 5)]);
        await store.announceZones(names.word('b'), [zone('b', 1, 5)], 50);
        await until('it is over', async () => (await listed()).length === 0);
      });

      test('a lease has one holder; each taking has a greater epoch, and an old one renews nothing', async () => {
        const lease = names.word('zone');
        const takers = ['a', 'b', 'c', 'd'].map((holder, nth) =>
          (nth % 2 ? store : other).takeLease(lease, holder, LONG_MS),
        );
        const epochs = await Promise.all(takers);
        expect(epochs.filter((epoch) => epoch !== undefined)).toHaveLength(1);
        const winner = epochs.findIndex((epoch) => epoch !== undefined);
        const [holder, first] = ['abcd'[winner]!, epochs[winner]!];
        expect(await store.renewLease(lease, 'nobody', first, LONG_MS)).toBe(false);
        expect(await store.renewLease(lease, holder, first, LONG_MS)).toBe(true);
        // The same one, started anew: what it was before is over.
        const second = (await other.takeLease(lease, holder, LONG_MS))!;
        expect(second).toBeGreaterThan(first);
        expect(await store.renewLease(lease, holder, first, LONG_MS)).toBe(false);
        await store.releaseLease(lease, holder, first);
        expect(await other.takeLease(lease, 'next', LONG_MS)).toBeUndefined();
        await store.releaseLease(lease, holder, second);
        expect(await store.renewLease(lease, holder, second, LONG_MS)).toBe(false);
        const third = (await other.takeLease(lease, 'next', 50))!;
        expect(third).toBeGreaterThan(second);
        let last: number | undefined;
        await until('it is free', async () => {
          last = await store.takeLease(lease, 'last', LONG_MS);
          return last !== undefined;
        });
        expect(last).toBeGreaterThan(third);
        expect(await other.renewLease(lease, 'next', third, LONG_MS)).toBe(false);
      });
    });

    test('whatever is done to it in whatever order, it answers as a naive one does', async () => {
      const property = fc.asyncProperty(
        fc.array(createOperations(), { maxLength: 60, size: 'max' }),
        async (operations) => {
          const model = createNaiveStore();
          const mine = createNames();
          const [epochs, modelEpochs]: [number[], number[]] = [[], []];
          for (const [index, { text, run }] of operations.entries()) {
            const from = index % 2 ? store : other;
            expect([text, await run(from, mine, epochs)]).toEqual([text, await run(model, mine, modelEpochs)]);
          }
        },
      );
      await fc.assert(property, { numRuns: implementation.propertyRuns });
    });

    test('everything that is to last is there after closing and opening again', async () => {
      const { id, word, name } = names;
      await store.createAccount(account(id(9), name('dora'), { guestSecretHash: word('h') }));
      const players = Array.from({ length: implementation.playersOfBatch }, (_, index) => index + 1);
      await Promise.all(players.map((player) => take(player)));
      await store.saveCharacters(players.map((health) => own(health, { health }, 1, 1, { final: health % 2 === 0 })));
      const epoch = (await store.takeLease(word('lease'), 'a', LONG_MS))!;
      if (other !== store) await other.close();
      await store.close();
      store = await open();
      other = await openOther(store);
      await store.ping();
      expect((await store.findAccountByGuestSecret(word('h')))?.name).toBe(name('dora'));
      const last = players.at(-1)!;
      expect(await load(last)).toEqual({ health: last });
      expect(await take(last - 1, 'node/2')).toEqual({ epoch: 2, columns: { health: last - 1 } });
      expect(await store.saveCharacters([own(last, { late: 1 }, 1, 1)])).toEqual(['saved']);
      expect(await load(last)).toEqual({ health: last });
      expect(await store.takeLease(word('lease'), 'b', LONG_MS)).toBeUndefined();
      expect(await store.takeLease(word('lease'), 'a', LONG_MS)).toBeGreaterThan(epoch);
    });
  });
}

describeRedisScylla(IMPLEMENTATIONS.at(-1)!.isMissing, shareCassandra);
