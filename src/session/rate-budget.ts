// Token buckets for one connection: frames, bytes, requests. Edge threads; pure, time is handed in.

import {
  BYTES_BURST_MAX,
  BYTES_PER_SECOND_MAX,
  FRAMES_BURST_MAX,
  FRAMES_PER_SECOND_MAX,
  REQUESTS_PER_SECOND_MAX,
} from '../base/limits.ts';

export interface RateBudget {
  frames: number;
  bytes: number;
  requests: number;
  updatedMs: number;
}

export function createRateBudget(nowMs: number): RateBudget {
  return { frames: FRAMES_BURST_MAX, bytes: BYTES_BURST_MAX, requests: REQUESTS_PER_SECOND_MAX, updatedMs: nowMs };
}

function refill(budget: RateBudget, nowMs: number): void {
  const seconds = (nowMs - budget.updatedMs) / 1000;
  budget.updatedMs = nowMs;
  budget.frames = Math.min(FRAMES_BURST_MAX, budget.frames + seconds * FRAMES_PER_SECOND_MAX);
  budget.bytes = Math.min(BYTES_BURST_MAX, budget.bytes + seconds * BYTES_PER_SECOND_MAX);
  budget.requests = Math.min(REQUESTS_PER_SECOND_MAX, budget.requests + seconds * REQUESTS_PER_SECOND_MAX);
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
