// A thousand players in one zone, and what each costs in zones of other sizes; a crowd; WebSocket. Bots that fight, on one
// core, the server on the other. `npm run bench:players` measures the same one by one, and searches for the limit.

import type { Bench, Figure } from '../bench.ts';
import type { Figures } from './figures.ts';
import { measure } from './main.ts';
import { CROWD_M, type Load } from './options.ts';

const LOAD: Omit<Load, 'players' | 'seed'> = {
  seconds: 30,
  transport: 'udp',
  isPeaceful: false,
  lightPercent: 90,
  withinM: 0,
  lossPercent: 0,
  rampUpMsEach: 20,
  settleS: 12,
  botProcesses: 1,
  watchers: 0,
  serverFlags: [],
};
const MAIN = 1_000;
const MAIN_SECONDS = 60;
const OTHERS = [250, 500, 2_000];
const CROWD = 500;
const WS = 500;
const SMALL = { players: 5, seconds: 2, settleS: 1, rampUpMsEach: 0, watchers: 1, lightPercent: 0 };

type Reading = readonly [name: string, of: (figures: Figures) => number, unit: string];

const MAIN_FIGURES: readonly Reading[] = [
  ['ticksPerSecond', (f) => f.ticksPerSecond, '1/s'],
  ['tickCpuMsP99', (f) => f.tickCpuMsP99, 'ms'],
  ['tickMsP99', (f) => f.tickMsP99, 'ms'],
  ['missedTicks', (f) => f.missedTicks, 'ticks'],
  ['lateTicks', (f) => f.lateTicks, 'ticks'],
  ['snapshotsPerSecondMin', (f) => f.snapshotsPerSecondMin, '1/s'],
  ['serverCores', (f) => f.serverCores, 'cores'],
  ['bytesDownPerPlayer', (f) => f.bytesDownPerPlayer, 'bytes/s'],
  ['bytesUpPerPlayer', (f) => f.bytesUpPerPlayer, 'bytes/s'],
  ['bytesPerEntity', (f) => f.bytesPerEntity, 'bytes'],
  ['zoneCollections', (f) => sumCollections(f, /^zone-/, ({ young, old }) => young + old), ''],
  ['edgePauseMsAtMost', (f) => sumCollections(f, /edge-/, ({ pauseMsAtMost }) => pauseMsAtMost, Math.max), 'ms'],
  ['memoryKiBPerPlayer', (f) => f.memory.kiBPerPlayer, 'KiB'],
  ['memoryGrowthMiB', (f) => f.memory.growthMiB, 'MiB'],
  ['botsFailed', (f) => f.bots.failed, ''],
  ['botTurnsSkippedShare', (f) => f.bots.turnsSkippedShare, ''],
];
const CROWD_FIGURES: readonly Reading[] = [
  ['ticksPerSecond', (f) => f.ticksPerSecond, '1/s'],
  ['missedTicks', (f) => f.missedTicks, 'ticks'],
  ['snapshotsPerSecondMin', (f) => f.snapshotsPerSecondMin, '1/s'],
  ['stateAgeMsMax', (f) => f.watched?.stateAgeMs.max ?? Number.POSITIVE_INFINITY, 'ms'],
];
const WS_FIGURES: readonly Reading[] = [
  ['ticksPerSecond', (f) => f.ticksPerSecond, '1/s'],
  ['missedTicks', (f) => f.missedTicks, 'ticks'],
  ['snapshotsPerSecondMin', (f) => f.snapshotsPerSecondMin, '1/s'],
  ['cpuMicrosPerPlayer', (f) => f.serverCpuMicrosPerPlayer, 'µs'],
];

const named = (prefix: string, readings: readonly Reading[]): string[] => readings.map(([name]) => `${prefix}.${name}`);
const cpuOf = (players: number): string => `players.cpuMicrosPerPlayer.${players}`;
const SIZES = [...OTHERS, MAIN].sort((a, b) => a - b);

export const bench: Bench = {
  figures: [
    ...named(`players.${MAIN}`, MAIN_FIGURES),
    ...SIZES.map(cpuOf),
    'players.cpuSpread',
    ...named(`players.crowd.${CROWD}`, CROWD_FIGURES),
    ...named(`players.ws.${WS}`, WS_FIGURES),
  ],
  run: (seed, isSmall) => (isSmall ? runSmall(seed) : runAll(seed)),
};

/** One short run stands for all: that it works is all that is asked. */
async function runSmall(seed: number): Promise<Figure[]> {
  const { figures } = await measure({ ...LOAD, ...SMALL, seed });
  return describe(
    seed,
    figures,
    SIZES.map((): Figures => figures),
    figures,
    figures,
  );
}

async function runAll(seed: number): Promise<Figure[]> {
  const measured = async (players: number, change: Partial<Load> = {}): Promise<Figures> =>
    (await measure({ ...LOAD, ...change, players, seed })).figures;
  const main = await measured(MAIN, { seconds: MAIN_SECONDS });
  const sizes: Figures[] = [];
  for (const players of SIZES) sizes.push(players === MAIN ? main : await measured(players));
  const crowd = await measured(CROWD, { withinM: CROWD_M, isPeaceful: true, watchers: 4 });
  const ws = await measured(WS, { transport: 'ws' });
  return describe(seed, main, sizes, crowd, ws);
}

function describe(seed: number, main: Figures, sizes: readonly Figures[], crowd: Figures, ws: Figures): Figure[] {
  const figure = (name: string, value: number, unit: string, of: Figures): Figure => ({
    figure: name,
    value,
    unit,
    seed,
    // Nothing repeats to the bit here: what was done is named by how much of it there was.
    checksum: `${of.joined} players, ${of.seconds} s, ${of.ticksPerSecond} ticks/s, ${of.entitiesPerSnapshot} entities a snapshot`,
  });
  const all = (prefix: string, readings: readonly Reading[], of: Figures): Figure[] =>
    readings.map(([name, value, unit]) => figure(`${prefix}.${name}`, value(of), unit, of));
  const costs = sizes.map((one) => one.serverCpuMicrosPerPlayer);
  return [
    ...all(`players.${MAIN}`, MAIN_FIGURES, main),
    ...sizes.map((one, index) => figure(cpuOf(SIZES[index]!), costs[index]!, 'µs', one)),
    figure('players.cpuSpread', Math.max(...costs) / Math.min(...costs), '', main),
    ...all(`players.crowd.${CROWD}`, CROWD_FIGURES, crowd),
    ...all(`players.ws.${WS}`, WS_FIGURES, ws),
  ];
}

type Collected = Figures['collections'][string];

function sumCollections(
  { collections }: Figures,
  threads: RegExp,
  of: (collected: Collected) => number,
  add = (a: number, b: number): number => a + b,
): number {
  const found = Object.entries(collections).filter(([name]) => threads.test(name));
  return found.reduce((sum, [, collected]) => add(sum, of(collected)), 0);
}
