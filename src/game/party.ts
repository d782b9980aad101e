// Parties of up to five: who invites whom, who joins, who leads, who is thrown out. Cold: it runs for requests, for
// players who leave and for those who connect again. A party is its number in the column `party` of its members; the
// member of the lowest rank leads, so when the leader goes the next one does without anything being handed on. What a
// request runs returns '' or the code of a refusal.

import { ENTITIES_MAX } from '../base/limits.ts';
import { INVITE_TICKS, PARTY_SIZE_MAX, TRUCE_TICKS } from './abilities.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { PLAYER } from './kinds.ts';

/** Invitations that a player may send at once. */
const INVITES_MAX = PARTY_SIZE_MAX;
/** From then on it may send one more after so many ticks. */
const INVITE_PAUSE_TICKS = INVITE_TICKS / INVITES_MAX;

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
    if (columns.kind[slot] === PLAYER && columns.party[slot] === party) insertByRank(members, slot, columns.partyRank);
  }
  return members;
}

/** Five at most, each put in its place: the engine's own sort works on copies. */
function insertByRank(members: number[], slot: number, rank: Int32Array): void {
  let place = members.push(slot) - 1;
  while (place > 0 && rank[members[place - 1]!]! > rank[slot]!) {
    members[place] = members[place - 1]!;
    place--;
  }
  members[place] = slot;
}

/**
 * All members hear who is in it, and whom the leader threw out just now ('' = nobody). What they hear of each other later
 * (party-state.ts) goes by places in this list, so all of that is told anew.
 */
export function tellParty(sim: DarkAges, party: number, thrownOut = ''): void {
  const { client, partyClient, partyTold } = columnsOf(sim);
  const slots = partyMembers(sim, party);
  const members = slots.map((slot) => sim.nameOf(slot)).join(',');
  for (const slot of slots) {
    partyClient[slot] = client[slot]!;
    partyTold[slot] = 0;
    sim.emit('party', slot, { members, thrownOut });
  }
}

/**
 * The party that the player in `slot` is safe from, and that is safe from it: its own, but that of before while it has joined
 * or left just now. Else who hunts together could turn on each other between two blows, or step under a friend's meteor.
 */
export function truceOf(sim: DarkAges, slot: number): number {
  const { party, truceParty, truceUntil } = columnsOf(sim);
  return sim.tick < truceUntil[slot]! ? truceParty[slot]! : party[slot]!;
}

/** Into a party or out of it (0). What counts in a fight follows later. */
function setParty(sim: DarkAges, slot: number, next: number): void {
  const { party, truceParty, truceUntil } = columnsOf(sim);
  truceParty[slot] = truceOf(sim, slot);
  truceUntil[slot] = sim.tick + TRUCE_TICKS;
  party[slot] = next;
}

/** By number, during one search: whether a party has it. Each player keeps two from being free. */
const taken = new Uint8Array(2 * ENTITIES_MAX + 2);

/** The lowest number that no party has, nor had just now: a function of the columns alone. */
function freeParty(sim: DarkAges): number {
  const { kind, party } = columnsOf(sim);
  taken.fill(0);
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (kind[slot] !== PLAYER) continue;
    taken[party[slot]!] = 1;
    taken[truceOf(sim, slot)] = 1;
  }
  return taken.indexOf(0, 1);
}

export function inviteToParty(sim: DarkAges, slot: number, name: string): string {
  const { party, invitedBy, inviteUntil, invitesAllTick } = columnsOf(sim);
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
  const isOpen = inviteUntil[target]! > sim.tick;
  if (isOpen && sim.find(invitedBy[target]!) >= 0) return 'already_invited';
  // Else who asks again first would hold the only place for ever, or ask without end.
  const isTooSoon = invitedBy[target] === sim.handle(slot) && inviteUntil[target]! + INVITE_TICKS > sim.tick;
  if (isTooSoon) return 'declined';
  // Nor may everyone be asked in turn.
  const allTick = Math.max(invitesAllTick[slot]!, sim.tick) + INVITE_PAUSE_TICKS;
  if (allTick > sim.tick + INVITE_TICKS) return 'too_soon';
  invitesAllTick[slot] = allTick;
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
  invitedBy[slot] = 0;
  inviteUntil[slot] = 0;
  if (host < 0 || kind[host] !== PLAYER) return 'no_invitation';
  // Members know where the others are: only the leader brings somebody in, whoever was alone when it invited.
  if (party[host] !== 0 && partyMembers(sim, party[host]!)[0] !== host) return 'no_invitation';
  if (party[host] === 0) {
    setParty(sim, host, freeParty(sim));
    partyRank[host] = 1;
  }
  const joined = party[host]!;
  if (partySize(sim, joined) >= PARTY_SIZE_MAX) return 'party_full';
  const members = partyMembers(sim, joined);
  setParty(sim, slot, joined);
  partyRank[slot] = partyRank[members[members.length - 1]!]! + 1;
  voidInvitationsOf(sim, slot);
  tellParty(sim, joined);
  return '';
}

/** Over, as if it had run out: who invited has to wait. */
export function declineInvitation(sim: DarkAges, slot: number): string {
  const { inviteUntil } = columnsOf(sim);
  if (inviteUntil[slot]! <= sim.tick) return 'no_invitation';
  inviteUntil[slot] = sim.tick;
  return '';
}

/**
 * What the player in `slot` offered is not its to give any more: it follows another leader, or leads nobody. It waits as if
 * it had been declined: who hands the lead to and fro would else ask somebody without end.
 */
function voidInvitationsOf(sim: DarkAges, slot: number): void {
  const { invitedBy, inviteUntil } = columnsOf(sim);
  const host = sim.handle(slot);
  for (let guest = 0; guest < sim.slotCount; guest++) {
    if (invitedBy[guest] !== host || inviteUntil[guest]! <= sim.tick) continue;
    inviteUntil[guest] = sim.tick;
    sim.emit('invited', guest, { from: '' });
  }
}

export function leaveParty(sim: DarkAges, slot: number): string {
  if (columnsOf(sim).party[slot] === 0) return 'no_party';
  removeMember(sim, slot, '');
  return '';
}

/** The player in `slot` is about to be gone. */
export function leaveZone(sim: DarkAges, slot: number): void {
  if (leaveParty(sim, slot) !== '') voidInvitationsOf(sim, slot);
}

/** The leader throws somebody out. */
export function kickMember(sim: DarkAges, slot: number, name: string): string {
  const wrong = checkLeader(sim, slot);
  if (wrong !== '') return wrong;
  const target = sim.findPlayer(name);
  const stranger = checkMember(sim, slot, target);
  if (stranger === '') removeMember(sim, target, sim.nameOf(target));
  return stranger;
}

/** The leader hands on the lead, and takes the place of who gets it. */
export function promoteMember(sim: DarkAges, slot: number, name: string): string {
  const wrong = checkLeader(sim, slot);
  if (wrong !== '') return wrong;
  const target = sim.findPlayer(name);
  const stranger = checkMember(sim, slot, target);
  if (stranger !== '') return stranger;
  const { party, partyRank } = columnsOf(sim);
  const rank = partyRank[slot]!;
  partyRank[slot] = partyRank[target]!;
  partyRank[target] = rank;
  voidInvitationsOf(sim, slot);
  tellParty(sim, party[slot]!);
  return '';
}

/** '' or why the player in `slot` has no say over anybody. Before a name is looked up. */
function checkLeader(sim: DarkAges, slot: number): string {
  const own = columnsOf(sim).party[slot]!;
  if (own === 0) return 'no_party';
  return partyMembers(sim, own)[0] === slot ? '' : 'not_leader';
}

/** '' or why the leader in `slot` has no say over the player in `target` (−1 = there is none of that name). */
function checkMember(sim: DarkAges, slot: number, target: number): string {
  const { party } = columnsOf(sim);
  if (target === slot) return 'yourself';
  return target < 0 || party[target] !== party[slot] ? 'no_such_member' : '';
}

/** Who is left alone is in no party either. */
function removeMember(sim: DarkAges, slot: number, thrownOut: string): void {
  const { party } = columnsOf(sim);
  const left = party[slot]!;
  setParty(sim, slot, 0);
  voidInvitationsOf(sim, slot);
  sim.emit('party', slot, { members: '', thrownOut });
  const rest = partyMembers(sim, left);
  if (rest.length > 1) {
    tellParty(sim, left, thrownOut);
    return;
  }
  for (const alone of rest) {
    setParty(sim, alone, 0);
    sim.emit('party', alone, { members: '', thrownOut });
  }
}
