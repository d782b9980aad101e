// Figures of a day, kept beside the benches, and how later ones compare with them. Pure, but for the reading and writing
// of its files.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface BaselineRow {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly seed: number;
  readonly machine: string;
}

export interface Baseline {
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly rows: readonly BaselineRow[];
}

const NAME = /^baseline-(\d{4}-\d{2}-\d{2})\.json$/;

/** Of one day there is one file: what was measured again replaces what it held of it, the rest stays. Returns its path. */
export function saveBaseline(folder: string, date: string, rows: readonly BaselineRow[]): string {
  const file = join(folder, `baseline-${date}.json`);
  const kept = existsSync(file) ? readBaseline(file).rows : [];
  const byFigure = new Map([...kept, ...rows].map((row) => [row.figure, row]));
  const baseline: Baseline = {
    date,
    rows: [...byFigure.values()].map(({ figure, value, unit, seed, machine }) => ({
      figure,
      value,
      unit,
      seed,
      machine,
    })),
  };
  writeFileSync(file, `${JSON.stringify(baseline, undefined, 2)}\n`);
  return file;
}

/** The newest one of a folder, or undefined. */
export function findBaseline(folder: string): string | undefined {
  const newest = readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort()
    .at(-1);
  return newest === undefined ? undefined : join(folder, newest);
}

/** Throws a sentence when it is none. */
export function readBaseline(file: string): Baseline {
  const problem = `${file} is no baseline: npm run bench -- --save writes one.`;
  let baseline: Partial<Baseline>;
  try {
    baseline = JSON.parse(readFileSync(file, 'utf8')) as Partial<Baseline>;
  } catch (error) {
    throw new Error(problem, { cause: error });
  }
  if (typeof baseline.date !== 'string' || !Array.isArray(baseline.rows)) throw new Error(problem);
  return baseline as Baseline;
}

export interface Change {
  readonly figure: string;
  readonly before: number;
  readonly now: number;
  /** Now over before; undefined where before was 0. */
  readonly ratio: number | undefined;
}

/** Of what both have. */
export function compare(baseline: Baseline, rows: readonly Pick<BaselineRow, 'figure' | 'value'>[]): Change[] {
  const before = new Map(baseline.rows.map(({ figure, value }) => [figure, value]));
  return rows.flatMap(({ figure, value }) => {
    const was = before.get(figure);
    if (was === undefined) return [];
    return [{ figure, before: was, now: value, ratio: was === 0 ? undefined : value / was }];
  });
}

/** One line a figure: × 1.00 is as before. */
export function printChanges(changes: readonly Change[]): string[] {
  return changes.map(({ figure, before, now, ratio }) => {
    const change = ratio !== undefined ? `× ${ratio.toFixed(2)}` : now === 0 ? 'as before' : 'was 0';
    return `${figure.padEnd(36)} ${show(before)} → ${show(now)} ${change.padStart(10)}`;
  });
}

function show(value: number): string {
  return String(Number(value.toPrecision(4))).padStart(10);
}
