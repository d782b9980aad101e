// The game that ships: darkages. Open field, everyone against everyone but the own party, creatures in camps. This file
// states it; the rules are beside it, one file a matter. A game module like anyone's (docs/your-own-game.md), described
// for clients in docs/game.md. Zone thread, browser and bots.
//
// Order of a tick: everyone moves; who is near whom is indexed; abilities, projectiles and areas take effect; loot is
// taken; trades end that can't go on; life goes on, and parties hear of it; creatures decide what they want in the next tick, as players did with
// their inputs.

import { defineGame, POSITION_SHIFT, vectorLength } from '../sim/game.ts';
import { INTEREST_RADIUS_MM } from './abilities.ts';
import { runCasting } from './casting.ts';
import { COUNT_MAX, columns, type DarkAges, inputs } from './columns.ts';
import { runCreatures, spawnCreatures } from './creatures.ts';
import { events } from './events.ts';
import { PURSE, USED } from './inventory.ts';
import { FIGHTERS, KINDS, LOOT_HEALTH, LOOT_MANA, PLAYER } from './kinds.ts';
import { join, runLife } from './life.ts';
import { GROUND, runLoot } from './loot.ts';
import { createFieldMap, type FieldMap, PLAYER_RADIUS_MM, WORLD_HALF_MM } from './map.ts';
import { runMovement, SPRINT_CM_PER_S, TURN_PER_S } from './movement.ts';
import { indexFighters } from './nearby.ts';
import { leaveZone } from './party.ts';
import { runPartyStates } from './party-state.ts';
import { runProjectiles } from './projectiles.ts';
import { rules } from './refusals.ts';
import { requests } from './requests.ts';
import { blocksSight } from './sight.ts';
import { runAreas } from './strikes.ts';
import { leaveTrade, runTrades } from './trade.ts';
import { spawnVendors, VENDOR_ACCOUNT } from './vendor.ts';

/** Colours of what lies about, where they differ from that of gold. */
const LOOT_TINTS: Readonly<Record<number, string>> = { [LOOT_HEALTH]: '#d9505a', [LOOT_MANA]: '#5aa0e8' };

const UNITS_PER_M = 1000 << POSITION_SHIFT;

/** Not predicted: it needs to know where the player was, and nobody waits for it. */
function countWay(sim: DarkAges): void {
  const { kind, positionX, positionZ, countedX, countedZ, walkedM, walkedRest } = sim.columns;
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (kind[slot] !== PLAYER) continue;
    const x = positionX[slot]!;
    const z = positionZ[slot]!;
    const dx = x - countedX[slot]!;
    const dz = z - countedZ[slot]!;
    if (dx === 0 && dz === 0) continue;
    countedX[slot] = x;
    countedZ[slot] = z;
    let rest = walkedRest[slot]! + vectorLength(dx, dz);
    if (rest >= UNITS_PER_M) {
      const metres = Math.floor(rest / UNITS_PER_M);
      rest -= metres * UNITS_PER_M;
      walkedM[slot] = Math.min(walkedM[slot]! + metres, COUNT_MAX);
    }
    walkedRest[slot] = rest;
  }
}

function start(sim: DarkAges): void {
  spawnVendors(sim);
  spawnCreatures(sim);
}

/** The player in `slot` is about to be gone. */
function leave(sim: DarkAges, slot: number): void {
  leaveZone(sim, slot);
  leaveTrade(sim, slot);
}

export const game = defineGame<typeof columns, FieldMap>({
  name: 'darkages',
  version: 3,
  kinds: KINDS,
  columns,
  inputs,
  requests,
  events,
  limits: {
    speedMmPerS: SPRINT_CM_PER_S * 10,
    turnPerS: TURN_PER_S,
    worldHalfMm: WORLD_HALF_MM,
    interestRadiusMm: INTEREST_RADIUS_MM,
  },
  rules,
  blocksSight,
  createMap: createFieldMap,
  systems: [
    { name: 'movement', predicted: true, run: runMovement },
    { name: 'countWay', run: countWay },
    { name: 'indexFighters', run: indexFighters },
    { name: 'casting', run: runCasting },
    { name: 'projectiles', run: runProjectiles },
    { name: 'areas', run: runAreas },
    { name: 'loot', run: runLoot },
    { name: 'trades', run: runTrades },
    { name: 'life', run: runLife },
    { name: 'partyStates', run: runPartyStates },
    { name: 'creatures', run: runCreatures },
  ],
  accounts: [GROUND, VENDOR_ACCOUNT, USED, PURSE],
  start,
  join,
  leave,
  view: {
    kinds: {
      player: { colour: '#4f8fd9', radiusMm: PLAYER_RADIUS_MM },
      wolf: { colour: '#8d8f98', radiusMm: FIGHTERS[KINDS.wolf]!.radiusMm },
      archer: { colour: '#c08a4a', radiusMm: FIGHTERS[KINDS.archer]!.radiusMm },
      troll: { colour: '#5f8f55', radiusMm: FIGHTERS[KINDS.troll]!.radiusMm },
      projectile: { colour: '#ffd27a', radiusMm: 150 },
      loot: { colour: '#e8c34a', radiusMm: 250 },
      area: { colour: '#e2683c', radiusMm: 600 },
      vendor: { colour: '#b58ad6', radiusMm: PLAYER_RADIUS_MM },
    },
    help: 'WASD to walk, Shift to sprint, Space to jump, mouse to look around, 1–4 for abilities, I for what you own',
    map: ({ boxes, tallMm }) => ({ boxesMm: boxes.map((units) => units >> POSITION_SHIFT), tallBoxesMm: tallMm }),
    tint: ({ variant = 0 }) => LOOT_TINTS[variant] ?? (variant > LOOT_MANA ? '#b9a27c' : undefined),
  },
});
