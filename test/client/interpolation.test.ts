import { describe, expect, test } from 'vitest';
import {
  advanceInterpolation,
  createInterpolation,
  type Interpolation,
  mixAngle,
  pictureDelay,
  showEntities,
} from '../../src/client/interpolation.ts';
import { game } from '../../src/game/game.ts';
import { createReplicas, type Replica, type Replicas } from '../../src/snapshot/replicas.ts';
import { quietGame } from '../game/quiet-game.ts';
import type { LineOptions } from '../simulated-network.ts';
import { addClient, createSimulatedServer, hostOf, run } from './simulated-server.ts';

const { rows } = game;
const rowOf = (name: string): number => rows.findIndex((row) => row.name === name);

/** A replica from [tick, x mm, facing] of each state. */
function createReplica(
  replicas: Replicas,
  slot: number,
  states: readonly (readonly [number, number, number])[],
): Replica {
  const values = new Int32Array(states.length * rows.length);
  for (const [index, [, x, facing]] of states.entries()) {
    values[index * rows.length + rowOf('position_x')] = x;
    values[index * rows.length + rowOf('facing')] = facing;
  }
  const ticks = Int32Array.from(states, ([tick]) => tick);
  const replica = {
    slot,
    generation: 1,
    kind: 1,
    name: `p${slot}`,
    ticks,
    values,
    count: states.length,
    baselineTick: -1,
    toldIn: 0,
  };
  replicas.bySlot.set(slot, replica);
  replicas.tick = Math.max(replicas.tick, ticks.at(-1)!);
  return replica;
}

function show(interpolation: Interpolation, replicas: Replicas, tick: number): number | undefined {
  interpolation.tick = tick;
  showEntities(interpolation, replicas, 0, 1000);
  return interpolation.views.get(1)?.x;
}

describe('between states', () => {
  test('an entity is where it was at that time, and not shown before its first', () => {
    const replicas = createReplicas(rows);
    createReplica(replicas, 1, [
      [100, 0, 0],
      [103, 300, 0],
      [106, 900, 0],
    ]);
    const interpolation = createInterpolation(rows);
    expect(show(interpolation, replicas, 99)).toBeUndefined();
    expect(show(interpolation, replicas, 100)).toBe(0);
    expect(show(interpolation, replicas, 101.5)).toBeCloseTo(150, 6);
    expect(show(interpolation, replicas, 103)).toBe(300);
    expect(show(interpolation, replicas, 104.5)).toBeCloseTo(600, 6);
    expect(show(interpolation, replicas, 106)).toBe(900);
  });

  test('past the newest it goes on as it went, for an eighth of a second', () => {
    const replicas = createReplicas(rows);
    createReplica(replicas, 1, [
      [100, 0, 0],
      [103, 300, 0],
    ]);
    const interpolation = createInterpolation(rows);
    expect(show(interpolation, replicas, 105)).toBeCloseTo(500, 6);
    expect(show(interpolation, replicas, 140)).toBeCloseTo(1100, 6);
    expect(interpolation.views.get(1)!.isExtrapolated).toBe(true);
  });

  test('one that newer snapshots did not mention has stood still since', () => {
    const replicas = createReplicas(rows);
    createReplica(replicas, 1, [
      [100, 0, 0],
      [103, 300, 0],
    ]);
    replicas.tick = 109;
    expect(show(createInterpolation(rows), replicas, 108)).toBe(300);
  });

  test('what was moved far is not seen in between', () => {
    const replicas = createReplicas(rows);
    createReplica(replicas, 1, [
      [100, 0, 0],
      [103, 50_000, 0],
    ]);
    const interpolation = createInterpolation(rows);
    expect(show(interpolation, replicas, 102.9)).toBe(0);
    expect(show(interpolation, replicas, 103)).toBe(50_000);
    expect(show(interpolation, replicas, 105)).toBe(50_000);
  });

  test('turns go the shortest way', () => {
    expect(mixAngle(65_000, 500, 0.5)).toBeCloseTo(65_518, 6);
    expect(mixAngle(500, 65_000, 0.5)).toBeCloseTo(65_518, 6);
    expect(mixAngle(0, 16_384, 0.25)).toBe(4096);
  });

  test('an entity that left, or whose slot another took, is not shown any more; the own never is', () => {
    const replicas = createReplicas(rows);
    createReplica(replicas, 0, [[100, 7, 0]]);
    createReplica(replicas, 1, [[100, 5, 0]]);
    const interpolation = createInterpolation(rows);
    expect(show(interpolation, replicas, 101)).toBe(5);
    expect(interpolation.views.has(0)).toBe(false);
    createReplica(replicas, 1, [[110, 90, 0]]);
    expect(show(interpolation, replicas, 102)).toBeUndefined();
    replicas.bySlot.delete(1);
    expect(show(interpolation, replicas, 120)).toBeUndefined();
  });
});

test('the picture’s time never goes back, whatever arrives', () => {
  const interpolation = createInterpolation(rows);
  let before = -1;
  for (let nowMs = 0; nowMs < 10_000; nowMs += 7) {
    const age = 6 + 5 * Math.sin(nowMs / 900);
    const delay = pictureDelay(age, 1 + Math.sin(nowMs / 200), 3, 12);
    advanceInterpolation(interpolation, nowMs, 1000 / 60, 500 + (nowMs * 60) / 1000 - delay);
    expect(interpolation.tick).toBeGreaterThanOrEqual(before);
    before = interpolation.tick;
  }
});

// The long ways show more: there the picture runs a little ahead of the snapshots, not to be older than what is judged.
const LINES: readonly [string, LineOptions, number][] = [
  ['a quiet line', { kind: 'datagrams', latencyMs: 25, jitterMs: 2, loss: 0 }, 0.02],
  ['200 ms, 30 ms jitter, 5 % loss', { kind: 'datagrams', latencyMs: 100, jitterMs: 30, loss: 0.05 }, 0.15],
  // By seed 0.2 to 0.6: one late message holds up those behind it.
  ['the same as a stream', { kind: 'stream', latencyMs: 100, jitterMs: 30, loss: 0.05 }, 0.3],
];

test.each(LINES)('over %s a walker is seen to walk evenly', (_, line, unevenMax) => {
  const server = createSimulatedServer(quietGame, 11, line);
  const walker = addClient(server, { interpolate: false, repeatInputs: 3 });
  const watcher = addClient(server, { repeatInputs: 3 }, 1000 / 144);
  run(server, 3_000);
  walker.intent.moveX = 127;
  run(server, 1_500);
  let frames = 0;
  let uneven = 0;
  let lastX: number | undefined;
  hostOf(server, watcher).eachFrame = () => {
    const view = watcher.interpolation.views.get(walker.welcome!.slot);
    if (view === undefined) return;
    if (lastX !== undefined) {
      const step = view.x - lastX;
      // Never back, never a leap; 5 m/s is 34.7 mm a frame.
      expect(step).toBeGreaterThan(-1);
      expect(step).toBeLessThan(200);
      frames++;
      if (step < 25 || step > 45) uneven++;
    }
    lastX = view.x;
  };
  run(server, 3_000);
  expect(frames).toBeGreaterThan(400);
  expect(uneven / frames).toBeLessThanOrEqual(unevenMax);
});
