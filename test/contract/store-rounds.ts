// What goes on all the time while a store is in trouble: twenty characters are saved, round after round, and commits are
// handed to the ledger as the journal does. Both know what was acknowledged; in the end that has to be there.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Commit } from '../../src/store/commit.ts';
import type { FencedRecord, Store } from '../../src/store/store.ts';
import { until } from '../e2e/server.ts';
import { createNaiveStore } from '../store/naive-store.ts';
import type { TestZone } from './store-ledger.ts';

export const PLAYERS = Array.from({ length: 20 }, (_, index) => index + 1);
/** Commits that are handed over together at most. */
const COMMITS_MAX = 8;
const PAUSE_MS = 20;
const ENTRIES_MAX = 10_000;

/** `rounds`: what each failed with, undefined where all went well. */
function repeat(round: () => Promise<void>) {
  const rounds: unknown[] = [];
  let isOver = false;
  const done = (async () => {
    while (!isOver) {
      rounds.push(
        await round().then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
      await sleep(PAUSE_MS);
    }
  })();
  const stop = (): Promise<void> => {
    isOver = true;
    return done;
  };
  return { rounds, stop };
}

/** Saves everybody, again and again, as write-behind does: what failed is made up for by what is newer. */
export function keepSaving(store: Store, game: string, epochs: ReadonlyMap<number, number>) {
  const acknowledged = new Map<number, number>();
  const attempted = new Map<number, number>();
  let version = 0;
  let present: readonly number[] = PLAYERS;
  const { rounds, stop } = repeat(async () => {
    version++;
    const players = present;
    const records = players.map(
      (playerId): FencedRecord => ({
        ...{ playerId, game, columns: { version }, epoch: epochs.get(playerId)!, version, final: false },
      }),
    );
    for (const playerId of players) attempted.set(playerId, version);
    const results = await store.saveCharacters(records);
    for (const [index, playerId] of players.entries()) {
      expect(results[index]).toBe('saved');
      acknowledged.set(playerId, version);
    }
  });
  return {
    rounds,
    stop,
    /** By player, the version of the newest save. */
    acknowledged: acknowledged as ReadonlyMap<number, number>,
    attempted: attempted as ReadonlyMap<number, number>,
    /** Of the newest round. */
    version: () => version,
    /** They are saved no more once it has resolved: what was acknowledged last of them is the newest there is. */
    async leave(players: readonly number[]): Promise<void> {
      present = present.filter((playerId) => !players.includes(playerId));
      // The round under way may still have them.
      const { length } = rounds;
      await until('a round without them', () => rounds.length > length);
    },
  };
}

/** Makes a commit of two players each round, and hands over all that wait, in order and again until the ledger answers. */
export function keepCommitting(store: Store, zone: TestZone) {
  const waiting: Commit[] = [];
  const acknowledged: Commit[] = [];
  let made = 0;
  let isLast = false;
  /** Pairs that have nobody in common, so that one does not wait for another. */
  const give = (): Commit => {
    const from = PLAYERS[(2 * made) % PLAYERS.length]!;
    made++;
    return zone.commit('loot', [
      ['gold', 2, 'ground', from],
      ['gold', 1, from, from + 1],
    ]);
  };
  const { rounds, stop } = repeat(async () => {
    if (!isLast && waiting.length < COMMITS_MAX) waiting.push(give());
    const batch = [...waiting];
    expect(await store.applyCommits(batch)).toEqual(batch.map(() => 'applied'));
    acknowledged.push(...waiting.splice(0, batch.length));
  });
  return {
    rounds,
    stop,
    acknowledged: acknowledged as readonly Commit[],
    /** Makes no more, and ends when the ledger has answered all. */
    async finish(): Promise<void> {
      isLast = true;
      await until('all commits are answered', () => waiting.length === 0);
      await stop();
    },
  };
}

/** Each is in the accounts of its players, once and in its place, and nothing else is. */
export async function expectApplied(store: Store, game: string, commits: readonly Commit[]): Promise<void> {
  const model = createNaiveStore();
  for (const playerId of PLAYERS) await model.takeCharacter(playerId, game, 'a/1');
  await model.applyCommits(commits);
  for (const playerId of PLAYERS) {
    const accountIn = async (one: Store) => [
      await one.loadBalances(playerId, game),
      await one.listEntries(playerId, game, 1, ENTRIES_MAX),
    ];
    expect(await accountIn(store), `player ${playerId}`).toEqual(await accountIn(model));
  }
}
