// Zone thread: sleeps until the next tick is due, runs it, counts. The only blocking loop of the server besides the
// UDP edge: it sleeps in Atomics.wait and takes control messages with receiveMessageOnPort, so no timer, promise or
// event can delay a tick; what wakes it early is the word that its promises are on disk. What it measures says how much
// the zone has to do (src/zone/overload.ts). No logic here.

import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { assert } from '../src/base/assert.ts';
import { createCounters } from '../src/base/counters.ts';
import { TICK_HZ } from '../src/base/limits.ts';
import { OVERLOAD_STEPS, packLoad } from '../src/base/overload-steps.ts';
import { warmUpScreening } from '../src/guard/requests.ts';
import { keepCompiled } from '../src/io/compile-cache.ts';
import { takeThreadData } from '../src/io/thread-data.ts';
import { watchCollections } from '../src/io/thread-stats.ts';
import type { WorkingMessage } from '../src/io/threads.ts';
import { createYoungClaim, ZONE_YOUNG_MIB } from '../src/io/young-memory.ts';
import { type RecoveredZone, unpackTicks } from '../src/io/zone-journals.ts';
import { beginTick, createFixedStep, setPace, untilDue } from '../src/sim/fixed-step.ts';
import type { AnyGame } from '../src/sim/game.ts';
import { publishLoad } from '../src/sim/history.ts';
import { worldTick } from '../src/sim/world.ts';
import { COMMITTED_TICK } from '../src/store/zone-journal.ts';
import type { ZoneBuffers } from '../src/zone/buffers.ts';
import { createOverload, decideOverload, noteTickCost } from '../src/zone/overload.ts';
import { createPhaseWatch } from '../src/zone/phases.ts';
import { saveAllCharacters } from '../src/zone/players.ts';
import { flushFinalSaves } from '../src/zone/saves.ts';
import type { Recovered, Replayed } from '../src/zone/state.ts';
import { createZone, tellCommitted, tickZone } from '../src/zone/zone.ts';

interface ZoneWorkerData {
  readonly zoneId: number;
  readonly gameUrl: string;
  readonly seed: number;
  readonly secret: Uint32Array | undefined;
  readonly resume: boolean;
  readonly buffers: ZoneBuffers;
  readonly threadCounters: SharedArrayBuffer;
}

/** What it is told as soon as that is known: until then it loads its code. */
export interface ZoneBegin {
  readonly epoch: number;
  /** What the journal has of it, for the first thread of a process. */
  readonly recovered: RecoveredZone | undefined;
}

/** How long a stopping zone waits for a full save ring. */
const SAVE_MS_MAX = 3_000;
const SAVE_RETRY_MS = 20;

/** Which counter says that a step was come to. */
const ENTERED = {
  none: 'enteredNone',
  less_detail: 'enteredLessDetail',
  lower_rate: 'enteredLowerRate',
  time_dilation: 'enteredTimeDilation',
} as const;

const data = await takeThreadData<ZoneWorkerData>();
const port = parentPort;
assert(port !== null, 'workers/zone.ts runs as a worker thread');
const { game } = (await import(data.gameUrl)) as { game: AnyGame };
const claimMemory = createYoungClaim(ZONE_YOUNG_MIB);
const { epoch, recovered } = await new Promise<ZoneBegin>((resolve) => port.once('message', resolve));
let replayed: Replayed | undefined;
const watch = createPhaseWatch(data.buffers.phases, data.buffers.phaseSwitch, () => performance.now());
const zone = createZone({ ...data, epoch, game, watch, recovered: recovered && openRecovered(recovered) });
const { words, index, histograms } = zone.counters;
const countCollections = watchCollections(data.threadCounters);
const committed = zone.journal?.words ?? new Int32Array(new SharedArrayBuffer(4));
port.postMessage({ type: 'ready', replayed });
// A twentieth of a second and more, while the main thread opens its doors.
warmUpScreening();
keepCompiled();

const edges = data.buffers.edgeCounters.map((buffer) => createCounters('edge', buffer));
const step = createFixedStep(performance.now());
const overload = createOverload(performance.now());
let cpu = process.threadCpuUsage();
// The block outlives this thread: what the one before it counted stays, but for the state of its ladder.
const counted = { late: step.late, missed: step.missed, dilated: step.dilated };
tellLoad();
runUntilStopped();

/** A function, since the engine keeps every number with a fraction that lies at the top of a module on the heap. */
/** Its name is known to src/observe/profile.ts, which takes it for sleep. */
function runUntilStopped(): void {
  let readyMs = performance.now();
  while (receiveMessageOnPort(port!) === undefined) {
    const waitMs = untilDue(step, performance.now());
    if (waitMs > 0) sleep(waitMs);
    else readyMs = runTick(readyMs);
  }
}

/** Until the next tick is due, or something that was promised is on disk: then its clients hear of it at once. */
/** As that of `runUntilStopped`. */
function sleep(waitMs: number): void {
  const seen = Atomics.load(committed, COMMITTED_TICK);
  tellCommitted(zone);
  Atomics.wait(committed, COMMITTED_TICK, seen, waitMs);
}

function openRecovered({ keyframe, ticks }: RecoveredZone): Recovered {
  return {
    keyframe,
    ticks: unpackTicks(ticks, () => port!.postMessage({ type: 'working' } satisfies WorkingMessage)),
    onReplayed(how) {
      replayed = how;
    },
  };
}

/** @param readyMs when the tick before was done; returns when this one was */
function runTick(readyMs: number): number {
  const startMs = performance.now();
  const { dueMs, intervalMs } = step;
  const lateMs = beginTick(step, startMs);
  tickZone(zone);
  const endMs = performance.now();
  const cpuNow = process.threadCpuUsage();
  histograms.tickLateness.observe(Math.max(0, lateMs) / 1000);
  histograms.tickDuration.observe((endMs - startMs) / 1000);
  histograms.tickCpu.observe((cpuNow.user - cpu.user + cpuNow.system - cpu.system) / 1e6);
  cpu = cpuNow;
  words[index.lateTicks]! += step.late - counted.late;
  words[index.missedTicks]! += step.missed - counted.missed;
  words[index.dilatedTicks]! += Math.floor(step.dilated) - Math.floor(counted.dilated);
  counted.late = step.late;
  counted.missed = step.missed;
  counted.dilated = step.dilated;
  noteTickCost(overload, endMs - Math.max(dueMs, readyMs), intervalMs);
  adaptLoad(endMs);
  if (words[index.ticks]! % TICK_HZ === 0) {
    countCollections();
    watch.flush();
  }
  claimMemory(endMs);
  return endMs;
}

/** After a tick: another step of the ladder, or another pace, where that is due. */
function adaptLoad(nowMs: number): void {
  const { step: before, pacePercent } = overload;
  let edgePercent = 0;
  for (let at = 0; at < edges.length; at++) {
    edgePercent = Math.max(edgePercent, edges[at]!.words[edges[at]!.index.loadPercent]!);
  }
  if (!decideOverload(overload, edgePercent / 100, nowMs)) return;
  if (overload.pacePercent !== pacePercent) {
    setPace(step, overload.pacePercent);
    words[index.paceChanges]!++;
  }
  if (overload.step !== before) words[index[ENTERED[OVERLOAD_STEPS[overload.step]!.name]]]!++;
  tellLoad();
}

/** To whoever reads the metrics, and to the edges, which tell the clients. */
function tellLoad(): void {
  words[index.overloadStep] = overload.step;
  words[index.pacePercent] = overload.pacePercent;
  publishLoad(zone.history, packLoad(overload.step, overload.pacePercent), worldTick(zone.world));
}

// The one message there is: stop. The store thread reads on meanwhile, so a full ring only takes a moment.
const giveUpMs = performance.now() + SAVE_MS_MAX;
let unsaved = saveAllCharacters(zone);
while (unsaved > 0 && performance.now() < giveUpMs) {
  Atomics.wait(committed, COMMITTED_TICK, Atomics.load(committed, COMMITTED_TICK), SAVE_RETRY_MS);
  unsaved = flushFinalSaves(zone.saves);
}
port.postMessage({ type: 'stopped', unsaved });
