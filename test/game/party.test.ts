import { expect, test } from 'vitest';
import { INVITE_TICKS, TRUCE_TICKS } from '../../src/game/abilities.ts';
import { mayHurt } from '../../src/game/damage.ts';
import { game } from '../../src/game/game.ts';
import {
  acceptInvitation,
  declineInvitation,
  inviteToParty,
  kickMember,
  leaveParty,
  partyMembers,
  promoteMember,
} from '../../src/game/party.ts';
import { type Arena, addPlayer, createArena, step, toldOf } from './arena.ts';

const NAMES = ['ann', 'bob', 'cat', 'dan', 'eve', 'fay', 'gus'];

function createParty(size: number): { arena: Arena; slots: number[] } {
  const arena = createArena();
  const slots = NAMES.map((name, index) => addPlayer(arena, index * 5000, 0, name));
  for (let index = 1; index < size; index++) join(arena, slots[0]!, slots[index]!);
  arena.told.length = 0;
  return { arena, slots };
}

function join(arena: Arena, leader: number, slot: number): void {
  expect(inviteToParty(arena.sim, leader, arena.names.get(slot)!)).toBe('');
  expect(acceptInvitation(arena.sim, slot)).toBe('');
}

test('by invitation, up to five; everyone of it is told who is in it, the leader first', () => {
  const { arena, slots } = createParty(3);
  const { party } = arena.columns;
  expect(party[slots[0]!]).toBeGreaterThan(0);
  expect(slots.slice(0, 4).map((slot) => party[slot])).toEqual([1, 1, 1, 0]);
  join(arena, slots[0]!, slots[3]!);
  expect(toldOf(arena, 'invited')).toEqual([{ from: 'ann' }]);
  const told = arena.told.filter(({ event }) => event === 'party');
  expect(told.map(({ to, values }) => [to, values.members])).toEqual(
    slots.slice(0, 4).map((slot) => [slot, 'ann,bob,cat,dan']),
  );
  join(arena, slots[0]!, slots[4]!);
  expect(inviteToParty(arena.sim, slots[0]!, 'fay')).toBe('party_full');
});

test('what is refused', () => {
  const { arena, slots } = createParty(2);
  const { sim } = arena;
  const [ann, bob, cat, dan] = slots as [number, number, number, number];
  expect(inviteToParty(sim, ann, 'nobody')).toBe('no_such_player');
  expect(inviteToParty(sim, ann, 'ANN')).toBe('yourself');
  expect(inviteToParty(sim, ann, 'bob')).toBe('in_party');
  expect(inviteToParty(sim, bob, 'cat')).toBe('not_leader');
  expect(inviteToParty(sim, cat, 'bob')).toBe('in_party');
  expect(acceptInvitation(sim, cat)).toBe('no_invitation');
  expect(declineInvitation(sim, cat)).toBe('no_invitation');
  expect(leaveParty(sim, cat)).toBe('no_party');
  expect(inviteToParty(sim, ann, 'Cat')).toBe('');
  expect(inviteToParty(sim, dan, 'cat')).toBe('already_invited');
  expect(declineInvitation(sim, cat)).toBe('');
  expect(acceptInvitation(sim, cat)).toBe('no_invitation');
  expect(inviteToParty(sim, dan, 'cat')).toBe('');
  step(arena, INVITE_TICKS);
  expect(acceptInvitation(sim, cat)).toBe('no_invitation');
  expect(inviteToParty(sim, ann, 'cat')).toBe('');
  sim.despawn(ann);
  expect(acceptInvitation(sim, cat)).toBe('no_invitation');
});

test('an invitation to a party that filled up meanwhile, or into a second one, is refused', () => {
  const { arena, slots } = createParty(4);
  expect(inviteToParty(arena.sim, slots[0]!, 'eve')).toBe('');
  expect(inviteToParty(arena.sim, slots[0]!, 'fay')).toBe('');
  expect(acceptInvitation(arena.sim, slots[4]!)).toBe('');
  expect(acceptInvitation(arena.sim, slots[5]!)).toBe('party_full');
  arena.columns.inviteUntil[slots[4]!] = arena.sim.tick + 5;
  expect(acceptInvitation(arena.sim, slots[4]!)).toBe('in_party');
});

test('whoever was alone when it invited brings nobody into the party that it joins, nor does who gave up the lead', () => {
  const { arena, slots } = createParty(2);
  const { sim, columns } = arena;
  const [ann, bob, mole, spy, eve] = slots as [number, number, number, number, number];
  expect(inviteToParty(sim, mole, 'dan')).toBe('');
  join(arena, ann, mole);
  expect(acceptInvitation(sim, spy)).toBe('no_invitation');
  expect(inviteToParty(sim, ann, 'dan')).toBe('');
  expect(inviteToParty(sim, ann, 'eve')).toBe('');
  expect(promoteMember(sim, ann, 'bob')).toBe('');
  expect(acceptInvitation(sim, spy)).toBe('no_invitation');
  // Nor later, when it leads again or is alone.
  expect(promoteMember(sim, bob, 'ann')).toBe('');
  expect(acceptInvitation(sim, eve)).toBe('no_invitation');
  step(arena, INVITE_TICKS);
  expect(inviteToParty(sim, ann, 'dan')).toBe('');
  expect(leaveParty(sim, ann)).toBe('');
  expect(acceptInvitation(sim, spy)).toBe('no_invitation');
  // Whatever a column says.
  columns.invitedBy[spy] = sim.handle(mole);
  columns.inviteUntil[spy] = sim.tick + 5;
  expect(acceptInvitation(sim, spy)).toBe('no_invitation');
  expect([spy, eve, ann].map((slot) => columns.party[slot])).toEqual([0, 0, 0]);
});

test('who was declined, or not answered, waits before it invites the same one again; others do not', () => {
  const { arena, slots } = createParty(0);
  const { sim } = arena;
  const [ann, bob, cat] = slots as [number, number, number];
  expect(inviteToParty(sim, ann, 'cat')).toBe('');
  expect(declineInvitation(sim, cat)).toBe('');
  expect(inviteToParty(sim, ann, 'cat')).toBe('declined');
  expect(inviteToParty(sim, ann, 'dan')).toBe('');
  step(arena, INVITE_TICKS - 1);
  expect(inviteToParty(sim, ann, 'cat')).toBe('declined');
  step(arena);
  expect(inviteToParty(sim, ann, 'cat')).toBe('');
  step(arena, INVITE_TICKS);
  expect(inviteToParty(sim, ann, 'cat')).toBe('declined');
  expect(inviteToParty(sim, bob, 'cat')).toBe('');
  expect(acceptInvitation(sim, cat)).toBe('');
  expect(leaveParty(sim, cat)).toBe('');
  expect(inviteToParty(sim, bob, 'cat')).toBe('');
});

test('who takes an invitation back waits as if it was declined: nobody is asked again and again', () => {
  const { arena, slots } = createParty(2);
  const { sim } = arena;
  const [ann, bob, cat, dan] = slots as [number, number, number, number];
  const takeBack: readonly (() => string)[] = [
    () => promoteMember(sim, ann, 'bob') || promoteMember(sim, bob, 'ann'),
    () => leaveParty(sim, ann),
    () => inviteToParty(sim, dan, 'ann') || acceptInvitation(sim, ann) || leaveParty(sim, ann),
  ];
  for (const deed of takeBack) {
    expect(inviteToParty(sim, ann, 'cat')).toBe('');
    expect(deed()).toBe('');
    expect(acceptInvitation(sim, cat)).toBe('no_invitation');
    expect(inviteToParty(sim, ann, 'cat')).toBe('declined');
    step(arena, INVITE_TICKS - 1);
    expect(inviteToParty(sim, ann, 'cat')).toBe('declined');
    step(arena);
  }
  // Somebody else is free to ask meanwhile.
  expect(inviteToParty(sim, ann, 'cat')).toBe('');
  join(arena, bob, ann);
  expect(inviteToParty(sim, dan, 'cat')).toBe('');
});

test('who was invited is told when that is taken back, and when who invited is gone; not of what has run out', () => {
  const { arena, slots } = createParty(2);
  const { sim } = arena;
  const [ann, bob, cat, dan] = slots as [number, number, number, number];
  const heard = () => arena.told.filter(({ event }) => event === 'invited').map(({ to, values }) => [to, values.from]);
  expect(inviteToParty(sim, ann, 'cat')).toBe('');
  expect(promoteMember(sim, ann, 'bob')).toBe('');
  expect(inviteToParty(sim, dan, 'eve')).toBe('');
  game.leave!(sim, dan);
  expect(heard()).toEqual([
    [cat, 'ann'],
    [cat, ''],
    [slots[4], 'dan'],
    [slots[4], ''],
  ]);
  arena.told.length = 0;
  expect(inviteToParty(sim, bob, 'cat')).toBe('');
  step(arena, INVITE_TICKS);
  game.leave!(sim, bob);
  expect(heard()).toEqual([[cat, 'bob']]);
});

test('five may be invited at once, whatever comes of it, then one every six seconds', () => {
  const { arena, slots } = createParty(0);
  const { sim } = arena;
  const [ann, bob] = slots as [number, number];
  for (const name of ['cat', 'dan', 'eve', 'fay', 'gus']) expect(inviteToParty(sim, ann, name)).toBe('');
  for (const slot of slots.slice(2)) expect(declineInvitation(sim, slot)).toBe('');
  expect(inviteToParty(sim, ann, 'bob')).toBe('too_soon');
  expect(inviteToParty(sim, ann, 'cat')).toBe('declined');
  expect(inviteToParty(sim, bob, 'cat')).toBe('');
  step(arena, 359);
  expect(inviteToParty(sim, ann, 'bob')).toBe('too_soon');
  step(arena);
  expect(inviteToParty(sim, ann, 'bob')).toBe('');
  expect(declineInvitation(sim, bob)).toBe('');
  // Refused ones cost nothing, and time brings back five at most.
  step(arena, 10 * INVITE_TICKS);
  for (const name of ['bob', 'cat', 'dan', 'eve', 'fay']) expect(inviteToParty(sim, ann, name)).toBe('');
  expect(inviteToParty(sim, ann, 'gus')).toBe('too_soon');
});

test('when the leader goes the next one leads; who is left alone is in none; numbers are used again', () => {
  const { arena, slots } = createParty(3);
  const { sim, columns } = arena;
  game.leave!(sim, slots[0]!);
  expect(partyMembers(sim, 1)).toEqual([slots[1], slots[2]]);
  expect(toldOf(arena, 'party').map(({ members }) => members)).toEqual(['', 'bob,cat', 'bob,cat']);
  join(arena, slots[1]!, slots[3]!);
  join(arena, slots[4]!, slots[5]!);
  expect(columns.party[slots[5]!]).toBe(2);
  expect(leaveParty(sim, slots[1]!)).toBe('');
  expect(leaveParty(sim, slots[2]!)).toBe('');
  expect(columns.party[slots[3]!]).toBe(0);
  expect(arena.told.at(-1)).toMatchObject({ event: 'party', to: slots[3], values: { members: '' } });
  join(arena, slots[0]!, slots[1]!);
  expect(columns.party[slots[0]!]).toBe(1);
});

test('the leader throws somebody out: he is told, and so are those who stay', () => {
  const { arena, slots } = createParty(3);
  const { sim, columns } = arena;
  expect(kickMember(sim, slots[0]!, 'BOB')).toBe('');
  expect(columns.party[slots[1]!]).toBe(0);
  expect(arena.told.map(({ to, values }) => [to, values])).toEqual([
    [slots[1], { members: '', thrownOut: 'bob' }],
    [slots[0], { members: 'ann,cat', thrownOut: 'bob' }],
    [slots[2], { members: 'ann,cat', thrownOut: 'bob' }],
  ]);
  arena.told.length = 0;
  expect(kickMember(sim, slots[0]!, 'cat')).toBe('');
  expect(partyMembers(sim, 1)).toEqual([]);
  expect(arena.told.map(({ to, values }) => [to, values])).toEqual([
    [slots[2], { members: '', thrownOut: 'cat' }],
    [slots[0], { members: '', thrownOut: 'cat' }],
  ]);
  join(arena, slots[0]!, slots[1]!);
  expect(toldOf(arena, 'party').at(-1)).toEqual({ members: 'ann,bob', thrownOut: '' });
});

test('the leader hands on the lead, and only then somebody else has a say', () => {
  const { arena, slots } = createParty(3);
  const { sim } = arena;
  expect(kickMember(sim, slots[2]!, 'bob')).toBe('not_leader');
  expect(promoteMember(sim, slots[0]!, 'cat')).toBe('');
  expect(toldOf(arena, 'party').map(({ members }) => members)).toEqual(Array(3).fill('cat,bob,ann'));
  expect(kickMember(sim, slots[0]!, 'bob')).toBe('not_leader');
  expect(inviteToParty(sim, slots[0]!, 'dan')).toBe('not_leader');
  expect(kickMember(sim, slots[2]!, 'ann')).toBe('');
  expect(inviteToParty(sim, slots[2]!, 'dan')).toBe('');
});

test('members are safe from each other from 5 s after joining until 5 s after it ends, both ways and whoever ends it', () => {
  const leave = (arena: Arena, slot: number) => leaveParty(arena.sim, slot);
  const throwOut = (arena: Arena, slot: number) => kickMember(arena.sim, 0, arena.names.get(slot)!);
  for (const end of [leave, throwOut]) {
    for (const size of [2, 3]) {
      const { arena, slots } = createParty(size);
      const { sim, columns } = arena;
      const [ann, bob, cat] = slots as [number, number, number];
      const may = (source: number, target: number) =>
        mayHurt(sim, source, columns.kind[source]!, columns.party[source]!, target);
      const areEnemies = () => [may(ann, bob), may(bob, ann)];
      step(arena, TRUCE_TICKS - 1);
      expect(areEnemies()).toEqual([true, true]);
      step(arena);
      expect(areEnemies()).toEqual([false, false]);
      expect(end(arena, bob)).toBe('');
      step(arena, TRUCE_TICKS - 1);
      expect(areEnemies()).toEqual([false, false]);
      expect([may(ann, cat), may(cat, bob)]).toEqual(size === 2 ? [true, true] : [false, false]);
      step(arena);
      expect(areEnemies()).toEqual([true, true]);
      expect(may(ann, cat)).toBe(size === 2);
    }
  }
});

test('no detour through another party ends the truce sooner, and its number is nobody else’s meanwhile', () => {
  const { arena, slots } = createParty(2);
  const { sim, columns } = arena;
  const [ann, bob, cat, dan] = slots as [number, number, number, number];
  const may = (source: number, target: number) => mayHurt(sim, source, 1, columns.party[source]!, target);
  step(arena, TRUCE_TICKS);
  expect(leaveParty(sim, ann)).toBe('');
  join(arena, cat, dan);
  expect(columns.party[cat]).toBe(2);
  join(arena, cat, ann);
  expect(leaveParty(sim, ann)).toBe('');
  step(arena, TRUCE_TICKS - 1);
  expect([may(ann, bob), may(bob, ann), may(ann, cat), may(cat, ann)]).toEqual([false, false, true, true]);
  step(arena);
  expect([may(ann, bob), may(bob, ann)]).toEqual([true, true]);
});

test('who is in no party, does not lead, or means himself or a stranger, throws nobody out', () => {
  const { arena, slots } = createParty(2);
  const { sim, columns } = arena;
  join(arena, slots[3]!, slots[4]!);
  arena.told.length = 0;
  const parties = [...columns.party];
  for (const ask of [kickMember, promoteMember]) {
    expect(ask(sim, slots[2]!, 'bob')).toBe('no_party');
    expect(ask(sim, slots[1]!, 'ann')).toBe('not_leader');
    expect(ask(sim, slots[1]!, 'bob')).toBe('not_leader');
    expect(ask(sim, slots[0]!, 'ann')).toBe('yourself');
    for (const name of ['nobody', 'cat', 'eve']) expect(ask(sim, slots[0]!, name)).toBe('no_such_member');
  }
  expect([...columns.party]).toEqual(parties);
  expect(arena.told).toEqual([]);
});
