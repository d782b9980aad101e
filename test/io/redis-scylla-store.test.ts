// How a character is taken while others do so, and while answers get lost: on one row in memory, since it depends on what
// happens between two calls. All else is tested on real services (test/contract/store.test.ts).

import { expect, test } from 'vitest';
import { createCharacterStore } from '../../src/io/redis-scylla-store.ts';
import type { DurableCharacter, DurableCharacters } from '../../src/io/scylla-characters.ts';
import { createStoreTrouble } from '../../src/io/store-trouble.ts';

type Between = Partial<Record<'read' | 'take', () => Promise<unknown>>>;

/** One row, and what is to happen once, right before a reading or a taking. */
function createRow(before: Between, answers: { isLost: boolean } = { isLost: false }) {
  const row: { is: DurableCharacter | undefined } = { is: undefined };
  const once = async (call: keyof Between) => {
    const happens = before[call];
    delete before[call];
    await happens?.();
  };
  const raised: number[] = [];
  const durable = {
    async read() {
      await once('read');
      return row.is;
    },
    async take(_playerId, _game, owner, from, columns) {
      await once('take');
      if (row.is?.epoch !== from?.epoch || row.is?.version !== from?.version) return false;
      row.is = { owner, epoch: (from?.epoch ?? 0) + 1, version: 0, columns, isDeleted: false, hasLedger: true };
      // The driver asked once more, and found another epoch than it began with.
      const { isLost } = answers;
      answers.isLost = false;
      return !isLost;
    },
  } as Pick<DurableCharacters, 'read' | 'take'> as DurableCharacters;
  const hot = { raise: async (_player: number, _game: string, epoch: number) => void raised.push(epoch) };
  const store = createCharacterStore(hot as never, durable, 0, () => {}, createStoreTrouble().scylla);
  return {
    row,
    raised,
    take: (owner: string, isWanted?: () => boolean) => store.takeCharacter(1, 'g', owner, isWanted),
  };
}

test('whom another node has taken in the midst of it stays there', async () => {
  const before: Between = {};
  const { row, take } = createRow(before);
  before.take = () => take('b/1');
  expect([await take('a/1'), row.is]).toMatchObject([undefined, { owner: 'b/1', epoch: 1 }]);
  before.take = () => take('b/1');
  expect([await take('a/1'), row.is]).toMatchObject([undefined, { owner: 'b/1', epoch: 2 }]);
  // Whoever asks anew gets it.
  expect([await take('a/1'), row.is]).toMatchObject([{ epoch: 3 }, { owner: 'a/1', epoch: 3 }]);
  before.take = async () => {
    row.is = undefined;
  };
  expect([await take('b/1'), row.is]).toEqual([undefined, undefined]);
});

test('a write of its own whose answer was lost, and a save in between, are no reason to stop', async () => {
  const before: Between = {};
  const { row, take } = createRow(before, { isLost: true });
  expect([await take('a/1'), row.is]).toMatchObject([{ epoch: 2 }, { owner: 'a/1', epoch: 2 }]);
  before.take = async () => {
    row.is = { ...row.is!, version: 9, columns: '{"gold":5}' };
  };
  expect(await take('b/1')).toEqual({ epoch: 3, columns: { gold: 5 } });
});

test('it is asked whether it is wanted before each change', async () => {
  const before: Between = {};
  const { row, raised, take } = createRow(before);
  let isWanted = true;
  const stop = async () => {
    isWanted = false;
  };
  before.read = stop;
  expect([await take('a/1', () => isWanted), row.is, raised]).toEqual([undefined, undefined, []]);
  const answers = [true, false];
  expect([await take('a/1', () => answers.shift()!), row.is, raised]).toEqual([undefined, undefined, [1]]);
  isWanted = true;
  before.take = async () => {
    row.is = { owner: 'a/1', epoch: 1, version: 1, columns: undefined, isDeleted: false, hasLedger: true };
    await stop();
  };
  expect([await take('a/1', () => isWanted), row.is?.epoch]).toEqual([undefined, 1]);
});
