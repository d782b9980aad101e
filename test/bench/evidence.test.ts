import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runNode } from '../../bench/server.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'bench', 'evidence', 'main.ts');

test('a folder with a page, a table and raw data of each run, from real servers and bots', {
  // Four runs, one after the other: half a minute, on a machine that is busy several times that.
  timeout: 600_000,
}, async () => {
  const out = mkdtempSync(join(tmpdir(), 'darkages-evidence-'));
  try {
    const { code, stdout, stderr } = await runNode([MAIN, '--small', '--seed', '3', '--out', out]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(join(out, 'index.html'));
    const raw = [4, 6].flatMap((players) => [0, 5].map((loss) => `players-${players}-loss-${loss}.json`));
    expect(readdirSync(out).sort()).toEqual([...raw, 'figures.csv', 'index.html'].sort());
    const [head, ...rows] = readFileSync(join(out, 'figures.csv'), 'utf8').trim().split('\n');
    expect(rows).toHaveLength(raw.length);
    expect(rows.map((row) => row.split(',').slice(0, 2).join(' '))).toEqual(['4 0', '4 5', '6 0', '6 5']);
    for (const file of raw) {
      const run = JSON.parse(readFileSync(join(out, file), 'utf8'));
      expect(run).toMatchObject({ load: { seed: 3 }, machine: { node: process.version }, report: { seed: 3 } });
      expect(run.figures.joined).toBe(run.load.players);
      expect(run.metrics.after['darkages_ticks_total{zone_id="1"}']).toBeGreaterThan(
        run.metrics.before['darkages_ticks_total{zone_id="1"}'],
      );
      // The lossy line was one: of some hundred datagrams each way some are gone. Up, what is acknowledged late counts too.
      const { lossUpPercent, lossDownPercent } = run.report;
      if (run.load.lossPercent === 0) expect(lossDownPercent.mean).toBe(0);
      else expect(Math.max(lossUpPercent.mean, lossDownPercent.mean)).toBeGreaterThan(0);
    }
    const page = readFileSync(join(out, 'index.html'), 'utf8');
    for (const column of ['ticks/s', 'tick p99, ms', 'bytes/s down, mean', '5 % loss']) expect(page).toContain(column);
    expect(page.match(/<polyline/g)!.length).toBe(6 * 2);
    // It needs nothing from elsewhere.
    expect(page.replaceAll('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|<script|<link|src=/);
    expect(head).toContain('tickMsP99');
  } finally {
    rmSync(out, { recursive: true });
  }
});

test.for([
  ['--players 0', '--players must be whole numbers from 1 to 4096 with commas between, not "0".'],
  ['--packet-loss 0,,5', '--packet-loss must be numbers from 0 to 50 with commas between, not "0,,5".'],
  ['--transport tcp', '--transport must be udp or ws, not "tcp".'],
  ['--seconds soon', '--seconds must be a number from 1 on, not "soon".'],
])('%s: one sentence', async ([line, sentence]) => {
  const { code, stderr } = await runNode([MAIN, ...line!.split(' ')]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: `${sentence}\n` });
});
