// One tick of the shipped game in full fight: 1,000 players who use all abilities among 500 creatures, judged in the
// past as in a zone, with the encoding of its events; inputs and the frame are the engine's and left out (zone.step has
// those). Then
// 10,000 ticks with the garbage collector watched. And how much an edge spends on who sees whom, with 1,000 clients of
// about 50 neighbours each, looked at as in packing: every neighbour in each of 20 snapshots a second.

import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { SNAPSHOT_INTERVAL_TICKS, TICK_HZ } from '../../src/base/limits.ts';
import { game } from '../../src/game/game.ts';
import { FIGHTER_LAST } from '../../src/game/kinds.ts';
import { hashText, hashWords } from '../../src/sim/hash.ts';
import { publishFrame } from '../../src/sim/history.ts';
import { stepSimulation } from '../../src/sim/simulation.ts';
import { advanceTick } from '../../src/sim/world.ts';
import { createSight, isInSight } from '../../src/snapshot/sight.ts';
import { type Bench, type Figure, threadCpuMicros } from '../bench.ts';
import { type Battle, createBattle, wish } from './battle.ts';

const PLAYERS = 1000;
const CREATURES = 500;
const NEIGHBOURS = 50;
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

/** Everyone's nearest neighbours are found beforehand, as the interest grid does; only the looks are measured. */
function measureSight(battle: Battle): { cpuMs: number; looks: number } {
  const { world, sim, firstPlayer } = battle;
  const { map } = sim;
  const sight = createSight((fromX, fromZ, toX, toZ) => game.blocksSight!(map, fromX, fromZ, toX, toZ));
  const neighbours = new Int32Array(PLAYERS * NEIGHBOURS);
  let micros = 0;
  let looks = 0;
  for (let tick = 1; tick <= (SIGHT_SECONDS + 1) * TICK_HZ; tick++) {
    runTick(battle);
    if (tick % TICK_HZ === 1) findNeighbours(battle, neighbours);
    // The first second only fills the memory of pairs.
    if (tick === TICK_HZ) looks = -sight.looks;
    const start = threadCpuMicros();
    for (let player = tick % SNAPSHOT_INTERVAL_TICKS; player < PLAYERS; player += SNAPSHOT_INTERVAL_TICKS) {
      lookAround(sight, tick, firstPlayer + player, neighbours, player * NEIGHBOURS, world.columns);
    }
    if (tick > TICK_HZ) micros += threadCpuMicros() - start;
  }
  return { cpuMs: micros / SIGHT_SECONDS / 1000, looks: (looks + sight.looks) / SIGHT_SECONDS };
}

function lookAround(
  sight: ReturnType<typeof createSight>,
  tick: number,
  slot: number,
  neighbours: Int32Array,
  from: number,
  columns: Battle['world']['columns'],
): void {
  const { positionX, positionZ, generation } = columns;
  const x = positionX[slot]! >> 7;
  const z = positionZ[slot]! >> 7;
  for (let index = from; index < from + NEIGHBOURS; index++) {
    const other = neighbours[index]!;
    isInSight(
      sight,
      tick,
      slot,
      generation[slot]!,
      x,
      z,
      other,
      generation[other]!,
      positionX[other]! >> 7,
      positionZ[other]! >> 7,
    );
  }
}

function findNeighbours({ world, sim, firstPlayer }: Battle, neighbours: Int32Array): void {
  const { kind, positionX, positionZ } = world.columns;
  for (let player = 0; player < PLAYERS; player++) {
    const slot = firstPlayer + player;
    const others: { slot: number; squared: number }[] = [];
    for (let other = 0; other < sim.slotCount; other++) {
      if (other === slot || kind[other] === 0 || kind[other]! > FIGHTER_LAST) continue;
      const dx = positionX[other]! - positionX[slot]!;
      const dz = positionZ[other]! - positionZ[slot]!;
      others.push({ slot: other, squared: dx * dx + dz * dz });
    }
    others.sort((a, b) => a.squared - b.squared);
    for (let index = 0; index < NEIGHBOURS; index++) neighbours[player * NEIGHBOURS + index] = others[index]!.slot;
  }
}

function hashOf(battle: Battle): string {
  const hash = { low: 0, high: 0 };
  hashWords(hash, battle.world.words);
  return hashText(hash);
}
