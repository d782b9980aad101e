// Character saves on their way to the store: keeps the newest save of each player, hands out batches, and puts a batch
// that failed back without undoing a newer save. Pure and driven by `update(now)`; the store thread carries the batches
// out. One batch is in flight at a time. At the bound (`playersMax` waiting) the policy is `reject`: `put` returns
// false, the caller leaves the record in its ring, and the zone finds the ring full and tries again a second later.

import { assert } from '../base/assert.ts';
import type { CharacterColumns } from './records.ts';

export interface CharacterSave {
  readonly playerId: number;
  /** In which its zone had taken the character. */
  readonly epoch: number;
  /** Greater with each save within the epoch. */
  readonly version: number;
  readonly columns: CharacterColumns;
  /** The player left: no later save follows that would make up for the loss of this one. */
  readonly final: boolean;
}

export interface WriteBehindOptions {
  /** Players that may wait. */
  readonly playersMax: number;
  /** Saves in one batch, which is one transaction. */
  readonly batchMax: number;
  /** How long a save may wait for others to share its transaction. */
  readonly delayMs: number;
  /** Pause after the first failure; doubles with each further one. */
  readonly retryMs: number;
  readonly retryMsMax: number;
  /** Says the pause instead, after so many failures in a row. */
  readonly pauseMs?: (failures: number) => number;
}

export const WRITE_BEHIND_DEFAULTS: WriteBehindOptions = {
  playersMax: 32_768,
  batchMax: 512,
  delayMs: 100,
  retryMs: 100,
  retryMsMax: 5_000,
};

export interface WriteBehind {
  /** Takes a save; false when full. `final` starts the next batch at once. */
  put(save: CharacterSave, now: number): boolean;
  /** Room for one more player. */
  hasRoom(): boolean;
  /** The newest save of the player that may not be durable yet, in flight or waiting. */
  find(playerId: number): CharacterSave | undefined;
  /** The batch to write now, if any; answer with `confirm` or `fail` before the next. `flush` ignores the delays. */
  update(now: number, flush?: boolean): readonly CharacterSave[] | undefined;
  /** A batch of what waits of this player alone, whatever the delays; none while another batch is in flight. */
  updateFor(playerId: number): readonly CharacterSave[] | undefined;
  confirm(): void;
  fail(now: number): void;
  /** Players whose newest save is not durable yet. */
  pendingCount(): number;
  /** When the oldest of them began to wait: of a save that a newer one replaced, the newer one has its time. Looks at all. */
  oldestMs(): number | undefined;
}

export function createWriteBehind(options: WriteBehindOptions = WRITE_BEHIND_DEFAULTS): WriteBehind {
  const waiting = new Map<number, CharacterSave>();
  /** Since when, for those that wait and those in flight. */
  const waitingSinceMs = new Map<number, number>();
  const inFlightSinceMs = new Map<number, number>();
  let inFlight: readonly CharacterSave[] = [];
  const inFlightIds = new Map<number, CharacterSave>();
  let dueAt = Number.POSITIVE_INFINITY;
  let notBefore = Number.NEGATIVE_INFINITY;
  let failuresInRow = 0;

  const land = (): void => {
    assert(inFlight.length > 0, 'a batch is in flight');
    inFlight = [];
    inFlightIds.clear();
    inFlightSinceMs.clear();
  };

  const launch = (batch: readonly CharacterSave[], now: number): readonly CharacterSave[] => {
    for (const save of batch) {
      waiting.delete(save.playerId);
      inFlightIds.set(save.playerId, save);
      inFlightSinceMs.set(save.playerId, waitingSinceMs.get(save.playerId)!);
      waitingSinceMs.delete(save.playerId);
    }
    inFlight = batch;
    // What is left was due before this batch or waits behind it: it goes as soon as this one has landed.
    dueAt = waiting.size > 0 ? now : Number.POSITIVE_INFINITY;
    return batch;
  };

  return {
    put(save, now) {
      const before = waiting.get(save.playerId);
      if (before === undefined && waiting.size >= options.playersMax) return false;
      waiting.set(save.playerId, save);
      if (before === undefined) waitingSinceMs.set(save.playerId, now);
      dueAt = Math.min(dueAt, save.final ? now : now + options.delayMs);
      return true;
    },
    hasRoom: () => waiting.size < options.playersMax,
    find: (playerId) => waiting.get(playerId) ?? inFlightIds.get(playerId),
    update(now, flush = false) {
      if (inFlight.length > 0 || waiting.size === 0) return undefined;
      if (!flush && (now < dueAt || now < notBefore)) return undefined;
      const batch: CharacterSave[] = [];
      for (const save of waiting.values()) {
        if (batch.length === options.batchMax) break;
        batch.push(save);
      }
      return launch(batch, now);
    },
    updateFor(playerId) {
      const save = waiting.get(playerId);
      if (inFlight.length > 0 || save === undefined) return undefined;
      return launch([save], dueAt);
    },
    confirm() {
      failuresInRow = 0;
      notBefore = Number.NEGATIVE_INFINITY;
      land();
    },
    fail(now) {
      // May go over `playersMax` by one batch: losing what was taken would be worse than the memory.
      for (const save of inFlight) if (!waiting.has(save.playerId)) waiting.set(save.playerId, save);
      for (const [playerId, sinceMs] of inFlightSinceMs) waitingSinceMs.set(playerId, sinceMs);
      land();
      const doubled = Math.min(options.retryMs * 2 ** Math.min(failuresInRow, 16), options.retryMsMax);
      failuresInRow++;
      notBefore = now + (options.pauseMs?.(failuresInRow) ?? doubled);
      dueAt = now;
    },
    pendingCount() {
      let count = waiting.size;
      for (const playerId of inFlightIds.keys()) if (!waiting.has(playerId)) count++;
      return count;
    },
    oldestMs() {
      let oldest: number | undefined;
      for (const since of [waitingSinceMs, inFlightSinceMs]) {
        for (const sinceMs of since.values()) if (oldest === undefined || sinceMs < oldest) oldest = sinceMs;
      }
      return oldest;
    },
  };
}
