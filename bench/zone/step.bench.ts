// One whole tick of a zone with 1,000 moving players: inputs from the ring, guard, step, saves, frame, keyframe.
// Then the same for 10,000 ticks with the garbage collector watched: no collection, and no byte of heap more.

import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { game } from '../../src/game/game.ts';
import { hashZone, tickZone } from '../../src/zone/zone.ts';
import { type Bench, type Figure, threadCpuMicros } from '../bench.ts';
import { type Crowd, createCrowd, drain, pushInputs } from './crowd.ts';

const PLAYERS = 1000;
const TICKS = 10_000;
/** The compiler allocates too, until it has optimised all there is. */
const WARM_UP_TICKS = 6000;

export const bench: Bench = {
  figures: ['zone.step.cpuMs', 'zone.step.gc', 'zone.step.heapGrowthBytes'],
  async run(seed) {
    const crowd = createCrowd(game, PLAYERS, 50, seed);
    let collections = 0;
    const observer = new PerformanceObserver((list) => {
      collections += list.getEntries().length;
    });
    for (let tick = 0; tick < WARM_UP_TICKS; tick++) runTick(crowd);
    const cpuMs = measureCpu(crowd, 1200);
    observer.observe({ entryTypes: ['gc'] });
    await sleep(50);
    collections = 0;
    const asking = -(usedHeapBytes() - usedHeapBytes());
    const before = usedHeapBytes();
    for (let tick = 0; tick < TICKS; tick++) runTick(crowd);
    const growth = Math.max(0, usedHeapBytes() - before - asking);
    await sleep(50);
    observer.disconnect();
    const checksum = hashZone(crowd.zone);
    const figure = (name: string, value: number, unit: string): Figure => ({
      figure: name,
      value,
      unit,
      seed,
      checksum,
    });
    return [
      figure('zone.step.cpuMs', cpuMs, 'ms'),
      figure('zone.step.gc', collections, ''),
      figure('zone.step.heapGrowthBytes', growth, 'bytes'),
    ];
  },
};

function runTick(crowd: Crowd): void {
  pushInputs(crowd);
  tickZone(crowd.zone);
  drain(crowd);
}

/** Milliseconds of CPU that one tick takes, making the inputs left out. */
function measureCpu(crowd: Crowd, ticks: number): number {
  let micros = 0;
  for (let tick = 0; tick < ticks; tick++) {
    pushInputs(crowd);
    const start = threadCpuMicros();
    tickZone(crowd.zone);
    micros += threadCpuMicros() - start;
    drain(crowd);
  }
  return micros / ticks / 1000;
}

function usedHeapBytes(): number {
  return getHeapStatistics().used_heap_size;
}
