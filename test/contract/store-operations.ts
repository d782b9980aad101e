// What can be done to a store, drawn at random: each operation on few players, names and words, so that they meet. What it
// comes to is compared with what a naive store says.

import fc from 'fast-check';
import type { Store } from '../../src/store/store.ts';

/** So that what one run does is out of the way of another. */
export interface Names {
  readonly game: string;
  id(number: number): number;
  name(text: string): string;
  word(text: string): string;
}

/** Of one that has a store to itself. */
export const createPlainNames = (game = 'g'): Names => ({
  game,
  id: (number) => number,
  name: (text) => text,
  word: (text) => text,
});

export interface Operation {
  readonly text: string;
  /** @param epochs of leases that were taken so far: stores count them differently */
  run(store: Store, names: Names, epochs: number[]): Promise<unknown>;
}

/** Nothing ends by itself: time is the store's own. */
const LONG_MS = 600_000;

type Run = Operation['run'];
const make = (what: string, parts: readonly unknown[], run: Run): Operation => ({
  text: `${what}(${parts.join(', ')})`,
  run,
});

export function createOperations(): fc.Arbitrary<Operation> {
  const player = fc.integer({ min: 1, max: 3 });
  const epoch = fc.integer({ min: 0, max: 4 });
  const version = fc.integer({ min: 1, max: 5 });
  const name = fc.constantFrom('Bob', 'bOB', 'B0b', 'Carol', 'dora');
  const owner = fc.constantFrom('a/1', 'a/2', 'b/1');
  const secret = fc.option(fc.constantFrom('s', 't'), { nil: undefined });

  return fc.oneof(
    fc
      .tuple(player, owner)
      .map(([id, by]) => make('take', [id, by], (store, names) => store.takeCharacter(names.id(id), names.game, by))),
    fc
      .array(fc.record({ id: player, epoch, version, health: fc.nat(), final: fc.boolean() }), { maxLength: 3 })
      .map((saves) =>
        make('save', [JSON.stringify(saves)], (store, names) => {
          const distinct = [...new Map(saves.map((save) => [save.id, save])).values()];
          return store.saveCharacters(
            distinct.map(({ id, health, ...rest }) => ({
              ...{ ...rest, playerId: names.id(id), game: names.game, columns: { health } },
            })),
          );
        }),
      ),
    player.map((id) => make('load', [id], (store, names) => store.loadCharacter(names.id(id), names.game))),
    player.map((id) => make('list', [id], (store, names) => store.listCharacters(names.id(id)))),
    player.map((id) => make('delete', [id], (store, names) => store.deleteAccount(names.id(id), LONG_MS))),
    player.map((id) =>
      make('password', [id], (store, names) => store.replacePasswordHash(names.id(id), 'before', 'after')),
    ),
    fc.tuple(player, name, secret).map(([id, text, hash]) =>
      make('create', [id, text, hash], (store, names) =>
        store.createAccount({
          playerId: names.id(id),
          name: names.name(text),
          createdAtMs: 1_700_000_000_000,
          ...(id === 1 && { passwordHash: 'before' }),
          // A secret is drawn with 256 bits: no two accounts have one.
          ...(hash !== undefined && { guestSecretHash: names.word(`${hash}${id}${text.toLowerCase()}`) }),
        }),
      ),
    ),
    name.map((text) => make('find', [text], (store, names) => store.findAccountByName(names.name(text)))),
    fc
      .tuple(player, name, fc.constantFrom('s', 't'))
      .map(([id, text, hash]) =>
        make('secret', [id, text, hash], (store, names) =>
          store.findAccountByGuestSecret(names.word(`${hash}${id}${text.toLowerCase()}`)),
        ),
      ),
    fc
      .constantFrom('x', 'y')
      .map((id) => make('token', [id], (store, names) => store.useToken(names.word(id), LONG_MS))),
    fc
      .tuple(player, epoch)
      .map(([id, at]) =>
        make('presence', [id, at], async (store, names) => [
          await store.setPresence(names.id(id), { nodeId: 'n', zoneId: at, epoch: at }, LONG_MS),
          await store.findPresence(names.id(id)),
        ]),
      ),
    fc
      .tuple(player, epoch)
      .map(([id, at]) =>
        make('clear', [id, at], async (store, names) => [
          await store.clearPresence(names.id(id), at),
          await store.findPresence(names.id(id)),
        ]),
      ),
    fc.tuple(owner, epoch, fc.constantFrom('take', 'renew', 'release')).map(([by, at, what]) =>
      make(`lease ${what}`, [by, at], async (store, names, epochs) => {
        const [lease, epoch] = [names.word('lease'), epochs[at] ?? 0];
        if (what === 'renew') return store.renewLease(lease, by, epoch, LONG_MS);
        if (what === 'release') return store.releaseLease(lease, by, epoch);
        const taken = await store.takeLease(lease, by, LONG_MS);
        if (taken === undefined) return 'held';
        const isGreater = epochs.every((before) => taken > before);
        epochs.push(taken);
        return isGreater;
      }),
    ),
  );
}
