// `npm run bench:players`: real servers full of bots, measured as processes. One run, a search for the limit, or a curve.
// Exit codes: 0 measured, 1 it could not be, 2 the flags are wrong. Whether goals hold is said by `npm run bench`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { curvePicture, curveTable } from './curve.ts';
import { type Figures, readFigures } from './figures.ts';
import { judge, searchLimit, wereBotsLate } from './limit.ts';
import { type Load, type Options, parseOptions } from './options.ts';
import { type Outcome, play } from './play.ts';

/** What is written down of a run. */
export type Run = Pick<Outcome, 'load' | 'machine' | 'loadAverage'> & {
  readonly figures: Figures;
  readonly verdict: string;
  readonly why: readonly string[];
};

export async function measure(load: Load): Promise<Run> {
  const outcome = await play(load);
  const figures = readFigures(outcome);
  const { machine, loadAverage } = outcome;
  return { load, machine, loadAverage, figures, ...judge(figures) };
}

async function main(): Promise<void> {
  const parsed = parseOptions(process.argv.slice(2));
  if ('text' in parsed) {
    process.stdout.write(parsed.text);
    return;
  }
  if ('problem' in parsed) {
    process.stderr.write(`${parsed.problem}\n`);
    process.exitCode = 2;
    return;
  }
  const { options } = parsed;
  const result = await run(options);
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify(result, undefined, 2)}\n`);
}

async function run(options: Options): Promise<object> {
  if (options.mode === 'findLimit') return findLimit(options);
  if (options.mode === 'curve') return drawCurve(options);
  const one = await measure(options.load);
  printRun(one);
  return one;
}

async function findLimit({ load, limitMax, precision }: Options): Promise<object> {
  const runs: Run[] = [];
  const limit = await searchLimit({ first: load.players, max: limitMax, precision }, async (players) => {
    const one = await measure({ ...load, players });
    runs.push(one);
    printLine(one);
    return judge(one.figures).verdict;
  });
  const bound = limit.isLowerBound ? 'at least ' : '';
  const why = limit.fails === undefined ? 'no more were tried' : `${limit.fails} did not hold`;
  const bots = limit.isLowerBound && limit.fails !== undefined ? ', and the bots were late: they were the limit' : '';
  console.log(`players.limit: ${bound}${limit.limit} players in one zone; ${why}${bots}`);
  return { ...limit, runs };
}

async function drawCurve({ load, curve, outFolder }: Options): Promise<object> {
  const runs: Run[] = [];
  for (const players of curve) {
    const one = await measure({ ...load, players });
    runs.push(one);
    printLine(one);
  }
  const rows = runs.map(({ figures }) => figures);
  mkdirSync(outFolder, { recursive: true });
  writeFileSync(join(outFolder, 'players.csv'), curveTable(rows));
  writeFileSync(join(outFolder, 'players.svg'), curvePicture(rows));
  console.log(`${join(outFolder, 'players.csv')}, ${join(outFolder, 'players.svg')}`);
  return { runs };
}

function printLine({ figures, verdict, why }: Run): void {
  const { players, ticksPerSecond, tickMsP99, snapshotsPerSecondMin, serverCpuMicrosPerPlayer, bots } = figures;
  console.log(
    [
      `${String(players).padStart(5)} players`,
      `${ticksPerSecond} ticks/s`,
      `p99 ${tickMsP99} ms`,
      `${snapshotsPerSecondMin} snapshots/s at least`,
      `${serverCpuMicrosPerPlayer} µs`,
      `bots ${bots.scheduleErrorMsP99} ms late`,
      [verdict, ...why].join(': '),
    ].join('   '),
  );
}

export function printRun({ load, machine, loadAverage, figures, verdict, why }: Run): void {
  console.log(`${machine.cores} × ${machine.model}, Node ${machine.node}; load ${loadAverage.join(' → ')}`);
  console.log(`${load.players} players over ${load.transport}, ${load.seconds} s, seed ${load.seed}`);
  const print = (value: unknown, name: string, depth: number): void => {
    if (typeof value !== 'object' || value === null) {
      console.log(`${'  '.repeat(depth)}${name.padEnd(36 - 2 * depth)} ${value}`);
      return;
    }
    const entries = Object.entries(value);
    if (entries.length === 0) console.log(`${'  '.repeat(depth)}${name.padEnd(36 - 2 * depth)} –`);
    else {
      console.log(`${'  '.repeat(depth)}${name}`);
      for (const [key, inner] of entries) print(inner, key, depth + 1);
    }
  };
  for (const [name, value] of Object.entries(figures)) print(value, name, 1);
  console.log([verdict === 'holds' ? 'The zone holds' : 'The zone does not hold', ...why].join(', '));
  if (wereBotsLate(figures)) console.log('The bots were late: these figures are theirs as well as the server’s.');
}

if (import.meta.main) await main();
