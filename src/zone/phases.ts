// Where the time of a tick goes: a stopwatch that the zone stops after each part of it. Zone thread. The clock is handed in,
// and nothing that is measured here comes back into the simulation; replays and recovery run without.

import { createCounters } from '../base/counters.ts';
import type { AnyGame } from '../sim/game.ts';

/** What the zone itself does in a tick; behind these come the game's systems, by their place. */
export const PHASE = {
  inputs: 0,
  requests: 1,
  guard: 2,
  rewind: 3,
  players: 4,
  keyframe: 5,
  publish: 6,
  journal: 7,
} as const;
/** Of the game's first system. */
export const PHASE_GAME = 8;

export interface PhaseWatch {
  /** A tick begins. */
  begin(): void;
  /** What was done since the last call belongs to this phase. Does not allocate. */
  note(phase: number): void;
  /** Adds to the blocks what was measured since the last time: for once a second. */
  flush(): void;
}

/** By the number that `note` takes; also the metric's label. */
export function phaseNames({ systems }: AnyGame): readonly string[] {
  return [...Object.keys(PHASE), ...systems.map(({ name }) => `game_${name}`)];
}

/** One word: 1 while phases are measured. Any thread sets it. */
export function createPhaseSwitch(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(4);
  setPhaseSwitch(buffer, true);
  return buffer;
}

/** From the zone's next tick on. */
export function setPhaseSwitch(buffer: SharedArrayBuffer, isOn: boolean): void {
  Atomics.store(new Int32Array(buffer), 0, isOn ? 1 : 0);
}

export function isPhaseSwitchOn(buffer: SharedArrayBuffer): boolean {
  return Atomics.load(new Int32Array(buffer), 0) === 1;
}

/**
 * @param buffers one of kind `phase` for each name
 * @param now milliseconds; the finer the better
 */
export function createPhaseWatch(
  buffers: readonly SharedArrayBuffer[],
  phaseSwitch: SharedArrayBuffer,
  now: () => number,
): PhaseWatch {
  const switchWords = new Int32Array(phaseSwitch);
  let isOn = false;
  const summaries = buffers.map((buffer) => createCounters('phase', buffer).summaries.time);
  const spentMs = new Float64Array(summaries.length);
  // An array, since the engine puts a number with a fraction that changes in a closure on the heap each time.
  const lastMs = new Float64Array(1);
  let ticks = 0;
  return {
    begin() {
      isOn = Atomics.load(switchWords, 0) === 1;
      if (!isOn) return;
      lastMs[0] = now();
      ticks++;
    },
    note(phase) {
      if (!isOn) return;
      const nowMs = now();
      spentMs[phase] = spentMs[phase]! + nowMs - lastMs[0]!;
      lastMs[0] = nowMs;
    },
    flush() {
      for (let phase = 0; phase < spentMs.length; phase++) {
        // Whole microseconds go, the rest stays: nothing is lost to rounding.
        const micros = Math.floor(spentMs[phase]! * 1000);
        spentMs[phase] = spentMs[phase]! - micros / 1000;
        summaries[phase]!.add(micros / 1e6, ticks);
      }
      ticks = 0;
    },
  };
}
