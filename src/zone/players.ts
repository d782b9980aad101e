// Players of a zone: how they come and go, linger without connection, are saved, and are told to go. Zone thread. A player is
// an entity with an owner; who plays it is the number of a client in a column, 0 while nobody does.

import { assert } from '../base/assert.ts';
import { LINGER_TICKS, PLAYERS_MAX, SAVE_INTERVAL_TICKS, TICK_HZ } from '../base/limits.ts';
import { resetGuardSlot } from '../guard/input-guard.ts';
import { forgetSuspicion, takeVerdict } from '../guard/score.ts';
import { clearInputs, standStill } from '../sim/pending-inputs.ts';
import { despawnEntity, playerIdOf, slotCount, spawnEntity, worldTick } from '../sim/world.ts';
import {
  CLIENT_BITS,
  type JoinRecord,
  RECORD_GONE,
  RECORD_RESET,
  readEvictRecord,
  readJoinRecord,
  writeJoinedRecord,
} from '../wire/zone-records.ts';
import { findAnswer, keepAnswer } from './answers.ts';
import { forgetHeld } from './journal.ts';
import { clearName, setName } from './names.ts';
import { pushOutput, sendBare, sendLeft } from './output.ts';
import { forgetRequests, forgetRequestsOfEdge } from './request-queue.ts';
import { flushFinalSaves, saveCharacter } from './saves.ts';
import type { Zone } from './state.ts';

export function takeJoin(zone: Zone, client: number): void {
  const { words, index } = zone.counters;
  const join = readJoinRecord(zone.reader, zone.game.savedColumns.length);
  assert(!zone.reader.failed, 'an edge writes whole join records');
  const known = zone.slotOfPlayer.get(join.playerId);
  // It was removed while the store answered: what it did last would be undone, its gold doubled.
  if (known === undefined ? join.isStanding === true : !goesOn(zone, known, join)) {
    words[index.joinsRefused]!++;
    sendLeft(zone, client, 'still_leaving');
    return;
  }
  const slot = known ?? spawnPlayer(zone, join);
  if (slot < 0) {
    words[index.joinsRefused]!++;
    sendLeft(zone, client, 'zone_full');
    return;
  }
  if (known !== undefined) detachClient(zone, slot, 'replaced');
  attachClient(zone, slot, client);
  zone.writer.reset();
  writeJoinedRecord(zone.writer, client, slot, zone.world.columns.generation[slot]!, worldTick(zone.world) + 1);
  pushOutput(zone, client);
  zone.saves.arrived.push(slot);
  if (known !== undefined) return;
  words[index.joins]!++;
  // After the client was told that it is in, so that it gets what the game sends it at once.
  zone.game.join?.(zone.sim, slot, join.isNew === true);
}

/**
 * The player comes back to its character. Where that was taken once more meanwhile, which the store thread does when it
 * doesn't know who stands here, it goes on in the new epoch; but if somebody else had it in between, it is out of date.
 */
function goesOn({ world }: Zone, slot: number, join: JoinRecord): boolean {
  const { epoch } = world.columns;
  if (join.epoch > epoch[slot]! + 1) return false;
  epoch[slot] = Math.max(join.epoch, epoch[slot]!);
  return true;
}

function attachClient(zone: Zone, slot: number, client: number): void {
  const { columns } = zone.world;
  columns.client[slot] = client + 1;
  columns.lingerTicks[slot] = 0;
  columns.inputTick[slot] = 0;
  columns.inputLead[slot] = 0;
  columns.rewindTicks[slot] = 0;
  zone.slotOfClient[client] = slot + 1;
  standStill(zone.pending, slot);
  clearInputs(zone.pending, slot);
  resetGuardSlot(zone.guard, slot);
}

/** Slot of the new entity, or −1 when the zone is full. */
function spawnPlayer(zone: Zone, { playerId, epoch, name, saved, answers = [] }: JoinRecord): number {
  const { game, world, names } = zone;
  if (zone.slotOfPlayer.size >= PLAYERS_MAX) return -1;
  const slot = spawnEntity(world, game.kinds.player);
  if (slot < 0) return -1;
  world.columns.playerLow[slot] = playerId | 0;
  world.columns.playerHigh[slot] = Math.floor(playerId / 0x1_0000_0000);
  world.columns.epoch[slot] = epoch;
  if (saved !== undefined) {
    for (let index = 0; index < saved.length; index++) world.columns[game.savedColumns[index]!]![slot] = saved[index]!;
  }
  for (const { key, refused } of answers.toReversed()) {
    const isKnown = findAnswer(zone.answers, playerId, key) !== undefined;
    if (!isKnown) keepAnswer(zone.answers, playerId, key, worldTick(world) + 1, refused);
  }
  setName(names, slot, name);
  zone.slotOfPlayer.set(playerId, slot);
  forgetSuspicion(zone.guard.suspicion, slot);
  return slot;
}

export function takeLeave(zone: Zone, client: number): void {
  const slot = zone.slotOfClient[client]! - 1;
  if (slot >= 0) startLinger(zone, slot);
  forgetRequests(zone.requests, client);
  if (zone.journal !== undefined) forgetHeld(zone.journal, (other) => other === client);
  sendBare(zone, RECORD_GONE, client);
}

/** An edge starts, perhaps after another one died: whoever came through it is without connection now. */
export function takeReset(zone: Zone, client: number): void {
  const edge = client >>> CLIENT_BITS;
  const { columns } = zone.world;
  for (let slot = 0; slot < slotCount(zone.world); slot++) {
    if (columns.client[slot] !== 0 && (columns.client[slot]! - 1) >>> CLIENT_BITS === edge) startLinger(zone, slot);
  }
  forgetRequestsOfEdge(zone.requests, edge);
  if (zone.journal !== undefined) forgetHeld(zone.journal, (other) => other >>> CLIENT_BITS === edge);
  sendBare(zone, RECORD_RESET, client);
}

/**
 * Nothing that the player does here counts any more, but what its body leaves behind would: others pick it up. So it goes
 * at once and without a trace. The store refuses this last save like those before; that it came says who is gone.
 */
export function takeEviction(zone: Zone): void {
  const { playerId, epoch } = readEvictRecord(zone.reader);
  assert(!zone.reader.failed, 'an edge writes whole evict records');
  const slot = zone.slotOfPlayer.get(playerId);
  // Taken again since, it is here by right.
  if (slot === undefined || zone.world.columns.epoch[slot]! > epoch) return;
  detachClient(zone, slot, 'replaced');
  removePlayer(zone, slot);
}

/** After the process died: nobody has a connection any more. The store hears at once who is here. */
export function leaveStanding(zone: Zone): void {
  const { client, lingerTicks } = zone.world.columns;
  for (const slot of zone.slotOfPlayer.values()) {
    if (client[slot] !== 0) startLinger(zone, slot);
    // Its last save counts only once the zone is beyond the ticks that were saved and not journalled before the end.
    lingerTicks[slot] = Math.max(lingerTicks[slot]!, TICK_HZ);
    saveCharacter(zone.saves, zone.world, slot, false);
  }
}

function startLinger(zone: Zone, slot: number): void {
  detachClient(zone, slot, '');
  zone.world.columns.lingerTicks[slot] = LINGER_TICKS;
  standStill(zone.pending, slot);
}

/** Takes the entity from its client, if it has one; with a reason the client is told. */
function detachClient(zone: Zone, slot: number, reason: string): void {
  const client = zone.world.columns.client[slot]! - 1;
  if (client < 0) return;
  zone.world.columns.client[slot] = 0;
  zone.slotOfClient[client] = 0;
  if (reason !== '') sendLeft(zone, client, reason);
}

/** Saves who has got in, and each player once a second, in turn; removes those whose connection has been gone for too long. */
export function tendPlayers(zone: Zone, tick: number): void {
  const { client, lingerTicks, playerLow, playerHigh } = zone.world.columns;
  if (zone.saves.waiting.length > 0) flushFinalSaves(zone.saves);
  if (zone.saves.arrived.length > 0) saveArrived(zone);
  const count = slotCount(zone.world);
  for (let slot = 0; slot < count; slot++) {
    if (playerLow[slot] === 0 && playerHigh[slot] === 0) continue;
    // Told, not detached: the edge closes the connection, and its leave comes by the stream like any other.
    if (client[slot] !== 0 && takeVerdict(zone.guard.suspicion, slot)) sendLeft(zone, client[slot]! - 1, 'cheating');
    if ((tick + slot) % SAVE_INTERVAL_TICKS === 0 && !zone.isReplaying)
      saveCharacter(zone.saves, zone.world, slot, false);
    if (lingerTicks[slot] === 0) continue;
    lingerTicks[slot]!--;
    if (lingerTicks[slot] === 0) removePlayer(zone, slot);
  }
}

/** Not when they join: of a tick that kills the thread they have to ask again, and would be taken for standing here. */
function saveArrived(zone: Zone): void {
  const { saves, world, isReplaying } = zone;
  for (const slot of saves.arrived) {
    if (!isReplaying && playerIdOf(world, slot) !== 0) saveCharacter(saves, world, slot, false);
  }
  saves.arrived.length = 0;
}

function removePlayer(zone: Zone, slot: number): void {
  zone.game.leave?.(zone.sim, slot);
  saveCharacter(zone.saves, zone.world, slot, true);
  zone.slotOfPlayer.delete(playerIdOf(zone.world, slot));
  clearInputs(zone.pending, slot);
  clearName(zone.names, slot);
  despawnEntity(zone.world, slot);
  zone.counters.words[zone.counters.index.leaves]!++;
}

/** Before the zone stops for good: every player's state goes to the store. Returns how many wait for room. */
export function saveAllCharacters(zone: Zone): number {
  for (const slot of zone.slotOfPlayer.values()) saveCharacter(zone.saves, zone.world, slot, true);
  return flushFinalSaves(zone.saves);
}
