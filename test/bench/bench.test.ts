// All benches in their small mode: that they run, end by themselves and give their figures. Not how fast.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runNode } from '../../bench/server.ts';
import { needs } from '../needs.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BUDGETS = JSON.parse(readFileSync(join(ROOT, 'bench', 'budgets.json'), 'utf8')) as Record<string, object>;

/** Figures that are 0 whatever the size of a run and whatever else the machine does: else something is broken. */
const FAULTS = [
  'zone.live.botsFailed',
  'durable.writers',
  'durable.tradesRefused',
  'durable.checkpoint.unrecordedTicks',
  ...['lost', 'doubled', 'left'].flatMap((name) => [`durable.redisAway.${name}`, `durable.nodeAway.${name}`]),
];

/**
 * Beyond the last bucket of its histogram a quantile is infinite, which JSON has no word for. One tick that is held up makes
 * it so in a small run. NaN, of a histogram that is empty, has none either: what is printed tells the two apart.
 */
const MAY_BE_INFINITE = /\.tick(?:Cpu)?MsP99$/;

interface Row {
  readonly figure: string;
  readonly value: number | null;
  readonly unit: string;
  readonly goal: number | null;
  readonly holds: boolean;
  readonly machine: string;
  readonly seed: number;
  readonly checksum: string;
}

async function runBench(...flags: string[]): Promise<{ rows: readonly Row[]; stdout: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-bench-'));
  const json = join(folder, 'figures.json');
  try {
    const { code, stdout, stderr } = await runNode([
      join(ROOT, 'bench', 'run.ts'),
      '--small',
      '--json',
      json,
      ...flags,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return { rows: JSON.parse(readFileSync(json, 'utf8')) as Row[], stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('every figure with a goal is measured, printed and written with seed and checksum', {
  // All of them, one after the other: five minutes on two cores, and several times that on a machine that is busy.
  timeout: 1_500_000,
}, async () => {
  const { rows, stdout } = await runBench('--seed', '3');
  const names = rows.map(({ figure }) => figure);
  expect(names).toEqual([...new Set(names)]);
  const leftOut = [
    ...(needs('chromium') === undefined ? ['game.page.'] : []),
    ...(needs('strace') === undefined ? ['scale.locks.'] : []),
    ...(needs('prometheus') === undefined || needs('alertmanager') === undefined ? ['observe.alert.'] : []),
    ...(needs('redis') === undefined || needs('cassandra') === undefined
      ? ['durable.redisAway.', 'durable.nodeAway.']
      : []),
  ];
  const isMeasured = (name: string) => !leftOut.some((prefix) => name.startsWith(prefix));
  expect(names).toEqual(expect.arrayContaining(Object.keys(BUDGETS).filter(isMeasured)));
  for (const row of rows) {
    expect(row).toMatchObject({ seed: 3, goal: null, holds: true, machine: expect.stringContaining('Node') });
    expect(row.checksum).not.toBe('');
    const isFound = stdout.match(new RegExp(`^${RegExp.escape(row.figure)} +Infinity `, 'm')) !== null;
    const mayBe = row.value === null && isFound && MAY_BE_INFINITE.test(row.figure);
    expect(mayBe || Number.isFinite(row.value), `${row.figure} is ${row.value}`).toBe(true);
    expect(stdout).toContain(`\n${row.figure} `);
  }
  for (const name of FAULTS.filter(isMeasured)) expect(rows.find(({ figure }) => figure === name)?.value, name).toBe(0);
});

test('--only runs those whose figures begin so, and the same seed computes the same', async () => {
  const first = await runBench('--only', 'zone.pack');
  expect(first.rows.map(({ figure }) => figure)).toContain('zone.pack.cpuMicros');
  expect(first.rows.every(({ figure }) => figure.startsWith('zone.pack'))).toBe(true);
  const second = await runBench('--only', 'zone.pack');
  expect(second.rows[0]!.checksum).toBe(first.rows[0]!.checksum);
  const other = await runBench('--only', 'zone.pack', '--seed', '8');
  expect(other.rows[0]!.checksum).not.toBe(first.rows[0]!.checksum);
});
