// Whom mend is for: the party member under the cursor, else the one that was chosen in the party list, else, for
// fingers, who have no cursor, the nearest one that is hurt. Pure; browser main thread.

import type { EntityView } from '../client/interpolation.ts';
import { ABILITIES, HEALTH_MAX, MEND } from '../game/abilities.ts';
import { PLAYER } from '../game/kinds.ts';
import type { Fight } from './darkages-fight.ts';

/** Chooses a member, by name; the one that is chosen already is let go. */
export function chooseMember(fight: Fight, name: string): void {
  fight.chosenMember = fight.chosenMember === name ? '' : name;
}

/** Undefined = oneself. */
export function findMendTarget(fight: Fight): EntityView | undefined {
  const { client, chosenMember } = fight;
  const under = client.interpolation.views.get(fight.hoverSlot);
  if (under !== undefined && isMendable(fight, under) && distanceTo(fight, under) < ABILITIES[MEND]!.rangeMm) {
    return under;
  }
  if (chosenMember !== '' && chosenMember === client.welcome?.name) return undefined;
  // One that is too far away is named all the same: "too far away" says more than oneself being mended instead.
  return findMember(fight, chosenMember) ?? (fight.isAssisted ? findHurt(fight) : undefined);
}

/** The member of that name if it is in sight and alive. */
function findMember(fight: Fight, name: string): EntityView | undefined {
  if (name === '') return undefined;
  for (const view of fight.client.interpolation.views.values()) {
    if (view.name === name && isMendable(fight, view)) return view;
  }
  return undefined;
}

/** The nearest one in range that is hurt, and not less than oneself: who is near death doesn't mend a scratch. */
function findHurt(fight: Fight): EntityView | undefined {
  const { own, interpolation } = fight.client;
  const hurtBelow = Math.min(HEALTH_MAX, (own.columns.health ?? HEALTH_MAX) + 1);
  let best: EntityView | undefined;
  let bestMm = ABILITIES[MEND]!.rangeMm;
  for (const view of interpolation.views.values()) {
    const distanceMm = distanceTo(fight, view);
    if (distanceMm >= bestMm || (view.columns.health ?? HEALTH_MAX) >= hurtBelow || !isMendable(fight, view)) continue;
    best = view;
    bestMm = distanceMm;
  }
  return best;
}

function isMendable({ client }: Fight, view: EntityView): boolean {
  const party = client.own.columns.party ?? 0;
  return view.kind === PLAYER && party !== 0 && view.columns.party === party && (view.columns.health ?? 0) > 0;
}

function distanceTo({ client: { own } }: Fight, view: EntityView): number {
  return Math.hypot(view.x - own.x, view.z - own.z);
}
