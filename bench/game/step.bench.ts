// One tick of the shipped game in full fight: 1,000 players who use all abilities among 500 creatures, judged in the
// past as in a zone, with the encoding of its events; inputs and the frame are the engine's and left out (zone.step has
// those). Then
// 10,000 ticks with the garbage collector watched. And how much an edge spends on whom the map hides, with 1,000 clients
// of about 50 neighbours each.

import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOOK_INTERVAL_TICKS, TICK_HZ } from '../../src/base/limits.ts';
import { game } from '../../src/game/game.ts';
import { buildGrid, createGrid } from '../../src/sim/grid.ts';
import { hashText, hashWords } from '../../src/sim/hash.ts';
import { newestTick, publishFrame } from '../../src/sim/history.ts';
import { stepSimulation } from '../../src/sim/simulation.ts';
import { advanceTick } from '../../src/sim/world.ts';
import { cellMmFor, createInterest, type Interest, updateInterest } from '../../src/snapshot/interest.ts';
import { createSight } from '../../src/snapshot/sight.ts';
import {
  acknowledge,
  beginSent,
  createViewer,
  createWatchers,
  ENTRY_WORDS,
  GONE,
  noteSent,
  STATE,
  type Viewer,
} from '../../src/snapshot/viewer.ts';
import { type Bench, type Figure, threadCpuMicros } from '../bench.ts';
import { type Battle, createBattle, wish } from './battle.ts';

const PLAYERS = 1000;
const CREATURES = 500;
const SPREAD_MM = 100_000;
const TICKS = 10_000;
/** The compiler allocates too, until it has optimised all there is. */
const WARM_UP_TICKS = 4000;
const SIGHT_SECONDS = 5;

export const bench: Bench = {
  figures: ['game.step.cpuMs', 'game.step.gc', 'game.step.events', 'game.sight.cpuMsPerSecond', 'game.sight.looks'],
  async run(seed) {
    const battle = createBattle(PLAYERS, CREATURES, SPREAD_MM, seed);
    let collections = 0;
    const observer = new PerformanceObserver((list) => {
      collections += list.getEntries().length;
    });
    for (let tick = 0; tick < WARM_UP_TICKS; tick++) runTick(battle);
    const told = battle.told;
    const cpuMs = measureCpu(battle, 1200);
    const events = (battle.told - told) / 1200;
    observer.observe({ entryTypes: ['gc'] });
    await sleep(50);
    collections = 0;
    for (let tick = 0; tick < TICKS; tick++) runTick(battle);
    await sleep(50);
    observer.disconnect();
    const checksum = hashOf(battle);
    const figure = (name: string, value: number, unit: string): Figure => ({
      figure: name,
      value,
      unit,
      seed,
      checksum,
    });
    const sight = measureSight(createBattle(PLAYERS, 0, SPREAD_MM * 2, seed));
    return [
      figure('game.step.cpuMs', cpuMs, 'ms'),
      figure('game.step.gc', collections, ''),
      figure('game.step.events', events, 'a tick'),
      figure('game.sight.cpuMsPerSecond', sight.cpuMs, 'ms'),
      figure('game.sight.looks', sight.looks, '1/s'),
    ];
  },
};

function runTick(battle: Battle): void {
  wish(battle);
  advanceTick(battle.world);
  stepSimulation(game, battle.sim);
  publishFrame(battle.history, battle.world);
}

/** Milliseconds of CPU that the game's systems take in a tick. */
function measureCpu(battle: Battle, ticks: number): number {
  let micros = 0;
  for (let tick = 0; tick < ticks; tick++) {
    wish(battle);
    advanceTick(battle.world);
    const start = threadCpuMicros();
    stepSimulation(game, battle.sim);
    micros += threadCpuMicros() - start;
    publishFrame(battle.history, battle.world);
  }
  return micros / ticks / 1000;
}

/**
 * Who sees whom, for everyone, as edges find it out: what the looks cost, over a map without anything to look past. What
 * they find is ignored, so that both have as many in sight; in turns, so that both see the same.
 */
function measureSight(battle: Battle): { cpuMs: number; looks: number } {
  const { sim, history } = battle;
  const { map } = sim;
  let hidden = 0;
  const sight = createSight((fromX, fromZ, toX, toZ) => {
    hidden += Number(game.blocksSight!(map, fromX, fromZ, toX, toZ));
    return false;
  });
  const { interestRadiusMm } = game.limits;
  const grid = createGrid(history, cellMmFor(interestRadiusMm));
  const looking = createWatch(battle, createInterest(grid, interestRadiusMm, sight));
  const open = createWatch(battle, createInterest(grid, interestRadiusMm, undefined));
  let looks = 0;
  for (let tick = 1; tick <= (SIGHT_SECONDS + 1) * TICK_HZ; tick++) {
    runTick(battle);
    // In the first second everyone is new.
    if (tick === TICK_HZ) {
      looks = -sight.looks;
      looking.micros = 0;
      open.micros = 0;
    }
    const published = newestTick(history);
    buildGrid(grid, history, published);
    for (const watch of tick % 2 === 0 ? [looking, open] : [open, looking]) lookAround(watch, published, tick);
  }
  if (hidden === 0) throw new Error('the map hides nobody from anybody');
  return { cpuMs: (looking.micros - open.micros) / SIGHT_SECONDS / 1000, looks: (looks + sight.looks) / SIGHT_SECONDS };
}

interface Watch {
  readonly interest: Interest;
  readonly viewers: readonly Viewer[];
  micros: number;
}

function createWatch({ world, firstPlayer }: Battle, interest: Interest): Watch {
  const { generation } = world.columns;
  const watchers = createWatchers(world.capacity, PLAYERS);
  const viewers = Array.from({ length: PLAYERS }, (_, player) =>
    createViewer(watchers, player, firstPlayer + player, generation[firstPlayer + player]!),
  );
  return { interest, viewers, micros: 0 };
}

/** Those whose turn it is; all have one five times a second, and acknowledge at once. */
function lookAround(watch: Watch, published: number, tick: number): void {
  const start = threadCpuMicros();
  for (let player = tick % LOOK_INTERVAL_TICKS; player < PLAYERS; player += LOOK_INTERVAL_TICKS) {
    const viewer = watch.viewers[player]!;
    updateInterest(viewer, watch.interest, published);
    beginSent(viewer, published);
    for (let index = 0; index < viewer.end; index++) {
      if (viewer.entries[index * ENTRY_WORDS + STATE] !== GONE) noteSent(viewer, published, index);
    }
    acknowledge(viewer, published);
  }
  watch.micros += threadCpuMicros() - start;
}

function hashOf(battle: Battle): string {
  const hash = { low: 0, high: 0 };
  hashWords(hash, battle.world.words);
  return hashText(hash);
}
