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

test('nobody enters a zone while its character stands in another one, until the last save or a long silence', () => {
  const owners = createZoneOwners();
  owners.enter(1, 1, 0, 0);
  expect(owners.enter(1, 2, 0, 0)).toBe('still_leaving');
  owners.takeSave(1, 1, false, 1000);
  expect(owners.enter(1, 2, 0, 21_000)).toBe('still_leaving');
  expect([owners.zoneOf(1), owners.enter(1, 1, 0, 1000)]).toEqual([1, 'entered']);
  owners.takeSave(1, 1, true, 2000);
  expect([owners.zoneOf(1), owners.enter(1, 2, 0, 2000)]).toEqual([undefined, 'entered']);
  expect(owners.enter(1, 1, 0, 22_000)).toBe('still_leaving');
  expect(owners.enter(1, 1, 0, 22_001)).toBe('entered');
});

test('who was saved since it entered, and not for the last time, stands there', () => {
  const owners = createZoneOwners();
  const standsIn = () => [1, 2].filter((zone) => owners.isStandingIn(1, zone));
  owners.enter(1, 1, 0, 0);
  expect(standsIn()).toEqual([]);
  owners.takeSave(1, 1, false, 0);
  owners.enter(1, 1, 0, 0);
  expect(standsIn()).toEqual([1]);
  owners.takeSave(1, 1, true, 0);
  expect(standsIn()).toEqual([]);
  owners.enter(1, 1, 0, 0);
  expect(standsIn()).toEqual([]);
  owners.takeSave(2, 2, false, 0);
  expect(owners.isStandingIn(2, 2)).toBe(true);
});

test('a copy in a zone that was silent for long holds nobody up elsewhere, and saves nothing', () => {
  const owners = createZoneOwners();
  owners.enter(1, 1, 0, 0);
  owners.enter(1, 2, 0, 20_001);
  expect(owners.takeSave(1, 1, false, 30_000)).toBe(false);
  owners.takeSave(1, 2, true, 30_000);
  expect([1, 2].map((zone) => owners.enter(1, zone, 0, 50_000))).toEqual(['still_leaving', 'entered']);
});

test('an entry given back leaves all as it was, unless another zone has the player by now', () => {
  const owners = createZoneOwners();
  owners.enter(1, 1, 0, 0);
  owners.giveBack(1, 1, undefined);
  expect(owners.ownerOf(1)).toBeUndefined();
  owners.enter(1, 1, 0, 0);
  owners.takeSave(1, 1, false, 0);
  owners.enter(1, 1, 0, 0);
  owners.giveBack(1, 1, 1);
  expect(owners.zoneOf(1)).toBe(1);
  owners.takeSave(1, 1, true, 0);
  for (const zone of [1, 2]) {
    owners.enter(1, zone, 0, 0);
    owners.giveBack(1, zone, 1);
    expect([owners.zoneOf(1), owners.ownerOf(1)]).toEqual([undefined, 1]);
  }
  // After a long silence: the zone before may have a copy, and gets it back.
  owners.enter(1, 1, 0, 0);
  owners.enter(1, 2, 0, 20_001);
  owners.giveBack(1, 2, 1);
  expect([owners.zoneOf(1), owners.enter(1, 1, 0, 20_001)]).toEqual([1, 'entered']);
  owners.enter(1, 2, 0, 40_002);
  owners.enter(1, 3, 0, 60_003);
  owners.giveBack(1, 2, 1);
  expect(owners.zoneOf(1)).toBe(3);
});

test('property: however a player moves about, it plays in one zone, all of which is saved', () => {
  const step = fc.record({ zone: fc.integer({ min: 1, max: 3 }), what: fc.constantFrom('enter', 'save', 'end') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const owners = createZoneOwners();
      // What the character in a zone has done so far: what the store had when it came, and more with every save.
      const standing = new Map<number, number>();
      let saved = 0;
      for (const { zone, what } of steps) {
        const done = standing.get(zone);
        if (what === 'enter') {
          if (owners.enter(1, zone, 0, 0) === 'entered' && done === undefined) standing.set(zone, saved);
          expect(standing.size).toBeLessThanOrEqual(1);
        } else if (done !== undefined) {
          const isFinal = what === 'end';
          saved++;
          expect([owners.takeSave(1, zone, isFinal, 0), done + 1]).toEqual([true, saved]);
          if (isFinal) standing.delete(zone);
          else standing.set(zone, saved);
        }
      }
    }),
  );
});
