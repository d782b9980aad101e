import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compare, findBaseline, printChanges, readBaseline, saveBaseline } from '../../bench/baseline.ts';
import { runNode } from '../../bench/server.ts';

const RUN = join(import.meta.dirname, '..', '..', 'bench', 'run.ts');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-baseline-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const row = (figure: string, value: number) => ({ figure, value, unit: 'ms', seed: 1, machine: 'a machine' });

test('what is saved is found again, the newest day first; of one day what was measured again replaces what was', () => {
  expect(findBaseline(folder)).toBeUndefined();
  saveBaseline(folder, '2026-09-30', [row('a', 1), row('b', 2)]);
  const newest = saveBaseline(folder, '2026-10-02', [row('a', 3)]);
  saveBaseline(folder, '2026-10-02', [row('a', 4), row('c', 5)]);
  writeFileSync(join(folder, 'baseline-of-mine.json'), '{}');
  expect(findBaseline(folder)).toBe(newest);
  expect(readBaseline(newest)).toEqual({ date: '2026-10-02', rows: [row('a', 4), row('c', 5)] });
});

test('changes are ratios of what both have', () => {
  const baseline = { date: '2026-10-02', rows: [row('slower', 2), row('gone', 1), row('none', 0), row('worse', 0)] };
  const changes = compare(baseline, [row('slower', 3), row('new', 1), row('none', 0), row('worse', 2)]);
  expect(changes).toEqual([
    { figure: 'slower', before: 2, now: 3, ratio: 1.5 },
    { figure: 'none', before: 0, now: 0, ratio: undefined },
    { figure: 'worse', before: 0, now: 2, ratio: undefined },
  ]);
  const lines = printChanges(changes);
  expect(lines[0]).toMatch(/^slower +2 → +3 +× 1\.50$/);
  expect(lines[1]).toMatch(/as before$/);
  expect(lines[2]).toMatch(/was 0$/);
});

test('what is no baseline is said so', () => {
  const file = join(folder, 'baseline-2026-10-02.json');
  for (const text of ['', '[]', '{"date":"2026-10-02"}']) {
    writeFileSync(file, text);
    expect(() => readBaseline(file)).toThrow(`${file} is no baseline: npm run bench -- --save writes one.`);
  }
});

test('npm run bench keeps figures and compares with them', async () => {
  const run = (...flags: string[]) => runNode([RUN, '--only', 'game.guard', '--baselines', folder, ...flags]);
  const none = await run('--small', '--compare');
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('npm run bench -- --save writes one') });
  const small = await run('--small', '--save');
  expect(small).toMatchObject({ code: 2, stderr: expect.stringContaining('leave --small or --save out') });
  expect(readdirSync(folder)).toEqual([]);
  const saved = await run('--save');
  expect([0, 1]).toContain(saved.code);
  const file = findBaseline(folder)!;
  expect(saved.stdout).toContain(file);
  const [first] = readBaseline(file).rows;
  expect(first).toMatchObject({ figure: expect.stringMatching(/^game\.guard\./), seed: 7 });
  // Of another machine, and twice as much.
  const doubled = JSON.parse(readFileSync(file, 'utf8').replaceAll('Node v', 'Node before v'));
  for (const one of doubled.rows) one.value = 1e9;
  const other = join(folder, 'other.json');
  writeFileSync(other, JSON.stringify(doubled));
  const { code, stdout } = await run('--small', '--compare', other);
  expect(code).toBe(0);
  expect(stdout).toMatch(/\ngame\.guard\.\S+ +1000000000 → +\S+ +× 0\.00\n/);
  expect(stdout).toContain('It was taken on another machine.');
});
