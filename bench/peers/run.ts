// `npm run bench:peers`: DarkAges beside Colyseus, nengi and plain `ws` under the same workload, in turns (A B C A B C …),
// and a table of what each took. README.md and docs/performance.md say how, and what is not comparable.

import { existsSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { runDarkAges } from './darkages.ts';
import { findShortfall, formatTable, type Outcome, PEERS, type Peer, wereClientsTheLimit } from './outcome.ts';
import { type Run, runPeer } from './processes.ts';
import { VARIANTS, type Variant } from './workload.ts';

/** Numbers of players that --find-limit tries. */
const LADDER = [
  50, 75, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000, 1200, 1400, 1600, 1800, 2000,
];

const ATTEMPTS = 3;

interface Flags {
  readonly players: string;
  readonly seconds: string;
  readonly settle: string;
  readonly rounds: string;
  readonly seed: string;
  readonly only?: string;
  readonly variant?: Variant;
  readonly json?: string;
  readonly findLimit: boolean;
  readonly from: string;
  readonly to: string;
}

const flags = new Command('npm run bench:peers --')
  .description('DarkAges beside Colyseus, nengi and plain ws under the same workload')
  .option('--players <N>', 'players in each run', '100')
  .option('--seconds <N>', 'measured seconds of each run', '10')
  .option('--settle <N>', 'seconds before, for code to be optimised', '5')
  .option('--rounds <N>', 'how often each has its turn', '3')
  .option('--only <names>', `some of ${PEERS.join(', ')}, with commas between`)
  .addOption(new Option('--variant <name>', 'near: about 50 others visible; all: everyone; both').choices(VARIANTS))
  .option('--find-limit', 'search the most players at 60 Hz with a tick p99 below 16.7 ms', false)
  .option('--from <N>', 'the fewest that the search tries', '50')
  .option('--to <N>', 'the most that it tries', '2000')
  .option('--seed <N>', 'of all that is random', '7')
  .option('--json <file>', 'write every run as JSON')
  .parse()
  .opts<Flags>();

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, seed ${flags.seed}`;
const outcomes: Outcome[] = [];

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

function readNumber(name: 'players' | 'seconds' | 'settle' | 'rounds' | 'seed' | 'from' | 'to', min: number): number {
  const value = Number(flags[name]);
  if (!Number.isInteger(value) || value < min)
    fail(`--${name} must be a whole number from ${min}, not "${flags[name]}".`);
  return value;
}

function readPeers(): readonly Peer[] {
  const names = flags.only?.split(',') ?? PEERS;
  return names.map((name) => {
    const peer = PEERS.find((known) => known === name);
    return peer ?? fail(`--only knows ${PEERS.join(', ')}, not "${name}".`);
  });
}

/** Prints and keeps what came of it; undefined when this machine has no such peer. */
async function runOne(run: Run): Promise<Outcome | undefined> {
  const outcome = run.peer.startsWith('darkages') ? await runDarkAges(run) : await runPeer(run);
  if (typeof outcome === 'string') {
    console.log(`${run.peer} left out: ${outcome}`);
    return undefined;
  }
  outcomes.push(outcome);
  const shortfall = findShortfall(outcome);
  const verdict = shortfall === undefined ? 'holds 60 Hz' : `does not hold 60 Hz: ${shortfall}`;
  const limit = wereClientsTheLimit(outcome) ? '; the clients were late' : '';
  const waited = `; waited ${outcome.waitedMsPerSecond.toFixed(0)} ms/s for its core`;
  const micros = outcome.cpuMicrosPerPlayer.toFixed(0);
  console.log(
    `${run.peer} ${run.variant} ${run.players}: ${micros} µs a player and second, ${verdict}${limit}${waited}`,
  );
  return outcome;
}

/** The most players of the ladder that hold, by halving between the two numbers given, both of them included. */
async function findLimit(run: Run, from: number, to: number): Promise<void> {
  const lowest = LADDER.filter((players) => players < from).length;
  let low = lowest - 1;
  let high = LADDER.findIndex((players) => players > to);
  if (high < 0) high = LADDER.length;
  if (lowest >= high) fail(`--find-limit tries ${LADDER.join(', ')}: none of these is from --from to --to.`);
  // Until something fails.
  let isLowerBound = true;
  while (high - low > 1) {
    const step = (low + high) >> 1;
    const outcome = await runUntilItHolds({ ...run, players: LADDER[step]! });
    if (outcome === undefined) return;
    if (findShortfall(outcome) === undefined) low = step;
    else {
      high = step;
      isLowerBound = wereClientsTheLimit(outcome);
    }
  }
  const hasHeld = low >= lowest;
  const found = hasHeld ? `${isLowerBound ? 'at least ' : ''}${LADDER[low]}` : `below ${LADDER[lowest]}`;
  const reason = isLowerBound && !hasHeld ? ', or the clients were what failed' : '';
  console.log(`${run.peer} ${run.variant}: limit ${found} players${reason}`);
}

/** Others may use the cores meanwhile: what doesn't hold is tried again before it counts. */
async function runUntilItHolds(run: Run): Promise<Outcome | undefined> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await runOne(run);
    if (outcome === undefined || attempt === ATTEMPTS || findShortfall(outcome) === undefined) return outcome;
  }
}

async function main(): Promise<void> {
  const peers = readPeers();
  const rounds = readNumber('rounds', 1);
  const from = readNumber('from', 1);
  const to = readNumber('to', from);
  const base = {
    players: readNumber('players', 1),
    seconds: readNumber('seconds', 1),
    settleSeconds: readNumber('settle', 0),
    seed: readNumber('seed', 0),
  };
  if (peers.some((peer) => !peer.startsWith('darkages')) && !existsSync(join(import.meta.dirname, 'node_modules'))) {
    fail('The other servers are not installed: run `npm ci` in bench/peers, then this again.');
  }
  console.log(`${machine}; load ${loadavg()[0]!.toFixed(2)}`);
  for (const variant of flags.variant === undefined ? VARIANTS : [flags.variant]) {
    for (let round = 0; round < (flags.findLimit ? 1 : rounds); round++) {
      for (const peer of peers) {
        if (flags.findLimit) await findLimit({ ...base, peer, variant }, from, to);
        else await runOne({ ...base, peer, variant });
      }
    }
  }
  console.log(`\n${formatTable(outcomes)}\n\n${machine}; load ${loadavg()[0]!.toFixed(2)} at the end`);
  if (flags.json !== undefined) {
    writeFileSync(flags.json, `${JSON.stringify({ machine, runs: outcomes }, undefined, 2)}\n`);
  }
}

await main();
