// When each bot's next input is due: 60 times a second each, the bots spread evenly over the tick. Open-loop: a turn
// that comes too late is run all the same, with the time at which it was due, so that a slow server or a busy machine
// shows up as lateness and not as less load. What is later than any server would take is skipped and counted: bots that
// lived in the past for the rest of the run would measure nothing. Pure; the loop is in swarm.ts.

import { TICK_MS } from '../../src/base/limits.ts';

/** What is due longer than this is skipped. */
export const LATE_MS_MAX = 500;

export interface Schedule {
  readonly bots: number;
  readonly startMs: number;
  /** Turns so far, of all bots, started or not, skipped ones too; turn n is that of bot n modulo bots. */
  turns: number;
  skipped: number;
}

export function createSchedule(bots: number, startMs: number): Schedule {
  return { bots, startMs, turns: 0, skipped: 0 };
}

export function nextDueMs(schedule: Schedule): number {
  return schedule.startMs + (schedule.turns * TICK_MS) / schedule.bots;
}

/**
 * Runs the turns that are due, in order, but for those that are late beyond all use. No more than a tick's worth at a
 * time, so that the caller gets to read what arrived; true when more are due.
 */
export function runDueTurns(schedule: Schedule, nowMs: number, run: (bot: number, dueMs: number) => void): boolean {
  skipTurns(schedule, nowMs - LATE_MS_MAX);
  for (let count = 0; count < schedule.bots; count++) {
    const dueMs = nextDueMs(schedule);
    if (dueMs > nowMs) return false;
    const bot = schedule.turns % schedule.bots;
    schedule.turns++;
    run(bot, dueMs);
  }
  return nextDueMs(schedule) <= nowMs;
}

/** Whole ticks, so that every bot misses as many. */
function skipTurns(schedule: Schedule, beforeMs: number): void {
  const ticks = Math.max(0, Math.ceil((beforeMs - nextDueMs(schedule)) / TICK_MS));
  schedule.turns += ticks * schedule.bots;
  schedule.skipped += ticks * schedule.bots;
}
