import { expect, test } from 'vitest';
import { createZoneBuffers, NAME_BYTES } from '../../src/zone/buffers.ts';
import { createZone } from '../../src/zone/zone.ts';
import { testGame } from './harness.ts';

test('an odd capacity and several edges give a zone that starts', () => {
  const buffers = createZoneBuffers(testGame, 3, 17);
  expect([buffers.inputRings.length, buffers.outputRings.length, buffers.edgeCounters.length]).toEqual([3, 3, 3]);
  expect(buffers.names.byteLength).toBe(17 * NAME_BYTES);
  expect(() => createZone({ game: testGame, seed: 1, epoch: 1, buffers, resume: false })).not.toThrow();
});

test('buffers cross threads: they are shared, not copied', () => {
  const buffers = createZoneBuffers(testGame, 1, 16);
  const copy = structuredClone(buffers);
  new Int32Array(copy.history)[0] = 42;
  expect(new Int32Array(buffers.history)[0]).toBe(42);
});
