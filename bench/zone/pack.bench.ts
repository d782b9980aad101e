// One client's snapshot with about 50 others in sight: interest, budget, baselines per entity, encoding shared between
// clients. 1,000 clients of one edge are served as in a live zone, a third each tick, and acknowledge 6 ticks later.
// The grid, built once a frame, is counted in.

import { createCounters } from '../../src/base/counters.ts';
import { SNAPSHOT_BYTES_MAX, SNAPSHOT_INTERVAL_TICKS } from '../../src/base/limits.ts';
import { game } from '../../src/game/game.ts';
import { buildGrid, createGrid } from '../../src/sim/grid.ts';
import { worldTick } from '../../src/sim/world.ts';
import { createEntityEncoder } from '../../src/snapshot/entity-encoder.ts';
import { cellMmFor, createInterest } from '../../src/snapshot/interest.ts';
import { createPacker, type Packer, packSnapshot } from '../../src/snapshot/packer.ts';
import { acknowledge, createViewer, createWatchers, type Viewer } from '../../src/snapshot/viewer.ts';
import { NAME_BYTES } from '../../src/zone/buffers.ts';
import { tickZone } from '../../src/zone/zone.ts';
import { type Bench, threadCpuMicros } from '../bench.ts';
import { type Crowd, createCrowd, drain, pushInputs } from './crowd.ts';

// Without creatures, so that about 50 are in sight and not a tenth more.
const { start: _start, ...peaceful } = game;
const PLAYERS = 1000;
const ACK_DELAY_TICKS = 6;

export const bench: Bench = {
  figures: ['zone.pack.cpuMicros', 'zone.pack.visible', 'zone.pack.bytes', 'zone.pack.bytesPerEntity'],
  run(seed, isSmall) {
    const players = isSmall ? 60 : PLAYERS;
    const crowd = createCrowd(peaceful, players, 50, seed);
    const { history, names } = crowd.zone;
    const counters = createCounters('edge', crowd.buffers.edgeCounters[0]!);
    const grid = createGrid(history, cellMmFor(game.limits.interestRadiusMm));
    const packer = createPacker(
      createEntityEncoder(history, names.bytes, NAME_BYTES),
      createInterest(grid, game.limits.interestRadiusMm, undefined),
      counters,
    );
    const watchers = createWatchers(history.capacity, players);
    const viewers = Array.from({ length: players }, (_, slot) => createViewer(watchers, slot, slot, 1));
    for (let tick = 0; tick < (isSmall ? 30 : 300); tick++) serveTick(crowd, packer, viewers);
    counters.words.fill(0);
    let micros = 0;
    let bytes = 0;
    let snapshots = 0;
    let visible = 0;
    for (let tick = 0; tick < (isSmall ? 30 : 600); tick++) {
      const served = serveTick(crowd, packer, viewers);
      micros += served.micros;
      bytes += served.bytes;
      snapshots += served.snapshots;
    }
    for (const viewer of viewers) visible += viewer.count - 1;
    const { words, index } = counters;
    const perEntity = words[index.snapshotChangeBytes]! / words[index.snapshotChanges]!;
    const checksum = bytes.toString(16);
    return [
      { figure: 'zone.pack.cpuMicros', value: micros / snapshots, unit: 'µs', seed, checksum },
      { figure: 'zone.pack.visible', value: visible / players, unit: 'entities', seed, checksum },
      { figure: 'zone.pack.bytes', value: bytes / snapshots, unit: 'bytes', seed, checksum },
      { figure: 'zone.pack.bytesPerEntity', value: perEntity, unit: 'bytes', seed, checksum },
    ];
  },
};

function serveTick(
  crowd: Crowd,
  packer: Packer,
  viewers: readonly Viewer[],
): { micros: number; bytes: number; snapshots: number } {
  pushInputs(crowd);
  tickZone(crowd.zone);
  drain(crowd);
  const tick = worldTick(crowd.zone.world);
  const { history } = crowd.zone;
  let bytes = 0;
  let snapshots = 0;
  const first = tick % SNAPSHOT_INTERVAL_TICKS;
  // Before the clock starts: acknowledging is part of receiving an input, not of packing.
  for (let slot = first; slot < viewers.length; slot += SNAPSHOT_INTERVAL_TICKS) {
    acknowledge(viewers[slot]!, tick - ACK_DELAY_TICKS);
  }
  const start = threadCpuMicros();
  buildGrid(packer.interest.grid, history, tick);
  for (let slot = first; slot < viewers.length; slot += SNAPSHOT_INTERVAL_TICKS) {
    packSnapshot(packer, viewers[slot]!, tick, SNAPSHOT_BYTES_MAX);
    bytes += packer.end - packer.start;
    snapshots++;
  }
  return { micros: threadCpuMicros() - start, bytes, snapshots };
}
