import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createManualClock } from '../../../src/base/clock.ts';
import { TICK_MS } from '../../../src/base/limits.ts';
import { createSchedule, LATE_MS_MAX, nextDueMs, runDueTurns, takeTurnAhead } from '../../../tools/swarm/schedule.ts';

test('each bot has its turn 60 times a second, the bots evenly spread over a tick', () => {
  const clock = createManualClock(1000);
  const schedule = createSchedule(7, clock.now());
  const turns: number[][] = Array.from({ length: 7 }, () => []);
  while (clock.now() < 3000) {
    expect(runDueTurns(schedule, clock.now(), (bot, dueMs) => turns[bot]!.push(dueMs))).toBe(false);
    clock.advance(1);
  }
  for (const [bot, due] of turns.entries()) {
    expect(due).toHaveLength(120);
    for (const [index, dueMs] of due.entries()) {
      expect(dueMs).toBeCloseTo(1000 + (bot * TICK_MS) / 7 + index * TICK_MS, 6);
    }
  }
});

test('whenever the loop comes, no turn is left out but what is too late, none comes early, each knows when it was due', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 20 }),
      (bots, pauses) => {
        const clock = createManualClock();
        const schedule = createSchedule(bots, 0);
        let turns = 0;
        let skippedInAll = 0;
        for (const pause of pauses) {
          clock.advance(pause);
          const wrong: string[] = [];
          let skipped = 0;
          while (((turns + skipped) * TICK_MS) / bots < clock.now() - LATE_MS_MAX) skipped += bots;
          turns += skipped;
          skippedInAll += skipped;
          const run = (bot: number, dueMs: number): void => {
            const isRight = bot === turns % bots && Math.abs(dueMs - (turns * TICK_MS) / bots) < 1e-6;
            if (!isRight || dueMs > clock.now()) wrong.push(`turn ${turns}: bot ${bot} at ${dueMs}`);
            turns++;
          };
          let before = turns;
          // Time stands still while the loop catches up, so what is skipped is skipped first.
          while (runDueTurns(schedule, clock.now(), run)) {
            // Behind: a tick's worth at a time.
            expect(turns - before).toBe(bots);
            before = turns;
          }
          expect(wrong).toEqual([]);
          expect(nextDueMs(schedule)).toBeGreaterThan(clock.now());
          expect(schedule.skipped).toBe(skippedInAll);
        }
      },
    ),
  );
});

test('a turn that was taken ahead is not run again, and is due when it would have been', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 8 }), fc.nat({ max: 3 })), { maxLength: 80 }),
      (bots, steps) => {
        const schedule = createSchedule(bots, 500);
        const due: number[][] = Array.from({ length: bots }, () => []);
        let nowMs = 500;
        for (const [ms, bot, count] of steps) {
          nowMs += ms;
          while (runDueTurns(schedule, nowMs, (one, dueMs) => due[one]!.push(dueMs)));
          if (bot < bots) for (let taken = 0; taken < count; taken++) due[bot]!.push(takeTurnAhead(schedule, bot));
        }
        for (const [bot, times] of due.entries()) {
          for (const [index, dueMs] of times.entries()) {
            expect(dueMs).toBeCloseTo(500 + (index + bot / bots) * TICK_MS, 6);
          }
        }
      },
    ),
  );
});
