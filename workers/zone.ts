// Zone thread: sleeps until the next tick is due, runs it, counts. The only blocking loop of the server besides the
// UDP edge: it sleeps in Atomics.wait and takes control messages with receiveMessageOnPort, so no timer, promise or
// event can delay a tick. No logic here.

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert } from '../src/base/assert.ts';
import { TICK_HZ } from '../src/base/limits.ts';
import { warmUpScreening } from '../src/guard/requests.ts';
import { watchCollections } from '../src/io/thread-stats.ts';
import { beginTick, createFixedStep, untilDue } from '../src/sim/fixed-step.ts';
import type { AnyGame } from '../src/sim/game.ts';
import type { ZoneBuffers } from '../src/zone/buffers.ts';
import { flushFinalSaves } from '../src/zone/saves.ts';
import { createZone, saveAllCharacters, tickZone } from '../src/zone/zone.ts';

interface ZoneWorkerData {
  readonly zoneId: number;
  readonly gameUrl: string;
  readonly seed: number;
  readonly secret: Uint32Array | undefined;
  readonly epoch: number;
  readonly resume: boolean;
  readonly buffers: ZoneBuffers;
  readonly threadCounters: SharedArrayBuffer;
}

/** How long a stopping zone waits for a full save ring. */
const SAVE_MS_MAX = 3_000;
const SAVE_RETRY_MS = 20;

const data = workerData as ZoneWorkerData;
const port = parentPort;
assert(port !== null, 'workers/zone.ts runs as a worker thread');
const { game } = (await import(data.gameUrl)) as { game: AnyGame };
const zone = createZone({ ...data, game });
const { words, index, histograms } = zone.counters;
warmUpScreening();
const countCollections = watchCollections(data.threadCounters);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
port.postMessage({ type: 'ready' });

const step = createFixedStep(performance.now());
let cpu = process.threadCpuUsage();
// The block outlives this thread: what the one before it counted stays.
let { late, missed } = step;
while (receiveMessageOnPort(port) === undefined) {
  const waitMs = untilDue(step, performance.now());
  if (waitMs > 0) {
    Atomics.wait(sleeper, 0, 0, waitMs);
    continue;
  }
  const startMs = performance.now();
  const lateMs = beginTick(step, startMs);
  tickZone(zone);
  const cpuNow = process.threadCpuUsage();
  histograms.tickLateness.observe(Math.max(0, lateMs) / 1000);
  histograms.tickDuration.observe((performance.now() - startMs) / 1000);
  histograms.tickCpu.observe((cpuNow.user - cpu.user + cpuNow.system - cpu.system) / 1e6);
  cpu = cpuNow;
  words[index.lateTicks]! += step.late - late;
  words[index.missedTicks]! += step.missed - missed;
  ({ late, missed } = step);
  if (words[index.ticks]! % TICK_HZ === 0) countCollections();
}
// The one message there is: stop. The store thread reads on meanwhile, so a full ring only takes a moment.
const giveUpMs = performance.now() + SAVE_MS_MAX;
let unsaved = saveAllCharacters(zone);
while (unsaved > 0 && performance.now() < giveUpMs) {
  Atomics.wait(sleeper, 0, 0, SAVE_RETRY_MS);
  unsaved = flushFinalSaves(zone.saves);
}
port.postMessage({ type: 'stopped', unsaved });
