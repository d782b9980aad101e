// Whom mend is for: the party member under the cursor, else the one that was chosen in the party list, else, for
// fingers, who have no cursor, the nearest one that is hurt. Pure; browser main thread.

import type { EntityView } from '../client/interpolation.ts';
import type { Client } from '../client/state.ts';
import { ABILITIES, HEALTH_MAX, MEND } from '../game/abilities.ts';
import { PLAYER } from '../game/kinds.ts';

/** What of the fight says whom to mend. */
export interface Mender {
  readonly client: Client;
  readonly hoverSlot: number;
  readonly isAssisted: boolean;
  chosenMember: string;
}

/** Chooses a member, by name; the one that is chosen already is let go. */
export function chooseMember(mender: Mender, name: string): void {
  mender.chosenMember = mender.chosenMember === name ? '' : name;
}

/** Undefined = oneself. */
export function findMendTarget(mender: Mender): EntityView | undefined {
  const { client, chosenMember } = mender;
  const under = client.interpolation.views.get(mender.hoverSlot);
  if (under !== undefined && isMendable(mender, under) && distanceTo(mender, under) < ABILITIES[MEND]!.rangeMm) {
    return under;
  }
  if (chosenMember !== '' && chosenMember === client.welcome?.name) return undefined;
  // One that is too far away is named all the same: "too far away" says more than oneself being mended instead.
  return findMember(mender, chosenMember) ?? (mender.isAssisted ? findHurt(mender) : undefined);
}

/** The member of that name if it is in sight and alive. */
function findMember(mender: Mender, name: string): EntityView | undefined {
  if (name === '') return undefined;
  for (const view of mender.client.interpolation.views.values()) {
    if (view.name === name && isMendable(mender, view)) return view;
  }
  return undefined;
}

/** The nearest one in range that is hurt, and not less than oneself: who is near death doesn't mend a scratch. */
function findHurt(mender: Mender): EntityView | undefined {
  const { own, interpolation } = mender.client;
  const hurtBelow = Math.min(HEALTH_MAX, (own.columns.health ?? HEALTH_MAX) + 1);
  let best: EntityView | undefined;
  let bestMm = ABILITIES[MEND]!.rangeMm;
  for (const view of interpolation.views.values()) {
    const distanceMm = distanceTo(mender, view);
    if (distanceMm >= bestMm || (view.columns.health ?? HEALTH_MAX) >= hurtBelow || !isMendable(mender, view)) continue;
    best = view;
    bestMm = distanceMm;
  }
  return best;
}

function isMendable({ client }: Mender, view: EntityView): boolean {
  const party = client.own.columns.party ?? 0;
  return view.kind === PLAYER && party !== 0 && view.columns.party === party && (view.columns.health ?? 0) > 0;
}

function distanceTo({ client: { own } }: Mender, view: EntityView): number {
  return Math.hypot(view.x - own.x, view.z - own.z);
}
