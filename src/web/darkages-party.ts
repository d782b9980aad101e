// What the page knows of the own party: who is in it, and how and where each one is, as seen or else as told. Pure:
// darkages-social.ts shows it.

import type { EntityView } from '../client/interpolation.ts';
import type { Client } from '../client/state.ts';
import { PLAYER } from '../game/kinds.ts';

type Values = Readonly<Record<string, number | string>>;

/** As the server told it last; `health` −1 = it hasn't yet. */
export interface Member {
  readonly name: string;
  health: number;
  xMm: number;
  zMm: number;
}

/** Members in the server's order, the leader first; none = in no party. */
export interface Party {
  members: readonly Member[];
}

/** How a member is: `isAway` when it isn't in sight and only told of. */
export interface Condition {
  readonly health: number;
  readonly isAway: boolean;
  readonly distanceMm: number;
}

const METRE_MM = 1000;

/** @param names with commas between, as in the event `party`. Who stays keeps what is known of them. */
export function setMembers(party: Party, names: string): void {
  const known = new Map(party.members.map((member) => [member.name, member]));
  party.members = (names === '' ? [] : names.split(',')).map(
    (name) => known.get(name) ?? { name, health: -1, xMm: 0, zMm: 0 },
  );
}

/** Takes an event `partyState`. */
export function noteMemberState(party: Party, { member: place, health, x, z }: Values): void {
  const member = party.members[Number(place) - 1];
  if (member === undefined) return;
  member.health = Number(health);
  // It is rounded down to the metre.
  member.xMm = (Number(x) + 0.5) * METRE_MM;
  member.zMm = (Number(z) + 0.5) * METRE_MM;
}

export function isLeading({ members }: Party, name: string | undefined): boolean {
  return members[0]?.name === name;
}

export function conditionOf(member: Member, { own, welcome, interpolation }: Client): Condition {
  if (member.name === welcome?.name) return { health: own.columns.health ?? 0, isAway: false, distanceMm: 0 };
  const view = findSeen(interpolation.views.values(), member.name);
  const distanceMm = Math.hypot((view?.x ?? member.xMm) - own.x, (view?.z ?? member.zMm) - own.z);
  return { health: view?.columns.health ?? member.health, isAway: view === undefined, distanceMm };
}

/** Members that aren't in sight, but known of: for the radar. */
export function membersAway({ members }: Party, { welcome, interpolation }: Client): Member[] {
  return members.filter(
    ({ name, health }) =>
      health >= 0 && name !== welcome?.name && findSeen(interpolation.views.values(), name) === undefined,
  );
}

function findSeen(views: Iterable<EntityView>, name: string): EntityView | undefined {
  for (const view of views) if (view.kind === PLAYER && view.name === name) return view;
  return undefined;
}

/** What an event `party` means to the player called `own`, against the members before it; '' = nothing new. */
export function describeChange(before: readonly string[], { members, thrownOut }: Values, own: string): string {
  const after = members === '' ? [] : String(members).split(',');
  if (thrownOut === own) return `${before[0] ?? 'The leader'} threw you out of the party.`;
  if (before.length === 0) return after.length > 0 ? 'You are in a party now.' : '';
  if (thrownOut !== '' && thrownOut !== undefined && before.includes(String(thrownOut))) {
    return `${thrownOut} was thrown out of the party.`;
  }
  if (after.length === 0) return 'You are in no party any more.';
  const joined = after.find((name) => !before.includes(name));
  if (joined !== undefined) return `${joined} joins the party.`;
  const left = before.find((name) => !after.includes(name));
  if (left !== undefined) return `${left} leaves the party.`;
  if (before[0] === after[0]) return '';
  return after[0] === own ? 'You lead the party now.' : `${after[0]} leads the party now.`;
}
