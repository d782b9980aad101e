// Token buckets for one connection: frames, bytes, requests; and whether it is a flood. Edge threads; pure, time is
// handed in. What comes too fast is dropped. A flood is what comes far too fast: dropping it costs too, so its socket isn't
// read for the rest of that second, which makes the sender wait; and after seconds of it the connection ends. An honest
// client on a bad line never gets that far: a line that stood still brings all it held within a second.

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

export const FLOOD_NONE = 0;
/** This second's share is used up now: nothing more of it should be read. Said once a second. */
export const FLOOD_BEGINS = 1;
/** It has been a flood for too long. */
const FLOOD_ENDS = 2;

/** Notes what arrived, whatever becomes of it; one of FLOOD_…. */
export function noteArrival(budget: RateBudget, bytes: number, nowMs: number): number {
  const elapsedMs = nowMs - budget.secondMs;
  if (elapsedMs >= 1000) {
    // A second in which nothing at all came ends it too.
    budget.floodSeconds = isFlood(budget) && elapsedMs < 2000 ? budget.floodSeconds + 1 : 0;
    budget.secondMs = nowMs;
    budget.secondFrames = 0;
    budget.secondBytes = 0;
  }
  const wasFlood = isFlood(budget);
  budget.secondFrames++;
  budget.secondBytes += bytes;
  if (budget.floodSeconds >= FLOOD_SECONDS) return FLOOD_ENDS;
  return !wasFlood && isFlood(budget) ? FLOOD_BEGINS : FLOOD_NONE;
}

function isFlood({ secondFrames, secondBytes }: RateBudget): boolean {
  return secondFrames > FLOOD_FACTOR * FRAMES_PER_SECOND_MAX || secondBytes > FLOOD_FACTOR * BYTES_PER_SECOND_MAX;
}

/** How long it is until the second that is being counted is over. */
export function secondLeftMs(budget: RateBudget, nowMs: number): number {
  return Math.max(0, budget.secondMs + 1000 - nowMs);
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
