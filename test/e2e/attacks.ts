// What a hostile client does to break each rule that guards a socket or the gateway: one entry a row of src/guard/rules.ts,
// by its code. hostile-rules.test.ts runs them against a real server; test/guard/rules.test.ts misses none. The rules of
// the game that ships have hostile-game.test.ts.

import type { Attack, InProcess } from './attack.ts';
import { EDGE_ATTACKS, GATEWAY_ATTACKS } from './edge-attacks.ts';
import { ZONE_ATTACKS } from './zone-attacks.ts';

export const ATTACKS: Readonly<Record<string, Attack | InProcess>> = {
  ...EDGE_ATTACKS,
  ...GATEWAY_ATTACKS,
  ...ZONE_ATTACKS,
};
