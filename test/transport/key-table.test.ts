import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { createKeyTable, findKey, putKey, removeKey } from '../../src/transport/key-table.ts';

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

test('another seed puts the keys elsewhere', () => {
  const tables = [1, 2].map((seed) => createKeyTable(1, 64, seed));
  for (const table of tables) for (let key = 0; key < 64; key++) putKey(table, Uint32Array.of(key), 0, key);
  expect(tables[0]!.values).not.toEqual(tables[1]!.values);
});
