// What it costs to keep a zone of 1,000 players: the journal of all their inputs, a hash of the state each second, a
// keyframe each ten. Two zones get the same inputs, sixty times a second, one with a journal and one without; the
// difference of what their ticks take is the zone's share of a core. The journal's other end is a real store thread, which
// syncs the real disk; its share is all that it takes, its pool that packs files left out.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { TICK_HZ, TICK_MS } from '../../src/base/limits.ts';
import { game } from '../../src/game/game.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import { tickZone } from '../../src/zone/zone.ts';
import { type Bench, exactCpuMicros, type Figure } from '../bench.ts';
import { type Crowd, createCrowd, drain, pushInputs } from '../zone/crowd.ts';
import { startBenchStore } from './zones.ts';

const { start: _start, ...peaceful } = game;
const PLAYERS = 1000;
const WARM_TICKS = 20 * TICK_HZ;
const MEASURED_TICKS = 30 * TICK_HZ;

export const bench: Bench = {
  figures: [
    'durable.checkpoint.zoneCpuShare',
    'durable.checkpoint.storeCpuShare',
    'durable.checkpoint.bytesPerSecond',
    'durable.checkpoint.unrecordedTicks',
  ],
  async run(seed, isSmall) {
    const folder = mkdtempSync(join(tmpdir(), 'darkages-durable-'));
    const players = isSmall ? 50 : PLAYERS;
    const [kept, other] = [true, false].map((is) => createCrowd(peaceful, players, 50, seed, is)) as [Crowd, Crowd];
    const counters = createCounterBuffer('store');
    const store = await startBenchStore(game, folder, [kept.buffers], counters);
    try {
      await run([kept, other], isSmall ? 30 : WARM_TICKS);
      const { words, index } = createCounters('store', counters);
      const bytes = words[index.journalBytes]!;
      const cpuBefore = (await store.figures())!.cpuS;
      const ticks = isSmall ? 60 : MEASURED_TICKS;
      const [withMicros, withoutMicros] = await run([kept, other], ticks);
      const seconds = ticks / TICK_HZ;
      const storeCpuS = (await store.figures())!.cpuS - cpuBefore;
      const zoneCounters = kept.zone.counters;
      const checksum = hashZone(kept.zone);
      const figure = (name: string, value: number, unit: string): Figure => ({
        figure: `durable.checkpoint.${name}`,
        value,
        unit,
        seed,
        checksum,
      });
      return [
        figure('zoneCpuShare', (withMicros! - withoutMicros!) / 1e6 / seconds, 'cores'),
        figure('storeCpuShare', storeCpuS / seconds, 'cores'),
        figure('bytesPerSecond', (words[index.journalBytes]! - bytes) / seconds, 'bytes/s'),
        figure('unrecordedTicks', zoneCounters.words[zoneCounters.index.ticksUnrecorded]!, 'ticks'),
      ];
    } finally {
      await store.stop({ type: 'stop' }, 'stopped', 10_000);
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Microseconds of CPU that the ticks of each took; who is first takes turns. */
async function run(crowds: readonly Crowd[], ticks: number): Promise<number[]> {
  const micros = crowds.map(() => 0);
  const startMs = performance.now();
  for (let tick = 0; tick < ticks; tick++) {
    const waitMs = startMs + tick * TICK_MS - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    for (let turn = 0; turn < crowds.length; turn++) {
      const which = (tick + turn) % crowds.length;
      const crowd = crowds[which]!;
      pushInputs(crowd);
      const before = exactCpuMicros();
      tickZone(crowd.zone);
      micros[which]! += exactCpuMicros() - before;
      drain(crowd);
    }
  }
  return micros;
}
