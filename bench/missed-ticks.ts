// The ticks that a zone missed while somebody watched, those of its own fault apart from those for which it waited for a
// core that others had, or stood still with the machine. A wait excuses only what is missed in the same moments: the waits of
// a whole minute would excuse a tick or two each second, whatever the reason.

import { setTimeout as sleep } from 'node:timers/promises';
import { TICK_MS } from '../src/base/limits.ts';
import { readMetrics, threadWaitMs } from './server.ts';
import { watchStandstill } from './standstill.ts';

export interface MissedTicks {
  /** By its own fault. */
  readonly missed: number;
  /** Those that its waits for a core excuse. */
  readonly forCores: number;
}

/** What is read of a zone at one moment: how much there was since its start. */
export interface TickReading {
  readonly missed: number;
  readonly waitedMs: number;
}

const READ_EVERY_MS = 250;

/** Adds up readings in their order. A wait is used once, by ticks missed until the reading after the one that shows it. */
export function createMissedTicks(): { add(reading: TickReading): void; sum(): MissedTicks } {
  let last: TickReading | undefined;
  let missed = 0;
  let forCores = 0;
  /** Of the wait between the last two readings, what has excused nothing yet. */
  let spareMs = 0;
  return {
    add(reading) {
      if (last !== undefined) {
        const waitedMs = reading.waitedMs - last.waitedMs;
        const grown = reading.missed - last.missed;
        const excused = Math.min(grown, Math.floor((spareMs + waitedMs) / TICK_MS));
        forCores += excused;
        missed += grown - excused;
        spareMs = Math.min(waitedMs, spareMs + waitedMs - excused * TICK_MS);
      }
      last = reading;
    },
    sum: () => ({ missed, forCores }),
  };
}

/**
 * Watches a zone of a server until it is told to stop, which rejects when the zone could not be read.
 * @param url of the server's HTTP
 * @param pid of the node
 */
export function watchMissedTicks(url: string, pid: number, zone: number): { stop(): Promise<MissedTicks> } {
  const ticks = createMissedTicks();
  const stood = watchStandstill();
  let isOver = false;
  const read = async (): Promise<void> => {
    const { values } = await readMetrics(url);
    const missed = values.get(`darkages_missed_ticks_total{zone_id="${zone}"}`);
    if (missed === undefined) throw new Error(`zone ${zone} does not tell its missed ticks`);
    // After the ticks: a wait is over before the tick that is missed for it.
    ticks.add({ missed, waitedMs: threadWaitMs(pid, `zone-${zone}`) + stood.ms() });
  };
  const watching = (async () => {
    while (!isOver) {
      await read();
      await sleep(READ_EVERY_MS);
    }
    await read();
  })();
  watching.catch(() => {
    // Who stops it is told.
  });
  return {
    async stop() {
      isOver = true;
      await watching.finally(() => stood.stop());
      return ticks.sum();
    },
  };
}
