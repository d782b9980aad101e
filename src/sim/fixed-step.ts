// When the next tick is due, and what to do when the loop is late: catch up tick by tick within a cap, beyond it drop
// time and count it. Without the cap a slow tick makes more ticks, which makes the next one slower (Quake's spiral).
// A zone with too much to do slows the game's time instead (src/zone/overload.ts): its ticks are further apart then, each
// still the same step of the game. Pure: the loop that sleeps lives in workers/zone.ts.

import { CATCH_UP_MS_MAX, TICK_MS } from '../base/limits.ts';

export interface FixedStep {
  /** When the next tick is due, in the clock's milliseconds. */
  dueMs: number;
  /** Time between two ticks: TICK_MS at full pace. */
  intervalMs: number;
  /** Ticks dropped so far. */
  missed: number;
  /** Ticks begun more than an interval late so far. */
  late: number;
  /** Ticks fewer than at full pace so far, fractional: what was left out on purpose. Only grows. */
  dilated: number;
}

export function createFixedStep(nowMs: number): FixedStep {
  return { dueMs: nowMs + TICK_MS, intervalMs: TICK_MS, missed: 0, late: 0, dilated: 0 };
}

/** Milliseconds to sleep; 0 or less means a tick is due. */
export function untilDue(step: FixedStep, nowMs: number): number {
  return step.dueMs - nowMs;
}

/** Takes the due tick: moves the deadline on, dropping whole ticks beyond the cap. Returns how late it begins, ms. */
export function beginTick(step: FixedStep, nowMs: number): number {
  const { intervalMs } = step;
  const lateMs = nowMs - step.dueMs;
  step.dilated += intervalMs / TICK_MS - 1;
  if (lateMs > intervalMs) step.late++;
  // Where ticks are further apart than the cap, one may be late by as much.
  const lateMsMax = Math.max(CATCH_UP_MS_MAX, intervalMs);
  if (lateMs > lateMsMax) {
    const dropped = Math.floor((lateMs - lateMsMax) / intervalMs) + 1;
    step.missed += dropped;
    step.dueMs += dropped * intervalMs;
  }
  step.dueMs += intervalMs;
  return lateMs;
}

/** From the tick begun last on, ticks are as far apart as that pace wants. What is late stays late, and is caught up with. */
export function setPace(step: FixedStep, pacePercent: number): void {
  const intervalMs = (TICK_MS * 100) / pacePercent;
  step.dueMs += intervalMs - step.intervalMs;
  step.intervalMs = intervalMs;
}
