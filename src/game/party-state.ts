// What members of a party are told of each other wherever they are, also beyond sight: health, and the place to the
// metre. A party is by consent, so this is disclosed to its members and to nobody else. A few times a second at most,
// and only what changed. What was told last is in a column, so a zone that is resumed goes on telling. Zone thread; does
// not allocate but when somebody has connected again.

import { assert } from '../base/assert.ts';
import { ENTITIES_MAX } from '../base/limits.ts';
import { POSITION_SHIFT } from '../sim/game.ts';
import { HEALTH_MAX } from './abilities.ts';
import { columnsOf, type DarkAges } from './columns.ts';
import { tellMemberState } from './events.ts';
import { PLAYER } from './kinds.ts';
import { WORLD_HALF_MM } from './map.ts';
import { tellParty } from './party.ts';

/** Each party has its turn once in so many ticks: three times a second. */
const TURN_TICKS = 20;
const UNITS_PER_M = 1000 << POSITION_SHIFT;
/** Added to a coordinate in m, so that it packs into ten bits and is never 0. */
const METRES_OFFSET = 512;

assert(WORLD_HALF_MM < METRES_OFFSET * 1000, 'a coordinate in m packs into ten bits');
assert(HEALTH_MAX < 256, 'the health of a player packs into eight bits');

/** Members of the parties whose turn it is, during one run. */
const due = new Int32Array(ENTITIES_MAX);

export function runPartyStates(sim: DarkAges): void {
  const { kind, party, client, partyClient, partyTold } = columnsOf(sim);
  const turn = sim.tick % TURN_TICKS;
  const count = sim.slotCount;
  let dueCount = 0;
  for (let slot = 0; slot < count; slot++) {
    if (kind[slot] !== PLAYER || party[slot] === 0) continue;
    if (client[slot] !== partyClient[slot]) noteConnection(sim, slot);
    if (party[slot]! % TURN_TICKS === turn) due[dueCount++] = slot;
  }
  for (let index = 0; index < dueCount; index++) {
    const slot = due[index]!;
    const state = packState(sim, slot);
    if (state === partyTold[slot]) continue;
    partyTold[slot] = state;
    tellOthers(sim, slot, dueCount);
  }
}

/** Who lost the connection is to be told all of it when there is one again: the game isn't asked at a return. */
function noteConnection(sim: DarkAges, slot: number): void {
  const { party, client, partyClient } = columnsOf(sim);
  partyClient[slot] = client[slot]!;
  if (client[slot] !== 0) tellParty(sim, party[slot]!);
}

/** From the place and health that are told, a number that differs when they do. */
function packState(sim: DarkAges, slot: number): number {
  const { health, positionX, positionZ } = columnsOf(sim);
  const x = metres(positionX[slot]!) + METRES_OFFSET;
  const z = metres(positionZ[slot]!) + METRES_OFFSET;
  return (x << 18) | (z << 8) | health[slot]!;
}

function metres(units: number): number {
  return Math.floor(units / UNITS_PER_M);
}

function tellOthers(sim: DarkAges, slot: number, dueCount: number): void {
  const { party, partyRank, health, positionX, positionZ } = columnsOf(sim);
  let member = 1;
  for (let index = 0; index < dueCount; index++) {
    const other = due[index]!;
    if (party[other] === party[slot] && partyRank[other]! < partyRank[slot]!) member++;
  }
  const x = metres(positionX[slot]!);
  const z = metres(positionZ[slot]!);
  for (let index = 0; index < dueCount; index++) {
    const other = due[index]!;
    if (other !== slot && party[other] === party[slot]) tellMemberState(sim, other, member, health[slot]!, x, z);
  }
}
