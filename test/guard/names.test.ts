import { expect, test } from 'vitest';
import { createReservedNames, isNameReserved } from '../../src/guard/names.ts';
import { NAMES } from '../../src/guard/words.ts';

const reserved = createReservedNames();

test('each reserved name is reserved as it is written, numbered, and in other letters; those of the house in part too', () => {
  for (const name of [...NAMES.whole, ...NAMES.parts]) {
    for (const twin of [name, name.toUpperCase(), `${name}7`, `_${name}.`, `12-${name}`, name.replaceAll('o', '0')]) {
      expect([twin, isNameReserved(reserved, twin)]).toEqual([twin, true]);
    }
  }
  for (const name of NAMES.parts) expect([name, isNameReserved(reserved, `the_${name}`)]).toEqual([name, true]);
  for (const name of NAMES.whole) expect([name, isNameReserved(reserved, `the_${name}`)]).toEqual([name, false]);
});

test('the lists can be replaced', () => {
  const own = createReservedNames({ whole: ['Gnome'], parts: [] });
  expect(['GN0ME', 'Admin', 'gnomes'].map((name) => isNameReserved(own, name))).toEqual([true, false, false]);
});
