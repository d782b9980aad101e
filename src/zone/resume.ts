// How a zone finds its players again in columns that were restored: after its thread died, and after its process did. Zone
// thread.

import type { RingReader } from '../base/ring.ts';
import { playerIdOf, slotCount, worldTick } from '../sim/world.ts';
import { RECORD_JOIN, RECORD_LEAVE, RECORD_RESET } from '../wire/zone-records.ts';
import { resumeAnswers } from './answers.ts';
import { clearName, noteName } from './names.ts';
import { sendLeft } from './output.ts';
import type { Zone } from './state.ts';

type ApplyRecord = (zone: Zone, bytes: Uint8Array, offset: number, end: number) => void;

/**
 * After a zone thread died: finds the players in the restored columns. What waited on the rings may be what killed it,
 * so only leaves and resets are taken: inputs and requests are dropped, and who wanted to join is sent away to ask again.
 */
export function resumeZone(zone: Zone, applyRecord: ApplyRecord): void {
  for (let slot = 0; slot < slotCount(zone.world); slot++)
    if (playerIdOf(zone.world, slot) !== 0) noteName(zone.names, slot);
  findPlayers(zone);
  resumeAnswers(zone.answers, worldTick(zone.world));
  for (const ring of zone.inputs) {
    while (ring.next()) takeAfterDeath(zone, ring, applyRecord);
  }
  zone.counters.words[zone.counters.index.restarts]!++;
}

/** Derives who is where from the columns. */
export function findPlayers(zone: Zone): void {
  const { client } = zone.world.columns;
  for (let slot = 0; slot < slotCount(zone.world); slot++) {
    const playerId = playerIdOf(zone.world, slot);
    if (playerId === 0) continue;
    zone.slotOfPlayer.set(playerId, slot);
    if (client[slot] !== 0) zone.slotOfClient[client[slot]! - 1] = slot + 1;
  }
}

/** The zone begins anew. */
export function forgetPlayers(zone: Zone): void {
  for (const slot of zone.slotOfPlayer.values()) clearName(zone.names, slot);
  zone.slotOfPlayer.clear();
  zone.slotOfClient.fill(0);
}

function takeAfterDeath(zone: Zone, ring: RingReader, applyRecord: ApplyRecord): void {
  const { reader } = zone;
  reader.reset(ring.bytes, ring.offset, ring.end);
  const kind = reader.u8();
  if (kind === RECORD_JOIN) sendLeft(zone, reader.u16(), 'zone_restarted');
  if (kind === RECORD_LEAVE || kind === RECORD_RESET) applyRecord(zone, ring.bytes, ring.offset, ring.end);
}
