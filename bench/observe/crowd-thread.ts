// A zone thread with players who walk, paced at 60 Hz as the real one is, for the bench of profiles. Counts its ticks in a
// word that the bench reads.

import { workerData } from 'node:worker_threads';
import { TICK_MS } from '../../src/base/limits.ts';
import { game } from '../../src/game/game.ts';
import { tickZone } from '../../src/zone/zone.ts';
import { createCrowd, drain, pushInputs } from '../zone/crowd.ts';

const { players, seed, ticks } = workerData as { players: number; seed: number; ticks: SharedArrayBuffer };
const { start: _start, ...peaceful } = game;
const crowd = createCrowd(peaceful, players, 50, seed);
const counted = new Int32Array(ticks);
const never = new Int32Array(new SharedArrayBuffer(4));

let dueMs = performance.now();
for (;;) {
  const waitMs = dueMs - performance.now();
  if (waitMs > 0) Atomics.wait(never, 0, 0, waitMs);
  dueMs = Math.max(dueMs + TICK_MS, performance.now() - TICK_MS);
  pushInputs(crowd);
  tickZone(crowd.zone);
  drain(crowd);
  Atomics.add(counted, 0, 1);
}
