// Which zones tick, from samples of their tick counters: readiness, and which thread to replace, without asking a thread
// that may be stuck. Pure.

export interface TickWatch {
  /** @param ticks each zone's u32 tick counter, in the order of their ids. */
  sample(ticks: readonly number[], now: number): void;
  /** Indices of the zones whose counter stood still for longer than the limit, or never moved. */
  stuck(now: number): readonly number[];
  /** Indices of the zones that hang: nothing but ending their thread helps. The next one has as long again to tick. */
  takeHung(): readonly number[];
}

export interface TickWatchLimits {
  readonly stillMsMax: number;
  readonly hungMsMax: number;
}

/**
 * What one sample adds to how long a zone stood still, at most. Deliberate: not the time since its last tick, since
 * after a pause of the whole process this thread may run before the zone, which would be ended for it.
 */
const SAMPLE_MS_MAX = 1_000;

const TICK_WATCH_DEFAULTS: TickWatchLimits = { stillMsMax: 2_000, hungMsMax: 5_000 };

export function createTickWatch(zoneCount: number, limits: TickWatchLimits = TICK_WATCH_DEFAULTS): TickWatch {
  const last = new Array<number | undefined>(zoneCount).fill(undefined);
  const movedAt = new Array<number>(zoneCount).fill(Number.NEGATIVE_INFINITY);
  const stoodMs = new Array<number>(zoneCount).fill(0);
  let sampledAt: number | undefined;
  return {
    sample(ticks, now) {
      const passedMs = Math.min(now - (sampledAt ?? now), SAMPLE_MS_MAX);
      sampledAt = now;
      for (let index = 0; index < zoneCount; index++) {
        stoodMs[index]! += passedMs;
        // The first sample says nothing: a zone that is resumed starts with the counter of its predecessor.
        if (last[index] !== undefined && last[index] !== ticks[index]) {
          movedAt[index] = now;
          stoodMs[index] = 0;
        }
        last[index] = ticks[index];
      }
    },
    stuck(now) {
      const indices: number[] = [];
      for (let index = 0; index < zoneCount; index++)
        if (now - movedAt[index]! > limits.stillMsMax) indices.push(index);
      return indices;
    },
    takeHung() {
      const indices: number[] = [];
      for (let index = 0; index < zoneCount; index++) {
        if (stoodMs[index]! <= limits.hungMsMax) continue;
        stoodMs[index] = 0;
        indices.push(index);
      }
      return indices;
    },
  };
}
