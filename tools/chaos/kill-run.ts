// One run of `npm run chaos:kill`: a server under its launcher, players that trade, and a SIGKILL at a moment nobody chose,
// again and again; then what the players were told is compared with what the ledger has, and the ledger with itself. Chaos
// process. It ends only processes that it started.

import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '../../src/base/random.ts';
import { PLAYING } from '../../src/client/state.ts';
import { systemClock } from '../../src/io/system.ts';
import { parseMetrics } from '../../src/observe/metrics-text.ts';
import { auditLedger } from '../../src/store/audit.ts';
import { describeAudit } from '../audit/report.ts';
import { findFreePorts } from '../services/free-ports.ts';
import { quantileOf } from '../swarm/statistics.ts';
import { type Books, type Crowd, compareBooks, createCrowd } from './crowd.ts';
import { type KillReport, readRecoveries } from './kill-report.ts';
import { type KillStore, type StoreKind, startKillStore } from './kill-stores.ts';
import { killServers, type LaunchedServer, launch, until, untilUp } from './launched-server.ts';
import { type Sighting, startWitness, type Witness } from './witness.ts';

export interface KillOptions {
  readonly store: StoreKind;
  readonly times: number;
  readonly players: number;
  readonly seed: number;
  readonly transport: 'ws' | 'udp';
  /** The server has one, and is killed once it does. */
  readonly spare: boolean;
  /** Says how it goes. */
  readonly say: (line: string) => void;
}

/** Players have machines of their own; here they share the server's cores, and give way to it. */
const PLAYERS_NICE = 5;
const BACK_MS_MAX = 20_000;
const SETTLE_MS_MAX = 30_000;
const SPARE_MS_MAX = 60_000;
/** Of a kill with all around it, much more than it takes; and of beginning and end. */
const KILL_MINUTES_MAX = 0.5;
const RUN_MINUTES_MAX = 10;
/**
 * Between the moment in which all play again and the next kill: now before, now after a keyframe. Not sooner than the
 * launcher takes for a server that was up: else its pauses are measured.
 */
const QUIET_MS_MIN = 1_100;
const QUIET_MS_SPAN = 2_500;

export async function runKills(options: KillOptions): Promise<KillReport> {
  const folder = await mkdtemp(join(tmpdir(), 'darkages-chaos-'));
  try {
    const minutesMax = Math.ceil(RUN_MINUTES_MAX + options.times * KILL_MINUTES_MAX);
    const store = await startKillStore(options.store, folder, minutesMax);
    try {
      return await runOn(store, folder, options);
    } finally {
      await store.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runOn(store: KillStore, folder: string, options: KillOptions): Promise<KillReport> {
  const server = await launchBank(store, folder, options);
  try {
    await untilUp(server, 1);
    const { players, seed, transport } = options;
    const { pauseMsMax } = store;
    const crowd = await createCrowd({ url: server.url(), players, seed, transport, pauseMsMax });
    const witness = await startWitness({ url: server.url(), seed: seed + 1, transport });
    setPriority(PLAYERS_NICE);
    const times = await killAgain(server, crowd, witness, options);
    await witness.stop();
    await crowd.settle();
    await untilApplied(server);
    server.launcher.kill('SIGTERM');
    const exitCode = await server.ended;
    if (exitCode !== 0) throw new Error(`the server did not stop in order: exit code ${exitCode}`);
    return {
      store: options.store,
      kills: options.times,
      players,
      seed,
      ...countCommands(crowd),
      ...(await readBooks(store, crowd, options)),
      contradictions: await audit(store, options),
      ...readRecoveries(server.output(), options.times),
      recoveryMsP50: Math.round(quantileOf(times.first, 0.5)),
      recoveryMsP99: Math.round(quantileOf(times.first, 0.99)),
      recoveryAllMsP99: Math.round(quantileOf(times.all, 0.99)),
    };
  } catch (error) {
    options.say(server.output());
    throw error;
  } finally {
    await killServers();
  }
}

/** At ports that stay the same: clients come back to where it was. */
async function launchBank({ flags }: KillStore, folder: string, { spare }: KillOptions): Promise<LaunchedServer> {
  const port = await findFreePorts(2);
  return launch([
    ...['--game', join(import.meta.dirname, 'bank.ts'), '--data', folder],
    ...['--port', String(port), '--http-port', String(port + 1)],
    ...['--players-per-address', '0', '--sessions-per-minute', '60000'],
    ...(spare ? ['--spare'] : []),
    ...flags,
  ]);
}

interface Times {
  readonly first: number[];
  readonly all: number[];
}

async function killAgain(server: LaunchedServer, crowd: Crowd, witness: Witness, options: KillOptions): Promise<Times> {
  const random = createRandom(options.seed);
  const times: Times = { first: [], all: [] };
  const { players } = crowd;
  const hasSpare = (kill: number) => server.errors().split('a spare waits').length > kill;
  for (let kill = 1; kill <= options.times; kill++) {
    if (options.spare) await crowd.until('a spare', SPARE_MS_MAX, () => hasSpare(kill));
    const quietMs = QUIET_MS_MIN + random.below(QUIET_MS_SPAN);
    const untilMs = performance.now() + quietMs;
    await crowd.until('a moment', quietMs + SETTLE_MS_MAX, () => performance.now() >= untilMs);
    const killedMs = systemClock.now();
    const killed = players[0]!.boot;
    process.kill(server.nodePid(), 'SIGKILL');
    // Of what the dead one has sent much is read after it is gone, when they are many: that is no return.
    const isBack = ({ boot, backMs }: Sighting) => boot !== killed && backMs > killedMs;
    const returned = () => [...players, witness.seen()].filter(isBack).map(({ backMs }) => backMs);
    await crowd.until('somebody plays again', BACK_MS_MAX, () => returned().length > 0);
    times.first.push(Math.min(...returned()) - killedMs);
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

/** A server that stops has some seconds for what the ledger has yet to take: a slow one gets more. */
async function untilApplied(server: LaunchedServer): Promise<void> {
  await until('the ledger has all that was promised', async () => {
    const text = await (await fetch(`${server.url()}/metrics`)).text();
    return parseMetrics(text).get('darkages_ledger_waiting') === 0;
  });
}

async function readBooks({ openStore }: KillStore, { players }: Crowd, { say }: KillOptions): Promise<Books> {
  const store = await openStore();
  try {
    return await compareBooks(store, players, say);
  } finally {
    await store.close();
  }
}

async function audit({ openAudit }: KillStore, { say }: KillOptions): Promise<number> {
  const source = await openAudit();
  try {
    const found = await auditLedger(source);
    // A journal that waits for nobody, and a server that was alone: nothing is ahead of the ledger or refused by it.
    const count = found.contradictionCount + found.ahead + found.fenced;
    if (count > 0) say(describeAudit(found));
    return count;
  } finally {
    await source.close();
  }
}

function countCommands({ players }: Crowd): Pick<KillReport, 'acknowledged' | 'done' | 'exchanges'> {
  const sum = (of: 'answered' | 'done' | 'exchanges') => players.reduce((total, player) => total + player[of], 0);
  return { acknowledged: sum('answered'), done: sum('done'), exchanges: sum('exchanges') };
}
