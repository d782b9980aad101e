// `npm run bench`: runs the benches beside it and prints a table of figures against their goals (budgets.json).
//   --only PREFIX   those whose figures begin so          --json FILE   the same as JSON
//   --small         runs too short for goals: only whether the benches work
//   --trace FILE    keeps the browser's trace of game.page
//   --save          keeps the figures as baseline-DATE.json beside the benches
//   --compare       shows them as ratios of the newest baseline's; --compare FILE, of that one's
// CPU time from the operating system, not wall time; each figure with its seed and a checksum of what was computed, so
// that nothing is measured that was not done. Exit code 1 when a goal is missed.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import {
  type Baseline,
  type BaselineRow,
  compare,
  findBaseline,
  printChanges,
  readBaseline,
  saveBaseline,
} from './baseline.ts';
import type { Bench, Figure } from './bench.ts';

interface Budget {
  readonly goal: number;
  readonly unit: string;
  /** Whether the value must stay at or below the goal, or at or above it. */
  readonly must: 'reach' | 'stayBelow';
}

const options = new Command('bench')
  .option('--only <prefix>', 'run benches whose figures begin so', '')
  .option('--json <file>', 'write the figures as JSON')
  .option('--seed <number>', 'seed of all random numbers', '7')
  .option('--small', 'run so little that goals mean nothing', false)
  .option('--trace <file>', "keep the browser's trace of game.page")
  .option('--save', 'keep the figures as the baseline of today', false)
  .option('--compare [file]', 'show them as ratios of a baseline, the newest one unless it is named')
  .option('--baselines <folder>', 'where baselines are', fileURLToPath(new URL('.', import.meta.url)))
  .parse()
  .opts<{
    only: string;
    json?: string;
    seed: string;
    small: boolean;
    trace?: string;
    save: boolean;
    compare?: string | true;
    baselines: string;
  }>();

if (options.save && options.small) stop('What --small measures is no baseline: leave --small or --save out.');
const baseline = options.compare === undefined ? undefined : openBaseline(options.compare, options.baselines);
const here = new URL('.', import.meta.url);
const budgets = JSON.parse(readFileSync(new URL('budgets.json', here), 'utf8')) as Record<string, Budget>;
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
const rows: (BaselineRow & { readonly goal: number | null; readonly holds: boolean })[] = [];
let hasMissed = false;
let hasRun = false;

console.log(`${machine}; load ${loadavg()[0]!.toFixed(2)}`);
for (const file of readdirSync(here, { recursive: true }).map(String).sort()) {
  if (!file.endsWith('.bench.ts')) continue;
  const { bench } = (await import(new URL(file, here).href)) as { bench: Bench };
  if (!bench.figures.some((name) => name.startsWith(options.only))) continue;
  hasRun = true;
  const missing = bench.needs?.();
  if (missing !== undefined) {
    console.log(`${bench.figures.join(', ')}: left out, ${missing} is not on this machine`);
    continue;
  }
  for (const figure of await bench.run(Number(options.seed), options.small, options.trace)) report(figure);
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(rows, undefined, 2)}\n`);
if (!hasRun) stop(`No figure begins with ${options.only}: leave --only out to see all of them.`);
if (baseline !== undefined) {
  console.log(`\nagainst the baseline of ${baseline.date}:`);
  for (const line of printChanges(compare(baseline, rows))) console.log(line);
  if (baseline.rows.some((row) => row.machine !== machine)) console.log('It was taken on another machine.');
}
if (options.save) console.log(saveBaseline(options.baselines, new Date().toISOString().slice(0, 10), rows));
console.log(`load ${loadavg()[0]!.toFixed(2)} at the end`);
process.exitCode = hasMissed ? 1 : 0;

function stop(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}

function openBaseline(named: string | true, folder: string): Baseline {
  const file = named === true ? findBaseline(folder) : named;
  if (file === undefined) stop('There is no baseline to compare with: npm run bench -- --save writes one.');
  try {
    return readBaseline(file);
  } catch (error) {
    stop((error as Error).message);
  }
}

function report(figure: Figure): void {
  const budget = options.small ? undefined : budgets[figure.figure];
  const holds =
    budget === undefined || (budget.must === 'reach' ? figure.value >= budget.goal : figure.value <= budget.goal);
  if (!holds) hasMissed = true;
  const sign = budget?.must === 'reach' ? '≥' : '≤';
  const goal = budget === undefined ? '' : `${sign} ${budget.goal}`;
  const unit = budget?.unit ?? figure.unit;
  const verdict = budget === undefined ? '' : holds ? 'holds' : 'MISSED';
  const value = Number(figure.value.toPrecision(4));
  console.log(
    `${figure.figure.padEnd(36)} ${String(value).padStart(10)} ${unit.padEnd(10)} ${goal.padEnd(10)} ${verdict}`,
  );
  rows.push({ ...figure, unit, goal: budget?.goal ?? null, holds, machine });
}
