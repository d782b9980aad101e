import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { createKeyTable, drawSeed, findKey, type KeyTable, putKey, removeKey } from '../../src/transport/key-table.ts';
import { createLab } from './lab.ts';

test.each([
  [1, 40],
  [2, 7],
  [5, 100],
])('is a map of keys of %i words, at most %i of them', (width, capacity) => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = createRandom(seed);
    const table = createKeyTable(width, capacity, random.u32());
    const model = new Map<string, number>();
    // Few distinct keys, so that they come, change and go; at an odd place in a longer array.
    const words = new Uint32Array(width + 3);
    for (let step = 0; step < 2000; step++) {
      for (let word = 0; word < width; word++) words[3 + word] = 0;
      words[3 + random.below(width)] = random.below(capacity + 10);
      const key = words.slice(3).join();
      const what = `SEED=${seed}, step ${step}`;
      if (findKey(table, words, 3) !== (model.get(key) ?? -1)) expect.fail(`${what}: ${key}`);
      if (random.below(2) === 0) {
        removeKey(table, words, 3);
        model.delete(key);
      } else if (model.size < capacity || model.has(key)) {
        putKey(table, words, 3, step);
        model.set(key, step);
      }
      if (table.count !== model.size) expect.fail(`${what}: ${table.count} of ${model.size}`);
    }
    for (const [key, value] of model) expect(findKey(table, Uint32Array.from(key.split(','), Number), 0)).toBe(value);
  }
});

test('more than it has room for is the caller’s mistake', () => {
  const table = createKeyTable(1, 2, 9);
  putKey(table, Uint32Array.of(1), 0, 1);
  putKey(table, Uint32Array.of(2), 0, 1);
  putKey(table, Uint32Array.of(2), 0, 3);
  expect(() => putKey(table, Uint32Array.of(3), 0, 1)).toThrow('capacity');
});

test('another seed puts the keys elsewhere, in both of its words', () => {
  const tables = [1, 2, 1 + 2 ** 32].map((seed) => createKeyTable(1, 64, seed));
  for (const table of tables) for (let key = 0; key < 64; key++) putKey(table, Uint32Array.of(key), 0, key);
  const places = tables.map(({ values }) => values.join());
  expect(new Set(places).size).toBe(tables.length);
});

/** Where a key is put in a table that has nothing else in it. */
function homeOf(table: KeyTable, words: Uint32Array): number {
  putKey(table, words, 0, 1);
  const home = table.values.indexOf(1);
  removeKey(table, words, 0);
  return home;
}

test.each([
  [1, 0x7e05_9ea6],
  [2, 0x5777_99b1],
  [5, 0x911b_b605],
])('the hash is HalfSipHash-1-3, as Linux tests its own: %i words', (width, expected) => {
  const words = Uint32Array.from({ length: width }, (_, word) => 0x0302_0100 + word * 0x0404_0404);
  const table = createKeyTable(width, 1 << 16, 0x0706_0504 * 2 ** 32 + 0x0302_0100);
  expect(homeOf(table, words)).toBe(expected & table.mask);
});

test.each([0, 1, 2, 3])('1,024 chosen addresses spread as drawn ones would: word %i and the next', (word) => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = createRandom(seed);
    const table = createKeyTable(5, 1024, drawSeed(createLab(seed).aead));
    const base = Uint32Array.from({ length: 5 }, () => random.u32());
    const homes = new Set<number>();
    for (let index = 0; index < 1024; index++) {
      // Under a multiplication and a shift by 15 a word the second difference takes back the first.
      const words = base.slice();
      const second = (index >>> 5) << 27;
      words[word]! ^= index << 27;
      words[word + 1]! ^= second ^ (second >>> 15);
      homes.add(homeOf(table, words));
    }
    // Drawn ones have 806 ± 14 of the 2,048 places.
    expect(homes.size, `SEED=${seed}`).toBeGreaterThan(736);
    expect(homes.size, `SEED=${seed}`).toBeLessThan(876);
  }
});
