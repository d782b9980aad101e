// The directory of a store that one process alone has (io/embedded-store): tokens, presences and zones in memory, since
// none of them outlives the process; leases in the database, since their epochs do. Store thread.

import type { DatabaseSync } from 'node:sqlite';
import { byNodeAndZone, type Directory, type Presence, type ZoneRecord } from '../store/directory.ts';
import { guarded } from './store-errors.ts';

interface Kept<T> {
  readonly value: T;
  readonly untilMs: number;
}

/** @param nowMs of a clock that outlives the process: leases do */
export function createEmbeddedDirectory(database: DatabaseSync, nowMs: () => number): Directory {
  const tokens = createExpiring<string, true>(nowMs);
  const presences = createExpiring<number, Presence>(nowMs);
  const zones = createExpiring<string, readonly ZoneRecord[]>(nowMs);
  // The epoch is advanced where the condition is checked, in one statement: nobody comes in between.
  const takeLease = database.prepare(
    `INSERT INTO leases (name, holder, epoch, until_ms) VALUES (?1, ?2, 1, ?3)
     ON CONFLICT (name) DO UPDATE SET holder = ?2, epoch = epoch + 1, until_ms = ?3
     WHERE holder = ?2 OR until_ms <= ?4 RETURNING epoch`,
  );
  const renewLease = database.prepare(
    'UPDATE leases SET until_ms = ? WHERE name = ? AND holder = ? AND epoch = ? AND until_ms > ?',
  );
  const releaseLease = database.prepare('UPDATE leases SET until_ms = 0 WHERE name = ? AND holder = ? AND epoch = ?');

  return {
    async useToken(tokenId, keepMs) {
      if (tokens.get(tokenId) !== undefined) return false;
      tokens.set(tokenId, true, keepMs);
      return true;
    },
    async setPresence(playerId, presence, keepMs) {
      if ((presences.get(playerId)?.epoch ?? 0) > presence.epoch) return false;
      presences.set(playerId, presence, keepMs);
      return true;
    },
    findPresence: async (playerId) => presences.get(playerId),
    async clearPresence(playerId, epoch) {
      if ((presences.get(playerId)?.epoch ?? 0) <= epoch) presences.delete(playerId);
    },
    async announceZones(nodeId, announced, keepMs) {
      if (announced.length === 0) zones.delete(nodeId);
      else zones.set(nodeId, announced, keepMs);
    },
    listZones: async () => zones.values().flat().sort(byNodeAndZone),
    async takeLease(name, holder, keepMs) {
      return guarded('a lease could not be taken', () => {
        const now = nowMs();
        const row = takeLease.get(name, holder, Math.ceil(now + keepMs), Math.floor(now));
        return row === undefined ? undefined : Number(row.epoch);
      });
    },
    async renewLease(name, holder, epoch, keepMs) {
      return guarded('a lease could not be renewed', () => {
        const now = nowMs();
        const run = renewLease.run(Math.ceil(now + keepMs), name, holder, epoch, Math.floor(now));
        return Number(run.changes) > 0;
      });
    },
    async releaseLease(name, holder, epoch) {
      guarded('a lease could not be released', () => releaseLease.run(name, holder, epoch));
    },
  };
}

interface Expiring<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V, keepMs: number): void;
  delete(key: K): void;
  values(): V[];
}

/** Looks for what is over now and then: each `set` looks at two, so there are never many more than are alive. */
function createExpiring<K, V>(nowMs: () => number): Expiring<K, V> {
  const kept = new Map<K, Kept<V>>();
  let sweep = kept.entries();

  const isOver = (one: Kept<V>) => one.untilMs <= nowMs();
  const sweepOne = (): void => {
    const next = sweep.next();
    if (next.done === true) sweep = kept.entries();
    else if (isOver(next.value[1])) kept.delete(next.value[0]);
  };
  return {
    get(key) {
      const one = kept.get(key);
      return one === undefined || isOver(one) ? undefined : one.value;
    },
    set(key, value, keepMs) {
      sweepOne();
      sweepOne();
      kept.set(key, { value, untilMs: nowMs() + keepMs });
    },
    delete: (key) => void kept.delete(key),
    values: () => [...kept.values()].filter((one) => !isOver(one)).map(({ value }) => value),
  };
}
