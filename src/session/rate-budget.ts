// Token buckets for one connection: frames, bytes, requests; and whether it is a flood. Edge threads; pure, time is
// handed in. What comes too fast is dropped, which costs next to nothing; a flood is what keeps coming far too fast for
// seconds. An honest client on a bad line never does that: a line that stood still brings all it held within a second.

import {
  BYTES_BURST_MAX,
  BYTES_PER_SECOND_MAX,
  FLOOD_FACTOR,
  FLOOD_SECONDS,
  FRAMES_BURST_MAX,
  FRAMES_PER_SECOND_MAX,
  REQUESTS_PER_SECOND_MAX,
} from '../base/limits.ts';

export interface RateBudget {
  frames: number;
  bytes: number;
  requests: number;
  updatedMs: number;
  /** What came in the second that began at `secondMs`, taken or not, and for how many seconds before it was a flood. */
  secondMs: number;
  secondFrames: number;
  secondBytes: number;
  floodSeconds: number;
}

export function createRateBudget(nowMs: number): RateBudget {
  return {
    frames: FRAMES_BURST_MAX,
    bytes: BYTES_BURST_MAX,
    requests: REQUESTS_PER_SECOND_MAX,
    updatedMs: nowMs,
    secondMs: nowMs,
    secondFrames: 0,
    secondBytes: 0,
    floodSeconds: 0,
  };
}

function refill(budget: RateBudget, nowMs: number): void {
  const seconds = (nowMs - budget.updatedMs) / 1000;
  budget.updatedMs = nowMs;
  budget.frames = Math.min(FRAMES_BURST_MAX, budget.frames + seconds * FRAMES_PER_SECOND_MAX);
  budget.bytes = Math.min(BYTES_BURST_MAX, budget.bytes + seconds * BYTES_PER_SECOND_MAX);
  budget.requests = Math.min(REQUESTS_PER_SECOND_MAX, budget.requests + seconds * REQUESTS_PER_SECOND_MAX);
}

/** Notes what arrived, whatever becomes of it; true when it has been a flood for too long. */
export function noteArrival(budget: RateBudget, bytes: number, nowMs: number): boolean {
  const elapsedMs = nowMs - budget.secondMs;
  if (elapsedMs >= 1000) {
    const isFlood =
      budget.secondFrames > FLOOD_FACTOR * FRAMES_PER_SECOND_MAX ||
      budget.secondBytes > FLOOD_FACTOR * BYTES_PER_SECOND_MAX;
    // A second in which nothing at all came ends it too.
    budget.floodSeconds = isFlood && elapsedMs < 2000 ? budget.floodSeconds + 1 : 0;
    budget.secondMs = nowMs;
    budget.secondFrames = 0;
    budget.secondBytes = 0;
  }
  budget.secondFrames++;
  budget.secondBytes += bytes;
  return budget.floodSeconds >= FLOOD_SECONDS;
}

/** Takes one frame of that size; false when the client sends too much, and nothing is taken. */
export function takeFrame(budget: RateBudget, bytes: number, nowMs: number): boolean {
  refill(budget, nowMs);
  if (budget.frames < 1 || budget.bytes < bytes) return false;
  budget.frames -= 1;
  budget.bytes -= bytes;
  return true;
}

/** Takes one request of a frame that was taken just before. */
export function takeRequest(budget: RateBudget): boolean {
  if (budget.requests < 1) return false;
  budget.requests -= 1;
  return true;
}
