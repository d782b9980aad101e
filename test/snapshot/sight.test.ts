import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSight, isInSight, type Sight } from '../../src/snapshot/sight.ts';
import { enterView, findEntry, SEEN, startEntry, startLeaving, type Viewer } from '../../src/snapshot/viewer.ts';
import { createLoneViewer, entryOf } from './viewer-entries.ts';

const OTHER = 5;

/** A wall along z = 0 for x below 0: it hides whoever is on the other side. */
function wall(fromX: number, fromZ: number, toX: number, toZ: number): boolean {
  return fromX < 0 && toX < 0 && fromZ < 0 !== toZ < 0;
}

interface Scene {
  readonly sight: Sight;
  readonly viewer: Viewer;
}

function createScene(): Scene {
  return { sight: createSight(wall), viewer: createLoneViewer(8, 0, 1) };
}

function isSame(viewer: Viewer, generation: number): boolean {
  const entry = entryOf(viewer, OTHER);
  return entry?.state === SEEN && entry.generation === generation;
}

/** Looks from (x, 10) at somebody at (x, −10), and notes who is seen, as interest does. */
function look({ sight, viewer }: Scene, tick: number, x: number, generation = 1): boolean {
  const index = findEntry(viewer, OTHER);
  const sees = isInSight(sight, viewer, index, generation, x, 10, x, -10);
  viewer.frameTick = tick;
  if (sees && index < 0) enterView(viewer, OTHER, generation);
  else if (sees && !isSame(viewer, generation)) startEntry(viewer, index, generation);
  else if (!sees && index >= 0) startLeaving(viewer, index);
  return sees;
}

test('what the wall hides is hidden, the same both ways round', () => {
  const point = fc.integer({ min: -5000, max: 5000 });
  fc.assert(
    fc.property(point, point, point, point, (xA, zA, xB, zB) => {
      const there = isInSight(createSight(wall), createLoneViewer(8, 0, 1), -1, 1, xA, zA, xB, zB);
      const back = isInSight(createSight(wall), createLoneViewer(8, 0, 1), -1, 1, xB, zB, xA, zA);
      expect([there, back]).toEqual([!wall(xA, zA, xB, zB), !wall(xA, zA, xB, zB)]);
    }),
  );
});

test('who steps behind the wall is lost at the second look that finds it so, who comes out is seen at once', () => {
  const scene = createScene();
  expect(look(scene, 1, 10)).toBe(true);
  expect(look(scene, 13, -10)).toBe(true);
  expect(look(scene, 25, -10)).toBe(false);
  expect(look(scene, 37, 10)).toBe(true);
  // A corner that hides every other look hides nobody.
  for (let count = 0; count < 20; count++) expect(look(scene, 49 + count * 12, count % 2 === 0 ? -10 : 10)).toBe(true);
});

test('a slot that somebody else has now is hidden at once', () => {
  const scene = createScene();
  expect(look(scene, 1, 10)).toBe(true);
  expect(look(scene, 2, -10, 2)).toBe(false);
  expect(look(scene, 3, 10, 2)).toBe(true);
});
