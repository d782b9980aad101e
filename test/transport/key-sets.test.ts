import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import {
  closePair,
  createKeySets,
  NO_PAIR,
  openPair,
  otherPair,
  releaseKeySets,
} from '../../src/transport/key-sets.ts';
import { findKey } from '../../src/transport/key-table.ts';
import { markReceived, wasReceived } from '../../src/transport/replay-window.ts';

const random = createRandom(8);
/** Few values, so that ids would collide. */
const aead = {
  ...createSodiumAead(),
  randomize: (target: Uint8Array) => void target.fill(0).fill(random.below(20), 0, 1),
};

test('an open pair is found by its id, which no other has and which is never 0; a closed one is not', () => {
  const sets = createKeySets(6, 1);
  const open = new Set<number>();
  for (let step = 0; step < 2000; step++) {
    const pair = random.below(12);
    if (open.has(pair)) closePair(sets, pair);
    else openPair(sets, aead, pair);
    if (!open.delete(pair)) open.add(pair);
    const ids = [...open].map((one) => sets.ids[one]!);
    expect(new Set(ids).size).toBe(open.size);
    expect(ids).not.toContain(0);
    for (let one = 0; one < 12; one++) {
      if (open.has(one)) expect(findKey(sets.byId, sets.ids, one)).toBe(one);
      else expect(sets.ids[one]).toBe(0);
    }
    expect(sets.byId.count).toBe(open.size);
  }
});

test('a slot has two pairs in turn; released, nothing of them is left', () => {
  const sets = createKeySets(2, 1);
  expect([sets.current[1], otherPair(sets, 1)]).toEqual([NO_PAIR, 2]);
  sets.current[1] = 2;
  expect(otherPair(sets, 1)).toBe(3);
  sets.current[1] = 3;
  expect(otherPair(sets, 1)).toBe(2);
  for (const pair of [2, 3]) {
    openPair(sets, aead, pair);
    sets.clientKeys[pair]!.fill(1);
    sets.serverKeys[pair]!.fill(2);
    sets.sequences[pair * 2] = 77;
    markReceived(sets.windows, 9, 0, pair);
  }
  releaseKeySets(sets, 1);
  expect([sets.current[1], sets.byId.count, ...sets.ids]).toEqual([NO_PAIR, 0, 0, 0, 0, 0]);
  expect([sets.clientKeys[2]![0], sets.serverKeys[3]![31]]).toEqual([0, 0]);
  openPair(sets, aead, 2);
  expect([sets.sequences[4], wasReceived(sets.windows, 9, 0, 2)]).toEqual([0, false]);
});
