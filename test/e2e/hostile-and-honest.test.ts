// Honest bots with and without hostile clients beside them: what the honest ones get must be the same within noise. Short
// here, and the machine may be busy with other tests, so the bounds are wide; the long form is
//   npm run bench -- --only game.together

import { expect, test } from 'vitest';
import { killsOf, playTogether, type TogetherOutcome } from '../../bench/game/together.ts';
import { undisturbed } from '../../bench/standstill.ts';
import { ATTACKS } from '../../tools/hostile/attacks.ts';

/** One hostile client of each kind. */
const LOAD = { honest: 30, hostile: ATTACKS.length, seconds: 10, seed: 5 };

function describeRun({ report, hostile }: TogetherOutcome): string {
  const { snapshotsPerSecond, corrections, snapshots, failures, deeds } = report;
  return (
    `${LOAD.honest} honest, hostile ${JSON.stringify(hostile)}: snapshots/s mean ${snapshotsPerSecond.mean}, ` +
    `min ${snapshotsPerSecond.min}, corrections ${corrections} of ${snapshots}, kills ` +
    `${killsOf(report)}, hits ${deeds!.hits}, failed ${JSON.stringify(failures)}`
  );
}

test('honest players lose nothing by hostile ones', async () => {
  const { report: alone, ...none } = await undisturbed(() => playTogether({ ...LOAD, hostile: 0 }));
  console.log(describeRun({ report: alone, ...none }));
  const run = await undisturbed(() => playTogether(LOAD));
  const { report: together, metrics, hostile } = run;
  console.log(describeRun(run));
  // The attacks arrived: the server says that it turned something away, requests and those who hop between zones as well.
  const refused = [...metrics.values].filter(
    ([name, value]) => value > 0 && /drop|guard|floods|refused|connections_total/.test(name),
  );
  console.log(refused.map(([name, value]) => `${name} ${value}`).join('\n'));
  expect(hostile.acts).toBeGreaterThan(100);
  expect(refused.length).toBeGreaterThan(3);
  for (const part of ['invite.no_such_player', 'connections_total{zone_id="2"}']) {
    expect(refused.map(([name]) => name).filter((name) => name.includes(part)).length, part).toBe(1);
  }
  expect([alone.failures, together.failures]).toEqual([{}, {}]);
  expect(together.snapshotsPerSecond.mean!).toBeGreaterThan(alone.snapshotsPerSecond.mean! * 0.9);
  expect(together.snapshotsPerSecond.min!).toBeGreaterThan(alone.snapshotsPerSecond.min! * 0.8);
  const share = ({ corrections, snapshots }: typeof alone): number => corrections / snapshots;
  expect(share(together)).toBeLessThan(share(alone) * 1.5 + 0.05);
  // Whom they fight is chance, so is who wins: that they fight as much, and kill about as many, is what can be said.
  expect(together.deeds!.hits).toBeGreaterThan(alone.deeds!.hits * 0.5);
  expect(killsOf(together)).toBeGreaterThan(killsOf(alone) * 0.3);
}, 300_000);
