// One whole tick of a zone with 1,000 moving players: inputs from the ring, guard, step, saves, frame, keyframe.
// Nobody fights (bench/game has that): there are no creatures, so no events, which may allocate.
// Then the same for 10,000 ticks with the garbage collector watched: no collection, and no byte of heap more.
// The compiler works on the same heap as what it compiles: a function that it takes up again in the middle of the
// measurement costs thousands of bytes, once. So it is told to stop after the warm-up; what ran then runs on as it is,
// and what is counted is the zone's.

import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { game } from '../../src/game/game.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import { tickZone } from '../../src/zone/zone.ts';
import { type Bench, type Figure, threadCpuMicros } from '../bench.ts';
import { type Crowd, createCrowd, drain, pushInputs } from './crowd.ts';

const { start: _start, ...peaceful } = game;
const PLAYERS = 1000;
const TICKS = 10_000;
/** The compiler allocates too, until it has optimised all there is. */
const WARM_UP_TICKS = 6000;

/** V8's names of those that optimise. */
const COMPILERS = ['opt', 'maglev'];
const REHEARSAL_TICKS = 1000;
/** How often the heap's size is asked for before what asking costs is always the same. */
const ASKINGS = 32;

export const bench: Bench = {
  figures: ['zone.step.cpuMs', 'zone.step.gc', 'zone.step.heapGrowthBytes'],
  async run(seed, isSmall) {
    const crowd = createCrowd(peaceful, isSmall ? 100 : PLAYERS, 50, seed);
    let collections = 0;
    const observer = new PerformanceObserver((list) => {
      collections += list.getEntries().length;
    });
    for (let tick = 0; tick < (isSmall ? 60 : WARM_UP_TICKS); tick++) runTick(crowd);
    const cpuMs = measureCpu(crowd, isSmall ? 60 : 1200);
    observer.observe({ entryTypes: ['gc'] });
    await sleep(50);
    collections = 0;
    for (const compiler of COMPILERS) setFlagsFromString(`--no-${compiler}`);
    // First as a rehearsal: what V8 notes of the measuring function's own loop lies on the heap, too.
    measureGrowth(crowd, isSmall ? 60 : REHEARSAL_TICKS);
    const growth = measureGrowth(crowd, isSmall ? 60 : TICKS);
    for (const compiler of COMPILERS) setFlagsFromString(`--${compiler}`);
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

/** Bytes of heap that the ticks left behind, what it costs to ask left out. Sizes are kept off the heap. */
function measureGrowth(crowd: Crowd, ticks: number): number {
  const sizes = new Float64Array(ASKINGS + 1);
  for (let index = 0; index < ASKINGS; index++) sizes[index] = usedHeapBytes();
  for (let tick = 0; tick < ticks; tick++) runTick(crowd);
  sizes[ASKINGS] = usedHeapBytes();
  const askingBytes = sizes[ASKINGS - 1]! - sizes[ASKINGS - 2]!;
  return sizes[ASKINGS]! - sizes[ASKINGS - 1]! - askingBytes;
}

function usedHeapBytes(): number {
  return getHeapStatistics().used_heap_size;
}
