// For how long this machine stood still while somebody watched: what no thread's wait for a core tells of. Tests excuse by it
// what a server could not do meanwhile.

import { existsSync, readFileSync } from 'node:fs';

export interface Standstill {
  /** So far. */
  ms(): number;
  stop(): void;
}

const LOOK_EVERY_MS = 5;
/** A look that is later than that, by nothing this process did itself, was kept from it. */
const GAP_MS_MIN = 40;
const STAT = '/proc/stat';
/** The system counts in hundredths of a second. */
const STEAL_UNIT_MS = 10;
const MEASURES_MAX = 3;

/** The host had a core of ours, or nothing ran here and the clock went on. */
export function watchStandstill(): Standstill {
  const stolenBeforeMs = stolenMs();
  let lookedMs = performance.now();
  let cpu = process.cpuUsage();
  let gapsMs = 0;
  const look = (): void => {
    const nowMs = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    const gapMs = nowMs - lookedMs - (user + system) / 1000;
    if (gapMs > GAP_MS_MIN) gapsMs += gapMs;
    lookedMs = nowMs;
    cpu = process.cpuUsage();
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return {
    ms() {
      look();
      return gapsMs + stolenMs() - stolenBeforeMs;
    },
    stop: () => clearInterval(timer),
  };
}

/** What the host had of all cores, since the start of the machine; 0 where only Linux tells. */
function stolenMs(): number {
  if (!existsSync(STAT)) return 0;
  return STEAL_UNIT_MS * Number(/^cpu +(?:\d+ +){7}(\d+)/.exec(readFileSync(STAT, 'utf8'))?.[1] ?? 0);
}

/** Measures again, twice at most, where the machine stood still meanwhile. The last one counts, whatever it is. */
export async function undisturbed<T>(measure: () => Promise<T>, msMax = 300): Promise<T> {
  for (let measures = 1; ; measures++) {
    const stood = watchStandstill();
    const measured = await measure().finally(() => stood.stop());
    const stoodMs = stood.ms();
    if (measures === MEASURES_MAX || stoodMs <= msMax) return measured;
    console.log(`measured again: the machine stood still for ${Math.round(stoodMs)} ms`);
  }
}
