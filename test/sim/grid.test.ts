import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRows, ENGINE_COLUMNS, POSITION_SHIFT } from '../../src/sim/columns.ts';
import { bucketOf, buildGrid, createGrid, type Grid } from '../../src/sim/grid.ts';
import { createHistory, type History, historyBytes, publishFrame, resetHistory } from '../../src/sim/history.ts';
import { advanceTick, createWorld, despawnEntity, resetWorld, spawnEntity, type World } from '../../src/sim/world.ts';

interface Point {
  readonly x: number;
  readonly z: number;
}

function publishPoints(points: readonly Point[], gaps: readonly number[]): { world: World; history: History } {
  const capacity = points.length + 3;
  const world = createWorld(ENGINE_COLUMNS, capacity);
  resetWorld(world, 1);
  for (const point of points) {
    const slot = spawnEntity(world, 1);
    world.columns.positionX[slot] = point.x << POSITION_SHIFT;
    world.columns.positionZ[slot] = point.z << POSITION_SHIFT;
  }
  for (const slot of new Set(gaps.map((gap) => gap % points.length))) despawnEntity(world, slot);
  const rows = createRows(ENGINE_COLUMNS);
  const history = createHistory(rows, capacity, new ArrayBuffer(historyBytes(rows, capacity)));
  resetHistory(history, 1);
  advanceTick(world);
  publishFrame(history, world);
  return { world, history };
}

/** Slots within `radiusMm`, by the 3 × 3 cells around the point. */
function query(grid: Grid, { x, z }: Point, radiusMm: number): number[] {
  const found = new Set<number>();
  const cellX = Math.floor(x / grid.cellMm);
  const cellZ = Math.floor(z / grid.cellMm);
  for (let row = cellZ - 1; row <= cellZ + 1; row++) {
    for (let column = cellX - 1; column <= cellX + 1; column++) {
      const bucket = bucketOf(grid, column, row);
      for (let place = grid.starts[bucket]!; place < grid.starts[bucket + 1]!; place++) {
        const dx = grid.x[place]! - x;
        const dz = grid.z[place]! - z;
        if (dx * dx + dz * dz <= radiusMm * radiusMm) found.add(grid.slots[place]!);
      }
    }
  }
  return [...found].sort((a, b) => a - b);
}

function bruteForce(world: World, { x, z }: Point, radiusMm: number): number[] {
  const found: number[] = [];
  for (let slot = 0; slot < world.capacity; slot++) {
    if (world.columns.kind[slot] === 0) continue;
    const dx = (world.columns.positionX[slot]! >> POSITION_SHIFT) - x;
    const dz = (world.columns.positionZ[slot]! >> POSITION_SHIFT) - z;
    if (dx * dx + dz * dz <= radiusMm * radiusMm) found.push(slot);
  }
  return found;
}

test.each([
  ['a crowd', 3_000],
  ['the whole world', 10_000_000],
])('a query finds what brute force finds: %s', (_, halfMm) => {
  const coordinate = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -halfMm, max: halfMm }) },
    { weight: 1, arbitrary: fc.constantFrom(-halfMm, halfMm, 0, -1) },
  );
  const point = fc.record({ x: coordinate, z: coordinate });
  fc.assert(
    fc.property(
      fc.array(point, { minLength: 1, maxLength: 120 }),
      fc.array(fc.nat(), { maxLength: 10 }),
      fc.integer({ min: 1, max: 700_000 }),
      fc.array(point, { minLength: 1, maxLength: 5 }),
      (points, gaps, cellMm, from) => {
        const { world, history } = publishPoints(points, gaps);
        const grid = createGrid(history, cellMm);
        buildGrid(grid, history, 1);
        buildGrid(grid, history, 1);
        expect(grid.starts[grid.bucketMask + 1]).toBe(world.words[2]);
        for (const at of [...from, points[0]!]) expect(query(grid, at, cellMm)).toEqual(bruteForce(world, at, cellMm));
      },
    ),
    { numRuns: 60 },
  );
});
