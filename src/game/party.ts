// Parties of up to five: who invites whom, who joins, who leads. Cold: it runs for requests and for players who leave.
// A party is its number in the column `party` of its members; the member of the lowest rank leads, so when the leader
// goes the next one does without anything being handed on. All functions return '' or the code of a refusal.

import { INVITE_TICKS, PARTY_SIZE_MAX } from './abilities.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { PLAYER } from './kinds.ts';

function partySize(sim: DarkAges, party: number): number {
  const columns = columnsOf(sim);
  let size = 0;
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (columns.kind[slot] === PLAYER && columns.party[slot] === party) size++;
  }
  return size;
}

/** Slots of a party's members, the leader first. */
export function partyMembers(sim: DarkAges, party: number): number[] {
  const columns = columnsOf(sim);
  const members: number[] = [];
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (columns.kind[slot] === PLAYER && columns.party[slot] === party) members.push(slot);
  }
  return members.sort((a, b) => columns.partyRank[a]! - columns.partyRank[b]!);
}

function tellParty(sim: DarkAges, party: number): void {
  const slots = partyMembers(sim, party);
  const members = slots.map((slot) => sim.nameOf(slot)).join(',');
  for (const slot of slots) sim.emit('party', slot, { members });
}

/** The lowest number that no party has: a function of the columns alone. */
function freeParty(sim: DarkAges): number {
  const { kind, party } = columnsOf(sim);
  const taken = new Set<number>();
  for (let slot = 0; slot < sim.slotCount; slot++) if (kind[slot] === PLAYER) taken.add(party[slot]!);
  let free = 1;
  while (taken.has(free)) free++;
  return free;
}

export function inviteToParty(sim: DarkAges, slot: number, name: string): string {
  const { party, invitedBy, inviteUntil } = columnsOf(sim);
  const target = sim.findPlayer(name);
  if (target < 0) return 'no_such_player';
  if (target === slot) return 'yourself';
  const own = party[slot]!;
  if (own !== 0) {
    if (party[target] === own) return 'in_party';
    const members = partyMembers(sim, own);
    if (members[0] !== slot) return 'not_leader';
    if (members.length >= PARTY_SIZE_MAX) return 'party_full';
  }
  if (party[target] !== 0) return 'in_party';
  if (inviteUntil[target]! > sim.tick && sim.find(invitedBy[target]!) >= 0) return 'already_invited';
  invitedBy[target] = sim.handle(slot);
  inviteUntil[target] = sim.tick + INVITE_TICKS;
  sim.emit('invited', target, { from: sim.nameOf(slot) });
  return '';
}

export function acceptInvitation(sim: DarkAges, slot: number): string {
  const { kind, party, partyRank, invitedBy, inviteUntil } = columnsOf(sim);
  if (inviteUntil[slot]! <= sim.tick) return 'no_invitation';
  if (party[slot] !== 0) return 'in_party';
  const host = sim.find(invitedBy[slot]!);
  inviteUntil[slot] = 0;
  if (host < 0 || kind[host] !== PLAYER) return 'no_invitation';
  if (party[host] === 0) {
    party[host] = freeParty(sim);
    partyRank[host] = 1;
  }
  const joined = party[host]!;
  if (partySize(sim, joined) >= PARTY_SIZE_MAX) return 'party_full';
  const members = partyMembers(sim, joined);
  party[slot] = joined;
  partyRank[slot] = partyRank[members[members.length - 1]!]! + 1;
  tellParty(sim, joined);
  return '';
}

export function declineInvitation(sim: DarkAges, slot: number): string {
  const { inviteUntil } = columnsOf(sim);
  if (inviteUntil[slot]! <= sim.tick) return 'no_invitation';
  inviteUntil[slot] = 0;
  return '';
}

/** Who is left alone is in no party either. */
export function leaveParty(sim: DarkAges, slot: number): string {
  const { party } = columnsOf(sim);
  const left = party[slot]!;
  if (left === 0) return 'no_party';
  party[slot] = 0;
  sim.emit('party', slot, { members: '' });
  const rest = partyMembers(sim, left);
  if (rest.length === 1) {
    party[rest[0]!] = 0;
    sim.emit('party', rest[0]!, { members: '' });
  } else tellParty(sim, left);
  return '';
}
