import { expect, test } from 'vitest';
import { nameShape } from '../../src/base/names.ts';

test('what passes for another name has its shape, what does not has one of its own', () => {
  for (const [name, twins] of [
    ['Bob', ['bob', 'B0b', 'Bob.', '_b-o.b_', 'BOB']],
    ['lillI', ['Iil1l', '11111', 'L.I.L.I.L']],
    ['Moderator', ['m0derat0r', 'Rnoderator', 'r.noderator']],
    ['Wolf', ['vvo1f', 'VV0IF']],
  ] as const) {
    for (const twin of twins) expect([twin, nameShape(twin)]).toEqual([twin, nameShape(name)]);
  }
  const names = ['Bob', 'Bobb', 'Rob', 'Alice', 'guest-a1b2c3', 'guest-a1b2c4', 'x', '3', 'E'];
  expect(new Set(names.map(nameShape)).size).toBe(names.length);
});
