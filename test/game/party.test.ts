import { expect, test } from 'vitest';
import { INVITE_TICKS } from '../../src/game/abilities.ts';
import { game } from '../../src/game/game.ts';
import { acceptInvitation, declineInvitation, inviteToParty, leaveParty, partyMembers } from '../../src/game/party.ts';
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
