import { expect, test } from 'vitest';
import type { Figures } from '../../../bench/players/figures.ts';
import { judge, searchLimit, snapshotsToExpect } from '../../../bench/players/limit.ts';
import { createRandom } from '../../../src/base/random.ts';

test('whatever the limit is, the search finds it to the precision asked for, and tries little', async () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = createRandom(seed);
    const max = 1 + random.below(4_096);
    const first = 1 + random.below(2_000);
    const precision = 0.01 + random.fraction() * 0.2;
    const real = random.below(6_000);
    let tries = 0;
    const found = await searchLimit({ first, max, precision }, async (players) => {
      tries++;
      expect(players, `seed ${seed}`).toBeLessThanOrEqual(max);
      return players <= real ? 'holds' : 'server';
    });
    const held = Math.min(real, max);
    expect(found.limit, `seed ${seed}`).toBeLessThanOrEqual(held);
    expect(held - found.limit, `seed ${seed}`).toBeLessThanOrEqual(Math.max(1, found.limit * precision));
    expect(found.isLowerBound, `seed ${seed}`).toBe(real >= max);
    expect(tries, `seed ${seed}`).toBeLessThan(50);
  }
});

test('what fails once and then holds is no limit', async () => {
  let tries = 0;
  const found = await searchLimit({ first: 100, max: 100, precision: 0.05 }, async () =>
    tries++ === 0 ? 'server' : 'holds',
  );
  expect(found).toEqual({ limit: 100, fails: undefined, isLowerBound: true });
});

test('where the bots were the limit, what was found is a lower bound', async () => {
  const found = await searchLimit({ first: 100, max: 4_000, precision: 0.05 }, async (players) =>
    players <= 700 ? 'holds' : 'bots',
  );
  expect(found).toMatchObject({ isLowerBound: true, limit: expect.any(Number) });
  expect(found.limit).toBeGreaterThan(660);
});

test('of what is lost on the way a zone need not hold the snapshots', () => {
  expect(snapshotsToExpect({ lossPercent: 0, seconds: 30 })).toBe(19);
  for (const lossPercent of [1, 5, 10]) {
    const expected = snapshotsToExpect({ lossPercent, seconds: 30 });
    expect(expected).toBeLessThan(19 * (1 - lossPercent / 100));
    expect(expected).toBeGreaterThan(19 * (1 - lossPercent / 100) - 1.5);
    // A thousand clients with luck of all kinds, who are sent 19 a second.
    const random = createRandom(lossPercent);
    for (let client = 0; client < 1_000; client++) {
      let came = 0;
      for (let sent = 0; sent < 19 * 30; sent++) if (random.fraction() >= lossPercent / 100) came++;
      expect(came / 30, `client ${client}`).toBeGreaterThanOrEqual(expected);
    }
  }
});

const GOOD = {
  lossPercent: 0,
  seconds: 60,
  ticksPerSecond: 60,
  missedTicks: 0,
  snapshotsPerSecondMin: 19.8,
  tickMsP99: 9,
  joined: 100,
  players: 100,
  bots: { failed: 0, scheduleErrorMsP99: 2, turnsSkippedShare: 0 },
} as Figures;

test.for([
  [{}, 'holds', /^$/],
  [{ ticksPerSecond: 59.9 }, 'server', /59\.9 ticks/],
  [{ missedTicks: 1 }, 'server', /1 ticks missed/],
  [{ snapshotsPerSecondMin: 18 }, 'server', /a client with 18/],
  [{ tickMsP99: 17 }, 'server', /tick p99 17/],
  [{ tickMsP99: Number.NaN }, 'server', /tick p99 NaN/],
  [{ joined: 99 }, 'server', /99 of 100 joined/],
  [{ bots: { ...GOOD.bots, failed: 2 } }, 'server', /2 bots failed/],
  [{ bots: { ...GOOD.bots, scheduleErrorMsP99: 30 } }, 'holds', /^$/],
  [{ bots: { ...GOOD.bots, turnsSkippedShare: 0.04 } }, 'holds', /^$/],
  [{ bots: { ...GOOD.bots, turnsSkippedShare: 0.7 } }, 'bots', /skipped 70 % of their turns/],
  [{ missedTicks: 1, bots: { ...GOOD.bots, scheduleErrorMsP99: 30 } }, 'bots', /missed/],
  [{ missedTicks: 1, bots: { ...GOOD.bots, turnsSkippedShare: 0.1 } }, 'bots', /missed/],
] as const)('%j: %s', ([change, verdict, why]) => {
  const judged = judge({ ...GOOD, ...change } as Figures);
  expect(judged.verdict).toBe(verdict);
  expect(judged.why.join(', ')).toMatch(why);
});
