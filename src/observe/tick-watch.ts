// Which zones tick, from samples of their tick counters: readiness, without asking a thread that may be stuck. Pure.

export interface TickWatch {
  /** @param ticks each zone's u32 tick counter, in the order of their ids. */
  sample(ticks: readonly number[], now: number): void;
  /** Indices of the zones whose counter stood still for longer than the limit, or never moved. */
  stuck(now: number): readonly number[];
}

export function createTickWatch(zoneCount: number, stillMsMax = 2_000): TickWatch {
  const last = new Array<number | undefined>(zoneCount).fill(undefined);
  const movedAt = new Array<number>(zoneCount).fill(Number.NEGATIVE_INFINITY);
  return {
    sample(ticks, now) {
      for (let index = 0; index < zoneCount; index++) {
        // The first sample says nothing: a zone that is resumed starts with the counter of its predecessor.
        if (last[index] !== undefined && last[index] !== ticks[index]) movedAt[index] = now;
        last[index] = ticks[index];
      }
    },
    stuck(now) {
      const indices: number[] = [];
      for (let index = 0; index < zoneCount; index++) if (now - movedAt[index]! > stillMsMax) indices.push(index);
      return indices;
    },
  };
}
