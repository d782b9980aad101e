import { expect, test } from 'vitest';
import { ABILITIES, METEOR, SLASH } from '../../src/game/abilities.ts';
import { findPlace, isInCone, reachOf, shotAngle } from '../../src/game/aim.ts';
import { buildFieldMap } from '../../src/game/map.ts';
import { addPlayer, createArena, face } from './arena.ts';

const UNITS_PER_MM = 128;

test('the cone is around facing, as wide as the ability says; what is very near is always in it', () => {
  const arena = createArena();
  const slot = addPlayer(arena, 0, 0);
  const slash = ABILITIES[SLASH]!;
  for (let facing = 0; facing < 65_536; facing += 4093) {
    face(arena, slot, facing);
    for (let way = -32_000; way <= 32_000; way += 500) {
      if (Math.abs(Math.abs(way) - slash.coneTurn) < 40) continue;
      const turn = ((facing + way) / 65_536) * 2 * Math.PI;
      const [dx, dz] = [Math.cos(turn), Math.sin(turn)].map((part) => Math.round(part * 2500 * UNITS_PER_MM));
      expect(isInCone(arena.sim, slot, slash, dx!, dz!)).toBe(Math.abs(way) < slash.coneTurn);
      expect(isInCone(arena.sim, slot, slash, Math.trunc(dx! / 5), Math.trunc(dz! / 5))).toBe(true);
    }
  }
});

test('a shot goes along aim, or along facing while that is more than an eighth of a turn behind', () => {
  const arena = createArena();
  const slot = addPlayer(arena, 0, 0);
  face(arena, slot, 65_000);
  arena.columns.aim[slot] = 7000;
  expect(shotAngle(arena.sim, slot)).toBe(7000);
  arena.columns.aim[slot] = 8000;
  expect(shotAngle(arena.sim, slot)).toBe(65_000);
});

test('an area is to be so far along aim, within the field', () => {
  const arena = createArena(buildFieldMap([], 20_000));
  const slot = addPlayer(arena, 1000, 2000);
  const place = { x: 0, z: 0 };
  arena.columns.reach[slot] = 1500;
  arena.columns.aim[slot] = 16_384;
  findPlace(arena.sim, slot, place);
  expect([place.x, place.z]).toEqual([1000 * UNITS_PER_MM, 17_000 * UNITS_PER_MM]);
  expect(reachOf(arena.sim, slot)).toBeLessThan(ABILITIES[METEOR]!.rangeMm * UNITS_PER_MM);
  arena.columns.reach[slot] = 5000;
  findPlace(arena.sim, slot, place);
  expect(place.z).toBe(20_000 * UNITS_PER_MM);
});
