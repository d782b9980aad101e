// One request of a player: read, screened, run by the game, answered. Zone thread; allocates.

import { assert } from '../base/assert.ts';
import type { Reader } from '../base/bytes.ts';
import type { InputGuard } from '../guard/input-guard.ts';
import { screenRequest } from '../guard/requests.ts';
import type { AnyGame, Simulation } from '../sim/game.ts';
import type { World } from '../sim/world.ts';
import { decodeMessage, encodeMessage } from '../wire/codec.ts';
import type { Messages } from '../wire/schema.ts';
import { RECORD_RESPONSE } from '../wire/zone-records.ts';
import { beginRecord, endRecord, type ZoneOutput } from './output.ts';

/** The parts of a zone that a request meets; a Zone fits. */
export interface ZoneAnswers extends ZoneOutput {
  readonly game: AnyGame;
  readonly world: World;
  readonly sim: Simulation;
  readonly guard: InputGuard;
  readonly messages: Messages;
  readonly reader: Reader;
  readonly slotOfClient: Int32Array;
  /** By place in `game.rules`. */
  readonly ruleCounts: Uint32Array;
}

/** Its record is at the zone's reader, behind the client. */
export function takeRequest(zone: ZoneAnswers, client: number): void {
  const { words, index } = zone.counters;
  const slot = zone.slotOfClient[client]! - 1;
  if (slot < 0) return;
  const { value } = decodeMessage(zone.reader, zone.messages.clientRequest, 'reject');
  words[index.requests]!++;
  let refused = 'unknown_request';
  for (const [name, spec] of Object.entries(zone.game.requests ?? {})) {
    const body = value[name];
    if (body === undefined) continue;
    const values = body as Record<string, number | string>;
    refused = screenRequest(zone.guard, zone.world, spec.fields, values, slot, zone.sim.findPlayer);
    if (refused === '') {
      refused = spec.run(zone.sim, slot, values);
      const rule = zone.game.rules.indexOf(`${name}.${refused}`);
      if (rule >= 0) countRefusal(zone, rule);
    }
    break;
  }
  if (refused !== '') words[index.requestsRefused]!++;
  const response = { id: value.id, refused };
  encodeMessage(beginRecord(zone, RECORD_RESPONSE, client), zone.messages.serverResponse, response);
  endRecord(zone, client);
}

export function countRefusal({ ruleCounts }: ZoneAnswers, rule: number): void {
  assert(rule >= 0 && rule < ruleCounts.length, 'a game counts by rules that it states');
  ruleCounts[rule]!++;
}
