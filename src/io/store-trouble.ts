// What keeps the game going while a backend of the store is slow, down or refuses: a circuit breaker and a retry budget
// for each backend, one account of the bytes under way, and the counters of all that. Store thread. Redis's and ScyllaDB's
// clients make every call through their guard here; what decides is pure (store/breaker, retry-budget, back-pressure).

import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import { ServerError } from '../base/errors.ts';
import { type BackPressure, createBackPressure } from '../store/back-pressure.ts';
import { BREAKER_DEFAULTS, BREAKER_STATES, type BreakerOptions, createBreaker, REJECTED } from '../store/breaker.ts';
import { createRetryBudget, RETRY_BUDGET_DEFAULTS, type RetryBudgetOptions } from '../store/retry-budget.ts';
import { systemClock } from './system.ts';

/** A budget of retries, with time and chance. */
export interface Retries {
  countCalls(count?: number): void;
  /** May it be tried again? Counted. Who may not gives up; ask before each retry. */
  take(): boolean;
  /** Before the retry after so many failures in a row, from 1 on. */
  pause(failures: number): Promise<void>;
  /** For what must not be given up: how long to wait; longest when the budget is spent. */
  patientPauseMs(failures: number): number;
}

export interface Backend {
  /** The backend's own: not a "no", nor a mistake of ours. */
  isTrouble(error: unknown): boolean;
  /**
   * Asked once the breaker lets it be, to find out whether all is well again: a write, since one that is full or may not
   * be written still answers questions. Until it is told how, whoever calls next finds out.
   */
  probe(): Promise<unknown>;
}

export interface BackendGuard {
  readonly retries: Retries;
  attach(backend: Backend): void;
  /**
   * Makes the call, or rejects at once with DARKAGES_STORE_UNAVAILABLE while the breaker is open. What `work` rejects with
   * goes on to the caller. `work` has to end, within a time limit of its own.
   * @param bytes about what it holds meanwhile
   */
  call<T>(bytes: number, work: () => Promise<T>): Promise<T>;
  /** No probes from now on. */
  close(): void;
}

export interface StoreTrouble {
  readonly redis: BackendGuard;
  readonly scylla: BackendGuard;
  readonly backPressure: BackPressure;
  /** Of whole batches that are handed to the store: write-behind, commits. */
  readonly retries: Retries;
}

export interface StoreTroubleOptions {
  readonly clock?: Clock;
  /** [0, 1) */
  readonly random?: () => number;
  /** The store thread's block. */
  readonly counters?: SharedArrayBuffer;
  readonly breaker?: Partial<BreakerOptions>;
  readonly retries?: RetryBudgetOptions;
  readonly pauseBytes?: number;
  readonly resumeBytes?: number;
  /** A breaker opened, or closed again after that. */
  readonly onBreaker?: (backend: string, state: 'open' | 'closed', cause: unknown) => void;
  /** Makes each call that the breaker lets through. */
  readonly around?: <T>(span: 'redis' | 'scylla', work: () => Promise<T>) => Promise<T>;
}

type Rows = Record<'state' | 'opened' | 'rejected', keyof Counters<'store'>['index']>;

const REDIS_ROWS: Rows = { state: 'redisBreaker', opened: 'redisOpened', rejected: 'redisRejected' };
const SCYLLA_ROWS: Rows = { state: 'scyllaBreaker', opened: 'scyllaOpened', rejected: 'scyllaRejected' };
/** When other calls took the places of a probe and did not settle it. */
const PROBE_AGAIN_MS = 1_000;

export function createStoreTrouble(options: StoreTroubleOptions = {}): StoreTrouble {
  const counters = createCounters('store', options.counters);
  const backPressure = createCountedBackPressure(options, counters);
  const guard = (name: string, rows: Rows, span: 'redis' | 'scylla') =>
    createGuard({ name, rows, span, counters, options, backPressure, retries: createRetries(options, counters) });
  return {
    redis: guard('Redis', REDIS_ROWS, 'redis'),
    scylla: guard('ScyllaDB', SCYLLA_ROWS, 'scylla'),
    backPressure,
    retries: createRetries(options, counters),
  };
}

function createCountedBackPressure(
  { pauseBytes, resumeBytes }: StoreTroubleOptions,
  { words, index }: Counters<'store'>,
): BackPressure {
  const account = createBackPressure(pauseBytes, resumeBytes, (isPaused) => {
    words[index.paused] = isPaused ? 1 : 0;
    if (isPaused) words[index.pauses]!++;
  });
  // What an earlier thread left there.
  words[index.paused] = 0;
  const show = (): void => {
    words[index.unprocessedBytes] = account.bytes();
  };
  return {
    ...account,
    add(bytes) {
      account.add(bytes);
      show();
    },
    remove(bytes) {
      account.remove(bytes);
      show();
    },
    part() {
      const set = account.part();
      return (bytes) => {
        set(bytes);
        show();
      };
    },
  };
}

function createRetries(options: StoreTroubleOptions, { words, index }: Counters<'store'>): Retries {
  const { clock = systemClock, random = Math.random, retries = RETRY_BUDGET_DEFAULTS } = options;
  const budget = createRetryBudget(retries);
  const take = (): boolean => {
    const isTaken = budget.take(clock.now());
    words[isTaken ? index.retries : index.retriesRefused]!++;
    return isTaken;
  };
  return {
    countCalls: (calls = 1) => budget.countCalls(calls),
    take,
    pause: (failures) => sleep(budget.pauseMs(failures, random())),
    patientPauseMs: (failures) => (take() ? budget.pauseMs(failures, random()) : budget.longestPauseMs(random())),
  };
}

interface GuardOptions {
  readonly name: string;
  readonly rows: Rows;
  readonly span: 'redis' | 'scylla';
  readonly counters: Counters<'store'>;
  readonly options: StoreTroubleOptions;
  readonly backPressure: BackPressure;
  readonly retries: Retries;
}

function createGuard({ name, rows, span, counters, options, backPressure, retries }: GuardOptions): BackendGuard {
  const { words, index } = counters;
  const { clock = systemClock, onBreaker = () => {}, around = (_span, work) => work() } = options;
  const settings = { ...BREAKER_DEFAULTS, ...options.breaker };
  const breaker = createBreaker(settings);
  let backend: Backend | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let isSaidOpen = false;
  let shownState = breaker.state(clock.now());
  let shownOpened = 0;
  words[index[rows.state]] = shownState;

  const call = async <T>(bytes: number, work: () => Promise<T>): Promise<T> => {
    const ticket = breaker.begin(clock.now());
    if (ticket === REJECTED) {
      words[index[rows.rejected]]!++;
      throw new ServerError('DARKAGES_STORE_UNAVAILABLE', `${name} failed too often: it is asked again in a while.`);
    }
    retries.countCalls();
    backPressure.add(bytes);
    let isOk = true;
    let cause: unknown;
    try {
      return await around(span, work);
    } catch (error) {
      cause = error;
      isOk = backend !== undefined && !backend.isTrouble(error);
      throw error;
    } finally {
      backPressure.remove(bytes);
      breaker.end(ticket, isOk, clock.now());
      show(cause);
    }
  };
  const probe = async (): Promise<void> => {
    if (backend === undefined) return;
    for (let asked = 0; asked < settings.successesToClose; asked++) {
      try {
        await call(0, backend.probe);
      } catch {
        // What it rejects with has been told to the breaker, which is all that a probe is for.
      }
    }
    if (breaker.state(clock.now()) === BREAKER_STATES.halfOpen) probeLater(PROBE_AGAIN_MS);
  };
  const probeLater = (ms: number): void => {
    clearTimeout(timer);
    if (isClosed) return;
    timer = setTimeout(() => void probe(), ms);
    timer.unref();
  };
  const show = (cause: unknown): void => {
    const state = breaker.state(clock.now());
    const opened = breaker.openedTotal();
    if (state === shownState && opened === shownOpened) return;
    const hasOpened = opened !== shownOpened;
    shownState = state;
    shownOpened = opened;
    words[index[rows.state]] = state;
    if (hasOpened) words[index[rows.opened]]!++;
    if (hasOpened) probeLater(breaker.openForMs(clock.now()));
    if (hasOpened && !isSaidOpen) onBreaker(name, 'open', cause);
    else if (state === BREAKER_STATES.closed && isSaidOpen) onBreaker(name, 'closed', undefined);
    isSaidOpen = state !== BREAKER_STATES.closed;
  };

  return {
    retries,
    attach(to) {
      backend = to;
    },
    call,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** Of a store thread's block, by any thread: what is wrong with its backends, in words. */
export function describeStoreTrouble(block: SharedArrayBuffer): readonly string[] {
  const { words, index } = createCounters('store', block);
  const reasons: string[] = [];
  if (words[index.redisBreaker] !== BREAKER_STATES.closed) reasons.push('Redis fails: its circuit breaker is open');
  if (words[index.scyllaBreaker] !== BREAKER_STATES.closed) reasons.push('ScyllaDB fails: its circuit breaker is open');
  if (words[index.paused] !== 0) reasons.push('too much waits for the store');
  return reasons;
}
