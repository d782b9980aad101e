import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runNode } from '../../../bench/server.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'bench', 'players', 'main.ts');
const QUICK = ['--seconds', '2', '--settle', '1', '--ramp-up', '0', '--seed', '5'];

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-players-test-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a crowd over WebSocket: all figures from a real server, real bots and watchers', () =>
  inFolder(async (folder) => {
    const json = join(folder, 'out.json');
    const flags = ['--players', '8', '--crowd', '--transport', 'ws', '--watchers', '2', '--json', json];
    const { code, stdout, stderr } = await runNode([MAIN, ...flags, ...QUICK]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('8 players over ws, 2 s, seed 5');
    const { figures, load, machine, loadAverage } = JSON.parse(readFileSync(json, 'utf8'));
    expect(load).toMatchObject({ players: 8, transport: 'ws', withinM: 50, seed: 5 });
    expect(machine.node).toBe(process.version);
    expect(loadAverage).toHaveLength(2);
    expect(figures.joined).toBe(8);
    expect(figures.seconds).toBeGreaterThan(1.9);
    for (const name of [
      'ticksPerSecond',
      'tickMsP50',
      'snapshotsPerSecondMin',
      'bytesDownPerPlayer',
      'bytesUpPerPlayer',
    ]) {
      expect(figures[name], name).toBeGreaterThan(0);
    }
    for (const name of ['serverCpuMicrosPerPlayer', 'bytesPerEntity']) {
      expect(figures[name], name).toBeGreaterThan(0);
    }
    for (const name of ['tickMsP99', 'tickMsP999', 'tickCpuMsP99']) {
      // One tick that is held up beyond the last bucket makes it infinite, which JSON has no word for.
      if (figures[name] === null) expect(stdout).toMatch(new RegExp(`^ *${name} +Infinity$`, 'm'));
      else expect(figures[name], name).toBeGreaterThan(0);
    }
    for (const name of ['lateTicks', 'missedTicks']) expect(figures[name], name).toBeGreaterThanOrEqual(0);
    expect(Object.keys(figures.collections).sort()).toEqual(['edge-1', 'main', 'store', 'udp-edge-1', 'zone-1']);
    expect(figures.memory.startMiB).toBeGreaterThan(figures.memory.emptyMiB / 2);
    // Who got no snapshot for two seconds has failed by its machine.
    expect(figures.bots.failed - (figures.bots.failures.no_snapshot ?? 0)).toBe(0);
    expect(figures.bots.scheduleErrorMsP99).toEqual(expect.any(Number));
    expect(figures.watched).toMatchObject({ watchers: 2, stateAgeMs: { max: expect.any(Number) } });
    expect(figures.watched.states).toBeGreaterThan(0);
    // Of all who are in, the other watcher too; who stands behind a wall all that time is not seen.
    expect(figures.watched.heldMax).toBeGreaterThan(0);
    expect(figures.watched.heldMax).toBeLessThanOrEqual(9);
  }));

test('the limit is searched, and a curve is drawn', () =>
  inFolder(async (folder) => {
    const json = join(folder, 'limit.json');
    const flags = ['--find-limit', '--players', '1', '--limit-max', '1', '--light', '0', '--json', json];
    const limit = await runNode([MAIN, ...flags, ...QUICK]);
    expect(limit).toMatchObject({ code: 0, stderr: '' });
    // Whether one holds on a busy machine is not the question.
    expect(limit.stdout).toMatch(/\nplayers\.limit: (at least )?\d players in one zone; /);
    expect(JSON.parse(readFileSync(json, 'utf8')).runs[0].figures.players).toBe(1);
    const curve = await runNode([MAIN, '--curve', '4,2', '--out', folder, ...QUICK]);
    expect(curve).toMatchObject({ code: 0, stderr: '' });
    const rows = readFileSync(join(folder, 'players.csv'), 'utf8').trim().split('\n');
    expect(rows.slice(1).map((row) => row.split(',')[0])).toEqual(['2', '4']);
    expect(readFileSync(join(folder, 'players.svg'), 'utf8')).toMatch(/^<svg/);
  }));

test('wrong flags are one sentence and exit code 2', async () => {
  const { code, stderr } = await runNode([MAIN, '--players', 'many']);
  expect({ code, stderr }).toEqual({ code: 2, stderr: '--players must be a number from 1 to 4096, not "many".\n' });
});
