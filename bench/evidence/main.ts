// `npm run evidence`: players × loss, each a real server full of bots, with everything that shows how it was measured in one
// folder: a page of pictures, a table, raw data of each run. Exit codes: 0 measured (whatever came out), 2 the flags are
// wrong.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { readFigures } from '../players/figures.ts';
import { judge } from '../players/limit.ts';
import type { Load } from '../players/options.ts';
import { play } from '../players/play.ts';
import { type EvidenceRun, evidencePage, evidenceTable } from './page.ts';

interface Flags {
  readonly players: readonly number[];
  readonly loss: readonly number[];
  readonly seconds: number;
  readonly light: number;
  readonly seed: number;
  readonly transport: 'udp' | 'ws';
  readonly isPeaceful: boolean;
  readonly isSmall: boolean;
  readonly out: string;
}

const PLAYERS_MAX = 4096;
const LOSS_MAX = 50;
const SMALL = { players: [4, 6], loss: [0, 5], seconds: 2, settleS: 1, rampUpMsEach: 0, lightPercent: 0 };

function readFlags(argv: readonly string[]): Flags | string {
  const given = new Command('npm run evidence --')
    .description('What one zone holds, clean and under loss, with all that shows it. docs/performance.md')
    .option('--players <numbers>', 'with commas between', '250,500,1000')
    .option('--packet-loss <percents>', 'each way, with commas between', '0,1,5,10')
    .option('--seconds <n>', 'measured in each run', '30')
    .option('--light <percent>', 'of the bots, which read their own entity alone', '90')
    .option('--transport <kind>', 'udp or ws', 'udp')
    .option('--peaceful', 'the bots only wander', false)
    .option('--seed <n>', 'of all that is random', '7')
    .option('--small', 'two tiny sizes for two seconds: whether it works', false)
    .option('--out <folder>', 'where all of it goes', 'evidence')
    .parse(argv, { from: 'user' })
    .opts<
      Record<'players' | 'packetLoss' | 'seconds' | 'light' | 'transport' | 'seed' | 'out', string> & {
        peaceful: boolean;
        small: boolean;
      }
    >();
  const list = (text: string): number[] =>
    text.split(',').map((word) => (word.trim() === '' ? Number.NaN : Number(word)));
  const players = given.small ? SMALL.players : list(given.players);
  const loss = given.small ? SMALL.loss : list(given.packetLoss);
  const [seconds, light, seed] = [given.seconds, given.light, given.seed].map(Number);
  if (!players.every((count) => Number.isInteger(count) && count >= 1 && count <= PLAYERS_MAX)) {
    return `--players must be whole numbers from 1 to ${PLAYERS_MAX} with commas between, not "${given.players}".`;
  }
  if (!loss.every((percent) => percent >= 0 && percent <= LOSS_MAX)) {
    return `--packet-loss must be numbers from 0 to ${LOSS_MAX} with commas between, not "${given.packetLoss}".`;
  }
  if (!(seconds! >= 1)) return `--seconds must be a number from 1 on, not "${given.seconds}".`;
  if (!(light! >= 0 && light! <= 100)) return `--light must be a number from 0 to 100, not "${given.light}".`;
  if (!Number.isInteger(seed)) return `--seed must be a whole number, not "${given.seed}".`;
  const { transport, peaceful: isPeaceful, small: isSmall, out } = given;
  if (transport !== 'udp' && transport !== 'ws') return `--transport must be udp or ws, not "${transport}".`;
  return { players, loss, seconds: seconds!, light: light!, seed: seed!, transport, isPeaceful, isSmall, out };
}

function createLoad(flags: Flags, players: number, lossPercent: number): Load {
  const load: Load = {
    players,
    lossPercent,
    seconds: flags.seconds,
    seed: flags.seed,
    transport: flags.transport,
    isPeaceful: flags.isPeaceful,
    lightPercent: flags.light,
    withinM: 0,
    rampUpMsEach: 15,
    settleS: 10,
    botProcesses: 1,
    watchers: 0,
    serverFlags: [],
  };
  if (!flags.isSmall) return load;
  const { seconds, settleS, rampUpMsEach, lightPercent } = SMALL;
  return { ...load, seconds, settleS, rampUpMsEach, lightPercent };
}

/** Measures, and writes all that was seen. */
async function measure(load: Load, out: string): Promise<EvidenceRun> {
  const outcome = await play(load);
  const { machine, loadAverage, report, before, after } = outcome;
  const figures = readFigures(outcome);
  const file = `players-${load.players}-loss-${load.lossPercent}.json`;
  const run = { load, machine, loadAverage, figures, ...judge(figures), file };
  const metrics = {
    before: Object.fromEntries(before.metrics.values),
    after: Object.fromEntries(after.metrics.values),
  };
  writeFileSync(join(out, file), `${JSON.stringify({ ...run, report, metrics }, undefined, 2)}\n`);
  return run;
}

/** Of the checkout, if it is one. */
function readCommit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', stdio: 'pipe' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ', with changes');
  } catch {
    // No git, or no checkout: then nobody can say.
    return 'unknown';
  }
}

const flags = readFlags(process.argv.slice(2));
if (typeof flags === 'string') {
  console.error(flags);
  process.exit(2);
}
mkdirSync(flags.out, { recursive: true });
const runs: EvidenceRun[] = [];
for (const players of flags.players) {
  for (const loss of flags.loss) {
    const run = await measure(createLoad(flags, players, loss), flags.out);
    runs.push(run);
    const { ticksPerSecond, tickMsP99, bytesDownPerPlayer, snapshotsPerSecondMin } = run.figures;
    console.log(
      `${players} players, ${loss} % loss: ${ticksPerSecond} ticks/s, p99 ${tickMsP99} ms, ${bytesDownPerPlayer} bytes/s, ` +
        `${snapshotsPerSecondMin} snapshots/s at least; ${[run.verdict, ...run.why].join(', ')}`,
    );
    // After each: what was measured stays when a later run is broken off.
    const evidence = {
      date: new Date().toISOString().slice(0, 10),
      commit: readCommit(),
      command: ['npm run evidence --', ...process.argv.slice(2)].join(' '),
      runs,
    };
    writeFileSync(join(flags.out, 'figures.csv'), evidenceTable(runs));
    writeFileSync(join(flags.out, 'index.html'), evidencePage(evidence));
  }
}
console.log(join(flags.out, 'index.html'));
