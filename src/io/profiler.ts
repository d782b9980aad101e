// Takes a profile of one thread of a running node, on demand: POST /profile of the control socket. Main thread. The engine
// samples; nothing is restarted and no port is opened. One at a time, of bounded length, and thrown away when its caller is gone.
// Threads that sleep in Atomics.wait answer too, and those that go round in circles: the engine interrupts them.

import { startCpuProfile, startHeapProfile } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { createCounters, histogramOffset } from '../base/counters.ts';
import { errorCode, ServerError } from '../base/errors.ts';
import type { AnyGame } from '../sim/game.ts';
import { phaseNames } from '../zone/phases.ts';
import { type ControlPath, readControlBody } from './control.ts';
import type { Log } from './log.ts';
import { type Thread, withTimeout } from './threads.ts';

/** What can be profiled: a worker as the main thread has it, or the main thread itself. */
export interface Profiled {
  readonly name: string;
  readonly engine: Pick<Worker, 'startCpuProfile' | 'startHeapProfile' | 'cpuUsage'>;
  /** Its collections, if it counts them: a block of kind `thread`. */
  readonly collections?: SharedArrayBuffer;
  /** Of a zone: what its ticks are spent on, a block of kind `phase` each. */
  readonly phases?: readonly { readonly phase: string; readonly block: SharedArrayBuffer }[];
}

/** What is answered, as JSON. */
export interface ProfileAnswer {
  readonly thread: string;
  readonly kind: 'cpu' | 'allocation';
  readonly seconds: number;
  readonly cpuS: number;
  readonly gcPauseS: number | undefined;
  readonly phases: readonly { readonly phase: string; readonly seconds: number; readonly ticks: number }[];
  /** As the engine writes it: .cpuprofile or .heapprofile. */
  readonly profile: object;
}

export const PROFILE_SECONDS_MAX = 60;
/** Each costs the thread ten microseconds or so, and the engine's own thread that takes it twice as much: bench/observe. */
export const SAMPLE_MS = 10;
const SAMPLES_MAX = 100_000;
/** Of what is allocated, a sample each; the stack below it as deep. */
const SAMPLE_BYTES = 16_384;
const STACK_DEPTH = 64;
const ANSWER_MS_MAX = 5_000;

const SECONDS = `a whole number from 1 to ${PROFILE_SECONDS_MAX}`;
const BODY = z.strictObject({
  thread: z.string('the name of a thread').max(64),
  kind: z.enum(['cpu', 'allocation'], 'cpu or allocation').default('cpu'),
  seconds: z.int(SECONDS).min(1, SECONDS).max(PROFILE_SECONDS_MAX, SECONDS).default(10),
});
type Request = z.output<typeof BODY>;

/** None where it does not run. */
export function profiledOf(
  game: AnyGame,
  thread: Thread | undefined,
  collections: SharedArrayBuffer,
  phases: readonly SharedArrayBuffer[] = [],
): readonly Profiled[] {
  if (thread === undefined) return [];
  const names = phaseNames(game);
  const { name, engine } = thread;
  return [{ name, engine, collections, phases: phases.map((block, nth) => ({ phase: names[nth]!, block })) }];
}

/** The thread that asks. */
export const ownThread: Profiled = {
  name: 'main',
  engine: {
    startCpuProfile: async (options) => asHandle(startCpuProfile(options)),
    startHeapProfile: async (options) => asHandle(startHeapProfile(options)),
    cpuUsage: async () => process.threadCpuUsage(),
  },
};

function asHandle(handle: { stop(): string }) {
  const stop = async () => handle.stop();
  return { stop, [Symbol.asyncDispose]: async () => void handle.stop() };
}

/**
 * @param threads those there are now
 * @param answerMsMax how long one may take to begin, and to end
 */
export function createProfiler(
  threads: () => readonly Profiled[],
  log: Pick<Log, 'event'>,
  answerMsMax = ANSWER_MS_MAX,
): ControlPath {
  let taken = '';
  return {
    help:
      `a profile: {"thread":"zone-1","kind":"cpu"|"allocation","seconds":1…${PROFILE_SECONDS_MAX}}; ` +
      'npm run profile asks for it and reads it',
    GET: () => ({ threads: threads().map(({ name }) => name) }),
    async POST(body, signal) {
      const request = readControlBody(BODY, body);
      const thread = threads().find(({ name }) => name === request.thread);
      if (thread === undefined) {
        const names = threads().map(({ name }) => name);
        throw refuse(`There is no thread ${JSON.stringify(request.thread)}; there are ${names.join(', ')}.`);
      }
      if (taken !== '') throw refuse(`A profile of ${taken} is just being taken: ask again when it is done.`);
      taken = thread.name;
      log.event('profile_taken', { subject: thread.name, kind: request.kind, seconds: request.seconds });
      try {
        return await take({ ...thread, answerMsMax }, request, signal);
      } finally {
        taken = '';
      }
    },
  };
}

const refuse = (sentence: string) => new ServerError('DARKAGES_CONTROL_REFUSED', sentence);

interface Asked extends Profiled {
  readonly answerMsMax: number;
}

async function take(thread: Asked, { kind, seconds }: Request, signal: AbortSignal): Promise<string> {
  const handle = await begin(thread, kind);
  try {
    const before = await read(thread);
    await untilOver(seconds * 1000, signal);
    const after = await read(thread);
    const profile = await inTime(thread, handle.stop());
    const told = { thread: thread.name, kind, ...difference(before, after) };
    // The engine's text goes out as it is: it may have many megabytes.
    return `${JSON.stringify(told).slice(0, -1)},"profile":${profile}}\n`;
  } catch (error) {
    // Whatever it was, the thread is to run as before.
    handle.stop().catch(leave);
    throw error;
  }
}

async function begin(thread: Asked, kind: Request['kind']): Promise<{ stop(): Promise<string> }> {
  const { engine } = thread;
  const started =
    kind === 'cpu'
      ? engine.startCpuProfile({ sampleInterval: SAMPLE_MS, maxBufferSize: SAMPLES_MAX })
      : engine.startHeapProfile({
          sampleInterval: SAMPLE_BYTES,
          stackDepth: STACK_DEPTH,
          includeObjectsCollectedByMajorGC: true,
          includeObjectsCollectedByMinorGC: true,
        });
  try {
    return await inTime(thread, started);
  } catch (error) {
    // It may begin yet, when nobody waits for it any more.
    started.then((late) => late.stop()).catch(leave);
    throw error;
  }
}

async function inTime<T extends object | string>(thread: Asked, work: Promise<T>): Promise<T> {
  try {
    const done = await withTimeout(work, thread.answerMsMax);
    if (done !== undefined) return done;
  } catch (error) {
    if (errorCode(error) !== 'ERR_WORKER_NOT_RUNNING') throw error;
    throw refuse(`${thread.name} ended while it was profiled; it is started again, so ask once more.`);
  }
  throw refuse(
    `${thread.name} does not answer: it waits for the system (a disk, a process), or its machine is too busy.`,
  );
}

/** Nothing is left to stop: the thread ended, or never began. Why is told by the error that led here. */
function leave(): void {}

/** Resolves early when the caller is gone: then nobody reads what is answered. */
function untilOver(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}

interface Reading {
  readonly atMs: number;
  readonly cpuUs: number;
  readonly gcPauseUs: number | undefined;
  readonly phases: readonly { readonly phase: string; readonly us: number; readonly ticks: number }[];
}

async function read(thread: Asked): Promise<Reading> {
  const { user, system } = await inTime(thread, thread.engine.cpuUsage());
  return {
    atMs: performance.now(),
    cpuUs: user + system,
    gcPauseUs: thread.collections && new Uint32Array(thread.collections)[histogramOffset('thread', 'gcPause')],
    phases: (thread.phases ?? []).map(({ phase, block }) => {
      const [us = 0, ticks = 0] = createCounters('phase', block).words;
      return { phase, us, ticks };
    }),
  };
}

function difference(before: Reading, after: Reading): Omit<ProfileAnswer, 'thread' | 'kind' | 'profile'> {
  const seconds = (after.atMs - before.atMs) / 1000;
  const gcPauseS =
    before.gcPauseUs === undefined || after.gcPauseUs === undefined
      ? undefined
      : ((after.gcPauseUs - before.gcPauseUs) >>> 0) / 1e6;
  return {
    seconds,
    cpuS: (after.cpuUs - before.cpuUs) / 1e6,
    gcPauseS,
    phases: after.phases.map(({ phase, us, ticks }, nth) => ({
      phase,
      seconds: ((us - before.phases[nth]!.us) >>> 0) / 1e6,
      ticks: (ticks - before.phases[nth]!.ticks) >>> 0,
    })),
  };
}
