// Suspicion: points for what a player did that the guard corrected or refused, forgotten with time. Zone thread.
// Not part of the zone's state: a verdict becomes a message to the edge, whose leave comes back by the stream, so a
// replay goes the same way whatever points it counts.
//
// Two sums by player. `points` has everything that is worth any; from SUSPICION_TELL on the operators are told. `proof`
// has only what no honest client does, however bad its line: loss, delay, jitter, reordering and repetition of packets
// change when inputs arrive and what the client believes of the world, never what an input holds. From SUSPICION_CLOSE
// on the connection is closed. What a bad line does bring about is worth nothing here: late, early, doubled inputs,
// mispredicted positions, claims that jump when they were corrected, targets that died meanwhile.

import type { Counters } from '../base/counters.ts';
import { SUSPICION_CLOSE, SUSPICION_LEAK_TICKS, SUSPICION_TELL } from '../base/limits.ts';

export interface ScoredRule {
  readonly points: number;
  /** Impossible for an honest client: may close the connection. */
  readonly isProof: boolean;
}

/** What is worth points; every other rule is worth none. */
export const SCORED = {
  /** A client predicts with the game's own step, which keeps to the world. */
  bounds: { points: 5, isProof: true },
  /** Over 15 s ahead, where a connection silent for 15 s is gone. */
  time_warp: { points: 5, isProof: true },
  /** Ours never does; another's may be careless, and it gains nothing. */
  move_length: { points: 1, isProof: false },
  /** For five seconds in which the aim mostly jumped. A hand that trembles over its own character may come near it. */
  facing_rate: { points: 50, isProof: false },
  text_control: { points: 5, isProof: false },
  text_link: { points: 5, isProof: false },
  text_markup: { points: 5, isProof: false },
  text_injection: { points: 10, isProof: false },
  text_repeat: { points: 5, isProof: false },
  text_rate: { points: 5, isProof: false },
  text_profanity: { points: 5, isProof: false },
} as const satisfies Record<string, ScoredRule>;

export type ScoredName = keyof typeof SCORED;

export interface Suspicion {
  readonly counters: Counters<'zone'>;
  /** By slot: points, those of them that are proof, and the tick up to which both have leaked. */
  readonly points: Int32Array;
  readonly proof: Int32Array;
  readonly leakTick: Int32Array;
}

export function createSuspicion(capacity: number, counters: Counters<'zone'>): Suspicion {
  return {
    counters,
    points: new Int32Array(capacity),
    proof: new Int32Array(capacity),
    leakTick: new Int32Array(capacity),
  };
}

/** Another player has the slot now. Who loses the connection and comes back keeps its points. */
export function forgetSuspicion(suspicion: Suspicion, slot: number): void {
  suspicion.points[slot] = 0;
  suspicion.proof[slot] = 0;
  suspicion.leakTick[slot] = 0;
}

/** Does not allocate. */
export function addPoints(suspicion: Suspicion, slot: number, rule: ScoredRule, tick: number): void {
  const { points, proof, counters } = suspicion;
  leak(suspicion, slot, tick);
  const before = points[slot]!;
  points[slot] = Math.min(before + rule.points, 2 * SUSPICION_CLOSE);
  if (rule.isProof) proof[slot] = Math.min(proof[slot]! + rule.points, 2 * SUSPICION_CLOSE);
  if (before < SUSPICION_TELL && points[slot]! >= SUSPICION_TELL) counters.words[counters.index.guardSuspects]!++;
}

function leak({ points, proof, leakTick }: Suspicion, slot: number, tick: number): void {
  if (points[slot] === 0) {
    leakTick[slot] = tick;
    return;
  }
  const leaked = Math.floor((tick - leakTick[slot]!) / SUSPICION_LEAK_TICKS);
  // Inputs are for ticks in any order.
  if (leaked <= 0) return;
  leakTick[slot] = leakTick[slot]! + leaked * SUSPICION_LEAK_TICKS;
  points[slot] = Math.max(0, points[slot]! - leaked);
  proof[slot] = Math.max(0, proof[slot]! - leaked);
}

/** True, once, when the player's connection is to be closed. Half of its proof stays, for when it comes back. */
export function takeVerdict(suspicion: Suspicion, slot: number): boolean {
  const { proof, counters } = suspicion;
  if (proof[slot]! < SUSPICION_CLOSE) return false;
  proof[slot] = SUSPICION_CLOSE / 2;
  counters.words[counters.index.guardClosed]!++;
  return true;
}
