// What honest players lose by hostile ones: 100 honest bots for a minute, alone and with 20 hostile clients, each kind of
// figure as the share of what they had alone. Sees the whole machine, as game.live does: bots and hostile clients share
// a core, so what the server itself left out stands beside what arrived. Where it missed no tick and no frame, snapshots
// that bots lack were left out because they read too slowly (skipped), or they were late to count them.
// The goals are shares of what the honest ones had alone, with room for noise: about 600 kills, counted twice, differ by
// chance by 6 %, and who is near whom decides how often prediction is put right.

import type { Report } from '../../tools/swarm/report.ts';
import type { Bench, Figure } from '../bench.ts';
import type { Metrics } from '../server.ts';
import { killsOf, playTogether } from './together.ts';

const FULL = { honest: 100, hostile: 20, seconds: 60 };
const SMALL = { honest: 4, hostile: 6, seconds: 2 };

const FIGURES = [
  'snapshotsPerSecondAlone',
  'snapshotsPerSecond',
  'snapshotsPerSecondMin',
  'snapshotsShare',
  'missedTicks',
  'framesSkipped',
  'snapshotsSkipped',
  'correctedShareAlone',
  'correctedShare',
  'correctedMore',
  'killsAlone',
  'kills',
  'killsShare',
  'hostileActs',
  'hostileReturns',
  'botsFailed',
] as const;

export const bench: Bench = {
  figures: FIGURES.map((name) => `game.together.${name}`),
  async run(seed, isSmall) {
    const load = { ...(isSmall ? SMALL : FULL), seed };
    const alone = await playTogether({ ...load, hostile: 0 });
    const together = await playTogether(load);
    const { returns, acts } = together.hostile;
    const counted = (name: string): number => sumOf(together.metrics, `darkages_${name}`);
    const values: Record<(typeof FIGURES)[number], readonly [number, string]> = {
      snapshotsPerSecondAlone: [alone.report.snapshotsPerSecond.mean ?? 0, '1/s'],
      snapshotsPerSecond: [together.report.snapshotsPerSecond.mean ?? 0, '1/s'],
      snapshotsPerSecondMin: [together.report.snapshotsPerSecond.min ?? 0, '1/s'],
      snapshotsShare: [
        (together.report.snapshotsPerSecond.mean ?? 0) / (alone.report.snapshotsPerSecond.mean ?? 0),
        '',
      ],
      missedTicks: [counted('missed_ticks_total'), 'ticks'],
      framesSkipped: [counted('frames_skipped_total'), 'frames'],
      snapshotsSkipped: [counted('snapshots_skipped_total'), ''],
      correctedShareAlone: [correctedShare(alone.report), ''],
      correctedShare: [correctedShare(together.report), ''],
      correctedMore: [correctedShare(together.report) - correctedShare(alone.report), ''],
      killsAlone: [killsOf(alone.report), ''],
      kills: [killsOf(together.report), ''],
      killsShare: [killsOf(together.report) / Math.max(1, killsOf(alone.report)), ''],
      hostileActs: [acts, ''],
      hostileReturns: [returns, ''],
      botsFailed: [alone.report.failed + together.report.failed, ''],
    };
    const checksum = `${load.honest} honest, ${load.hostile} hostile, ${together.report.snapshots} snapshots`;
    return FIGURES.map((name): Figure => {
      const [value, unit] = values[name];
      return { figure: `game.together.${name}`, value, unit, seed, checksum };
    });
  },
};

function correctedShare({ corrections, snapshots }: Report): number {
  return corrections / snapshots;
}

/** In the zone where the honest ones play, which is the first. */
function sumOf({ values }: Metrics, name: string): number {
  let sum = 0;
  for (const [key, value] of values) if (key.startsWith(`${name}{`) && key.includes('zone_id="1"')) sum += value;
  return sum;
}
