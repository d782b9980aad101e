// The account of what the store thread has taken and not finished, in bytes: too many, and nobody may hand in more until
// most of it is done. Store thread. Pure. It counts and says so; refusing (`store_busy`) is for those who ask it.

import { assert } from '../base/assert.ts';

const PAUSE_BYTES = 100_000_000;
const RESUME_BYTES = 80_000_000;

export interface BackPressure {
  /** From `pauseBytes` on, until it is below `resumeBytes`. */
  isPaused(): boolean;
  add(bytes: number): void;
  remove(bytes: number): void;
  /** Of something whose size is known as a whole: each call replaces what the last one said. */
  part(): (bytes: number) => void;
  bytes(): number;
  pausesTotal(): number;
}

/** @param onChange it pauses or resumes */
export function createBackPressure(
  pauseBytes = PAUSE_BYTES,
  resumeBytes = RESUME_BYTES,
  onChange: (isPaused: boolean) => void = () => {},
): BackPressure {
  assert(resumeBytes > 0 && resumeBytes <= pauseBytes, 'it resumes below where it pauses');
  let held = 0;
  let isPaused = false;
  let pausesTotal = 0;

  const change = (bytes: number): void => {
    held += bytes;
    assert(held >= 0, 'only what was added is removed');
    if (isPaused ? held >= resumeBytes : held < pauseBytes) return;
    isPaused = !isPaused;
    if (isPaused) pausesTotal++;
    onChange(isPaused);
  };

  return {
    isPaused: () => isPaused,
    add(bytes) {
      assert(bytes >= 0, 'a size');
      change(bytes);
    },
    remove(bytes) {
      assert(bytes >= 0, 'a size');
      change(-bytes);
    },
    part() {
      let own = 0;
      return (bytes) => {
        change(bytes - own);
        own = bytes;
      };
    },
    bytes: () => held,
    pausesTotal: () => pausesTotal,
  };
}
