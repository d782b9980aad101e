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
  /** Turns of each bot, from its next one on, that were taken before they are due. */
  readonly ahead: Uint8Array;
}

export function createSchedule(bots: number, startMs: number): Schedule {
  return { bots, startMs, turns: 0, skipped: 0, ahead: new Uint8Array(bots) };
}

export function nextDueMs(schedule: Schedule): number {
  return dueMsOf(schedule, schedule.turns);
}

function dueMsOf({ startMs, bots }: Schedule, turn: number): number {
  return startMs + (turn * TICK_MS) / bots;
}

/** Takes the first turn of a bot that wasn't taken yet, before it is due; returns when that is. */
export function takeTurnAhead(schedule: Schedule, bot: number): number {
  const { bots, turns, ahead } = schedule;
  const next = Math.ceil((turns - bot) / bots) + ahead[bot]!++;
  return dueMsOf(schedule, next * bots + bot);
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
    if (schedule.ahead[bot]! > 0) schedule.ahead[bot]!--;
    else run(bot, dueMs);
  }
  return nextDueMs(schedule) <= nowMs;
}

/** Whole ticks, so that every bot misses as many. */
function skipTurns(schedule: Schedule, beforeMs: number): void {
  const ticks = Math.max(0, Math.ceil((beforeMs - nextDueMs(schedule)) / TICK_MS));
  if (ticks > 0) schedule.ahead.fill(0);
  schedule.turns += ticks * schedule.bots;
  schedule.skipped += ticks * schedule.bots;
}
