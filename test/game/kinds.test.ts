import { expect, test } from 'vitest';
import { ABILITIES, INTEREST_RADIUS_MM } from '../../src/game/abilities.ts';
import { ARCHER, creatureOf, FIGHTER_LAST, FIGHTERS, KINDS, TROLL, WOLF } from '../../src/game/kinds.ts';

test('fighters come first, each with health, a size and a speed', () => {
  expect(Object.values(KINDS)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(FIGHTERS.length).toBe(FIGHTER_LAST + 1);
  for (const { healthMax, radiusMm, walkCmPerS, sprintCmPerS } of FIGHTERS) {
    expect(Math.min(healthMax, radiusMm, walkCmPerS)).toBeGreaterThan(0);
    expect(sprintCmPerS).toBeGreaterThan(walkCmPerS);
    // What rules search around a point reckons with no wider and no faster ones.
    expect(radiusMm).toBeLessThanOrEqual(800);
    expect(sprintCmPerS).toBeLessThanOrEqual(750);
  }
});

test('a creature gets as near as its ability reaches, and can be outrun by sprinting', () => {
  for (const kind of [WOLF, ARCHER, TROLL]) {
    const { ability, stopMm, noticeMm, sprintCmPerS } = creatureOf(kind);
    expect(stopMm + 400).toBeLessThan(ABILITIES[ability]!.rangeMm);
    expect(noticeMm).toBeLessThan(INTEREST_RADIUS_MM);
    expect(sprintCmPerS).toBeLessThan(FIGHTERS[1]!.sprintCmPerS);
  }
});
