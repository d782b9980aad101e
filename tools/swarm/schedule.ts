// When each bot's next input is due: 60 times a second each, the bots spread evenly over the tick. Open-loop: a turn
// that comes too late is run all the same, with the time at which it was due, so that a slow server or a busy machine
// shows up as lateness and never as less load. Pure; the loop is in swarm.ts.

import { TICK_MS } from '../../src/base/limits.ts';

export interface Schedule {
  readonly bots: number;
  readonly startMs: number;
  /** Turns run so far, of all bots; turn n is that of bot n modulo bots. */
  turns: number;
}

export function createSchedule(bots: number, startMs: number): Schedule {
  return { bots, startMs, turns: 0 };
}

export function nextDueMs(schedule: Schedule): number {
  return schedule.startMs + (schedule.turns * TICK_MS) / schedule.bots;
}

/**
 * Runs the turns that are due, in order; none is ever left out. Of one that is behind no more than a tick's worth are
 * run at a time, so that the caller gets to read what arrived; true when more are due.
 */
export function runDueTurns(schedule: Schedule, nowMs: number, run: (bot: number, dueMs: number) => void): boolean {
  for (let count = 0; count < schedule.bots; count++) {
    const dueMs = nextDueMs(schedule);
    if (dueMs > nowMs) return false;
    const bot = schedule.turns % schedule.bots;
    schedule.turns++;
    run(bot, dueMs);
  }
  return nextDueMs(schedule) <= nowMs;
}
