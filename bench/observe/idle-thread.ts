// A thread that does nothing but wake as often as a zone or an edge does, and is asked for its figures.

import { parentPort, workerData } from 'node:worker_threads';
import { TICK_HZ } from '../../src/base/limits.ts';

const { isZone } = workerData as { readonly isZone: boolean };
parentPort!.postMessage({ type: 'ready' });
if (isZone) {
  // Never on its event loop, as the zone's.
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(sleeper, 0, 0, 1000 / TICK_HZ);
} else setInterval(() => {}, 1000 / TICK_HZ);
