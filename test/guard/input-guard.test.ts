import { describe, expect, test } from 'vitest';
import { SCORED } from '../../src/guard/score.ts';
import { count, createTestZone, input, join, run, slotOf, type TestZone } from '../zone/harness.ts';

// The guard is judged through the zone: what a rule moves, and that an honest player moves none of them.

const RULES = ['guardMove', 'guardFacing', 'guardBounds', 'guardSpeed', 'guardPosition'] as const;

function start(): TestZone {
  const zone = createTestZone();
  join(zone, 0);
  run(zone);
  return zone;
}

function positionMm(zone: TestZone): [number, number, number] {
  const { positionX, positionY, positionZ } = zone.zone.world.columns;
  const slot = slotOf(zone, 0);
  return [positionX[slot]! >> 7, positionY[slot]! >> 7, positionZ[slot]! >> 7];
}

test('an honest player who walks, turns and claims where it is moves no rule', () => {
  const zone = start();
  for (let tick = 0; tick < 600; tick++) {
    const claim = tick % 6 === 0 ? { claim: positionMm(zone) } : {};
    const moveX = tick % 200 < 100 ? 90 : -90;
    input(zone, 0, { moveX, moveZ: 90, aim: (tick * 2000) & 0xffff, ...claim });
    run(zone);
  }
  expect(RULES.map((rule) => count(zone, rule))).toEqual([0, 0, 0, 0, 0]);
  expect(count(zone, 'inputs')).toBe(600);
});

describe('each rule', () => {
  test('move_length: a move longer than 127 is shortened to it, its direction kept', () => {
    const zone = start();
    input(zone, 0, { moveX: 127, moveZ: -127 });
    run(zone);
    const { moveX, moveZ } = zone.zone.world.columns;
    const slot = slotOf(zone, 0);
    expect([moveX[slot], moveZ[slot]]).toEqual([90, -90]);
    expect(count(zone, 'guardMove')).toBe(1);
  });

  test('facing_rate: an aim that jumps is counted, over lost inputs it has more time', () => {
    const zone = start();
    input(zone, 0, { aim: 0 });
    run(zone);
    input(zone, 0, { aim: 20_000 });
    run(zone);
    expect(count(zone, 'guardFacing')).toBe(1);
    run(zone, 10);
    input(zone, 0, { aim: 40_000 });
    run(zone);
    expect(count(zone, 'guardFacing')).toBe(1);
  });

  test('facing_rate: an aim that mostly jumps for five seconds is scored, one that jumps at every shot is not', () => {
    for (const [jumpsOf10, points] of [
      [6, SCORED.facing_rate.points],
      [3, 0],
    ] as const) {
      const zone = start();
      let aim = 0;
      for (let tick = 0; tick <= 300; tick++) {
        if (tick % 10 < jumpsOf10) aim += 30_000;
        input(zone, 0, { aim: aim & 0xffff });
        run(zone);
      }
      const { suspicion } = zone.zone.guard;
      expect([suspicion.points[slotOf(zone, 0)], suspicion.proof[slotOf(zone, 0)]]).toEqual([points, 0]);
    }
  });

  test('bounds: a claim outside the world is counted and not compared', () => {
    const zone = start();
    input(zone, 0, { claim: [100_001, 0, 0] });
    run(zone);
    expect([count(zone, 'guardBounds'), count(zone, 'guardPosition')]).toEqual([1, 0]);
  });

  test('position: a claim away from where the zone has the player is counted, and the player stays where it is', () => {
    const zone = start();
    input(zone, 0, { claim: [30_000, 0, 0] });
    run(zone);
    expect(count(zone, 'guardPosition')).toBe(1);
    expect(positionMm(zone)).toEqual([0, 0, 0]);
  });

  test('speed: claims further apart than the game’s speed allows are counted', () => {
    const zone = start();
    for (let tick = 0; tick <= 120; tick++) {
      if (tick % 6 === 0) input(zone, 0, { claim: [tick * 300, 0, 0] });
      else input(zone, 0, {});
      run(zone);
    }
    expect(count(zone, 'guardSpeed')).toBeGreaterThanOrEqual(2);
    expect(positionMm(zone)).toEqual([0, 0, 0]);
  });
});

test('what is known of a player does not stick to the next one in its slot', () => {
  const zone = start();
  input(zone, 0, { aim: 0, claim: [0, 0, 0] });
  run(zone);
  join(zone, 1, { playerId: 1000 });
  run(zone);
  input(zone, 1, { aim: 32_000 });
  run(zone);
  expect(count(zone, 'guardFacing')).toBe(0);
});
