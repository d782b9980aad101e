// One request of a player: read, screened, run by the game, answered. Zone thread; allocates what it reads and little
// else, so that chat makes no work for the garbage collector.

import { assert } from '../base/assert.ts';
import type { Reader } from '../base/bytes.ts';
import type { InputGuard } from '../guard/input-guard.ts';
import { listTexts, type ScreenedText, screenRequest } from '../guard/requests.ts';
import type { AnyGame, Simulation } from '../sim/game.ts';
import { playerIdOf, type World, worldTick } from '../sim/world.ts';
import { decodeMessage, encodeMessage } from '../wire/codec.ts';
import type { Messages } from '../wire/schema.ts';
import { RECORD_RESPONSE } from '../wire/zone-records.ts';
import { type Answers, findAnswer, keepAnswer } from './answers.ts';
import { beginCommand, canCommit, endCommand } from './commits.ts';
import { beginRecord, endRecord, holdRecord, type ZonePromises } from './output.ts';

/** Answer to a command while nothing can be promised. */
const NOT_NOW = 'not_now';

/** A request that a game states, with what each one of it needs found once. */
export interface RequestKind {
  readonly name: string;
  readonly spec: NonNullable<AnyGame['requests']>[string];
  readonly texts: readonly ScreenedText[];
  /** What is counted where it is refused with a code that is a rule: places in `game.rules`. */
  readonly rules: ReadonlyMap<string, number>;
}

export function listRequests(game: AnyGame): readonly RequestKind[] {
  return Object.entries(game.requests ?? {}).map(([name, spec]) => ({
    name,
    spec,
    texts: listTexts(spec.fields),
    rules: new Map(
      game.rules.flatMap((rule, place) => (rule.startsWith(`${name}.`) ? [[rule.slice(name.length + 1), place]] : [])),
    ),
  }));
}

/** The parts of a zone that a request meets; a Zone fits. */
export interface ZoneAnswers extends ZonePromises {
  readonly world: World;
  readonly game: AnyGame;
  readonly answers: Answers;
  readonly sim: Simulation;
  readonly guard: InputGuard;
  readonly messages: Messages;
  readonly requestKinds: readonly RequestKind[];
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
  let isCommitted = false;
  for (let kind = 0; kind < zone.requestKinds.length; kind++) {
    const { name } = zone.requestKinds[kind]!;
    const body = value[name];
    if (body === undefined) continue;
    isCommitted = zone.requestKinds[kind]!.spec.committed === true;
    const values = body as Record<string, number | string>;
    refused = isCommitted
      ? runCommand(zone, zone.requestKinds[kind]!, slot, values, value.key as number)
      : runRequest(zone, zone.requestKinds[kind]!, slot, values);
    break;
  }
  if (refused !== '') words[index.requestsRefused]!++;
  const response = { id: value.id, refused };
  encodeMessage(beginRecord(zone, RECORD_RESPONSE, client), zone.messages.serverResponse, response);
  if (isCommitted) holdRecord(zone, client);
  else endRecord(zone, client);
}

type Values = Readonly<Record<string, number | string>>;

function runRequest(zone: ZoneAnswers, { spec, texts, rules }: RequestKind, slot: number, values: Values): string {
  const code = screenRequest(zone.guard, zone.world, texts, values, slot, zone.sim.findPlayer);
  if (code !== '') return code;
  const refused = spec.run(zone.sim, slot, values);
  const rule = rules.get(refused);
  if (rule !== undefined) countRefusal(zone, rule);
  return refused;
}

/**
 * What it does is one promise, and so is its answer. Where nothing can be promised nothing is done, and the client
 * may ask again with the same key.
 */
function runCommand(zone: ZoneAnswers, kind: RequestKind, slot: number, values: Values, key: number): string {
  const { commits, answers, world } = zone;
  if (!canCommit(commits)) {
    zone.counters.words[zone.counters.index.commandsPutOff]!++;
    return NOT_NOW;
  }
  const playerId = playerIdOf(world, slot);
  const known = key === 0 ? undefined : findAnswer(answers, playerId, key);
  if (known !== undefined) {
    zone.counters.words[zone.counters.index.commandsRepeated]!++;
    return known;
  }
  beginCommand(commits);
  const refused = runRequest(zone, kind, slot, values);
  endCommand(commits, playerId, key, kind.name, refused);
  // Of the tick that is being made: one that dies in it has answered nothing.
  if (key !== 0) keepAnswer(answers, playerId, key, worldTick(world) + 1, refused);
  zone.counters.words[zone.counters.index.commands]!++;
  return refused;
}

export function countRefusal({ ruleCounts }: ZoneAnswers, rule: number): void {
  assert(rule >= 0 && rule < ruleCounts.length, 'a game counts by rules that it states');
  ruleCounts[rule]!++;
}
