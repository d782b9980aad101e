// How an edge waits for the zone's next tick on its event loop: by the clock. Ticks come every sixtieth of a second, so it
// looks shortly before the next one is due, and each millisecond from then on: twice a tick, mostly, and at most a
// millisecond or so too late. Edge threads.
//
// Deliberate: not Atomics.waitAsync. The engine keeps one list of all who wait in the process, and whoever notifies holds
// its lock until each event loop it found was woken, some ten microseconds each; these wake at once, and wait for
// that lock, as do all other zones (docs/decisions/0013-scale-out.md).

import { TICK_MS } from '../base/limits.ts';

/** Timers fire up to a millisecond later than they are set to. */
const EARLY_MS = 1;
const LOOK_MS = 1;
/** After so many looks in vain the zone is late, or there is none: rarer then. */
const LOOKS_MAX = 8;
const LATE_LOOK_MS = 4;

export interface TickWait {
  /** Resolves when the word isn't `seen` any more, or after `waitMsMax`; always after a turn of the event loop. */
  next(seen: number, waitMsMax: number): Promise<void>;
}

/** @param now milliseconds */
export function createTickWait(words: Int32Array, index: number, now: () => number): TickWait {
  /** When the newest tick came, as near as is known. */
  let cameMs = now();
  return {
    next(seen, waitMsMax) {
      const beganMs = now();
      let looks = 0;
      return new Promise((resolve) => {
        const look = (): void => {
          const nowMs = now();
          const ticks = Atomics.load(words, index) - seen;
          if (ticks !== 0) {
            // Who looked in vain before knows when it came. Who finds it at once may be late, and not for that a next time.
            cameMs = looks > 0 || ticks < 0 ? nowMs : Math.min(nowMs, cameMs + ticks * TICK_MS);
            resolve();
          } else if (nowMs - beganMs >= waitMsMax) resolve();
          else setTimeout(look, ++looks > LOOKS_MAX ? LATE_LOOK_MS : LOOK_MS);
        };
        // A zone that is ahead: sockets are read before it is followed.
        if (Atomics.load(words, index) !== seen) setImmediate(look);
        else setTimeout(look, Math.max(LOOK_MS, Math.floor(cameMs + TICK_MS - EARLY_MS - beganMs)));
      });
    },
  };
}
