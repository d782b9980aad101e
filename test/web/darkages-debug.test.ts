import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import type { Client } from '../../src/client/state.ts';
import { rewindOf, trackRewind } from '../../src/rewind/view-age.ts';
import type { World } from '../../src/sim/world.ts';
import { type Debug, updateDebug } from '../../src/web/darkages-debug.ts';

const SEED = 31;

test(`hits are judged as far back as the server's own rule has it, seed ${SEED}`, () => {
  const random = createRandom(SEED);
  const client = { sync: { tick: 0 }, shownTick: -1 };
  const debug = { client: client as Client, panel: { hidden: false }, isOn: true, rewindTicks: -1, tick: 0 } as Debug;
  const columns = {
    client: new Int32Array([1]),
    inputTick: new Int32Array(1),
    viewAge: new Int32Array(1),
    rewindTicks: new Int32Array(1),
  };
  const world = { columns } as unknown as World;
  const seen = new Set<number>();
  let age = 6;
  for (let tick = 1; tick < 4_000; tick++) {
    if (random.fraction() < 0.01) age = random.fraction() * 24;
    client.sync.tick = tick;
    client.shownTick = Math.max(0, tick - age);
    columns.inputTick[0] = tick;
    columns.viewAge[0] = Math.max(0, Math.min(Math.round(tick - client.shownTick), 255));
    trackRewind(world, 1, tick);
    updateDebug(debug, true);
    expect(Math.round(debug.rewindTicks)).toBe(rewindOf(world, 0));
    seen.add(rewindOf(world, 0));
  }
  expect(seen.size).toBeGreaterThan(10);
  expect(Math.max(...seen)).toBe(15);
});

test('another connection begins anew', () => {
  const debug = { client: { sync: { tick: 9 } }, panel: { hidden: false }, isOn: true, rewindTicks: 4, tick: 8 };
  updateDebug(debug as Debug, false);
  expect(debug.rewindTicks).toBe(-1);
  expect(debug.panel.hidden).toBe(true);
});
