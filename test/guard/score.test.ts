import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCounters } from '../../src/base/counters.ts';
import {
  SUSPICION_CLOSE,
  SUSPICION_LEAK_TICKS,
  SUSPICION_TELL,
  TICK_HZ,
  TIME_WARP_TICKS,
} from '../../src/base/limits.ts';
import { addPoints, createSuspicion, forgetSuspicion, SCORED, takeVerdict } from '../../src/guard/score.ts';
import { worldTick } from '../../src/sim/world.ts';
import {
  count,
  createTestZone,
  input,
  join,
  leave,
  receive,
  run,
  slotOf,
  type TestInput,
  type TestZone,
} from '../zone/harness.ts';

function start(): TestZone {
  const zone = createTestZone();
  join(zone, 0);
  run(zone);
  receive(zone);
  return zone;
}

test('points are forgotten with time, and told once each time they pass the mark', () => {
  const counters = createCounters('zone');
  const suspicion = createSuspicion(2, counters);
  const told = (): number => counters.words[counters.index.guardSuspects]!;
  const rule = { points: 30, isProof: false };
  for (let tick = 1; tick <= 3; tick++) addPoints(suspicion, 1, rule, tick);
  expect([suspicion.points[1], suspicion.points[0], told()]).toEqual([90, 0, 0]);
  addPoints(suspicion, 1, rule, 4);
  expect([suspicion.points[1], told()]).toEqual([120, 1]);
  addPoints(suspicion, 1, rule, 5);
  expect(told()).toBe(1);
  addPoints(suspicion, 1, { points: 1, isProof: false }, 5 + 100 * SUSPICION_LEAK_TICKS);
  expect(suspicion.points[1]).toBe(150 - 100 + 1);
  addPoints(suspicion, 1, { points: SUSPICION_TELL, isProof: false }, 5 + 100 * SUSPICION_LEAK_TICKS);
  expect(told()).toBe(2);
  forgetSuspicion(suspicion, 1);
  expect(suspicion.points[1]).toBe(0);
});

test('only proof closes, once, and half of it stays', () => {
  const counters = createCounters('zone');
  const suspicion = createSuspicion(1, counters);
  addPoints(suspicion, 0, { points: 100 * SUSPICION_CLOSE, isProof: false }, 1);
  expect(takeVerdict(suspicion, 0)).toBe(false);
  addPoints(suspicion, 0, { points: SUSPICION_CLOSE, isProof: true }, 1);
  expect([takeVerdict(suspicion, 0), takeVerdict(suspicion, 0)]).toEqual([true, false]);
  expect([suspicion.proof[0], counters.words[counters.index.guardClosed]]).toEqual([SUSPICION_CLOSE / 2, 1]);
});

test('time_warp: inputs no line explains are counted and scored, early ones are not', () => {
  const zone = start();
  const next = worldTick(zone.zone.world) + 1;
  input(zone, 0, { tick: next + 33 });
  input(zone, 0, { tick: next + TIME_WARP_TICKS });
  run(zone);
  expect([count(zone, 'dropEarly'), count(zone, 'guardTimeWarp')]).toEqual([2, 0]);
  input(zone, 0, { tick: next + TIME_WARP_TICKS + 2 });
  input(zone, 0, { tick: 0x7fff_ffff });
  run(zone);
  input(zone, 0, { tick: 0x7fff_ffff });
  run(zone);
  expect([count(zone, 'dropEarly'), count(zone, 'guardTimeWarp')]).toEqual([5, 3]);
  // Once a tick.
  expect(zone.zone.guard.suspicion.proof[slotOf(zone, 0)]).toBe(2 * SCORED.time_warp.points);
});

test('time_warp: who is ahead by the ticks that the zone left out has not warped', () => {
  const zone = start();
  const { words, index } = zone.zone.counters;
  words[index.dilatedTicks] = 1_000;
  words[index.missedTicks] = 200;
  const next = worldTick(zone.zone.world) + 1;
  input(zone, 0, { tick: next + TIME_WARP_TICKS + 1_200 });
  run(zone);
  expect([count(zone, 'dropEarly'), count(zone, 'guardTimeWarp')]).toEqual([1, 0]);
  input(zone, 0, { tick: next + TIME_WARP_TICKS + 1_202 });
  run(zone);
  expect([count(zone, 'dropEarly'), count(zone, 'guardTimeWarp')]).toEqual([2, 1]);
});

test('who sends nothing but what cannot be is closed with cheating; its entity lingers once the edge has closed', () => {
  const zone = start();
  const slot = slotOf(zone, 0);
  const needed = Math.ceil(SUSPICION_CLOSE / SCORED.bounds.points);
  let closedAt = -1;
  for (let tick = 1; tick <= needed + TICK_HZ && closedAt < 0; tick++) {
    input(zone, 0, { claim: [200_000, 0, 0] });
    run(zone);
    if (receive(zone).some(({ kind, reason }) => kind === 'left' && reason === 'cheating')) closedAt = tick;
  }
  expect(closedAt).toBeGreaterThanOrEqual(needed);
  expect([count(zone, 'guardClosed'), count(zone, 'guardSuspects')]).toEqual([1, 1]);
  // The zone itself waits for the edge: only the stream changes it.
  expect(slotOf(zone, 0)).toBe(slot);
  leave(zone, 0);
  run(zone);
  expect(slotOf(zone, 0)).toBe(-1);
  // It comes back with half of it on its account.
  join(zone, 1, { playerId: 1000 });
  run(zone);
  expect(zone.zone.guard.suspicion.proof[slot]).toBe(SUSPICION_CLOSE / 2);
});

/** What a line does to one packet: lost, or this many ticks late, and how often it comes. */
const packet = fc.record({
  isLost: fc.boolean(),
  delayTicks: fc.oneof({ weight: 3, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.nat(120) }),
  copies: fc.integer({ min: 1, max: 3 }),
  moveX: fc.constantFrom(-127, -90, 0, 90, 127),
  moveZ: fc.constantFrom(-90, 0, 90),
  // Most of the time nobody looks elsewhere.
  aim: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(65_535) }),
});

test('honest inputs under any loss, delay, jitter, reordering and repetition never score', () => {
  fc.assert(
    fc.property(
      fc.array(packet, { minLength: 50, maxLength: 350 }),
      fc.integer({ min: -20, max: 40 }),
      (line, lead) => {
        const zone = start();
        const arrivals = new Map<number, TestInput[]>();
        const begin = worldTick(zone.zone.world) + 1;
        // Where the client believes it is, by the game's own step; a correction comes now and then.
        let x = 0;
        let z = 0;
        for (let step = 0; step < line.length; step++) {
          const { isLost, delayTicks, copies, moveX: wishedX, moveZ, aim } = line[step]!;
          const moveX = moveZ === 0 ? wishedX : Math.sign(wishedX) * 89;
          const values = {
            tick: begin + step + lead,
            moveX,
            moveZ: Math.sign(moveZ) * 89,
            aim,
            claim: [x >> 7, 0, z >> 7],
          };
          x += Math.trunc((moveX * 12_800) / 127);
          z += Math.trunc((values.moveZ * 12_800) / 127);
          if (step % 20 === 19) {
            const { positionX, positionZ } = zone.zone.world.columns;
            x = positionX[slotOf(zone, 0)]!;
            z = positionZ[slotOf(zone, 0)]!;
          }
          for (let copy = 0; copy < (isLost ? 0 : copies); copy++) {
            const at = step + delayTicks + copy;
            arrivals.set(at, [
              ...(arrivals.get(at) ?? []),
              { ...values, claim: values.claim as [number, number, number] },
            ]);
          }
          for (const arrived of arrivals.get(step) ?? []) input(zone, 0, arrived);
          run(zone);
        }
        const { points, proof } = zone.zone.guard.suspicion;
        expect([points[slotOf(zone, 0)], proof[slotOf(zone, 0)]]).toEqual([0, 0]);
        expect(count(zone, 'inputs') + count(zone, 'dropStale') + count(zone, 'dropEarly')).toBeGreaterThanOrEqual(0);
      },
    ),
    { numRuns: 60 },
  );
});
