// More players than a zone has time for: a real server whose game burns CPU for each of them, and real bots.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { inputsUnnamed, openStage, type Rush, type Stage, untilSteady } from '../../bench/overload/rush.ts';
import { TICK_MS } from '../../src/base/limits.ts';
import { PACE_PERCENT_MIN, TIME_DILATION } from '../../src/base/overload-steps.ts';

const RUSH: Rush = { capacity: 20, staying: 4, coming: 36, rampUpS: 1, seed: 7, flags: ['--peaceful'] };
/** Wide: other processes share the machine. How long it takes is measured by bench/overload. */
const WITHIN_S = 60;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage(RUSH);
});

afterAll(() => stage.close());

test('twice as many come as there is time for: slower time for all, nobody thrown out, every input named; then as before', async () => {
  const { staying, coming, rampUpS } = RUSH;
  const stay = stage.play(staying, rampUpS);
  await stage.until('those who stay are in', WITHIN_S, ({ connections }) => connections === staying);
  const before = await stage.until('there is time for them', WITHIN_S, ({ step }) => step === 0);
  expect(before.pacePercent).toBe(100);

  const come = stage.play(coming, rampUpS);
  await stage.until('all are in', WITHIN_S, ({ connections }) => connections === staying + coming);
  await stage.until('time is slower', WITHIN_S, ({ step }) => step === TIME_DILATION);
  const [settled, steady] = await untilSteady(stage, 3, WITHIN_S);
  expect(settled.pacePercent).toBeLessThan(100);
  expect(settled.pacePercent).toBeGreaterThanOrEqual(PACE_PERCENT_MIN);
  // None but those for which the thread waited for a core that others had, or all stood still.
  const waitedMs = steady.zoneWaitedMs - settled.zoneWaitedMs;
  expect((steady.missed - settled.missed) * TICK_MS).toBeLessThanOrEqual(waitedMs);
  expect(steady.dilated).toBeGreaterThan(settled.dilated);
  // The ticks there are come at the pace that was announced.
  const perSecond = ((steady.ticks - settled.ticks) * 1000) / (steady.atMs - settled.atMs);
  expect(perSecond / (60 * (settled.pacePercent / 100))).toBeCloseTo(1, 0);

  const left = await come.stop();
  await stage.until('all is as before', WITHIN_S, ({ step, pacePercent }) => step === 0 && pacePercent === 100);
  const stayed = await stay.stop();
  const after = await stage.until('all have left', WITHIN_S, ({ connections }) => connections === 0);
  for (const report of [left, stayed]) {
    expect(report).toMatchObject({ failed: 0, failures: {}, reconnects: 0, overloadStepMax: TIME_DILATION });
    expect(report.pacePercentMin).toBeLessThanOrEqual(settled.pacePercent);
  }
  expect(after.closed).toBe(0);
  expect(after.framesDropped).toBe(0);
  expect(inputsUnnamed([left, stayed], after), JSON.stringify(after)).toBe(0);
  expect(stage.server.output()).not.toMatch(/error/i);
});
