// What a thread is to do, as it hears of it itself. Worker threads; threads.ts is the other side.

import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.ts';

/** The `workerData` of a thread that loads its code before anybody knows what it is to do. */
export interface PreparedData {
  /** Modules to load meanwhile. */
  readonly modules: readonly string[];
  readonly isPrepared: true;
}

/** `workerData` of `startThread`: of a thread that was prepared it comes when it is wanted, which may be never. */
export async function takeThreadData<T>(): Promise<T> {
  const data = workerData as T | PreparedData;
  if (!isPrepared(data)) return data;
  await Promise.all(data.modules.map((url) => import(url)));
  const port = parentPort;
  assert(port !== null, 'a thread that is prepared has a parent');
  port.postMessage({ type: 'prepared' });
  return new Promise((resolve) => port.once('message', resolve));
}

function isPrepared(data: unknown): data is PreparedData {
  return (data as Partial<PreparedData> | undefined)?.isPrepared === true;
}
