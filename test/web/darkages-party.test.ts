import { expect, test } from 'vitest';
import type { Client } from '../../src/client/state.ts';
import { PLAYER, WOLF } from '../../src/game/kinds.ts';
import {
  conditionOf,
  describeChange,
  isLeading,
  membersAway,
  noteMemberState,
  type Party,
  setMembers,
} from '../../src/web/darkages-party.ts';

/** As much of a client as is looked at: oneself at 1 m, 0 m, and who is in sight. */
function clientOf(views: readonly { kind: number; name: string; x: number; z: number; health: number }[]): Client {
  const seen = views.map(({ health, ...view }, slot) => [slot, { ...view, columns: { health } }] as const);
  return {
    welcome: { name: 'ann' },
    own: { x: 1000, z: 0, columns: { health: 77 } },
    interpolation: { views: new Map(seen) },
  } as unknown as Client;
}

function createParty(): Party {
  const party: Party = { members: [] };
  setMembers(party, 'ann,bob,cat');
  return party;
}

test('who is seen is as seen, who isn’t is as told, of who was never told of nothing is known', () => {
  const party = createParty();
  noteMemberState(party, { member: 2, health: 30, x: -40, z: 0 });
  const views = [
    { kind: WOLF, name: 'bob', x: 5000, z: 0, health: 3 },
    { kind: PLAYER, name: 'zoe', x: 9000, z: 0, health: 9 },
  ];
  const [ann, bob, cat] = party.members;
  const far = clientOf(views);
  expect(conditionOf(ann!, far)).toEqual({ health: 77, isAway: false, distanceMm: 0 });
  expect(conditionOf(bob!, far)).toMatchObject({ health: 30, isAway: true });
  expect(conditionOf(bob!, far).distanceMm).toBeCloseTo(Math.hypot(40_500, 500), 3);
  expect(conditionOf(cat!, far)).toMatchObject({ health: -1, isAway: true });
  expect(membersAway(party, far)).toEqual([bob]);
  const near = clientOf([...views, { kind: PLAYER, name: 'bob', x: 4000, z: 4000, health: 0 }]);
  expect(conditionOf(bob!, near)).toEqual({ health: 0, isAway: false, distanceMm: 5000 });
  expect(membersAway(party, near)).toEqual([]);
});

test('places go by the last list; who stays in it keeps what is known', () => {
  const party = createParty();
  noteMemberState(party, { member: 3, health: 50, x: 9, z: 9 });
  setMembers(party, 'cat,ann');
  expect(party.members).toMatchObject([
    { name: 'cat', health: 50 },
    { name: 'ann', health: -1 },
  ]);
  noteMemberState(party, { member: 1, health: 0, x: 9, z: 9 });
  expect(party.members[0]!.health).toBe(0);
  // Of a list that the page doesn't have.
  noteMemberState(party, { member: 5, health: 1, x: 0, z: 0 });
  expect(party.members.length).toBe(2);
  expect([isLeading(party, 'cat'), isLeading(party, 'ann')]).toEqual([true, false]);
  setMembers(party, '');
  expect([party.members, isLeading(party, 'ann')]).toEqual([[], false]);
});

test.each([
  ['', 'ann,bob', '', 'You are in a party now.'],
  ['ann,bob', 'ann,bob,cat', '', 'cat joins the party.'],
  ['ann,bob,cat', 'ann,bob', '', 'cat leaves the party.'],
  ['bob,ann', '', '', 'You are in no party any more.'],
  ['bob,ann,cat', '', 'ann', 'bob threw you out of the party.'],
  ['ann,bob,cat', 'ann,bob', 'cat', 'cat was thrown out of the party.'],
  ['ann,bob', '', 'bob', 'bob was thrown out of the party.'],
  ['bob,ann', 'ann,bob', '', 'You lead the party now.'],
  ['ann,bob', 'bob,ann', '', 'bob leads the party now.'],
  ['ann,bob', 'ann,bob', '', ''],
  ['', '', '', ''],
])('from “%s” to “%s”, thrown out “%s”: %s', (before, members, thrownOut, text) => {
  expect(describeChange(before === '' ? [] : before.split(','), { members, thrownOut }, 'ann')).toBe(text);
});
