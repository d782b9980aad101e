// What it costs to look: the stopwatch of a tick's phases, which always runs, by itself; and a CPU profile of a zone thread with
// 300 players, on and off in turn: how much more of a core the process needs (the engine samples from a thread of its own),
// and how much more CPU the zone's thread takes for a tick.

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createCounterBuffer } from '../../src/base/counters.ts';
import { TICK_HZ } from '../../src/base/limits.ts';
import { game } from '../../src/game/game.ts';
import { SAMPLE_MS } from '../../src/io/profiler.ts';
import { createPhaseSwitch, createPhaseWatch, phaseNames } from '../../src/zone/phases.ts';
import { type Bench, exactCpuMicros, type Figure, median } from '../bench.ts';

const PLAYERS = 300;
const PAIRS = 10;
const MEASURE_MS = 1_500;
const WARM_UP_MS = 4_000;
const WATCH_TICKS = 120_000;

const FIGURES = ['observe.phases.cpuMicrosPerTick', 'observe.profile.overheadShare', 'observe.profile.zoneCpuShare'];

export const bench: Bench = {
  figures: FIGURES,
  async run(seed, isSmall) {
    const watchMicros = measureWatch(isSmall ? 600 : WATCH_TICKS);
    const { coreShare, zoneShare } = await measureProfile(seed, isSmall);
    const checksum = `${phaseNames(game).length} phases, ${PLAYERS} players`;
    const figure = (name: string, value: number, unit: string): Figure => ({
      figure: name,
      value,
      unit,
      seed,
      checksum,
    });
    return [
      figure(FIGURES[0]!, watchMicros, 'µs'),
      figure(FIGURES[1]!, coreShare, ''),
      figure(FIGURES[2]!, zoneShare, ''),
    ];
  },
};

/** As a zone uses it: once begun and each phase noted in a tick, added up once a second. */
function measureWatch(ticks: number): number {
  const names = phaseNames(game);
  const watch = createPhaseWatch(
    names.map(() => createCounterBuffer('phase')),
    createPhaseSwitch(),
    () => performance.now(),
  );
  const run = (count: number): void => {
    for (let tick = 0; tick < count; tick++) {
      watch.begin();
      for (let phase = 0; phase < names.length; phase++) watch.note(phase);
      if (tick % TICK_HZ === 0) watch.flush();
    }
  };
  run(ticks);
  const fromMicros = exactCpuMicros();
  run(ticks);
  return (exactCpuMicros() - fromMicros) / ticks;
}

interface Spent {
  /** Of the process, in cores. */
  readonly cores: number;
  /** Of the zone's thread. */
  readonly microsPerTick: number;
}

async function measureProfile(seed: number, isSmall: boolean): Promise<{ coreShare: number; zoneShare: number }> {
  const ticks = new SharedArrayBuffer(4);
  const worker = new Worker(new URL('./crowd-thread.ts', import.meta.url), {
    workerData: { players: isSmall ? 30 : PLAYERS, seed, ticks },
  });
  const counted = new Int32Array(ticks);
  const measureMs = isSmall ? 200 : MEASURE_MS;
  try {
    while (Atomics.load(counted, 0) < TICK_HZ / 2) await sleep(20);
    await sleep(isSmall ? 0 : WARM_UP_MS);
    const cores: number[] = [];
    const shares: number[] = [];
    for (let pair = 0; pair < (isSmall ? 1 : PAIRS); pair++) {
      const off = await measure(worker, counted, measureMs);
      const profile = await worker.startCpuProfile({ sampleInterval: SAMPLE_MS });
      const on = await measure(worker, counted, measureMs);
      await profile.stop();
      cores.push(on.cores - off.cores);
      shares.push(on.microsPerTick / off.microsPerTick - 1);
    }
    return { coreShare: median(cores), zoneShare: median(shares) };
  } finally {
    await worker.terminate();
  }
}

async function measure(worker: Worker, ticks: Int32Array, ms: number): Promise<Spent> {
  const read = async () => {
    const { user, system } = await worker.cpuUsage();
    const all = process.cpuUsage();
    return { zone: user + system, all: all.user + all.system, ticks: Atomics.load(ticks, 0), atMs: performance.now() };
  };
  const from = await read();
  await sleep(ms);
  const to = await read();
  return {
    cores: (to.all - from.all) / 1000 / (to.atMs - from.atMs),
    microsPerTick: (to.zone - from.zone) / (to.ticks - from.ticks),
  };
}
