// What more edges and more zones cost: the same number of UDP players over one zone with one edge, over one zone with two,
// and over four zones, in turn, several times. The server has one core and so can't show that it holds more: what is
// shown is that a player costs it the same however the work is spread, so that more cores carry more of them. What threads
// wait for is in docs/decisions/0013-scale-out.md, and how that is looked at.
// The bots of each zone have places as far apart as the zone's number asks for, so that all see as many others. A zone has
// costs of its own, creatures above all: they are measured before anybody comes, and left out of the ratio.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TICK_HZ } from '../../src/base/limits.ts';
import type { Report } from '../../tools/swarm/report.ts';
import { type Bench, type Figure, median } from '../bench.ts';
import { type Metrics, type RunOutcome, readMetrics, runBots, startServer } from '../server.ts';

export interface Shape {
  readonly name: string;
  readonly zones: number;
  readonly edges: number;
}

export interface Load {
  readonly bots: number;
  readonly rounds: number;
  readonly rampUpMsEach: number;
  /** Players appear at one spot and are a crowd until they went to their places. */
  readonly settleS: number;
  /** With nobody in it: until it is measured, since code is being optimised still, and then. */
  readonly warmS: number;
  readonly idleS: number;
  readonly measuredS: number;
}

export const SHAPES: readonly Shape[] = [
  { name: 'base', zones: 1, edges: 1 },
  { name: 'edges2', zones: 1, edges: 2 },
  { name: 'zones4', zones: 4, edges: 1 },
];
export const FULL: Load = { bots: 240, rounds: 3, rampUpMsEach: 20, settleS: 12, warmS: 4, idleS: 3, measuredS: 10 };
const SMALL: Load = { bots: 8, rounds: 1, rampUpMsEach: 0, settleS: 0.5, warmS: 0, idleS: 0.5, measuredS: 1 };
/** The bots play until they are told to stop. */
const BOTS_S_MAX = 120;
const JOIN_S_MAX = 30;
const BOTS_CORE = 0;
const SERVER_CORE = 1;

/** Of one run; CPU of the server in all its threads, a second. */
export interface Outcome {
  readonly cpuMicrosPerPlayer: number;
  /** Without what it costs with nobody in it. */
  readonly ownMicrosPerPlayer: number;
  /** Of that, in zone and in edge threads. */
  readonly zoneMicrosPerPlayer: number;
  readonly edgeMicrosPerPlayer: number;
  readonly ticksPerSecondMin: number;
  readonly missed: number;
  readonly snapshotsPerSecond: number;
  readonly entitiesPerSnapshot: number;
  /** Share of its zone's players, of the fullest edge. */
  readonly fullestEdgeShare: number;
  readonly botsFailed: number;
  /** Turns that the bots' processes were too late for: then they were the limit. */
  readonly botTurnsSkippedShare: number;
}

const FIGURES: readonly (readonly [keyof Outcome, string])[] = [
  ['cpuMicrosPerPlayer', 'µs'],
  ['ownMicrosPerPlayer', 'µs'],
  ['zoneMicrosPerPlayer', 'µs'],
  ['edgeMicrosPerPlayer', 'µs'],
  ['ticksPerSecondMin', '1/s'],
  ['missed', 'ticks'],
  ['snapshotsPerSecond', '1/s'],
  ['entitiesPerSnapshot', ''],
  ['fullestEdgeShare', ''],
  ['botsFailed', ''],
  ['botTurnsSkippedShare', ''],
];
const RATIOS = SHAPES.slice(1).map(({ name }) => `scale.${name}.ratio`);

export const bench: Bench = {
  figures: [...SHAPES.flatMap(({ name }) => FIGURES.map(([figure]) => `scale.${name}.${figure}`)), ...RATIOS],
  async run(seed, isSmall) {
    const load = isSmall ? SMALL : FULL;
    const rounds: Outcome[][] = [];
    for (let round = 0; round < load.rounds; round++) {
      const outcomes: Outcome[] = [];
      for (const shape of SHAPES) outcomes.push(await playOnce(shape, load, seed + round));
      rounds.push(outcomes);
    }
    return readFigures(rounds, load, seed);
  },
};

function readFigures(rounds: readonly (readonly Outcome[])[], { bots }: Load, seed: number): Figure[] {
  const checksum = `${bots} bots, ${rounds.length} rounds`;
  const figures: Figure[] = [];
  for (const [at, { name }] of SHAPES.entries()) {
    for (const [key, unit] of FIGURES) {
      const value = median(rounds.map((outcomes) => outcomes[at]![key]));
      figures.push({ figure: `scale.${name}.${key}`, value, unit, seed, checksum });
    }
    if (at === 0) continue;
    // Of runs that followed each other: the machine is another one minutes later.
    const ratios = rounds.map((outcomes) => outcomes[at]!.ownMicrosPerPlayer / outcomes[0]!.ownMicrosPerPlayer);
    figures.push({ figure: `scale.${name}.ratio`, value: median(ratios), unit: '', seed, checksum });
  }
  return figures;
}

/** One server of that shape, with bots in all its zones. */
export async function playOnce({ zones, edges }: Shape, load: Load, seed: number): Promise<Outcome> {
  const flags = { zones, edges, seed, 'sessions-per-minute': 1_000_000 };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = await startServer({ args, core: SERVER_CORE });
  const folder = mkdtempSync(join(tmpdir(), 'darkages-scale-'));
  const reportOf = (zone: number): string => join(folder, `${zone}.json`);
  const stops: (() => void)[] = [];
  const stopBots = (): void => {
    for (const stop of stops) stop();
  };
  try {
    await sleep(load.warmS * 1_000);
    const idleFrom = await readMetrics(server.url);
    await sleep(load.idleS * 1_000);
    const idleTo = await readMetrics(server.url);
    const playing = Array.from({ length: zones }, (_, zone) => {
      const bots = botFlags(server.url, load, { zones, zoneId: zone + 1, seed });
      return runBots([...bots, '--report', reportOf(zone)], BOTS_CORE, (child) =>
        stops.push(() => void child.kill('SIGINT')),
      );
    });
    const early = Promise.race(playing).then(endedEarly);
    await Promise.race([untilIn(server.url, load), early]);
    const before = await readMetrics(server.url);
    await Promise.race([sleep(load.measuredS * 1_000), early]);
    const after = await readMetrics(server.url);
    // From now on they end because they are told to.
    early.catch(() => undefined);
    stopBots();
    await Promise.all(playing);
    const reports = playing.map((_, zone) => JSON.parse(readFileSync(reportOf(zone), 'utf8')) as Report);
    return { ...readServer({ idleFrom, idleTo, before, after }, load), ...readBots(reports) };
  } finally {
    stopBots();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

interface Place {
  readonly zones: number;
  readonly zoneId: number;
  readonly seed: number;
}

/** Of the bots of one zone. */
function botFlags(url: string, { bots, rampUpMsEach }: Load, { zones, zoneId, seed }: Place): string[] {
  const own = bots / zones;
  const flags = {
    ...{ url, zone: zoneId, bots: own, duration: BOTS_S_MAX, 'ramp-up': (bots * rampUpMsEach) / 1000 },
    ...{ seed: seed * 16 + zoneId, transport: 'udp', light: 90 },
  };
  return ['--peaceful', ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])];
}

async function untilIn(url: string, { bots, rampUpMsEach, settleS }: Load): Promise<void> {
  const deadline = performance.now() + bots * rampUpMsEach + JOIN_S_MAX * 1_000;
  while (sum((await readMetrics(url)).values, 'connections') < bots) {
    if (performance.now() > deadline) throw new Error(`not all of ${bots} bots are in their zones`);
    await sleep(250);
  }
  await sleep(settleS * 1_000);
}

function endedEarly({ code, stdout, stderr }: RunOutcome): never {
  throw new Error(`the bots ended too early, with code ${code}:\n${stdout}${stderr}`);
}

interface Readings {
  readonly idleFrom: Metrics;
  readonly idleTo: Metrics;
  readonly before: Metrics;
  readonly after: Metrics;
}

function readBots(reports: readonly Report[]): Pick<Outcome, 'botsFailed' | 'botTurnsSkippedShare'> {
  const total = (read: (report: Report) => number): number => reports.reduce((sum, report) => sum + read(report), 0);
  return {
    botsFailed: total(({ failed }) => failed),
    botTurnsSkippedShare:
      total(({ turnsSkipped }) => turnsSkipped) / total((one) => one.bots * TICK_HZ * one.durationS),
  };
}

function readServer(
  { idleFrom, idleTo, before, after }: Readings,
  { bots }: Load,
): Omit<Outcome, 'botsFailed' | 'botTurnsSkippedShare'> {
  const seconds = (after.atMs - before.atMs) / 1000;
  const grown = (name: string, part?: RegExp): number => grownBetween(before, after, name, part);
  /** Microseconds a second, while they play and more than while nobody did. */
  const cpu = (name: string, part?: RegExp) => {
    const idle = grownBetween(idleFrom, idleTo, name, part) / ((idleTo.atMs - idleFrom.atMs) / 1000);
    const all = grown(name, part) / seconds;
    return { all: (all * 1e6) / bots, own: ((all - idle) * 1e6) / bots };
  };
  const whole = cpu('process_cpu_seconds_total');
  const zones = new Set([...after.values.keys()].flatMap((key) => /^darkages_ticks_total(\{.*)/.exec(key)?.[1] ?? []));
  const ticks = [...zones].map((labels) => grown(`ticks_total${labels}`) / seconds);
  return {
    cpuMicrosPerPlayer: whole.all,
    ownMicrosPerPlayer: whole.own,
    zoneMicrosPerPlayer: cpu('thread_cpu_seconds_total', /thread="zone-/).own,
    edgeMicrosPerPlayer: cpu('thread_cpu_seconds_total', /thread="(?:udp-)?edge-/).own,
    ticksPerSecondMin: Math.min(...ticks),
    missed: grown('missed_ticks_total'),
    snapshotsPerSecond: grown('snapshots_total') / bots / seconds,
    entitiesPerSnapshot: grown('snapshot_changes_total') / grown('snapshots_total'),
    fullestEdgeShare: fullestEdgeShare(after.values),
  };
}

/** Edges of a zone that are not told apart are one for UDP, and its WebSocket edge, which is empty here. */
function fullestEdgeShare(values: Metrics['values']): number {
  const edges = [...values].flatMap(([key, players]) => {
    const [, zone, edge] = /^darkages_connections\{zone_id="(\d+)"(?:,edge="([^"]+)")?/.exec(key) ?? [];
    return zone === undefined ? [] : [{ zone, edge, players }];
  });
  const shares = edges.map(({ zone, players }) => {
    const all = edges.filter((other) => other.zone === zone).reduce((total, other) => total + other.players, 0);
    return players / all;
  });
  return Math.max(...shares);
}

function grownBetween(from: Metrics, to: Metrics, name: string, part?: RegExp): number {
  return sum(to.values, name, part) - sum(from.values, name, part);
}

/** Over all labels, or those that match; `name` may have its labels with it. */
function sum(values: Metrics['values'], name: string, part = /(?:)/): number {
  let total = 0;
  for (const [key, value] of values) {
    const isMeant = key === `darkages_${name}` || key.startsWith(`darkages_${name}{`);
    if (isMeant && part.test(key)) total += value;
  }
  return total;
}
