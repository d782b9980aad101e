import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { LOOT } from '../../src/game/kinds.ts';
import { findNear, found, indexFighters } from '../../src/game/nearby.ts';
import { addPlayer, createArena, put } from './arena.ts';

test('who is near is who is alive, fights, and is no further than asked', () => {
  const arena = createArena(undefined, 200);
  const random = createRandom(11);
  for (let player = 0; player < 150; player++) addPlayer(arena, 0, 0);
  arena.columns.kind[7] = LOOT;
  for (let round = 0; round < 40; round++) {
    const spread = 1000 + random.below(200_000);
    for (let slot = 0; slot < 150; slot++) {
      put(arena, slot, random.below(2 * spread) - spread, random.below(2 * spread) - spread);
      arena.columns.health[slot] = random.below(5) === 0 ? 0 : 50;
    }
    indexFighters(arena.sim);
    const x = (random.below(2 * spread) - spread) * 128;
    const z = (random.below(2 * spread) - spread) * 128;
    const radius = random.below(60_000) * 128;
    const wanted: number[] = [];
    for (let slot = 0; slot < 150; slot++) {
      const dx = arena.columns.positionX[slot]! - x;
      const dz = arena.columns.positionZ[slot]! - z;
      if (slot !== 7 && arena.columns.health[slot]! > 0 && dx * dx + dz * dz <= radius * radius) wanted.push(slot);
    }
    const count = findNear(arena.sim, x, z, radius);
    expect([...found.subarray(0, count)].sort((a, b) => a - b)).toEqual(wanted);
  }
});
