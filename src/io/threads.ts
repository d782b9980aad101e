// Worker threads as the main thread sees them: started until they say they are up, stopped until they say they are
// done, and measured from outside. Main thread. Knows no thread by name and restarts nothing; io/node-threads does.

import { setFlagsFromString } from 'node:v8';
import { type Transferable, Worker } from 'node:worker_threads';
import { type ErrorCode, ServerError } from '../base/errors.ts';
import type { PreparedData } from './thread-data.ts';

/** A thread that says nothing for so long while it starts is ended. One that has much to do says that it is at it. */
const START_SILENCE_MS = 20_000;
/** A thread that doesn't answer within this is left out of the figures: it may be stuck. */
const FIGURES_TIMEOUT_MS = 500;

export interface ThreadOptions {
  /** For logs and metrics: `zone-1`. */
  readonly name: string;
  readonly file: URL;
  readonly workerData: unknown;
  readonly transferList?: readonly Transferable[];
  /**
   * What it has to be told before it can be up, as soon as that is known: meanwhile it loads its code. Rejects: the thread
   * is ended, and its start rejects with that.
   */
  readonly firstMessage?: Promise<FirstMessage>;
  /** Hears each of its messages until it is up, and that one. */
  readonly onMessage?: (message: ThreadMessage) => void;
  /**
   * Of a zone or an edge, which the garbage collector shall not stop for long, nor often: so many MiB are put on its heap
   * before what is young there is collected. It claims them when it begins (young-memory.ts).
   */
  readonly youngMiB?: number | undefined;
  /** Labels of its figures beside `thread`. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface FirstMessage {
  readonly message: unknown;
  readonly transferList?: readonly Transferable[];
}

/** A message of a thread; `type` says what else is in it. */
export interface ThreadMessage {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Of a thread that starts: how much there is to do nobody knows before. */
export interface WorkingMessage {
  readonly type: 'working';
  /** It may be silent for so long now; undefined: for no longer than any. */
  readonly withinMs?: number | undefined;
}

export interface Thread {
  readonly name: string;
  /** What it said when it was up. */
  readonly upMessage: ThreadMessage;
  /** Resolves when the thread has ended by itself, with why. Never resolves after `stop`. */
  readonly died: Promise<string>;
  /** Ends it in the middle of what it does; `died` resolves with `reason`. */
  terminate(reason: string): void;
  post(message: unknown, transferList?: readonly Transferable[]): void;
  /** Posts `message` and waits for the answer and the end; undefined when it took longer, and then it is terminated. */
  stop(message: ThreadMessage, answer: string, timeoutMs: number): Promise<ThreadMessage | undefined>;
  figures(): Promise<ThreadFigures | undefined>;
  /** For profiles. */
  readonly engine: Pick<Worker, 'startCpuProfile' | 'startHeapProfile' | 'cpuUsage'>;
}

export interface ThreadFigures {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
  readonly cpuS: number;
}

/** As the engine has it by itself. */
const YOUNG_MIB_MIN = 1;
const YOUNG_MIB_MAX = 16;

/**
 * Of the process, read by a thread's engine when it begins: the limits of a worker bound its heap and don't set it. The engine
 * would begin with one MiB, and take more only when much survives, which nothing does here. And a heap that grows slowly is
 * not tidied up for that reason, which stopped edges for tens of milliseconds.
 */
function setYoungMemory(mib: number | undefined): void {
  const [least, most] = mib === undefined ? [YOUNG_MIB_MIN, YOUNG_MIB_MAX] : [mib, mib];
  setFlagsFromString(`--min-semi-space-size=${least} --max-semi-space-size=${most} --no-memory-reducer`);
}

/** Resolves when the engine of the thread that was started last has begun: settings are made for one at a time. */
let begun: Promise<void> = Promise.resolve();

/** Resolves when the engine of each thread has begun that was to be started until now: the main thread has time for others. */
export async function whenBegun(): Promise<void> {
  await begun;
}

/** The engine counts both halves of what is young, and as much again for objects that are large. */
const YOUNG_PARTS = 3;

/** By name: threads that load their code, or have, and wait for what they are to do. */
const prepared = new Map<string, Worker>();

export interface PreparedThread extends Pick<ThreadOptions, 'name' | 'file' | 'youngMiB'> {
  /** What it loads beside its own code. */
  readonly modules: readonly string[];
}

/** Begins a thread before it is known what it is to do: `startThread` of that name takes it. Resolves when it has its code. */
export async function prepareThread({ name, file, youngMiB, modules }: PreparedThread): Promise<void> {
  const data: PreparedData = { isPrepared: true, modules };
  const worker = await begin({ name, file, youngMiB, workerData: data });
  prepared.set(name, worker);
  worker.once('error', () => {
    // Deliberate: whoever starts it in its place hears what is wrong.
  });
  await new Promise<void>((resolve) => {
    worker.once('message', () => resolve());
    worker.once('exit', () => {
      prepared.delete(name);
      resolve();
    });
  });
}

/** Ends those that nobody took. */
export async function endPrepared(): Promise<void> {
  await Promise.all([...prepared.values()].map((worker) => worker.terminate()));
}

function takePrepared({ name, workerData, transferList = [] }: ThreadOptions): Worker | undefined {
  const worker = prepared.get(name);
  if (worker === undefined) return undefined;
  prepared.delete(name);
  worker.removeAllListeners('exit');
  worker.removeAllListeners('error');
  worker.postMessage(workerData, [...transferList]);
  return worker;
}

async function begin({ name, file, workerData, transferList = [], youngMiB }: ThreadOptions): Promise<Worker> {
  const resourceLimits = youngMiB === undefined ? {} : { maxYoungGenerationSizeMb: YOUNG_PARTS * youngMiB };
  const before = begun;
  const { promise, resolve } = Promise.withResolvers<void>();
  begun = promise;
  await before;
  try {
    setYoungMemory(youngMiB);
    const worker = new Worker(file, { name, workerData, transferList: [...transferList], resourceLimits });
    worker.once('online', resolve);
    worker.once('exit', resolve);
    return worker;
  } catch (error) {
    resolve();
    throw error;
  }
}

/** Resolves when the thread says `ready` or `listening`; rejects with a ServerError when it fails, dies or says nothing. */
export async function startThread(options: ThreadOptions): Promise<Thread> {
  const { name } = options;
  options.firstMessage?.catch(() => {
    // It is told where it is waited for, once the engine has begun; until then it is nobody's.
  });
  const worker = takePrepared(options) ?? (await begin(options));
  let isStopping = false;
  let why = '';
  const ended = Promise.withResolvers<void>();
  const died = Promise.withResolvers<string>();
  worker.on('error', (error) => {
    why = error instanceof Error ? error.message : String(error);
  });
  worker.once('exit', (code) => {
    ended.resolve();
    if (!isStopping) died.resolve(why === '' ? `ended with code ${code}` : why);
  });
  const { firstMessage, onMessage } = options;
  if (onMessage !== undefined) worker.on('message', onMessage);
  const upMessage = await untilUp(worker, name, () => why, firstMessage);
  if (onMessage !== undefined) worker.off('message', onMessage);
  return {
    name,
    upMessage,
    died: died.promise,
    terminate(reason) {
      why = reason;
      void worker.terminate();
    },
    post: (message, list = []) => worker.postMessage(message, [...list]),
    async stop(message, answer, timeoutMs) {
      isStopping = true;
      const answered = waitFor(worker, answer);
      worker.postMessage(message);
      const reply = await withTimeout(Promise.race([answered, ended.promise.then(() => undefined)]), timeoutMs);
      if (reply !== undefined) await withTimeout(ended.promise, 1_000);
      await worker.terminate();
      return reply;
    },
    engine: worker,
    figures: () => withTimeout(measure(worker, options), FIGURES_TIMEOUT_MS),
  };
}

async function untilUp(
  worker: Worker,
  name: string,
  why: () => string,
  firstMessage: Promise<FirstMessage> | undefined,
): Promise<ThreadMessage> {
  const up = new Promise<ThreadMessage>((resolve, reject) => {
    worker.on('message', (message: ThreadMessage) => {
      if (message.type === 'ready' || message.type === 'listening') resolve(message);
      if (message.type === 'failed') {
        reject(new ServerError(String(message.code) as ErrorCode, String(message.message)));
      }
    });
    worker.once('exit', (code) => {
      const text = `The thread ${name} died at start: ${why() === '' ? `it ended with code ${code}` : why()}`;
      reject(new ServerError('DARKAGES_THREAD_DIED', text));
    });
  });
  const told = firstMessage?.then(({ message, transferList = [] }) => worker.postMessage(message, [...transferList]));
  try {
    // Its time begins when it has all it needs.
    if (told !== undefined) await Promise.race([told, up]);
    const message = await whileHeard(worker, up);
    if (message !== undefined) return message;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  await worker.terminate();
  throw new ServerError('DARKAGES_THREAD_DIED', `The thread ${name} did not start: it was silent for too long.`);
}

/** Undefined when the thread has said nothing for longer than it may. */
async function whileHeard<T>(worker: Worker, promise: Promise<T>): Promise<T | undefined> {
  const silent = Promise.withResolvers<undefined>();
  let timer: NodeJS.Timeout | undefined;
  const hear = ({ withinMs = START_SILENCE_MS }: Pick<WorkingMessage, 'withinMs'>): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.resolve(undefined), withinMs);
  };
  hear({});
  worker.on('message', hear);
  try {
    return await Promise.race([promise, silent.promise]);
  } finally {
    worker.off('message', hear);
    clearTimeout(timer);
  }
}

function waitFor(worker: Worker, type: string): Promise<ThreadMessage> {
  return new Promise((resolve) => {
    worker.on('message', (message: ThreadMessage) => {
      if (message.type === type) resolve(message);
    });
  });
}

async function measure(worker: Worker, options: ThreadOptions): Promise<ThreadFigures | undefined> {
  try {
    const [heap, cpu] = await Promise.all([worker.getHeapStatistics(), worker.cpuUsage()]);
    return {
      name: options.name,
      labels: options.labels ?? {},
      heapUsedBytes: heap.used_heap_size,
      heapTotalBytes: heap.total_heap_size,
      externalBytes: heap.external_memory,
      cpuS: (cpu.user + cpu.system) / 1e6,
    };
  } catch {
    // It ended while it was asked: it has no figures any more.
    return undefined;
  }
}

/** Undefined when it takes longer. */
export async function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
