// When the next tick is due, and what to do when the loop is late: catch up tick by tick within a cap, beyond it drop
// time and count it. Without the cap a slow tick makes more ticks, which makes the next one slower (Quake's spiral).
// Pure: the loop that sleeps lives in workers/zone.ts.

import { CATCH_UP_MS_MAX, TICK_MS } from '../base/limits.ts';

export interface FixedStep {
  /** When the next tick is due, in the clock's milliseconds. */
  dueMs: number;
  /** Ticks dropped so far. */
  missed: number;
  /** Ticks begun more than an interval late so far. */
  late: number;
}

export function createFixedStep(nowMs: number): FixedStep {
  return { dueMs: nowMs + TICK_MS, missed: 0, late: 0 };
}

/** Milliseconds to sleep; 0 or less means a tick is due. */
export function untilDue(step: FixedStep, nowMs: number): number {
  return step.dueMs - nowMs;
}

/** Takes the due tick: moves the deadline on, dropping whole ticks beyond the cap. Returns how late it begins, ms. */
export function beginTick(step: FixedStep, nowMs: number): number {
  const lateMs = nowMs - step.dueMs;
  if (lateMs > TICK_MS) step.late++;
  if (lateMs > CATCH_UP_MS_MAX) {
    const dropped = Math.floor((lateMs - CATCH_UP_MS_MAX) / TICK_MS) + 1;
    step.missed += dropped;
    step.dueMs += dropped * TICK_MS;
  }
  step.dueMs += TICK_MS;
  return lateMs;
}
