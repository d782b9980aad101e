// Which zone of the node owns each player: the one whose saves count. Pure; the store thread asks at every entry and
// every save, since it is the one place that sees all zones. Nobody gets into a zone while its character stands in
// another one: what happens to it there, its death or its gold taken, is saved before it goes on elsewhere.
// Where the store thread or a zone failed two zones may have a player all the same. Then one of them has a copy: what that
// saves is older than it looks and must not be written, and nobody may take it over again while it stands.
//
// An entry is made by an entry or a save and forgotten when no zone has saved the player for a while: then none has it.

/** Entries are kept for so long after they were last heard of. */
const SILENT_MS_MAX = 60_000;
/** Who stands in a zone is saved each second, without connection for 10 s, and a zone that hangs is replaced after 5. */
const STANDS_MS_MAX = 20_000;

interface Entry {
  zoneId: number;
  /** When the player entered it, by the clock of the caller; of two claims the later one holds. */
  sinceMs: number;
  /** The owner has saved the player for the last time: it is in no zone. */
  isGone: boolean;
  /** The owner has saved the player since it entered: it did get in. */
  isHeard: boolean;
  heardMs: number;
  /** Zones in which a copy may stand, and when they were heard of. */
  readonly copies: Map<number, number>;
}

/**
 * `still_leaving`: the character stands in another zone, or a copy of it in this one. `full`: the bound is reached; refuse
 * and try later.
 */
export type EnterResult = 'entered' | 'still_leaving' | 'full';

export interface ZoneOwners {
  /** The player enters the zone, which owns it from now on. Anything but `entered` has changed nothing. */
  enter(playerId: number, zoneId: number, sinceMs: number, now: number): EnterResult;
  /** The entry came to nothing, and `zoneBefore` owned the player: that one does again, unless a third one has it by now. */
  giveBack(playerId: number, zoneId: number, zoneBefore: number | undefined): void;
  /** A zone says that it has the player, to an owner list that knows nothing of it. True: another zone says so too. */
  claim(playerId: number, zoneId: number, sinceMs: number, now: number): boolean;
  /** Whether a save of this zone counts. */
  takeSave(playerId: number, zoneId: number, final: boolean, now: number): boolean;
  /** The zone that owns the player, whether or not it is still in it. */
  ownerOf(playerId: number): number | undefined;
  /** The zone in which the player stands, or is about to; undefined when in none. */
  zoneOf(playerId: number): number | undefined;
  /** Whether that zone has said that it has the player. */
  isStandingIn(playerId: number, zoneId: number): boolean;
  /** Forgets players that no zone has saved for long. Only call when every save that waited was taken. */
  sweep(now: number): void;
  count(): number;
}

export function createZoneOwners(playersMax = 131_072): ZoneOwners {
  /** In the order in which they were last heard of. */
  const entries = new Map<number, Entry>();

  const hear = (playerId: number, entry: Entry, now: number): void => {
    entry.heardMs = now;
    entries.delete(playerId);
    entries.set(playerId, entry);
  };
  const add = (playerId: number, zoneId: number, sinceMs: number, isHeard: boolean, now: number): void => {
    entries.set(playerId, { zoneId, sinceMs, isGone: false, isHeard, heardMs: now, copies: new Map() });
  };
  const move = (entry: Entry, zoneId: number, now: number): void => {
    if (entry.zoneId !== zoneId && !entry.isGone) entry.copies.set(entry.zoneId, now);
    if (entry.zoneId !== zoneId || entry.isGone) entry.isHeard = false;
    entry.copies.delete(zoneId);
    entry.zoneId = zoneId;
    entry.isGone = false;
  };

  return {
    enter(playerId, zoneId, sinceMs, now) {
      const entry = entries.get(playerId);
      if (entry === undefined) {
        if (entries.size >= playersMax) return 'full';
        add(playerId, zoneId, sinceMs, false, now);
        return 'entered';
      }
      const standsElsewhere = entry.zoneId !== zoneId && !entry.isGone && now - entry.heardMs <= STANDS_MS_MAX;
      const copyHeardMs = entry.copies.get(zoneId) ?? Number.NEGATIVE_INFINITY;
      if (standsElsewhere || now - copyHeardMs <= STANDS_MS_MAX) return 'still_leaving';
      move(entry, zoneId, now);
      entry.sinceMs = sinceMs;
      hear(playerId, entry, now);
      return 'entered';
    },
    giveBack(playerId, zoneId, zoneBefore) {
      const entry = entries.get(playerId);
      if (entry?.zoneId !== zoneId) return;
      if (zoneBefore === undefined) entries.delete(playerId);
      else if (zoneBefore === zoneId) entry.isGone = !entry.isHeard;
      else {
        entry.isGone = !entry.copies.delete(zoneBefore);
        entry.zoneId = zoneBefore;
      }
    },
    claim(playerId, zoneId, sinceMs, now) {
      const entry = entries.get(playerId);
      if (entry === undefined) {
        add(playerId, zoneId, sinceMs, true, now);
        return false;
      }
      const isOther = entry.zoneId !== zoneId && !entry.isGone;
      if (isOther && sinceMs < entry.sinceMs) entry.copies.set(zoneId, now);
      else {
        move(entry, zoneId, now);
        entry.sinceMs = sinceMs;
      }
      hear(playerId, entry, now);
      return isOther;
    },
    takeSave(playerId, zoneId, final, now) {
      const entry = entries.get(playerId);
      if (entry === undefined) {
        // After a restart of the store thread: it knows nobody, and who is saved is there. The final one is the last.
        if (!final && entries.size < playersMax) add(playerId, zoneId, 0, true, now);
        return true;
      }
      if (entry.zoneId === zoneId) {
        hear(playerId, entry, now);
        entry.isGone = final;
        entry.isHeard = true;
        return true;
      }
      if (final) entry.copies.delete(zoneId);
      else entry.copies.set(zoneId, now);
      return false;
    },
    ownerOf: (playerId) => entries.get(playerId)?.zoneId,
    zoneOf(playerId) {
      const entry = entries.get(playerId);
      return entry === undefined || entry.isGone ? undefined : entry.zoneId;
    },
    isStandingIn(playerId, zoneId) {
      const entry = entries.get(playerId);
      return entry?.zoneId === zoneId && entry.isHeard && !entry.isGone;
    },
    sweep(now) {
      for (const [playerId, entry] of entries) {
        if (now - entry.heardMs <= SILENT_MS_MAX) return;
        entries.delete(playerId);
      }
    },
    count: () => entries.size,
  };
}
