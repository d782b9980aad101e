// One run of `npm run chaos:kill`: a server under its launcher, players that trade, and a SIGKILL at a moment nobody chose,
// again and again; then what the players were told is compared with what the ledger has. Chaos process. It ends only
// processes that it started.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../../src/base/random.ts';
import { PLAYING } from '../../src/client/state.ts';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import { systemClock } from '../../src/io/system.ts';
import { findFreePorts } from '../services/free-ports.ts';
import { type Crowd, compareBooks, createCrowd } from './crowd.ts';
import type { Player } from './players.ts';

export interface KillOptions {
  readonly times: number;
  readonly players: number;
  readonly seed: number;
  readonly transport: 'ws' | 'udp';
  /** Says how it goes. */
  readonly say: (line: string) => void;
}

export interface KillReport {
  readonly kills: number;
  readonly players: number;
  readonly seed: number;
  /** Commands that were answered; of them done. */
  readonly acknowledged: number;
  readonly done: number;
  /** Players whose account lacks something they were told of, or has more than that; by how many transfers. */
  readonly lost: number;
  readonly doubled: number;
  /** Times a zone did not come to the state that its journal says. */
  readonly hashMismatches: number;
  /** From the kill to the first snapshot of anybody, and of everybody. */
  readonly recoveryMsP50: number;
  readonly recoveryMsP99: number;
  readonly recoveryAllMsP99: number;
}

const UP_MS_MAX = 30_000;
const BACK_MS_MAX = 20_000;
const SETTLE_MS_MAX = 30_000;
/**
 * Between the moment in which all play again and the next kill: now before, now after a keyframe. Not sooner than the
 * launcher takes for a server that was up: else its pauses are measured.
 */
const QUIET_MS_MIN = 1_100;
const QUIET_MS_SPAN = 2_500;

interface Server {
  readonly launcher: ChildProcess;
  readonly url: string;
  output(): string;
}

export async function runKills(options: KillOptions): Promise<KillReport> {
  const folder = await mkdtemp(join(tmpdir(), 'darkages-chaos-'));
  const server = await startServer(folder);
  try {
    const { players, seed, transport } = options;
    const crowd = await createCrowd({ url: server.url, players, seed, transport, pauseMsMax: 0 });
    const times = await killAgain(server, crowd, options);
    await crowd.settle();
    await stop(server);
    return await compare(folder, server, crowd.players, times, options);
  } catch (error) {
    options.say(server.output());
    throw error;
  } finally {
    server.launcher.kill('SIGTERM');
    await untilEnded(server.launcher);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startServer(folder: string): Promise<Server> {
  const port = await findFreePorts(2);
  const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const flags = [
    '--data',
    folder,
    '--port',
    String(port),
    '--http-port',
    String(port + 1),
    '--players-per-address',
    '0',
  ];
  const limits = ['--sessions-per-minute', '60000'];
  const launcher = spawn(
    process.execPath,
    [file('workers/launch.js'), '--game', file('tools/chaos/bank.ts'), ...flags, ...limits],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [launcher.stdout, launcher.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const server: Server = { launcher, url: `http://127.0.0.1:${port + 1}`, output: () => output };
  const deadlineMs = performance.now() + UP_MS_MAX;
  while (!output.includes('metrics')) {
    if (launcher.exitCode !== null || performance.now() > deadlineMs)
      throw new Error(`The server did not start:\n${output}`);
    await sleep(20);
  }
  return server;
}

interface Times {
  readonly first: number[];
  readonly all: number[];
}

async function killAgain(server: Server, crowd: Crowd, options: KillOptions): Promise<Times> {
  const random = createRandom(options.seed);
  const times: Times = { first: [], all: [] };
  const { players } = crowd;
  for (let kill = 1; kill <= options.times; kill++) {
    const quietMs = QUIET_MS_MIN + random.below(QUIET_MS_SPAN);
    const untilMs = performance.now() + quietMs;
    await crowd.until('a moment', quietMs + SETTLE_MS_MAX, () => performance.now() >= untilMs);
    const killedMs = systemClock.now();
    const killed = players[0]!.boot;
    process.kill(nodePid(server), 'SIGKILL');
    // Of what the dead one has sent much is read after it is gone, when they are many: that is no return.
    const isBack = ({ boot, backMs }: Player) => boot !== killed && backMs > killedMs;
    await crowd.until('somebody plays again', BACK_MS_MAX, () => players.some(isBack));
    times.first.push(Math.min(...players.filter(isBack).map(({ backMs }) => backMs)) - killedMs);
    await crowd.until('all play again', BACK_MS_MAX, () =>
      players.every((player) => isBack(player) && player.client.state === PLAYING),
    );
    times.all.push(systemClock.now() - killedMs);
    options.say(
      `kill ${kill}: back after ${times.first.at(-1)!.toFixed(0)} ms, all after ${times.all.at(-1)!.toFixed(0)} ms`,
    );
  }
  return times;
}

/** The launcher's only child. */
function nodePid({ launcher }: Server): number {
  const path = `/proc/${launcher.pid}/task/${launcher.pid}/children`;
  const [pid] = existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number) : [];
  if (pid === undefined) throw new Error('the launcher has no node running');
  return pid;
}

async function stop({ launcher }: Server): Promise<void> {
  launcher.kill('SIGTERM');
  await untilEnded(launcher);
}

async function untilEnded(launcher: ChildProcess): Promise<void> {
  if (launcher.exitCode !== null || launcher.signalCode !== null) return;
  await new Promise((resolve) => launcher.once('close', resolve));
}

async function compare(
  folder: string,
  server: Server,
  players: readonly Player[],
  times: Times,
  options: KillOptions,
): Promise<KillReport> {
  const store = openEmbeddedStore(folder);
  const { lost, doubled } = await compareBooks(store, players, options.say);
  await store.close();
  const replays = server.output().match(/"msg":"the zone goes on where it was"/g)?.length ?? 0;
  return {
    kills: options.times,
    players: players.length,
    seed: options.seed,
    acknowledged: players.reduce((sum, { answered }) => sum + answered, 0),
    done: players.reduce((sum, { done }) => sum + done, 0),
    lost,
    doubled,
    hashMismatches: options.times - replays,
    recoveryMsP50: quantile(times.first, 0.5),
    recoveryMsP99: quantile(times.first, 0.99),
    recoveryAllMsP99: quantile(times.all, 0.99),
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}
