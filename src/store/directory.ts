// The contract of what nodes know of each other for a while: tokens that were used, where players are, which zones there
// are, who holds a lease. Part of `Store`. What has a time to be kept for is gone after it, by the store's own clock, and
// may be gone after a failure of the store; only the epochs of leases never go back.

export interface Presence {
  readonly nodeId: string;
  readonly zoneId: number;
  /** Of the character's ownership: what an earlier owner says of itself changes nothing. */
  readonly epoch: number;
}

/** A zone that takes players. */
export interface ZoneRecord {
  readonly nodeId: string;
  readonly zoneId: number;
  readonly game: string;
  /** Where clients connect, as sessions say it. */
  readonly url: string;
  readonly players: number;
  readonly playersMax: number;
}

export interface Directory {
  /** Uses the token up; false when somebody did before. `keepMs`: until it expires. */
  useToken(tokenId: string, keepMs: number): Promise<boolean>;

  /** False when somebody of a later epoch has the player; then nothing is changed. */
  setPresence(playerId: number, presence: Presence, keepMs: number): Promise<boolean>;
  findPresence(playerId: number): Promise<Presence | undefined>;
  /** The player is gone, unless somebody of a later epoch has it. */
  clearPresence(playerId: number, epoch: number): Promise<void>;

  /** A node's zones, in place of those it announced before; none: it takes nobody any more. */
  announceZones(nodeId: string, zones: readonly ZoneRecord[], keepMs: number): Promise<void>;
  /** By node and zone, in order. */
  listZones(): Promise<readonly ZoneRecord[]>;

  /** The lease's new epoch, greater than each before; undefined while somebody else holds it. */
  takeLease(name: string, holder: string, keepMs: number): Promise<number | undefined>;
  /** From now on for `keepMs`; false when it isn't held any more by this holder in this epoch: it must stop at once. */
  renewLease(name: string, holder: string, epoch: number, keepMs: number): Promise<boolean>;
  /** Free for others, if it was still held. */
  releaseLease(name: string, holder: string, epoch: number): Promise<void>;
}

/** Of zones in a list, as `listZones` has them. */
export function byNodeAndZone(a: ZoneRecord, b: ZoneRecord): number {
  if (a.nodeId !== b.nodeId) return a.nodeId < b.nodeId ? -1 : 1;
  return a.zoneId - b.zoneId;
}
