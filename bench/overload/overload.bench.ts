// 400 players in a zone that has time for 200, until 360 of them leave: what the ladder (docs/overload.md) does with it. A
// module of the game burns the time, server and bots have a core each. Other work on the server's core makes the game's
// time slower than the players alone do: what there is of the core is what counts.

import { TICK_HZ } from '../../src/base/limits.ts';
import type { Report } from '../../tools/swarm/report.ts';
import type { Bench, Figure } from '../bench.ts';
import { inputsUnnamed, openStage, type Reading, type Rush, type Stage, type Swarm, untilSteady } from './rush.ts';

interface Load extends Omit<Rush, 'seed'> {
  /** How long nothing may change for the ladder to have come to rest. */
  readonly steadyS: number;
  readonly withinS: number;
}

const CORES = { botsCore: 0, serverCore: 1 };
/** Most bots are light ones (docs/bots.md): 400 of the others would be too much for their core. */
const FLAGS = ['--peaceful', '--light', '90'];
const FULL: Load = {
  capacity: 200,
  staying: 40,
  coming: 360,
  rampUpS: 4,
  flags: FLAGS,
  steadyS: 10,
  withinS: 60,
  ...CORES,
};
/** Whether the machine is quiet enough for the ladder to come down is no matter of the small run, but it has to. */
const SMALL: Load = { ...FULL, capacity: 8, staying: 2, coming: 14, rampUpS: 0, steadyS: 1, withinS: 240 };

const FIGURES = [
  'recoveryS',
  'stepChanges',
  'paceChanges',
  'pacePercent',
  'paceKept',
  'missedClimbing',
  'missed',
  'zoneWaitedMs',
  'disconnected',
  'botsSilent',
  'inputsUnnamed',
  'inputsDroppedShare',
];

export const bench: Bench = {
  figures: FIGURES.map((name) => `overload.${name}`),
  async run(seed, isSmall) {
    const load = isSmall ? SMALL : FULL;
    const stage = await openStage({ ...load, seed });
    try {
      return readFigures(await rush(stage, load), seed);
    } finally {
      await stage.close();
    }
  },
};

interface Outcome {
  /** When the others were asked to come; when nothing had changed for a while, and at the end of that. */
  readonly before: Reading;
  readonly settled: Reading;
  readonly steady: Reading;
  /** When they had gone; when all was as before; when all had left. */
  readonly gone: Reading;
  readonly recovered: Reading;
  readonly after: Reading;
  readonly reports: readonly Report[];
}

async function rush(stage: Stage, { staying, coming, rampUpS, steadyS, withinS }: Load): Promise<Outcome> {
  const stay: Swarm = stage.play(staying, rampUpS);
  await stage.until('those who stay are in', withinS, ({ connections }) => connections === staying);
  await untilSteady(stage, steadyS / 2, withinS);
  const before = await stage.until('there is time for them', withinS, ({ step }) => step === 0);
  const come = stage.play(coming, rampUpS);
  await stage.until('all are in', withinS, ({ connections }) => connections === staying + coming);
  await stage.until('it is too much', withinS, ({ step }) => step > 0);
  const [settled, steady] = await untilSteady(stage, steadyS, withinS);
  const leaving = come.stop();
  const gone = await stage.until('the others have gone', withinS, ({ connections }) => connections === staying);
  const recovered = await stage.until(
    'all is as before',
    withinS,
    ({ step, pacePercent }) => step === 0 && pacePercent === 100,
  );
  const reports = [await leaving, await stay.stop()];
  const after = await stage.until('all have left', withinS, ({ connections }) => connections === 0);
  return { before, settled, steady, gone, recovered, after, reports };
}

function readFigures({ before, settled, steady, gone, recovered, after, reports }: Outcome, seed: number): Figure[] {
  // Who got no snapshot for two seconds, on a machine that was busy, has failed and was not disconnected.
  const silent = reports.reduce((total, { failures }) => total + (failures.no_snapshot ?? 0), 0);
  const failed = reports.reduce((total, report) => total + report.failed + report.reconnects, -silent);
  const sent = reports.reduce((total, { inputsSent }) => total + inputsSent, 0);
  const dropped = Object.values(after.inputsDropped).reduce((total, count) => total + count, 0);
  const ticksPerSecond = ((steady.ticks - settled.ticks) * 1000) / (steady.atMs - settled.atMs);
  // Nothing repeats to the bit here: what was done is named by how much of it there was.
  const checksum = `${after.ticks} ticks, ${sent} inputs, dropped ${JSON.stringify(after.inputsDropped)}`;
  const values: Readonly<Record<string, readonly [number, string]>> = {
    recoveryS: [(recovered.atMs - gone.atMs) / 1000, 's'],
    stepChanges: [recovered.transitions - before.transitions, ''],
    paceChanges: [recovered.paceChanges - before.paceChanges, ''],
    pacePercent: [settled.pacePercent, '%'],
    paceKept: [ticksPerSecond / ((TICK_HZ * settled.pacePercent) / 100), ''],
    missedClimbing: [settled.missed - before.missed, 'ticks'],
    missed: [steady.missed - settled.missed, 'ticks'],
    zoneWaitedMs: [steady.zoneWaitedMs - settled.zoneWaitedMs, 'ms'],
    disconnected: [after.closed + failed, ''],
    botsSilent: [silent, ''],
    inputsUnnamed: [inputsUnnamed(reports, after), ''],
    inputsDroppedShare: [dropped / sent, ''],
  };
  return FIGURES.map((name) => {
    const [value, unit] = values[name]!;
    return { figure: `overload.${name}`, value, unit, seed, checksum };
  });
}
