import { describe, expect, test } from 'vitest';
import { createCounterBuffer } from '../../src/base/counters.ts';
import { game } from '../../src/game/game.ts';
import { createZoneBuffers } from '../../src/zone/buffers.ts';
import {
  createPhaseSwitch,
  createPhaseWatch,
  isPhaseSwitchOn,
  PHASE,
  PHASE_GAME,
  type PhaseWatch,
  phaseNames,
  setPhaseSwitch,
} from '../../src/zone/phases.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import { createZone, tickZone } from '../../src/zone/zone.ts';

const createBlocks = (count: number) => Array.from({ length: count }, () => createCounterBuffer('phase'));
const read = (block: SharedArrayBuffer) => [...new Uint32Array(block)];

describe('the stopwatch of a tick', () => {
  test('names the zone’s own phases by their numbers, then the systems of the game', () => {
    const names = phaseNames(game);
    for (const [name, at] of Object.entries(PHASE)) expect(names[at]).toBe(name);
    expect(names[PHASE_GAME]).toBe('game_movement');
    expect(names.slice(PHASE_GAME)).toEqual(game.systems.map(({ name }) => `game_${name}`));
    expect(new Set(names).size).toBe(names.length);
  });

  test('gives each phase the time since the one before, and each as many ticks as there were', () => {
    let nowMs = 100;
    const blocks = createBlocks(3);
    const watch = createPhaseWatch(blocks, createPhaseSwitch(), () => nowMs);
    const spend = (phase: number, ms: number) => {
      nowMs += ms;
      watch.note(phase);
    };
    for (let tick = 0; tick < 2; tick++) {
      watch.begin();
      spend(0, 1);
      spend(1, 0.25);
      spend(0, 0.5);
      // Until the next tick: nobody's.
      nowMs += 10;
    }
    watch.flush();
    expect(blocks.map(read)).toEqual([
      [3000, 2],
      [500, 2],
      [0, 2],
    ]);
  });

  test('reads no clock while it is switched off, and counts no ticks', () => {
    let reads = 0;
    const blocks = createBlocks(1);
    const phaseSwitch = createPhaseSwitch();
    const watch = createPhaseWatch(blocks, phaseSwitch, () => ++reads);
    const tick = () => {
      watch.begin();
      watch.note(0);
      watch.flush();
    };
    setPhaseSwitch(phaseSwitch, false);
    expect(isPhaseSwitchOn(phaseSwitch)).toBe(false);
    tick();
    expect([reads, read(blocks[0]!)]).toEqual([0, [0, 0]]);
    setPhaseSwitch(phaseSwitch, true);
    tick();
    expect([reads, read(blocks[0]!)]).toEqual([2, [1000, 1]]);
  });

  test('loses nothing to rounding, however short a phase is', () => {
    let nowMs = 0;
    const blocks = createBlocks(1);
    const watch = createPhaseWatch(blocks, createPhaseSwitch(), () => nowMs);
    for (let tick = 0; tick < 10_000; tick++) {
      watch.begin();
      nowMs += 0.0003;
      watch.note(0);
      watch.flush();
    }
    const [micros, ticks] = read(blocks[0]!);
    expect(ticks).toBe(10_000);
    expect(Math.abs(micros! - 3000)).toBeLessThanOrEqual(1);
  });
});

describe('a zone with a stopwatch', () => {
  const run = (watch: PhaseWatch | undefined, ticks: number) => {
    const buffers = createZoneBuffers(game, 1, 256, true);
    const zone = createZone({ game, seed: 7, epoch: 1, buffers, resume: false, watch });
    for (let tick = 0; tick < ticks; tick++) tickZone(zone);
    return hashZone(zone);
  };

  test('stops it after each of its phases and each system, and begins it once a tick', () => {
    const noted: number[] = [];
    run({ begin: () => noted.push(-1), note: (phase) => noted.push(phase), flush: () => {} }, 2);
    const tick = noted.slice(noted.lastIndexOf(-1) + 1);
    expect(noted.filter((phase) => phase === -1)).toHaveLength(2);
    expect([...new Set(tick)].sort((a, b) => a - b)).toEqual(phaseNames(game).map((_, phase) => phase));
    expect(tick.filter((phase) => phase >= PHASE_GAME)).toEqual(game.systems.map((_, at) => PHASE_GAME + at));
  });

  test('goes through the same states as one without, whatever the clock says', () => {
    let wildMs = 1;
    const watch = createPhaseWatch(createBlocks(phaseNames(game).length), createPhaseSwitch(), () => {
      wildMs = (wildMs * 69_069 + 1) % 65_537;
      return wildMs;
    });
    expect(run(watch, 120)).toBe(run(undefined, 120));
  });
});
