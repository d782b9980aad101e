import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NAME_BYTES } from '../../src/zone/buffers.ts';
import { clearName, createNames, findName, nameOf, noteName, setName } from '../../src/zone/names.ts';

const SLOTS = 8;
const NAMES = ['Anna', 'bert', 'C.arl_', 'x'.repeat(NAME_BYTES - 1), 'dora-7'];

test('names are found in any case, as long as their player is there, and again by a zone that goes on in the memory', () => {
  const step = fc.record({ slot: fc.nat({ max: SLOTS - 1 }), name: fc.constantFrom(...NAMES) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const buffer = new SharedArrayBuffer(SLOTS * NAME_BYTES);
      const names = createNames(buffer);
      const model = new Map<number, string>();
      for (const { slot, name } of steps) {
        if (model.has(slot)) {
          clearName(names, slot);
          model.delete(slot);
        } else if (![...model.values()].includes(name)) {
          setName(names, slot, name);
          model.set(slot, name);
        }
      }
      const resumed = createNames(buffer);
      for (const slot of model.keys()) noteName(resumed, slot);
      for (const each of [names, resumed]) {
        for (const [slot, name] of model) expect(nameOf(each, slot)).toBe(name);
        for (const name of NAMES) {
          const slot = [...model].find(([, other]) => other === name)?.[0] ?? -1;
          for (const said of [name, name.toUpperCase(), name.toLowerCase()]) expect(findName(each, said)).toBe(slot);
        }
        expect(findName(each, 'nobody')).toBe(-1);
      }
    }),
  );
});
