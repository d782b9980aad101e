// `npm run bots`: bots that join a running server and play. Reads the flags, runs the bots here or in processes of its
// own, prints how they fare, writes the report. Exit codes: 0 all bots fared well, 1 some failed, 2 it can't run as
// told. Ctrl-C ends early, with a report.

import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorCode } from '../../src/base/errors.ts';
import { loadGame } from '../../src/io/game-module.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { parseOptions, type SwarmOptions } from './options.ts';
import {
  BOT_STATES,
  createFailedPart,
  createReport,
  describeFailures,
  mergeParts,
  type Part,
  type Report,
} from './report.ts';
import { type Progress, type Swarm, startSwarm } from './swarm.ts';

const EXIT_FAILED = 1;
const EXIT_OPTIONS = 2;
const ANSWER_MS_MAX = 5_000;
const PRINT_MS_MIN = 900;

/** What goes between the first process and its children. */
type ToChild =
  | { readonly type: 'run'; readonly options: SwarmOptions; readonly first: number }
  | { readonly type: 'stop' }
  | { readonly type: 'measureAnew' };
type FromChild =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'part'; readonly part: Part };

async function main(): Promise<void> {
  const parsed = parseOptions(process.argv.slice(2));
  if ('text' in parsed) {
    process.stdout.write(parsed.text);
    return;
  }
  if ('problem' in parsed) return end(parsed.problem, EXIT_OPTIONS);
  const { options } = parsed;
  const game = await readGame(options.gameFile);
  if (typeof game === 'string') return end(game, EXIT_OPTIONS);
  const problem = await findServerProblem(options.url);
  if (problem !== undefined) {
    writeReport(options, createReport(createFailedPart(options.bots, 'join_unreachable'), options));
    return end(problem, EXIT_FAILED);
  }
  const print = createProgressPrinter(options);
  const swarm =
    options.processes === 1
      ? startSwarm(game, options, 0, (progress) => print(0, progress))
      : startProcesses(options, print);
  stopOnSignal(swarm);
  const report = createReport(await swarm.done, options);
  writeReport(options, report);
  printReport(report);
  if (report.failed > 0) end(describeFailures(report), EXIT_FAILED);
}

function end(sentence: string, exitCode: number): void {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = exitCode;
}

/** The game, or one sentence of why not. */
async function readGame(file: string): Promise<AnyGame | string> {
  try {
    return await loadGame(pathToFileURL(resolve(file)).href);
  } catch (error) {
    if (errorCode(error)?.startsWith('DARKAGES_GAME_') !== true) throw error;
    return (error as Error).message;
  }
}

/** One look before hundreds of bots find out one by one. */
async function findServerProblem(url: string): Promise<string | undefined> {
  try {
    const { status } = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return status === 200 ? undefined : `${url}/healthz answers ${status}: that is no DarkAges server, check --url.`;
  } catch {
    // Whatever the reason, it's the same for the person who reads it.
    return `No server answers at ${url}: start one with npm start, or check --url.`;
  }
}

function stopOnSignal(swarm: Swarm): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => swarm.stop());
  process.on('SIGUSR2', () => swarm.measureAnew());
}

function writeReport({ reportFile }: SwarmOptions, report: Report): void {
  if (reportFile !== undefined) writeFileSync(reportFile, `${JSON.stringify(report, undefined, 2)}\n`);
}

function startProcesses(options: SwarmOptions, onProgress: (child: number, progress: Progress) => void): Swarm {
  const children: ChildProcess[] = [];
  const parts: Promise<Part>[] = [];
  const send = (child: ChildProcess, message: ToChild): void => {
    if (child.connected) child.send(message);
  };
  for (let index = 0; index < options.processes; index++) {
    const child = fork(import.meta.filename, ['--child'], { serialization: 'advanced' });
    children.push(child);
    parts.push(
      new Promise((done) => {
        child.on('message', (message: FromChild) => {
          if (message.type === 'progress') onProgress(index, message.progress);
          else done(message.part);
        });
        // After its part was handed in this changes nothing.
        child.once('exit', () => done(createFailedPart(countBots(options, index), 'process_died')));
      }),
    );
    send(child, { type: 'run', options, first: index });
  }
  return {
    done: Promise.all(parts).then(mergeParts),
    stop() {
      for (const child of children) send(child, { type: 'stop' });
    },
    measureAnew() {
      for (const child of children) send(child, { type: 'measureAnew' });
    },
  };
}

function countBots({ bots, processes }: SwarmOptions, first: number): number {
  return Math.ceil((bots - first) / processes);
}

/** A process of `--processes`: does what its parent says, and ends with it. */
function runChild(): void {
  let swarm: Swarm | undefined;
  const send = (message: FromChild): Promise<void> => new Promise((sent) => process.send!(message, () => sent()));
  const run = async (options: SwarmOptions, first: number): Promise<void> => {
    const game = await readGame(options.gameFile);
    if (typeof game === 'string') throw new Error(game);
    swarm = startSwarm(game, options, first, (progress) => void send({ type: 'progress', progress }));
    await send({ type: 'part', part: await swarm.done });
    process.disconnect?.();
  };
  process.on('message', (message: ToChild) => {
    if (message.type === 'run') void run(message.options, message.first);
    else if (message.type === 'measureAnew') swarm?.measureAnew();
    else swarm?.stop();
  });
  // Ctrl-C reaches the whole group: the parent says when to stop.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit());
}

/** Takes what the processes say of themselves, each once a second, and prints a line a second of all together. */
function createProgressPrinter({ bots }: SwarmOptions): (child: number, progress: Progress) => void {
  const latest = new Map<number, Progress>();
  const startMs = performance.now();
  let before = { ...sumProgress([]), ms: startMs };
  const print = (): void => {
    const now = { ...sumProgress([...latest.values()]), ms: performance.now() };
    const seconds = (now.ms - before.ms) / 1000;
    if (now.turns < before.turns) before = { ...sumProgress([]), ms: before.ms };
    const rate = (key: 'snapshots' | 'corrections' | 'turnsSkipped'): number => (now[key] - before[key]) / seconds;
    const mean = (sum: 'roundTripSumMs' | 'scheduleErrorSumMs', count: 'roundTrips' | 'turns'): string =>
      now[count] === before[count] ? '–' : ((now[sum] - before[sum]) / (now[count] - before[count])).toFixed(1);
    const line = [
      `${((now.ms - startMs) / 1000).toFixed(0).padStart(4)} s`,
      `${now.connected} of ${bots} connected`,
      `${rate('snapshots').toFixed(0)} snapshots/s`,
      `rtt ${mean('roundTripSumMs', 'roundTrips')} ms`,
      `${rate('corrections').toFixed(1)} corrections/s`,
      `${mean('scheduleErrorSumMs', 'turns')} ms late`,
      `${now.failed} failed`,
    ];
    if (now.turnsSkipped > before.turnsSkipped) line.push(`${rate('turnsSkipped').toFixed(0)} turns skipped/s`);
    process.stdout.write(`${line.join('   ')}\n`);
    before = now;
  };
  return (child, progress) => {
    latest.set(child, progress);
    // With the first of a second: a timer of its own would now and then find nothing new, and then twice as much.
    if (performance.now() - before.ms >= PRINT_MS_MIN) print();
  };
}

function sumProgress(all: readonly Progress[]): Progress {
  const sum: Progress = {
    connected: 0,
    failed: 0,
    snapshots: 0,
    corrections: 0,
    roundTrips: 0,
    roundTripSumMs: 0,
    turns: 0,
    scheduleErrorSumMs: 0,
    turnsSkipped: 0,
  };
  for (const progress of all) {
    for (const key of Object.keys(sum) as (keyof Progress)[]) sum[key] += progress[key];
  }
  return sum;
}

function printReport(report: Report): void {
  const { bots, lightBots, transport, durationS, seed, cpuMicrosPerBot } = report;
  const lines = [
    `${bots} bots (${lightBots} light) over ${transport}, ${durationS} s, seed ${seed}`,
    `  ${'cpuMicrosPerBot'.padEnd(20)} ${cpuMicrosPerBot ?? '–'}`,
  ];
  for (const [name, figure] of Object.entries(report)) {
    if (typeof figure !== 'object' || figure === null || !('mean' in figure) || figure.mean === null) continue;
    const values = Object.entries(figure).map(([key, value]) => `${key} ${value}`);
    lines.push(`  ${name.padEnd(20)} ${values.join('   ')}`);
  }
  const states = (Object.keys(BOT_STATES) as (keyof typeof BOT_STATES)[]).map(
    (state) => `${state} ${report.timeInState[state]} s`,
  );
  lines.push(`  ${'timeInState'.padEnd(20)} ${states.join('   ')}`);
  if (report.deeds !== null) {
    const deeds = Object.entries(report.deeds).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
    lines.push(`  ${'deeds'.padEnd(20)} ${deeds.join('   ')}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

if (process.argv[2] === '--child' && process.send !== undefined) runChild();
else await main();
