// A real server with 200 players for half a minute: bots over WebSocket on loopback, 60 inputs and 20 snapshots a
// second each, bots on one core, server on the other. What the server counts is read from /metrics before and after
// the time in which all bots play; what players see comes from the bots' report.
// Other than the benches of one thread this one sees the whole machine: with other work on the cores its figures are
// those of the machine. (`createLiveBench` makes the same of bots that fight: bench/game/live.bench.ts.) The bots' schedule error and how long the zone's thread waited for its core say when it is so.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TICK_HZ } from '../../src/base/limits.ts';
import { bucketQuantile } from '../../src/observe/metrics-text.ts';
import type { Report } from '../../tools/swarm/report.ts';
import type { Bench, Figure } from '../bench.ts';
import { type Metrics, type RunOutcome, readMetrics, runBots, startServer, threadWaitMs } from '../server.ts';

interface Load {
  readonly bots: number;
  /** Players appear at one spot and go from there: all at once they would be a crowd first. */
  readonly rampUpMsEach: number;
  /** From the last bot's start until the server is measured: bots go to their places, code is being optimised still. */
  readonly settleS: number;
  readonly measuredS: number;
}

const FULL: Load = { bots: 200, rampUpMsEach: 25, settleS: 12, measuredS: 30 };
const SMALL: Load = { bots: 5, rampUpMsEach: 0, settleS: 1, measuredS: 1 };
/** The bots play until they are told to stop. */
const BOTS_S_MAX = 600;
/** To join, on a machine that is busy with something else. */
const JOIN_S_MAX = 30;
const BOTS_CORE = 0;
const SERVER_CORE = 1;

interface Outcome {
  readonly before: Metrics;
  readonly after: Metrics;
  readonly report: Report;
  readonly zoneWaitedMs: number;
}

const FIGURES = [
  'ticksPerSecond',
  'tickCpuMsP99',
  'missed',
  'late',
  'zoneWaitedMs',
  'snapshotsPerSecondMin',
  'bytesPerEntity',
  'cpuMicrosPerPlayerSecond',
  'botsFailed',
  'botScheduleErrorMsP99',
  'botTurnsSkippedShare',
];

/** @param prefix of the figures' names @param flags of the bots, beside those of every such bench */
export function createLiveBench(prefix: string, flags: readonly string[], bots = FULL.bots): Bench {
  return {
    figures: FIGURES.map((name) => `${prefix}.${name}`),
    async run(seed, isSmall) {
      const load = isSmall ? SMALL : { ...FULL, bots };
      const figures = readFigures(await play(load, seed, flags), load, seed, isSmall);
      return figures.map((figure) => ({ ...figure, figure: `${prefix}.${figure.figure}` }));
    },
  };
}

/** Bots that wander: what the engine costs, whatever the game that ships is like. */
export const bench: Bench = createLiveBench('zone.live', ['--peaceful']);

async function play(load: Load, seed: number, flags: readonly string[]): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-live-'));
  const server = await startServer({
    args: ['--seed', String(seed), '--sessions-per-minute', '100000'],
    core: SERVER_CORE,
  });
  const reportFile = join(folder, 'report.json');
  let stopBots = (): void => {};
  try {
    const playing = runBots([...botFlags(server.url, load, seed, reportFile), ...flags], BOTS_CORE, (child) => {
      stopBots = () => void child.kill('SIGINT');
    });
    const before = await Promise.race([waitAndRead(server.url, load), playing.then(endedEarly)]);
    const waited = (): number => threadWaitMs(server.process.pid!, 'zone-1');
    const waitedBeforeMs = waited();
    await Promise.race([sleep(load.measuredS * 1000), playing.then(endedEarly)]);
    const after = await readMetrics(server.url);
    const zoneWaitedMs = waited() - waitedBeforeMs;
    stopBots();
    const outcome = await playing;
    if (outcome.code !== 0 && outcome.code !== 1) endedEarly(outcome);
    return { before, after, report: JSON.parse(readFileSync(reportFile, 'utf8')) as Report, zoneWaitedMs };
  } finally {
    stopBots();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

function botFlags(url: string, { bots, rampUpMsEach }: Load, seed: number, report: string): string[] {
  const flags = { url, bots, 'ramp-up': (bots * rampUpMsEach) / 1000, duration: BOTS_S_MAX, seed, report };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** Once all bots are in; they take a while to start. */
async function waitAndRead(url: string, { bots, rampUpMsEach, settleS }: Load): Promise<Metrics> {
  const deadline = performance.now() + bots * rampUpMsEach + JOIN_S_MAX * 1000;
  while (sum((await readMetrics(url)).values, 'darkages_connections') < bots) {
    if (performance.now() > deadline) throw new Error(`not all of ${bots} bots are in the zone`);
    await sleep(250);
  }
  await sleep(settleS * 1000);
  return readMetrics(url);
}

function endedEarly({ code, stdout, stderr }: RunOutcome): never {
  throw new Error(`the bots ended too early, with code ${code}:\n${stdout}${stderr}`);
}

function readFigures(
  { before, after, report, zoneWaitedMs }: Outcome,
  { bots }: Load,
  seed: number,
  isSmall: boolean,
): Figure[] {
  const grown = (name: string): number =>
    sum(after.values, `darkages_${name}`) - sum(before.values, `darkages_${name}`);
  const seconds = (after.atMs - before.atMs) / 1000;
  const ticks = grown('ticks_total');
  const deltas = grown('snapshot_changes_total');
  const tickCpuS = bucketQuantile(before.values, after.values, 'darkages_tick_cpu_seconds', 0.99);
  // Whether the machine is quiet enough for a snapshot every two seconds is no matter of a small run.
  const silent = isSmall ? (report.failures.no_snapshot ?? 0) : 0;
  // Nothing repeats to the bit here: what was done is named by how much of it there was.
  const checksum = `${bots} bots, ${ticks} ticks, ${grown('snapshots_total')} snapshots, ${deltas} deltas`;
  const figure = (name: string, value: number, unit: string): Figure => ({
    figure: name,
    value,
    unit,
    seed,
    checksum,
  });
  return [
    figure('ticksPerSecond', ticks / seconds, '1/s'),
    figure('tickCpuMsP99', tickCpuS * 1000, 'ms'),
    figure('missed', grown('missed_ticks_total'), 'ticks'),
    figure('late', grown('late_ticks_total'), 'ticks'),
    figure('zoneWaitedMs', zoneWaitedMs, 'ms'),
    figure('snapshotsPerSecondMin', report.snapshotsPerSecond.min ?? 0, '1/s'),
    figure('bytesPerEntity', grown('snapshot_change_bytes_total') / deltas, 'bytes'),
    figure('cpuMicrosPerPlayerSecond', (grown('process_cpu_seconds_total') * 1e6) / bots / seconds, 'µs'),
    figure('botsFailed', report.failed - silent, ''),
    figure('botScheduleErrorMsP99', report.scheduleErrorMs.p99 ?? Number.NaN, 'ms'),
    figure('botTurnsSkippedShare', report.turnsSkipped / (bots * TICK_HZ * report.durationS), ''),
  ];
}

/** Over all labels. */
function sum(values: ReadonlyMap<string, number>, name: string): number {
  let total = 0;
  for (const [key, value] of values) if (key === name || key.startsWith(`${name}{`)) total += value;
  return total;
}
