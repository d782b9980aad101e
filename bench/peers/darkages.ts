// A run of DarkAges beside the others: its server and its bots as they ship, with the same field as a game module, over
// encrypted UDP or over WebSocket. What the server counts is read from /metrics, what players see from the bots' report.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bucketQuantile } from '../../src/observe/metrics-text.ts';
import type { Report } from '../../tools/swarm/report.ts';
import { type Metrics, readMetrics, runBots, startServer, threadWaitMs } from '../server.ts';
import type { Outcome } from './outcome.ts';
import { type Run, SERVER_CORE } from './processes.ts';

const BOTS_CORE = 0;
const BOTS_SECONDS_MAX = 600;
const RAMP_UP_MS_EACH = 15;
const JOIN_MS_MAX = 30_000;

export async function runDarkAges(run: Run): Promise<Outcome> {
  const { players, seed, seconds, settleSeconds } = run;
  const folder = mkdtempSync(join(tmpdir(), 'darkages-peers-'));
  const game = join(folder, 'game.ts');
  const reportFile = join(folder, 'report.json');
  writeGame(game, run);
  const flags = ['--seed', String(seed), '--sessions-per-minute', '100000', '--game', game];
  const server = await startServer({ args: flags, core: SERVER_CORE });
  let stopBots = (): void => {};
  try {
    const playing = runBots([...botFlags(run, server.url, game, reportFile)], BOTS_CORE, (child) => {
      stopBots = () => void child.kill('SIGINT');
    });
    const endedEarly = playing.then(({ stdout, stderr }) => {
      throw new Error(`the bots ended too early:\n${stdout}${stderr}`);
    });
    // Deliberate: at the end they are told to, and nobody races any more.
    endedEarly.catch(() => undefined);
    await Promise.race([waitForPlayers(server.url, players), endedEarly]);
    await Promise.race([sleep(settleSeconds * 1000), endedEarly]);
    const waited = (): number => threadWaitMs(server.process.pid!, 'zone-1');
    const waitedBeforeMs = waited();
    const before = await readMetrics(server.url);
    await Promise.race([sleep(seconds * 1000), endedEarly]);
    const after = await readMetrics(server.url);
    const waitedMs = waited() - waitedBeforeMs;
    stopBots();
    await playing;
    const report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
    return readOutcome(run, before, after, report, waitedMs);
  } finally {
    stopBots();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

/** A game module takes no arguments: this one has them inside. */
function writeGame(file: string, { variant, players, seed }: Run): void {
  const from = join(import.meta.dirname, 'game.ts');
  const text = `import { createFieldGame } from ${JSON.stringify(from)};
export const game = createFieldGame(${JSON.stringify(variant)}, ${players}, ${seed});
`;
  writeFileSync(file, text);
}

/** Light bots: they answer as all do, but read of snapshots only themselves, as the others' clients here. */
function botFlags({ peer, players, seed }: Run, url: string, game: string, report: string): string[] {
  const flags = {
    url,
    game,
    report,
    seed,
    bots: players,
    transport: peer === 'darkages-udp' ? 'udp' : 'ws',
    'ramp-up': (players * RAMP_UP_MS_EACH) / 1000,
    duration: BOTS_SECONDS_MAX,
    light: 100,
  };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

async function waitForPlayers(url: string, players: number): Promise<void> {
  const deadline = performance.now() + players * RAMP_UP_MS_EACH + JOIN_MS_MAX;
  while (sum((await readMetrics(url)).values, 'darkages_connections') < players) {
    if (performance.now() > deadline) throw new Error(`not all of ${players} bots are in the zone`);
    await sleep(250);
  }
}

function readOutcome(run: Run, before: Metrics, after: Metrics, report: Report, waitedMs: number): Outcome {
  const { peer, variant, players, seed } = run;
  const grown = (name: string): number =>
    sum(after.values, `darkages_${name}`) - sum(before.values, `darkages_${name}`);
  const seconds = (after.atMs - before.atMs) / 1000;
  const quantileMs = (name: string, share: number): number =>
    bucketQuantile(before.values, after.values, `darkages_${name}`, share) * 1000;
  return {
    peer,
    variant,
    players,
    seed,
    seconds,
    cpuMicrosPerPlayer: (grown('process_cpu_seconds_total') * 1e6) / players / seconds,
    ticksPerSecond: grown('ticks_total') / seconds,
    tickMsP50: quantileMs('tick_duration_seconds', 0.5),
    tickMsP99: quantileMs('tick_duration_seconds', 0.99),
    tickCpuMsP99: quantileMs('tick_cpu_seconds', 0.99),
    snapshotsPerSecondMin: report.snapshotsPerSecond.min ?? 0,
    entitiesPerSnapshot: grown('snapshot_changes_total') / grown('snapshots_total'),
    inputsPerSecond: grown('inputs_total') / players / seconds,
    bytesDownPerPlayer: report.bytesDownPerSecond.mean ?? Number.NaN,
    bytesUpPerPlayer: report.bytesUpPerSecond.mean ?? Number.NaN,
    scheduleErrorMsP99: report.scheduleErrorMs.p99 ?? Number.NaN,
    waitedMsPerSecond: waitedMs / seconds,
  };
}

/** Over all labels. */
function sum(values: ReadonlyMap<string, number>, name: string): number {
  let total = 0;
  for (const [key, value] of values) if (key === name || key.startsWith(`${name}{`)) total += value;
  return total;
}
