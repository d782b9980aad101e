// How much of what players write others get to hear. What one player writes is bounded where it is screened; but a crowd
// that writes to everybody, or to one, would take from each hearer the line that its snapshots need, and have honest
// players closed for their backlog. So texts to the whole zone share one bucket, and each player has one for whispers.
// What has leaked out of them decides what the game gets: they are state of the zone, hashed and kept like all of it.
// Zone thread; pure.

import type { TextField } from '../base/fields.ts';
import {
  TARGET_TEXT_COST_BURST,
  TARGET_TEXT_COST_PER_TICK,
  TEXT_COST_EACH,
  ZONE_TEXT_COST_BURST,
  ZONE_TEXT_COST_PER_TICK,
} from '../base/limits.ts';
import { type World, ZONE_HEARD_COST, ZONE_HEARD_TICK } from '../sim/world.ts';

export interface HeardText {
  readonly heardBy: TextField['heardBy'];
  /** Slot of the player whom the request names; −1 when it is not there. */
  readonly target: number;
  readonly bytes: number;
  /** Whether its writer has written little of late. */
  readonly isQuiet: boolean;
}

/** '' and it is counted among what is heard, or why there is no room for it now. */
export function takeHearing(world: World, text: HeardText, tick: number): '' | 'text_busy' | 'text_target_busy' {
  const { heardBy = 'zone', target, bytes, isQuiet } = text;
  const cost = bytes + TEXT_COST_EACH;
  if (heardBy === 'few' || (heardBy === 'named' && target < 0)) return '';
  if (heardBy === 'zone') {
    const { words } = world;
    const held = leak(words[ZONE_HEARD_COST]!, tick - words[ZONE_HEARD_TICK]!, ZONE_TEXT_COST_PER_TICK);
    if (!hasRoom(held + cost, ZONE_TEXT_COST_BURST, isQuiet)) return 'text_busy';
    words[ZONE_HEARD_COST] = held + cost;
    words[ZONE_HEARD_TICK] = tick;
    return '';
  }
  const { heardCost, heardTick } = world.columns;
  const held = leak(heardCost[target]!, tick - heardTick[target]!, TARGET_TEXT_COST_PER_TICK);
  if (!hasRoom(held + cost, TARGET_TEXT_COST_BURST, isQuiet)) return 'text_target_busy';
  heardCost[target] = held + cost;
  heardTick[target] = tick;
  return '';
}

function leak(held: number, ticks: number, perTick: number): number {
  return Math.max(0, held - ticks * perTick);
}

/** The second half is for the quiet: a few who flood leave everybody else a voice. */
function hasRoom(held: number, burst: number, isQuiet: boolean): boolean {
  return held <= (isQuiet ? burst : burst / 2);
}
