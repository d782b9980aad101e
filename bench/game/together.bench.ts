// What honest players lose by hostile ones: 100 honest bots for a minute, alone and with 20 hostile clients, each kind of
// figure as the share of what they had alone. Sees the whole machine, as game.live does.

import type { Report } from '../../tools/swarm/report.ts';
import type { Bench, Figure } from '../bench.ts';
import { playTogether } from './together.ts';

const FULL = { honest: 100, hostile: 20, seconds: 60 };
const SMALL = { honest: 4, hostile: 6, seconds: 2 };

const FIGURES = [
  'snapshotsPerSecondAlone',
  'snapshotsPerSecond',
  'snapshotsPerSecondMin',
  'correctedShareAlone',
  'correctedShare',
  'killsAlone',
  'kills',
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
    const values: Record<(typeof FIGURES)[number], readonly [number, string]> = {
      snapshotsPerSecondAlone: [alone.report.snapshotsPerSecond.mean ?? 0, '1/s'],
      snapshotsPerSecond: [together.report.snapshotsPerSecond.mean ?? 0, '1/s'],
      snapshotsPerSecondMin: [together.report.snapshotsPerSecond.min ?? 0, '1/s'],
      correctedShareAlone: [correctedShare(alone.report), ''],
      correctedShare: [correctedShare(together.report), ''],
      killsAlone: [killsOf(alone.report), ''],
      kills: [killsOf(together.report), ''],
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

function killsOf({ deeds }: Report): number {
  return deeds === null ? 0 : deeds.playersKilled + deeds.creaturesKilled;
}
