import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ABILITIES, BOLT } from '../../src/game/abilities.ts';
import { FIGHTERS, PLAYER, PROJECTILE, TROLL } from '../../src/game/kinds.ts';
import { buildFieldMap } from '../../src/game/map.ts';
import { stepOf } from '../../src/game/movement.ts';
import { launch, PICTURE_AGE_TICKS } from '../../src/game/projectiles.ts';
import { angleOf } from '../../src/sim/game.ts';
import { type Arena, addPlayer, createArena, face, press, put, step } from './arena.ts';

const bolt = ABILITIES[BOLT]!;
const UNITS_PER_MM = 128;
const stepMm = stepOf(bolt.speedCmPerS) / UNITS_PER_MM;

function shotIn(arena: Arena): number {
  return arena.columns.kind.indexOf(PROJECTILE);
}

function shoot(arena: Arena, slot: number, angle: number): void {
  face(arena, slot, angle);
  press(arena, slot, BOLT);
  step(arena, bolt.castTicks);
}

test('flies straight at its speed, hits the first enemy on its way for its amount, and is gone', () => {
  const arena = createArena();
  const { columns } = arena;
  const slot = addPlayer(arena, 0, 0);
  const near = addPlayer(arena, 15_000, 300);
  const far = addPlayer(arena, 16_000, 0);
  const friend = addPlayer(arena, 5000, 0);
  columns.party[slot] = 9;
  columns.party[friend] = 9;
  shoot(arena, slot, 0);
  const shot = shotIn(arena);
  expect([columns.velocityX[shot], columns.velocityZ[shot], columns.castAbility[shot]]).toEqual([3000, 0, BOLT]);
  expect(columns.positionX[shot]).toBe((PICTURE_AGE_TICKS + 1) * stepOf(3000));
  let ticks = 0;
  for (; shotIn(arena) >= 0; ticks++) step(arena);
  expect(ticks).toBe(Math.floor((15_000 - 550) / stepMm) - PICTURE_AGE_TICKS);
  expect([near, far, friend, slot].map((each) => columns.health[each])).toEqual([100 - bolt.amount, 100, 100, 100]);
});

test('ends at its range, at a tall box, at the edge of the field; low boxes it passes', () => {
  const map = buildFieldMap([5000, -1000, 6000, 1000, 20_000, -1000, 21_000, 1000], 50_000, [0, 1]);
  const arena = createArena(map);
  const { columns } = arena;
  const slot = addPlayer(arena, 0, 0);
  const hidden = addPlayer(arena, 21_450, 0);
  shoot(arena, slot, 0);
  let reached = 0;
  while (shotIn(arena) >= 0) {
    reached = columns.positionX[shotIn(arena)]! / UNITS_PER_MM;
    step(arena);
  }
  expect(Math.abs(reached - 20_000)).toBeLessThan(stepMm + 1);
  expect(columns.health[hidden]).toBe(100);
  columns.readyTick2[slot] = 0;
  shoot(arena, slot, 16_384);
  while (shotIn(arena) >= 0) {
    reached = columns.positionZ[shotIn(arena)]! / UNITS_PER_MM;
    step(arena);
  }
  expect(Math.abs(reached - bolt.rangeMm)).toBeLessThan(stepMm + 1);
  columns.readyTick2[slot] = 0;
  put(arena, slot, -40_000, 0);
  shoot(arena, slot, 32_768);
  step(arena, 40);
  expect(shotIn(arena)).toBe(-1);
});

test('flies along facing while aim is far ahead of it', () => {
  const arena = createArena();
  const slot = addPlayer(arena, 0, 0);
  press(arena, slot, BOLT);
  step(arena, bolt.castTicks - 1);
  arena.columns.aim[slot] = 30_000;
  step(arena);
  expect(arena.columns.facing[shotIn(arena)]).toBe(arena.columns.facing[slot]);
});

test('never passes through anybody, whatever its way and wherever they stand', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 65_535 }),
      fc.integer({ min: 1500, max: 30_000 }),
      fc.integer({ min: -900, max: 900 }),
      fc.integer({ min: -20_000, max: 20_000 }),
      fc.boolean(),
      (angle, distance, beside, start, isPlayer) => {
        const arena = createArena();
        const { columns, sim } = arena;
        const slot = addPlayer(arena, start, -start);
        const turn = (angle / 65_536) * 2 * Math.PI;
        const x = start + Math.round(distance * Math.cos(turn) - beside * Math.sin(turn));
        const z = -start + Math.round(distance * Math.sin(turn) + beside * Math.cos(turn));
        const target = addPlayer(arena, x, z);
        step(arena, 16);
        if (!isPlayer) columns.client[slot] = 0;
        launch(sim, slot, bolt, angle);
        step(arena, 80);
        const reach = bolt.radiusMm + FIGHTERS[PLAYER]!.radiusMm;
        // A twentieth of a degree over 30 m, and what was rounded to mm.
        if (Math.abs(Math.abs(beside) - reach) < 8) return;
        expect(columns.health[target]).toBe(Math.abs(beside) < reach ? 100 - bolt.amount : 100);
      },
    ),
    { numRuns: 300 },
  );
});

describe('lag compensation', () => {
  /**
   * The shooter leads from where it saw its strafing target, so many ticks ago, by the flight and so many ticks more.
   * Whatever age it claims.
   */
  function shootStrafing(ageTicks: number, distanceMm: number, moreTicks: number, claimed: number): boolean {
    const arena = createArena();
    const { columns, sim } = arena;
    const slot = addPlayer(arena, 0, 0);
    const target = addPlayer(arena, distanceMm, -6000);
    columns.moveZ[target] = 127;
    const path: number[] = [];
    for (let tick = 0; tick < 60; tick++) {
      step(arena);
      path.push(columns.positionZ[target]! / UNITS_PER_MM);
    }
    const seen = path[path.length - Math.max(1, ageTicks)]!;
    const perTick = path[1]! - path[0]!;
    let flight = 0;
    const at = (): number => seen + (flight + moreTicks) * perTick;
    for (let round = 0; round < 20; round++) flight = Math.hypot(distanceMm, at()) / stepMm;
    arena.rewind.set(slot, claimed);
    launch(sim, slot, bolt, angleOf(distanceMm, Math.round(at())));
    step(arena, 80);
    return columns.health[target]! < 100;
  }

  test('a lead by the flight hits whom one sees as on a good line; on a longer one, with the difference added', () => {
    for (const ageTicks of [PICTURE_AGE_TICKS, 15, 24]) {
      for (const distanceMm of [3000, 8000, 15_000, 25_000]) {
        const more = ageTicks - PICTURE_AGE_TICKS;
        expect(shootStrafing(ageTicks, distanceMm, more, 15), `${ageTicks} ticks, ${distanceMm} mm`).toBe(true);
      }
    }
    expect(shootStrafing(PICTURE_AGE_TICKS + 12, 15_000, 0, 15)).toBe(false);
  });

  test('the age that is claimed decides nothing', () => {
    for (let claimed = 0; claimed <= 15; claimed++) {
      expect(shootStrafing(PICTURE_AGE_TICKS, 15_000, 0, claimed)).toBe(true);
      expect(shootStrafing(PICTURE_AGE_TICKS, 15_000, -12, claimed)).toBe(false);
    }
  });

  test('after its past it is in the present: who steps aside in time is not hit, who steps into it is', () => {
    const arena = createArena();
    const { columns, sim } = arena;
    const slot = addPlayer(arena, 0, 0);
    const dodges = addPlayer(arena, 15_000, 0);
    const enters = addPlayer(arena, 18_000, 5000);
    step(arena, 20);
    launch(sim, slot, bolt, 0);
    const shot = shotIn(arena);
    expect(columns.positionX[shot]).toBe(PICTURE_AGE_TICKS * stepOf(bolt.speedCmPerS));
    put(arena, dodges, 15_000, 3000);
    put(arena, enters, 18_000, 0);
    step(arena, 60);
    expect([columns.health[dodges], columns.health[enters]]).toEqual([100, 100 - bolt.amount]);
  });

  test('who stood in the way where the shooter saw it is hit at once, though it has moved on', () => {
    const arena = createArena();
    const { columns, sim } = arena;
    const slot = addPlayer(arena, 0, 0);
    const target = addPlayer(arena, 3000, 0);
    step(arena, 20);
    put(arena, target, 3000, 2000);
    launch(sim, slot, bolt, 0);
    step(arena);
    expect(columns.health[target]).toBe(100 - bolt.amount);
    expect(shotIn(arena)).toBe(-1);
  });
});

test('a shot of somebody who is gone still hits, for nobody’s count; creatures’ shots spare creatures', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const slot = addPlayer(arena, 0, 0);
  const target = addPlayer(arena, 12_000, 0);
  columns.health[target] = 10;
  launch(sim, slot, bolt, 0);
  sim.despawn(slot);
  step(arena, 40);
  expect([columns.health[target], columns.deaths[target]]).toEqual([0, 1]);
  const archer = sim.spawn(TROLL);
  const other = sim.spawn(TROLL);
  columns.health[archer] = 100;
  columns.health[other] = 100;
  put(arena, other, 3000, 0);
  launch(sim, archer, bolt, 0);
  step(arena, 20);
  expect(columns.health[other]).toBeGreaterThanOrEqual(100);
});
