// Which zone of the node owns each player: the one whose saves count. Pure; the store thread asks at every entry and
// every save, since it is the one place that sees all zones. A player who enters another zone leaves a copy behind in
// the one before, for as long as it lingers there; what that copy saves is older than it looks and must not be written,
// and nobody may take it over again while it stands.
//
// An entry is made by an entry or a save and forgotten when no zone has saved the player for a while: then none has it.

/** No zone is silent for so long: one that hangs is replaced long before. */
const SILENT_MS_MAX = 60_000;
/** A copy without connection lingers for 10 s, and a zone that hangs is replaced after 5: then it is gone, or saves. */
const COPY_SILENT_MS_MAX = 20_000;

interface Entry {
  zoneId: number;
  /** When the player entered it, by the clock of the caller; of two claims the later one holds. */
  sinceMs: number;
  /** The owner has saved the player for the last time: it is in no zone. */
  isGone: boolean;
  heardMs: number;
  /** Zones in which a copy may stand, and when they were heard of. */
  readonly copies: Map<number, number>;
}

/** `full`: the bound is reached; refuse and try later. */
export type EnterResult = 'entered' | 'still_leaving' | 'full';

export interface ZoneOwners {
  /** The player enters the zone, which owns it from now on. Anything but `entered` has changed nothing. */
  enter(playerId: number, zoneId: number, sinceMs: number, now: number): EnterResult;
  /** The entry came to nothing: the zone before owns the player again, unless a third one has it by now. */
  giveBack(playerId: number, zoneId: number, zoneBefore: number | undefined): void;
  /** A zone says that it has the player, to an owner list that knows nothing of it. True: another zone says so too. */
  claim(playerId: number, zoneId: number, sinceMs: number, now: number): boolean;
  /** Whether a save of this zone counts. */
  takeSave(playerId: number, zoneId: number, final: boolean, now: number): boolean;
  /** The zone that owns the player, whether or not it is still in it. */
  ownerOf(playerId: number): number | undefined;
  /** The zone in which the player stands; undefined when in none. */
  zoneOf(playerId: number): number | undefined;
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
  const add = (playerId: number, zoneId: number, sinceMs: number, now: number): void => {
    entries.set(playerId, { zoneId, sinceMs, isGone: false, heardMs: now, copies: new Map() });
  };
  const move = (entry: Entry, zoneId: number, now: number): void => {
    if (entry.zoneId !== zoneId && !entry.isGone) entry.copies.set(entry.zoneId, now);
    entry.copies.delete(zoneId);
    entry.zoneId = zoneId;
    entry.isGone = false;
  };

  return {
    enter(playerId, zoneId, sinceMs, now) {
      const entry = entries.get(playerId);
      if (entry === undefined) {
        if (entries.size >= playersMax) return 'full';
        add(playerId, zoneId, sinceMs, now);
        return 'entered';
      }
      const copyHeardMs = entry.copies.get(zoneId) ?? Number.NEGATIVE_INFINITY;
      if (now - copyHeardMs <= COPY_SILENT_MS_MAX) return 'still_leaving';
      move(entry, zoneId, now);
      entry.sinceMs = sinceMs;
      hear(playerId, entry, now);
      return 'entered';
    },
    giveBack(playerId, zoneId, zoneBefore) {
      const entry = entries.get(playerId);
      if (entry?.zoneId !== zoneId || zoneBefore === zoneId) return;
      if (zoneBefore === undefined) entries.delete(playerId);
      else {
        entry.isGone = !entry.copies.delete(zoneBefore);
        entry.zoneId = zoneBefore;
      }
    },
    claim(playerId, zoneId, sinceMs, now) {
      const entry = entries.get(playerId);
      if (entry === undefined) {
        add(playerId, zoneId, sinceMs, now);
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
        if (!final && entries.size < playersMax) add(playerId, zoneId, 0, now);
        return true;
      }
      hear(playerId, entry, now);
      if (entry.zoneId === zoneId) {
        entry.isGone = final;
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
    sweep(now) {
      for (const [playerId, entry] of entries) {
        if (now - entry.heardMs <= SILENT_MS_MAX) return;
        entries.delete(playerId);
      }
    },
    count: () => entries.size,
  };
}
