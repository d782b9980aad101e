// `npm run bench:peers` with few players for two seconds: each server takes its clients in, moves them and shows them to
// each other in both variants. Not how fast.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findShortfall, formatTable, type Outcome, PEERS } from '../../bench/peers/outcome.ts';
import { createField, createGrid, createWalker, VARIANTS, type Walker, walk } from '../../bench/peers/workload.ts';
import { runNode } from '../../bench/server.ts';
import { needs } from '../needs.ts';

const RUN = join(import.meta.dirname, '..', '..', 'bench', 'peers', 'run.ts');
const PLAYERS = 6;

async function runPeers(...flags: string[]): Promise<readonly Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-peers-test-'));
  const json = join(folder, 'runs.json');
  const small = ['--players', String(PLAYERS), '--seconds', '2', '--settle', '1', '--rounds', '1'];
  try {
    const { code, stderr } = await runNode([RUN, ...small, '--json', json, ...flags]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return (JSON.parse(readFileSync(json, 'utf8')) as { runs: readonly Outcome[] }).runs;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.skipIf(needs('bench-peers') === undefined).each(VARIANTS)(
  'all servers show players to each other (%s)',
  async (variant) => {
    const runs = await runPeers('--variant', variant);
    // nengi's Node is there for one kind of machine.
    const isComplete = process.platform === 'linux' && process.arch === 'x64';
    expect(runs.map(({ peer }) => peer)).toEqual(PEERS.filter((peer) => peer !== 'nengi' || isComplete));
    for (const run of runs) {
      expect(run).toMatchObject({ variant, players: PLAYERS, seed: 7 });
      // Six players of a field for six, 50 m wide, are near each other.
      expect(run.entitiesPerSnapshot, run.peer).toBeGreaterThan(PLAYERS - 2);
      expect(run.entitiesPerSnapshot, run.peer).toBeLessThanOrEqual(PLAYERS - 1);
      expect(run.snapshotsPerSecondMin, run.peer).toBeGreaterThan(0);
      // Five others, 20 times a second, in hardly less than five bytes each.
      expect(run.bytesDownPerPlayer, run.peer).toBeGreaterThan(run.snapshotsPerSecondMin * (PLAYERS - 2) * 5);
      // 60 but for what is on the way at the ends of so short a run, and what a machine with much to do leaves out.
      expect(run.inputsPerSecond, run.peer).toBeGreaterThan(20);
      expect(run.inputsPerSecond, run.peer).toBeLessThan(100);
      expect(run.bytesUpPerPlayer, run.peer).toBeGreaterThan(0);
      expect(run.cpuMicrosPerPlayer, run.peer).toBeGreaterThan(0);
      for (const value of Object.values(run)) if (typeof value === 'number') expect(value).not.toBeNaN();
    }
  },
);

test('a name it does not know is told with those it knows', async () => {
  const { code, stderr } = await runNode([RUN, '--only', 'photon']);
  expect({ code, stderr }).toEqual({ code: 2, stderr: `--only knows ${PEERS.join(', ')}, not "photon".\n` });
});

test('everyone is where the grid looks, as without a grid', () => {
  const field = createField('near', 300, 3);
  const walkers = Array.from({ length: field.players }, (_, index) => createWalker(field, index));
  for (let step = 0; step < 600; step++) {
    for (const [index, walker] of walkers.entries()) {
      walk(walker, { moveX: (index % 3) * 127 - 127, moveZ: 127, aim: 70_000, buttons: index & 1 }, field.halfCm);
    }
  }
  const grid = createGrid<Walker>(field);
  grid.fill(walkers);
  for (const from of walkers) {
    const seen = new Set<Walker>();
    grid.visit(from, (other) => seen.add(other));
    const near = walkers.filter((other) => Math.hypot(other.x - from.x, other.z - from.z) <= field.radiusCm);
    expect(seen).toEqual(new Set(near));
  }
});

test('the same density for any number of players: about 50 others each', () => {
  for (const players of [75, 500, 2_000]) {
    const field = createField('near', players, 5);
    const walkers = Array.from({ length: players }, (_, index) => createWalker(field, index));
    const grid = createGrid<Walker>(field);
    grid.fill(walkers);
    let pairs = 0;
    for (const from of walkers) grid.visit(from, () => pairs++);
    // Who sees itself is one of the pairs.
    expect(pairs / players - 1).toBeGreaterThan(45);
    expect(pairs / players - 1).toBeLessThan(55);
  }
});

const HOLDS: Outcome = {
  peer: 'ws-json',
  variant: 'near',
  players: 100,
  seed: 7,
  seconds: 10,
  cpuMicrosPerPlayer: 1_000,
  ticksPerSecond: 60,
  tickMsP50: 1,
  tickMsP99: 16,
  tickCpuMsP99: 2,
  snapshotsPerSecondMin: 19.5,
  entitiesPerSnapshot: 50,
  inputsPerSecond: 60,
  bytesDownPerPlayer: 1,
  bytesUpPerPlayer: 1,
  scheduleErrorMsP99: 1,
  waitedMsPerSecond: 0,
};

test('what falls short of 60 Hz is named; a table has medians and the range of the CPU time', () => {
  expect(findShortfall(HOLDS)).toBeUndefined();
  expect(findShortfall({ ...HOLDS, ticksPerSecond: 58 })).toBe('58.0 ticks/s');
  expect(findShortfall({ ...HOLDS, tickMsP99: 16.7 })).toBe('tick p99 16.7 ms');
  expect(findShortfall({ ...HOLDS, snapshotsPerSecondMin: 18.9 })).toBe('18.9 snapshots/s');
  const runs = [900, 1_200, 1_000].map((cpuMicrosPerPlayer) => ({ ...HOLDS, cpuMicrosPerPlayer }));
  const lines = formatTable([...runs, { ...HOLDS, variant: 'all' }]).split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[2]).toMatch(/^\| ws-json +\| near +\| 100 +\| 3 +\| 1000 \(900–1200\) +\| 60\.0 /);
  expect(lines[3]).toMatch(/^\| ws-json +\| all +\| 100 +\| 1 +\| 1000 +\| 60\.0 /);
});
