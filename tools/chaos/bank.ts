// A game of promises: players have gold and gems, pay each other in one step, and find gold by walking. For tests, benches
// and `npm run chaos:kill`: what each command does is known beforehand, so that nothing can be lost or doubled unseen.

import { defineGame, type Simulation } from '../../src/sim/game.ts';

const columns = {
  gold: { type: 'u31', seenBy: 'owner', field: 16, saved: true, asset: true },
  gems: { type: 'u31', seenBy: 'owner', field: 17, saved: true, asset: true },
  /** Found by walking: nobody can say beforehand how many. */
  coins: { type: 'u31', seenBy: 'owner', field: 19, saved: true, asset: true },
  steps: { type: 'u31', seenBy: 'owner', field: 18, saved: true },
} as const;

const where = new Int32Array(3);

type Sim = Simulation<typeof columns, number>;

const AMOUNT = { type: 'int', min: 0, max: 0x7fff_ffff } as const;

export const game = defineGame<typeof columns, number>({
  name: 'bank',
  version: 1,
  kinds: { player: 1 },
  columns,
  accounts: ['mint', 'ground'],
  requests: {
    /** Gold against gems, in one. */
    swap: {
      field: 16,
      committed: true,
      fields: { to: { field: 1, ...AMOUNT }, gold: { field: 2, ...AMOUNT }, gems: { field: 3, ...AMOUNT } },
      run(sim, slot, { to, gold, gems }) {
        const other = sim.find(to as number);
        if (other < 0 || other === slot) return 'nobody';
        if (sim.columns.gold[slot]! < (gold as number) || sim.columns.gems[other]! < (gems as number))
          return 'too_poor';
        if ((gold as number) > 0) sim.transfer('gold', gold as number, slot, other);
        if ((gems as number) > 0) sim.transfer('gems', gems as number, other, slot);
        sim.emit('swapped', other, { gold: gold as number });
        return '';
      },
    },
    mint: {
      field: 17,
      committed: true,
      fields: { gold: { field: 1, ...AMOUNT }, gems: { field: 2, ...AMOUNT } },
      run(sim, slot, { gold, gems }) {
        for (const [asset, amount] of [
          ['gold', gold],
          ['gems', gems],
        ] as const) {
          if ((amount as number) > 0) sim.transfer(asset, amount as number, 'mint', slot);
        }
        return '';
      },
    },
  },
  events: {
    swapped: { field: 16, committed: true, fields: { gold: { field: 1, ...AMOUNT } } },
    hello: { field: 17, fields: {} },
  },
  limits: { speedMmPerS: 6000, turnPerS: 131_072, worldHalfMm: 100_000, interestRadiusMm: 30_000 },
  createMap: (seed) => seed,
  systems: [
    {
      name: 'walk',
      run(sim: Sim) {
        const { kind, moveX, positionX, steps } = sim.columns;
        for (let slot = 0; slot < sim.slotCount; slot++) {
          if (kind[slot] !== 1 || moveX[slot] === 0) continue;
          positionX[slot] = positionX[slot]! + moveX[slot]! * 128;
          // What was counts, as it does for who is hit.
          if (sim.positionAt(slot, 1 + (sim.tick % 15), where)) steps[slot]! += (where[0]! >> 7) & 3;
          // Some find a coin, if one can be had.
          if (sim.random() % 8 === 0 && sim.transfer('coins', 1 + (sim.random() % 3), 'ground', slot)) steps[slot]!++;
        }
      },
    },
  ],
  join(sim, slot) {
    sim.emit('hello', slot, {});
  },
});
