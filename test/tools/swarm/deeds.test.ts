import { expect, test } from 'vitest';
import { REASONS, SLASH } from '../../../src/game/abilities.ts';
import { createDeeds, type Doer, mergeDeeds, noteColumns, noteEvent } from '../../../tools/swarm/deeds.ts';

const doer = (): Doer => ({ handle: 7, name: 'me', actedTick: -1, isInParty: false });

test('a hit counts for who gave it and for who took it, not for others', () => {
  const deeds = createDeeds();
  noteEvent(deeds, doer(), 'hit', { target: 9, by: 7, ability: 1, amount: 14 });
  noteEvent(deeds, doer(), 'hit', { target: 7, by: 9, ability: 1, amount: 5 });
  expect(deeds).toMatchObject({ hits: 1, damage: 14, hitsTaken: 1, damageTaken: 5 });
});

test('kills of players and creatures and the own death are told apart', () => {
  const deeds = createDeeds();
  noteEvent(deeds, doer(), 'killed', { target: 9, name: 'you', by: 'me' });
  noteEvent(deeds, doer(), 'killed', { target: 10, name: '', by: 'me' });
  noteEvent(deeds, doer(), 'killed', { target: 7, name: 'me', by: '' });
  noteEvent(deeds, doer(), 'killed', { target: 11, name: 'she', by: 'he' });
  expect(deeds).toMatchObject({ playersKilled: 1, creaturesKilled: 1, deaths: 1 });
});

test('an ability counts once when it took effect; what was there at the join does not', () => {
  const deeds = createDeeds();
  const me = doer();
  for (const actedTick of [50, 50, 90, 90]) noteColumns(deeds, me, { actedTick, actedAbility: SLASH });
  expect(deeds.abilities).toEqual({ slash: 1 });
});

test('refusals go by reason, a party is joined once, and parts add up', () => {
  const deeds = createDeeds();
  const me = doer();
  noteEvent(deeds, me, 'refused', { ability: 1, reason: REASONS.range });
  noteEvent(deeds, me, 'party', { members: 'you,me' });
  noteEvent(deeds, me, 'party', { members: 'you,me,she' });
  noteEvent(deeds, me, 'party', { members: 'you,me', thrownOut: 'she' });
  noteEvent(deeds, me, 'party', { members: '', thrownOut: 'me' });
  noteEvent(deeds, me, 'said', { from: 'me', text: 'x' });
  noteEvent(deeds, me, 'said', { from: 'you', text: 'x' });
  const sum = createDeeds();
  mergeDeeds(sum, deeds);
  mergeDeeds(sum, deeds);
  expect(sum).toMatchObject({ abilitiesRefused: { range: 2 }, partiesJoined: 2, thrownOut: 2, said: 2, heard: 2 });
});
