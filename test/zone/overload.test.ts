// The ladder against simulated machines: zones whose ticks cost what a curve says, with noise, pauses and edges that cost
// less on a higher step. Seeded; the loop is that of workers/zone.ts on simulated time.

import { expect, test } from 'vitest';
import { TICK_MS } from '../../src/base/limits.ts';
import { LOWER_RATE, PACE_PERCENT_MIN, PACE_PERCENT_STEP, TIME_DILATION } from '../../src/base/overload-steps.ts';
import { createRandom } from '../../src/base/random.ts';
import { beginTick, createFixedStep, setPace, untilDue } from '../../src/sim/fixed-step.ts';
import { createOverload, decideOverload, noteTickCost } from '../../src/zone/overload.ts';

interface Plant {
  /** Of a tick at full pace, in intervals; on which step the zone stands makes a difference where edges share its core. */
  readonly demand: (second: number, step: number) => number;
  readonly edge?: (second: number, step: number) => number;
  /** By how much single ticks differ, at most, as a share. */
  readonly noise: number;
  /** Pauses of the whole machine: a tick in so many, and how long. */
  readonly pauses?: { readonly every: number; readonly ms: number };
}

interface Change {
  readonly second: number;
  readonly step: number;
  readonly pacePercent: number;
}

interface Outcome {
  readonly changes: readonly Change[];
  readonly missedAt: (second: number) => number;
  readonly ticks: number;
}

function simulate(plant: Plant, seed: number, seconds: number): Outcome {
  const random = createRandom(seed);
  let nowMs = 0;
  const step = createFixedStep(nowMs);
  const overload = createOverload(nowMs);
  const changes: Change[] = [];
  const missed: number[] = [];
  let ticks = 0;
  let readyMs = nowMs;
  while (nowMs < seconds * 1000) {
    const second = nowMs / 1000;
    nowMs = Math.max(nowMs, nowMs + untilDue(step, nowMs));
    const { dueMs, intervalMs } = step;
    beginTick(step, nowMs);
    const noise = 1 + plant.noise * (2 * random.fraction() - 1);
    nowMs += plant.demand(second, overload.step) * noise * TICK_MS;
    if (plant.pauses !== undefined && random.fraction() * plant.pauses.every < 1) nowMs += plant.pauses.ms;
    ticks++;
    noteTickCost(overload, nowMs - Math.max(dueMs, readyMs), intervalMs);
    readyMs = nowMs;
    while (missed.length <= nowMs / 1000) missed.push(step.missed);
    missed[Math.floor(nowMs / 1000)] = step.missed;
    if (!decideOverload(overload, plant.edge?.(second, overload.step) ?? 0.3, nowMs)) continue;
    setPace(step, overload.pacePercent);
    changes.push({ second: nowMs / 1000, step: overload.step, pacePercent: overload.pacePercent });
  }
  return { changes, missedAt: (second) => missed[second]!, ticks };
}

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed + 1);

/** Step and pace at a moment. */
function stateAt({ changes }: Outcome, second: number): Change {
  return changes.findLast((change) => change.second <= second) ?? { second: 0, step: 0, pacePercent: 100 };
}

/** Only by one step at a time, and what is said of the pace fits the step. */
function expectLadder({ changes }: Outcome): void {
  let before = 0;
  for (const { step, pacePercent } of changes) {
    expect(Math.abs(step - before)).toBeLessThanOrEqual(1);
    expect(pacePercent % PACE_PERCENT_STEP).toBe(0);
    expect(pacePercent).toBeGreaterThanOrEqual(PACE_PERCENT_MIN);
    expect(pacePercent < 100).toBe(step === TIME_DILATION);
    before = step;
  }
}

test.each(SEEDS)('twice what fits for a minute, then little: up, steady, down within 10 s (seed %i)', (seed) => {
  const random = createRandom(seed);
  const quiet = 0.1 + 0.5 * random.fraction();
  const busy = 1.2 + 2 * random.fraction();
  const rampS = 10 * random.fraction();
  const noise = 0.3 * random.fraction();
  const demand = (second: number): number => {
    if (second < 10 || second >= 70) return quiet;
    return quiet + (busy - quiet) * Math.min(1, (second - 10) / rampS);
  };
  const outcome = simulate({ demand, noise }, seed, 90);
  expectLadder(outcome);
  expect(stateAt(outcome, 10).step).toBe(0);
  const settled = stateAt(outcome, 69);
  expect(settled.step).toBe(TIME_DILATION);
  // As fast as it can be, and no faster.
  const share = (busy * settled.pacePercent) / 100;
  expect(share).toBeLessThanOrEqual(settled.pacePercent === PACE_PERCENT_MIN ? 4 : 0.92);
  if (settled.pacePercent > PACE_PERCENT_MIN) expect(share).toBeGreaterThan(0.55);
  // Steady from ten seconds after the load is: what little changes then, and no tick is missed.
  const late = outcome.changes.filter(({ second }) => second > 30 && second < 70);
  expect(late.length, JSON.stringify(late)).toBeLessThanOrEqual(2);
  expect(outcome.missedAt(69)).toBe(outcome.missedAt(30));
  expect(outcome.changes.length).toBeLessThan(30);
  expect(stateAt(outcome, 80), JSON.stringify(outcome.changes)).toMatchObject({ step: 0, pacePercent: 100 });
  expect(stateAt(outcome, 90).second).toBe(stateAt(outcome, 80).second);
});

test.each(SEEDS)('whatever constant load: it comes to rest (seed %i)', (seed) => {
  const random = createRandom(seed);
  const level = 0.3 + 1.5 * random.fraction();
  // A zone that shares its core with its edges: what they send costs it too.
  const shared = 0.3 * random.fraction();
  const noise = 0.4 * random.fraction();
  const plant: Plant = {
    demand: (_, step) => level + shared * (step === 0 ? 1 : step === 1 ? 0.9 : 0.5),
    edge: (_, step) => 0.3 + 2 * shared * (step === 0 ? 1 : step === 1 ? 0.9 : 0.5),
    noise,
  };
  const outcome = simulate(plant, seed, 300);
  expectLadder(outcome);
  // Where no step fits for good it tries again, ever more seldom.
  const late = outcome.changes.filter(({ second }) => second > 150);
  expect(late.length, JSON.stringify(late)).toBeLessThanOrEqual(8);
  const missed = outcome.missedAt(299) - outcome.missedAt(150);
  expect(missed).toBeLessThanOrEqual(outcome.ticks / 1000);
});

test.each(SEEDS.slice(0, 10))(
  'a load that swings each few seconds is followed without a tick missed for long (seed %i)',
  (seed) => {
    const random = createRandom(seed);
    const periodS = 4 + 26 * random.fraction();
    const demand = (second: number): number => 1 + 0.7 * Math.sin((2 * Math.PI * second) / periodS);
    const outcome = simulate({ demand, noise: 0.2 }, seed, 300);
    expectLadder(outcome);
    // Two changes a second while it climbs, one and a half a second while it comes down: no more than that ever.
    expect(outcome.changes.length).toBeLessThan(300);
    expect(outcome.missedAt(299)).toBeLessThan(0.06 * outcome.ticks);
  },
);

test.each(SEEDS.slice(0, 10))('pauses of the machine are no overload (seed %i)', (seed) => {
  const outcome = simulate({ demand: () => 0.4, noise: 0.3, pauses: { every: 600, ms: 300 } }, seed, 300);
  expect(outcome.changes).toEqual([]);
});

test.each(SEEDS.slice(0, 10))('an edge that falls behind gets lower_rate and no slower time (seed %i)', (seed) => {
  const random = createRandom(seed);
  const sending = 0.5 + random.fraction();
  // Half of what an edge does is receiving.
  const edge = (second: number, step: number): number => {
    if (second < 10 || second >= 60) return 0.3;
    return 0.25 + sending * (step === 0 ? 1 : step === 1 ? 0.8 : 0.45);
  };
  const outcome = simulate({ demand: () => 0.3, edge, noise: 0.2 }, seed, 90);
  expectLadder(outcome);
  expect(Math.max(0, ...outcome.changes.map(({ step }) => step))).toBeLessThanOrEqual(LOWER_RATE);
  if (sending > 0.9) expect(stateAt(outcome, 59).step).toBe(LOWER_RATE);
  expect(stateAt(outcome, 70).step).toBe(0);
  expect(outcome.changes.length, JSON.stringify(outcome.changes)).toBeLessThanOrEqual(14);
});
