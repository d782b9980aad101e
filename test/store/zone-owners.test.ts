import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createZoneOwners } from '../../src/store/zone-owners.ts';

test('whoever is silent for a minute is forgotten, whoever is saved is not', () => {
  const owners = createZoneOwners();
  owners.enter(1, 1, 0, 0);
  owners.enter(2, 1, 0, 0);
  owners.takeSave(1, 1, false, 50_000);
  owners.sweep(60_001);
  expect([owners.ownerOf(1), owners.ownerOf(2), owners.count()]).toEqual([1, undefined, 1]);
});

test('at the bound a further player is refused and its saves are taken all the same', () => {
  const owners = createZoneOwners(1);
  expect(owners.enter(1, 1, 0, 0)).toBe('entered');
  expect(owners.enter(2, 1, 0, 0)).toBe('full');
  expect(owners.takeSave(2, 1, false, 0)).toBe(true);
  expect(owners.count()).toBe(1);
});

test('a copy that was never there holds nobody up for long', () => {
  const owners = createZoneOwners();
  owners.enter(1, 1, 0, 0);
  owners.enter(1, 2, 0, 0);
  expect(owners.enter(1, 1, 0, 20_000)).toBe('still_leaving');
  expect(owners.enter(1, 1, 0, 20_001)).toBe('entered');
});

test('an entry given back leaves all as it was, unless another zone has the player by now', () => {
  const owners = createZoneOwners();
  owners.enter(1, 1, 0, 0);
  owners.enter(1, 2, 0, 0);
  owners.giveBack(1, 2, 1);
  expect([owners.zoneOf(1), owners.enter(1, 1, 0, 0)]).toEqual([1, 'entered']);
  owners.enter(1, 2, 0, 0);
  owners.enter(1, 3, 0, 0);
  owners.giveBack(1, 2, 1);
  expect(owners.zoneOf(1)).toBe(3);
  owners.takeSave(1, 3, true, 0);
  owners.enter(1, 4, 0, 0);
  owners.giveBack(1, 4, 3);
  expect([owners.zoneOf(1), owners.ownerOf(1)]).toEqual([undefined, 3]);
});

test('property: however a player moves about, what is saved never goes back', () => {
  const step = fc.record({ zone: fc.integer({ min: 1, max: 3 }), what: fc.constantFrom('enter', 'save', 'end') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const owners = createZoneOwners();
      // Each zone's copy and the store hold how much the player has done; only the zone it is in adds to it.
      const copies = new Map<number, number>();
      let [saved, playedIn] = [0, 0];
      for (const { zone, what } of steps) {
        const copy = copies.get(zone);
        if (what === 'enter') {
          if (owners.enter(1, zone, 0, 0) !== 'entered') continue;
          if (copy === undefined) copies.set(zone, saved);
          playedIn = zone;
        } else if (copy !== undefined) {
          const value = zone === playedIn ? copy + 1 : copy;
          copies.set(zone, value);
          const isFinal = what === 'end';
          if (isFinal) copies.delete(zone);
          if (isFinal && zone === playedIn) playedIn = 0;
          if (!owners.takeSave(1, zone, isFinal, 0)) continue;
          expect(value).toBeGreaterThanOrEqual(saved);
          saved = value;
        }
      }
    }),
  );
});
