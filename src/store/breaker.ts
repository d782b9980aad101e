// A circuit breaker: whether a backend is to be asked at all. Closed, calls go through and are counted; when many fail it
// opens, and for `openMs` nothing is asked, so that nobody waits for what does not answer; then it is half open: as many
// calls go through as successes are wanted, and one failure opens it again. Store thread. Pure: time is an argument, a call
// is told of at its beginning and at its end, nothing is allocated.
//
// The package cockatiel has one too. It reads the wall clock, which can jump, and has whoever calls while it is half open
// wait for the outcome, without bound: what is to fail at once would hang as long as a probe does.

import { assert } from '../base/assert.ts';

export interface BreakerOptions {
  /** How long nothing is asked. */
  readonly openMs: number;
  /** Failures in a row that open it, however few calls there are. */
  readonly failuresInRowMax: number;
  /** Of the calls of the last `windowMs`, when there were `windowCallsMin` at least: the share that opens it. */
  readonly failureShareMax: number;
  readonly windowMs: number;
  readonly windowCallsMin: number;
  /** In a row, that close it again. */
  readonly successesToClose: number;
}

export const BREAKER_DEFAULTS: BreakerOptions = {
  openMs: 30_000,
  failuresInRowMax: 5,
  failureShareMax: 0.5,
  windowMs: 10_000,
  windowCallsMin: 20,
  successesToClose: 2,
};

/** Also what the gauge in /metrics shows. */
export const BREAKER_STATES = { closed: 0, halfOpen: 1, open: 2 } as const;
export type BreakerState = (typeof BREAKER_STATES)[keyof typeof BREAKER_STATES];

/** What `begin` answers when the call is not to be made. */
export const REJECTED = -1;

const SLICES = 10;

export interface Breaker {
  /** Before a call: what to hand to `end` when it has ended, or REJECTED. */
  begin(now: number): number;
  /** After it. What began before the breaker last changed its state says nothing of now, and counts no more. */
  end(ticket: number, isOk: boolean, now: number): void;
  state(now: number): BreakerState;
  /** How long until it asks again; 0 unless it is open. */
  openForMs(now: number): number;
  openedTotal(): number;
  rejectedTotal(): number;
}

export function createBreaker(options: BreakerOptions = BREAKER_DEFAULTS): Breaker {
  const { openMs, failuresInRowMax, failureShareMax, windowMs, windowCallsMin, successesToClose } = options;
  assert(openMs > 0 && failuresInRowMax > 0 && windowMs > 0 && windowCallsMin > 0, 'a breaker has room for failures');
  assert(failureShareMax > 0 && failureShareMax <= 1 && successesToClose > 0, 'and can be opened and closed');
  const { closed, halfOpen, open } = BREAKER_STATES;
  const sliceMs = windowMs / SLICES;
  /** Of each slice of the window, a ring: which slice it is of all time, and what ended in it. */
  const sliceOf = new Float64Array(SLICES).fill(-1);
  const calls = new Uint32Array(SLICES);
  const failures = new Uint32Array(SLICES);
  let current: BreakerState = closed;
  /** Advanced by each change of state. */
  let generation = 0;
  let openUntil = 0;
  let failuresInRow = 0;
  let probes = 0;
  let successes = 0;
  let openedTotal = 0;
  let rejectedTotal = 0;

  const change = (to: BreakerState): void => {
    current = to;
    generation++;
    failuresInRow = 0;
    probes = 0;
    successes = 0;
    sliceOf.fill(-1);
  };
  const trip = (now: number): void => {
    change(open);
    openUntil = now + openMs;
    openedTotal++;
  };
  const count = (isOk: boolean, now: number): boolean => {
    const slice = Math.floor(now / sliceMs);
    const at = slice % SLICES;
    if (sliceOf[at] !== slice) {
      sliceOf[at] = slice;
      calls[at] = 0;
      failures[at] = 0;
    }
    calls[at]!++;
    if (isOk) {
      failuresInRow = 0;
      return false;
    }
    failures[at]!++;
    failuresInRow++;
    if (failuresInRow >= failuresInRowMax) return true;
    let [ended, failed] = [0, 0];
    for (let index = 0; index < SLICES; index++) {
      if (sliceOf[index]! < 0 || sliceOf[index]! <= slice - SLICES) continue;
      ended += calls[index]!;
      failed += failures[index]!;
    }
    return ended >= windowCallsMin && failed >= ended * failureShareMax;
  };
  const settle = (now: number): void => {
    if (current === open && now >= openUntil) change(halfOpen);
  };

  return {
    begin(now) {
      settle(now);
      if (current === closed) return generation;
      if (current === halfOpen && probes + successes < successesToClose) {
        probes++;
        return generation;
      }
      rejectedTotal++;
      return REJECTED;
    },
    end(ticket, isOk, now) {
      if (ticket !== generation) return;
      if (current === closed) {
        if (count(isOk, now)) trip(now);
        return;
      }
      probes--;
      if (!isOk) trip(now);
      else if (++successes >= successesToClose) change(closed);
    },
    state(now) {
      settle(now);
      return current;
    },
    openForMs: (now) => (current === open ? Math.max(0, openUntil - now) : 0),
    openedTotal: () => openedTotal,
    rejectedTotal: () => rejectedTotal,
  };
}
