// The shared memory of one zone, made by the main thread and handed to the zone, its edges and the store thread.
// It outlives a zone thread that dies: the next one goes on from the keyframe in it.

import { createCounterBuffer, createRuleBuffer } from '../base/counters.ts';
import {
  ENTITIES_MAX,
  INPUT_RING_BYTES,
  NAME_LENGTH_MAX,
  OUTPUT_RING_BYTES,
  PENDING_INPUTS,
  REWIND_TICKS_MAX,
  SAVE_RING_BYTES,
} from '../base/limits.ts';
import { createRingBuffer } from '../base/ring.ts';
import type { AnyGame } from '../sim/game.ts';
import { historyBytes } from '../sim/history.ts';
import { worldBytes } from '../sim/world.ts';
import { createZoneJournalBuffers, type ZoneJournalBuffers } from '../store/zone-journal.ts';
import { ANSWERS_BYTES } from './answers.ts';
import { createPhaseSwitch, phaseNames } from './phases.ts';

export interface ZoneBuffers {
  readonly capacity: number;
  /** The state at the end of the last whole tick, twice: one is complete whenever the other is being written. */
  readonly keyframes: SharedArrayBuffer;
  readonly history: SharedArrayBuffer;
  readonly names: SharedArrayBuffer;
  /** One an edge: joins, leaves, inputs, requests. Edge writes, zone reads. */
  readonly inputRings: readonly SharedArrayBuffer[];
  /** One an edge: joined, responses, events. Zone writes, edge reads. */
  readonly outputRings: readonly SharedArrayBuffer[];
  /** Answers to commands, which the next zone thread needs. */
  readonly answers: SharedArrayBuffer;
  /** Undefined: nothing is kept. */
  readonly journal: ZoneJournalBuffers | undefined;
  /** Characters to save. Zone writes, store thread reads. */
  readonly saveRing: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  /** What the game's rules refused, a word for each of `game.rules`. */
  readonly ruleCounters: SharedArrayBuffer;
  /** Of its ticks' phases: `phases.ts` has the names. */
  readonly phases: readonly SharedArrayBuffer[];
  readonly phaseSwitch: SharedArrayBuffer;
  readonly edgeCounters: readonly SharedArrayBuffer[];
}

/** Bytes of one name in `names`: its length, then ASCII. */
export const NAME_BYTES = NAME_LENGTH_MAX + 1;

/** @param isJournalled somebody reads the journal ring */
export function createZoneBuffers(
  game: AnyGame,
  edgeCount: number,
  capacity = ENTITIES_MAX,
  isJournalled = false,
): ZoneBuffers {
  const perEdge = <T>(make: () => T): T[] => Array.from({ length: edgeCount }, make);
  const keyframeBytes = worldBytes(game.allColumns, capacity) + 8;
  return {
    capacity,
    keyframes: new SharedArrayBuffer(2 * Math.ceil(keyframeBytes / 8) * 8),
    history: new SharedArrayBuffer(historyBytes(game.rows, capacity)),
    names: new SharedArrayBuffer(capacity * NAME_BYTES),
    inputRings: perEdge(() => createRingBuffer(INPUT_RING_BYTES)),
    outputRings: perEdge(() => createRingBuffer(OUTPUT_RING_BYTES)),
    answers: new SharedArrayBuffer(ANSWERS_BYTES),
    journal: isJournalled ? createZoneJournalBuffers(keyframeBytesMax(game, capacity)) : undefined,
    saveRing: createRingBuffer(SAVE_RING_BYTES),
    counters: createCounterBuffer('zone'),
    ruleCounters: createRuleBuffer(game.rules),
    phases: phaseNames(game).map(() => createCounterBuffer('phase')),
    phaseSwitch: createPhaseSwitch(),
    edgeCounters: perEdge(() => createCounterBuffer('edge')),
  };
}

/** Bytes that no keyframe of the zone is longer than. */
function keyframeBytesMax(game: AnyGame, capacity: number): number {
  const columns = Object.keys(game.allColumns).length;
  const inputs = capacity * (8 + PENDING_INPUTS * 4 * (8 + game.inputNames.length));
  const frames = (REWIND_TICKS_MAX + 1) * (8 + capacity * 20);
  return capacity * 4 * columns + inputs + frames + capacity * 32 + ANSWERS_BYTES + (1 << 12);
}
