import { expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import { LOOT, PLAYER, WOLF } from '../../../src/game/kinds.ts';
import {
  createCrowd,
  findSighting,
  noteSeen,
  sightingOf,
  sightingsNear,
  updateCrowd,
} from '../../../tools/swarm/crowd.ts';
import type { Seen } from '../../../tools/swarm/fighter.ts';

const REACH_MM = 30_000;
const SEED = Number(process.env.SEED ?? 1918);

function seen(handle: number, x: number, z: number, kind = WOLF): Seen {
  return { handle, kind, name: '', x, z, health: 10, party: 0, isShielded: false };
}

test('whoever is within reach is found, and nobody twice, wherever one stands', () => {
  console.log(`SEED=${SEED}`);
  const random = createRandom(SEED);
  const crowd = createCrowd(true);
  const all = Array.from({ length: 400 }, (_, index) => {
    return seen(index + 1, (random.fraction() - 0.5) * 400_000, (random.fraction() - 0.5) * 400_000);
  });
  for (const one of all) noteSeen(crowd, one);
  updateCrowd(crowd, 1);
  for (const { handle, x, z } of all) {
    const found = sightingsNear(crowd, handle, x, z).map((other) => other.handle);
    const near = all.filter((other) => other.handle !== handle && Math.hypot(other.x - x, other.z - z) < REACH_MM);
    expect(found).toEqual(expect.arrayContaining(near.map((other) => other.handle)));
    expect(new Set(found).size).toBe(found.length);
    expect(found).not.toContain(handle);
  }
});

test('who is not noted any more is gone after a second; who is no fighter was never there', () => {
  const crowd = createCrowd(true);
  noteSeen(crowd, seen(7, 0, 0));
  noteSeen(crowd, seen(8, 0, 0, LOOT));
  updateCrowd(crowd, 900);
  expect([findSighting(crowd, 7)?.handle, findSighting(crowd, 8)]).toEqual([7, undefined]);
  updateCrowd(crowd, 1200);
  expect(findSighting(crowd, 7)).toBeUndefined();
  expect(sightingsNear(crowd, 1, 0, 0)).toEqual([]);
});

test('of a bot here its own word counts', () => {
  const crowd = createCrowd(true);
  Object.assign(sightingOf(crowd, 7), { isOwn: true, x: 1000, health: 55 });
  noteSeen(crowd, seen(7, 2000, 0, PLAYER));
  expect(findSighting(crowd, 7)).toMatchObject({ x: 1000, health: 55 });
});
